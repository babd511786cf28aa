//! Rosters of the tests, in as few words as they need.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use chrono_tz::Europe::Rome;
use polaris::calendar::instant;
use polaris::roster::{
    Absence, Entered, Ladder, Need, Override, Period, Person, Records, Roster, Rotation, Shift,
    Window,
};
use polaris::words::{PhoneNumber, ServiceId};

pub(crate) fn service() -> ServiceId {
    ServiceId::new("s")
}

/// A civil time in Rome; one that exists twice is the first.
pub(crate) fn at(civil: &str) -> DateTime<Utc> {
    instant(civil.parse().or_else(|_| format!("{civil}:00").parse()).unwrap(), Rome)
}

pub(crate) fn period(from: &str, until: &str) -> Period {
    Period::new(at(from), at(until)).unwrap()
}

pub(crate) fn person(name: &str, phones: &[&str], skills: &[&str]) -> Person {
    Person {
        service: service(),
        name: name.to_owned(),
        phones: phones.iter().map(|phone| PhoneNumber::parse(phone).unwrap()).collect(),
        skills: skills.iter().map(|&skill| skill.to_owned()).collect(),
    }
}

/// People of these names, each with a phone of their own.
pub(crate) fn people(names: &[&str]) -> Vec<Person> {
    let phone = |place| format!("+39333000{place:04}");
    names.iter().zip(1..).map(|(name, place)| person(name, &[&phone(place)], &[])).collect()
}

pub(crate) fn shift(name: &str, step: u32, period: Period) -> Shift {
    let (from, until) = (period.from(), period.until());
    Shift::new(service(), "e".into(), step, name.into(), None, from, until, Rome).unwrap()
}

pub(crate) fn time(text: &str) -> NaiveTime {
    NaiveTime::parse_from_str(text, "%H:%M").unwrap()
}

pub(crate) fn rotation(name: &str, step: u32, people: &[&str], first: &str) -> Rotation {
    Rotation {
        service: service(),
        equipe: "e".into(),
        name: name.into(),
        step,
        people: people.iter().map(|&name| name.to_owned()).collect(),
        first: first.parse::<NaiveDate>().unwrap(),
        last: None,
        handoff: time("08:00"),
        pattern: vec![1],
        window: None,
        zone: Rome,
    }
}

pub(crate) const WEEK: [Weekday; 7] = [
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
    Weekday::Sat,
    Weekday::Sun,
];

pub(crate) fn window(weekdays: &[Weekday], from: &str, until: &str) -> Option<Window> {
    Some(Window { weekdays: weekdays.to_vec(), from: time(from), until: time(until) })
}

pub(crate) fn entered() -> Entered {
    Entered { by: "M. Conte".into(), at: at("2026-12-20T10:00") }
}

pub(crate) fn for_whom(replaces: &str, by: &str, period: Period) -> Override {
    Override {
        id: format!("{replaces}-{by}"),
        service: service(),
        equipe: "e".into(),
        replaces: replaces.into(),
        by: by.into(),
        period,
        reason: "ferie".into(),
        entered: entered(),
    }
}

pub(crate) fn absence(name: &str, period: Period) -> Absence {
    let (id, reason) = (format!("via {name}"), String::new());
    Absence { id, service: service(), person: name.into(), period, reason, entered: entered() }
}

pub(crate) fn roster(records: Records) -> Roster {
    Roster::new(records).unwrap_or_else(|problems| panic!("{problems:?}"))
}

pub(crate) fn ladder(roster: &Roster, at: DateTime<Utc>) -> Ladder {
    roster.on_call(&service(), "e", at, &Need::default())
}

/// Everybody on duty, with or without a phone, by name.
pub(crate) fn on_duty(roster: &Roster, at: DateTime<Utc>) -> BTreeSet<String> {
    let ladder = ladder(roster, at);
    let rung = ladder.steps.iter().flat_map(|step| &step.responders);
    rung.map(|on_call| on_call.person.clone()).chain(ladder.without_phone.clone()).collect()
}

pub(crate) fn seconds(period: Period) -> impl Iterator<Item = DateTime<Utc>> {
    let count = (period.until() - period.from()).num_seconds();
    (0..count).map(move |second| period.from() + TimeDelta::seconds(second))
}
