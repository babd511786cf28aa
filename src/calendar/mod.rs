//! The time of day: when a service answers by itself, and when the offices do.
//!
//! It reads no clock and knows no telephone: civil times are arguments.
//! The law: the service is closed only while every office is open; everything
//! else (nights, weekends, holidays, what nobody thought of) is active.

mod holidays;
mod hours;
mod month;
mod names;
mod office;
mod spans;
mod typed;

use chrono::{DateTime, LocalResult, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

pub use holidays::{Holiday, Holidays, Which, YearlyDay, easter};
pub use hours::{Hours, OfficeRule};
pub use month::{Month, NotAMonth};
pub use names::{month_name, short_weekday, weekday_name};
pub use office::{Closure, GapPolicy, Office, OfficeTable, Opening};
pub use typed::{read_day, read_time};

/// The civil time that clocks in `zone` show at `at`.
pub fn local(at: DateTime<Utc>, zone: Tz) -> NaiveDateTime {
    let offset = zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    // At the ends of what a date can hold there is no other civil time to give.
    at.naive_utc().checked_add_offset(offset).unwrap_or_else(|| at.naive_utc())
}

/// The instant at which clocks in `zone` first show `local`, or first pass it.
///
/// An hour that exists twice (end of summer time) means its first passage; one that
/// does not exist (start of summer time) means the moment the clocks jump over it.
pub fn instant(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.with_timezone(&Utc),
        LocalResult::None => after_the_jump(local, zone),
    }
}

/// The first instant whose civil time is past `local`, a time the clocks jump over.
fn after_the_jump(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    // No zone jumps over more than a day, nor off a whole minute in this century.
    (0..=24 * 60)
        .filter_map(|minutes| local.checked_add_signed(TimeDelta::minutes(minutes)))
        .find_map(|later| zone.from_local_datetime(&later).earliest())
        .map_or_else(|| local.and_utc(), |at| at.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use chrono_tz::Europe::Rome;

    use super::*;

    fn civil(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    #[test]
    fn the_hour_that_exists_twice_means_its_first_passage() {
        let at = instant(civil("2026-10-25T02:30:00"), Rome);
        assert_eq!(at.to_rfc3339(), "2026-10-25T00:30:00+00:00");
        assert_eq!(local(at + TimeDelta::hours(1), Rome), civil("2026-10-25T02:30:00"));
    }

    #[test]
    fn the_hour_that_does_not_exist_means_the_jump() {
        let at = instant(civil("2027-03-28T02:30:00"), Rome);
        assert_eq!(at.to_rfc3339(), "2027-03-28T01:00:00+00:00");
        assert_eq!(local(at, Rome), civil("2027-03-28T03:00:00"));
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        for date in [NaiveDate::MIN, NaiveDate::MAX] {
            let edge = date.and_hms_opt(12, 0, 0).unwrap();
            let _ = instant(edge, chrono_tz::UTC);
        }
    }
}
