//! Reads the roster from CSV: every problem at once, or every shift.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use csv::StringRecord;

use super::shift::tell_apart;
use super::{Column, Mistake, RowProblem, Shift, civil};
use crate::words::{PhoneNumber, ServiceId};

/// The most shifts one file may hold: 200 responders for a year and more.
pub const MAX_SHIFTS: usize = 200_000;
/// The highest escalation step.
pub const MAX_STEP: u32 = 99;

/// Reads a roster whose civil times are those of `zone`.
///
/// Header `service,equipe,step,person,phone,from,until`, in any order; fields parted
/// by `,` or, as Italian spreadsheets write them, `;`. Blank lines count for nothing.
///
/// # Errors
/// All problems of the file, in its order; then no shift is to be used.
pub fn read_csv(text: &str, zone: Tz) -> Result<Vec<Shift>, Vec<RowProblem>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut records = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .delimiter(delimiter_of(text))
        .from_reader(text.as_bytes())
        .into_records();
    let header = Header::read(records.next())?;
    let mut shifts = Vec::new();
    let mut problems = Vec::new();
    let mut rows = 0;
    for record in records {
        rows += 1;
        if rows > MAX_SHIFTS {
            problems.push(of_line(rows as u64 + 1, Mistake::TooMany));
            break;
        }
        match record {
            // Spreadsheets leave rows of nothing but separators behind.
            Ok(record) if record.iter().all(str::is_empty) => rows -= 1,
            Ok(record) => match header.shift(&record, line_of(&record, text), zone) {
                Ok(shift) => shifts.push(shift),
                Err(found) => problems.extend(found),
            },
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                problems.push(of_line(line, Mistake::Csv));
            }
        }
    }
    if rows == 0 {
        problems.push(of_line(1, Mistake::NoShifts));
    }
    if problems.is_empty() {
        tell_apart(&mut shifts);
        Ok(shifts)
    } else {
        Err(problems)
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

/// Where each column stands.
struct Header {
    places: [usize; Column::ALL.len()],
    fields: usize,
}

impl Header {
    fn read(record: Option<csv::Result<StringRecord>>) -> Result<Self, Vec<RowProblem>> {
        let record = match record {
            Some(Ok(record)) => record,
            Some(Err(_)) => return Err(vec![of_line(1, Mistake::Csv)]),
            None => StringRecord::new(),
        };
        let mut places = [None; Column::ALL.len()];
        let mut problems = Vec::new();
        for (place, name) in record.iter().enumerate() {
            let named = Column::ALL.iter().position(|c| c.name().eq_ignore_ascii_case(name));
            let mistake = match named {
                Some(column) if places[column].is_none() => {
                    places[column] = Some(place);
                    continue;
                }
                Some(_) => Mistake::ColumnTwice,
                None => Mistake::ColumnUnknown,
            };
            let column = Column::nearest(name);
            problems.push(RowProblem { line: 1, column, value: name.to_owned(), mistake });
        }
        for (column, place) in Column::ALL.into_iter().zip(places) {
            if place.is_none() {
                problems.push(of_line(1, Mistake::ColumnMissing(column)));
            }
        }
        if problems.is_empty() {
            Ok(Self { places: places.map(Option::unwrap_or_default), fields: record.len() })
        } else {
            Err(problems)
        }
    }

    fn shift(&self, record: &StringRecord, line: u64, zone: Tz) -> Result<Shift, Vec<RowProblem>> {
        if record.len() != self.fields {
            let mistake = Mistake::Fields { found: record.len(), expected: self.fields };
            return Err(vec![of_line(line, mistake)]);
        }
        let mut row = Row { header: self, record, line, problems: Vec::new() };
        let service = row.text(Column::Service);
        let equipe = row.text(Column::Equipe);
        let step = row.read(Column::Step, step);
        let person = row.text(Column::Person);
        let phone =
            row.read(Column::Phone, |text| PhoneNumber::parse(text).map_err(Mistake::Phone));
        let time = |text: &str| civil::read(text, zone).map_err(Mistake::Time);
        let from = row.read(Column::From, time);
        let until = row.read(Column::Until, time);
        row.ordered(from, until);
        match (service, equipe, step, person, phone, from, until) {
            (
                Some(service),
                Some(equipe),
                Some(step),
                Some(person),
                Some(phone),
                Some(from),
                Some(until),
            ) if row.problems.is_empty() => {
                let service = ServiceId::new(&service);
                Shift::new(service, equipe, step, person, Some(phone), from, until, zone)
                    .map_err(|_| vec![of_line(line, Mistake::EndsFirst)])
            }
            _ => Err(row.problems),
        }
    }
}

fn step(text: &str) -> Result<u32, Mistake> {
    text.parse().ok().filter(|step| (1..=MAX_STEP).contains(step)).ok_or(Mistake::Step)
}

/// One row being read, with what was found wrong so far.
struct Row<'a> {
    header: &'a Header,
    record: &'a StringRecord,
    line: u64,
    problems: Vec<RowProblem>,
}

impl Row<'_> {
    fn read<T>(
        &mut self,
        column: Column,
        parse: impl FnOnce(&str) -> Result<T, Mistake>,
    ) -> Option<T> {
        let text = self.record.get(self.header.places[column as usize]).unwrap_or_default();
        let parsed = if text.is_empty() { Err(Mistake::Empty) } else { parse(text) };
        parsed.map_err(|mistake| self.note(column, text.to_owned(), mistake)).ok()
    }

    fn text(&mut self, column: Column) -> Option<String> {
        self.read(column, |text| Ok(text.to_owned()))
    }

    fn ordered(&mut self, from: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) {
        if let (Some(from), Some(until)) = (from, until)
            && from >= until
        {
            let text = self.record.get(self.header.places[Column::Until as usize]);
            let value = text.unwrap_or_default().to_owned();
            self.note(Column::Until, value, Mistake::EndsFirst);
        }
    }

    fn note(&mut self, column: Column, value: String, mistake: Mistake) {
        let column = Some(column);
        self.problems.push(RowProblem { line: self.line, column, value, mistake });
    }
}
