//! Closures that coordinators enter: rows that are taken back and never deleted.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::audit::append;
use super::error::{ReadClosuresError, WriteRecordError};
use super::rows::{column, unreadable, utc};
use super::{Clerk, Deed, Reader, instant};
use crate::calendar::Closure;
use crate::dialplan::EnteredClosure;
use crate::words::ServiceId;

/// The closures that hold, and which state of them it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StandingClosures {
    /// Another number means other closures; 0 before the first.
    pub revision: i64,
    /// In the order they were entered.
    pub closures: Vec<EnteredClosure>,
}

/// A closure that holds, and who entered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosureRow {
    /// Its number.
    pub closure: i64,
    /// What is shut.
    pub entered: EnteredClosure,
    /// Who entered it, and when.
    pub by: (String, DateTime<Utc>),
}

/// Rows are never deleted, and taken back once: both numbers only grow.
const REVISION: &str = "select count(*) + count(removed) from closures";

impl Clerk {
    /// Enters a closure; its number. With a row of the audit log.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn enter_closure(
        &self,
        entered: &EnteredClosure,
        told: &str,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<i64, WriteRecordError> {
        let mut writing = self.begin().await?;
        let connection = writing.connection()?;
        let closure: i64 = sqlx::query_scalar(
            "insert into closures (service, comune, begins, ends, reason, entered_by, entered) \
             values (?, ?, ?, ?, ?, ?, ?) returning closure",
        )
        .bind(entered.service.as_str())
        .bind(&entered.comune)
        .bind(entered.closure.from.to_string())
        .bind(entered.closure.until.to_string())
        .bind(&entered.closure.reason)
        .bind(by)
        .bind(instant::text(at))
        .fetch_one(&mut *connection)
        .await?;
        let deed = Deed::new("chiusura straordinaria inserita", told).of(&entered.service);
        append(connection, by, at, &deed.on(&format!("chiusura {closure}"))).await?;
        writing.commit().await?;
        Ok(closure)
    }

    /// Takes a closure back; `false` when somebody did already. With a row of the audit log.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn take_back_closure(
        &self,
        row: &ClosureRow,
        told: &str,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<bool, WriteRecordError> {
        let mut writing = self.begin().await?;
        let connection = writing.connection()?;
        let done = sqlx::query(
            "update closures set removed_by = ?, removed = ? where closure = ? and removed is null",
        )
        .bind(by)
        .bind(instant::text(at))
        .bind(row.closure)
        .execute(&mut *connection)
        .await?;
        let there = done.rows_affected() > 0;
        if there {
            let deed = Deed::new("chiusura straordinaria tolta", told).of(&row.entered.service);
            append(connection, by, at, &deed.on(&format!("chiusura {}", row.closure))).await?;
        }
        writing.commit().await?;
        Ok(there)
    }
}

impl Reader {
    /// The closures that hold, with who entered them, in the order of their days.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn closures(&self) -> Result<Vec<ClosureRow>, ReadClosuresError> {
        let rows =
            sqlx::query("select * from closures where removed is null order by begins, closure")
                .fetch_all(&self.pool)
                .await?;
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// The closures that hold, and which state of them it is.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn standing_closures(&self) -> Result<StandingClosures, ReadClosuresError> {
        let mut transaction = self.pool.begin().await?;
        let revision = sqlx::query_scalar(REVISION).fetch_one(&mut *transaction).await?;
        let rows = sqlx::query("select * from closures where removed is null order by closure")
            .fetch_all(&mut *transaction)
            .await?;
        let closures = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let closures = closures.into_iter().map(|row| row.entered).collect();
        Ok(StandingClosures { revision, closures })
    }

    /// Another number means other closures. Cheap enough to ask every second.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn closures_revision(&self) -> Result<i64, ReadClosuresError> {
        Ok(sqlx::query_scalar(REVISION).fetch_one(&self.pool).await?)
    }
}

fn read(row: &SqliteRow) -> Result<ClosureRow, sqlx::Error> {
    let (from, until): (NaiveDate, NaiveDate) = (column(row, "begins")?, column(row, "ends")?);
    Ok(ClosureRow {
        closure: row.try_get("closure")?,
        entered: EnteredClosure {
            service: ServiceId::new(row.try_get("service")?),
            comune: row.try_get("comune")?,
            closure: Closure { from, until, reason: row.try_get("reason")? },
        },
        by: (
            row.try_get("entered_by")?,
            utc(row, "entered")?.ok_or_else(|| unreadable("entered"))?,
        ),
    })
}
