//! The scheda: what a responder writes about a case, blocks 2 to 6 of the paper form.
//!
//! It stores nothing and draws no page; block 1 is the call's own record. Law: [`FIELDS`]
//! is the only list of what can be written: forms, checks, history, merge and print all
//! follow it, and a row or a word of it is never taken away, because old schede hold it.

mod choices;
mod codice_fiscale;
mod difference;
mod field;
mod fields;
mod key;
mod marks;
mod merge;
mod read;
mod remarks;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

pub use choices::Choice;
pub use difference::{Line, difference};
pub use field::{Block, Elsewhere, Field, Kind, Privacy};
pub use fields::FIELDS;
pub use key::{Key, NotAKey, PERSONS_MAX};
pub use marks::{Marks, OnSite};
pub use merge::{Conflict, Conflicts, merge};
pub use read::{Problem, Read, ReadSchedaError, Remark, Terms};
pub use value::{Answer, Value};

/// What was written about a case: a value for each field that has one.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Pairs", into = "Pairs")]
pub struct Scheda {
    values: BTreeMap<Key, Value>,
}

/// Names and texts, as a form posts them and as a scheda is stored.
pub type Pairs = Vec<(String, String)>;

/// What was stored is no scheda of this program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the field {0} of a stored scheda cannot be read")]
pub struct NotAScheda(pub String);

/// Whether a codice fiscale, in capitals, can be one: its control character is right.
pub fn is_fiscal_code(code: &str) -> bool {
    codice_fiscale::holder(code).is_some()
}

impl Scheda {
    /// The value of a field, by its form name: `bisogno.priorita`, `persona.2.nome`.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(&Key::parse(name).ok()?)
    }

    /// The text of a field as the form shows it; empty where nothing is written. For a
    /// field of several choices, their words with commas between.
    pub fn text(&self, name: &str) -> String {
        self.value(name).map(|value| value.texts().join(",")).unwrap_or_default()
    }

    /// What is written, in the order of the form: persons one after another.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &Value)> {
        self.values.iter().map(|(key, value)| (*key, value))
    }

    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The numbers of the persons of whom anything is written, from 1.
    pub fn persons(&self) -> Vec<u8> {
        let numbers: BTreeSet<u8> = self.values.keys().filter_map(|key| key.person()).collect();
        numbers.into_iter().collect()
    }

    /// The number a further person gets; `None` when there is no room for one.
    pub fn next_person(&self) -> Option<u8> {
        let last = self.persons().last().copied().unwrap_or_default();
        (last < PERSONS_MAX).then_some(last + 1)
    }

    /// Names and texts, as [`Scheda::read`] takes them. A field of several choices is
    /// there once for each.
    pub fn pairs(&self) -> Pairs {
        let texts = |(key, value): (&Key, &Value)| {
            let name = key.to_string();
            value.texts().into_iter().map(move |text| (name.clone(), text)).collect::<Pairs>()
        };
        self.values.iter().flat_map(texts).collect()
    }
}

impl fmt::Debug for Scheda {
    /// The names of the fields that are written, and nothing of what is in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl From<Scheda> for Pairs {
    fn from(scheda: Scheda) -> Self {
        scheda.pairs()
    }
}

impl TryFrom<Pairs> for Scheda {
    type Error = NotAScheda;

    /// Takes what was once accepted: the list of Comuni may have changed since.
    fn try_from(pairs: Pairs) -> Result<Self, NotAScheda> {
        match Self::read(&pairs, &Terms::default()) {
            Ok(read) => Ok(read.scheda),
            Err(ReadSchedaError::Refused(problems)) => {
                Err(NotAScheda(problems.into_iter().next().map(|p| p.field).unwrap_or_default()))
            }
            Err(ReadSchedaError::TooMuch) => Err(NotAScheda("*".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests;
