//! The nights other systems get wrong, one promise each.

use chrono::{Datelike, TimeDelta, Weekday};
use chrono_tz::Europe::Rome;
use polaris::calendar::local;
use polaris::roster::{Need, Records, Requirement, Roster, Swap, TurnId};
use polaris::words::Category;

use crate::support::*;

fn named(roster: &Roster, civil: &str) -> Vec<String> {
    on_duty(roster, at(civil)).into_iter().collect()
}

fn fridays() -> Roster {
    let mut nights = rotation("notti", 1, &["Ada"], "2026-12-01");
    nights.window = window(&[Weekday::Fri], "20:00", "08:00");
    let people = people(&["Ada"]);
    roster(Records { people, rotations: vec![nights], ..Records::default() })
}

#[test]
fn a_friday_night_window_is_on_duty_on_friday_night_and_on_saturday_morning() {
    let roster = fridays();
    for (civil, on_duty) in [
        ("2026-12-18T19:59:59", false),
        ("2026-12-18T20:00:00", true),
        ("2026-12-18T23:59:59", true),
        ("2026-12-19T00:00:00", true),
        ("2026-12-19T07:59:59", true),
        ("2026-12-19T08:00:00", false),
        ("2026-12-19T20:00:00", false),
        ("2026-12-18T07:59:59", false),
    ] {
        assert_eq!(!named(&roster, civil).is_empty(), on_duty, "{civil}");
    }
}

#[test]
fn not_one_second_is_uncovered_at_midnight_between_two_shifts_or_turns() {
    let around = period("2026-12-24T23:58", "2026-12-25T00:02");
    let shifts = vec![
        shift("Ada", 1, period("2026-12-24T16:00", "2026-12-25T00:00")),
        shift("Bruno", 1, period("2026-12-25T00:00", "2026-12-25T08:00")),
    ];
    let mut turns = rotation("giorni", 1, &["Ada", "Bruno"], "2026-12-24");
    turns.handoff = time("00:00");
    let people = people(&["Ada", "Bruno"]);
    let of_shifts = Records { people: people.clone(), shifts, ..Records::default() };
    let of_turns = Records { people, rotations: vec![turns], ..Records::default() };
    for records in [of_shifts, of_turns] {
        let roster = roster(records);
        for second in seconds(around) {
            let expected = if second < at("2026-12-25T00:00") { "Ada" } else { "Bruno" };
            let found: Vec<String> = on_duty(&roster, second).into_iter().collect();
            assert_eq!(found, [expected], "{second}");
        }
    }
}

#[test]
fn a_turn_is_tested_in_civil_time_and_not_in_utc_against_the_weekday_of_today() {
    // 00:30 on Saturday in Rome is still Friday in UTC, and 20:30 on Friday in summer is
    // 18:30 in UTC, before the window by its letter.
    let mut saturdays = rotation("sabati", 1, &["Ada"], "2026-06-01");
    saturdays.window = window(&[Weekday::Sat], "00:00", "06:00");
    let people = people(&["Ada"]);
    let roster = roster(Records { people, rotations: vec![saturdays], ..Records::default() });
    let friday_in_utc = at("2026-07-04T00:30");
    assert_eq!(friday_in_utc.weekday(), Weekday::Fri);
    assert_eq!(local(friday_in_utc, Rome).weekday(), Weekday::Sat);
    assert_eq!(named(&roster, "2026-07-04T00:30"), ["Ada"]);
    assert!(named(&roster, "2026-07-04T06:30").is_empty());
    assert_eq!(named(&fridays(), "2027-07-02T20:30"), ["Ada"]);
    assert!(named(&fridays(), "2027-07-02T19:30").is_empty());
}

#[test]
fn a_night_on_which_the_clocks_change_lasts_what_the_wall_clock_says() {
    let mut nights = rotation("notti", 1, &["Ada"], "2026-10-01");
    nights.window = window(&WEEK, "20:00", "08:00");
    let people = people(&["Ada"]);
    let roster = roster(Records { people, rotations: vec![nights], ..Records::default() });
    for (eve, morning, hours) in [
        ("2026-10-24T12:00", "2026-10-25T12:00", 13),
        ("2027-03-27T12:00", "2027-03-28T12:00", 11),
        ("2026-12-24T12:00", "2026-12-25T12:00", 12),
    ] {
        let turns = roster.turns(&service(), "e", period(eve, morning));
        assert_eq!(turns.len(), 1);
        let length = turns[0].period.until() - turns[0].period.from();
        assert_eq!(length, TimeDelta::hours(hours), "{eve}");
    }
}

#[test]
fn a_handoff_at_an_hour_that_does_not_exist_or_exists_twice_leaves_no_gap() {
    for (first, night) in [
        ("2026-10-20", period("2026-10-25T00:00", "2026-10-25T06:00")),
        ("2027-03-20", period("2027-03-28T00:00", "2027-03-28T06:00")),
    ] {
        let mut turns = rotation("giorni", 1, &["Ada", "Bruno"], first);
        turns.handoff = time("02:30");
        let people = people(&["Ada", "Bruno"]);
        let roster = roster(Records { people, rotations: vec![turns], ..Records::default() });
        for second in seconds(night).step_by(60) {
            assert_eq!(on_duty(&roster, second).len(), 1, "{second}");
        }
    }
}

#[test]
fn why_says_the_rule_the_swap_the_override_and_the_requirement() {
    let mut records = Records {
        people: people(&["Ada Greco", "Bruno", "Carla"]),
        shifts: vec![shift("Ada Greco", 1, period("2026-12-24T20:00", "2026-12-25T08:00"))],
        overrides: vec![for_whom(
            "Ada Greco",
            "Bruno",
            period("2026-12-24T22:00", "2026-12-25T00:00"),
        )],
        rotations: vec![rotation("notti", 2, &["Carla"], "2026-12-21")],
        ..Records::default()
    };
    records.people[2].skills.insert("donna".into());
    records.requirements.push(Requirement {
        service: service(),
        equipe: "e".into(),
        category: Some(Category::Violence),
        comune: None,
        skill: "donna".into(),
    });
    let why = |records: &Records, civil: &str, category| {
        let need = Need { category, comune: None };
        let ladder = roster(records.clone()).on_call(&service(), "e", at(civil), &need);
        let first = ladder.steps[0].responders[0].clone();
        (first.why, ladder.missed)
    };
    let anything = Category::Unspecified;
    assert_eq!(why(&records, "2026-12-24T21:00", anything).0, "turno 20:00–08:00");
    assert_eq!(
        why(&records, "2026-12-24T23:00", anything).0,
        "turno 20:00–08:00, al posto di Ada Greco (ferie), disposto da M. Conte il 20/12"
    );
    assert_eq!(
        why(&records, "2026-12-24T21:00", Category::Violence).0,
        "rotazione notti, turno dal 24/12 08:00, ha il requisito donna"
    );
    records.people[2].skills.clear();
    assert_eq!(why(&records, "2026-12-24T21:00", Category::Violence).1, ["donna"]);
    let turn = TurnId::Shift(records.shifts[0].id.clone());
    let (id, approved) = ("scambio".to_owned(), Some(entered()));
    let (service, equipe, to) = (service(), "e".to_owned(), "Carla".to_owned());
    records.swaps.push(Swap { id, service, equipe, turn, to, entered: entered(), approved });
    assert_eq!(
        why(&records, "2026-12-24T23:00", anything).0,
        "turno 20:00–08:00, scambio con Ada Greco"
    );
    // Moved by two hours, the turn stays swapped.
    records.shifts = vec![shift("Ada Greco", 1, period("2026-12-24T18:00", "2026-12-25T06:00"))];
    assert!(why(&records, "2026-12-24T18:30", anything).0.ends_with("scambio con Ada Greco"));
}
