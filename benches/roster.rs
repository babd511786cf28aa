//! What it costs to ask who is on duty, with a roster of the largest kind, and to prove
//! that nobody falls through for 400 days.

use std::hint::black_box;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Europe::Rome;
use polaris::calendar::{GapPolicy, Holidays, Hours, Office, OfficeRule, OfficeTable, Opening};
use polaris::roster::{
    Absence, Entered, Need, Override, Period, Person, Records, Roster, Rotation, Shift, Window,
    coverage,
};
use polaris::words::{Clock, PhoneNumber, ServiceId, SystemClock};

/// A whole district for two months.
const RESPONDERS: u32 = 200;
const DAYS: i64 = 60;
const QUESTIONS: u32 = 2_000;
/// An équipe for over a year.
const EQUIPE: u32 = 20;
const COVERED_DAYS: i64 = 400;
const PROOFS: u32 = 50;

fn main() -> anyhow::Result<()> {
    let service = ServiceId::new("polaris-br4");
    let begin = Utc.timestamp_nanos(1_798_138_800_000_000_000);
    let shifts = of_shifts(&service, begin)?;
    let records = shifts.records().shifts.len();
    ask(&shifts, &service, begin, DAYS, &format!("{records} shifts"))?;
    let equipe = of_rotations(&service, begin)?;
    ask(&equipe, &service, begin, COVERED_DAYS, "20 people who take turns")?;
    prove(&equipe, &service, begin)
}

fn ask(
    roster: &Roster,
    service: &ServiceId,
    begin: DateTime<Utc>,
    days: i64,
    of: &str,
) -> anyhow::Result<()> {
    let need = Need::default();
    let clock = SystemClock::start();
    let begun = clock.now();
    let mut found = 0;
    for nth in 0..QUESTIONS {
        let at = begin + TimeDelta::days(days) / 2_000 * i32::try_from(nth)?;
        let ladder = black_box(roster).on_call(service, "equipe", at, &need);
        found += ladder.steps.iter().map(|step| step.responders.len()).sum::<usize>();
    }
    let each = (clock.now().since(begun)) / QUESTIONS;
    let mean = found as f64 / f64::from(QUESTIONS);
    println!("who is on duty: {each:.2?}, {of}, {mean:.0} on duty");
    Ok(())
}

fn prove(roster: &Roster, service: &ServiceId, begin: DateTime<Utc>) -> anyhow::Result<()> {
    let range = Period::new(begin, begin + TimeDelta::days(COVERED_DAYS))?;
    let hours = hours()?;
    let clock = SystemClock::start();
    for (name, hours) in [("always", Hours::always()), ("beside nine offices", hours)] {
        let begun = clock.now();
        let mut findings = 0;
        for _ in 0..PROOFS {
            let proof = coverage(black_box(roster), service, "equipe", &hours, Rome, range);
            findings = proof.findings.len();
        }
        let each = (clock.now().since(begun)) / PROOFS;
        println!("coverage of 400 days, 20 people, {name}: {each:.2?}, {findings} findings");
    }
    Ok(())
}

/// Everybody every day, twelve hours in turn: half of them are on duty at any instant.
fn of_shifts(service: &ServiceId, begin: DateTime<Utc>) -> anyhow::Result<Roster> {
    let mut shifts = Vec::new();
    for day in 0..DAYS {
        for nth in 0..RESPONDERS {
            let from =
                begin + TimeDelta::days(day) + TimeDelta::hours(12) * i32::try_from(nth % 2)?;
            shifts.push(Shift::new(
                service.clone(),
                "equipe".to_owned(),
                1 + nth % 4,
                name(nth),
                Some(phone(nth)?),
                from,
                from + TimeDelta::hours(12),
                Rome,
            )?);
        }
    }
    Ok(Roster::from_shifts(shifts))
}

/// Twenty people in four rotations (weekly, 4+3, two by night and day), with a shift each
/// week, an override each week and an absence each month.
fn of_rotations(service: &ServiceId, begin: DateTime<Utc>) -> anyhow::Result<Roster> {
    let at = |day: i64, hour: i64| begin + TimeDelta::days(day) + TimeDelta::hours(hour);
    let entered = Entered { by: "M. Conte".to_owned(), at: begin };
    let mut records = Records::default();
    for nth in 0..EQUIPE {
        let (service, phones) = (service.clone(), vec![phone(nth)?, phone(nth + 100)?]);
        records.people.push(Person { service, name: name(nth), phones, skills: [].into() });
    }
    let time = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
    let week = [0, 1, 2, 3, 4, 5, 6].map(|day| Weekday::try_from(day).unwrap_or(Weekday::Sun));
    let window = |from, until| {
        Some(Window { weekdays: week.to_vec(), from: time(from), until: time(until) })
    };
    let rotations = [
        (1, vec![1], window(20, 8)),
        (1, vec![1], window(8, 20)),
        (2, vec![4, 3], None),
        (3, vec![7], None),
    ];
    for (nth, (step, pattern, window)) in (0..).zip(rotations) {
        records.rotations.push(Rotation {
            service: service.clone(),
            equipe: "equipe".to_owned(),
            name: format!("rotazione {nth}"),
            step,
            people: (0..5).map(|place| name(nth * 5 + place)).collect(),
            first: NaiveDate::from_ymd_opt(2026, 1, 5).unwrap_or_default(),
            last: None,
            handoff: time(8),
            pattern,
            window,
            zone: Rome,
        });
    }
    for nth in 0..57 {
        let (day, person) = (i64::from(nth) * 7, name(nth % EQUIPE));
        let id = nth.to_string();
        let (service, equipe) = (service.clone(), "equipe".to_owned());
        let (from, until) = (at(day, 0), at(day, 12));
        let shift = Shift::new(
            service.clone(),
            equipe.clone(),
            1,
            person.clone(),
            None,
            from,
            until,
            Rome,
        )?;
        records.shifts.push(shift);
        let (by, reason) = (name((nth + 1) % EQUIPE), "ferie".to_owned());
        let period = Period::new(at(day + 2, 3), at(day + 3, 3))?;
        let entered = entered.clone();
        if nth % 4 == 0 {
            let (id, service, person) = (id.clone(), service.clone(), name((nth + 7) % EQUIPE));
            let (reason, entered) = (reason.clone(), entered.clone());
            records.absences.push(Absence { id, service, person, period, reason, entered });
        }
        let replaces = person;
        records.overrides.push(Override {
            id,
            service,
            equipe,
            replaces,
            by,
            period,
            reason,
            entered,
        });
    }
    Roster::new(records).map_err(|problems| anyhow::anyhow!("{problems:?}"))
}

/// Nine offices, Monday to Friday mornings.
fn hours() -> anyhow::Result<Hours> {
    let time = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
    let morning = Opening::new(time(8), time(14)).ok_or_else(|| anyhow::anyhow!("a morning"))?;
    let mut openings = Vec::new();
    for day in 0..5 {
        openings.push((Weekday::try_from(day)?, morning));
    }
    let table = OfficeTable { from: None, until: None, openings };
    let office = |nth| Office {
        comune: format!("Comune {nth}"),
        tables: vec![table.clone()],
        patrons: Vec::new(),
        closures: Vec::new(),
    };
    Ok(Hours::beside(OfficeRule {
        ends: time(8),
        lead: TimeDelta::minutes(30),
        gap: GapPolicy::Cover,
        holidays: Holidays::italian(),
        closures: Vec::new(),
        offices: (0..9).map(office).collect(),
    }))
}

fn name(nth: u32) -> String {
    format!("Persona {nth}")
}

fn phone(nth: u32) -> anyhow::Result<PhoneNumber> {
    Ok(PhoneNumber::parse(&format!("+39{}", 3_930_000_000_u64 + u64::from(nth)))?)
}
