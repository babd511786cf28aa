//! `kill -9` in the middle of a stream of writes loses no acknowledged case.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use polaris::case::{Fact, Outcome};
use polaris::store::{Journaled, Store};
use polaris::words::Digit;

use crate::failures::{lock, unlock};
use crate::leaks::leaking;
use crate::log;
use crate::place::{Place, christmas, within};

const CHILD: &str = "POLARIS_TEST_STORE_DIR";
const ROUNDS: usize = 24;

/// The process that gets killed. It opens cases until then, and prints each one that
/// was acknowledged.
async fn write_until_killed(dir: &Path) {
    log::show();
    let url = format!("sqlite:{}", dir.join("polaris.db").display());
    let (store, _recovered) = Store::open_or_journal(&url, dir).await.unwrap();
    for _ in 0..100_000 {
        let opening = christmas();
        let answer = store.opening(opening.clone());
        store.note(opening.call, 1, opening.arrived, Fact::KeyPressed { digit: Digit::TWO });
        let acknowledged = match within(answer).await.unwrap() {
            Ok(_) | Err(Journaled::OnDisk) => "acknowledged",
            Err(_) => "not",
        };
        let mut out = std::io::stdout().lock();
        writeln!(out, "\n{acknowledged} {}", opening.call).unwrap();
        out.flush().unwrap();
    }
}

/// Starts the child, kills it after it has acknowledged some, and says which.
fn acknowledged_before_the_kill(dir: &Path, enough: usize) -> Vec<String> {
    let log = dir.with_extension("log");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["crash::acknowledged_cases_outlive_kill_9", "--exact", "--nocapture"])
        .env(CHILD, dir)
        .stdout(Stdio::piped())
        .stderr(File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut calls = Vec::new();
    for line in lines {
        // The pipe outlives the child: what it acknowledged is read to the end.
        if let Some(call) = line.unwrap().strip_prefix("acknowledged ") {
            calls.push(call.to_owned());
        }
        if calls.len() == enough {
            child.kill().unwrap(); // SIGKILL
        }
    }
    child.wait().unwrap();
    assert!(calls.len() >= enough, "the child stopped by itself");
    let log = std::fs::read_to_string(log).unwrap();
    let logs = [" INFO ", " ERROR "].iter().any(|level| log.contains(level));
    assert!(logs, "the child logs: {log}");
    assert_eq!(leaking(&log), Vec::<String>::new());
    calls
}

#[tokio::test]
async fn acknowledged_cases_outlive_kill_9() {
    // This test is both processes: its child runs it with the folder named.
    if let Ok(dir) = std::env::var(CHILD) {
        return write_until_killed(Path::new(&dir)).await;
    }
    let place = Place::new();
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        // Every sixth time another program holds the database: the journal takes them.
        let locked = if round % 6 == 5 { Some(lock(&place.file()).await) } else { None };
        let dir = place.data_dir.clone();
        let calls = tokio::task::spawn_blocking(move || {
            acknowledged_before_the_kill(&dir, 1 + round * 7 % 23)
        });
        acknowledged.extend(within(calls).await.unwrap());
        if let Some(locked) = locked {
            unlock(locked).await;
        }
    }
    let store = place.open().await;
    let calls = store.reader().calls().await.unwrap();
    let kept: BTreeSet<String> = calls.iter().map(|call| call.call.to_string()).collect();
    let lost: Vec<_> = acknowledged.difference(&kept).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    assert!(calls.iter().all(|call| call.outcome == Outcome::Interrupted));
    let numbers: BTreeSet<u32> = calls.iter().map(|call| call.case.unwrap().sequence).collect();
    assert_eq!(numbers, (1..=u32::try_from(calls.len()).unwrap()).collect());
    let cases = store.reader().cases().await.unwrap();
    assert_eq!(cases.len(), calls.len());
    assert!(cases.iter().all(|case| case.callback_owed && case.entries.len() >= 2));
}
