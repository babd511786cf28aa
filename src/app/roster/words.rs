//! How the commands of the roster say times.

use chrono::{DateTime, DurationRound as _, TimeDelta, Timelike as _, Utc};
use chrono_tz::Tz;

use crate::calendar::local;
use crate::roster::Period;

/// «3 h 20 min», «45 min», «8 h».
pub(super) fn length(time: TimeDelta) -> String {
    let minutes = time.num_minutes();
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// «gio 24/12/2026 20:00 – ven 25/12/2026 08:00».
pub(super) fn period(period: Period, zone: Tz) -> String {
    let form = |at| {
        let at = local(at, zone);
        format!("{} {}", weekday(at.date()), at.format("%d/%m/%Y %H:%M"))
    };
    format!("{} – {}", form(period.from()), form(period.until()))
}

/// «20», «20:30»: the time of day of an instant.
pub(super) fn clock(at: DateTime<Utc>, zone: Tz) -> String {
    let at = local(at, zone);
    let form = if at.minute() == 0 { "%H" } else { "%H:%M" };
    at.format(form).to_string()
}

/// The next `days`, from the minute of `now`.
pub(super) fn days_from(now: DateTime<Utc>, days: u32) -> anyhow::Result<Period> {
    let from = now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now);
    // More than a lifetime is a slip of the pen.
    let days = i64::from(days.min(36_500));
    let until = from.checked_add_signed(TimeDelta::days(days));
    let range = until.and_then(|until| Period::new(from, until).ok());
    range.ok_or_else(|| anyhow::anyhow!("--days {days}: scrivi un numero di giorni da 1 in su"))
}

/// «lun», «mar».
pub(super) fn weekday(day: chrono::NaiveDate) -> &'static str {
    use chrono::{Datelike as _, Weekday};
    match day.weekday() {
        Weekday::Mon => "lun",
        Weekday::Tue => "mar",
        Weekday::Wed => "mer",
        Weekday::Thu => "gio",
        Weekday::Fri => "ven",
        Weekday::Sat => "sab",
        Weekday::Sun => "dom",
    }
}
