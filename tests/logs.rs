//! No log line, at any level, names a caller or a responder.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

mod line_support;

use line_support::person::Person;
use line_support::service::Service;
use line_support::{ADA, CITIZENS, DIRECT, Place};
use polaris::app::phone::{Do, Told};

/// What may not be read in a log: why, for each finding.
fn leaks(line: &str, names: &[&str]) -> Vec<String> {
    let mut found: Vec<String> =
        names.iter().filter(|name| line.contains(**name)).map(|name| (*name).to_owned()).collect();
    let words = line.split(|c: char| !(c.is_ascii_alphanumeric() || "+-".contains(c)));
    for word in words.filter(|word| !is_identifier(word)) {
        for run in word.split(|c: char| !c.is_ascii_digit()) {
            let international = word.contains(&format!("+{run}")) && run.len() >= 6;
            if international || (9..=13).contains(&run.len()) {
                found.push(word.to_owned());
            }
        }
    }
    found
}

/// A UUID: 32 hexadecimal digits in five groups.
fn is_identifier(word: &str) -> bool {
    let groups: Vec<usize> = word.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12] && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

#[test]
fn the_scanner_finds_what_is_planted_and_only_that() {
    for planted in [
        "INFO a call came in caller=+390831777001",
        "DEBUG From: <sip:0831777001@127.0.0.1>",
        "TRACE bind 3331234567",
        "INFO accepted by Ada Greco",
        "x=sip:+39333123@host",
    ] {
        assert!(!leaks(planted, &["Ada Greco"]).is_empty(), "{planted}");
    }
    for harmless in [
        "2026-11-22T02:54:22.706218Z  INFO call call.id=01a2012a-6b44-75b8-8a41-224724458123",
        "caller=+39…06 case=2026-0417 sip.listen=127.0.0.1:5060",
    ] {
        assert_eq!(leaks(harmless, &["Ada Greco"]), Vec::<String>::new(), "{harmless}");
    }
}

/// A plan whose numbers are no examples: those are shown in a warning, being no one's.
fn real_numbers(place: &Place) {
    let plan = place.read("plan.kdl").replace("+390831000", "+390831777");
    place.write("plan.kdl", &plan);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whole_calls_leave_no_number_and_no_name_in_the_most_talkative_log() {
    let place = Place::new(1, &[("Ada Greco", ADA)]);
    real_numbers(&place);
    let service = Service::start_at(&place, "trace").await;
    let mut ada = Person::at("Ada", place.net.trunk()).await;
    let mut caller = Person::at("chi chiama", place.net.caller()).await;

    caller.calls(&CITIZENS.replace("000000", "777000"), place.net.service(), "+390831555123");
    caller.told(Told::Answered).await;
    caller.presses("2");
    ada.told(Told::Incoming).await;
    ada.does(Do::Answer);
    ada.hears("worker.offer").await;
    ada.presses("1");
    service.step("bridged").await;
    caller.does(Do::HangUp);
    ada.told(Told::HungUp).await;

    // A hidden caller types a number; nobody accepts.
    caller.told(Told::HungUp).await;
    caller.calls(&DIRECT.replace("000009", "777009"), place.net.service(), "anonymous");
    for _ in 0..2 {
        ada.told(Told::Incoming).await;
        ada.does(Do::Decline(486));
    }
    caller.hears("noanswer.hidden").await;
    caller.presses("3339876543#");
    caller.hears("callback.yes").await;
    caller.told(Told::HungUp).await;
    service.says(&["step=\"call_back_number\""]).await;
    service.signal("TERM");
    let mut service = service;
    assert_eq!(service.ended().await, Some(0));

    let log = service.log();
    assert!(log.contains(" TRACE ") || log.contains(" DEBUG "), "all levels were on: {log}");
    let names = ["Ada", "Greco", "390831555123", "831555123", "3339876543", "3330000001"];
    let leaking: Vec<_> =
        log.lines().filter(|line| !leaks(line, &names).is_empty()).take(20).collect();
    assert!(leaking.is_empty(), "{}", leaking.join("\n"));
    assert_eq!(place.cases().iter().filter(|c| c["callback_number"].is_string()).count(), 1);
}
