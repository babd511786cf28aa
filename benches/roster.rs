//! What it costs to ask who is on duty, with a roster of the largest kind.

use std::hint::black_box;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use polaris::roster::{Need, Roster, Shift};
use polaris::words::{Clock, PhoneNumber, ServiceId, SystemClock};

/// A whole district for two months.
const RESPONDERS: u32 = 200;
const DAYS: i64 = 60;
const QUESTIONS: u32 = 2_000;

fn main() -> anyhow::Result<()> {
    let service = ServiceId::new("polaris-br4");
    let begin = Utc.timestamp_nanos(1_798_138_800_000_000_000);
    let roster = roster(&service, begin)?;
    let need = Need::default();
    let clock = SystemClock::start();
    let begun = clock.now();
    let mut found = 0;
    for nth in 0..QUESTIONS {
        let at = begin + TimeDelta::days(DAYS) / 2_000 * i32::try_from(nth)?;
        let ladder = black_box(&roster).on_call(&service, "equipe", at, &need);
        found += ladder.steps.iter().map(|step| step.responders.len()).sum::<usize>();
    }
    let each = (clock.now() - begun) / QUESTIONS;
    let mean = found as f64 / f64::from(QUESTIONS);
    println!(
        "who is on duty: {each:.2?}, {} shifts, {mean:.0} of them on duty",
        roster.records().shifts.len()
    );
    Ok(())
}

/// Everybody every day, twelve hours in turn: half of them are on duty at any instant.
fn roster(service: &ServiceId, begin: DateTime<Utc>) -> anyhow::Result<Roster> {
    let mut shifts = Vec::new();
    for day in 0..DAYS {
        for nth in 0..RESPONDERS {
            let from =
                begin + TimeDelta::days(day) + TimeDelta::hours(12) * i32::try_from(nth % 2)?;
            shifts.push(Shift::new(
                service.clone(),
                "equipe".to_owned(),
                1 + nth % 4,
                format!("Persona {nth}"),
                Some(PhoneNumber::parse(&format!("+39{}", 3_930_000_000_u64 + u64::from(nth)))?),
                from,
                from + TimeDelta::hours(12),
                chrono_tz::Europe::Rome,
            )?);
        }
    }
    Ok(Roster::from_shifts(shifts))
}
