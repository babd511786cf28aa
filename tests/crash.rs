//! `kill -9` at every step of a call: no case is lost, none is doubled, and the service
//! that is started again on the same folder answers the next call.
//!
//! Ten services are killed again and again, each on a folder of its own. What the next
//! start finds is what the last kill left, so every start is also a check.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

#[path = "crash/step.rs"]
mod step;
#[path = "crash/visit.rs"]
mod visit;

mod line_support;

use std::time::Duration;

use line_support::service::Service;
use line_support::{ADA, CITIZENS, Place, kinds};
use polaris::app::phone::{Do, Told};
use serde_json::Value;
use step::{STEPS, Step, Way};
use visit::{Visit, caller_number};

const LANES: u8 = 10;
/// Rounds of every lane; each ends with a kill.
const ROUNDS: usize = 21;

/// What is known of a call that was cut.
struct Cut {
    caller: String,
    step: Step,
    /// A 200 was seen: the case must be there.
    answered: bool,
    /// The log had begun to say that the call was over.
    ended: bool,
    /// Who the record said had accepted, before the kill.
    accepted_by: Option<String>,
    call: Option<Value>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn no_kill_at_any_step_loses_or_doubles_a_case() {
    let lanes: Vec<_> = (1..=LANES).map(|lane| tokio::spawn(kill_again_and_again(lane))).collect();
    let (mut kills, mut interrupted) = (0, 0);
    let mut steps = std::collections::BTreeSet::new();
    for lane in lanes {
        for cut in lane.await.unwrap() {
            kills += 1;
            let outcome = cut.call.as_ref().map(|call| call["outcome"].clone());
            interrupted += usize::from(outcome.is_some_and(|outcome| outcome == "interrupted"));
            steps.insert(format!("{:?}", cut.step));
        }
    }
    assert!(kills >= 200, "only {kills} kills");
    assert!(interrupted >= 150, "only {interrupted} calls were really cut");
    assert!(STEPS.iter().all(|step| steps.contains(&format!("{step:?}"))), "not all: {steps:?}");
}

async fn kill_again_and_again(lane: u8) -> Vec<Cut> {
    let place = Place::new(lane, &[("Ada Greco", ADA)]);
    // The message is reached in a second on the direct number: Ada declines.
    let direct = "direct {\n    ring on-call each=\"5s\" rounds=1 accept=\"5s\" \
                  order=\"one-by-one\"\n    voicemail max=\"2m\"\n    hang-up\n}\n";
    let plan = place.read("plan.kdl");
    let (before, rest) = plan.split_once("direct {").unwrap();
    let (_, after) = rest.split_once("\n}\n").unwrap();
    place.write("plan.kdl", &format!("{before}{direct}{after}"));

    let mut cuts: Vec<Cut> = Vec::new();
    for round in 0..ROUNDS {
        let mut service = Service::start(&place).await;
        check(&place, &service, &mut cuts).await;
        let step = Step::of(usize::from(lane - 1) * ROUNDS + round);
        let mut visit = Visit::begin(&place, caller_number(lane, round), step).await;
        visit.reach(&service).await;
        service.kill().await;
        let accepted_by = visit.accepted_by.take();
        let cut = Cut {
            caller: visit.caller.clone(),
            step,
            answered: visit.was_answered().await,
            ended: service.said(&["step=\"ended\""]),
            accepted_by,
            call: None,
        };
        visit.leave().await;
        cuts.push(cut);
    }
    last_call(&place, &mut cuts, lane).await;
    cuts
}

/// After the last kill: a whole call goes through, and the service stops in order.
async fn last_call(place: &Place, cuts: &mut [Cut], lane: u8) {
    let service = Service::start(place).await;
    check(place, &service, cuts).await;
    let mut visit = Visit::begin(place, caller_number(lane, ROUNDS), Step::Log("bridged")).await;
    visit.reach(&service).await;
    visit.caller_does(Do::HangUp);
    service.step("ended").await;
    visit.leave().await;
    service.stop().await;
    let call = call_of(&place.calls(), &caller_number(lane, ROUNDS)).remove(0);
    assert_eq!(call["outcome"], "accepted");
    assert_eq!(call["accepted_by"], "Ada Greco");
}

fn call_of(calls: &[Value], caller: &str) -> Vec<Value> {
    calls.iter().filter(|call| call["caller"] == caller).cloned().collect()
}

/// Looks at the record after a restart: each cut call by itself, then all together.
async fn check(place: &Place, service: &Service, cuts: &mut [Cut]) {
    let Some((last, before)) = cuts.split_last_mut() else { return };
    // Only then is what was cut put right: a slow disk does not keep the service from answering.
    service.says(&["the store has caught up"]).await;
    let (calls, cases) = (place.calls(), place.cases());
    let of_cut = call_of(&calls, &last.caller);
    let step = last.step;
    assert!(of_cut.len() <= 1, "{step:?}: doubled: {of_cut:#?}");
    assert!(!last.answered || of_cut.len() == 1, "{step:?}: a case is lost");
    if let Some(call) = of_cut.first() {
        let case: Vec<&Value> = cases.iter().filter(|case| case["call"] == call["call"]).collect();
        assert_eq!(case.len(), 1, "{step:?}: {case:#?}");
        check_cut(service, last, call, case[0]).await;
        last.call = Some(call.clone());
    }
    // What an earlier start has put right stays as it was.
    for cut in before {
        assert_eq!(call_of(&calls, &cut.caller).first(), cut.call.as_ref(), "{:?}", cut.step);
    }
    check_together(place, &calls, &cases);
}

async fn check_cut(service: &Service, cut: &Cut, call: &Value, case: &Value) {
    let step = cut.step;
    assert_eq!(case["case"], call["case"], "{step:?}: the case has its number");
    assert!(call["case"].is_string() && !call["ended"].is_null(), "{step:?}: {call:#}");
    let outcome = call["outcome"].as_str().unwrap();
    // The disk may know of an end that the log had no time to tell; only of one that
    // somebody had brought about.
    let kinds = kinds(case);
    let ending =
        ["hung_up", "call_back_answered", "call_back_number", "voicemail_left", "voicemail_failed"];
    if !cut.ended && !kinds.iter().any(|kind| ending.contains(kind)) {
        assert_eq!(outcome, "interrupted", "{step:?}: {case:#}");
    }
    if outcome == "interrupted" {
        assert_eq!(case["callback_owed"], true, "{step:?}: {case:#}");
        let id = call["call"].as_str().unwrap();
        service.says(&["ERROR", "cut by a crash", id]).await;
    }
    if let Some(name) = &cut.accepted_by {
        assert_eq!(call["accepted_by"].as_str(), Some(name.as_str()), "{step:?}: {call:#}");
    }
    assert_eq!(kinds.first(), Some(&"arrived"), "{step:?}: {kinds:?}");
    for once in ["arrived", "call_answered", "ended", "bridged"] {
        assert!(kinds.iter().filter(|kind| **kind == once).count() <= 1, "{step:?}: {kinds:?}");
    }
    let open = case["attempts"].as_array().unwrap().iter().any(|a| a["outcome"].is_null());
    assert!(!open, "{step:?}: a ring was left open: {case:#}");
}

fn check_together(place: &Place, calls: &[Value], cases: &[Value]) {
    let mut numbers: Vec<&str> = cases.iter().map(|case| case["case"].as_str().unwrap()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!((numbers.len(), calls.len()), (cases.len(), cases.len()), "numbers given twice");
    for name in place.voicemail() {
        let message = place.message(&name);
        // A file of no bytes at all was cut before its header: nothing had been said.
        if !message.is_empty() {
            let reader = hound::WavReader::new(message.as_slice());
            let reader = reader.expect("a message cut half-way is readable");
            let bound = cases.iter().any(|case| case["voicemail"].as_str() == Some(&name));
            assert!(bound || reader.duration() == 0, "nobody would know of the message {name:?}");
            assert!(reader.into_samples::<i16>().all(|sample| sample.is_ok()));
        }
    }
    for case in cases.iter().filter(|case| case["voicemail"].is_string()) {
        let message = place.message(case["voicemail"].as_str().unwrap());
        let reader = hound::WavReader::new(message.as_slice()).unwrap();
        assert!(reader.duration() > 0, "{case:#}");
    }
}

/// The steps lead where they say: the way of every call is walked once without a kill.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn every_way_a_call_takes_ends_as_it_should() {
    let way = |lane: u8, step: Step, outcome: &'static str| async move {
        let place = Place::new(lane, &[("Ada Greco", ADA)]);
        let service = Service::start(&place).await;
        let mut visit = Visit::begin(&place, caller_number(lane, 0), step).await;
        visit.reach(&service).await;
        service.step("ended").await;
        visit.leave().await;
        service.stop().await;
        assert_eq!(place.only_call()["outcome"], outcome, "{step:?}");
    };
    tokio::join!(
        way(101, Step::Log("ended"), "accepted"),
        way(102, Step::LogOf(Way::CallBack, "ended"), "callback"),
    );
}

/// A phone that rings when the service dies is free for the next call.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn a_call_that_had_no_200_yet_may_come_again() {
    let place = Place::new(103, &[("Ada Greco", ADA)]);
    let mut service = Service::start(&place).await;
    let caller = caller_number(103, 0);
    let mut person = line_support::person::Person::at("chi chiama", place.net.caller()).await;
    person.calls(CITIZENS, place.net.service(), &caller);
    service.kill().await;
    let service_again = Service::start(&place).await;
    // The INVITE is repeated by the telephone itself (RFC 3261 §17.1.1.2).
    person.told(Told::Answered).await;
    person.does(Do::HangUp);
    service_again.step("ended").await;
    service_again.stop().await;
    let calls = place.calls();
    assert!((1..=2).contains(&calls.len()), "{calls:#?}");
    assert_eq!(calls.iter().filter(|call| call["outcome"] == "abandoned").count(), 1);
}

/// A start that is killed itself, again and again, at any instant of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn a_start_that_is_killed_spoils_nothing_for_the_next() {
    let place = Place::new(105, &[("Ada Greco", ADA)]);
    let mut service = Service::start(&place).await;
    let mut visit = Visit::begin(&place, caller_number(105, 0), Step::BridgedOnDisk).await;
    visit.reach(&service).await;
    service.kill().await;
    visit.leave().await;
    for nth in 0..20_u64 {
        let mut starting = Service::launch(&place, "info");
        visit::a_while(Duration::from_millis(nth * 6)).await;
        starting.kill().await;
    }
    Service::start(&place).await.stop().await;
    let (call, case) = (place.only_call(), place.only_case());
    assert_eq!(
        (&call["outcome"], &call["accepted_by"]),
        (&"interrupted".into(), &"Ada Greco".into())
    );
    assert_eq!(kinds(&case).iter().filter(|kind| **kind == "ended").count(), 1);
    assert_eq!(place.run(&["roster", "export"]).stdout.iter().filter(|b| **b == b'\n').count(), 2);
}
