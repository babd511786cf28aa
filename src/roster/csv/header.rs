//! The first line of a file: which table it is, and where each column stands.

use csv::StringRecord;

use super::super::Table;
use super::{Column, Mistake, RowProblem};

/// Where the columns of a table stand.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub(super) table: Table,
    places: Vec<(Column, usize)>,
    pub(super) fields: usize,
}

impl Header {
    /// Reads the header of a file of `table`, or of the table it fits best.
    pub(super) fn read(
        record: &StringRecord,
        table: Option<Table>,
    ) -> Result<Self, Vec<RowProblem>> {
        let table = table.unwrap_or_else(|| recognise(record));
        let mut places: Vec<(Column, usize)> = Vec::new();
        let mut problems = Vec::new();
        for (place, name) in record.iter().enumerate() {
            let mistake = match named(table, name) {
                Some(column) if places.iter().all(|(other, _)| *other != column) => {
                    places.push((column, place));
                    continue;
                }
                Some(_) => Mistake::ColumnTwice,
                None => Mistake::ColumnUnknown(table),
            };
            let column = Column::nearest(table, name);
            problems.push(RowProblem { line: 1, column, value: name.to_owned(), mistake });
        }
        for column in Column::of(table) {
            if places.iter().all(|(other, _)| other != column) {
                let mistake = Mistake::ColumnMissing(*column, table);
                problems.push(RowProblem { line: 1, column: None, value: String::new(), mistake });
            }
        }
        if problems.is_empty() {
            Ok(Self { table, places, fields: record.len() })
        } else {
            Err(problems)
        }
    }

    /// What stands in a column of a row.
    pub(super) fn field<'r>(&self, record: &'r StringRecord, column: Column) -> &'r str {
        let place = self.places.iter().find(|(other, _)| *other == column);
        place.and_then(|(_, place)| record.get(*place)).unwrap_or_default()
    }
}

fn named(table: Table, name: &str) -> Option<Column> {
    Column::of(table).iter().copied().find(|column| column.name().eq_ignore_ascii_case(name))
}

/// The table most of whose columns are named, and of those the one that lacks fewest.
fn recognise(record: &StringRecord) -> Table {
    let fit = |table: &Table| {
        let columns = Column::of(*table).len();
        let found = record.iter().filter(|name| named(*table, name).is_some()).count();
        // Of a header that fits nothing, the shifts: the file of every day.
        (found > 0, 2 * found as i64 - columns as i64, *table == Table::Shifts)
    };
    let tables = Table::ALL.into_iter().filter(|table| !Column::of(*table).is_empty());
    let best = tables.max_by_key(|table| {
        let (any, fit, shifts) = fit(table);
        if any { (1, fit, shifts) } else { (0, 0, shifts) }
    });
    best.unwrap_or(Table::Shifts)
}
