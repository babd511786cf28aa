//! What is asked of the audit log: who, which act, from which day to which.

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::Deserialize;

use super::accounts::ZONE;
use super::civil::read_day;
use crate::calendar::instant;
use crate::store::WantedRows;

/// As an address says it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    pub(super) chi: String,
    pub(super) cosa: String,
    pub(super) dal: String,
    pub(super) al: String,
    pub(super) prima: Option<i64>,
    /// There, when the whole log is to be looked over now.
    pub(super) verifica: Option<String>,
}

/// A sentence beside each field that is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Problems {
    pub(super) dal: Option<String>,
    pub(super) al: Option<String>,
}

impl Asked {
    /// Whether some of the log is asked for, not all of it.
    pub(super) fn is_some(&self) -> bool {
        !self.question().is_empty()
    }

    /// The rows that are wanted; or what is wrong with a day.
    pub(super) fn wanted(&self) -> Result<WantedRows, Box<Problems>> {
        let mut problems = Problems::default();
        let read = |typed: &str, problem: &mut Option<String>| match typed.trim() {
            "" => None,
            typed => read_day(typed).map_err(|sentence| *problem = Some(sentence)).ok(),
        };
        let from = read(&self.dal, &mut problems.dal);
        let until = read(&self.al, &mut problems.al);
        if let (Some(from), Some(until)) = (from, until)
            && until < from
        {
            problems.al = Some("L'ultimo giorno viene prima del primo.".into());
        }
        if problems != Problems::default() {
            return Err(Box::new(problems));
        }
        let typed = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(WantedRows {
            who: typed(&self.chi),
            act: typed(&self.cosa),
            from: from.and_then(|day| midnight(day, 0)),
            until: until.and_then(|day| midnight(day, 1)),
        })
    }

    /// The same with its days as a browser's field for them shows them, where they are days.
    pub(super) fn shown(self) -> Self {
        let plain = |typed: String| match read_day(typed.trim()) {
            Ok(day) => day.to_string(),
            Err(_) => typed,
        };
        Self { dal: plain(self.dal), al: plain(self.al), ..self }
    }

    /// As an address says it, without the place in the pages; empty for all of the log.
    pub(super) fn question(&self) -> String {
        let pairs =
            [("chi", &self.chi), ("cosa", &self.cosa), ("dal", &self.dal), ("al", &self.al)];
        let pairs = pairs.into_iter().filter(|(_, value)| !value.trim().is_empty());
        serde_urlencoded::to_string(pairs.collect::<Vec<_>>()).unwrap_or_default()
    }

    /// The same for the audit log, in words. What is written there stays for ever: of what
    /// was typed only the names and the acts that stand there already, and days.
    pub(super) fn told(&self, people: &[String], acts: &[String]) -> String {
        let other = || Some("altro".to_owned());
        let known = |typed: &str, words: &[String]| match typed.trim() {
            "" => None,
            typed => words.iter().find(|word| *word == typed).cloned().or_else(other),
        };
        let day =
            |typed: &str| read_day(typed.trim()).ok().map(|day| day.format("%d/%m/%Y").to_string());
        let pairs = [
            ("chi", known(&self.chi, people)),
            ("che cosa", known(&self.cosa, acts)),
            ("dal", day(&self.dal)),
            ("al", day(&self.al)),
        ];
        let told = pairs.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", value?)));
        told.collect::<Vec<_>>().join("; ")
    }
}

/// The beginning of the day so many days after.
fn midnight(day: NaiveDate, after: u64) -> Option<DateTime<Utc>> {
    let begins = day.checked_add_days(Days::new(after))?.and_hms_opt(0, 0, 0)?;
    Some(instant(begins, ZONE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_typed_gets_into_the_log_but_what_stands_there_already() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let (people, acts): (Vec<String>, Vec<String>) = (words(&["ada"]), words(&["ingresso"]));
        for (chi, cosa, dal, told) in [
            ("", "", "", ""),
            (" ada ", "ingresso", "2026-12-24", "chi ada; che cosa ingresso; dal 24/12/2026"),
            ("Maria Rossi, incinta", "ingresso", "", "chi altro; che cosa ingresso"),
            ("ada", &"x".repeat(9_000), "ieri", "chi ada; che cosa altro"),
            ("ingresso", "ada", "", "chi altro; che cosa altro"),
        ] {
            let asked =
                Asked { chi: chi.into(), cosa: cosa.into(), dal: dal.into(), ..Asked::default() };
            assert_eq!(asked.told(&people, &acts), told);
        }
    }
}
