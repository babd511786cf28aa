//! The hand that writes what people do in the console.
//!
//! A connection of its own beside the calls' writer, one transaction at a time. Law:
//! **nobody thinks while holding the database**: what is written is ready before the
//! transaction begins, which is one commit long; a call that must wait for it waits
//! milliseconds, and its journal stands behind that.

use std::path::Path;

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, Executor as _};
use tokio::sync::{Mutex, MutexGuard};

use super::database;
use super::error::{OpenStoreError, WriteRecordError};
use super::settings::Settings;

/// Writes accounts, sessions and the audit log.
#[derive(Debug)]
pub struct Clerk {
    settings: Settings,
    connection: Mutex<Option<SqliteConnection>>,
}

/// A transaction. Dropped without [`Writing::commit`], nothing of it is done.
#[derive(Debug)]
pub(super) struct Writing<'c> {
    open: MutexGuard<'c, Option<SqliteConnection>>,
    committed: bool,
}

impl Clerk {
    /// Writes to the database at `url`, which must be there by the first write.
    ///
    /// # Errors
    /// When `url` names no `SQLite` file.
    pub fn new(url: &str) -> Result<Self, OpenStoreError> {
        let settings = Settings::read(url, Path::new("."))?;
        Ok(Self { settings, connection: Mutex::new(None) })
    }

    pub(super) async fn begin(&self) -> Result<Writing<'_>, WriteRecordError> {
        let mut open = self.connection.lock().await;
        if open.is_none() {
            *open = Some(database::connect(&self.settings, false).await?);
        }
        let mut writing = Writing { open, committed: false };
        writing.connection()?.execute("begin immediate").await?;
        Ok(writing)
    }

    /// Gives the connection back. The next write opens it again.
    pub async fn close(&self) {
        if let Some(connection) = self.connection.lock().await.take() {
            let _ = connection.close().await;
        }
    }
}

impl Writing<'_> {
    pub(super) fn connection(&mut self) -> Result<&mut SqliteConnection, WriteRecordError> {
        self.open.as_mut().ok_or(WriteRecordError::Broken)
    }

    pub(super) async fn commit(mut self) -> Result<(), WriteRecordError> {
        self.connection()?.execute("commit").await?;
        self.committed = true;
        Ok(())
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        if !self.committed {
            // Closed, and with it rolled back; also when a visitor went away in between.
            *self.open = None;
        }
    }
}
