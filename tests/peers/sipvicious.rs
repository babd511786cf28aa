//! sipvicious: it looks for the service, asks for its numbers and guesses a password.
//!
//! Only svmap can be given a source; svwar and svcrack come from 127.0.0.1, which is
//! nobody's address here unless the scenario says so.

use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::kamailio::Kamailio;
use crate::sipp::{Sipp, Way};
use crate::support::files::configuration;
use crate::support::ground::{Ground, SIP};
use crate::support::interop::{Peer, saw, sipvicious};
use crate::support::service::{DIRECT, NUMBER, Service};
use crate::support::wait::{wait_for, wait_for_end_or_kill};

/// A scan that is refused ends within this; one that is never challenged does not end.
const LONGEST: Duration = Duration::from_secs(30);
/// As long as a guesser that is never challenged goes on: at most 20 requests a second.
const GUESSING: Duration = Duration::from_secs(8);
/// The ten numbers the service's two are among, those two first.
const TEN_NUMBERS: [&str; 4] = ["-e", "0,9,1-8", "-T", "+39083177700%d"];

/// What a scan found, and all it was answered.
struct Scan {
    found: Vec<String>,
    said: String,
}

impl Scan {
    /// Runs a tool of sipvicious to its end, or to the end of our patience.
    fn run(service: &Service, tool: &str, arguments: &[&str], patience: Duration) -> Self {
        let folder = service.folder("scans");
        let said = folder.join(tool);
        let out = File::create(&said).unwrap();
        let program = sipvicious(tool);
        let mut child = Command::new(&program)
            .args(arguments)
            .current_dir(&folder)
            .env("HOME", &folder)
            .env("PYTHONUNBUFFERED", "1")
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("no {} ({e}): run tests/setup", program.display()));
        wait_for_end_or_kill(patience, &mut child);
        let said = fs::read_to_string(said).unwrap();
        let rows = said.lines().filter(|line| line.starts_with('|')).skip(1);
        let found = rows.filter_map(|row| row.split('|').nth(1)).map(|cell| cell.trim().to_owned());
        Self { found: found.collect(), said }
    }

    /// Asks for the ten numbers with this method.
    fn for_numbers(service: &Service, method: &str) -> Self {
        let target = service.ground.service.to_string();
        let how = ["--force", "--debug", "-m", method, "-P", "15062", "--maximumtime", "5"];
        let arguments = [&how[..], &TEN_NUMBERS, &[&target]].concat();
        Self::run(service, "svwar", &arguments, LONGEST)
    }

    /// Guesses the password of the trunk's account; the right one is among the guesses.
    fn for_a_password(service: &Service, target: &str) -> Self {
        fs::write(service.folder("scans").join("words"), "polaris\n1234\nsegreto\n").unwrap();
        let arguments =
            ["-u", "polaris", "-d", "words", "-P", "15063", "-t", "0.05", "--maximumtime", "5"];
        Self::run(service, "svcrack", &[&arguments[..], &[target]].concat(), GUESSING)
    }

    /// The answers it got were 403 and nothing else.
    fn was_refused(&self) {
        let answers: Vec<&str> = self.said.split("SIP/2.0 ").skip(1).collect();
        let others: Vec<&&str> =
            answers.iter().filter(|a| !a.starts_with("403") && !is_a_via(a)).collect();
        assert!(others.is_empty(), "{others:?}");
        assert!(self.found.is_empty(), "{:?}", self.found);
    }
}

/// `SIP/2.0` is not only a status line's beginning.
fn is_a_via(after: &str) -> bool {
    !after.starts_with(|c: char| c.is_ascii_digit())
}

/// Nothing is a trunk's but the two addresses of the operator.
fn a_trunk_of_two_addresses(ground: &Ground) -> String {
    let trusting = configuration(ground, "udp");
    let strict = trusting.replace(", \"127.0.0.1\"]", "]");
    assert_ne!(strict, trusting);
    strict.replace(
        "probe = false\n",
        "register = true\nuser = \"polaris\"\npassword = \"segreto\"\ndomain = \"trunk.test\"\n",
    )
}

/// 15 seconds.
pub fn a_scanner_finds_no_number_and_registers_nothing() {
    let service = Service::start_configured(a_trunk_of_two_addresses, &[]);
    for method in ["INVITE", "REGISTER", "OPTIONS"] {
        Scan::for_numbers(&service, method).was_refused();
    }
    Scan::for_a_password(&service, &service.ground.service.to_string()).was_refused();
    let (from, target) = (service.ground.stranger.to_string(), service.ground.service.to_string());
    let map = Scan::run(&service, "svmap", &["-b", &from, "-x", &from, &target], LONGEST);
    assert!(!map.said.to_lowercase().contains("polaris"), "it names itself: {}", map.said);
    assert!(service.calls().is_empty() && service.cases().is_empty());

    Sipp::call(&service, Way::udp(&service), "calls", &[]).finish();
    assert_eq!(service.the_one_call().outcome(), "abandoned");
    let scenario = "a stranger maps, asks for numbers by three methods, guesses a password";
    let came = "403 or nothing; no number, no name, no challenge, no case; a call is answered";
    saw(Peer::Sipvicious, "UDP", scenario, came);
    service.stop();
}

/// What the scans above would find if they were answered: 10 seconds.
pub fn a_scanner_in_the_trunk_finds_what_a_telephone_finds() {
    let service = Service::start(&[]);
    let mut numbers = Scan::for_numbers(&service, "INVITE").found;
    numbers.sort();
    assert_eq!(numbers, [NUMBER, DIRECT], "a trunk's INVITE is a call");
    for method in ["REGISTER", "OPTIONS"] {
        let found = Scan::for_numbers(&service, method).found;
        assert!(found.is_empty(), "{method}: {found:?}");
    }
    let scenario = "the same scan from a trunk's address";
    let came = "the numbers anybody can call, by INVITE; nothing by REGISTER or OPTIONS";
    saw(Peer::Sipvicious, "UDP", scenario, came);

    // The guesser can guess: where it is challenged it finds the password.
    let kamailio = Kamailio::start(&service, "");
    let registrar = format!("udp://{}:{SIP}", service.ground.proxy);
    let guessed = wait_for("kamailio is guessed", LONGEST, || {
        let found = Scan::for_a_password(&service, &registrar).found;
        (!found.is_empty()).then_some(found)
    });
    assert_eq!(guessed, ["polaris"]);
    drop(kamailio);
    service.stop();
}
