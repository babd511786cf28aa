//! The office of one Comune: on which days, from when to when, somebody is there.

use std::ops::Range;

use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta, Weekday};
use serde::{Deserialize, Serialize};

use super::YearlyDay;

/// One opening of an office: it closes after it opened, on the same day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    open: NaiveTime,
    close: NaiveTime,
}

impl Opening {
    /// An opening, if `open` is before `close`.
    pub fn new(open: NaiveTime, close: NaiveTime) -> Option<Self> {
        (open < close).then_some(Self { open, close })
    }

    /// When the door opens.
    pub fn open(self) -> NaiveTime {
        self.open
    }

    /// When it closes.
    pub fn close(self) -> NaiveTime {
        self.close
    }
}

/// A week of openings, valid between two dates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OfficeTable {
    /// First day it holds; `None` since ever.
    pub from: Option<NaiveDate>,
    /// Last day it holds, included; `None` until further notice.
    pub until: Option<NaiveDate>,
    /// Weekday and opening; a weekday may have several.
    pub openings: Vec<(Weekday, Opening)>,
}

impl OfficeTable {
    fn holds_on(&self, day: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }
}

/// Days on which an office that would work does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closure {
    /// First day.
    pub from: NaiveDate,
    /// Last day, included.
    pub until: NaiveDate,
    /// Why, in Italian, for people to read; may be empty.
    pub reason: String,
}

impl Closure {
    /// Whether the office is shut on `day`.
    pub fn covers(&self, day: NaiveDate) -> bool {
        self.from <= day && day <= self.until
    }
}

/// What happens between two openings of one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum GapPolicy {
    /// The service answers while the office is at lunch.
    #[default]
    Cover,
    /// By the letter of the notice: only the last closing of the day counts.
    Letter,
}

/// The office of one Comune.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Office {
    /// What people call the Comune.
    pub comune: String,
    /// Its weeks; where several hold on a day, the last one does.
    pub tables: Vec<OfficeTable>,
    /// Its patron days.
    pub patrons: Vec<YearlyDay>,
    /// Its extraordinary closures.
    pub closures: Vec<Closure>,
}

impl Office {
    /// The openings of `day`, in order; none on its patron day or when it is shut.
    ///
    /// National holidays and Sundays are the caller's to exclude.
    pub(super) fn openings(&self, day: NaiveDate) -> Vec<Opening> {
        let free = self.patrons.iter().any(|patron| patron.is(day))
            || self.closures.iter().any(|closure| closure.covers(day));
        if free {
            return Vec::new();
        }
        let table = self.tables.iter().rev().find(|table| table.holds_on(day));
        let mut openings: Vec<Opening> = table
            .into_iter()
            .flat_map(|table| &table.openings)
            .filter(|(weekday, _)| *weekday == day.weekday())
            .map(|(_, opening)| *opening)
            .collect();
        openings.sort_by_key(|opening| (opening.open, opening.close));
        openings
    }
}

/// When on a day with these `openings` the service leaves the answering to the
/// office: from `ends` until `lead` before the last closing, less the gaps that
/// `policy` covers.
pub(super) fn closed_spans(
    openings: &[Opening],
    ends: NaiveTime,
    lead: TimeDelta,
    policy: GapPolicy,
) -> Vec<Range<NaiveTime>> {
    let Some(last) = openings.iter().map(|opening| opening.close).max() else {
        return Vec::new();
    };
    let (until, days_over) = last.overflowing_sub_signed(lead);
    if days_over != 0 {
        return Vec::new();
    }
    let mut spans = Vec::new();
    let mut start = ends;
    let mut shut = None;
    for opening in openings {
        if let Some(shut) = shut.filter(|shut| *shut < opening.open && policy == GapPolicy::Cover) {
            spans.push(start..until.min(shut));
            start = start.max(opening.open);
        }
        shut = shut.max(Some(opening.close));
    }
    spans.push(start..until);
    spans.retain(|span| !span.is_empty());
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> NaiveTime {
        text.parse().unwrap()
    }

    fn spans(openings: &[(&str, &str)], lead: i64, policy: GapPolicy) -> String {
        let openings: Vec<Opening> = openings
            .iter()
            .map(|(open, close)| Opening::new(time(open), time(close)).unwrap())
            .collect();
        closed_spans(&openings, time("08:00:00"), TimeDelta::minutes(lead), policy)
            .iter()
            .map(|span| format!("{}-{} ", span.start.format("%H:%M"), span.end.format("%H:%M")))
            .collect::<String>()
            .trim_end()
            .to_owned()
    }

    #[test]
    fn the_lunch_gap_is_covered_or_follows_the_letter() {
        let tuesday = [("08:00:00", "14:00:00"), ("15:30:00", "18:00:00")];
        assert_eq!(spans(&tuesday, 30, GapPolicy::Letter), "08:00-17:30");
        assert_eq!(spans(&tuesday, 30, GapPolicy::Cover), "08:00-14:00 15:30-17:30");
    }

    #[test]
    fn odd_openings_only_ever_make_the_service_answer_more() {
        use GapPolicy::Cover;
        assert_eq!(spans(&[], 30, Cover), "");
        assert_eq!(spans(&[("06:00:00", "08:20:00")], 30, Cover), "");
        assert_eq!(spans(&[("00:00:00", "00:10:00")], 30, Cover), "");
        // A gap before the service ends, and an afternoon shorter than the lead.
        assert_eq!(
            spans(&[("06:00:00", "07:00:00"), ("09:00:00", "12:00:00")], 30, Cover),
            "09:00-11:30"
        );
        assert_eq!(
            spans(&[("08:00:00", "14:00:00"), ("15:00:00", "15:20:00")], 30, Cover),
            "08:00-14:00"
        );
        // Openings that overlap have no gap.
        assert_eq!(
            spans(&[("08:00:00", "14:00:00"), ("09:00:00", "10:00:00")], 30, Cover),
            "08:00-13:30"
        );
    }
}
