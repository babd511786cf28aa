//! What is asked of the call log, as the form above it was filled in.
//!
//! It reads nothing of the record. Law: what cannot be read comes back as it was typed, with
//! a sentence beside its field.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::Deserialize;

use crate::calendar::instant;
use crate::console::civil::read_day;
use crate::store::{Cursor, InComune, Wanted};
use crate::words::{CallId, PhoneNumber, ServiceId};

/// The form as it was typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in crate::console) struct Asked {
    pub(in crate::console) servizio: String,
    pub(in crate::console) dal: String,
    pub(in crate::console) al: String,
    pub(in crate::console) categoria: String,
    pub(in crate::console) esito: String,
    /// A Comune's name, [`OTHER`] or [`UNWRITTEN`].
    pub(in crate::console) comune: String,
    pub(in crate::console) cerca: String,
    pub(in crate::console) dopo: String,
}

/// A sentence beside each field that is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::console) struct Problems {
    pub(in crate::console) dal: Option<String>,
    pub(in crate::console) al: Option<String>,
    pub(in crate::console) cerca: Option<String>,
}

/// What a visitor may ask for.
pub(in crate::console) struct Offered {
    /// The services: id, title, zone.
    pub(in crate::console) services: Vec<(ServiceId, String, Tz)>,
    /// The Comuni they serve, by name.
    pub(in crate::console) comuni: Vec<String>,
}

/// A Comune is written that no service here serves.
pub(super) const OTHER: &str = "altro";
/// No Comune is written.
pub(super) const UNWRITTEN: &str = "non-scritto";

impl Asked {
    /// What is looked for; or a sentence about each field that cannot be read.
    pub(in crate::console) fn wanted(&self, offered: &Offered) -> Result<Wanted, Box<Problems>> {
        let mut problems = Problems::default();
        let own = offered.services.iter().map(|(id, _, _)| id.clone());
        let chosen = |id: &ServiceId| self.servizio.is_empty() || id.as_str() == self.servizio;
        let zone = offered.services.first().map_or(Tz::Europe__Rome, |(_, _, zone)| *zone);
        let (from, until) = self.days(&mut problems);
        let mut wanted = Wanted {
            services: Some(own.filter(chosen).collect()),
            from: from.and_then(|day| midnight(day, 0, zone)),
            until: until.and_then(|day| midnight(day, 1, zone)),
            category: self.categoria.parse().ok(),
            outcome: self.esito.parse().ok(),
            comune: self.in_comune(&offered.comuni),
            after: cursor(&self.dopo),
            ..Wanted::default()
        };
        let search = self.cerca.trim();
        if let Ok(number) = search.parse() {
            wanted.number = Some(number);
        } else if search.bytes().filter(u8::is_ascii_digit).count() >= 6 {
            wanted.caller = Some(PhoneNumber::from_network(search));
        } else if !search.is_empty() {
            problems.cerca = Some(format!(
                "«{search}» non è un numero di scheda né di telefono: scriva per esempio \
                 2026-0417 oppure 333 123 4567, intero."
            ));
        }
        if problems == Problems::default() { Ok(wanted) } else { Err(Box::new(problems)) }
    }

    /// The same with its days as a browser's field for them shows them, where they are days.
    pub(super) fn shown(self) -> Self {
        let plain = |typed: String| match read_day(typed.trim()) {
            Ok(day) => day.to_string(),
            Err(_) => typed,
        };
        Self { dal: plain(self.dal), al: plain(self.al), ..self }
    }

    /// As an address says it, without the place in the pages.
    pub(super) fn question(&self) -> String {
        let pairs = [
            ("servizio", &self.servizio),
            ("dal", &self.dal),
            ("al", &self.al),
            ("categoria", &self.categoria),
            ("esito", &self.esito),
            ("comune", &self.comune),
            ("cerca", &self.cerca),
        ];
        let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        serde_urlencoded::to_string(pairs.collect::<Vec<_>>()).unwrap_or_default()
    }

    fn days(&self, problems: &mut Problems) -> (Option<NaiveDate>, Option<NaiveDate>) {
        let read = |typed: &str, problem: &mut Option<String>| match typed.trim() {
            "" => None,
            typed => read_day(typed).map_err(|sentence| *problem = Some(sentence)).ok(),
        };
        let (from, until) = (read(&self.dal, &mut problems.dal), read(&self.al, &mut problems.al));
        if from.zip(until).is_some_and(|(from, until)| until < from) {
            problems.al =
                Some("L'ultimo giorno viene prima del primo: corregga uno dei due.".to_owned());
        }
        (from, until)
    }

    fn in_comune(&self, comuni: &[String]) -> Option<InComune> {
        match self.comune.as_str() {
            OTHER => Some(InComune::OtherThan(comuni.to_vec())),
            UNWRITTEN => Some(InComune::Unwritten),
            name => comuni.iter().find(|comune| *comune == name).cloned().map(InComune::Named),
        }
    }
}

/// What is looked for, in words for the audit log: days and choices, nobody's number.
pub(super) fn told(wanted: &Wanted) -> String {
    let day = |at: DateTime<Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let services = wanted.services.iter().flatten().map(ServiceId::as_str).collect::<Vec<_>>();
    let comune = wanted.comune.as_ref().map(|comune| match comune {
        InComune::Named(name) => format!("Comune {name}"),
        InComune::OtherThan(_) => "un altro Comune".to_owned(),
        InComune::Unwritten => "Comune non scritto".to_owned(),
    });
    let searched = wanted.caller.is_some() || wanted.number.is_some();
    let parts = [
        Some(services.join(", ")),
        wanted.from.map(|at| format!("dal {}", day(at))),
        wanted.until.map(|at| format!("fino al {}", day(at))),
        wanted.category.map(|category| category.word().to_owned()),
        wanted.outcome.map(|outcome| outcome.word().to_owned()),
        comune,
        searched.then(|| "cercando un numero".to_owned()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// The first instant of a day, `later` days after.
fn midnight(day: NaiveDate, later: u64, zone: Tz) -> Option<DateTime<Utc>> {
    let day = day.checked_add_days(Days::new(later))?;
    Some(instant(day.and_time(NaiveTime::MIN), zone))
}

/// Where a page ended, as the address of the next one says it.
pub(in crate::console) fn cursor_text(at: DateTime<Tz>, call: CallId) -> String {
    format!("{}_{call}", at.timestamp_millis())
}

/// Reads it back.
pub(in crate::console) fn cursor(text: &str) -> Option<Cursor> {
    let (at, call) = text.split_once('_')?;
    Some(Cursor {
        at: DateTime::from_timestamp_millis(at.parse().ok()?)?,
        call: call.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered() -> Offered {
        Offered {
            services: vec![(ServiceId::new("polaris-br4"), "POLARIS".into(), Tz::Europe__Rome)],
            comuni: vec!["Mesagne".into(), "Latiano".into()],
        }
    }

    #[test]
    fn a_day_is_asked_for_as_it_is_written() {
        let midnight = "2026-12-23T23:00:00Z".parse().ok();
        for typed in ["2026-12-24", "24/12/2026", "24.12.2026", " 24/12/2026 "] {
            let asked = Asked { dal: typed.into(), ..Asked::default() };
            assert_eq!(asked.wanted(&offered()).unwrap().from, midnight, "{typed}");
            assert_eq!(asked.shown().dal, "2026-12-24", "{typed}");
        }
        let asked = Asked { al: "24/12/2026".into(), ..Asked::default() };
        let until = asked.wanted(&offered()).unwrap().until;
        assert_eq!(until, "2026-12-24T23:00:00Z".parse().ok(), "the whole day");
    }

    #[test]
    fn each_slip_has_its_sentence_and_all_come_at_once() {
        let asked = Asked {
            dal: "ieri".into(),
            al: "31/02/2026".into(),
            cerca: "Rossi".into(),
            ..Asked::default()
        };
        let problems = asked.wanted(&offered()).unwrap_err();
        for (problem, typed) in
            [(problems.dal, "«ieri»"), (problems.al, "«31/02/2026»"), (problems.cerca, "«Rossi»")]
        {
            assert!(problem.is_some_and(|sentence| sentence.contains(typed)), "{typed}");
        }
        assert_eq!(asked.shown().dal, "ieri");
        let turned = Asked { dal: "2/1/2026".into(), al: "1/1/2026".into(), ..Asked::default() };
        let problems = turned.wanted(&offered()).unwrap_err();
        assert!(problems.dal.is_none() && problems.al.unwrap().contains("prima del primo"));
    }

    #[test]
    fn the_audit_log_is_told_what_was_taken_and_of_nobody() {
        let asked = Asked {
            dal: "24/12/2026".into(),
            categoria: "minors".into(),
            comune: "Mesagne".into(),
            cerca: "333 123 4567".into(),
            ..Asked::default()
        };
        assert_eq!(
            told(&asked.wanted(&offered()).unwrap()),
            "polaris-br4; dal 2026-12-23T23:00:00Z; minors; Comune Mesagne; cercando un numero"
        );
        let unknown = Asked { comune: "Ada Greco".into(), ..Asked::default() };
        assert_eq!(told(&unknown.wanted(&offered()).unwrap()), "polaris-br4");
    }
}
