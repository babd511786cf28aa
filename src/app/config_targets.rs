//! What `[targets]` says: how soon a case is to be where it has to be.
//!
//! The term of art. 403 c.c. is the law's and no setting; how long before it the alarm is, is.

use chrono::{NaiveTime, TimeDelta};
use serde::Deserialize;

use super::config::Problems;
use crate::case::clocks::Targets;

/// The table as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    answered: Option<String>,
    answered_alarm: Option<String>,
    on_site: Option<String>,
    scheda_sent: Option<String>,
    scheda_sent_by: Option<String>,
    taken_in_charge: Option<String>,
    prosecutor_alarm: Option<String>,
}

impl Problems<'_> {
    /// The targets, those that are not written as the domain has them.
    pub(super) fn targets(&mut self, written: Written) -> Targets {
        let usual = Targets::default();
        let answered = self.span("answered", written.answered, usual.answered);
        let alarm = usual.answered_alarm.max(answered);
        let targets = Targets {
            answered,
            answered_alarm: self.span("answered_alarm", written.answered_alarm, alarm),
            on_site: self.span("on_site", written.on_site, usual.on_site),
            scheda_sent: self.span("scheda_sent", written.scheda_sent, usual.scheda_sent),
            scheda_sent_by: self.hour(written.scheda_sent_by, usual.scheda_sent_by),
            taken_in_charge: self.span(
                "taken_in_charge",
                written.taken_in_charge,
                usual.taken_in_charge,
            ),
            prosecutor_sent: usual.prosecutor_sent,
            prosecutor_alarm: self.span(
                "prosecutor_alarm",
                written.prosecutor_alarm,
                usual.prosecutor_alarm,
            ),
        };
        if targets.answered_alarm < targets.answered {
            let what = "l'allarme verrebbe prima del tempo previsto: scrivi almeno quello";
            self.add(
                "answered_alarm",
                &format!("«answered_alarm» è più breve di «answered»: {what}"),
            );
        }
        if targets.prosecutor_alarm >= targets.prosecutor_sent {
            let what = "il termine dell'art. 403 c.c. è di 24 ore: scrivi meno";
            self.add("prosecutor_alarm", &format!("«prosecutor_alarm» è troppo lungo: {what}"));
        }
        targets
    }

    /// `90s`, `60m` or `72h`, up to [`DAYS_MAX`].
    fn span(&mut self, key: &str, written: Option<String>, usual: TimeDelta) -> TimeDelta {
        let Some(text) = written else { return usual };
        read_span(&text).unwrap_or_else(|| {
            let what = "scrivi una durata come \"90s\", \"60m\" o \"72h\", al massimo 30 giorni";
            self.add(&text, &format!("«{text}» in «{key}» di [targets] non si capisce: {what}"));
            usual
        })
    }

    fn hour(&mut self, written: Option<String>, usual: NaiveTime) -> NaiveTime {
        let Some(text) = written else { return usual };
        NaiveTime::parse_from_str(&text, "%H:%M").unwrap_or_else(|_| {
            let what = "scrivi un'ora come \"08:00\"";
            self.add(&text, &format!("«{text}» in «scheda_sent_by» non si capisce: {what}"));
            usual
        })
    }
}

fn read_span(text: &str) -> Option<TimeDelta> {
    let unit = match text.chars().next_back()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        _ => return None,
    };
    let count: i64 = text.get(..text.len() - 1)?.parse().ok().filter(|count| *count > 0)?;
    let span = TimeDelta::try_seconds(count.checked_mul(unit)?)?;
    (span <= TimeDelta::days(DAYS_MAX)).then_some(span)
}

const DAYS_MAX: i64 = 30;

#[cfg(test)]
mod tests {
    use super::super::config::Config;
    use super::*;

    fn read(text: &str) -> Result<Targets, String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("polaris.toml");
        std::fs::write(&file, text).unwrap();
        Config::find(Some(&file)).map(|config| config.targets).map_err(|error| error.to_string())
    }

    #[test]
    fn targets_are_the_domains_unless_they_are_written() {
        assert_eq!(read("").unwrap(), Targets::default());
        let written = "[targets]\nanswered = \"3m\"\non_site = \"90m\"\nscheda_sent = \"24h\"\n\
             scheda_sent_by = \"09:30\"\ntaken_in_charge = \"96h\"\nprosecutor_alarm = \"6h\"\n";
        let targets = Targets {
            answered: TimeDelta::minutes(3),
            // Never before the target.
            answered_alarm: TimeDelta::minutes(3),
            on_site: TimeDelta::minutes(90),
            scheda_sent: TimeDelta::hours(24),
            scheda_sent_by: NaiveTime::from_hms_opt(9, 30, 0).unwrap(),
            taken_in_charge: TimeDelta::hours(96),
            prosecutor_alarm: TimeDelta::hours(6),
            ..Targets::default()
        };
        assert_eq!(read(written).unwrap(), targets);
    }

    #[test]
    fn a_slip_in_the_targets_is_told_with_what_to_write() {
        for (line, words) in [
            ("answerd = \"60s\"", "forse intendevi «answered»"),
            ("answered = \"un minuto\"", "scrivi una durata come"),
            ("answered = \"-5s\"", "scrivi una durata come"),
            ("taken_in_charge = \"1000h\"", "al massimo 30 giorni"),
            ("scheda_sent_by = \"alle otto\"", "scrivi un'ora come"),
            ("answered = \"2m\"\nanswered_alarm = \"60s\"", "più breve di «answered»"),
            ("prosecutor_alarm = \"24h\"", "24 ore"),
            ("prosecutor_sent = \"48h\"", "chiave sconosciuta"),
        ] {
            let said = read(&format!("[targets]\n{line}\n")).unwrap_err();
            assert!(said.contains(words), "{line}: {said}");
        }
    }
}
