//! Turns of duty as a calendar that people subscribe to (iCalendar, RFC 5545).
//!
//! It serves nothing and knows no database: a roster goes in, the text of a calendar comes
//! out. Law: only the final result is in it ([`Roster::stints_of`]), never a phone and never
//! why somebody is on duty; an event keeps its UID as long as the duty stays on its day.

mod token;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use icalendar::{Calendar, Component as _, Event, EventLike as _};
use sha2::{Digest as _, Sha256};

pub use token::{NotAToken, Token};

use crate::calendar::local;
use crate::roster::{DutyOf, Period, Roster, Stint};

/// The calendar of whom it is about over `range`, as it is at `now`. Times are UTC, so that
/// they are right across the nights on which clocks change; `zone` says which civil day a
/// duty begins on.
pub fn calendar(
    roster: &Roster,
    duty_of: &DutyOf,
    zone: Tz,
    range: Period,
    now: DateTime<Utc>,
) -> String {
    let mut calendar = Calendar::new();
    calendar.name(&title(duty_of));
    let mut same_day: BTreeMap<(String, String, u32, NaiveDate), u32> = BTreeMap::new();
    for (equipe, stint) in roster.stints_of(duty_of, range) {
        let day = local(stint.period.from(), zone).date();
        let person = stint.on_call.person.clone();
        let key = (equipe.clone(), person, stint.on_call.step, day);
        let nth = same_day.entry(key).or_default();
        let event = Event::new()
            .uid(&uid(duty_of, &equipe, &stint, day, *nth))
            .timestamp(now)
            .starts(stint.period.from())
            .ends(stint.period.until())
            .summary(&summary(duty_of, &equipe, &stint))
            .done();
        *nth += 1;
        calendar.push(event);
    }
    calendar.done().to_string()
}

fn title(duty_of: &DutyOf) -> String {
    match duty_of {
        DutyOf::Equipe { service, equipe } => format!("Reperibilità {service}, {equipe}"),
        DutyOf::Person { service, person } => format!("Reperibilità {service}, {person}"),
    }
}

/// «Reperibile, livello 1 (equipe)», or with the name where there are several people.
fn summary(duty_of: &DutyOf, equipe: &str, stint: &Stint) -> String {
    let step = stint.on_call.step;
    match duty_of {
        DutyOf::Equipe { .. } => format!("{}, livello {step}", stint.on_call.person),
        DutyOf::Person { .. } => format!("Reperibile, livello {step} ({equipe})"),
    }
}

/// The same for the same person, step and day, whenever the calendar is written.
fn uid(duty_of: &DutyOf, equipe: &str, stint: &Stint, day: NaiveDate, nth: u32) -> String {
    let service = duty_of.service().as_str();
    let step = stint.on_call.step.to_string();
    let (day, nth) = (day.to_string(), nth.to_string());
    let mut hash = Sha256::new();
    for part in [service, equipe, &stint.on_call.person, &step, &day, &nth] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let digits: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}@polaris", digits.get(..32).unwrap_or(&digits))
}
