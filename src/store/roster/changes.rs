//! Who changed what, and when: written with each edit, never changed.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::{Row, SqliteConnection};

use super::super::{instant, rows::column_with};
use super::difference::Rows;
use crate::roster::{Author, Table};

/// One change of one table of the roster.
#[derive(Debug, Clone, Serialize)]
pub struct RosterChange {
    /// The revision it made.
    pub revision: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who, by name.
    pub author: String,
    /// The table's word.
    pub subject: String,
    /// What, in Italian.
    pub text: String,
    /// The rows taken away.
    pub before: Value,
    /// The rows put there.
    pub after: Value,
}

pub(super) async fn insert(
    connection: &mut SqliteConnection,
    author: &Author,
    table: Table,
    text: &str,
    rows: Rows,
) -> Result<(), sqlx::Error> {
    let list = |rows: Vec<String>| format!("[{}]", rows.join(","));
    sqlx::query(
        "insert into roster_changes (revision, at, author, subject, text, before, after) \
         values (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(author.revision)
    .bind(instant::text(author.at))
    .bind(&author.by)
    .bind(table.word())
    .bind(text)
    .bind(list(rows.before))
    .bind(list(rows.after))
    .execute(connection)
    .await
    .map(|_| ())
}

/// The last `limit` changes, newest first.
pub(in super::super) async fn changes(
    connection: &mut SqliteConnection,
    limit: u32,
) -> Result<Vec<RosterChange>, sqlx::Error> {
    let rows = sqlx::query("select * from roster_changes order by change desc limit ?")
        .bind(limit)
        .fetch_all(connection)
        .await?;
    let change = |row: &sqlx::sqlite::SqliteRow| {
        Ok(RosterChange {
            revision: row.try_get("revision")?,
            at: column_with(row, "at", |text| instant::read(text).ok())?,
            author: row.try_get("author")?,
            subject: row.try_get("subject")?,
            text: row.try_get("text")?,
            before: column_with(row, "before", |text| serde_json::from_str(text).ok())?,
            after: column_with(row, "after", |text| serde_json::from_str(text).ok())?,
        })
    };
    rows.iter().map(change).collect()
}
