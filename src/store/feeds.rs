//! Who may read which calendar: secret addresses, of which only the hash is kept.

use std::path::Path;

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection as _, Row, SqliteConnection};

use super::audit::append;
use super::error::WriteRecordError;
use super::rows::{column_with, unreadable};
use super::settings::Settings;
use super::{Clerk, Deed, EditFeedsError, database, instant};
use crate::roster::DutyOf;
use crate::words::ServiceId;

/// One calendar that somebody may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedRow {
    /// Its number.
    pub feed: i64,
    /// Whose duty is in it.
    pub duty_of: DutyOf,
    /// Who made the address, and when.
    pub created: (String, DateTime<Utc>),
    /// Who revoked it, and when; it is of no use then.
    pub revoked: Option<(String, DateTime<Utc>)>,
}

/// Makes an address; its number.
///
/// # Errors
/// When the database does not take it.
pub async fn add_feed(
    url: &str,
    duty_of: &DutyOf,
    token_hash: &str,
    by: &str,
    at: DateTime<Utc>,
) -> Result<i64, EditFeedsError> {
    let mut connection = connect(url).await?;
    let feed = insert(&mut connection, duty_of, token_hash, by, at).await?;
    connection.close().await?;
    Ok(feed)
}

/// Makes an address useless; `false` when there is none of this number in use.
///
/// # Errors
/// When the database does not take it.
pub async fn revoke_feed(
    url: &str,
    feed: i64,
    by: &str,
    at: DateTime<Utc>,
) -> Result<bool, EditFeedsError> {
    let mut connection = connect(url).await?;
    let revoked = revoke(&mut connection, feed, by, at).await?;
    connection.close().await?;
    Ok(revoked)
}

impl Clerk {
    /// As [`add_feed`], from the console and with a row of the audit log.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn add_feed(
        &self,
        duty_of: &DutyOf,
        token_hash: &str,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<i64, WriteRecordError> {
        let mut writing = self.begin().await?;
        let connection = writing.connection()?;
        let feed = insert(connection, duty_of, token_hash, by, at).await?;
        let deed = Deed::new("calendario creato", "").of(duty_of.service());
        append(connection, by, at, &deed.on(&format!("calendario {feed}"))).await?;
        writing.commit().await?;
        Ok(feed)
    }

    /// As [`revoke_feed`], from the console and with a row of the audit log.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn revoke_feed(
        &self,
        feed: i64,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<bool, WriteRecordError> {
        let mut writing = self.begin().await?;
        let connection = writing.connection()?;
        let revoked = revoke(connection, feed, by, at).await?;
        if revoked {
            let deed = Deed::new("calendario revocato", "");
            append(connection, by, at, &deed.on(&format!("calendario {feed}"))).await?;
        }
        writing.commit().await?;
        Ok(revoked)
    }
}

async fn insert(
    connection: &mut SqliteConnection,
    duty_of: &DutyOf,
    token_hash: &str,
    by: &str,
    at: DateTime<Utc>,
) -> Result<i64, sqlx::Error> {
    let (equipe, person) = match duty_of {
        DutyOf::Equipe { equipe, .. } => (Some(equipe), None),
        DutyOf::Person { person, .. } => (None, Some(person)),
    };
    sqlx::query_scalar(
        "insert into feeds (token_hash, service, equipe, person, created_by, created) \
         values (?, ?, ?, ?, ?, ?) returning feed",
    )
    .bind(token_hash)
    .bind(duty_of.service().as_str())
    .bind(equipe)
    .bind(person)
    .bind(by)
    .bind(instant::text(at))
    .fetch_one(connection)
    .await
}

async fn revoke(
    connection: &mut SqliteConnection,
    feed: i64,
    by: &str,
    at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let query = "update feeds set revoked_by = ?, revoked = ? where feed = ? and revoked is null";
    let revoked = sqlx::query(query)
        .bind(by)
        .bind(instant::text(at))
        .bind(feed)
        .execute(connection)
        .await?
        .rows_affected();
    Ok(revoked > 0)
}

async fn connect(url: &str) -> Result<SqliteConnection, EditFeedsError> {
    let settings = Settings::read(url, Path::new("."))?;
    Ok(database::connect(&settings, false).await?)
}

pub(super) async fn all(connection: &mut SqliteConnection) -> Result<Vec<FeedRow>, sqlx::Error> {
    let rows = sqlx::query("select * from feeds order by feed").fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// The calendar of a token, if it is in use.
pub(super) async fn find(
    connection: &mut SqliteConnection,
    token_hash: &str,
) -> Result<Option<FeedRow>, sqlx::Error> {
    let row = sqlx::query("select * from feeds where token_hash = ? and revoked is null")
        .bind(token_hash)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(read).transpose()
}

fn read(row: &SqliteRow) -> Result<FeedRow, sqlx::Error> {
    let service = ServiceId::new(row.try_get("service")?);
    let (equipe, person): (Option<String>, Option<String>) =
        (row.try_get("equipe")?, row.try_get("person")?);
    let duty_of = match (equipe, person) {
        (Some(equipe), None) => DutyOf::Equipe { service, equipe },
        (None, Some(person)) => DutyOf::Person { service, person },
        _ => return Err(unreadable("person")),
    };
    let at = |name| column_with(row, name, |text| instant::read(text).ok());
    let revoked: Option<String> = row.try_get("revoked_by")?;
    Ok(FeedRow {
        feed: row.try_get("feed")?,
        duty_of,
        created: (row.try_get("created_by")?, at("created")?),
        revoked: match revoked {
            Some(by) => Some((by, at("revoked")?)),
            None => None,
        },
    })
}
