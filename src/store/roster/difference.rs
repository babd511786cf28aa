//! Which rows an edit takes away and which it puts there, as JSON.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Serialize;

use crate::roster::{Records, Scoped, Table};

/// The service and, where a table knows it, the équipe of some rows.
pub(super) type ScopeKey = (String, Option<String>);

/// The rows of one table in which two rosters differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) before: Vec<String>,
    pub(super) after: Vec<String>,
    /// The parts of the table to be written anew.
    pub(super) scopes: BTreeSet<ScopeKey>,
}

/// The rows in which two rosters differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Difference(BTreeMap<Table, Rows>);

impl Difference {
    pub(super) fn between(before: &Records, after: &Records) -> Result<Self, sqlx::Error> {
        let mut all = Self::default();
        let Self(tables) = &mut all;
        tables.insert(Table::Absences, rows(&before.absences, &after.absences)?);
        tables.insert(Table::Overrides, rows(&before.overrides, &after.overrides)?);
        tables.insert(Table::People, rows(&before.people, &after.people)?);
        tables.insert(Table::Policies, rows(&before.policies, &after.policies)?);
        tables.insert(Table::Requirements, rows(&before.requirements, &after.requirements)?);
        tables.insert(Table::Rotations, rows(&before.rotations, &after.rotations)?);
        tables.insert(Table::Shifts, rows(&before.shifts, &after.shifts)?);
        tables.insert(Table::Swaps, rows(&before.swaps, &after.swaps)?);
        Ok(all)
    }

    pub(super) fn of(&self, table: Table) -> Rows {
        self.0.get(&table).cloned().unwrap_or_default()
    }

    pub(super) fn added(&self) -> usize {
        self.0.values().map(|rows| rows.after.len()).sum()
    }

    pub(super) fn removed(&self) -> usize {
        self.0.values().map(|rows| rows.before.len()).sum()
    }
}

fn rows<T: Scoped + Serialize + PartialEq>(before: &[T], after: &[T]) -> Result<Rows, sqlx::Error> {
    if before == after {
        return Ok(Rows::default());
    }
    let (old, new) = (texts(before)?, texts(after)?);
    let (old_set, new_set): (HashSet<&String>, HashSet<&String>) =
        (old.iter().collect(), new.iter().collect());
    let mut differing = Rows::default();
    for (row, text) in before.iter().zip(&old).filter(|(_, text)| !new_set.contains(text)) {
        differing.scopes.insert(key(row));
        differing.before.push(text.clone());
    }
    for (row, text) in after.iter().zip(&new).filter(|(_, text)| !old_set.contains(text)) {
        differing.scopes.insert(key(row));
        differing.after.push(text.clone());
    }
    if differing.scopes.is_empty() {
        // The same rows in another order, or another number of equal ones.
        differing.scopes.extend(before.iter().chain(after).map(key));
    }
    Ok(differing)
}

fn texts<T: Serialize>(rows: &[T]) -> Result<Vec<String>, sqlx::Error> {
    let text = |row| serde_json::to_string(row).map_err(|error| sqlx::Error::Encode(error.into()));
    rows.iter().map(text).collect()
}

pub(super) fn key<T: Scoped>(row: &T) -> ScopeKey {
    let scope = row.scope();
    (scope.service.to_string(), scope.equipe.map(str::to_owned))
}
