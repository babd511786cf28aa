//! One error per verb of the store.

use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenStoreError {
    /// The address names no `SQLite` file.
    #[error("store.url «{0}» names no SQLite file: write it as sqlite:data/polaris.db")]
    Url(String),
    /// A folder could not be created.
    #[error("a folder of the store cannot be created")]
    Folder(#[source] io::Error),
    /// Somebody else writes there.
    #[error("another polaris is already running on the data directory {0}: stop it first")]
    AlreadyRunning(PathBuf),
    /// The journal can be neither read nor repaired.
    #[error("the journal {path} cannot be opened")]
    Journal {
        /// Its file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The database could not be opened.
    #[error("the database {path} cannot be opened")]
    Connect {
        /// Its file.
        path: PathBuf,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The `SQLite` in this program can corrupt a database when the WAL is reset.
    #[error("SQLite {0} is too old: 3.51.3 or newer is needed")]
    SqliteTooOld(String),
    /// The schema could not be brought up to date.
    #[error("the database {path} cannot be brought up to date")]
    Migrate {
        /// Its file.
        path: PathBuf,
        /// Why.
        #[source]
        source: sqlx::migrate::MigrateError,
    },
    /// The calls of a crash could not be recovered in time.
    #[error("the calls left behind by a crash could not be recovered: see the log")]
    NotRecovered,
}

/// Why calls or cases could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadCallsError {
    /// The address names no `SQLite` file.
    #[error("store.url «{0}» names no SQLite file: write it as sqlite:data/polaris.db")]
    Url(String),
    /// There is no database yet.
    #[error("there is no database at {0} yet: start the service first")]
    NoDatabase(PathBuf),
    /// The database was written by another version.
    #[error("the database has version {found} and this program reads version {needed}")]
    Schema {
        /// Of the database.
        found: i64,
        /// Of this program.
        needed: i64,
    },
    /// The database cannot be read.
    #[error("the database cannot be read")]
    Sql(#[from] sqlx::Error),
}

/// Why the roster could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the roster cannot be read")]
pub struct ReadRosterError(#[from] sqlx::Error);

/// Why a roster was not imported. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum ImportRosterError {
    /// The database could not be opened.
    #[error("the database cannot be opened")]
    Open(#[from] OpenStoreError),
    /// The database did not take it.
    #[error("the database did not take the roster")]
    Sql(#[from] sqlx::Error),
}

/// An error and its causes on one line, for the log.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}
