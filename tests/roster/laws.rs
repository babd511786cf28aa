//! The laws of the roster on random rosters, against the rules said once more, slowly.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Europe::Rome;
use polaris::calendar::{
    GapPolicy, Holidays, Hours, Office, OfficeRule, OfficeTable, Opening, instant, local,
};
use polaris::roster::{
    Lack, Period, Records, Requirement, Roster, Rotation, Swap, TurnId, coverage, diff,
};
use proptest::prelude::*;

use crate::support::*;

const NAMES: [&str; 5] = ["Ada", "Bruno", "Carla", "Dario", "Eva"];
/// Days of the random rosters; each of their two times holds a night of changing clocks.
const DAYS: i64 = 10;

fn begin(autumn: bool) -> DateTime<Utc> {
    at(if autumn { "2026-10-20T00:00" } else { "2027-03-22T00:00" })
}

/// Who is on duty and in which step: every record is looked at, and nothing is clever.
fn oracle(records: &Records, at: DateTime<Utc>) -> BTreeSet<(u32, String)> {
    let mut turns: Vec<(u32, String, TurnId)> = Vec::new();
    for shift in records.shifts.iter().filter(|shift| shift.from() <= at && at < shift.until()) {
        turns.push((shift.step, shift.person.clone(), TurnId::Shift(shift.id.clone())));
    }
    for rotation in &records.rotations {
        if let Some(turn) = oracle_turn(rotation, at) {
            let person = rotation.people[turn as usize % rotation.people.len()].clone();
            let id = TurnId::Rotation { name: rotation.name.clone(), turn };
            turns.push((rotation.step, person, id));
        }
    }
    let covers = |period: Period| period.from() <= at && at < period.until();
    let mut on_duty = BTreeSet::new();
    for (step, mut person, id) in turns {
        for swap in records.swaps.iter().filter(|swap| swap.approved.is_some()) {
            if swap.turn == id {
                person.clone_from(&swap.to);
            }
        }
        let over = records.overrides.iter().find(|o| o.replaces == person && covers(o.period));
        if let Some(over) = over {
            person.clone_from(&over.by);
        }
        if !records.absences.iter().any(|away| away.person == person && covers(away.period)) {
            on_duty.insert((step, person));
        }
    }
    on_duty
}

/// The number of the turn that runs at `at`: the handoffs that have passed, counted.
fn oracle_turn(rotation: &Rotation, at: DateTime<Utc>) -> Option<u32> {
    let handoff = |day: NaiveDate| instant(day.and_time(rotation.handoff), Rome);
    let number = |duty_day: NaiveDate| {
        if duty_day < rotation.first || rotation.last.is_some_and(|last| last < duty_day) {
            return None;
        }
        let mut days = (0u32..).flat_map(|turn| {
            let days = rotation.pattern[turn as usize % rotation.pattern.len()];
            std::iter::repeat_n(turn, usize::from(days))
        });
        days.nth(usize::try_from((duty_day - rotation.first).num_days()).unwrap())
    };
    let today = local(at, Rome).date();
    let days = [today - Days::new(1), today];
    let Some(window) = &rotation.window else {
        let day = days.into_iter().rev().find(|day| handoff(*day) <= at)?;
        return number(day);
    };
    let opens = |day: &NaiveDate| {
        let end = if window.until <= window.from { *day + Days::new(1) } else { *day };
        window.weekdays.contains(&day.weekday())
            && instant(day.and_time(window.from), Rome) <= at
            && at < instant(end.and_time(window.until), Rome)
    };
    let day = days.into_iter().find(opens)?;
    number(if window.from < rotation.handoff { day - Days::new(1) } else { day })
}

fn any_period(begin: DateTime<Utc>) -> impl Strategy<Value = Period> {
    (0..DAYS * 24 * 60, 1i64..3_000).prop_map(move |(from, length)| {
        let from = begin + TimeDelta::minutes(from);
        Period::new(from, from + TimeDelta::minutes(length)).unwrap()
    })
}

fn any_time() -> impl Strategy<Value = NaiveTime> {
    // Often in the hour that is doubled or skipped.
    let minute = prop_oneof![0u32..1440, 110u32..190];
    minute.prop_map(|minute| NaiveTime::from_hms_opt(minute / 60, minute % 60, 0).unwrap())
}

fn any_name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&NAMES[..])
}

prop_compose! {
    fn any_rotation(begin: DateTime<Utc>)(
        first in -20i64..8,
        last in prop::option::of(0u64..12),
        step in 1u32..3,
        handoff in any_time(),
        pattern in prop::collection::vec(1u16..5, 1..3),
        names in prop::collection::vec(any_name(), 1..4),
        window in prop::option::of((prop::sample::subsequence(&WEEK[..], 1..7), any_time(), any_time())),
    ) -> Rotation {
        let first = (local(begin, Rome) + TimeDelta::days(first)).date();
        let window = window.map(|(weekdays, from, until)| {
            polaris::roster::Window { weekdays, from, until }
        });
        let last = last.map(|days| first + Days::new(days));
        let base = rotation("", step, &names, "2026-01-01");
        Rotation { first, last, handoff, pattern, window, ..base }
    }
}

fn any_records(begin: DateTime<Utc>) -> impl Strategy<Value = Records> {
    let shifts = prop::collection::vec((any_name(), 1u32..3, any_period(begin)), 0..6);
    let rotations = prop::collection::vec(any_rotation(begin), 0..3);
    let overrides = prop::collection::vec((any_name(), any_name(), any_period(begin)), 0..5);
    let absences = prop::collection::vec((any_name(), any_period(begin)), 0..4);
    let swaps = prop::collection::vec((0usize..8, 0u32..8, any_name(), any::<bool>()), 0..4);
    let skilled = prop::collection::vec(any_name(), 0..2);
    (shifts, rotations, overrides, absences, swaps, skilled).prop_map(
        |(shifts, rotations, overrides, absences, swaps, skilled)| {
            let mut records = Records { people: people(&NAMES), ..Records::default() };
            // Eva has no phone.
            records.people[4].phones.clear();
            for person in &mut records.people {
                if skilled.contains(&person.name.as_str()) {
                    person.skills.insert("donna".into());
                }
            }
            for (name, step, period) in shifts {
                push(&mut records, |records| records.shifts.push(shift(name, step, period)));
            }
            for (number, rotation) in rotations.into_iter().enumerate() {
                records.rotations.push(Rotation { name: format!("r{number}"), ..rotation });
            }
            for (replaces, by, period) in overrides {
                let record = for_whom(replaces, by, period);
                push(&mut records, |records| records.overrides.push(record));
            }
            records.absences = absences.into_iter().map(|(who, when)| absence(who, when)).collect();
            for (row, turn, to, approved) in swaps {
                let turn = match records.shifts.get(row) {
                    Some(shift) => TurnId::Shift(shift.id.clone()),
                    None => TurnId::Rotation { name: format!("r{}", row % 3), turn },
                };
                let (id, approved) = (String::new(), approved.then(entered));
                let (service, equipe, to) = (service(), "e".to_owned(), to.to_owned());
                let swap = Swap { id, service, equipe, turn, to, entered: entered(), approved };
                push(&mut records, |records| records.swaps.push(swap));
            }
            records.requirements.push(Requirement {
                service: service(),
                equipe: "e".into(),
                category: None,
                comune: None,
                skill: "donna".into(),
            });
            records
        },
    )
}

/// Adds a record, unless it breaks a law beside the others.
fn push(records: &mut Records, add: impl FnOnce(&mut Records)) {
    let mut more = records.clone();
    add(&mut more);
    if Roster::new(more.clone()).is_ok() {
        *records = more;
    }
}

fn whole(begin: DateTime<Utc>) -> Period {
    Period::new(begin, begin + TimeDelta::days(DAYS)).unwrap()
}

fn any_case() -> impl Strategy<Value = (DateTime<Utc>, Records)> {
    any::<bool>().prop_flat_map(|autumn| {
        any_records(begin(autumn)).prop_map(move |records| (begin(autumn), records))
    })
}

/// Hours with openings at any minute of any day.
fn any_hours() -> impl Strategy<Value = Hours> {
    let openings = prop::collection::vec((0u8..7, any_time(), any_time()), 0..20);
    prop_oneof![
        1 => Just(Hours::always()),
        4 => (openings, any_time()).prop_map(|(openings, ends)| {
            let openings = openings
                .into_iter()
                .filter_map(|(day, open, close)| {
                    Some((day.try_into().unwrap(), Opening::new(open, close)?))
                })
                .collect();
            let table = OfficeTable { from: None, until: None, openings };
            let office = Office { comune: "Mesagne".into(), tables: vec![table], ..Office::default() };
            Hours::beside(OfficeRule {
                ends: ends.min(time("09:00")),
                lead: TimeDelta::minutes(7),
                gap: GapPolicy::Cover,
                holidays: Holidays::italian(),
                closures: Vec::new(),
                offices: vec![office],
            })
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_instant_has_one_answer_and_it_is_what_the_rules_say(
        (begin, records) in any_case(),
        seconds in prop::collection::vec(0..DAYS * 86_400, 40),
    ) {
        let roster = roster(records);
        let spans = roster.spans(&service(), "e", whole(begin));
        prop_assert_eq!(spans[0].period.from(), begin);
        prop_assert_eq!(spans[spans.len() - 1].period.until(), begin + TimeDelta::days(DAYS));
        prop_assert!(spans.windows(2).all(|two| two[0].period.until() == two[1].period.from()));
        let edges = spans.iter().flat_map(|span| {
            [span.period.from(), span.period.until() - TimeDelta::seconds(1)]
        });
        let instants = seconds.into_iter().map(|second| begin + TimeDelta::seconds(second));
        for at in instants.chain(edges) {
            let answer = ladder(&roster, at);
            let covering: Vec<_> = spans.iter().filter(|span| span.period.covers(at)).collect();
            prop_assert_eq!(covering.len(), 1);
            prop_assert_eq!(&covering[0].ladder, &answer, "{}", at);
            let people = answer.steps.iter().flat_map(|step| &step.responders);
            let rung: Vec<(u32, String)> =
                people.map(|on_call| (on_call.step, on_call.person.clone())).collect();
            let once: BTreeSet<(u32, String)> = rung.iter().cloned().collect();
            prop_assert_eq!(rung.len(), once.len(), "somebody stands in a step twice");
            let expected = oracle(roster.records(), at);
            let (without, with): (BTreeSet<_>, BTreeSet<_>) =
                expected.into_iter().partition(|(_, person)| person == "Eva");
            prop_assert_eq!(once, with, "{}", at);
            prop_assert_eq!(!answer.without_phone.is_empty(), !without.is_empty());
        }
    }

    #[test]
    fn adding_and_removing_an_override_is_the_identity(
        (begin, records) in any_case(),
        replaces in any_name(),
        by in any_name(),
        minute in 0..DAYS * 24 * 60,
        length in 1i64..3_000,
    ) {
        let from = begin + TimeDelta::minutes(minute);
        let period = Period::new(from, from + TimeDelta::minutes(length)).unwrap();
        let mut more = records.clone();
        push(&mut more, |records| records.overrides.push(for_whom(replaces, by, period)));
        let mut less = more.clone();
        less.overrides.truncate(records.overrides.len());
        let (before, with, after) = (roster(records), roster(more), roster(less));
        let spans = |roster: &Roster| roster.spans(&service(), "e", whole(begin));
        prop_assert_eq!(spans(&before), spans(&after));
        prop_assert_eq!(diff(&before, &after, &service(), "e", whole(begin)), vec![]);
        // And while it stands, it changes nothing outside its period.
        for change in diff(&before, &with, &service(), "e", whole(begin)) {
            prop_assert!(period.from() <= change.period.from());
            prop_assert!(change.period.until() <= period.until());
        }
    }

    #[test]
    fn handoffs_leave_no_gap(autumn: bool, rotation in any::<bool>().prop_flat_map(|autumn| any_rotation(begin(autumn)))) {
        let begin = begin(autumn);
        let rotation = Rotation { window: None, name: "r".into(), ..rotation };
        let first = instant(rotation.first.and_time(rotation.handoff), Rome);
        let last = rotation.last.map(|last| instant((last + Days::new(1)).and_time(rotation.handoff), Rome));
        let (people, rotations) = (people(&NAMES), vec![rotation]);
        let roster = roster(Records { people, rotations, ..Records::default() });
        let turns = roster.turns(&service(), "e", whole(begin));
        prop_assert!(turns.windows(2).all(|two| two[0].period.until() == two[1].period.from()));
        for minute in (0..DAYS * 24 * 60).step_by(7) {
            let at = begin + TimeDelta::minutes(minute);
            let running = turns.iter().filter(|turn| turn.period.covers(at)).count();
            let expected = first <= at && last.is_none_or(|last| at < last);
            prop_assert_eq!(running, usize::from(expected), "{}", at);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn coverage_is_exact_to_the_minute(
        (begin, records) in any_case(),
        hours in any_hours(),
        day in 0i64..7,
    ) {
        let range = Period::new(
            begin + TimeDelta::days(day),
            begin + TimeDelta::days(day + 3),
        ).unwrap();
        let roster = roster(records);
        let found = coverage(&roster, &service(), "e", &hours, Rome, range);
        let (mut required, mut covered, mut lacks) = (0, 0, BTreeMap::new());
        for minute in 0..3 * 24 * 60 {
            let at = range.from() + TimeDelta::minutes(minute);
            let active = hours.is_active(local(at, Rome));
            let closed = found.closed.iter().any(|period| period.covers(at));
            prop_assert_eq!(closed, !active, "{}", at);
            let now: BTreeSet<Lack> = found
                .findings
                .iter()
                .filter(|finding| finding.period.covers(at))
                .map(|finding| finding.lack.clone())
                .collect();
            let expected = if active { slow_lacks(&roster, at) } else { BTreeSet::new() };
            prop_assert_eq!(&now, &expected, "{}", at);
            required += i64::from(active);
            covered += i64::from(active && !expected.contains(&Lack::Uncovered));
            for lack in expected {
                *lacks.entry(lack).or_insert(0) += 1;
            }
        }
        prop_assert_eq!(found.required, TimeDelta::minutes(required));
        prop_assert_eq!(found.covered, TimeDelta::minutes(covered));
        let mut summed = BTreeMap::new();
        for finding in &found.findings {
            let length = finding.period.until() - finding.period.from();
            *summed.entry(finding.lack.clone()).or_insert(0) += length.num_minutes();
        }
        prop_assert_eq!(summed, lacks, "findings overlap");
    }
}

/// What is lacking at one instant, from who is on duty by the oracle.
fn slow_lacks(roster: &Roster, at: DateTime<Utc>) -> BTreeSet<Lack> {
    let people: BTreeSet<String> =
        oracle(roster.records(), at).into_iter().map(|(_, person)| person).collect();
    let mut lacks = BTreeSet::new();
    if people.contains("Eva") {
        lacks.insert(Lack::WithoutPhone { person: "Eva".into() });
    }
    let reachable: Vec<&String> = people.iter().filter(|person| *person != "Eva").collect();
    match reachable.len() {
        0 => drop(lacks.insert(Lack::Uncovered)),
        1 => drop(lacks.insert(Lack::OnePersonOnly)),
        _ => {}
    }
    let skilled = |name: &&String| {
        let people = &roster.records().people;
        people.iter().any(|person| person.name == **name && person.skills.contains("donna"))
    };
    if !reachable.is_empty() && !reachable.iter().any(skilled) {
        let (skill, category, comune) = ("donna".into(), None, None);
        lacks.insert(Lack::Unmet { skill, category, comune });
    }
    lacks
}

#[test]
fn a_diff_says_for_how_long_somebody_else_is_rung() {
    let day = vec![shift("Ada", 1, period("2026-12-24T20:00", "2026-12-25T08:00"))];
    let before = Records { people: people(&NAMES), shifts: day, ..Records::default() };
    let mut after = before.clone();
    after.overrides.push(for_whom("Ada", "Bruno", period("2026-12-24T21:00", "2026-12-25T00:20")));
    let range = period("2026-12-24T00:00", "2026-12-26T00:00");
    let changes = diff(&roster(before), &roster(after), &service(), "e", range);
    let texts: Vec<String> = changes.iter().map(|change| change.text(Rome)).collect();
    assert_eq!(
        texts,
        ["24/12 21:00–25/12 00:20: queste 3 h 20 min ora squillano a Bruno (prima: Ada)"]
    );
}

#[test]
fn records_that_would_give_two_answers_are_refused_all_at_once() {
    let night = period("2026-12-24T20:00", "2026-12-25T08:00");
    let mut broken = rotation("notti", 0, &[], "2026-12-24");
    broken.pattern = vec![4, 0];
    let records = Records {
        people: [people(&["Ada"]), people(&["Ada"])].concat(),
        overrides: vec![
            for_whom("Ada", "Bruno", night),
            for_whom("Ada", "Carla", night),
            for_whom("Eva", "Eva", night),
        ],
        rotations: vec![broken],
        ..Records::default()
    };
    let problems = Roster::new(records).expect_err("broken");
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "persone, riga 2: «Ada» c'è già alla riga 1: toglierne una o cambiarle nome",
            "rotazioni, riga 1: il livello è un numero da 1 a 99; 1 squilla per primo",
            "rotazioni, riga 1: la rotazione non ha persone: elencarne almeno una",
            "rotazioni, riga 1: ogni turno dura almeno un giorno: scrivere per esempio 7 oppure 4+3",
            "sostituzioni, riga 2: Ada è già sostituito in quel periodo (riga 1): accorciare una \
             delle due sostituzioni",
            "sostituzioni, riga 3: una persona non sostituisce sé stessa: indicarne un'altra",
        ]
    );
}
