//! A month counted: what is in the numbers, and who is not.

use chrono_tz::Europe::Rome;
use proptest::prelude::*;

use super::*;
use crate::case::clocks::offices_work;
use crate::case::scheda;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn arrival() -> DateTime<Utc> {
    at("2026-11-10T22:00:00Z")
}

fn call(outcome: Outcome, waited: Option<i64>) -> CallOfMonth {
    CallOfMonth {
        arrived: arrival(),
        accepted: waited.map(|seconds| arrival() + TimeDelta::seconds(seconds)),
        outcome,
        answering: Answering::Service,
    }
}

fn case(fields: &[(&str, &str)]) -> CaseOfMonth {
    let pairs: Vec<(String, String)> =
        fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let read = Scheda::read(&pairs, &scheda::Terms::default()).unwrap();
    CaseOfMonth {
        number: CaseNumber { year: 2026, sequence: 1 },
        category: Category::Elderly,
        comune: Some("Mesagne".to_owned()),
        stage: Stage::Segnalazione,
        stage_since: None,
        ended_as: None,
        instants: Instants { arrived: arrival(), ..Instants::default() },
        written: Written::Open(Box::new(read.scheda)),
    }
}

fn tally_of(calls: &[CallOfMonth], cases: &[CaseOfMonth]) -> Tally {
    let comuni = ["Mesagne".to_owned(), "Latiano".to_owned()];
    let terms = Terms {
        comuni: &comuni,
        targets: &Targets::default(),
        zone: Rome,
        works: &offices_work,
        now: at("2026-12-01T08:00:00Z"),
    };
    Tally::of(calls, cases, &terms)
}

/// The rows of a table that are not zero.
fn told(tally: &Tally, word: &str) -> String {
    let table = tally.table(word).unwrap();
    let rows = table.rows.iter().filter(|(_, figure)| *figure != Figure::Shown(0));
    let row = |(label, figure): &(String, Figure)| match figure {
        Figure::Hidden => format!("{label} -"),
        Figure::Shown(number) => format!("{label} {number}"),
    };
    rows.map(row).collect::<Vec<_>>().join("; ")
}

#[test]
fn calls_are_told_by_how_they_were_answered_and_the_clock_with_them() {
    let mut calls: Vec<CallOfMonth> =
        (0..12).map(|nth| call(Outcome::Accepted, Some(10 * nth))).collect();
    calls.extend((0..5).map(|_| call(Outcome::Abandoned, None)));
    // Whoever accepted and vanished is no person.
    calls.push(call(Outcome::Abandoned, Some(20)));
    let tally = tally_of(&calls, &[]);
    assert_eq!(
        told(&tally, "risposta"),
        "una persona ha risposto entro 60 s 7; una persona ha risposto dopo più di 60 s 5; \
         ha riagganciato prima 6"
    );
    assert_eq!((tally.calls(), tally.abandoned()), (Figure::Shown(18), Figure::Shown(6)));
    assert_eq!(tally.kept()[0], (Promise::Answered, Share::Percent(39)));
    let (median, ninetieth) = (TimeDelta::seconds(50), TimeDelta::seconds(100));
    assert_eq!(tally.waited(), Waited::Known { median, ninetieth });
    assert_eq!(tally.out_of_hours(), Share::Percent(100));
    let few = tally_of(&calls[..4], &[]);
    assert_eq!((few.calls(), few.waited()), (Figure::Hidden, Waited::Hidden));
    assert_eq!(tally_of(&[], &[]).waited(), Waited::Never);
}

#[test]
fn cases_are_told_by_what_became_of_them_and_where() {
    let taken = |hours| {
        let mut case = case(&[]);
        case.stage = Stage::PresaInCarico;
        case.instants.taken = Some(arrival() + TimeDelta::hours(hours));
        case
    };
    let mut cases: Vec<CaseOfMonth> = (0..6).map(|_| taken(71)).collect();
    cases.extend((0..5).map(|_| taken(73)));
    cases.extend((0..7).map(|_| {
        let mut ended = case(&[]);
        ended.stage = Stage::Archiviata;
        ended.ended_as = Some("informazione".to_owned());
        ended.comune = Some("Bari".to_owned());
        ended
    }));
    cases.extend((0..5).map(|_| CaseOfMonth { comune: None, ..case(&[]) }));
    let tally = tally_of(&[], &cases);
    assert_eq!(
        told(&tally, "esito"),
        "presa in carico entro 72 ore 6; presa in carico dopo più di 72 ore 5; \
         ancora aperta 5; informazione o orientamento 7"
    );
    assert_eq!(tally.kept()[3], (Promise::TakenInCharge, Share::Percent(55)));
    assert_eq!(told(&tally, "comune"), "Mesagne 11; altro Comune 7; non noto 5");
}

#[test]
fn people_are_told_in_bands_and_not_by_what_anybody_typed() {
    let person = [
        ("persona.1.nascita", "2010-11-11"),
        ("persona.1.eta", "40"),
        ("persona.1.sesso", "femmina"),
        ("persona.1.cittadinanza", " Italiana "),
        ("persona.2.eta", "65"),
        ("persona.2.cittadinanza", "Marocco"),
        ("intervento.dal", "2026-11-10"),
        ("intervento.al", "2026-11-13"),
    ];
    let mut cases: Vec<CaseOfMonth> = (0..5).map(|_| case(&person)).collect();
    // The same people, in a case that is no other.
    cases.push(CaseOfMonth {
        stage: Stage::Archiviata,
        ended_as: Some("doppione".to_owned()),
        ..case(&person)
    });
    let tally = tally_of(&[], &cases);
    // Born on the eleventh, fifteen on the tenth.
    assert_eq!(told(&tally, "eta"), "14–17 5; 65 e oltre 5");
    assert_eq!(told(&tally, "sesso"), "femmina 5; non noto 5");
    assert_eq!(told(&tally, "cittadinanza"), "italiana 5; di un altro Paese 5");
    assert_eq!((tally.receptions(), tally.nights), (Figure::Shown(6), Figure::Shown(15)));
}

#[test]
fn what_is_sealed_is_said_and_not_counted() {
    let sealed = || CaseOfMonth { written: Written::Sealed, ..case(&[]) };
    let none = tally_of(&[], &[sealed(), sealed()]);
    assert_eq!((none.opened, none.table("eta"), none.nights), (Opened::None, None, Figure::Hidden));
    let cases: Vec<CaseOfMonth> =
        (0..10).map(|nth| if nth < 5 { sealed() } else { case(&[]) }).collect();
    let some = tally_of(&[], &cases);
    assert_eq!(some.opened, Opened::Some);
    assert_eq!(told(&some, "accoglienza"), "senza 5; non noto 5");
    let both = some.plus(&none);
    assert_eq!((both.opened, both.table("eta")), (Opened::None, None));
}

#[test]
fn the_casellario_is_told_of_persons_with_a_code_and_of_nobody_else() {
    let mut given = case(&[
        ("persona.1.codice_fiscale", "RSSMRA80A01H501U"),
        ("persona.2.nome", "Lia"),
        ("persona.3.codice_fiscale", "RSSMRA80A01H501X"),
        ("intervento.azioni", "collocamento"),
        ("intervento.dal", "2026-11-11"),
    ]);
    given.instants.taken = Some(at("2026-11-12T23:30:00Z"));
    let rows: Vec<String> = provisions(&given, Rome)
        .iter()
        .map(|row| {
            let until = row.until.map_or_else(|| "…".to_owned(), |day| day.to_string());
            let word = row.provided.word();
            format!("{} {:?} {word} {}–{until}", row.fiscal_code, row.checked, row.from)
        })
        .collect();
    assert_eq!(
        rows,
        [
            "RSSMRA80A01H501U Good pronto_intervento_sociale 2026-11-10–2026-11-13",
            "RSSMRA80A01H501U Good accoglienza_in_emergenza 2026-11-11–…",
            "RSSMRA80A01H501X ToLookAt pronto_intervento_sociale 2026-11-10–2026-11-13",
            "RSSMRA80A01H501X ToLookAt accoglienza_in_emergenza 2026-11-11–…",
        ]
    );
    assert!(!format!("{:?}", provisions(&given, Rome)).contains("RSSMRA"));
    given.stage = Stage::Archiviata;
    given.ended_as = Some("prova".to_owned());
    assert!(provisions(&given, Rome).is_empty());
}

proptest! {
    /// Whatever comes in, each table adds up to all that was counted, or hides it.
    #[test]
    fn no_call_and_no_case_is_lost_from_a_table(
        outcomes in prop::collection::vec((0..7_usize, prop::option::of(0..200_i64)), 0..40),
        comuni in prop::collection::vec(0..4_usize, 0..40),
    ) {
        let calls: Vec<CallOfMonth> =
            outcomes.iter().map(|(nth, wait)| call(Outcome::ALL[*nth], *wait)).collect();
        let names = ["Mesagne", "Latiano", "Bari", ""];
        let cases: Vec<CaseOfMonth> = comuni
            .iter()
            .map(|nth| CaseOfMonth {
                comune: Some(names[*nth].to_owned()).filter(|name| !name.is_empty()),
                ..case(&[])
            })
            .collect();
        for table in &tally_of(&calls, &cases).tables {
            let number = match table.of {
                Counted::Calls => calls.len(),
                Counted::Cases => cases.len(),
                Counted::Persons => 0,
            };
            prop_assert_eq!(table.total, Figure::alone(u32::try_from(number).unwrap()));
            let shown: u32 = table.rows.iter().filter_map(|(_, figure)| figure.shown()).sum();
            prop_assert!(shown as usize <= number);
        }
    }
}
