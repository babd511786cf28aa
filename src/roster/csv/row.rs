//! One row being read, with what was found wrong so far.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use csv::StringRecord;

use super::super::{MAX_STEP, Period, civil};
use super::header::Header;
use super::{Column, Mistake, RowProblem};
use crate::words::{PhoneNumber, ServiceId};

/// One row being read.
pub(super) struct Row<'a> {
    pub(super) header: &'a Header,
    pub(super) record: &'a StringRecord,
    pub(super) line: u64,
    pub(super) problems: Vec<RowProblem>,
}

impl Row<'_> {
    /// What stands in a column; it may be nothing.
    pub(super) fn field(&self, column: Column) -> &str {
        self.header.field(self.record, column)
    }

    /// A field that must not be empty.
    pub(super) fn read<T>(
        &mut self,
        column: Column,
        parse: impl FnOnce(&str) -> Result<T, Mistake>,
    ) -> Option<T> {
        let text = self.field(column).to_owned();
        let parsed = if text.is_empty() { Err(Mistake::Empty) } else { parse(&text) };
        parsed.map_err(|mistake| self.note(column, mistake)).ok()
    }

    /// A field that may be empty: `Some(None)` then.
    pub(super) fn maybe<T>(
        &mut self,
        column: Column,
        parse: impl FnOnce(&str) -> Result<T, Mistake>,
    ) -> Option<Option<T>> {
        if self.field(column).is_empty() {
            return Some(None);
        }
        self.read(column, parse).map(Some)
    }

    pub(super) fn text(&mut self, column: Column) -> Option<String> {
        self.read(column, |text| Ok(text.to_owned()))
    }

    /// A name that may stand in a list of names elsewhere.
    pub(super) fn name(&mut self, column: Column) -> Option<String> {
        self.read(
            column,
            |text| {
                if text.contains('|') { Err(Mistake::Bar) } else { Ok(text.to_owned()) }
            },
        )
    }

    pub(super) fn service(&mut self) -> Option<ServiceId> {
        self.read(Column::Service, |text| Ok(ServiceId::new(text)))
    }

    pub(super) fn step(&mut self) -> Option<u32> {
        self.read(Column::Step, step)
    }

    /// The period of two civil times, which ends after it begins.
    pub(super) fn period(&mut self, zone: Tz) -> Option<Period> {
        let time = |text: &str| civil::read(text, zone).map_err(Mistake::Time);
        let from: Option<DateTime<Utc>> = self.read(Column::From, time);
        let until = self.read(Column::Until, time);
        let (from, until) = (from?, until?);
        Period::new(from, until).map_err(|_| self.note(Column::Until, Mistake::EndsFirst)).ok()
    }

    pub(super) fn note(&mut self, column: Column, mistake: Mistake) {
        let value = self.field(column).to_owned();
        self.problems.push(RowProblem { line: self.line, column: Some(column), value, mistake });
    }
}

pub(super) fn step(text: &str) -> Result<u32, Mistake> {
    text.parse().ok().filter(|step| (1..=MAX_STEP).contains(step)).ok_or(Mistake::Step)
}

pub(super) fn phone(text: &str) -> Result<PhoneNumber, Mistake> {
    PhoneNumber::parse(text).map_err(Mistake::Phone)
}
