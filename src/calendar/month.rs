//! A month of a year.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike as _, Months, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;

use super::{instant, month_name};

/// A month of a year between 2000 and 2100, written `2026-12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    first: NaiveDate,
}

/// What was written is no month of these years.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("«{0}» non è un mese")]
pub struct NotAMonth(pub String);

impl Month {
    /// The month of a day; `None` outside of the years there are.
    pub fn of(day: NaiveDate) -> Option<Self> {
        let first = day.with_day(1).filter(|first| YEARS.contains(&first.year()))?;
        Some(Self { first })
    }

    /// Its first day.
    pub fn first(self) -> NaiveDate {
        self.first
    }

    /// The month before.
    pub fn previous(self) -> Option<Self> {
        Self::of(self.first.checked_sub_months(Months::new(1))?)
    }

    /// The month after.
    pub fn next(self) -> Option<Self> {
        Self::of(self.first.checked_add_months(Months::new(1))?)
    }

    /// From its first instant in `zone` to the first instant after it.
    pub fn range(self, zone: Tz) -> (DateTime<Utc>, DateTime<Utc>) {
        let midnight = |day: NaiveDate| instant(day.and_time(NaiveTime::MIN), zone);
        let after = self.first.checked_add_months(Months::new(1)).unwrap_or(NaiveDate::MAX);
        (midnight(self.first), midnight(after))
    }

    /// «dicembre 2026».
    pub fn italian(self) -> String {
        format!("{} {}", month_name(self.first.month()), self.first.year())
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.first.year(), self.first.month())
    }
}

impl FromStr for Month {
    type Err = NotAMonth;

    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        let day = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok();
        day.and_then(Self::of).ok_or_else(|| NotAMonth(text.to_owned()))
    }
}

const YEARS: std::ops::RangeInclusive<i32> = 2000..=2100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_reads_as_it_is_written_and_has_its_neighbours() {
        let month: Month = "2026-12".parse().unwrap();
        assert_eq!(
            (month.to_string(), month.italian()),
            ("2026-12".into(), "dicembre 2026".into())
        );
        assert_eq!(month.next().map(|next| next.to_string()), Some("2027-01".into()));
        assert_eq!(month.previous().map(|before| before.to_string()), Some("2026-11".into()));
        let last: Month = "2100-12".parse().unwrap();
        assert_eq!(last.next(), None);
        for none in ["", "2026", "2026-13", "1999-12", "dicembre", "+2026-12-01", "2026-12-24"] {
            assert_eq!(none.parse::<Month>(), Err(NotAMonth(none.into())), "{none}");
        }
    }

    #[test]
    fn a_month_lasts_from_midnight_to_midnight_of_the_civil_time() {
        let october: Month = "2026-10".parse().unwrap();
        let (from, until) = october.range(chrono_tz::Europe::Rome);
        assert_eq!(from.to_rfc3339(), "2026-09-30T22:00:00+00:00");
        assert_eq!(until.to_rfc3339(), "2026-10-31T23:00:00+00:00");
    }
}
