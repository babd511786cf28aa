//! Days and times as people type them and as browsers send them.

use std::ops::RangeInclusive;

use chrono::{Datelike as _, NaiveDate, NaiveDateTime};

/// `24/12/2026`, `24.12.2026`, `2026-12-24`.
pub fn read_day(typed: &str) -> Option<NaiveDate> {
    let read = |form: &&str| NaiveDate::parse_from_str(typed, form).ok();
    DAYS.iter().find_map(|form| read(form).filter(|day| YEARS.contains(&day.year())))
}

/// A day as [`read_day`] reads it and a time, `20:15` or `20.15`; by no clock in particular.
pub fn read_time(typed: &str) -> Option<NaiveDateTime> {
    let read = |form: &&str| NaiveDateTime::parse_from_str(typed, form).ok();
    TIMES.iter().find_map(|form| read(form).filter(|time| YEARS.contains(&time.year())))
}

const DAYS: [&str; 3] = ["%d/%m/%Y", "%d.%m.%Y", "%Y-%m-%d"];
const TIMES: [&str; 7] = [
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H.%M",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H.%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M:%S",
];
/// Years somebody means: `26` alone would be another age.
const YEARS: RangeInclusive<i32> = 1900..=2199;
