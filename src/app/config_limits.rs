//! What `[sip]` says of limits: how many, how often, towards whom.
//!
//! It knows no default of its own but who is a stranger and where Italy is.

use super::config::Problems;
use crate::line::Strangers;

impl Problems<'_> {
    /// A count in a time; 0 would refuse everybody.
    pub(super) fn rate(&mut self, key: &str, written: Option<u32>, default: u32) -> u32 {
        if written == Some(0) {
            self.add(key, &format!("con «{key}» = 0 non passerebbe nessuno: scrivi almeno 1"));
        }
        written.filter(|count| *count > 0).unwrap_or(default)
    }

    pub(super) fn strangers(&mut self, written: Option<&str>) -> Strangers {
        match written {
            None | Some("refuse") => Strangers::Refuse,
            Some("ignore") => Strangers::Ignore,
            Some(text) => {
                let what = "scrivi \"refuse\" (un 403) o \"ignore\" (nessuna risposta)";
                self.add(text, &format!("«{text}» in «strangers» non si capisce: {what}"));
                Strangers::Refuse
            }
        }
    }

    pub(super) fn countries(&mut self, written: Option<Vec<String>>) -> Vec<String> {
        let Some(written) = written else { return vec![ITALY.to_owned()] };
        if written.is_empty() {
            let what = "è vuoto: nessun reperibile potrebbe essere chiamato; scrivi [\"39\"]";
            self.add("outbound_countries", &format!("«outbound_countries» {what}"));
        }
        for text in &written {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            if !digits || !(1..=3).contains(&text.len()) || text.starts_with('0') {
                let what = "non è un prefisso internazionale: scrivi per esempio \"39\"";
                self.add(text, &format!("«{text}» in «outbound_countries» {what}"));
            }
        }
        written
    }
}

/// Its country code (ITU-T E.164).
const ITALY: &str = "39";
