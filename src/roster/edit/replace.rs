//! An import: rows in place of those of every équipe, or service, they name.

use std::collections::HashSet;

use super::super::{Records, Table};
use super::{Author, EditError, Edited, Rows, Scope, Scoped, keep, turns};

pub(super) fn import(before: &Records, rows: Rows, author: &Author) -> Result<Edited, EditError> {
    let mut records = before.clone();
    let (table, count) = (rows.table(), rows.len());
    let part = match rows {
        Rows::Absences(rows) => {
            let rows = keep::absence_ids(&before.absences, &rows, author);
            put(&mut records.absences, rows)
        }
        Rows::Overrides(rows) => {
            let rows = keep::override_ids(&before.overrides, &rows, author);
            put(&mut records.overrides, rows)
        }
        Rows::People(rows) => put(&mut records.people, rows),
        Rows::Policies(rows) => put(&mut records.policies, rows),
        Rows::Requirements(rows) => put(&mut records.requirements, rows),
        Rows::Rotations(rows) => put(&mut records.rotations, rows),
        Rows::Shifts(rows) => {
            let rows = keep::shift_ids(&before.shifts, rows);
            put(&mut records.shifts, rows)
        }
    };
    let text = format!(
        "Importazione di {}: {count} righe per {}, al posto di {}.",
        table.italian(),
        part.scopes,
        part.replaced
    );
    let mut texts = vec![(table, text)];
    let (lost, over) = turns::orphans(before, &records, author.at);
    if !lost.is_empty() {
        return Err(EditError::Orphaned(lost));
    }
    if !over.is_empty() {
        records.swaps.retain(|swap| !over.contains(&swap.id));
        let text = format!("Tolti {} scambi di turni passati, che non ci sono più.", over.len());
        texts.push((Table::Swaps, text));
    }
    Ok(Edited { records, texts })
}

/// Which part of a table was replaced.
struct Part {
    scopes: String,
    replaced: usize,
}

/// Puts `rows` in place of all of the same scopes; those of others keep their order.
fn put<T: Scoped>(table: &mut Vec<T>, rows: Vec<T>) -> Part {
    let scopes: HashSet<Scope<'_>> = rows.iter().map(Scoped::scope).collect();
    let mut sorted: Vec<Scope<'_>> = scopes.iter().copied().collect();
    sorted.sort_unstable();
    let names: Vec<String> = sorted
        .iter()
        .map(|scope| match scope.equipe {
            Some(equipe) => format!("{}/{equipe}", scope.service),
            None => scope.service.to_string(),
        })
        .collect();
    let there = table.len();
    table.retain(|row| !scopes.contains(&row.scope()));
    let replaced = there - table.len();
    table.extend(rows);
    Part { scopes: names.join(", "), replaced }
}
