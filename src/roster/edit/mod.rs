//! What people do to the roster: one change at a time, whole or not at all.
//!
//! It writes nothing down and reads no clock: the records go in, the records after the
//! change come out, with a sentence that says it. Law: **records that go out make a
//! roster, and no swap of a turn to come loses its turn.**

mod add;
mod ask;
mod keep;
mod replace;
mod rows;
mod turns;

use std::fmt;

use chrono::{DateTime, SubsecRound as _, Utc};

pub use rows::{Rows, Scope, Scoped};
pub use turns::OrphanedSwap;

use super::{
    Absence, Entered, Override, Records, Roster, RosterProblem, Shift, ShiftId, Swap, Table,
};
use crate::words::ServiceId;

/// One thing done to the roster. Ids and who entered it are filled in by
/// [`Edit::apply`].
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Somebody is away.
    AddAbsence(Absence),
    /// Somebody in another's place.
    AddOverride(Override),
    /// One turn more.
    AddShift(Shift),
    /// A turn goes to another person, approved by who enters it.
    AddSwap(Swap),
    /// The turns of a request go to whom it says.
    ApproveSwaps {
        /// As [`Swap::request`] says it.
        request: String,
    },
    /// Somebody asks that turns go to others, in one request: nothing changes until it is
    /// approved.
    AskSwaps(Vec<Swap>),
    /// A request that was not approved is refused, or taken back.
    DropSwaps {
        /// As [`Swap::request`] says it.
        request: String,
    },
    /// These rows in place of those of every équipe (or service) they name.
    Import(Rows),
    /// An absence, override or swap is taken back.
    Remove {
        /// Which kind.
        table: Table,
        /// Its id.
        id: String,
    },
    /// A single shift is taken away, with all its phones.
    RemoveShift {
        /// Of which service.
        service: ServiceId,
        /// Of which équipe.
        equipe: String,
        /// Its id.
        id: ShiftId,
    },
    /// Somebody takes a turn that is offered to whoever takes it; still to be approved.
    TakeSwap {
        /// The offer.
        id: String,
        /// Who takes it.
        to: String,
    },
}

/// Who makes the edit, when, and which revision of the roster it makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// Name, for people to read.
    pub by: String,
    /// The instant.
    pub at: DateTime<Utc>,
    /// The revision the roster will have; makes ids that are never given out twice.
    pub revision: i64,
}

/// The roster after an edit.
#[derive(Debug, Clone, PartialEq)]
pub struct Edited {
    /// All records.
    pub records: Records,
    /// What was done to each table touched, in Italian.
    pub texts: Vec<(Table, String)>,
}

/// Why an edit is not made. Nothing of it is. In Italian.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// Records would not make a roster.
    #[error("{}", lines(.0))]
    Broken(Vec<RosterProblem>),
    /// Swaps would lose their turn.
    #[error("{}", lines(.0))]
    Orphaned(Vec<OrphanedSwap>),
    /// Two answers to one question.
    #[error(
        "{person} è già sostituito in quel periodo (sostituzione {id}): toglierla prima con \
         `polaris roster override remove {id}`, o scegliere un altro periodo"
    )]
    Overlaps {
        /// Who is replaced.
        person: String,
        /// The override there is.
        id: String,
    },
    /// The turn was given away before.
    #[error(
        "il turno {turn} è già ceduto (scambio {id}): toglierlo prima con \
         `polaris roster swap remove {id}`"
    )]
    Swapped {
        /// The turn.
        turn: String,
        /// The swap there is.
        id: String,
    },
    /// There is no such record.
    #[error(
        "tra {} non c'è «{id}»: l'elenco lo dà `polaris roster {} list`",
        .table.italian(),
        .table.word().trim_end_matches('s')
    )]
    NotThere {
        /// Where it was looked for.
        table: Table,
        /// What was looked for.
        id: String,
    },
    /// There is no such request.
    #[error(
        "la richiesta {0} non c'è più: è stata approvata, rifiutata o ritirata, oppure un altro \
         ha già preso il turno"
    )]
    NoRequest(String),
    /// There is no such turn.
    #[error("il turno {0} non c'è: controllare con `polaris roster export`")]
    NoTurn(String),
    /// An offer is approved that nobody took.
    #[error("nessuno ha ancora preso il turno {0}: aspettare, o dire a chi va")]
    NobodyTakes(String),
    /// The person already has the turn.
    #[error("il turno {turn} è già di {person}: indicare un'altra persona")]
    SamePerson {
        /// The turn.
        turn: String,
        /// Whose it is.
        person: String,
    },
}

impl Edit {
    /// The records after the edit.
    ///
    /// # Errors
    /// Why it cannot be made; then nothing is changed.
    pub fn apply(self, before: &Records, author: &Author) -> Result<Edited, EditError> {
        let edited = match self {
            Self::AddAbsence(absence) => add::absence(before, absence, author),
            Self::AddOverride(record) => add::substitution(before, record, author)?,
            Self::AddShift(shift) => add::shift(before, shift),
            Self::AddSwap(swap) => add::swap(before, swap, author)?,
            Self::ApproveSwaps { request } => ask::approve(before, &request, author)?,
            Self::AskSwaps(swaps) => ask::ask(before, swaps, author)?,
            Self::DropSwaps { request } => ask::give_up(before, &request)?,
            Self::Import(rows) => replace::import(before, rows, author)?,
            Self::Remove { table, id } => add::remove(before, table, &id)?,
            Self::RemoveShift { service, equipe, id } => {
                add::remove_shift(before, &service, &equipe, &id, author)?
            }
            Self::TakeSwap { id, to } => ask::take(before, &id, to)?,
        };
        match Roster::new(edited.records.clone()) {
            Ok(_) => Ok(edited),
            Err(problems) => Err(EditError::Broken(problems)),
        }
    }
}

impl Author {
    fn entered(&self) -> Entered {
        Entered { by: self.by.clone(), at: self.at.trunc_subsecs(3) }
    }

    /// The id of the only record of an edit.
    fn id(&self) -> String {
        self.revision.to_string()
    }

    /// The id of one of several records of an edit, `nth` from 1.
    fn id_of(&self, nth: usize) -> String {
        format!("{}-{nth}", self.revision)
    }
}

fn lines<T: fmt::Display>(of: &[T]) -> String {
    of.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
