//! Which days a page shows, and how Italians call them.

use chrono::{DateTime, Datelike as _, Days, Months, NaiveDate, NaiveTime, Utc, Weekday};
use chrono_tz::Tz;

use crate::calendar::{instant, local, month_name, short_weekday, weekday_name};
use crate::roster::Period;

/// How many days at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    Month,
    Week,
}

/// The days shown: from Monday to Sunday, or a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) view: View,
    pub(super) first: NaiveDate,
    /// The first day after them.
    pub(super) after: NaiveDate,
    zone: Tz,
}

impl View {
    /// A week unless it is the word for the month.
    pub(super) fn of(word: &str) -> Self {
        if word == Self::Month.word() { Self::Month } else { Self::Week }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Month => "mese",
            Self::Week => "settimana",
        }
    }
}

impl Shown {
    /// The days around `day`.
    pub(super) fn around(day: NaiveDate, view: View, zone: Tz) -> Self {
        let (first, after) = match view {
            View::Month => {
                let first = day.with_day(1).unwrap_or(day);
                (first, first.checked_add_months(Months::new(1)))
            }
            View::Week => {
                let first = day.week(Weekday::Mon).checked_first_day().unwrap_or(day);
                (first, first.checked_add_days(Days::new(7)))
            }
        };
        Self { view, first, after: after.unwrap_or(NaiveDate::MAX), zone }
    }

    /// From the first midnight to the last; `None` at the end of what a date can hold.
    pub(super) fn range(&self) -> Option<Period> {
        Period::new(midnight(self.first, self.zone), midnight(self.after, self.zone)).ok()
    }

    /// The day with which the days before these are asked for.
    pub(super) fn earlier(&self) -> NaiveDate {
        self.first.pred_opt().unwrap_or(self.first)
    }

    pub(super) fn days(&self) -> impl Iterator<Item = NaiveDate> {
        let after = self.after;
        self.first.iter_days().take_while(move |day| *day < after)
    }

    /// «21–27 dicembre 2026», «dicembre 2026».
    pub(super) fn title(&self) -> String {
        let last = self.after.pred_opt().unwrap_or(self.first);
        match self.view {
            View::Month => format!("{} {}", month(self.first), self.first.year()),
            View::Week if self.first.month() == last.month() => {
                format!("{}–{} {} {}", self.first.day(), last.day(), month(last), last.year())
            }
            View::Week => format!(
                "{} {} – {} {} {}",
                self.first.day(),
                month(self.first),
                last.day(),
                month(last),
                last.year()
            ),
        }
    }
}

/// The first instant of a day.
pub(super) fn midnight(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    instant(day.and_time(NaiveTime::MIN), zone)
}

/// The instants of one day.
pub(super) fn whole_day(day: NaiveDate, zone: Tz) -> Option<Period> {
    Period::new(midnight(day, zone), midnight(day.succ_opt()?, zone)).ok()
}

/// «lunedì 21 dicembre».
pub(super) fn day_name(day: NaiveDate) -> String {
    format!("{} {} {}", weekday_name(day.weekday()), day.day(), month(day))
}

/// «lun 21».
pub(super) fn short_day(day: NaiveDate) -> String {
    format!("{} {}", short_weekday(day.weekday()), day.day())
}

/// «20:00–24:00»: a part of one day.
pub(super) fn hours(period: Period, day: NaiveDate, zone: Tz) -> String {
    let from = local(period.from(), zone).format("%H:%M");
    let until = local(period.until(), zone);
    if until.date() > day {
        format!("{from}–24:00")
    } else {
        format!("{from}–{}", until.format("%H:%M"))
    }
}

fn month(day: NaiveDate) -> &'static str {
    month_name(day.month())
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Rome;

    use super::*;

    #[test]
    fn a_week_begins_on_monday_and_a_month_on_its_first() {
        let day: NaiveDate = "2026-12-31".parse().unwrap();
        let week = Shown::around(day, View::Week, Rome);
        assert_eq!(
            (week.first.to_string(), week.after.to_string()),
            ("2026-12-28".into(), "2027-01-04".into())
        );
        assert_eq!(week.title(), "28 dicembre – 3 gennaio 2027");
        let month = Shown::around(day, View::Month, Rome);
        assert_eq!(month.title(), "dicembre 2026");
        assert_eq!(month.days().count(), 31);
        assert_eq!(Shown::around(month.earlier(), View::Month, Rome).title(), "novembre 2026");
    }

    #[test]
    fn the_day_on_which_clocks_change_has_its_hours() {
        let day: NaiveDate = "2026-10-25".parse().unwrap();
        let whole = whole_day(day, Rome).unwrap();
        assert_eq!((whole.until() - whole.from()).num_hours(), 25);
        assert_eq!(hours(whole, day, Rome), "00:00–24:00");
        assert_eq!(day_name(day), "domenica 25 ottobre");
    }
}
