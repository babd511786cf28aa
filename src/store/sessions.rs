//! Who is in the console now.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::accounts::{AccountRow, COLUMNS};
use super::audit::{Deed, append};
use super::clerk::Clerk;
use super::error::WriteRecordError;
use super::instant;
use super::rows::{unreadable, utc};
use super::{ReadCallsError, Reader};
use crate::access::Role;

/// One visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Who.
    pub account: AccountRow,
    /// When the last request came.
    pub seen: DateTime<Utc>,
    /// Whether the second factor was given, where one is needed.
    pub complete: bool,
    /// The secret of a second factor that is being set up, as it is kept.
    pub enrolling: Option<String>,
}

/// A visit that goes on, for who looks after the accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenVisit {
    /// The hash of its secret.
    pub session: String,
    /// Whose it is.
    pub account: String,
    /// When the right password was given.
    pub created: DateTime<Utc>,
    /// When the last request came, to the minute.
    pub seen: DateTime<Utc>,
    /// Whether the second factor was given, where one is needed.
    pub complete: bool,
}

/// Without a request, a visit ends: who answers at night must not come in anew for every
/// call, and a telephone left on a table must not stay open for days.
pub const IDLE_MAX: TimeDelta = TimeDelta::hours(2);
/// However busy, a visit ends: one turn of duty.
pub const VISIT_MAX: TimeDelta = TimeDelta::hours(13);

impl Reader {
    /// The visit of the secret with this hash; `None` when there is none, or it is over.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn session(
        &self,
        token_hash: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<SessionRow>, ReadCallsError> {
        let query = format!(
            "select {COLUMNS}, seen, complete, enrolling from sessions \
             join accounts on accounts.name = account \
             where token_hash = ? and seen > ? and sessions.created > ? and disabled is null"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(token_hash)
            .bind(instant::text(now - IDLE_MAX))
            .bind(instant::text(now - VISIT_MAX))
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(SessionRow {
            account: AccountRow::read(&row)?,
            seen: utc(&row, "seen")?.ok_or_else(|| unreadable("seen"))?,
            complete: row.try_get("complete")?,
            enrolling: row.try_get("enrolling")?,
        }))
    }
}

impl Reader {
    /// The visits that are not over, the one seen last first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn open_visits(&self, now: DateTime<Utc>) -> Result<Vec<OpenVisit>, ReadCallsError> {
        let rows = sqlx::query(
            "select token_hash, account, created, seen, complete from sessions \
             where seen > ? and created > ? order by seen desc, created desc",
        )
        .bind(instant::text(now - IDLE_MAX))
        .bind(instant::text(now - VISIT_MAX))
        .fetch_all(&self.pool)
        .await?;
        let visit = |row: &SqliteRow| {
            Ok(OpenVisit {
                session: row.try_get("token_hash")?,
                account: row.try_get("account")?,
                created: utc(row, "created")?.ok_or_else(|| unreadable("created"))?,
                seen: utc(row, "seen")?.ok_or_else(|| unreadable("seen"))?,
                complete: row.try_get("complete")?,
            })
        };
        Ok(rows.iter().map(visit).collect::<Result<_, sqlx::Error>>()?)
    }
}

impl Clerk {
    /// Somebody gave the right password of this account, as it was when they gave it; the
    /// role they come in with, or `None` when the account was taken away or has another
    /// password meanwhile. Visits that are over are forgotten.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn begin_session(
        &self,
        token_hash: &str,
        account: &AccountRow,
        at: DateTime<Utc>,
    ) -> Result<Option<Role>, WriteRecordError> {
        let mut writing = self.begin().await?;
        let connection = writing.connection()?;
        // A password takes long to check: what the account is now decides.
        let query = format!(
            "select {COLUMNS} from accounts where name = ? and password is ? and disabled is null"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(&account.name)
            .bind(&account.password)
            .fetch_optional(&mut *connection)
            .await?;
        let Some(account) = row.as_ref().map(AccountRow::read).transpose()? else {
            return Ok(None);
        };
        sqlx::query("delete from sessions where seen <= ? or created <= ?")
            .bind(instant::text(at - IDLE_MAX))
            .bind(instant::text(at - VISIT_MAX))
            .execute(&mut *connection)
            .await?;
        let complete = !account.role.needs_second_factor();
        sqlx::query(
            "insert into sessions (token_hash, account, created, seen, complete) \
             values (?, ?, ?3, ?3, ?4)",
        )
        .bind(token_hash)
        .bind(&account.name)
        .bind(instant::text(at))
        .bind(complete)
        .execute(&mut *connection)
        .await?;
        if complete {
            enter(connection, &account.name, at).await?;
        }
        writing.commit().await?;
        Ok(Some(account.role))
    }

    /// A visitor is still there.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn see(&self, token_hash: &str, at: DateTime<Utc>) -> Result<(), WriteRecordError> {
        let mut writing = self.begin().await?;
        sqlx::query("update sessions set seen = ? where token_hash = ?")
            .bind(instant::text(at))
            .bind(token_hash)
            .execute(writing.connection()?)
            .await?;
        writing.commit().await
    }

    /// A visitor sets up a second factor with this secret, kept so, if they confirm it.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn begin_enrolling(
        &self,
        token_hash: &str,
        secret: &str,
    ) -> Result<(), WriteRecordError> {
        let mut writing = self.begin().await?;
        sqlx::query("update sessions set enrolling = ? where token_hash = ?")
            .bind(secret)
            .bind(token_hash)
            .execute(writing.connection()?)
            .await?;
        writing.commit().await
    }

    /// The right code of step `step` was given; `false` when that step was used before, or
    /// the visit was ended or another secret set up meanwhile.
    /// A secret that was being set up is now the account's.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn complete_session(
        &self,
        token_hash: &str,
        account: &str,
        step: u64,
        enrolled: Option<&str>,
        at: DateTime<Utc>,
    ) -> Result<bool, WriteRecordError> {
        let mut writing = self.begin().await?;
        let connection = writing.connection()?;
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        let done = sqlx::query(
            "update accounts set totp_step = ?1, totp = coalesce(?2, totp) \
             where name = ?3 and case when ?2 is null then totp_step < ?1 else totp is null end \
             and exists (select 1 from sessions where token_hash = ?4)",
        )
        .bind(step)
        .bind(enrolled)
        .bind(account)
        .bind(token_hash)
        .execute(&mut *connection)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("update sessions set complete = 1, enrolling = null where token_hash = ?")
            .bind(token_hash)
            .execute(&mut *connection)
            .await?;
        if enrolled.is_some() {
            let deed = Deed::new("secondo fattore attivato", "").on(account);
            append(connection, account, at, &deed).await?;
        }
        enter(connection, account, at).await?;
        writing.commit().await?;
        Ok(true)
    }

    /// A visitor leaves.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn end_session(
        &self,
        token_hash: &str,
        account: &str,
        at: DateTime<Utc>,
    ) -> Result<(), WriteRecordError> {
        let mut writing = self.begin().await?;
        let connection = writing.connection()?;
        sqlx::query("delete from sessions where token_hash = ?")
            .bind(token_hash)
            .execute(&mut *connection)
            .await?;
        append(connection, account, at, &Deed::new("uscita", "").on(account)).await?;
        writing.commit().await
    }
}

impl Clerk {
    /// Ends the visits of an account but `stays`; how many.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn end_sessions(
        &self,
        account: &str,
        stays: Option<&str>,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<u64, WriteRecordError> {
        let mut writing = self.begin().await?;
        let connection = writing.connection()?;
        let ended = sqlx::query("delete from sessions where account = ? and token_hash is not ?")
            .bind(account)
            .bind(stays)
            .execute(&mut *connection)
            .await?
            .rows_affected();
        let detail = match ended {
            1 => "1 visita".to_owned(),
            many => format!("{many} visite"),
        };
        append(connection, by, at, &Deed::new("visite chiuse", &detail).on(account)).await?;
        writing.commit().await?;
        Ok(ended)
    }
}

async fn enter(
    connection: &mut sqlx::SqliteConnection,
    account: &str,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query("update accounts set failures = 0, locked = null where name = ?")
        .bind(account)
        .execute(&mut *connection)
        .await?;
    append(connection, account, at, &Deed::new("ingresso", "").on(account)).await
}
