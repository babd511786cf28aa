//! Cases that somebody reads for a reason alone, without being of the service's people.
//!
//! It does not decide who may ask. Law: an opening is for one case, one visit and a while;
//! it and its row of the audit log are one transaction, and neither is ever taken back.

use chrono::{DateTime, Utc};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::apply::case_number;
use super::audit::{Deed, append};
use super::clerk::Clerk;
use super::error::WriteRecordError;
use super::rows::{column, unreadable, utc};
use super::{ReadCallsError, Reader, instant};
use crate::words::{CaseId, CaseNumber, ServiceId};

/// A case that is to be read for a reason.
#[derive(Debug, Clone, Copy)]
pub struct NewGlass<'a> {
    /// The case.
    pub case: CaseId,
    /// Its number, for the audit log.
    pub number: CaseNumber,
    /// Its service.
    pub service: &'a ServiceId,
    /// The account that reads.
    pub account: &'a str,
    /// The hash of its visit's secret.
    pub session: &'a str,
    /// Why, in Italian, naming nobody.
    pub reason: &'a str,
    /// Until when.
    pub expires: DateTime<Utc>,
}

/// One that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlassRow {
    /// Names it.
    pub glass: i64,
    /// The case.
    pub case: CaseId,
    /// Its number.
    pub number: CaseNumber,
    /// Its service.
    pub service: ServiceId,
    /// Who read it: the name of an account, and as colleagues read it.
    pub account: String,
    /// As colleagues read it.
    pub full_name: String,
    /// Why.
    pub reason: String,
    /// From when.
    pub opened: DateTime<Utc>,
    /// Until when.
    pub expires: DateTime<Utc>,
    /// The accounts that confirmed having seen it.
    pub seen_by: Vec<String>,
}

const GLASS: &str = "select break_glass.*, cases.year, cases.sequence, cases.service, \
     accounts.full_name, (select json_group_array(seen.account) from break_glass_seen as seen \
     where seen.glass = break_glass.glass) as seen_by from break_glass \
     join cases on cases.id = case_id join accounts on accounts.name = break_glass.account";

impl Reader {
    /// What this visit may read for a reason now, the last opened first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn glass_of_visit(
        &self,
        session: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<GlassRow>, ReadCallsError> {
        let query = format!("{GLASS} where session = ? and expires > ? order by glass desc");
        let rows = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(session)
            .bind(instant::text(now))
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.iter().map(GlassRow::read).collect::<Result<_, _>>()?)
    }

    /// At most `limit` openings, the last first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn glass(&self, limit: u32) -> Result<Vec<GlassRow>, ReadCallsError> {
        let query = format!("{GLASS} order by glass desc limit ?");
        let rows =
            sqlx::query(sqlx::AssertSqlSafe(query)).bind(limit).fetch_all(&self.pool).await?;
        Ok(rows.iter().map(GlassRow::read).collect::<Result<_, _>>()?)
    }

    /// The openings of one case, in their order.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn glass_of_case(&self, case: CaseId) -> Result<Vec<GlassRow>, ReadCallsError> {
        let query = format!("{GLASS} where case_id = ? order by glass");
        let rows = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(case.to_string())
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.iter().map(GlassRow::read).collect::<Result<_, _>>()?)
    }
}

impl Clerk {
    /// Opens a case to somebody for a reason.
    ///
    /// # Errors
    /// When the database does not take it; then nothing may be read.
    pub async fn break_glass(
        &self,
        new: NewGlass<'_>,
        at: DateTime<Utc>,
    ) -> Result<(), WriteRecordError> {
        let mut writing = self.begin().await?;
        let connection = writing.connection()?;
        sqlx::query(
            "insert into break_glass (case_id, account, session, reason, opened, expires) \
             values (?, ?, ?, ?, ?, ?)",
        )
        .bind(new.case.to_string())
        .bind(new.account)
        .bind(new.session)
        .bind(new.reason)
        .bind(instant::text(at))
        .bind(instant::text(new.expires))
        .execute(&mut *connection)
        .await?;
        let deed = Deed::new("accesso straordinario", new.reason);
        let deed = deed.on(&new.number.to_string()).of(new.service);
        append(connection, new.account, at, &deed).await?;
        writing.commit().await
    }

    /// A coordinator confirms having seen an opening; once is enough.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn see_glass(
        &self,
        glass: &GlassRow,
        account: &str,
        at: DateTime<Utc>,
    ) -> Result<(), WriteRecordError> {
        let mut writing = self.begin().await?;
        let connection = writing.connection()?;
        let seen = sqlx::query(
            "insert into break_glass_seen (glass, account, at) values (?, ?, ?) \
             on conflict do nothing",
        )
        .bind(glass.glass)
        .bind(account)
        .bind(instant::text(at))
        .execute(&mut *connection)
        .await?;
        if seen.rows_affected() == 1 {
            let deed = Deed::new("accesso straordinario visto", &format!("di {}", glass.account));
            let deed = deed.on(&glass.number.to_string()).of(&glass.service);
            append(connection, account, at, &deed).await?;
        }
        writing.commit().await
    }
}

impl GlassRow {
    fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let at = |name: &str| utc(row, name)?.ok_or_else(|| unreadable(name));
        Ok(Self {
            glass: row.try_get("glass")?,
            case: column(row, "case_id")?,
            number: case_number(row.try_get("year")?, row.try_get("sequence")?)?,
            service: ServiceId::new(row.try_get("service")?),
            account: row.try_get("account")?,
            full_name: row.try_get("full_name")?,
            reason: row.try_get("reason")?,
            opened: at("opened")?,
            expires: at("expires")?,
            seen_by: serde_json::from_str(row.try_get("seen_by")?)
                .map_err(|_| unreadable("seen_by"))?,
        })
    }
}
