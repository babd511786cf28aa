//! Callers who are owed a call-back: who owes it once their cases are joined or archived.

use chrono::{DateTime, TimeDelta, Utc};
use polaris::case::contact::{Permission, advise};
use polaris::case::course::{End, Move};
use polaris::case::{Addition, AttemptId, Fact, Outcome, Stage};
use polaris::store::{Append, Joining, Keyring, Opening, Store, append_to_case, join_cases};
use polaris::words::{CaseId, CaseNumber, Category, PhoneNumber};

use crate::place::{Place, case, christmas, numbered, opening, utc, within};
use crate::written::scheda;

fn at(minutes: i64) -> DateTime<Utc> {
    utc(2026, 12, 24, 19, 0) + TimeDelta::minutes(minutes)
}

fn rang(attempt: u32, responder: &str, step: u32) -> Fact {
    Fact::Rang {
        attempt: AttemptId(attempt),
        responder: responder.into(),
        phone: PhoneNumber::from_network("+393330000001"),
        step,
        round: 1,
        why: "numero del piano".into(),
    }
}

fn gave_up() -> Vec<Fact> {
    vec![rang(1, "Ada", 1), Fact::Ended { outcome: Outcome::Abandoned }]
}

fn served() -> Vec<Fact> {
    let accepted = Fact::Accepted { attempt: AttemptId(1), responder: "Ada".into() };
    vec![rang(1, "Ada", 1), accepted, Fact::Ended { outcome: Outcome::Accepted }]
}

fn in_greeting() -> Vec<Fact> {
    vec![Fact::CallAnswered, Fact::Ended { outcome: Outcome::Abandoned }]
}

fn about(category: Category, facts: Vec<Fact>) -> Vec<Fact> {
    let chosen = Fact::CategoryChosen { category, label: "x".into() };
    [vec![chosen], facts].concat()
}

/// A store with the keys.
struct Bench {
    place: Place,
    store: Store,
    keyring: Keyring,
}

impl Bench {
    async fn new() -> Self {
        let place = Place::new();
        let store = place.open().await;
        let keyring = Keyring::new(&place.dir.path().join("polaris.key"));
        keyring.make(at(0)).unwrap();
        Self { place, store, keyring }
    }

    /// A call with these facts, a second apart; its case.
    async fn call(&self, opening: Opening, facts: Vec<Fact>) -> (CaseId, CaseNumber) {
        let number = numbered(self.store.opening(opening.clone())).await;
        for (sequence, fact) in (1..).zip(facts) {
            let at = opening.arrived + TimeDelta::seconds(i64::from(sequence));
            self.store.note(opening.call, sequence, at, fact);
        }
        within(self.store.flush()).await;
        (opening.case, number)
    }

    async fn add(&self, case: CaseId, expected: u32, addition: Addition) {
        let append = Append { case, expected, author: "conte", at: at(60), addition: &addition };
        append_to_case(&self.place.url, &self.keyring, append).await.unwrap();
    }

    async fn join(&self, kept: CaseId, duplicate: CaseId) {
        let (kept, duplicate) = ((kept, 0), (duplicate, 0));
        let joining = Joining { kept, duplicate, author: "conte", at: at(60) };
        join_cases(&self.place.url, &self.keyring, joining).await.unwrap();
    }

    async fn owes(&self, case: CaseId) -> bool {
        self.store.reader().case_standing(case).await.unwrap().unwrap().callback_owed
    }

    async fn texts(&self, case: CaseId) -> Vec<String> {
        let history = self.store.reader().case_history(&self.keyring, case).await.unwrap();
        history.entries.into_iter().map(|entry| entry.text).collect()
    }
}

fn archived(end: End) -> Addition {
    let (from, to) = (Stage::Segnalazione, Stage::Archiviata);
    Addition::Stage(Move { from, to, end: Some(end), reason: String::new() })
}

const DUPLICATE: &str = "Richiamata: qui non è più dovuta, la scheda è un doppione.";

#[tokio::test]
async fn a_call_back_is_owed_once_when_cases_are_joined_and_to_nobody_who_was_served() {
    let bench = Bench::new().await;
    let violence = |facts| about(Category::Violence, facts);
    for (told, duplicate, kept, owed) in [
        ("served a little later", (0, gave_up()), (10, served()), (false, false)),
        ("gave up twice", (0, gave_up()), (10, gave_up()), (false, true)),
        ("hung up at once later", (0, gave_up()), (10, in_greeting()), (false, true)),
        ("called again after they were served", (10, gave_up()), (0, served()), (false, true)),
        ("only here about violence", (0, violence(gave_up())), (10, in_greeting()), (true, false)),
        ("about violence there", (0, gave_up()), (10, violence(gave_up())), (false, true)),
        ("owed nothing", (0, in_greeting()), (10, in_greeting()), (false, false)),
    ] {
        let (double, number) =
            bench.call(opening("polaris-br4", at(duplicate.0)), duplicate.1).await;
        let (kept, _) = bench.call(opening("polaris-br4", at(kept.0)), kept.1).await;
        let (owed_before, kept_before) = (bench.owes(double).await, bench.owes(kept).await);
        bench.join(kept, double).await;
        assert_eq!((bench.owes(double).await, bench.owes(kept).await), owed, "{told}");
        let said = bench.texts(double).await.iter().any(|text| text == DUPLICATE);
        assert_eq!(said, owed_before && !owed.0, "{told}");
        let carried = if owed.1 && !kept_before {
            format!("Unita la scheda {number}. La richiamata che le era dovuta ora è dovuta qui.")
        } else {
            format!("Unita la scheda {number}.")
        };
        assert_eq!(bench.texts(kept).await, [carried], "{told}");
    }
}

#[tokio::test]
async fn whoever_called_from_another_number_is_still_owed_a_call_back() {
    let bench = Bench::new().await;
    let caller = Some(PhoneNumber::from_network("+393339999999"));
    let elsewhere = Opening { caller, ..opening("polaris-br4", at(0)) };
    let (double, _) = bench.call(elsewhere, gave_up()).await;
    let (kept, _) = bench.call(opening("polaris-br4", at(10)), gave_up()).await;
    bench.join(kept, double).await;
    assert!(bench.owes(double).await && bench.owes(kept).await);
}

#[tokio::test]
async fn a_case_that_is_archived_as_a_duplicate_or_a_test_says_what_became_of_its_call_back() {
    let bench = Bench::new().await;
    let (kept, di) = bench.call(opening("polaris-br4", at(10)), in_greeting()).await;
    let (double, number) = bench.call(opening("polaris-br4", at(0)), gave_up()).await;
    bench.add(double, 0, archived(End::Doppione { di })).await;
    assert!(!bench.owes(double).await && bench.owes(kept).await);
    assert_eq!(bench.texts(double).await.last().unwrap(), DUPLICATE);
    let joined = bench.texts(kept).await;
    assert!(joined[0].starts_with(&format!("Unita la scheda {number}. La ri")), "{joined:?}");

    let (test, _) = bench.call(christmas(), gave_up()).await;
    bench.add(test, 0, archived(End::Prova)).await;
    assert!(!bench.owes(test).await);
    let said = bench.texts(test).await;
    assert_eq!(said[1], "Richiamata: non è più dovuta, era una prova o un errore.");

    for end in [End::Abbandonata, End::Doppione { di: CaseNumber { sequence: 99, ..di } }] {
        let (waiting, _) = bench.call(christmas(), gave_up()).await;
        bench.add(waiting, 0, archived(end)).await;
        assert!(bench.owes(waiting).await, "they wait all the same");
        assert_eq!(bench.texts(waiting).await.len(), 1);
    }
}

#[tokio::test]
async fn the_ring_of_the_offices_is_no_search_for_a_responder() {
    let bench = Bench::new().await;
    let office = || vec![Fact::InHours, rang(1, "il servizio sociale di giorno", 0)];
    let given_up = || vec![Fact::Ended { outcome: Outcome::Abandoned }];
    let coordinator = || vec![rang(2, "il coordinatore", 0)];
    for (facts, owed) in [
        (vec![office(), given_up()], false),
        (vec![office(), vec![Fact::Urgent, rang(2, "Ada", 1)], given_up()], true),
        (vec![office(), coordinator(), given_up()], true),
        (vec![coordinator(), given_up()], true),
        (vec![office(), vec![Fact::RosterEmpty], given_up()], true),
    ] {
        let told = format!("{facts:?}");
        let (case, _) = bench.call(christmas(), facts.concat()).await;
        assert_eq!(bench.owes(case).await, owed, "{told}");
    }
}

#[tokio::test]
async fn the_columns_alone_say_who_decides_about_calling_back() {
    let bench = Bench::new().await;
    let (elderly, number) = bench.call(christmas(), about(Category::Elderly, gave_up())).await;
    let decides = async |number: CaseNumber| {
        let row = case(&bench.store, &number.to_string()).await;
        advise(&row.contact()).permission
    };
    assert_eq!(decides(number).await, Permission::Responder);
    for (last, text, permission) in [
        (0, "bisogno.minori = si", Permission::Coordinator),
        (1, "bisogno.minori = si; segnalante.richiamare = si", Permission::Responder),
        (2, "bisogno.minori = no; segnalante.richiamare = no", Permission::Coordinator),
    ] {
        bench.add(elderly, last, Addition::Scheda { scheda: scheda(text) }).await;
        assert_eq!(decides(number).await, permission, "{text}");
    }
    let silent = [vec![Fact::Silent], gave_up()].concat();
    let (_, number) = bench.call(christmas(), silent).await;
    assert_eq!(decides(number).await, Permission::Coordinator);
}

#[tokio::test]
async fn a_case_that_is_sent_elsewhere_waits_for_another_confirmation() {
    let bench = Bench::new().await;
    let (case, _) = bench.call(christmas(), served()).await;
    let sent = |minutes, to: &str| Addition::HandedOver {
        when: at(minutes),
        to: to.into(),
        how: "pec".into(),
    };
    let taken = async || {
        let standing = bench.store.reader().case_standing(case).await.unwrap().unwrap();
        (standing.instants.sent, standing.instants.taken)
    };
    bench.add(case, 0, sent(20, "Comune di Latiano")).await;
    bench.add(case, 1, Addition::Acknowledged { when: at(30), by: "dott. Neri".into() }).await;
    assert_eq!(taken().await, (Some(at(20)), Some(at(30))));
    bench.add(case, 2, sent(40, "Comune di Mesagne")).await;
    assert_eq!(taken().await, (Some(at(40)), None));
}
