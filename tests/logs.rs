//! No log line, at any level, names a caller or a responder.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

mod line_support;

use line_support::person::Person;
use line_support::service::Service;
use line_support::{ADA, CITIZENS, DIRECT, Place};
use polaris::app::phone::{Do, Told};

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
    for known in ["831555123", "3339876543", "3330000001"] {
        assert!(!log.contains(known), "{known}");
    }
    // Names and every other number are looked for when the service is dropped, as always.
    drop(service);
    assert_eq!(place.cases().iter().filter(|c| c["callback_number"].is_string()).count(), 1);
}
