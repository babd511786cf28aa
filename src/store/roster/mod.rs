//! The duty roster in the database: read whole, edited one change at a time.
//!
//! It does not know what an edit means ([`crate::roster::Edit`] does). Law: an edit, the
//! row that says who made it, and the new revision are one transaction.

mod changes;
mod difference;
mod insert;
mod select;

use std::path::Path;

use chrono::{DateTime, Utc};
use sqlx::{Connection, SqliteConnection};

pub use changes::RosterChange;
pub(super) use changes::changes;
pub(super) use select::standing;

use super::audit::append;
use super::error::EditRosterError;
use super::settings::Settings;
use super::{Clerk, Deed, OpenStoreError, database};
use crate::roster::{Author, Edit, Edited, Records, Roster, Table};
use crate::words::ServiceId;
use difference::Difference;

/// The roster as it stands in the database.
#[derive(Debug, Clone)]
pub struct StandingRoster {
    /// Counts the edits.
    pub revision: i64,
    /// Who is on duty when.
    pub roster: Roster,
}

/// What an edit did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditedRoster {
    /// The revision it made.
    pub revision: i64,
    /// What was done to each table, in Italian.
    pub texts: Vec<String>,
    /// Rows that are new or otherwise than before.
    pub added: usize,
    /// Rows that are gone or otherwise than before.
    pub removed: usize,
}

/// How often an edit is tried again because another one came in between.
const TRIES: u32 = 5;

/// Brings the database at `url` up to date, and creates it where there is none yet.
///
/// # Errors
/// When it cannot be opened or brought up to date.
pub async fn bring_up_to_date(url: &str) -> Result<(), EditRosterError> {
    let settings = Settings::read(url, Path::new("."))?;
    settings.create_folders().map_err(OpenStoreError::Folder)?;
    Ok(database::connect(&settings, true).await?.close().await?)
}

/// Makes one edit of the roster in the database at `url`, creating it where there is none
/// yet; works while the service runs, which notices.
///
/// # Errors
/// When the edit would break the roster, or the database does not take it; then nothing
/// of it is done.
pub async fn edit_roster(
    url: &str,
    edit: &Edit,
    by: &str,
    at: DateTime<Utc>,
) -> Result<EditedRoster, EditRosterError> {
    let settings = Settings::read(url, Path::new("."))?;
    settings.create_folders().map_err(OpenStoreError::Folder)?;
    let mut connection = database::connect(&settings, true).await?;
    let edited = edit_in(&mut connection, edit, by, at).await;
    connection.close().await?;
    edited
}

/// The thinking is done before the transaction begins: a call must not wait for it.
async fn edit_in(
    connection: &mut SqliteConnection,
    edit: &Edit,
    by: &str,
    at: DateTime<Utc>,
) -> Result<EditedRoster, EditRosterError> {
    for _ in 0..TRIES {
        let (known, before) = standing(connection).await?;
        let author = Author { by: by.to_owned(), at, revision: known + 1 };
        let Edited { records, texts } = edit.clone().apply(&before, &author)?;
        let difference = Difference::between(&before, &records)?;
        if let Some(edited) = commit(connection, &author, &records, &texts, &difference).await? {
            return Ok(edited);
        }
    }
    Err(EditRosterError::Busy)
}

/// `None` when another edit came in between.
async fn commit(
    connection: &mut SqliteConnection,
    author: &Author,
    after: &Records,
    texts: &[(Table, String)],
    difference: &Difference,
) -> Result<Option<EditedRoster>, sqlx::Error> {
    let mut transaction = connection.begin_with("begin immediate").await?;
    let edited = write(&mut transaction, author, after, texts, difference).await?;
    if edited.is_some() {
        transaction.commit().await?;
    }
    Ok(edited)
}

impl Clerk {
    /// Makes one edit of the roster that somebody has seen, and says in the audit log that
    /// they did.
    ///
    /// # Errors
    /// When the roster is another by now, the edit would break it, or the database does not
    /// take it; then nothing of it is done.
    pub async fn edit_roster(
        &self,
        seen: &StandingRoster,
        edit: &Edit,
        service: &ServiceId,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<EditedRoster, EditRosterError> {
        let author = Author { by: by.to_owned(), at, revision: seen.revision + 1 };
        let before = seen.roster.records();
        let Edited { records, texts } = edit.clone().apply(before, &author)?;
        let difference = Difference::between(before, &records)?;
        let tables: Vec<&str> = texts.iter().map(|(table, _)| table.italian()).collect();
        let detail = format!("{}, revisione {}", tables.join(", "), author.revision);
        let deed = Deed::new("turni cambiati", &detail).of(service);
        let mut writing = self.begin().await?;
        let connection = writing.connection()?;
        let edited = write(connection, &author, &records, &texts, &difference).await?;
        let edited = edited.ok_or(EditRosterError::Changed)?;
        append(connection, by, at, &deed).await?;
        writing.commit().await?;
        Ok(edited)
    }
}

/// Within the caller's transaction; `None` when the roster is not the one before `author`'s.
async fn write(
    connection: &mut SqliteConnection,
    author: &Author,
    after: &Records,
    texts: &[(Table, String)],
    difference: &Difference,
) -> Result<Option<EditedRoster>, sqlx::Error> {
    if select::revision(connection).await? + 1 != author.revision {
        return Ok(None);
    }
    insert::replace(connection, after, difference).await?;
    for (table, text) in texts {
        let rows = difference.of(*table);
        changes::insert(connection, author, *table, text, rows).await?;
    }
    sqlx::query("update roster_revision set revision = ?")
        .bind(author.revision)
        .execute(connection)
        .await?;
    Ok(Some(EditedRoster {
        revision: author.revision,
        texts: texts.iter().map(|(_, text)| text.clone()).collect(),
        added: difference.added(),
        removed: difference.removed(),
    }))
}
