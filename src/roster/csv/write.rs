//! Writes the tables of the roster as CSV.

use super::super::{Records, Shift, Table};
use super::read::Known;
use super::{Column, changes, people, policies, requirements, rotations, shifts};

/// The shifts as [`super::read_csv`] reads them, in their order, losing nothing.
///
/// Times are civil times of each shift's own zone; where such a time exists twice,
/// its offset follows.
pub fn write_csv(shifts: &[Shift]) -> String {
    write(Table::Shifts, shifts.iter().map(shifts::write))
}

/// One table as [`super::read_rows`] reads it, in its order; `None` for swaps, which have
/// no file.
///
/// Who entered a row, and its id, are not in a file; an import keeps them for rows that
/// stayed as they were.
pub fn write_rows(records: &Records, table: Table, known: &Known<'_>) -> Option<String> {
    let zone = |service| known.zone(Some(service));
    Some(match table {
        Table::Absences => {
            let row = |absence| changes::write_absence(absence, zone(&absence.service));
            write(table, records.absences.iter().map(row))
        }
        Table::Overrides => {
            let row = |record| changes::write_override(record, zone(&record.service));
            write(table, records.overrides.iter().map(row))
        }
        Table::People => write(table, records.people.iter().map(people::write)),
        Table::Policies => write(table, records.policies.iter().flat_map(policies::write)),
        Table::Requirements => write(table, records.requirements.iter().map(requirements::write)),
        Table::Rotations => write(table, records.rotations.iter().map(rotations::write)),
        Table::Shifts => write_csv(&records.shifts),
        Table::Swaps => return None,
    })
}

fn write(table: Table, rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let in_memory = "writing to memory does not fail, and every row has as many fields";
    writer.write_record(Column::of(table).iter().map(|column| column.name())).expect(in_memory);
    for row in rows {
        writer.write_record(row).expect(in_memory);
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}
