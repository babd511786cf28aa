//! What changed between two schede, in Italian, for the history of a case.

use std::collections::BTreeSet;

use super::Scheda;
use super::field::{Kind, Privacy};
use super::key::Key;
use super::value::Value;

/// One field that changed.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    /// Which.
    pub key: Key,
    /// With both values: «Priorità: urgenza → emergenza». For who may read the case.
    pub full: String,
    /// The same of a field that is not personal. Of the others not even the name is told:
    /// that somebody wrote about a suicide tells much.
    pub discreet: Option<String>,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.discreet.as_deref().unwrap_or("…"))
    }
}

/// What a new scheda changes of an old one, in the order of the form.
pub fn difference(old: &Scheda, new: &Scheda) -> Vec<Line> {
    let keys: BTreeSet<Key> = old.values.keys().chain(new.values.keys()).copied().collect();
    keys.into_iter()
        .filter_map(|key| line(key, old.values.get(&key), new.values.get(&key)))
        .collect()
}

fn line(key: Key, old: Option<&Value>, new: Option<&Value>) -> Option<Line> {
    if old == new {
        return None;
    }
    let label = key.label();
    let long = matches!(key.field().kind, Kind::Text);
    let told = match (old, new) {
        (Some(old), Some(new)) if !long => format!("{} → {}", old.italian(), new.italian()),
        (None, Some(new)) if !long => new.italian(),
        (Some(old), None) if !long => format!("{}, tolto", old.italian()),
        _ => happened(old, new).to_owned(),
    };
    let full = format!("{label}: {told}");
    let discreet = (key.field().privacy == Privacy::Plain).then(|| full.clone());
    Some(Line { key, full, discreet })
}

fn happened(old: Option<&Value>, new: Option<&Value>) -> &'static str {
    match (old, new) {
        (None, _) => "scritto",
        (_, None) => "tolto",
        _ => "cambiato",
    }
}
