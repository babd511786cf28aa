//! What every store promises.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use polaris::case::{AttemptId, AttemptOutcome, Fact, Outcome, Party};
use polaris::store::{Reader, Standing, Store};
use polaris::words::{Category, Digit, PhoneNumber, ServiceId};
use serde_json::{Value, json};

use crate::place::{Place, case, christmas, number, numbered, opening, utc, within};

/// Facts of one call, each a second after the one before, noted in order.
async fn note_all(store: &Store, opening: &polaris::store::Opening, facts: Vec<Fact>) {
    for (sequence, fact) in (1..).zip(facts) {
        let at = opening.arrived + TimeDelta::seconds(i64::from(sequence));
        store.note(opening.call, sequence, at, fact);
    }
    within(store.flush()).await;
}

fn rang(attempt: u32, responder: &str) -> Fact {
    Fact::Rang {
        attempt: AttemptId(attempt),
        responder: responder.into(),
        phone: PhoneNumber::from_network("+393330000001"),
        step: 1,
        round: 1,
        why: "turno 20:00–08:00".into(),
    }
}

fn accepted_call() -> Vec<Fact> {
    vec![
        Fact::CallAnswered,
        Fact::KeyPressed { digit: Digit::STAR },
        Fact::KeyPressed { digit: Digit::TWO },
        Fact::CategoryChosen {
            category: Category::Violence,
            label: "Donne vittime di violenza".into(),
        },
        rang(1, "Ada Greco"),
        Fact::AttemptEnded { attempt: AttemptId(1), outcome: AttemptOutcome::NoAnswer },
        rang(2, "Bruno Nuzzo"),
        Fact::PhoneAnswered { attempt: AttemptId(2) },
        Fact::Accepted { attempt: AttemptId(2), responder: "Bruno Nuzzo".into() },
        Fact::Bridged { attempt: AttemptId(2) },
        Fact::KeyInConversation { party: Party::Responder, digit: Digit::ONE },
        Fact::HungUp { party: Party::Caller, during: None },
        Fact::Ended { outcome: Outcome::Accepted },
    ]
}

#[tokio::test]
async fn a_call_reads_back_in_the_shape_that_other_tools_rely_on() {
    let place = Place::new();
    let store = place.open().await;
    let opening = christmas();
    assert_eq!(numbered(store.opening(opening.clone())).await, number("2026-0001"));
    note_all(&store, &opening, accepted_call()).await;

    let calls = store.reader().calls().await.unwrap();
    assert_eq!(
        serde_json::to_value(&calls).unwrap(),
        json!([{
            "call": opening.call.to_string(),
            "service": "polaris-br4",
            "number_called": "+390831000000",
            "caller": "+393331234567",
            "arrived": "2026-12-24T20:00:00+01:00",
            "answered": "2026-12-24T20:00:01+01:00",
            "category": "violence",
            "keys": "*2",
            "silent": false,
            "outcome": "accepted",
            "accepted_by": "Bruno Nuzzo",
            "accepted": "2026-12-24T20:00:09+01:00",
            "ended": "2026-12-24T20:00:13+01:00",
            "case": "2026-0001",
        }])
    );
    let case = serde_json::to_value(case(&store, "2026-0001").await).unwrap();
    for (field, value) in [
        ("case", json!("2026-0001")),
        ("service", json!("polaris-br4")),
        ("opened", json!("2026-12-24T20:00:00+01:00")),
        ("category", json!("violence")),
        ("label", json!("Donne vittime di violenza")),
        ("stage", json!("segnalazione")),
        ("caller", json!("+393331234567")),
        ("comune", Value::Null),
        ("call", json!(opening.call.to_string())),
        ("callback_safe", Value::Null),
        ("callback_number", Value::Null),
        ("callback_owed", json!(false)),
    ] {
        assert_eq!(case[field], value, "{field}");
    }
    assert_eq!(case["entries"].as_array().unwrap().len(), 14);
    assert_eq!(
        case["entries"][0],
        json!({"at": "2026-12-24T20:00:00+01:00", "kind": "arrived", "text": "Chiamata in arrivo."})
    );
    assert_eq!(
        case["attempts"],
        json!([
            {"responder": "Ada Greco", "phone": "+393330000001", "step": 1, "round": 1,
             "why": "turno 20:00–08:00", "rang": "2026-12-24T20:00:05+01:00", "answered": null,
             "outcome": "no_answer", "ended": "2026-12-24T20:00:06+01:00"},
            {"responder": "Bruno Nuzzo", "phone": "+393330000001", "step": 1, "round": 1,
             "why": "turno 20:00–08:00", "rang": "2026-12-24T20:00:07+01:00",
             "answered": "2026-12-24T20:00:08+01:00",
             "outcome": "accepted", "ended": "2026-12-24T20:00:09+01:00"},
        ])
    );
    let listed = serde_json::to_value(store.reader().cases().await.unwrap()).unwrap();
    assert_eq!(listed, json!([case]));
}

#[tokio::test]
async fn a_call_can_be_read_while_it_goes_on_and_a_hidden_number_is_null() {
    let place = Place::new();
    let store = place.open().await;
    let hidden = polaris::store::Opening { caller: None, ..christmas() };
    numbered(store.opening(hidden.clone())).await;
    note_all(&store, &hidden, vec![Fact::KeyPressed { digit: Digit::ONE }]).await;
    // Another process looks, with a connection that can only read.
    let reader = Reader::open(&place.url).await.unwrap();
    let call = serde_json::to_value(&reader.calls().await.unwrap()[0]).unwrap();
    assert_eq!((&call["caller"], &call["keys"]), (&Value::Null, &json!("1")));
    assert_eq!((&call["outcome"], &call["answered"]), (&json!("in_progress"), &Value::Null));
    assert_eq!(call["category"], json!("unspecified"));
}

#[tokio::test]
async fn the_database_can_be_read_after_the_service_stopped() {
    let place = Place::new();
    let missing = Reader::open(&place.url).await.unwrap_err().to_string();
    assert!(missing.contains("avvia prima il servizio"), "{missing}");
    let store = place.open().await;
    numbered(store.opening(christmas())).await;
    within(store.close()).await;
    let reader = Reader::open(&place.url).await.unwrap();
    assert_eq!(reader.calls().await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_answers_about_calling_back_stand_on_the_case() {
    let place = Place::new();
    let store = place.open().await;
    let typed = PhoneNumber::from_network("+393339876543");
    let no = Fact::CallBackAnswered { safe: false, by_key: false };
    let message = Fact::VoicemailLeft { file: "a.wav".into(), seconds: 12 };
    for (fact, safe, left, owed, voicemail) in [
        (no, Some(false), None, true, None),
        (Fact::CallBackAnswered { safe: true, by_key: true }, Some(true), None, true, None),
        (Fact::CallBackNumber { number: typed.clone() }, None, Some(typed), true, None),
        (message, None, None, true, Some("a.wav")),
    ] {
        let opening = christmas();
        let number = numbered(store.opening(opening.clone())).await;
        note_all(&store, &opening, vec![Fact::Silent, fact]).await;
        let case = case(&store, &number.to_string()).await;
        assert_eq!((case.callback_safe, case.callback_number), (safe, left));
        assert_eq!((case.callback_owed, case.voicemail.as_deref()), (owed, voicemail));
    }
    assert!(store.reader().calls().await.unwrap().iter().all(|call| call.silent));
}

#[tokio::test]
async fn who_hung_up_before_anybody_spoke_with_them_is_looked_at_by_somebody() {
    let place = Place::new();
    let store = place.open().await;
    let chosen = |category, label: &str| Fact::CategoryChosen { category, label: label.into() };
    let ended = |outcome| Fact::Ended { outcome };
    for (facts, outcome, owed) in [
        (vec![Fact::CallAnswered], Outcome::Abandoned, false),
        (vec![chosen(Category::Elderly, "Anziani")], Outcome::Abandoned, false),
        (vec![chosen(Category::Minors, "Minori")], Outcome::Abandoned, true),
        (vec![chosen(Category::Violence, "Violenza")], Outcome::Abandoned, true),
        (vec![chosen(Category::Violence, "Violenza")], Outcome::InHours, false),
        (vec![chosen(Category::Elderly, "Anziani"), rang(1, "Ada")], Outcome::Abandoned, true),
        (vec![Fact::RosterEmpty], Outcome::Abandoned, true),
        (vec![rang(1, "Ada")], Outcome::Accepted, false),
    ] {
        let opening = christmas();
        let number = numbered(store.opening(opening.clone())).await;
        let told = format!("{facts:?} {outcome:?}");
        note_all(&store, &opening, [facts, vec![ended(outcome)]].concat()).await;
        let case = case(&store, &number.to_string()).await;
        assert_eq!((case.callback_owed, case.callback_safe), (owed, None), "{told}");
    }
}

#[tokio::test]
async fn a_winner_who_vanished_has_not_taken_the_call() {
    let place = Place::new();
    let store = place.open().await;
    let opening = christmas();
    numbered(store.opening(opening.clone())).await;
    let attempt = AttemptId(1);
    let vanished = vec![
        rang(1, "Ada"),
        Fact::Accepted { attempt, responder: "Ada".into() },
        Fact::WinnerVanished { attempt },
    ];
    note_all(&store, &opening, vanished).await;
    let call = &store.reader().calls().await.unwrap()[0];
    assert_eq!((&call.accepted_by, call.accepted), (&None, None));
}

#[tokio::test]
async fn a_thousand_calls_at_once_get_a_thousand_consecutive_numbers() {
    let place = Place::new();
    let store = place.open().await;
    let answers: Vec<_> = (0..1000).map(|_| store.opening(christmas())).collect();
    let mut numbers = BTreeSet::new();
    for answer in answers {
        // On a machine that is busy with other things some may be journaled.
        if let Ok(number) = within(answer).await.unwrap() {
            assert!(numbers.insert(number.sequence), "twice: {number}");
        }
    }
    within(store.settled()).await;
    let kept: BTreeSet<u32> = store
        .reader()
        .calls()
        .await
        .unwrap()
        .iter()
        .map(|call| call.case.unwrap().sequence)
        .collect();
    assert!(numbers.is_subset(&kept));
    assert_eq!(kept, (1..=1000).collect());
}

#[tokio::test]
async fn numbers_are_counted_per_service_and_per_year_of_its_own_calendar() {
    let place = Place::new();
    let store = place.open().await;
    // 23:30 UTC is half past midnight in Rome.
    for (service, arrived, expected) in [
        ("polaris-br4", utc(2026, 12, 31, 22, 59), "2026-0001"),
        ("polaris-br4", utc(2026, 12, 31, 23, 0), "2027-0001"),
        ("polaris-br4", utc(2026, 12, 31, 23, 30), "2027-0002"),
        ("pis-lecce", utc(2026, 12, 31, 23, 30), "2027-0001"),
        ("polaris-br4", utc(2026, 12, 31, 12, 0), "2026-0002"),
    ] {
        let given = numbered(store.opening(opening(service, arrived))).await;
        assert_eq!(given, number(expected), "{service} {arrived}");
    }
    let both = store.reader().case(number("2027-0001"), None).await.unwrap();
    let services: Vec<&str> = both.iter().map(|case| case.service.as_str()).collect();
    assert_eq!(services, ["pis-lecce", "polaris-br4"]);
    let lecce = ServiceId::new("pis-lecce");
    let one = store.reader().case(number("2027-0001"), Some(&lecce)).await.unwrap();
    assert_eq!(one.len(), 1);
    assert!(store.reader().case(number("2027-0003"), None).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_written_twice_is_there_once() {
    let place = Place::new();
    let store = place.open().await;
    let opening = christmas();
    let first = numbered(store.opening(opening.clone())).await;
    assert_eq!(numbered(store.opening(opening.clone())).await, first);
    let key = vec![Fact::KeyPressed { digit: Digit::ONE }];
    note_all(&store, &opening, key.clone()).await;
    note_all(&store, &opening, key).await;
    let call = &store.reader().calls().await.unwrap()[0];
    assert_eq!(call.keys, "1");
    assert_eq!(case(&store, "2026-0001").await.entries.len(), 2);
}

#[tokio::test]
async fn what_can_never_be_written_is_set_aside_and_stops_nothing() {
    let place = Place::new();
    let store = place.open().await;
    let opening = christmas();
    numbered(store.opening(opening.clone())).await;
    // A fact of a call nobody opened, and another fact in a place that is taken.
    store.note(christmas().call, 1, opening.arrived, Fact::CallAnswered);
    store.note(opening.call, 0, opening.arrived, Fact::Silent);
    note_all(&store, &opening, vec![Fact::CallAnswered]).await;
    assert_eq!(store.standing(), Standing::Database);
    assert_eq!(case(&store, "2026-0001").await.entries.len(), 2);
    let aside = std::fs::read_to_string(place.data_dir.join("journal-refused.jsonl")).unwrap();
    assert_eq!(aside.lines().count(), 2);
}

#[tokio::test]
async fn calls_found_open_are_ended_as_interrupted_and_owed_a_call_back() {
    let place = Place::new();
    let store = place.open().await;
    let (ringing, taken, ended) = (christmas(), christmas(), christmas());
    for opening in [&ringing, &taken, &ended] {
        numbered(store.opening(opening.clone())).await;
    }
    note_all(&store, &ringing, vec![Fact::CallAnswered, rang(1, "Ada")]).await;
    let accepted = Fact::Accepted { attempt: AttemptId(1), responder: "Ada".into() };
    note_all(&store, &taken, vec![rang(1, "Ada"), accepted]).await;
    note_all(&store, &ended, vec![Fact::Ended { outcome: Outcome::Abandoned }]).await;
    within(store.close()).await;

    let (store, recovered) = Store::open(&place.url, &place.data_dir).await.unwrap();
    let found: BTreeSet<_> = recovered
        .interrupted
        .iter()
        .map(|call| (call.number.to_string(), call.accepted_by.clone()))
        .collect();
    let expected = [("2026-0001".to_owned(), None), ("2026-0002".to_owned(), Some("Ada".into()))];
    assert_eq!(found, expected.into());
    let calls = store.reader().calls().await.unwrap();
    let of = |id| calls.iter().find(|call| call.call == id).unwrap();
    assert_eq!(of(ringing.call).outcome, Outcome::Interrupted);
    assert_eq!(of(taken.call).outcome, Outcome::Interrupted);
    assert_eq!(of(taken.call).accepted_by.as_deref(), Some("Ada"));
    assert_eq!(of(ended.call).outcome, Outcome::Abandoned);
    let case = case(&store, "2026-0001").await;
    assert!(case.callback_owed);
    assert_eq!(case.attempts[0].outcome, Some(AttemptOutcome::Cancelled));
    assert_eq!(case.entries.last().unwrap().kind, "ended");
    assert!(case.entries.last().unwrap().text.contains("da richiamare"));
    within(store.close()).await;
    let (_store, again) = Store::open(&place.url, &place.data_dir).await.unwrap();
    assert_eq!(again.interrupted, []);
}
