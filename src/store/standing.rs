//! The words of the store: what is written, and where it went.

use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::seal::SealedNumber;
use crate::case::Fact;
use crate::words::{CallId, CaseId, PhoneNumber, ServiceId};

/// A call that came in, and the case it opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// The call.
    pub call: CallId,
    /// Its case.
    pub case: CaseId,
    /// The service called.
    pub service: ServiceId,
    /// The zone of its civil times, by which the year of the case number is told.
    pub timezone: Tz,
    /// The number called.
    pub number_called: PhoneNumber,
    /// Who calls; `None` when hidden.
    pub caller: Option<PhoneNumber>,
    /// When the call came in.
    pub arrived: DateTime<Utc>,
    /// The first entry of its timeline, with sequence 0.
    pub first: Fact,
}

impl Opening {
    /// The year its case is counted in: that of the service's calendar.
    pub fn civil_year(&self) -> i32 {
        self.arrived.with_timezone(&self.timezone).year()
    }
}

/// One write, as it stands on a line of the journal. Opening a call again, or noting
/// the same (call, sequence) again, changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Write {
    /// Opens a call and its case.
    Open(Opening),
    /// Appends a fact to the timeline of a call.
    Note {
        /// The call.
        call: CallId,
        /// The place on its timeline; the opening's own fact has 0.
        sequence: u32,
        /// When it happened.
        at: DateTime<Utc>,
        /// What happened.
        fact: Fact,
    },
    /// One of the two without the number it tells, and that number.
    Sealed {
        /// The write.
        write: Box<Self>,
        /// The caller's number, or the one that was left.
        number: SealedNumber,
    },
}

impl Write {
    /// The call it belongs to.
    pub fn call(&self) -> CallId {
        match self {
            Self::Open(opening) => opening.call,
            Self::Note { call, .. } => *call,
            Self::Sealed { write, .. } => write.call(),
        }
    }
}

/// The database did not take a case in time. It gets its number later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Journaled {
    /// It is in the journal, fsynced.
    #[error("the case is in the journal")]
    OnDisk,
    /// The journal could not be written either: it is in memory, and tried again.
    #[error("neither database nor journal took the case: it is held in memory")]
    InMemory,
    /// The queue was full or the store closed.
    #[error("the store could not even queue the case")]
    Lost,
}

/// Where writes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Into the database; the journal is empty.
    Database,
    /// Into the journal, until the database has caught up with it.
    Journal,
}
