//! Which roster counts: that of the database, or the last one that could be read.

use std::path::Path;

use chrono::{DateTime, Utc};

use crate::store::{KeptRoster, ReadKeptRosterError, StandingRoster, keep_roster, kept_roster};

/// The roster to go by.
#[derive(Debug)]
pub(super) struct Duty {
    pub(super) standing: StandingRoster,
    /// Why it is not that of the database, and when it was written.
    pub(super) kept: Option<Kept>,
}

#[derive(Debug)]
pub(super) struct Kept {
    pub(super) why: String,
    pub(super) written: DateTime<Utc>,
}

/// The roster of the database if it can be read; if not, or if the database is new and
/// knows of no roster at all, the one that was kept.
///
/// # Errors
/// Why there is neither.
pub(super) fn choose(
    read: anyhow::Result<StandingRoster>,
    data_dir: &Path,
) -> anyhow::Result<Duty> {
    let why = match &read {
        Ok(standing) if standing.revision > 0 => None,
        Ok(_) => Some("la banca dati è nuova e non contiene turni".to_owned()),
        Err(error) => Some(format!("{error:#}")),
    };
    let (why, kept) = match why {
        Some(why) => (why, kept_roster(data_dir)),
        None => return read.map(|standing| Duty { standing, kept: None }),
    };
    match (kept, read) {
        (Ok(KeptRoster { standing, written }), _) => {
            Ok(Duty { standing, kept: Some(Kept { why, written }) })
        }
        (Err(_), Ok(standing)) => Ok(Duty { standing, kept: None }),
        (Err(ReadKeptRosterError::None(_)), Err(error)) => Err(error),
        (Err(unusable), Err(error)) => Err(error.context(unusable)),
    }
}

/// As [`choose`], said in the log: a kept roster is an error to look at.
pub(super) fn choose_loudly(
    read: anyhow::Result<StandingRoster>,
    data_dir: &Path,
) -> Option<StandingRoster> {
    match choose(read, data_dir) {
        Ok(Duty { standing, kept: None }) => Some(standing),
        Ok(Duty { standing, kept: Some(Kept { why, written }) }) => {
            tracing::error!(
                error = why, %written,
                "the roster cannot be read: the last one that could be is used"
            );
            Some(standing)
        }
        Err(error) => {
            tracing::error!(error = %format!("{error:#}"), "the roster cannot be read");
            None
        }
    }
}

/// Keeps a roster that was read from the database.
pub(super) fn keep(data_dir: &Path, standing: &StandingRoster, at: DateTime<Utc>) {
    // A database that never had a roster is no reason to forget one.
    if standing.revision == 0 {
        return;
    }
    if let Err(error) = keep_roster(data_dir, standing, at) {
        tracing::error!(%error, "the roster cannot be kept beside the database");
    }
}
