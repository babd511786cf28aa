//! A stretch of time, and who wrote something into the roster when.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// From an instant until another, which is the first no longer in it; never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Ends", into = "Ends")]
pub struct Period {
    from: DateTime<Utc>,
    until: DateTime<Utc>,
}

/// A period has to end after it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a period that ends at {until} cannot begin at {from}")]
pub struct NotAPeriod {
    /// Its beginning.
    pub from: DateTime<Utc>,
    /// Its end.
    pub until: DateTime<Utc>,
}

impl Period {
    /// `from..until`, `until` exclusive.
    ///
    /// # Errors
    /// When `until` is not later than `from`.
    pub fn new(from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Self, NotAPeriod> {
        if from < until { Ok(Self { from, until }) } else { Err(NotAPeriod { from, until }) }
    }

    /// The first instant.
    pub fn from(self) -> DateTime<Utc> {
        self.from
    }

    /// The first instant after it.
    pub fn until(self) -> DateTime<Utc> {
        self.until
    }

    /// Whether `at` lies in it.
    pub fn covers(self, at: DateTime<Utc>) -> bool {
        self.from <= at && at < self.until
    }

    /// Whether the two have an instant in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.from < other.until && other.from < self.until
    }

    /// From the first instant of either to the last of either.
    pub(super) fn joined_with(self, other: Self) -> Self {
        Self { from: self.from.min(other.from), until: self.until.max(other.until) }
    }
}

/// A period as it is written.
#[derive(Serialize, Deserialize)]
struct Ends {
    from: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl TryFrom<Ends> for Period {
    type Error = NotAPeriod;

    fn try_from(ends: Ends) -> Result<Self, NotAPeriod> {
        Self::new(ends.from, ends.until)
    }
}

impl From<Period> for Ends {
    fn from(period: Period) -> Self {
        Self { from: period.from, until: period.until }
    }
}

/// Who wrote something into the roster, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entered {
    /// Name of the coordinator.
    pub by: String,
    /// The instant.
    pub at: DateTime<Utc>,
}
