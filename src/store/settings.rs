//! Where the store lies, and how a connection to it behaves.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::OpenStoreError;

/// How long a connection waits for another one's transaction.
const BUSY: Duration = Duration::from_secs(2);
/// What a reading connection keeps of the file: a month of a thousand cases. Negative is
/// kilobytes (<https://sqlite.org/pragma.html#pragma_cache_size>).
const READ_CACHE: &str = "-8000";

/// The places of a store.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    url: SqliteConnectOptions,
    /// The file of the database.
    pub(super) file: PathBuf,
    data_dir: PathBuf,
}

impl Settings {
    pub(super) fn read(url: &str, data_dir: &Path) -> Result<Self, OpenStoreError> {
        let refused = || OpenStoreError::Url(url.to_owned());
        let options = SqliteConnectOptions::from_str(url).map_err(|_| refused())?;
        let file = options.get_filename().to_owned();
        let of_memory = url.contains(":memory:") || url.contains("mode=memory");
        if !url.starts_with("sqlite:") || file.as_os_str().is_empty() || of_memory {
            return Err(refused());
        }
        Ok(Self { url: options, file, data_dir: data_dir.to_owned() })
    }

    /// Where the messages of callers lie.
    pub(super) fn voicemail(&self) -> PathBuf {
        self.data_dir.join("voicemail")
    }

    /// Only the service's own account and group may look: callers' numbers lie there.
    pub(super) fn create_folders(&self) -> io::Result<()> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o750);
        if let Some(folder) = self.file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            builder.create(folder)?;
        }
        builder.create(&self.data_dir)
    }

    /// For writing. `synchronous = FULL` makes a commit in WAL mode outlive a power cut.
    pub(super) fn writing(&self, create: bool) -> SqliteConnectOptions {
        self.url
            .clone()
            .create_if_missing(create)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // KiB, when negative. A commit touches a few pages; SQLite's own 2 MB would be
            // most of what a hundred calls take.
            .pragma("cache_size", "-512")
            // What was in clear does not stay in the free places of a page.
            .pragma("secure_delete", "on")
            .busy_timeout(BUSY)
            .disable_statement_logging()
    }

    /// For reading, also while another process writes.
    pub(super) fn reading(&self) -> SqliteConnectOptions {
        self.url
            .clone()
            .create_if_missing(false)
            .read_only(true)
            .busy_timeout(BUSY)
            .pragma("cache_size", READ_CACHE)
            .disable_statement_logging()
    }
}
