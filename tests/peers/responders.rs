//! sipp is rung.

use chrono::{DateTime, TimeDelta};
use serde_json::Value;

use crate::sipp::{Sipp, Way};
use crate::support::files::OnDuty;
use crate::support::interop::{Peer, saw};
use crate::support::record::Record;
use crate::support::service::{CALLER, DIRECT, NUMBER, Service};

/// What each phone does stands in its number: see `scenarios/responders.xml`.
const ON_DUTY: &[OnDuty] = &[
    (1, "Ada Greco", "+393330004860"),
    (2, "Bruno Leo", "+393330006030"),
    (3, "Carla Neri", "+393330004040"),
    (4, "Dario Rizzo", "+393330005030"),
    (5, "Elena Serra", "+393330001800"),
    (6, "Fabio Tondo", "+393330002000"),
];

/// 10 seconds.
pub fn whoever_cannot_take_the_call_is_passed_over_until_somebody_presses_1() {
    passed_over("udp");
}

/// 10 seconds.
pub fn over_tcp_too_whoever_cannot_take_the_call_is_passed_over() {
    passed_over("tcp");
}

fn passed_over(transport: &str) {
    let service = Service::start_with_proxy_over(transport, ON_DUTY);
    let phones = Sipp::phones(&service, transport, 6);
    let way = Way { number: DIRECT, ..Way::udp(&service) };
    let caller = Sipp::call(&service, way, "waits-for-bye", &[]);
    let rung = phones.finish();
    caller.finish();

    let record = service.the_one_call();
    assert_eq!(record.outcome(), "accepted");
    assert_eq!(record.call["accepted_by"], "Fabio Tondo");
    let expected = ["busy", "declined", "unreachable", "unreachable", "no_answer", "accepted"];
    assert_eq!(record.attempts(), expected);
    assert!(record.kinds().contains(&"bridged".to_owned()), "{:?}", record.kinds());
    each_is_skipped_in_under_a_second(&record);

    let invites: Vec<&str> = rung.received().filter(|m| m.starts_with("INVITE")).collect();
    assert_eq!(invites.len(), 6, "each was rung once");
    for invite in invites {
        for header in ["From:", "P-Asserted-Identity:"] {
            let line = invite.lines().find(|line| line.starts_with(header)).unwrap();
            assert!(line.contains(NUMBER), "our own number: {line}");
        }
    }
    let subscriber = CALLER.trim_start_matches("+39");
    assert!(rung.received().all(|message| !message.contains(subscriber)), "the caller's number");
    let scenario = "phones: 486, 603, 404, 503, silence, then 1 by INFO";
    saw(Peer::Sipp, &transport.to_uppercase(), scenario, &record.attempts().join(", "));
    service.stop();
}

/// Between the end of one ring and the beginning of the next.
pub fn each_is_skipped_in_under_a_second(record: &Record) {
    let attempts = record.case["attempts"].as_array().unwrap();
    for (before, after) in attempts.iter().zip(attempts.iter().skip(1)) {
        let gap = instant(&after["rang"]) - instant(&before["ended"]);
        assert!(gap < TimeDelta::seconds(1), "{gap} after {before}");
        let refused =
            matches!(before["outcome"].as_str(), Some("busy" | "declined" | "unreachable"));
        let rang = instant(&before["ended"]) - instant(&before["rang"]);
        assert!(!refused || rang < TimeDelta::seconds(1), "{rang} until {before} was given up");
    }
}

fn instant(value: &Value) -> DateTime<chrono::FixedOffset> {
    DateTime::parse_from_rfc3339(value.as_str().unwrap()).unwrap()
}
