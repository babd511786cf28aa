//! One error per verb of the store. They reach whoever runs a command: in Italian.

use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

use crate::roster::{EditError, RosterProblem};

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenStoreError {
    /// The address names no `SQLite` file.
    #[error("«{0}» in [store] url non è un file SQLite: scrivi sqlite:data/polaris.db")]
    Url(String),
    /// A folder could not be created.
    #[error("la cartella dei dati non si può creare: controlla data_dir, lo spazio e i permessi")]
    Folder(#[source] io::Error),
    /// Somebody else writes there.
    #[error(
        "un altro polaris usa già la cartella dei dati {0}: fermalo, o scrivi un'altra data_dir"
    )]
    AlreadyRunning(PathBuf),
    /// The journal can be neither read nor repaired.
    #[error("il giornale {path} non si può aprire: controlla i permessi e lo spazio")]
    Journal {
        /// Its file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The database could not be opened.
    #[error("la banca dati {path} non si può aprire: controlla che il file esista e i permessi")]
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
    #[error("la banca dati {path} non si può aggiornare: viene da una versione più recente?")]
    Migrate {
        /// Its file.
        path: PathBuf,
        /// Why.
        #[source]
        source: sqlx::migrate::MigrateError,
    },
    /// The calls of a crash could not be recovered in time.
    #[error("le chiamate interrotte da un arresto non si sono potute chiudere: guarda il registro")]
    NotRecovered,
}

/// Why calls or cases could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadCallsError {
    /// The address names no `SQLite` file.
    #[error("«{0}» in [store] url non è un file SQLite: scrivi sqlite:data/polaris.db")]
    Url(String),
    /// There is no database yet.
    #[error("la banca dati {0} non c'è ancora: avvia prima il servizio con `polaris serve`")]
    NoDatabase(PathBuf),
    /// The database was written by another version.
    #[error(
        "la banca dati ha la versione {found} e questo programma legge la {needed}: usa il programma della stessa versione"
    )]
    Schema {
        /// Of the database.
        found: i64,
        /// Of this program.
        needed: i64,
    },
    /// The database cannot be read.
    #[error("la banca dati non si può leggere")]
    Sql(#[from] sqlx::Error),
}

/// Why the closures that were entered could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadClosuresError {
    /// The database cannot be read.
    #[error("le chiusure straordinarie non si possono leggere")]
    Sql(#[from] sqlx::Error),
}

/// Why the roster could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadRosterError {
    /// What was read makes no roster.
    #[error("i turni nella banca dati non stanno insieme: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Broken(Vec<RosterProblem>),
    /// The database cannot be read.
    #[error("i turni non si possono leggere")]
    Sql(#[from] sqlx::Error),
}

/// Why a calendar's address was not made or revoked.
#[derive(Debug, thiserror::Error)]
pub enum EditFeedsError {
    /// The database could not be opened.
    #[error("la banca dati non si può aprire")]
    Open(#[from] OpenStoreError),
    /// The database did not take it.
    #[error("la banca dati non ha accettato la modifica: nulla è cambiato")]
    Sql(#[from] sqlx::Error),
}

/// Why the roster kept beside the database is not there.
#[derive(Debug, thiserror::Error)]
pub enum ReadKeptRosterError {
    /// It is not as it was written.
    #[error("la copia dei turni {0} è rovinata")]
    Damaged(PathBuf),
    /// None was ever kept.
    #[error("non c'è una copia dei turni in {0}")]
    None(PathBuf),
    /// The file cannot be read.
    #[error("la copia dei turni {path} non si può leggere")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Why the roster was not edited. Nothing of the edit was done.
#[derive(Debug, thiserror::Error)]
pub enum EditRosterError {
    /// Others edit all the time.
    #[error("altri stanno cambiando i turni in questo momento: riprova")]
    Busy,
    /// The roster is another than the one that was seen.
    #[error("i turni sono cambiati nel frattempo: guardali di nuovo")]
    Changed,
    /// The database could not be opened.
    #[error("la banca dati non si può aprire")]
    Open(#[from] OpenStoreError),
    /// The edit would break the roster.
    #[error(transparent)]
    Refused(#[from] EditError),
    /// The database did not take it.
    #[error("la banca dati non ha accettato la modifica dei turni: nulla è cambiato")]
    Sql(#[from] sqlx::Error),
    /// The console's hand could not write.
    #[error("la modifica dei turni non è stata scritta")]
    Write(#[from] WriteRecordError),
}

/// Why something of the console was not written; nothing of it is.
#[derive(Debug, thiserror::Error)]
pub enum WriteRecordError {
    /// The connection is gone in the middle.
    #[error("la banca dati si è interrotta: nulla è stato scritto")]
    Broken,
    /// There is an account of this name, perhaps one that was taken away.
    #[error("il nome «{0}» è già di un accesso: scegline un altro")]
    NameTaken(String),
    /// The database could not be opened.
    #[error("la banca dati non si può aprire")]
    Open(#[from] OpenStoreError),
    /// The database did not take it.
    #[error("la banca dati non ha accettato la scrittura: nulla è cambiato")]
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
