//! Civil times as people write them, and the two nights on which that goes wrong.

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// Why a written time names no instant, or more than one. In Italian: the
/// coordinator reads it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CivilTimeError {
    /// Not of the form `2026-12-24T20:00`.
    #[error("non è un orario: scriverlo come 2026-12-24T20:00")]
    Form,
    /// The clocks jump over it, in spring.
    #[error("quell'ora non esiste: quella notte si passa all'ora legale; scrivere {0}")]
    Skipped(String),
    /// The clocks show it twice, in autumn.
    #[error(
        "quell'ora c'è due volte: quella notte finisce l'ora legale; \
         scrivere {first} per la prima o {second} per la seconda"
    )]
    Twice {
        /// How to write the first of the two.
        first: String,
        /// How to write the second.
        second: String,
    },
}

const FORMS: [&str; 4] =
    ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"];
const WITH_OFFSET: [&str; 2] = ["%Y-%m-%dT%H:%M%:z", "%Y-%m-%dT%H:%M:%S%:z"];

/// Reads `2026-12-24T20:00` as civil time of `zone`; an offset may follow, and then
/// says which of two equal times is meant.
///
/// # Errors
/// Why the text names no single instant, and what to write.
pub fn read(text: &str, zone: Tz) -> Result<DateTime<Utc>, CivilTimeError> {
    for form in WITH_OFFSET {
        if let Ok(at) = DateTime::parse_from_str(text, form) {
            return Ok(at.to_utc());
        }
    }
    let civil = FORMS
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .ok_or(CivilTimeError::Form)?;
    match zone.from_local_datetime(&civil) {
        MappedLocalTime::Single(at) => Ok(at.to_utc()),
        MappedLocalTime::Ambiguous(first, second) => {
            Err(CivilTimeError::Twice { first: with_offset(&first), second: with_offset(&second) })
        }
        MappedLocalTime::None => Err(CivilTimeError::Skipped(after_the_jump(civil, zone))),
    }
}

/// Writes `at` so that [`read`] gives it back: with an offset only where the civil
/// time alone would name two instants.
pub fn write(at: DateTime<Utc>, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    match zone.from_local_datetime(&local.naive_local()) {
        MappedLocalTime::Single(_) => local.format(form_of(at)).to_string(),
        _ => with_offset(&local),
    }
}

fn form_of(at: DateTime<Utc>) -> &'static str {
    if at.timestamp() % 60 == 0 { FORMS[0] } else { FORMS[1] }
}

fn with_offset(local: &DateTime<Tz>) -> String {
    format!("{}{}", local.format(form_of(local.to_utc())), local.offset().fix())
}

/// The first whole quarter of an hour that exists again after `civil`.
fn after_the_jump(civil: NaiveDateTime, zone: Tz) -> String {
    (0..=8)
        .filter_map(|quarters| {
            let later = civil.checked_add_signed(TimeDelta::minutes(15 * quarters))?;
            zone.from_local_datetime(&later).earliest()
        })
        .next()
        .map_or_else(String::new, |local| {
            // The jump ends on a full hour everywhere in the European Union.
            format!("{}00", local.format("%Y-%m-%dT%H:"))
        })
}
