//! One error per verb of the store, in Italian: commands show them to people.

use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenStoreError {
    /// The address names no `SQLite` file.
    #[error("store.url «{0}» non indica un file SQLite: scrivi sqlite:data/polaris.db")]
    Url(String),
    /// A folder could not be created.
    #[error("una cartella dell'archivio non si può creare")]
    Folder(#[source] io::Error),
    /// Somebody else writes there.
    #[error("un altro polaris usa già la cartella dei dati {0}: fermalo prima")]
    AlreadyRunning(PathBuf),
    /// The journal can be neither read nor repaired.
    #[error("il giornale {path} non si può aprire")]
    Journal {
        /// Its file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The database could not be opened.
    #[error("l'archivio {path} non si può aprire")]
    Connect {
        /// Its file.
        path: PathBuf,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The `SQLite` in this program can corrupt a database when the WAL is reset.
    #[error("SQLite {0} è troppo vecchio: serve 3.51.3 o più recente")]
    SqliteTooOld(String),
    /// The schema could not be brought up to date.
    #[error("l'archivio {path} non si può aggiornare a questa versione")]
    Migrate {
        /// Its file.
        path: PathBuf,
        /// Why.
        #[source]
        source: sqlx::migrate::MigrateError,
    },
    /// The calls of a crash could not be recovered in time.
    #[error("le chiamate rimaste da un guasto non si sono potute recuperare: vedi il registro")]
    NotRecovered,
}

/// Why calls or cases could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadCallsError {
    /// The address names no `SQLite` file.
    #[error("store.url «{0}» non indica un file SQLite: scrivi sqlite:data/polaris.db")]
    Url(String),
    /// There is no database yet.
    #[error("l'archivio {0} non c'è ancora: nasce con `polaris serve` o `polaris roster import`")]
    NoDatabase(PathBuf),
    /// The database was written by another version.
    #[error("l'archivio è della versione {found} e questo programma legge la {needed}")]
    Schema {
        /// Of the database.
        found: i64,
        /// Of this program.
        needed: i64,
    },
    /// The database cannot be read.
    #[error("l'archivio non si può leggere")]
    Sql(#[from] sqlx::Error),
}

/// Why the roster could not be read.
#[derive(Debug, thiserror::Error)]
#[error("i turni non si possono leggere")]
pub struct ReadRosterError(#[from] sqlx::Error);

/// Why a roster was not imported. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum ImportRosterError {
    /// The database could not be opened.
    #[error("l'archivio non si può aprire")]
    Open(#[from] OpenStoreError),
    /// The database did not take it.
    #[error("l'archivio non ha preso i turni")]
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
