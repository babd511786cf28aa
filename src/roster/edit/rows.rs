//! The rows of one table, as a file holds them, and which part of the table they are.

use std::collections::BTreeSet;

use super::super::{
    Absence, EscalationPolicy, Override, Person, Records, Requirement, Rotation, Shift, Swap, Table,
};
use crate::words::ServiceId;

/// The rows of one table. Swaps are not edited as a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Rows {
    /// Who is away.
    Absences(Vec<Absence>),
    /// One person for another.
    Overrides(Vec<Override>),
    /// Who may be rung.
    People(Vec<Person>),
    /// How équipes are rung.
    Policies(Vec<EscalationPolicy>),
    /// What responders should have.
    Requirements(Vec<Requirement>),
    /// Turns by rule.
    Rotations(Vec<Rotation>),
    /// Single turns.
    Shifts(Vec<Shift>),
}

/// The part of a table that is edited as one: an équipe's, or a whole service's where a
/// table knows no équipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope<'a> {
    /// The service.
    pub service: &'a ServiceId,
    /// The équipe.
    pub equipe: Option<&'a str>,
}

/// A record that belongs to a [`Scope`].
pub trait Scoped {
    /// Which.
    fn scope(&self) -> Scope<'_>;
}

macro_rules! scoped {
    ($($of_equipe:ty),+; $($of_service:ty),+) => {
        $(impl Scoped for $of_equipe {
            fn scope(&self) -> Scope<'_> {
                Scope { service: &self.service, equipe: Some(&self.equipe) }
            }
        })+
        $(impl Scoped for $of_service {
            fn scope(&self) -> Scope<'_> {
                Scope { service: &self.service, equipe: None }
            }
        })+
    };
}

scoped!(EscalationPolicy, Override, Requirement, Rotation, Shift, Swap; Absence, Person);

impl Rows {
    /// The table they are of.
    pub fn table(&self) -> Table {
        match self {
            Self::Absences(_) => Table::Absences,
            Self::Overrides(_) => Table::Overrides,
            Self::People(_) => Table::People,
            Self::Policies(_) => Table::Policies,
            Self::Requirements(_) => Table::Requirements,
            Self::Rotations(_) => Table::Rotations,
            Self::Shifts(_) => Table::Shifts,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Absences(rows) => rows.len(),
            Self::Overrides(rows) => rows.len(),
            Self::People(rows) => rows.len(),
            Self::Policies(rows) => rows.len(),
            Self::Requirements(rows) => rows.len(),
            Self::Rotations(rows) => rows.len(),
            Self::Shifts(rows) => rows.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The services they are about.
    pub fn services(&self) -> BTreeSet<&ServiceId> {
        fn of<T: Scoped>(rows: &[T]) -> BTreeSet<&ServiceId> {
            rows.iter().map(|row| row.scope().service).collect()
        }
        match self {
            Self::Absences(rows) => of(rows),
            Self::Overrides(rows) => of(rows),
            Self::People(rows) => of(rows),
            Self::Policies(rows) => of(rows),
            Self::Requirements(rows) => of(rows),
            Self::Rotations(rows) => of(rows),
            Self::Shifts(rows) => of(rows),
        }
    }

    /// A roster's records that are these alone.
    pub(in super::super) fn into_records(self) -> Records {
        let mut records = Records::default();
        match self {
            Self::Absences(rows) => records.absences = rows,
            Self::Overrides(rows) => records.overrides = rows,
            Self::People(rows) => records.people = rows,
            Self::Policies(rows) => records.policies = rows,
            Self::Requirements(rows) => records.requirements = rows,
            Self::Rotations(rows) => records.rotations = rows,
            Self::Shifts(rows) => records.shifts = rows,
        }
        records
    }
}
