//! The program under test: started, listened to, told to stop, killed.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use tokio::sync::watch;

use super::leaks::leaking;
use super::{Place, soon};

/// A `polaris serve` that runs. However it ends, its whole log must have named nobody.
pub struct Service {
    child: Child,
    reader: Option<JoinHandle<()>>,
    lines: watch::Receiver<Vec<String>>,
}

impl Service {
    /// Starts it and waits until it answers.
    pub async fn start(place: &Place) -> Self {
        Self::start_at(place, "info").await
    }

    /// The same, with the level of the log.
    pub async fn start_at(place: &Place, level: &str) -> Self {
        let service = Self::launch(place, level);
        service.says(&["the service answers"]).await;
        service
    }

    /// Starts it and does not wait; what it prints is in `stdout.txt`.
    pub fn launch(place: &Place, level: &str) -> Self {
        let stdout = std::fs::File::create(place.path("stdout.txt")).unwrap();
        Self::launch_into(place, level, stdout)
    }

    /// The same, printing elsewhere.
    pub fn launch_into(place: &Place, level: &str, stdout: impl Into<Stdio>) -> Self {
        let mut child = place
            .command(&["serve"])
            .env("POLARIS_LOG", level)
            .stderr(Stdio::piped())
            .stdout(stdout)
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (tell, lines) = watch::channel(Vec::new());
        let reader = std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                tell.send_modify(|lines: &mut Vec<String>| lines.push(line));
            }
        });
        Self { child, reader: Some(reader), lines }
    }

    /// Waits until it has logged a line with all these words; returns that line.
    pub async fn says(&self, words: &[&str]) -> String {
        let mut lines = self.lines.clone();
        let said = async { lines.wait_for(|lines| find(lines, words).is_some()).await.is_ok() };
        let said = soon(&format!("the log says {words:?}\n{}", self.log()), said).await;
        assert!(said, "it ended without saying {words:?}:\n{}", self.log());
        find(&self.lines.borrow(), words).unwrap().clone()
    }

    /// Waits until it has logged so many lines with all these words.
    pub async fn says_times(&self, times: usize, words: &[&str]) {
        let mut lines = self.lines.clone();
        let count = |lines: &Vec<String>| lines.iter().filter(|line| has(line, words)).count();
        let said = async { lines.wait_for(|lines| count(lines) >= times).await.is_ok() };
        assert!(soon(&format!("{times} times {words:?}"), said).await, "{}", self.log());
    }

    /// Whether it has logged a line with all these words.
    pub fn said(&self, words: &[&str]) -> bool {
        find(&self.lines.borrow(), words).is_some()
    }

    /// Waits for a step of a call.
    pub async fn step(&self, kind: &str) {
        self.says(&[&format!("step=\"{kind}\"")]).await;
    }

    pub fn log(&self) -> String {
        self.lines.borrow().join("\n")
    }

    /// `kill -9`; returns once it is dead and all it said was read.
    pub async fn kill(&mut self) {
        self.child.kill().unwrap();
        tokio::task::block_in_place(|| self.child.wait().unwrap());
        self.drained().await;
    }

    async fn drained(&self) {
        let mut lines = self.lines.clone();
        let closed = async { while lines.changed().await.is_ok() {} };
        soon("the log ends", closed).await;
    }

    /// Sends a signal: `TERM`, `HUP`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([format!("-{name}"), self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for its end; the exit status.
    pub async fn ended(&mut self) -> Option<i32> {
        self.drained().await;
        tokio::task::block_in_place(|| self.child.wait().unwrap().code())
    }

    /// Tells it to stop once its calls are over, and sees that it does.
    pub async fn stop(mut self) {
        self.signal("TERM");
        assert_eq!(self.ended().await, Some(0), "{}", self.log());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // The log ends with the process.
        let read = self.reader.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            assert!(matches!(read, Some(Ok(()))), "the log was not read to its end");
            let leaking = leaking(&self.log());
            assert!(leaking.is_empty(), "the log names somebody:\n{}", leaking.join("\n"));
        }
    }
}

fn find<'a>(lines: &'a [String], words: &[&str]) -> Option<&'a String> {
    lines.iter().find(|line| has(line, words))
}

fn has(line: &str, words: &[&str]) -> bool {
    words.iter().all(|word| line.contains(word))
}
