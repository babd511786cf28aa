//! The connection that writes: opened again whenever it failed.

use std::os::unix::fs::MetadataExt;

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteConnection;
use sqlx::{ConnectOptions, Connection};

use super::apply::{Applied, apply};
use super::recover::{InterruptedCall, end_interrupted};
use super::settings::Settings;
use super::standing::Write;
use super::{OpenStoreError, schema};

/// Why a transaction did not make it to the disk.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommitError {
    #[error("the database cannot be opened")]
    Open(#[from] OpenStoreError),
    #[error("the database did not take a transaction")]
    Sql(#[from] sqlx::Error),
    #[error("the file of the database was removed or replaced while it was open")]
    Moved,
}

/// Whether one bad write may spoil a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// All or nothing: a call waits.
    Quick,
    /// Each write by itself: one that the schema refuses is reported, the rest commits.
    Single,
}

/// The writing connection.
#[derive(Debug)]
pub(super) struct Database {
    settings: Settings,
    open: Option<Open>,
    /// A missing file is created only at the start: an empty one in its place would
    /// give case numbers out twice.
    create: bool,
}

#[derive(Debug)]
struct Open {
    connection: SqliteConnection,
    /// Device and inode: a commit to a file that was unlinked is none.
    identity: (u64, u64),
}

impl Database {
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, open: None, create: true }
    }

    /// Opens the database if it is not open, and brings it up to date.
    pub(super) async fn connect(&mut self) -> Result<(), OpenStoreError> {
        if self.open.is_some() {
            return Ok(());
        }
        let mut connection = connect(&self.settings, self.create).await?;
        tell_durability(&mut connection).await;
        let identity = self.identity().map_err(|source| OpenStoreError::Connect {
            path: self.settings.file.clone(),
            source: source.into(),
        })?;
        self.open = Some(Open { connection, identity });
        self.create = false;
        Ok(())
    }

    /// One look at a name the kernel has cached: not worth a thread.
    fn identity(&self) -> std::io::Result<(u64, u64)> {
        let metadata = std::fs::metadata(&self.settings.file)?;
        Ok((metadata.dev(), metadata.ino()))
    }

    /// Commits `writes` in one transaction, in their order.
    pub(super) async fn commit(
        &mut self,
        writes: &[Write],
        care: Care,
    ) -> Result<Vec<Applied>, CommitError> {
        let committed = self.try_commit(writes, care).await;
        self.settle(committed).await
    }

    /// Ends every call that is still open, as interrupted at `at`.
    pub(super) async fn end_interrupted(
        &mut self,
        at: DateTime<Utc>,
    ) -> Result<Vec<InterruptedCall>, CommitError> {
        let ended = self.try_end_interrupted(at).await;
        self.settle(ended).await
    }

    /// Believes a commit only if the file is still there, and a connection only as
    /// long as it works.
    async fn settle<T>(&mut self, result: Result<T, CommitError>) -> Result<T, CommitError> {
        let there = self.identity().ok();
        let result = match (&self.open, result) {
            (Some(open), Ok(_)) if Some(open.identity) != there => Err(CommitError::Moved),
            (_, result) => result,
        };
        if result.is_err() {
            self.open = None;
        }
        result
    }

    async fn try_commit(
        &mut self,
        writes: &[Write],
        care: Care,
    ) -> Result<Vec<Applied>, CommitError> {
        let connection = self.connection().await?;
        let mut transaction = connection.begin_with("begin immediate").await?;
        let mut applied = Vec::with_capacity(writes.len());
        for write in writes {
            applied.push(match care {
                Care::Quick => apply(&mut transaction, write).await?,
                Care::Single => apply_single(&mut transaction, write).await?,
            });
        }
        transaction.commit().await?;
        Ok(applied)
    }

    async fn try_end_interrupted(
        &mut self,
        at: DateTime<Utc>,
    ) -> Result<Vec<InterruptedCall>, CommitError> {
        let voicemail = self.settings.voicemail();
        let connection = self.connection().await?;
        let mut transaction = connection.begin_with("begin immediate").await?;
        let calls = end_interrupted(&mut transaction, &voicemail, at).await?;
        transaction.commit().await?;
        Ok(calls)
    }

    async fn connection(&mut self) -> Result<&mut SqliteConnection, CommitError> {
        self.connect().await?;
        match &mut self.open {
            Some(open) => Ok(&mut open.connection),
            None => Err(CommitError::Moved),
        }
    }

    pub(super) async fn close(&mut self) {
        if let Some(open) = self.open.take()
            && let Err(error) = open.connection.close().await
        {
            tracing::warn!(%error, "the database did not close cleanly");
        }
    }
}

/// A connection that writes, to a database of the current schema.
pub(super) async fn connect(
    settings: &Settings,
    create: bool,
) -> Result<SqliteConnection, OpenStoreError> {
    let path = || settings.file.clone();
    let refused = |source| OpenStoreError::Connect { path: path(), source };
    let mut connection = settings.writing(create).connect().await.map_err(refused)?;
    let version: String = sqlx::query_scalar("select sqlite_version()")
        .fetch_one(&mut connection)
        .await
        .map_err(refused)?;
    if !schema::is_recent(&version) {
        return Err(OpenStoreError::SqliteTooOld(version));
    }
    schema::update(&mut connection)
        .await
        .map_err(|source| OpenStoreError::Migrate { path: path(), source })?;
    Ok(connection)
}

/// Reads back what was asked for: where WAL is impossible `SQLite` says nothing and keeps
/// another journal. The service goes on all the same: answering wins.
async fn tell_durability(connection: &mut SqliteConnection) {
    let journal = sqlx::query_scalar::<_, String>("pragma journal_mode");
    let journal = journal.fetch_one(&mut *connection).await.unwrap_or_default();
    let synchronous = sqlx::query_scalar::<_, i64>("pragma synchronous");
    let synchronous = synchronous.fetch_one(connection).await.unwrap_or_default();
    if journal == "wal" && synchronous == FULL {
        tracing::info!(store.journal_mode = journal, store.synchronous = synchronous, "writing");
    } else {
        tracing::error!(
            store.journal_mode = journal,
            store.synchronous = synchronous,
            "the database is not in WAL with synchronous=FULL: a power cut may lose a case"
        );
    }
}

async fn apply_single(
    transaction: &mut SqliteConnection,
    write: &Write,
) -> Result<Applied, sqlx::Error> {
    let mut savepoint = transaction.begin().await?;
    match apply(&mut savepoint, write).await {
        Ok(applied) => {
            savepoint.commit().await?;
            Ok(applied)
        }
        Err(error) if breaks_a_rule(&error) => {
            savepoint.rollback().await?;
            Ok(Applied::Refused("the schema refuses it"))
        }
        Err(error) => Err(error),
    }
}

fn breaks_a_rule(error: &sqlx::Error) -> bool {
    let error = error.as_database_error();
    // SQLITE_CONSTRAINT is 19; its extended codes carry it in the low byte.
    error
        .and_then(|error| error.code())
        .and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| code & 0xff == 19)
}

/// `pragma synchronous`: every commit waits for the disk.
const FULL: i64 = 2;
