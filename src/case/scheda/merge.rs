//! Two people who changed one scheda: what both wrote stays, or both are asked.
//!
//! Law: a change of either side is in the result, or is named in the conflicts.

use std::collections::BTreeSet;
use std::fmt;

use super::Scheda;
use super::key::{Key, PERSONS_MAX};
use super::value::Value;

/// One field that both changed, otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Which.
    pub key: Key,
    /// What I wrote; `None` where I took it away.
    pub mine: Option<Value>,
    /// What they wrote; `None` where they took it away.
    pub theirs: Option<Value>,
}

/// What cannot be decided by itself.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} campi cambiati da due persone", fields.len())]
pub struct Conflicts {
    /// All that can be decided; the fields in conflict are as theirs.
    pub agreed: Scheda,
    /// The rest, in the order of the form; at least one.
    pub fields: Vec<Conflict>,
}

impl fmt::Debug for Conflicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.fields.iter().map(|conflict| conflict.key)).finish()
    }
}

/// Brings together what two people made of `base`.
///
/// A person that both added under one number is in conflict field by field, also where
/// only one of them wrote: two strangers must not become one.
///
/// # Errors
/// The fields that both changed, each otherwise.
pub fn merge(base: &Scheda, mine: &Scheda, theirs: &Scheda) -> Result<Scheda, Conflicts> {
    let strangers: Vec<u8> = (1..=PERSONS_MAX)
        .filter(|person| !has(base, *person) && has(mine, *person) && has(theirs, *person))
        .collect();
    let sides = [base, mine, theirs];
    let keys: BTreeSet<Key> = sides.iter().flat_map(|side| side.values.keys().copied()).collect();
    let mut agreed = Scheda::default();
    let mut fields = Vec::new();
    for key in keys {
        let [before, my, their] = sides.map(|side| side.values.get(&key));
        let strange = key.person().is_some_and(|person| strangers.contains(&person));
        let value = if my == their {
            my
        } else if my == before && !strange {
            their
        } else if their == before && !strange {
            my
        } else {
            fields.push(Conflict { key, mine: my.cloned(), theirs: their.cloned() });
            their
        };
        agreed.values.extend(value.map(|value| (key, value.clone())));
    }
    if fields.is_empty() { Ok(agreed) } else { Err(Conflicts { agreed, fields }) }
}

fn has(scheda: &Scheda, person: u8) -> bool {
    scheda.values.keys().any(|key| key.person() == Some(person))
}
