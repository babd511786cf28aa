//! sipp calls.

use std::time::Duration;

use sqlx::{ConnectOptions, Connection};

use crate::sipp::{Sipp, Trace, Way};
use crate::support::files::OnDuty;
use crate::support::interop::{Peer, saw};
use crate::support::record::Record;
use crate::support::service::{DIRECT, Service};

/// Nobody on duty and nobody at the proxy: the call is about the caller alone.
const NOBODY: &[OnDuty] = &[];

/// One call and one case, which the record has made sure of, and how they ended.
fn came_of(record: &Record) -> String {
    format!("one call, one case, {}", record.outcome())
}

fn play(service: &Service, name: &str) -> Trace {
    Sipp::call(service, Way::udp(service), name, &[]).finish()
}

#[test]
fn a_caller_is_answered_over_udp() {
    let service = Service::start(NOBODY);
    let trace = play(&service, "calls");
    assert_eq!(trace.count("SIP/2.0 100"), 1);
    assert_eq!(trace.count("SIP/2.0 200"), 2, "the INVITE's and the BYE's");
    let record = service.the_one_call();
    assert_eq!((record.outcome(), record.keys()), ("abandoned", ""));
    assert_eq!(record.kinds(), ["arrived", "call_answered", "hung_up", "ended"]);
    saw(Peer::Sipp, "UDP", "INVITE, 100, 200, ACK, BYE", &came_of(&record));
    service.stop();
}

#[test]
fn a_caller_is_answered_over_tcp() {
    let service = Service::start(NOBODY);
    let way = Way { transport: "t1", ..Way::udp(&service) };
    let trace = Sipp::call(&service, way, "calls", &[]).finish();
    assert_eq!(trace.count("SIP/2.0 200"), 2);
    let record = service.the_one_call();
    assert_eq!(record.outcome(), "abandoned");
    saw(Peer::Sipp, "TCP", "INVITE, 100, 200, ACK, BYE", &came_of(&record));
    service.stop();
}

#[test]
fn a_caller_without_an_offer_gets_ours_and_is_heard() {
    let service = Service::start(NOBODY);
    play(&service, "offers-late");
    let record = service.the_one_call();
    assert_eq!((record.keys(), record.category()), ("1", "minors"));
    let came = format!("our offer in the 200; connected, key {} taken", record.keys());
    saw(Peer::Sipp, "UDP", "INVITE without SDP, the answer in the ACK", &came);
    service.stop();
}

#[test]
fn a_call_cancelled_before_the_answer_leaves_one_abandoned_case() {
    let service = Service::start(NOBODY);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // While somebody else writes, the case waits for the database and the answer for the case.
    let mut holder = runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(service.database());
        let mut connection = options.connect().await.unwrap();
        sqlx::query("begin immediate").execute(&mut connection).await.unwrap();
        connection
    });
    let trace = play(&service, "cancels");
    runtime.block_on(async {
        sqlx::query("rollback").execute(&mut holder).await.unwrap();
        holder.close().await.unwrap();
    });
    assert_eq!(trace.count("SIP/2.0 487"), 1);
    let record = service.the_one_call();
    assert_eq!(record.outcome(), "abandoned");
    assert!(record.call["answered"].is_null(), "it was never answered");
    let came = format!("487; {}, never answered", came_of(&record));
    saw(Peer::Sipp, "UDP", "CANCEL while the database is locked", &came);
    service.stop();
}

/// 35 seconds.
pub fn without_an_ack_the_200_is_repeated_and_the_case_stays() {
    let service = Service::start(NOBODY);
    let trace = play(&service, "loses-its-acks");
    let answers = trace.count("SIP/2.0 200");
    // RFC 3261 §13.3.1.4: after 0.5, 1.5, 3.5 s, then every 4 s, until 32 s.
    assert!((9..=12).contains(&answers), "{answers} times the 200");
    assert_eq!(trace.count("BYE"), 1);
    let record = service.the_one_call();
    assert_eq!(record.outcome(), "abandoned");
    assert!(record.kinds().contains(&"line_lost".to_owned()), "{:?}", record.kinds());
    let came = format!("200 repeated, BYE after 32 s; {}", came_of(&record));
    saw(Peer::Sipp, "UDP", "the ACK is never sent", &came);
    service.stop();
}

#[test]
fn a_repeated_invite_is_one_call_even_after_its_bye() {
    let service = Service::start(NOBODY);
    play(&service, "repeats-its-invite");
    let record = service.the_one_call();
    let arrivals = record.kinds().iter().filter(|kind| *kind == "arrived").count();
    assert_eq!((record.outcome(), arrivals), ("abandoned", 1));
    saw(Peer::Sipp, "UDP", "INVITE four times, the last after the BYE", &came_of(&record));
    service.stop();
}

#[test]
fn what_is_refused_opens_no_case() {
    let service = Service::start(NOBODY);
    let unknown = Way { number: "+390831888888", ..Way::udp(&service) };
    Sipp::call(&service, unknown, "is-refused", &[("status", "404")]).finish();
    play(&service, "offers-a-fax");
    let trace = play(&service, "asks-options");
    assert_eq!(trace.count("SIP/2.0 200"), 1);
    let stranger = Way { from: service.ground.stranger, ..Way::udp(&service) };
    let trace = Sipp::call(&service, stranger, "stranger", &[]).finish();
    assert_eq!(trace.received().count(), 1, "a stranger gets one 403 and no more");
    assert!(service.calls().is_empty() && service.cases().is_empty());
    saw(Peer::Sipp, "UDP", "a number nobody has; a fax instead of sound", "404; 488; no case");
    saw(Peer::Sipp, "UDP", "OPTIONS", "200 with Allow");
    saw(Peer::Sipp, "UDP", "INVITE from no trunk's address", "one 403, no case");
    service.stop();
}

#[test]
fn keys_come_by_info_in_both_fashions() {
    let service = Service::start(NOBODY);
    play(&service, "presses-by-info");
    let record = service.the_one_call();
    assert_eq!((record.keys(), record.category()), ("72", "violence"));
    let came = format!("keys {} taken, {}", record.keys(), record.category());
    saw(Peer::Sipp, "UDP", "INFO dtmf-relay and INFO dtmf", &came);
    service.stop();
}

#[test]
fn hold_fax_and_update_do_not_end_a_call() {
    let service = Service::start(NOBODY);
    let trace = play(&service, "changes-its-mind");
    assert_eq!(trace.count("SIP/2.0 488"), 1);
    let record = service.the_one_call();
    assert_eq!((record.keys(), record.category()), ("4", "elderly"));
    let scenario = "in the dialog: re-INVITE sendonly, T.38, sendrecv, UPDATE, OPTIONS";
    saw(Peer::Sipp, "UDP", scenario, "200, 488, 200, 200, 200; the call goes on");
    service.stop();
}

#[test]
fn with_nobody_at_the_proxy_each_phone_is_skipped_at_once() {
    ["udp", "tcp"].into_iter().for_each(each_phone_is_skipped_at_once);
}

fn each_phone_is_skipped_at_once(transport: &str) {
    let on_duty: &[OnDuty] =
        &[(1, "Ada Greco", "+393330000001"), (2, "Bruno Leo", "+393330000002")];
    let service = Service::start_with_proxy_over(transport, on_duty);
    let way = Way { number: DIRECT, ..Way::udp(&service) };
    let caller = Sipp::call(&service, way, "calls", &[]);
    let record = service.wait_for_entry("nobody_accepted", Duration::from_secs(10));
    caller.finish();
    assert!(record.attempts().iter().all(|outcome| outcome == "unreachable"));
    assert!(record.attempts().len() >= 4, "two rounds: {:?}", record.attempts());
    crate::responders::each_is_skipped_in_under_a_second(&record);
    let over = transport.to_uppercase();
    saw(Peer::Sipp, &over, "nobody listens at the proxy", "each phone unreachable in under 1 s");
    service.stop();
}
