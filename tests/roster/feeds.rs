//! Calendars, read back with a parser that is not ours.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Europe::Rome;
use polaris::feed::calendar;
use polaris::roster::{
    DutyOf, Entered, Override, Period, Person, Records, Roster, Shift, read_csv,
};
use polaris::words::{PhoneNumber, ServiceId};

/// One event as the other parser reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Event {
    uid: String,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    title: String,
}

fn rome(civil: &str) -> DateTime<Utc> {
    let civil = NaiveDateTime::parse_from_str(civil, "%Y-%m-%dT%H:%M").unwrap();
    Rome.from_local_datetime(&civil).unwrap().to_utc()
}

fn events(text: &str) -> Vec<Event> {
    let mut calendars = ical::IcalParser::new(text.as_bytes());
    let calendar = calendars.next().unwrap().unwrap();
    assert!(calendars.next().is_none());
    let event = |event: &ical::parser::ical::component::IcalEvent| {
        let value = |name: &str| {
            let mut found = event.properties.iter().filter(|property| property.name == name);
            let property = found.next().unwrap_or_else(|| panic!("no {name}: {event:?}"));
            assert!(found.next().is_none() && property.params.is_none(), "{event:?}");
            property.value.clone().unwrap()
        };
        let instant = |name: &str| {
            NaiveDateTime::parse_from_str(&value(name), "%Y%m%dT%H%M%SZ").unwrap().and_utc()
        };
        value("DTSTAMP");
        Event {
            uid: value("UID"),
            from: instant("DTSTART"),
            until: instant("DTEND"),
            title: value("SUMMARY").replace("\\,", ",").replace("\\n", "\n"),
        }
    };
    calendar.events.iter().map(event).collect()
}

fn shifts(rows: &str) -> Vec<Shift> {
    read_csv(&format!("service,equipe,step,person,phone,from,until\n{rows}"), Rome).unwrap()
}

const ROWS: &str = "s,e,1,Ada,+393330000001,2026-10-24T20:00,2026-10-25T08:00\n\
     s,e,2,Bruno,+393330000002,2026-10-24T20:00,2026-10-25T08:00\n\
     s,f,1,Ada,+393330000001,2027-03-27T20:00,2027-03-28T08:00\n";

fn read(roster: &Roster, duty_of: &DutyOf) -> Vec<Event> {
    let range = Period::new(rome("2026-10-01T00:00"), rome("2027-10-01T00:00")).unwrap();
    let text = calendar(roster, duty_of, Rome, range, rome("2026-10-02T12:00"));
    assert!(text.lines().all(|line| line.len() <= 75), "{text}");
    for secret in ["333000", "turno", "posto di", "ferie"] {
        assert!(!text.contains(secret), "«{secret}» stands in {text}");
    }
    events(&text)
}

fn ada() -> DutyOf {
    DutyOf::Person { service: ServiceId::new("s"), person: "Ada".into() }
}

fn equipe() -> DutyOf {
    DutyOf::Equipe { service: ServiceId::new("s"), equipe: "e".into() }
}

#[test]
fn the_nights_on_which_clocks_change_last_what_the_wall_clock_says() {
    let found = read(&Roster::from_shifts(shifts(ROWS)), &ada());
    let of = |from: &str, until: &str, hours, title: &str| {
        (rome(from), rome(until), TimeDelta::hours(hours), title.to_owned())
    };
    let read: Vec<_> = found
        .iter()
        .map(|event| (event.from, event.until, event.until - event.from, event.title.clone()))
        .collect();
    assert_eq!(
        read,
        [
            of("2026-10-24T20:00", "2026-10-25T08:00", 13, "Reperibile, livello 1 (e)"),
            of("2027-03-27T20:00", "2027-03-28T08:00", 11, "Reperibile, livello 1 (f)"),
        ]
    );
}

#[test]
fn an_equipe_shows_everybody_by_name_and_step_as_it_ends_up() {
    let substitution = Override {
        id: "1".into(),
        service: ServiceId::new("s"),
        equipe: "e".into(),
        replaces: "Ada".into(),
        by: "Eva, detta\nlunga".into(),
        period: Period::new(rome("2026-10-24T22:00"), rome("2026-10-25T00:00")).unwrap(),
        reason: "ferie".into(),
        entered: Entered { by: "M. Conte".into(), at: rome("2026-10-01T00:00") },
    };
    let eva = Person {
        service: ServiceId::new("s"),
        name: "Eva, detta\nlunga".into(),
        phones: vec![PhoneNumber::parse("+393330000003").unwrap()],
        skills: BTreeSet::new(),
    };
    let records = Records {
        shifts: shifts(ROWS),
        overrides: vec![substitution],
        people: vec![eva],
        ..Records::default()
    };
    let found = read(&Roster::new(records).unwrap(), &equipe());
    let titles: Vec<&str> = found.iter().map(|event| event.title.as_str()).collect();
    assert_eq!(
        titles,
        ["Ada, livello 1", "Bruno, livello 2", "Eva, detta\nlunga, livello 1", "Ada, livello 1"]
    );
    let uids: BTreeSet<&str> = found.iter().map(|event| event.uid.as_str()).collect();
    assert_eq!(uids.len(), 4, "two duties of one day are two events");
}

#[test]
fn an_event_keeps_its_uid_when_its_duty_is_moved_within_the_day() {
    let uids = |rows: &str| -> Vec<String> {
        let found = read(&Roster::from_shifts(shifts(rows)), &ada());
        found.into_iter().map(|event| event.uid).collect()
    };
    let before = uids(ROWS);
    assert_eq!(uids(ROWS), before);
    assert_eq!(uids(&ROWS.replace("24T20:00", "24T22:00")), before);
    let other_day = uids(&ROWS.replace("2026-10-24T20:00", "2026-10-23T20:00"));
    assert!(other_day[0] != before[0] && other_day[1] == before[1]);
}
