//! The table of docs/INTEROP.md: each scenario holds what it saw against its own row.
//!
//! It plays nothing. With `UPDATE=1` a row that is missing or differs is written instead.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// A program nobody here wrote.
#[derive(Debug, Clone, Copy)]
pub enum Peer {
    /// A telephone.
    Baresip,
    /// A registrar and proxy.
    Kamailio,
    /// A telephone.
    Linphone,
    /// A relay of sound; Kamailio commands it.
    Rtpengine,
    /// A player of messages.
    Sipp,
    /// A scanner.
    Sipvicious,
}

impl Peer {
    /// Its name and the version it says it has.
    fn named(self) -> String {
        let (name, program, argument) = match self {
            Self::Baresip => ("baresip", "baresip".into(), "-h"),
            Self::Kamailio => ("Kamailio", "kamailio".into(), "-v"),
            Self::Linphone => ("linphone", "linphonec".into(), "--version"),
            Self::Rtpengine => ("Kamailio and rtpengine", "rtpengine".into(), "--version"),
            Self::Sipp => ("sipp", "sipp".into(), "-v"),
            Self::Sipvicious => ("sipvicious", sipvicious("svmap"), "--version"),
        };
        let output = Command::new(&program).arg(argument).output();
        let output = output.unwrap_or_else(|e| panic!("no {name} ({e}): run tests/setup"));
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        let version = version(&said).unwrap_or_else(|| panic!("{name} names no version: {said}"));
        format!("{name} {version}")
    }
}

/// Where `tests/setup` puts sipvicious.
pub fn sipvicious(tool: &str) -> PathBuf {
    let bin = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/sipvicious/bin");
    bin.join(format!("sipvicious_{tool}"))
}

/// Holds what came of a scenario against the committed row.
///
/// # Panics
/// When the row is missing or another one, and `UPDATE` is not set.
pub fn saw(peer: Peer, over: &str, scenario: &str, outcome: &str) {
    saw_among(&peer.named(), over, scenario, outcome);
}

/// The same for messages that no program sends.
pub fn saw_among(sender: &str, over: &str, scenario: &str, outcome: &str) {
    let row = format!("| {sender} | {over} | {scenario} | {outcome} |");
    let _one_at_a_time = WRITING.lock().unwrap_or_else(|broken| broken.into_inner());
    let page = fs::read_to_string(page()).unwrap();
    let (before, table, after) = parts(&page);
    if table.contains(&row.as_str()) {
        return;
    }
    let update = std::env::var_os("UPDATE").is_some();
    assert!(update, "docs/INTEROP.md has not this row (UPDATE=1 writes it):\n{row}");
    let mut rows: Vec<&str> = table.into_iter().filter(|old| key(old) != key(&row)).collect();
    rows.push(&row);
    rows.sort_by_key(|row| key(row));
    fs::write(self::page(), format!("{before}{HEAD}{}\n{after}", rows.join("\n"))).unwrap();
}

/// Who, over what, which scenario: the version is what may change.
fn key(row: &str) -> (String, String, String) {
    let mut cells = row.trim_matches('|').split('|').map(str::trim);
    let mut cell = || cells.next().unwrap_or_default();
    let (sender, over, scenario) = (cell(), cell(), cell());
    let name = sender.split(' ').next().unwrap_or_default();
    (name.to_lowercase(), scenario.to_owned(), over.to_owned())
}

/// What stands before the rows, the rows, what stands after them.
fn parts(page: &str) -> (&str, Vec<&str>, &str) {
    let (before, rest) = page.split_once(HEAD).expect("the table's head");
    let end = rest.find("\n\n").map_or(rest.len(), |end| end + 1);
    let (rows, after) = rest.split_at(end);
    (before, rows.lines().collect(), after)
}

/// The first number with a dot in it.
fn version(said: &str) -> Option<&str> {
    said.split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .map(|token| token.trim_matches('.'))
        .find(|token| token.contains('.'))
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/INTEROP.md")
}

/// The head of the table.
const HEAD: &str = "| peer | over | scenario | what came of it |\n|---|---|---|---|\n";
static WRITING: Mutex<()> = Mutex::new(());

#[test]
fn every_row_is_of_a_scenario_that_is_still_played() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let sources: String = ["peers", "torture"]
        .iter()
        .flat_map(|folder| fs::read_dir(tests.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    let _nobody_writes = WRITING.lock().unwrap_or_else(|broken| broken.into_inner());
    let page = fs::read_to_string(page()).unwrap();
    let (_, rows, _) = parts(&page);
    assert!(rows.len() > 20, "{} rows", rows.len());
    for row in rows {
        let (_, scenario, _) = key(row);
        assert!(sources.contains(&format!("\"{scenario}\"")), "nobody plays: {row}");
    }
}

#[test]
fn a_version_is_what_the_program_says() {
    let said = [
        (" SIPp v3.6.1-SCTP-PCAP-RTPSTREAM.", "3.6.1"),
        ("version: kamailio 5.6.3 (x86_64/linux)", "5.6.3"),
        ("Version: 10.5.3.5-1+deb12u1", "10.5.3.5"),
    ];
    for (said, expected) in said {
        assert_eq!(version(said), Some(expected));
    }
    assert_eq!(version("no such program."), None);
}
