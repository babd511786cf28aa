//! Reads a file of the roster: every problem at once, or every row.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use csv::StringRecord;

use super::super::{Records, Rows, Shift, Table, tell_apart};
use super::check::{self, Found};
use super::header::Header;
use super::row::Row;
use super::{Column, Mistake, RowProblem};
use super::{changes, people, policies, requirements, rotations, shifts};
use crate::words::ServiceId;

/// The most rows one file may hold: 200 responders for a year and more.
pub const MAX_ROWS: usize = 200_000;

/// What a file is read against.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The roster there is.
    pub records: &'a Records,
    /// The zone of each service's civil times.
    pub zones: &'a BTreeMap<ServiceId, Tz>,
    /// The zone of services that have none.
    pub zone: Tz,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadRows {
    /// Its rows.
    pub rows: Rows,
    /// What is odd and no reason to refuse it.
    pub warnings: Vec<RowProblem>,
}

/// Reads shifts whose civil times are those of `zone`, each with its phone.
///
/// Header `service,equipe,step,person,phone,from,until`, in any order; fields parted
/// by `,` or, as Italian spreadsheets write them, `;`. Blank lines count for nothing.
///
/// # Errors
/// All problems of the file, in its order; then no shift is to be used.
pub fn read_csv(text: &str, zone: Tz) -> Result<Vec<Shift>, Vec<RowProblem>> {
    let known = Known { records: &Records::default(), zones: &BTreeMap::new(), zone };
    match read(text, &known, Some(Table::Shifts))?.rows {
        Rows::Shifts(shifts) => Ok(shifts),
        _ => Ok(Vec::new()),
    }
}

/// Reads a file of any table, which its header names.
///
/// # Errors
/// All problems of the file, in its order; then no row is to be used.
pub fn read_rows(text: &str, known: &Known<'_>) -> Result<ReadRows, Vec<RowProblem>> {
    read(text, known, None)
}

fn read(text: &str, known: &Known<'_>, table: Option<Table>) -> Result<ReadRows, Vec<RowProblem>> {
    let mut file = File::open(text, table)?;
    let rows = match file.header.table {
        Table::Absences => {
            let rows = file.rows(|row| changes::read_absence(row, known));
            let named = rows.iter().enumerate();
            let named = named.map(|(n, r)| (n, Column::Person, &r.service, r.person.as_str()));
            file.found(check::unknown_people(named, known));
            Rows::Absences(rows)
        }
        Table::Overrides => {
            let rows = file.rows(|row| changes::read_override(row, known));
            let named = rows.iter().enumerate().flat_map(|(n, r)| {
                [(Column::Replaces, &r.replaces), (Column::By, &r.by)]
                    .map(|(column, name)| (n, column, &r.service, name.as_str()))
            });
            file.found(check::unknown_people(named, known));
            Rows::Overrides(rows)
        }
        Table::People => Rows::People(file.rows(people::read)),
        Table::Policies => {
            let rows = file.rows(policies::read);
            let lined = std::mem::take(&mut file.lines).into_iter().zip(rows).collect();
            let policies = policies::together(lined, &mut file.problems);
            let (lines, policies): (Vec<u64>, _) = policies.into_iter().unzip();
            file.lines = lines;
            Rows::Policies(policies)
        }
        Table::Requirements => {
            let rows = file.rows(requirements::read);
            file.warned(check::unknown_skills(&rows, known));
            Rows::Requirements(rows)
        }
        Table::Rotations => {
            let rows = file.rows(|row| rotations::read(row, known));
            let named = rows.iter().enumerate().flat_map(|(n, r)| {
                r.people.iter().map(move |name| (n, Column::People, &r.service, name.as_str()))
            });
            file.found(check::unknown_people(named, known));
            Rows::Rotations(rows)
        }
        Table::Shifts | Table::Swaps => {
            let mut rows = file.rows(|row| shifts::read(row, known));
            let lined: Vec<_> = file.lines.iter().copied().zip(&rows).collect();
            let found = check::overlaps(&lined);
            file.found(found);
            tell_apart(&mut rows);
            Rows::Shifts(rows)
        }
    };
    file.close(rows)
}

impl Known<'_> {
    pub(super) fn zone(&self, service: Option<&ServiceId>) -> Tz {
        service.and_then(|service| self.zones.get(service)).copied().unwrap_or(self.zone)
    }

    /// Whether somebody of this name may be rung in a service.
    ///
    /// # Errors
    /// What is wrong with the name, with the one that was likely meant.
    pub fn person(&self, service: &ServiceId, name: &str) -> Result<(), Mistake> {
        check::person(&self.people_of(service), name)
    }

    /// Whether a phone of this person is known.
    pub(super) fn phone_of(&self, service: &ServiceId, person: &str) -> bool {
        let mut people = self.records.people.iter();
        people.any(|p| p.service == *service && p.name == person && !p.phones.is_empty())
    }

    /// Everybody who may be rung in a service.
    pub(super) fn people_of(&self, service: &ServiceId) -> BTreeSet<&str> {
        let people = self.records.people.iter().filter(|person| person.service == *service);
        let shifts = self.records.shifts.iter().filter(|shift| shift.service == *service);
        people
            .map(|person| person.name.as_str())
            .chain(shifts.map(|shift| shift.person.as_str()))
            .collect()
    }
}

/// A file being read.
struct File {
    header: Header,
    records: Vec<(u64, StringRecord)>,
    /// The line of each row that could be read.
    lines: Vec<u64>,
    problems: Vec<RowProblem>,
    warnings: Vec<RowProblem>,
}

impl File {
    fn open(text: &str, table: Option<Table>) -> Result<Self, Vec<RowProblem>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut records = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .delimiter(delimiter_of(text))
            .from_reader(text.as_bytes())
            .into_records();
        let first = match records.next() {
            Some(Ok(record)) => record,
            Some(Err(_)) => return Err(vec![of_line(1, Mistake::Csv)]),
            None => StringRecord::new(),
        };
        let header = Header::read(&first, table)?;
        let (lines, warnings) = (Vec::new(), Vec::new());
        let mut file = Self { header, records: Vec::new(), lines, problems: Vec::new(), warnings };
        for record in records {
            if file.records.len() >= MAX_ROWS {
                file.problems.push(of_line(MAX_ROWS as u64 + 2, Mistake::TooMany));
                break;
            }
            match record {
                // Spreadsheets leave rows of nothing but separators behind.
                Ok(record) if record.iter().all(str::is_empty) => {}
                Ok(record) => file.records.push((line_of(&record, text), record)),
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    file.problems.push(of_line(line, Mistake::Csv));
                }
            }
        }
        if file.records.is_empty() && file.problems.is_empty() {
            file.problems.push(of_line(1, Mistake::NoRows(file.header.table)));
        }
        Ok(file)
    }

    /// Every row that can be read; what is wrong with the others is noted.
    fn rows<T>(&mut self, read: impl Fn(&mut Row<'_>) -> Option<T>) -> Vec<T> {
        let mut rows = Vec::with_capacity(self.records.len());
        for (line, record) in &self.records {
            let (found, expected) = (record.len(), self.header.fields);
            if found != expected {
                self.problems.push(of_line(*line, Mistake::Fields { found, expected }));
                continue;
            }
            let mut row = Row { header: &self.header, record, line: *line, problems: Vec::new() };
            let value = read(&mut row);
            let mut problems = row.problems;
            if problems.is_empty()
                && let Some(value) = value
            {
                rows.push(value);
                self.lines.push(*line);
            }
            self.problems.append(&mut problems);
        }
        rows
    }

    fn problem(&self, (place, column, mistake): Found) -> RowProblem {
        let line = self.lines.get(place).copied().unwrap_or_default();
        let record = self.records.iter().find(|(other, _)| *other == line);
        let field = record
            .zip(column)
            .map(|((_, record), column)| self.header.field(record, column).to_owned());
        RowProblem { line, column, value: field.unwrap_or_default(), mistake }
    }

    fn found(&mut self, found: Vec<Found>) {
        let problems: Vec<_> = found.into_iter().map(|one| self.problem(one)).collect();
        self.problems.extend(problems);
    }

    fn warned(&mut self, found: Vec<Found>) {
        let warnings: Vec<_> = found.into_iter().map(|one| self.problem(one)).collect();
        self.warnings.extend(warnings);
    }

    fn close(mut self, rows: Rows) -> Result<ReadRows, Vec<RowProblem>> {
        let records = rows.clone().into_records();
        let conflicts = check::conflicts(&records, &self.lines);
        self.found(conflicts);
        if self.problems.is_empty() {
            return Ok(ReadRows { rows, warnings: self.warnings });
        }
        self.problems.sort_by_key(|problem| problem.line); // stable
        Err(self.problems)
    }
}

fn delimiter_of(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    if header.contains(';') && !header.contains(',') { b';' } else { b',' }
}

/// The line a record stands on: the reader counts from before the blank lines it skips.
fn line_of(record: &StringRecord, text: &str) -> u64 {
    let Some(position) = record.position() else { return 0 };
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = text.as_bytes().get(start..).unwrap_or_default();
    let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + blank.filter(|byte| **byte == b'\n').count() as u64
}

fn of_line(line: u64, mistake: Mistake) -> RowProblem {
    RowProblem { line, column: None, value: String::new(), mistake }
}
