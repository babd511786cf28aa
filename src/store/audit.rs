//! The audit log on disk: a chain of rows, and its head.

use chrono::{DateTime, SubsecRound as _, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};

use super::clerk::Clerk;
use super::error::WriteRecordError;
use super::instant;
use super::rows::{unreadable, utc};
use super::{ReadCallsError, Reader};
use crate::access::{Audited, Broken, Verifier, link};
use crate::words::ServiceId;

/// Something somebody did, to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    act: String,
    service: Option<ServiceId>,
    subject: Option<String>,
    detail: String,
}

impl Deed {
    /// What was done, and in Italian what there is to say about it: nobody's personal data.
    pub fn new(act: &str, detail: &str) -> Self {
        Self { act: act.to_owned(), service: None, subject: None, detail: detail.to_owned() }
    }

    /// What it was done to: a case's number, an account's name.
    #[must_use]
    pub fn on(self, subject: &str) -> Self {
        Self { subject: Some(subject.to_owned()), ..self }
    }

    /// In which service's record.
    #[must_use]
    pub fn of(self, service: &ServiceId) -> Self {
        Self { service: Some(service.clone()), ..self }
    }
}

/// What verifying found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many rows there are.
    pub rows: i64,
    /// The hash of the last one: kept elsewhere, it shows a log written anew.
    pub head: String,
}

/// A row, and what chains it to the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// The row.
    pub row: Audited,
    /// The hash of the one before; empty for the first.
    pub previous: String,
    /// Its own.
    pub hash: String,
}

/// Which rows are asked for; unless told otherwise, all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WantedRows {
    /// Of this account, or word in brackets.
    pub who: Option<String>,
    /// Of this act.
    pub act: Option<String>,
    /// From here on.
    pub from: Option<DateTime<Utc>>,
    /// Up to here, and not at it.
    pub until: Option<DateTime<Utc>>,
}

/// Rows verified at a time.
const VERIFIED_AT_ONCE: i64 = 10_000;

impl Clerk {
    /// Writes what somebody did.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn note_deed(
        &self,
        who: &str,
        deed: &Deed,
        at: DateTime<Utc>,
    ) -> Result<(), WriteRecordError> {
        self.note_deeds(who, std::slice::from_ref(deed), at).await
    }

    /// Writes what somebody did at once: all of it or nothing.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn note_deeds(
        &self,
        who: &str,
        deeds: &[Deed],
        at: DateTime<Utc>,
    ) -> Result<(), WriteRecordError> {
        let mut writing = self.begin().await?;
        for deed in deeds {
            append(writing.connection()?, who, at, deed).await?;
        }
        writing.commit().await
    }
}

/// Adds a row to the chain, within the caller's transaction.
pub(super) async fn append(
    connection: &mut SqliteConnection,
    who: &str,
    at: DateTime<Utc>,
    deed: &Deed,
) -> Result<(), sqlx::Error> {
    let head =
        sqlx::query("select sequence, hash from audit_head").fetch_one(&mut *connection).await?;
    let (last, previous): (i64, String) = (head.try_get("sequence")?, head.try_get("hash")?);
    let row = Audited {
        sequence: last + 1,
        // As it will be read again.
        at: at.trunc_subsecs(3),
        who: who.to_owned(),
        act: deed.act.clone(),
        service: deed.service.as_ref().map(|service| service.as_str().to_owned()),
        subject: deed.subject.clone(),
        detail: deed.detail.clone(),
    };
    let hash = link(&previous, &row);
    sqlx::query(
        "insert into audit (sequence, at, who, act, service, subject, detail, previous, hash) \
         values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(row.sequence)
    .bind(instant::text(row.at))
    .bind(&row.who)
    .bind(&row.act)
    .bind(&row.service)
    .bind(&row.subject)
    .bind(&row.detail)
    .bind(&previous)
    .bind(&hash)
    .execute(&mut *connection)
    .await?;
    sqlx::query("update audit_head set sequence = ?, hash = ?")
        .bind(row.sequence)
        .bind(&hash)
        .execute(connection)
        .await?;
    Ok(())
}

impl Reader {
    /// Rows of the audit log before `before` (all when `None`), newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn audit(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Audited>, ReadCallsError> {
        self.audit_wanted(&WantedRows::default(), before, limit).await
    }

    /// The same of the rows that are wanted.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn audit_wanted(
        &self,
        wanted: &WantedRows,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Audited>, ReadCallsError> {
        let mut query = asked(wanted);
        if let Some(before) = before {
            query.push(" and sequence < ").push_bind(before);
        }
        query.push(" order by sequence desc limit ").push_bind(limit);
        let rows = query.build().fetch_all(&self.pool).await?;
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// Who ever did something, and which acts; by their letters.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn audit_words(&self) -> Result<(Vec<String>, Vec<String>), ReadCallsError> {
        let words = async |column| {
            let query = sqlx::AssertSqlSafe(words_of(column));
            sqlx::query_scalar(query).fetch_all(&self.pool).await
        };
        Ok((words("who").await?, words("act").await?))
    }

    /// At most `limit` rows of those wanted, after the row `after`, oldest first, with their
    /// hashes.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn audit_after(
        &self,
        wanted: &WantedRows,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Linked>, ReadCallsError> {
        let mut query = asked(wanted);
        query.push(" and sequence > ").push_bind(after);
        query.push(" order by sequence limit ").push_bind(limit);
        let rows = query.build().fetch_all(&self.pool).await?;
        Ok(rows.iter().map(linked).collect::<Result<_, _>>()?)
    }

    /// Goes along the whole chain.
    ///
    /// # Errors
    /// When the database cannot be read; where the chain breaks is within.
    pub async fn verify_audit(&self) -> Result<Result<Verified, Broken>, ReadCallsError> {
        // One transaction: what is written meanwhile belongs to neither head nor rows.
        let mut transaction = self.pool.begin().await?;
        let head = sqlx::query("select sequence, hash from audit_head")
            .fetch_one(&mut *transaction)
            .await?;
        let mut verifier = Verifier::default();
        let mut last = i64::MIN;
        loop {
            let rows =
                sqlx::query("select * from audit where sequence > ? order by sequence limit ?")
                    .bind(last)
                    .bind(VERIFIED_AT_ONCE)
                    .fetch_all(&mut *transaction)
                    .await?;
            for row in &rows {
                let Linked { row, previous, hash } = linked(row)?;
                last = row.sequence;
                if let Err(broken) = verifier.take(&row, &previous, &hash) {
                    return Ok(Err(broken));
                }
            }
            if rows.is_empty() {
                break;
            }
        }
        let written = head.try_get("sequence")?;
        let verified = verifier.finish(written, head.try_get("hash")?);
        Ok(verified.map(|head| Verified { rows: written, head }))
    }
}

/// The rows that are asked for: only what is asked is a condition, so that an index leads to
/// them.
fn asked(wanted: &WantedRows) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("select * from audit where true");
    for (column, word) in [("who", &wanted.who), ("act", &wanted.act)] {
        if let Some(word) = word {
            query.push(format!(" and {column} = ")).push_bind(word.clone());
        }
    }
    for (sign, bound) in [(">=", wanted.from), ("<", wanted.until)] {
        if let Some(bound) = bound {
            query.push(format!(" and at {sign} ")).push_bind(instant::text(bound));
        }
    }
    query
}

/// The words of a column, by its index: from each to the next, not row by row.
fn words_of(column: &str) -> String {
    format!(
        "with recursive words (word) as (select min({column}) from audit union all \
         select (select min({column}) from audit where {column} > word) from words \
         where word is not null) select word from words where word is not null"
    )
}

fn linked(row: &SqliteRow) -> Result<Linked, sqlx::Error> {
    let (previous, hash) = (row.try_get("previous")?, row.try_get("hash")?);
    Ok(Linked { row: read(row)?, previous, hash })
}

pub(super) fn read(row: &SqliteRow) -> Result<Audited, sqlx::Error> {
    Ok(Audited {
        sequence: row.try_get("sequence")?,
        at: utc(row, "at")?.ok_or_else(|| unreadable("at"))?,
        who: row.try_get("who")?,
        act: row.try_get("act")?,
        service: row.try_get("service")?,
        subject: row.try_get("subject")?,
        detail: row.try_get("detail")?,
    })
}

#[cfg(test)]
mod tests {
    use sqlx::Connection as _;

    use super::super::schema;
    use super::*;

    async fn plan(query: String) -> String {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        schema::MIGRATIONS.run_direct(None, &mut connection, false).await.unwrap();
        let query = sqlx::AssertSqlSafe(format!("explain query plan {query}"));
        let steps = sqlx::query(query).fetch_all(&mut connection).await.unwrap();
        steps.iter().map(|step| format!("{}\n", step.get::<String, _>("detail"))).collect()
    }

    #[tokio::test]
    async fn what_is_asked_of_the_log_is_found_by_an_index() {
        let word = |word: &str| Some(word.to_owned());
        let of_act = WantedRows { act: word("ingresso"), ..WantedRows::default() };
        let of_who = WantedRows { who: word("ada"), ..WantedRows::default() };
        let both = WantedRows { who: word("ada"), ..of_act.clone() };
        for wanted in [of_act, of_who, both] {
            for order in [" order by sequence desc limit 1", " and sequence > 1 order by sequence"]
            {
                let mut query = asked(&wanted);
                let plan = plan(query.push(order).sql().as_str().to_owned()).await;
                assert!(plan.contains("USING INDEX audit_of_"), "{plan}");
                assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{plan}");
            }
        }
        for column in ["who", "act"] {
            let plan = plan(words_of(column)).await;
            assert!(!plan.contains("SCAN audit"), "{plan}");
        }
    }
}
