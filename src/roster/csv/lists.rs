//! Fields with several values, and days and times of day, as people write them.

use chrono::{NaiveDate, NaiveTime, Timelike as _, Weekday};

use super::Mistake;

/// `A|B|C`, each trimmed; an empty one is a mistake.
pub(super) fn list(text: &str) -> Result<Vec<String>, Mistake> {
    let items = text.split('|').map(str::trim);
    items
        .map(|item| if item.is_empty() { Err(Mistake::Empty) } else { Ok(item.to_owned()) })
        .collect()
}

/// `7`, or `4+3`.
pub(super) fn pattern(text: &str) -> Result<Vec<u16>, Mistake> {
    let days = |part: &str| part.trim().parse().ok().filter(|days| (1..=366).contains(days));
    text.split('+').map(|part| days(part).ok_or(Mistake::Pattern)).collect()
}

pub(super) fn write_pattern(pattern: &[u16]) -> String {
    pattern.iter().map(ToString::to_string).collect::<Vec<_>>().join("+")
}

const WEEK: [(Weekday, &str); 7] = [
    (Weekday::Mon, "lun"),
    (Weekday::Tue, "mar"),
    (Weekday::Wed, "mer"),
    (Weekday::Thu, "gio"),
    (Weekday::Fri, "ven"),
    (Weekday::Sat, "sab"),
    (Weekday::Sun, "dom"),
];

/// `lun-ven`, `ven|sab`, or both.
pub(super) fn weekdays(text: &str) -> Result<Vec<Weekday>, Mistake> {
    let mut days: Vec<Weekday> = Vec::new();
    for part in text.split('|').map(str::trim) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut day, last) = (weekday(first)?, weekday(last)?);
        loop {
            if !days.contains(&day) {
                days.push(day);
            }
            if day == last {
                break;
            }
            day = day.succ();
        }
    }
    Ok(days)
}

fn weekday(text: &str) -> Result<Weekday, Mistake> {
    let text = text.trim();
    let day = WEEK.iter().find(|(_, name)| name.eq_ignore_ascii_case(text));
    day.map(|(day, _)| *day).ok_or(Mistake::Weekday)
}

pub(super) fn write_weekdays(days: &[Weekday]) -> String {
    let name =
        |day: &Weekday| WEEK.iter().find(|(other, _)| other == day).map_or("", |(_, name)| *name);
    let in_a_row = days.windows(2).all(|pair| matches!(pair, [one, next] if one.succ() == *next));
    match days {
        [first, .., last] if in_a_row && (3..=7).contains(&days.len()) => {
            format!("{}-{}", name(first), name(last))
        }
        _ => days.iter().map(name).collect::<Vec<_>>().join("|"),
    }
}

pub(super) fn date(text: &str) -> Result<NaiveDate, Mistake> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| Mistake::Date)
}

pub(super) fn clock(text: &str) -> Result<NaiveTime, Mistake> {
    let forms = ["%H:%M", "%H:%M:%S"];
    let time = forms.iter().find_map(|form| NaiveTime::parse_from_str(text, form).ok());
    time.ok_or(Mistake::Clock)
}

pub(super) fn write_clock(time: NaiveTime) -> String {
    let form = if time.second() == 0 { "%H:%M" } else { "%H:%M:%S" };
    time.format(form).to_string()
}
