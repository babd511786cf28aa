//! Values as people write them: durations with a unit, times, dates, numbers to ring.

use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::{NaiveDate, NaiveTime, Weekday};
use kdl::{KdlEntry, KdlValue};

use crate::words::{Digit, PhoneNumber};

use super::problem::Findings;

/// The word of `known` that `word` was probably meant to be.
pub(super) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// Says which word was probably meant, or which there are.
pub(super) fn suggest_word(findings: &mut Findings<'_>, word: &str, known: &[&str]) {
    match nearest(word, known.iter().copied()) {
        Some(near) => findings.suggest(format!("forse intendevi «{near}»?")),
        None => findings.suggest(format!("si può scrivere: {}", known.join(", "))),
    }
}

/// A value as its author would recognise it.
pub(super) fn shown(value: &KdlValue) -> String {
    match value {
        KdlValue::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A text.
pub(super) fn text<'k>(entry: &'k KdlEntry, findings: &mut Findings<'_>) -> Option<&'k str> {
    let text = entry.value().as_string();
    if text.is_none() {
        let found = shown(entry.value());
        findings.error(entry.span(), format!("qui serve un testo, non {found}"));
        findings.suggest(format!("tra virgolette: \"{found}\""));
    }
    text
}

/// A whole number within bounds.
pub(super) fn number<N>(
    entry: &KdlEntry,
    bounds: RangeInclusive<N>,
    findings: &mut Findings<'_>,
) -> Option<N>
where
    N: TryFrom<i128> + PartialOrd + std::fmt::Display,
{
    let Some(number) = entry.value().as_integer() else {
        let found = shown(entry.value());
        findings.error(entry.span(), format!("qui serve un numero, non «{found}»"));
        if found.parse::<i128>().is_ok() {
            findings.suggest(format!("senza virgolette: {found}"));
        }
        return None;
    };
    let within = N::try_from(number).ok().filter(|number| bounds.contains(number));
    if within.is_none() {
        let (least, most) = (bounds.start(), bounds.end());
        findings.error(
            entry.span(),
            format!("{number} non va bene: i limiti sono da {least} a {most}"),
        );
    }
    within
}

/// A duration with its unit, within bounds: `"25s"`, `"2m"`.
pub(super) fn duration(
    entry: &KdlEntry,
    bounds: RangeInclusive<Duration>,
    findings: &mut Findings<'_>,
) -> Option<Duration> {
    let found = shown(entry.value());
    let Some(duration) = entry.value().as_string().and_then(parse_duration) else {
        findings.error(entry.span(), format!("«{found}» non è una durata"));
        findings.suggest(if found.parse::<u32>().is_ok() {
            format!("manca l'unità: \"{found}s\" sono secondi, \"{found}m\" minuti")
        } else {
            "scrivi un numero e la sua unità: \"25s\", \"2m\"".to_owned()
        });
        return None;
    };
    if !bounds.contains(&duration) {
        let (least, most) = (in_words(*bounds.start()), in_words(*bounds.end()));
        findings.error(
            entry.span(),
            format!("{} non va bene: i limiti sono {least} e {most}", in_words(duration)),
        );
        return None;
    }
    Some(duration)
}

fn parse_duration(text: &str) -> Option<Duration> {
    let (number, seconds) = match text.strip_suffix('s') {
        Some(number) => (number, 1),
        None => (text.strip_suffix('m')?, 60),
    };
    if number.is_empty() || number.len() > 6 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    number.parse::<u64>().ok()?.checked_mul(seconds).map(Duration::from_secs)
}

/// A duration in Italian: `25 secondi`, `2 minuti`, `un minuto e 30 secondi`.
pub(super) fn in_words(duration: Duration) -> String {
    let (minutes, seconds) = (duration.as_secs() / 60, duration.as_secs() % 60);
    let minutes_word = match minutes {
        1 => "un minuto".to_owned(),
        many => format!("{many} minuti"),
    };
    let seconds_word = match seconds {
        1 => "un secondo".to_owned(),
        many => format!("{many} secondi"),
    };
    match (minutes, seconds) {
        (0, _) => seconds_word,
        (_, 0) => minutes_word,
        _ => format!("{minutes_word} e {seconds_word}"),
    }
}

/// A time of day: `"08:00"`.
pub(super) fn time(text: &str) -> Option<NaiveTime> {
    let (hour, minute) = text.split_once(':')?;
    let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !two_digits(hour) || !two_digits(minute) {
        return None;
    }
    NaiveTime::from_hms_opt(hour.parse().ok()?, minute.parse().ok()?, 0)
}

/// A date: `"2026-12-24"`.
pub(super) fn date(entry: &KdlEntry, findings: &mut Findings<'_>) -> Option<NaiveDate> {
    let found = shown(entry.value());
    // The length keeps out years nobody means.
    let date = (found.len() == 10).then(|| NaiveDate::parse_from_str(&found, "%Y-%m-%d").ok());
    let date = date.flatten();
    if date.is_none() {
        findings.error(entry.span(), format!("«{found}» non è una data"));
        findings.suggest("anno-mese-giorno, e il giorno deve esistere: \"2026-12-24\"");
    }
    date
}

/// The weekdays, as a plan names them.
pub(super) const WEEKDAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Mon),
    ("tue", Weekday::Tue),
    ("wed", Weekday::Wed),
    ("thu", Weekday::Thu),
    ("fri", Weekday::Fri),
    ("sat", Weekday::Sat),
    ("sun", Weekday::Sun),
];

/// A weekday: `mon`.
pub(super) fn weekday(entry: &KdlEntry, findings: &mut Findings<'_>) -> Option<Weekday> {
    let found = shown(entry.value());
    let day = WEEKDAYS.iter().find(|(name, _)| *name == found).map(|(_, day)| *day);
    if day.is_none() {
        findings.error(entry.span(), format!("«{found}» non è un giorno della settimana"));
        suggest_word(findings, &found, &WEEKDAYS.map(|(name, _)| name));
    }
    day
}

/// A key of the telephone.
pub(super) fn digit(entry: &KdlEntry, findings: &mut Findings<'_>) -> Option<Digit> {
    let found = shown(entry.value());
    let mut characters = found.chars();
    let key = match (characters.next(), characters.next()) {
        (Some(key), None) => Digit::try_from(key).ok(),
        _ => None,
    };
    if key.is_none() {
        findings.error(entry.span(), format!("«{found}» non è un tasto del telefono"));
        findings.suggest("i tasti sono 0-9, * e \"#\" (il cancelletto tra virgolette)");
    }
    key
}

/// A number that may be rung or called.
pub(super) fn phone(entry: &KdlEntry, findings: &mut Findings<'_>) -> Option<PhoneNumber> {
    let found = shown(entry.value());
    let number = match (entry.value().as_string(), PhoneNumber::parse(&found)) {
        (None, _) => {
            findings.error(entry.span(), "un numero di telefono va tra virgolette");
            findings.suggest(format!("\"{found}\", con il suo zero e +39 davanti"));
            return None;
        }
        (Some(_), Ok(number)) => number,
        (Some(_), Err(wrong)) => {
            findings.error(entry.span(), wrong.what());
            findings.suggest(wrong.advice());
            return None;
        }
    };
    if is_example(&number) {
        findings.warning(entry.span(), "è un numero d'esempio");
        findings.suggest("scrivi quello vero prima di entrare in servizio");
    }
    Some(number)
}

/// Whether the number is one of the placeholders of the shipped plans, `+39083x000…`.
fn is_example(number: &PhoneNumber) -> bool {
    let rest = number.reveal().strip_prefix("+39083").unwrap_or_default();
    rest.get(1..4) == Some("000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_their_unit() {
        assert_eq!(parse_duration("25s"), Some(Duration::from_secs(25)));
        assert_eq!(parse_duration("2m"), Some(Duration::from_secs(120)));
        for wrong in ["", "s", "25", "2h", "-2s", "+2s", "2.5s", "99999999999999999999m", "2 m"] {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn durations_are_told_in_words() {
        for (seconds, words) in [
            (1, "un secondo"),
            (25, "25 secondi"),
            (60, "un minuto"),
            (90, "un minuto e 30 secondi"),
        ] {
            assert_eq!(in_words(Duration::from_secs(seconds)), words);
        }
    }

    #[test]
    fn times_have_two_digits_and_exist() {
        assert!(time("08:00").is_some());
        for wrong in ["8:00", "24:00", "08:60", "08.00", "08:00:00", "", "+8:00"] {
            assert!(time(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn the_placeholders_of_the_shipped_plans_are_examples() {
        let example = |text| is_example(&PhoneNumber::from_network(text));
        assert!(example("+390831000000") && example("+390832000009"));
        assert!(!example("+390832358350") && !example("+393330000001"));
    }
}
