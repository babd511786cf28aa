//! Times as Italians write them, and as they type them.

use chrono::{
    DateTime, Datelike as _, Days, MappedLocalTime, NaiveDate, NaiveDateTime, TimeDelta, TimeZone,
    Utc,
};
use chrono_tz::Tz;

use crate::calendar::{self, instant, local, short_weekday};

/// `20:00`, with the day where it is not today's: `sab 14:00`, `sab 2.1. 14:00`.
pub(super) fn short(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    let (at, now) = (at.with_timezone(&zone), now.with_timezone(&zone));
    let (day, today) = (at.date_naive(), now.date_naive());
    let time = at.format("%H:%M");
    if day == today {
        return time.to_string();
    }
    let name = short_weekday(at.weekday());
    let soon = today.checked_add_days(Days::new(6)).is_some_and(|week| day > today && day <= week);
    if soon { format!("{name} {time}") } else { format!("{name} {} {time}", at.format("%-d.%-m.")) }
}

/// From when to when: `sab 14:00–20:00`, `sab 20:00–dom 8:00`.
pub(super) fn range(
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
    zone: Tz,
) -> String {
    let same = from.with_timezone(&zone).date_naive() == until.with_timezone(&zone).date_naive();
    let end = if same {
        until.with_timezone(&zone).format("%H:%M").to_string()
    } else {
        short(until, now, zone)
    };
    format!("{}–{end}", short(from, now, zone))
}

/// `24/12/2026 20:00:05`.
pub(super) fn full(at: DateTime<Tz>) -> String {
    at.format("%d/%m/%Y %H:%M:%S").to_string()
}

/// `1 h 05 min`, `12 min`, `45 s`.
pub(super) fn span(span: TimeDelta) -> String {
    let seconds = span.num_seconds().max(0);
    match (seconds / 3_600, seconds / 60 % 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) if minutes < 5 => format!("{minutes} min {:02} s", seconds % 60),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes:02} min"),
    }
}

/// A day that was typed, or that a browser sent: `24/12/2026`, `24.12.2026`, `2026-12-24`.
/// The error is a sentence with what to write.
pub(super) fn read_day(typed: &str) -> Result<NaiveDate, String> {
    calendar::read_day(typed).ok_or_else(|| match typed {
        "" => "Scriva il giorno.".to_owned(),
        typed => format!("«{typed}» non è un giorno: scriva per esempio 24/12/2026."),
    })
}

/// Day and time that were typed, or that a browser sent: `24/12/2026 20:00`,
/// `24.12.2026 20.00`, `2026-12-24T20:00`, and this with an offset. In the night in which an
/// hour comes twice, `ora legale` or `ora solare` behind it say which one. The error is a
/// sentence with what to write.
pub(super) fn read_time(typed: &str, zone: Tz) -> Result<DateTime<Utc>, String> {
    if let Ok(at) = DateTime::parse_from_str(typed, "%Y-%m-%dT%H:%M%:z") {
        return Ok(at.to_utc());
    }
    let (text, passage) = passage(typed);
    let civil = calendar::read_time(text).ok_or_else(|| match typed {
        "" => "Scriva giorno e ora.".to_owned(),
        typed => format!("«{typed}» non è un giorno con l'ora: scriva per esempio {EXAMPLE}."),
    })?;
    let shown = civil.format(TIME);
    match (zone.from_local_datetime(&civil), passage) {
        (MappedLocalTime::Single(at), _)
        | (MappedLocalTime::Ambiguous(at, _), Some(Passage::First))
        | (MappedLocalTime::Ambiguous(_, at), Some(Passage::Second)) => Ok(at.to_utc()),
        (MappedLocalTime::Ambiguous(..), None) => Err(format!(
            "«{typed}»: quell'ora c'è due volte, quella notte finisce l'ora legale. Scriva \
             «{shown} {SUMMER}» per la prima, «{shown} {WINTER}» per la seconda."
        )),
        (MappedLocalTime::None, _) => {
            let after = local(instant(civil, zone), zone).format(TIME);
            Err(format!(
                "«{typed}»: quell'ora non esiste, quella notte comincia l'ora legale. Scriva \
                 {after}."
            ))
        }
    }
}

/// Writes an instant so that [`read_time`] gives it back, to the minute.
pub(super) fn typed_time(at: DateTime<Utc>, zone: Tz) -> String {
    let civil = local(at, zone);
    let shown = civil.format(TIME);
    match zone.from_local_datetime(&civil) {
        MappedLocalTime::Ambiguous(first, _) if first.to_utc() == at => format!("{shown} {SUMMER}"),
        MappedLocalTime::Ambiguous(..) => format!("{shown} {WINTER}"),
        _ => shown.to_string(),
    }
}

/// The browser's field that can show what stands in it: its own for a day; for whatever
/// else was typed one for text, so that nothing typed is lost.
pub(super) fn day_field(value: &str) -> &'static str {
    let plain = value.is_empty() || NaiveDate::parse_from_str(value, "%Y-%m-%d").is_ok();
    if plain { "date" } else { "text" }
}

/// The same for day and time.
pub(super) fn time_field(value: &str) -> &'static str {
    let plain = value.is_empty() || NaiveDateTime::parse_from_str(value, "%Y-%m-%dT%H:%M").is_ok();
    if plain { "datetime-local" } else { "text" }
}

/// Which of two equal times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passage {
    First,
    Second,
}

/// What was typed without the words that say which of two equal times is meant.
fn passage(typed: &str) -> (&str, Option<Passage>) {
    let ends = [(SUMMER, Passage::First), (WINTER, Passage::Second)];
    let found = ends.into_iter().find_map(|(words, which)| {
        typed.strip_suffix(words).map(|text| (text.trim_end(), Some(which)))
    });
    found.unwrap_or((typed, None))
}

const TIME: &str = "%d/%m/%Y %H:%M";
const SUMMER: &str = "ora legale";
const WINTER: &str = "ora solare";
const EXAMPLE: &str = "24/12/2026 20:00";

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Rome;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_time_is_as_long_as_it_must_be() {
        let now = at("2026-12-24T19:00:00Z");
        for (time, shown) in [
            ("2026-12-24T22:30:00Z", "23:30"),
            ("2026-12-25T07:00:00Z", "ven 08:00"),
            ("2026-12-30T07:00:00Z", "mer 08:00"),
            ("2026-12-31T07:00:00Z", "gio 31.12. 08:00"),
            ("2026-12-23T07:00:00Z", "mer 23.12. 08:00"),
        ] {
            assert_eq!(short(at(time), now, Rome), shown);
        }
        let (from, until) = (at("2026-12-26T13:00:00Z"), at("2026-12-26T19:00:00Z"));
        assert_eq!(range(from, until, now, Rome), "sab 14:00–20:00");
        assert_eq!(range(until, at("2026-12-27T07:00:00Z"), now, Rome), "sab 20:00–dom 08:00");
    }

    #[test]
    fn a_span_is_as_exact_as_it_must_be() {
        for (seconds, shown) in
            [(-3, "0 s"), (45, "45 s"), (125, "2 min 05 s"), (720, "12 min"), (3_900, "1 h 05 min")]
        {
            assert_eq!(span(TimeDelta::seconds(seconds)), shown);
        }
    }

    #[test]
    fn a_day_is_read_as_a_browser_sends_it_and_as_it_is_said() {
        let day: NaiveDate = "2026-12-07".parse().unwrap();
        for typed in ["2026-12-07", "07/12/2026", "7/12/2026", "07.12.2026", "7.12.2026"] {
            assert_eq!(read_day(typed), Ok(day), "{typed}");
        }
        for wrong in ["domani", "07/12/26", "31/02/2026", "7/12", "12/07", "99999-12-07"] {
            let said = read_day(wrong).unwrap_err();
            assert!(said.contains(wrong) && said.contains("24/12/2026"), "{said}");
        }
        assert_eq!(read_day(""), Err("Scriva il giorno.".into()));
    }

    #[test]
    fn a_time_is_read_as_a_browser_sends_it_and_as_it_is_said() {
        let at = at("2026-12-24T19:00:00Z");
        for typed in [
            "24/12/2026 20:00",
            "24.12.2026 20:00",
            "24/12/2026 20.00",
            "24.12.2026 20.00",
            "2026-12-24T20:00",
            "2026-12-24T20:00+01:00",
            "2026-12-24 20:00",
        ] {
            assert_eq!(read_time(typed, Rome), Ok(at), "{typed}");
        }
        for wrong in ["stasera", "24/12/2026", "20:00", "24/12/26 20:00", "24/12/2026 24:30"] {
            let said = read_time(wrong, Rome).unwrap_err();
            assert!(said.contains(wrong) && said.contains("24/12/2026 20:00"), "{said}");
        }
        assert_eq!(read_time("", Rome), Err("Scriva giorno e ora.".into()));
    }

    #[test]
    fn a_field_shows_whatever_stands_in_it() {
        for (value, day, time) in [
            ("", "date", "datetime-local"),
            ("2026-12-24", "date", "text"),
            ("2026-12-24T20:00", "text", "datetime-local"),
            ("24/12/2026", "text", "text"),
            ("25/10/2026 02:30 ora solare", "text", "text"),
        ] {
            assert_eq!((day_field(value), time_field(value)), (day, time), "{value}");
        }
    }

    #[test]
    fn in_the_nights_in_which_clocks_change_one_hour_is_missing_and_one_comes_twice() {
        let twice = read_time("25/10/2026 02:30", Rome).unwrap_err();
        for (passage, instant) in
            [("ora legale", "2026-10-25T00:30:00Z"), ("ora solare", "2026-10-25T01:30:00Z")]
        {
            let typed = format!("25/10/2026 02:30 {passage}");
            assert!(twice.contains(&typed), "{twice}");
            assert_eq!(read_time(&typed, Rome), Ok(at(instant)));
            assert_eq!(typed_time(at(instant), Rome), typed);
        }
        let missing = read_time("2027-03-28T02:30", Rome).unwrap_err();
        assert!(
            missing.contains("non esiste") && missing.contains("28/03/2027 03:00"),
            "{missing}"
        );
        assert_eq!(typed_time(at("2026-12-24T19:00:00Z"), Rome), "24/12/2026 20:00");
    }
}
