//! What can be wrong with a row of the roster, said in Italian to who wrote it.

use std::fmt;

use super::{CivilTimeError, MAX_SHIFTS, MAX_STEP};
use crate::words::PhoneNumberError;

/// The columns of the file, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// The service's short name.
    Service,
    /// The équipe.
    Equipe,
    /// The escalation step.
    Step,
    /// The responder's name.
    Person,
    /// The phone to ring.
    Phone,
    /// The beginning, civil time.
    From,
    /// The end, civil time, exclusive.
    Until,
}

impl Column {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Service,
        Self::Equipe,
        Self::Step,
        Self::Person,
        Self::Phone,
        Self::From,
        Self::Until,
    ];

    /// Its name in the header.
    pub fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Equipe => "equipe",
            Self::Step => "step",
            Self::Person => "person",
            Self::Phone => "phone",
            Self::From => "from",
            Self::Until => "until",
        }
    }

    /// The column whose name is nearest to a misspelt one.
    pub(super) fn nearest(name: &str) -> Option<Self> {
        let distance = |column: &Self| strsim::damerau_levenshtein(column.name(), name);
        Self::ALL.into_iter().min_by_key(distance).filter(|column| distance(column) <= 2)
    }
}

/// One thing wrong in the file: where, what stands there, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowProblem {
    /// Line of the file, from 1, which is the header.
    pub line: u64,
    /// The column, when it lies in one.
    pub column: Option<Column>,
    /// What stands there.
    pub value: String,
    /// What is wrong with it.
    pub mistake: Mistake,
}

impl fmt::Display for RowProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "riga {}", self.line)?;
        if let Some(column) = self.column {
            write!(f, ", colonna {}", column.name())?;
        }
        if !self.value.is_empty() {
            write!(f, ": «{}»", self.value)?;
        }
        write!(f, ": {}", self.mistake)
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mistake {
    /// The file, or its header, lacks a column.
    ColumnMissing(Column),
    /// The header names a column twice.
    ColumnTwice,
    /// The header names no column of ours.
    ColumnUnknown,
    /// Nothing below the header.
    NoShifts,
    /// More rows than a roster can have.
    TooMany,
    /// The row has this many fields, and the header another number.
    Fields {
        /// In the row.
        found: usize,
        /// In the header.
        expected: usize,
    },
    /// The field is empty.
    Empty,
    /// The step is no number from 1.
    Step,
    /// The phone cannot be rung.
    Phone(PhoneNumberError),
    /// The time names no single instant.
    Time(CivilTimeError),
    /// The shift ends before it begins.
    EndsFirst,
    /// The line cannot be read as CSV.
    Csv,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ColumnMissing(column) => write!(
                f,
                "manca la colonna «{}»: la prima riga deve essere \
                 service,equipe,step,person,phone,from,until",
                column.name()
            ),
            Self::ColumnTwice => f.write_str("la colonna compare due volte: toglierne una"),
            Self::ColumnUnknown => f.write_str(
                "colonna sconosciuta: toglierla o correggerne il nome \
                 (service, equipe, step, person, phone, from, until)",
            ),
            Self::NoShifts => f.write_str("il file non contiene turni: aggiungere almeno una riga"),
            Self::TooMany => write!(f, "più di {MAX_SHIFTS} turni: dividere il file"),
            Self::Fields { found, expected } => write!(
                f,
                "la riga ha {found} campi e ne servono {expected}: controllare le virgole"
            ),
            Self::Empty => f.write_str("il campo è vuoto: compilarlo"),
            Self::Step => {
                write!(f, "il livello è un numero da 1 a {MAX_STEP}; 1 squilla per primo")
            }
            Self::Phone(error) => error.fmt(f),
            Self::Time(error) => error.fmt(f),
            Self::EndsFirst => f.write_str(
                "il turno finisce prima di cominciare: per un turno di notte \
                 «until» è il giorno dopo",
            ),
            Self::Csv => f.write_str("la riga non si può leggere: salvare il file come CSV"),
        }
    }
}
