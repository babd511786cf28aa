//! The outbox: what other programs are still to be told.
//!
//! Messages are put here by triggers of the schema, in the transaction of what they tell;
//! this file only takes them out.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::clerk::Clerk;
use super::error::WriteRecordError;
use super::instant;
use super::rows::{unreadable, utc};
use super::{ReadCallsError, Reader};

/// Something to be told to one receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its number.
    pub message: i64,
    /// What the receiver tells copies apart by.
    pub id: String,
    /// What happened: the event's word.
    pub event: String,
    /// When.
    pub at: DateTime<Utc>,
    /// In which service.
    pub service: Option<String>,
    /// The number of the case.
    pub subject: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
}

/// How it stands with one receiver.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Outbox {
    /// The receiver.
    pub webhook: String,
    /// Messages that wait, some of them for another try.
    pub waiting: i64,
    /// Messages that were given up.
    pub given_up: i64,
    /// When the oldest of both happened.
    pub since: Option<DateTime<Utc>>,
    /// What the last try met.
    pub problem: Option<String>,
}

/// Messages that were given up are kept for so long.
const KEPT: TimeDelta = TimeDelta::days(30);

impl Message {
    fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            message: row.try_get("message")?,
            id: row.try_get("id")?,
            event: row.try_get("event")?,
            at: utc(row, "at")?.ok_or_else(|| unreadable("at"))?,
            service: row.try_get("service")?,
            subject: row.try_get("subject")?,
            attempts: row.try_get("attempts")?,
        })
    }
}

impl Reader {
    /// What `webhook` is to be told next, if anything is due.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn next_message(
        &self,
        webhook: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Message>, ReadCallsError> {
        let query = "select * from webhook_messages where webhook = ? and next <= ? \
                     order by next, message limit 1";
        let row = sqlx::query(query)
            .bind(webhook)
            .bind(instant::text(now))
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.as_ref().map(Message::read).transpose()?)
    }

    /// How it stands with every receiver there is.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn outboxes(&self) -> Result<Vec<Outbox>, ReadCallsError> {
        let rows = sqlx::query(
            "select name, count(next) as waiting, \
             count(message) - count(next) as given_up, min(at) as since, \
             (select problem from webhook_messages as last where last.webhook = name \
              and problem is not null order by message desc limit 1) as problem \
             from webhooks left join webhook_messages on webhook = name group by name",
        )
        .fetch_all(&self.pool)
        .await?;
        let read = |row: &SqliteRow| {
            Ok(Outbox {
                webhook: row.try_get("name")?,
                waiting: row.try_get("waiting")?,
                given_up: row.try_get("given_up")?,
                since: utc(row, "since")?,
                problem: row.try_get("problem")?,
            })
        };
        Ok(rows.iter().map(read).collect::<Result<_, sqlx::Error>>()?)
    }
}

impl Clerk {
    /// Writes who is told of what from now on, and throws away what is for nobody any more.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn set_webhooks(
        &self,
        webhooks: &[(String, Vec<&str>)],
        now: DateTime<Utc>,
    ) -> Result<(), WriteRecordError> {
        let mut writing = self.begin().await?;
        let connection = writing.connection()?;
        sqlx::query("delete from webhooks").execute(&mut *connection).await?;
        for (name, events) in webhooks {
            sqlx::query("insert into webhooks (name, events) values (?, ?)")
                .bind(name)
                // As the triggers look for them: a blank before and after each.
                .bind(format!(" {} ", events.join(" ")))
                .execute(&mut *connection)
                .await?;
        }
        let of_nobody = "delete from webhook_messages where webhook not in \
                         (select name from webhooks) or (next is null and at < ?)";
        sqlx::query(of_nobody).bind(instant::text(now - KEPT)).execute(connection).await?;
        writing.commit().await
    }

    /// A message was taken.
    ///
    /// # Errors
    /// When the database does not take it; then it is told again.
    pub async fn message_taken(&self, message: i64) -> Result<(), WriteRecordError> {
        let mut writing = self.begin().await?;
        sqlx::query("delete from webhook_messages where message = ?")
            .bind(message)
            .execute(writing.connection()?)
            .await?;
        writing.commit().await
    }

    /// A message was not taken: it is tried again at `next`, or given up.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn message_refused(
        &self,
        message: i64,
        problem: &str,
        next: Option<DateTime<Utc>>,
    ) -> Result<(), WriteRecordError> {
        let mut writing = self.begin().await?;
        let query = "update webhook_messages set attempts = attempts + 1, problem = ?, next = ? \
                     where message = ?";
        sqlx::query(query)
            .bind(problem)
            .bind(next.map(instant::text))
            .bind(message)
            .execute(writing.connection()?)
            .await?;
        writing.commit().await
    }

    /// Messages for `webhook` that were given up are tried anew; how many.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn try_messages_again(
        &self,
        webhook: &str,
        now: DateTime<Utc>,
    ) -> Result<u64, WriteRecordError> {
        let mut writing = self.begin().await?;
        let query = "update webhook_messages set attempts = 0, next = ? \
                     where webhook = ? and next is null";
        let done = sqlx::query(query)
            .bind(instant::text(now))
            .bind(webhook)
            .execute(writing.connection()?)
            .await?;
        writing.commit().await?;
        Ok(done.rows_affected())
    }
}
