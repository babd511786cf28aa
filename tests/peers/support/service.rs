//! `polaris serve` in a folder of its own, and what its record says.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::files::{OnDuty, configuration, plan, roster};
use super::ground::Ground;
use super::log::indiscretions;
use super::record::Record;
use super::wait::{wait_for, wait_for_end};

/// The program.
const POLARIS: &str = env!("CARGO_BIN_EXE_polaris");
/// The citizens' number of the service.
pub const NUMBER: &str = "+390831777000";
/// Its number for police and operators.
pub const DIRECT: &str = "+390831777009";
/// Who calls, as the network tells it.
pub const CALLER: &str = "+390831555555";
/// The machine is slow when every scenario starts at once.
const START: Duration = Duration::from_secs(120);
/// From the last BYE to the last row.
const RECORDED: Duration = Duration::from_secs(10);
/// Dialogs may wait 32 s for an ACK.
const DRAIN: Duration = Duration::from_secs(45);

/// A running service. Dropped, it is killed.
pub struct Service {
    /// Who has which address.
    pub ground: Ground,
    folder: TempDir,
    child: Child,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Service {
    /// Starts a service with these people on duty and waits until it answers OPTIONS.
    pub fn start(on_duty: &[OnDuty]) -> Self {
        Self::start_with_proxy_over("udp", on_duty)
    }

    /// The same, with calls to responders sent over `udp` or `tcp`.
    pub fn start_with_proxy_over(transport: &str, on_duty: &[OnDuty]) -> Self {
        Self::start_configured(|ground| configuration(ground, transport), on_duty)
    }

    /// The same, with a configuration of its own.
    pub fn start_configured(configuration: impl Fn(&Ground) -> String, on_duty: &[OnDuty]) -> Self {
        Self::start_at(Ground::fresh(), configuration, on_duty)
    }

    /// The same on this ground.
    pub fn start_at(
        ground: Ground,
        configuration: impl Fn(&Ground) -> String,
        on_duty: &[OnDuty],
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("polaris.toml"), configuration(&ground)).unwrap();
        fs::write(folder.path().join("plan.kdl"), plan()).unwrap();
        fs::write(folder.path().join("roster.csv"), roster(on_duty)).unwrap();
        if !on_duty.is_empty() {
            let imported = polaris(folder.path(), &["roster", "import", "roster.csv"]);
            assert!(imported.contains("importati"), "{imported}");
        }
        let mut child = command(folder.path(), &["serve"])
            .env("POLARIS_LOG", "trace")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let shared = log.clone();
        let reader = thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                *shared.lock().unwrap() += &(line + "\n");
            }
        });
        let mut service = Self { ground, folder, child, log, reader: Some(reader) };
        service.wait_until_it_answers();
        service
    }

    fn wait_until_it_answers(&mut self) {
        wait_for("the service answers OPTIONS", START, || {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the service ended with {status}:\n{}", self.log.lock().unwrap());
            }
            self.answers_options().then_some(())
        });
    }

    /// Whether an OPTIONS from the operator's network gets a 200 at once.
    pub fn answers_options(&self) -> bool {
        let socket = UdpSocket::bind((self.ground.caller, 0)).unwrap();
        self.answers_options_on(&socket)
    }

    /// The same from `socket`.
    pub fn answers_options_on(&self, socket: &UdpSocket) -> bool {
        self.answers_before_options(socket).is_some()
    }

    /// Sends OPTIONS from `socket`; every datagram that comes there before its 200, or
    /// `None` if that does not come. Datagrams of one address are taken in order: what was
    /// sent from there before has been looked at by then.
    pub fn answers_before_options(&self, socket: &UdpSocket) -> Option<Vec<String>> {
        let options = options(self.ground.server(), socket.local_addr().unwrap());
        socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        socket.send_to(options.as_bytes(), self.ground.server()).ok()?;
        let mut before = Vec::new();
        let mut buffer = [0; 65_535];
        while let Ok(length) = socket.recv(&mut buffer) {
            let reply = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if reply.contains("are-you-there") {
                return reply.starts_with("SIP/2.0 200").then_some(before);
            }
            before.push(reply);
        }
        None
    }

    /// The service's process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The database's file.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("data/polaris.db")
    }

    /// A folder beside the service's, for a peer's files.
    pub fn folder(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// `polaris trunks --json`; nothing while the service has written nothing.
    pub fn trunks(&self) -> Vec<Value> {
        let output = command(self.folder.path(), &["trunks", "--json"]).output().unwrap();
        rows(&String::from_utf8(output.stdout).unwrap())
    }

    /// Whether the log has this.
    pub fn logged(&self, words: &str) -> bool {
        self.log.lock().unwrap().contains(words)
    }

    /// `polaris calls --json`.
    pub fn calls(&self) -> Vec<Value> {
        rows(&polaris(self.folder.path(), &["calls", "--json"]))
    }

    /// `polaris cases --json`.
    pub fn cases(&self) -> Vec<Value> {
        rows(&polaris(self.folder.path(), &["cases", "--json"]))
    }

    /// `polaris case NUMBER --json`.
    pub fn case(&self, number: &str) -> Value {
        let mut found = rows(&polaris(self.folder.path(), &["case", number, "--json"]));
        assert_eq!(found.len(), 1, "one case {number}");
        found.remove(0)
    }

    /// The only call there was, once it has ended, and its only case.
    pub fn the_one_call(&self) -> Record {
        let call = wait_for("the call is on record as ended", RECORDED, || {
            self.calls().into_iter().find(|call| call["outcome"] != "in_progress")
        });
        self.record(call)
    }

    /// The call and its case, when the case has an entry of this kind.
    pub fn wait_for_entry(&self, kind: &str, bound: Duration) -> Record {
        wait_for(&format!("«{kind}» is on the timeline"), bound, || {
            let call = self.calls().into_iter().next()?;
            Some(self.record(call)).filter(|record| record.kinds().contains(&kind.to_owned()))
        })
    }

    fn record(&self, call: Value) -> Record {
        let calls = self.calls();
        assert_eq!(calls.len(), 1, "one call: {calls:#?}");
        assert_eq!(self.cases().len(), 1, "one case");
        let case = self.case(call["case"].as_str().unwrap());
        assert_eq!(case["call"], call["call"], "the case is the call's");
        Record { call, case }
    }

    /// SIGTERM: it ends by itself, with 0, and its log named nobody.
    pub fn stop(self) {
        self.stop_after(|_| {});
    }

    /// The same, with something to be seen after the SIGTERM.
    pub fn stop_after(mut self, see: impl Fn(&Self)) {
        let pid = self.pid().to_string();
        assert!(Command::new("kill").arg(&pid).status().unwrap().success());
        see(&self);
        let status = wait_for_end("the service ends", DRAIN, &mut self.child);
        self.reader.take().unwrap().join().unwrap();
        self.log_names_nobody();
        let log = self.log.lock().unwrap();
        assert!(status.success(), "the service ended with {status}:\n{log}");
        assert!(log.contains("every call has ended"), "the log is whole");
    }

    /// No number and no name is in what the service wrote, at its most talkative.
    pub fn log_names_nobody(&self) {
        let indiscreet = indiscretions(&self.log.lock().unwrap());
        assert!(indiscreet.is_empty(), "the log names somebody:\n{}", indiscreet.join("\n"));
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(POLARIS);
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command
}

fn polaris(folder: &Path, arguments: &[&str]) -> String {
    let output = command(folder, arguments).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

fn options(server: SocketAddr, local: SocketAddr) -> String {
    format!(
        "OPTIONS sip:{server} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK{};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:trunk@{local}>;tag=1\r\nTo: <sip:{server}>\r\n\
         Call-ID: are-you-there-{local}-{}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
        next(),
        next(),
    )
}

/// A number no request had before.
fn next() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}
