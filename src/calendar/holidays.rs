//! Days that come back every year: national holidays and patron days.

use chrono::{Datelike, Days, NaiveDate, Weekday};

/// A rule that names at most one day a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum YearlyDay {
    /// The same date every year; 29 February exists only in leap years.
    Fixed {
        /// 1–12.
        month: u32,
        /// 1–31.
        day: u32,
    },
    /// A weekday of a month: the first Sunday of July.
    Weekday {
        /// Which of them.
        which: Which,
        /// The weekday.
        weekday: Weekday,
        /// 1–12.
        month: u32,
    },
    /// So many days after Easter Sunday; negative before it.
    Easter {
        /// Days after Easter Sunday.
        offset: i16,
    },
}

/// Which one among the same weekdays of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The n-th, from 1; a fifth exists only in some months.
    Nth(u8),
    /// The last.
    Last,
}

impl YearlyDay {
    /// The day of `year`, if that year has one.
    pub fn in_year(self, year: i32) -> Option<NaiveDate> {
        match self {
            Self::Fixed { month, day } => NaiveDate::from_ymd_opt(year, month, day),
            Self::Weekday { which: Which::Nth(n), weekday, month } => {
                NaiveDate::from_weekday_of_month_opt(year, month, weekday, n)
            }
            Self::Weekday { which: Which::Last, weekday, month } => (4..=5)
                .rev()
                .find_map(|n| NaiveDate::from_weekday_of_month_opt(year, month, weekday, n)),
            Self::Easter { offset } => {
                let sunday = easter(year)?;
                let days = Days::new(u64::from(offset.unsigned_abs()));
                if offset < 0 {
                    sunday.checked_sub_days(days)
                } else {
                    sunday.checked_add_days(days)
                }
            }
        }
    }

    /// Whether `date` is that day of its year.
    pub fn is(self, date: NaiveDate) -> bool {
        self.in_year(date.year()) == Some(date)
    }
}

/// Easter Sunday of the Gregorian `year`, 1583–9999 (Meeus/Jones/Butcher).
pub fn easter(year: i32) -> Option<NaiveDate> {
    let day = computus::gregorian(year).ok()?;
    NaiveDate::from_ymd_opt(day.year, day.month, day.day)
}

/// A holiday for everybody, from the year a law made it one until a law ends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holiday {
    /// Its day.
    pub day: YearlyDay,
    /// What people call it, in Italian.
    pub name: String,
    /// The first year it is kept; `None` for as long as anyone asks.
    pub since: Option<i32>,
    /// The first year it is kept no more; `None` while no law says so.
    pub until: Option<i32>,
}

/// The days on which no office in the country works, Sundays included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holidays(Vec<Holiday>);

/// Art. 2 L. 260/1949 as it stands: L. 54/1977 took days away, L. 336/2000 gave
/// back 2 June, L. 151/2025 adds 4 October from 1 January 2026. The codified list
/// still names abolished days; they are not here.
const ITALIAN: [(YearlyDay, &str, Option<i32>); 13] = [
    (YearlyDay::Fixed { month: 1, day: 1 }, "Capodanno", None),
    (YearlyDay::Fixed { month: 1, day: 6 }, "Epifania", None),
    (YearlyDay::Easter { offset: 0 }, "Pasqua", None),
    (YearlyDay::Easter { offset: 1 }, "Lunedì dell'Angelo", None),
    (YearlyDay::Fixed { month: 4, day: 25 }, "Liberazione", None),
    (YearlyDay::Fixed { month: 5, day: 1 }, "Festa del lavoro", None),
    (YearlyDay::Fixed { month: 6, day: 2 }, "Festa della Repubblica", None),
    (YearlyDay::Fixed { month: 8, day: 15 }, "Assunzione", None),
    (YearlyDay::Fixed { month: 10, day: 4 }, "San Francesco", Some(2026)),
    (YearlyDay::Fixed { month: 11, day: 1 }, "Ognissanti", None),
    (YearlyDay::Fixed { month: 12, day: 8 }, "Immacolata", None),
    (YearlyDay::Fixed { month: 12, day: 25 }, "Natale", None),
    (YearlyDay::Fixed { month: 12, day: 26 }, "Santo Stefano", None),
];

impl Holidays {
    /// The national holidays of Italy.
    pub fn italian() -> Self {
        let holiday = |(day, name, since): (YearlyDay, &str, Option<i32>)| Holiday {
            day,
            name: name.to_owned(),
            since,
            until: None,
        };
        Self(ITALIAN.into_iter().map(holiday).collect())
    }

    /// Adds a day a new law made a holiday.
    pub fn add(&mut self, holiday: Holiday) {
        self.0.push(holiday);
    }

    /// Ends a holiday with the year a law took it away, `None` for every year there is.
    /// Says whether `day` was one.
    pub fn abolish(&mut self, day: YearlyDay, since: Option<i32>) -> bool {
        let Some(holiday) = self.0.iter_mut().find(|holiday| holiday.day == day) else {
            return false;
        };
        holiday.until = Some(since.unwrap_or(i32::MIN));
        true
    }

    /// Whether no office works on `date`: a Sunday or a holiday.
    pub fn is_holiday(&self, date: NaiveDate) -> bool {
        date.weekday() == Weekday::Sun || self.on(date).is_some()
    }

    /// The holiday kept on `date`.
    pub fn on(&self, date: NaiveDate) -> Option<&Holiday> {
        self.0.iter().find(|holiday| {
            holiday.since.is_none_or(|since| date.year() >= since)
                && holiday.until.is_none_or(|until| date.year() < until)
                && holiday.day.is(date)
        })
    }
}

impl Default for Holidays {
    fn default() -> Self {
        Self::italian()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn easter_is_when_the_almanac_says() {
        for text in
            ["2026-04-05", "2027-03-28", "2028-04-16", "2029-04-01", "2030-04-21", "2031-04-13"]
        {
            assert_eq!(easter(day(text).year()), Some(day(text)));
        }
        assert_eq!(easter(1), None);
    }

    #[test]
    fn saint_francis_is_kept_from_2026() {
        let holidays = Holidays::italian();
        assert!(!holidays.is_holiday(day("2023-10-04")));
        assert!(holidays.is_holiday(day("2027-10-04")));
    }

    #[test]
    fn abolished_days_are_working_days() {
        let holidays = Holidays::italian();
        for text in ["2026-03-19", "2026-06-29", "2026-11-04", "2026-05-14", "2026-06-04"] {
            assert!(!holidays.is_holiday(day(text)), "{text}");
        }
    }

    #[test]
    fn a_law_can_end_a_holiday() {
        let mut holidays = Holidays::italian();
        let epiphany = YearlyDay::Fixed { month: 1, day: 6 };
        assert!(holidays.abolish(epiphany, Some(2031)));
        assert!(holidays.is_holiday(day("2030-01-06")) && !holidays.is_holiday(day("2031-01-06")));
        assert!(!holidays.abolish(YearlyDay::Fixed { month: 1, day: 7 }, None));
    }

    #[test]
    fn every_year_has_its_holidays() {
        let holidays = Holidays::italian();
        for year in 2026..2100 {
            let start = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
            let kept = start.iter_days().take_while(|date| date.year() == year);
            let named = kept.filter(|date| holidays.on(*date).is_some()).count();
            // Easter Monday may fall on 25 April.
            assert!(named == 13 || named == 12, "{year}: {named}");
        }
    }

    #[test]
    fn patron_rules_find_their_day() {
        let rule = |which, month| YearlyDay::Weekday { which, weekday: Weekday::Sun, month };
        assert_eq!(rule(Which::Nth(1), 7).in_year(2026), Some(day("2026-07-05")));
        assert_eq!(rule(Which::Nth(4), 6).in_year(2026), Some(day("2026-06-28")));
        assert_eq!(rule(Which::Last, 5).in_year(2026), Some(day("2026-05-31")));
        assert_eq!(rule(Which::Last, 6).in_year(2026), Some(day("2026-06-28")));
        assert_eq!(rule(Which::Nth(5), 6).in_year(2026), None);
        assert_eq!(rule(Which::Nth(0), 6).in_year(2026), None);
        assert_eq!(YearlyDay::Easter { offset: 2 }.in_year(2027), Some(day("2027-03-30")));
        assert_eq!(YearlyDay::Easter { offset: -2 }.in_year(2027), Some(day("2027-03-26")));
        let leap = YearlyDay::Fixed { month: 2, day: 29 };
        assert_eq!(leap.in_year(2027), None);
        assert_eq!(leap.in_year(2028), Some(day("2028-02-29")));
        assert_eq!(YearlyDay::Fixed { month: 13, day: 1 }.in_year(2028), None);
    }
}
