//! What a month is counted from: its calls, its cases and what people wrote about these.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::CaseStanding;
use super::history::open;
use super::standing::STANDING;
use crate::case::Addition;
use crate::case::tally::{Answering, CallOfMonth, CaseOfMonth, Written};
use crate::store::rows::{column, unreadable, utc};
use crate::store::seal::Keys;
use crate::store::{Keyring, ReadCallsError, Reader, instant};
use crate::words::{CaseId, ServiceId};

/// From this instant until that, which is the first no longer in it.
pub type Between = (DateTime<Utc>, DateTime<Utc>);

impl Reader {
    /// The calls of a service that came in then, in order.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn calls_between(
        &self,
        service: &ServiceId,
        (from, until): Between,
    ) -> Result<Vec<CallOfMonth>, ReadCallsError> {
        let rows = sqlx::query(
            "select arrived, accepted, outcome, \
             (select json_extract(fact, '$.active') from entries where entries.call = calls.call \
              and kind = 'arrived' order by sequence limit 1) as active \
             from calls where service = ? and arrived >= ? and arrived < ? order by arrived, call",
        )
        .bind(service.as_str())
        .bind(instant::text(from))
        .bind(instant::text(until))
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.iter().map(call).collect::<Result<_, _>>()?)
    }

    /// The cases of a service that were opened then, in order, as far as `keyring` opens
    /// what people wrote about them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn cases_between(
        &self,
        keyring: &Keyring,
        service: &ServiceId,
        between: Between,
    ) -> Result<Vec<(CaseStanding, CaseOfMonth)>, ReadCallsError> {
        let keys = keyring.keys().ok();
        // One look: what is written in between is in both or in neither.
        let mut transaction = self.pool.begin().await?;
        let standings = standings_between(&mut transaction, service, between).await?;
        let rows = schede_between(&mut transaction, service, between).await?;
        drop(transaction);
        // Opening a thousand of them takes a while; calls are answered by these threads.
        let opened = tokio::task::spawn_blocking(move || {
            rows.iter().map(|row| written(row, keys.as_deref())).collect::<Result<Vec<_>, _>>()
        });
        let opened = opened.await.map_err(|_| sqlx::Error::WorkerCrashed)??;
        let mut opened: HashMap<CaseId, Written> = opened.into_iter().collect();
        let of_month = |standing: CaseStanding| {
            let nothing = || Written::Open(Box::default());
            let written = opened.remove(&standing.id).unwrap_or_else(nothing);
            let case = CaseOfMonth {
                category: standing.category,
                comune: standing.comune.clone(),
                stage: standing.stage,
                stage_since: standing.stage_since,
                ended_as: standing.ended_as.clone(),
                instants: standing.instants.clone(),
                written,
            };
            (standing, case)
        };
        Ok(standings.into_iter().map(of_month).collect())
    }
}

fn call(row: &SqliteRow) -> Result<CallOfMonth, sqlx::Error> {
    let active: Option<bool> = row.try_get("active")?;
    Ok(CallOfMonth {
        arrived: utc(row, "arrived")?.ok_or_else(|| unreadable("arrived"))?,
        accepted: utc(row, "accepted")?,
        outcome: column(row, "outcome")?,
        answering: match active {
            Some(true) => Answering::Service,
            Some(false) => Answering::Offices,
            None => Answering::Unknown,
        },
    })
}

async fn standings_between(
    connection: &mut SqliteConnection,
    service: &ServiceId,
    (from, until): Between,
) -> Result<Vec<CaseStanding>, sqlx::Error> {
    let query = format!(
        "{STANDING} where cases.service = ? and cases.opened >= ? and cases.opened < ? \
         order by cases.opened, cases.id"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(service.as_str())
        .bind(instant::text(from))
        .bind(instant::text(until))
        .fetch_all(connection)
        .await?;
    rows.iter().map(CaseStanding::read).collect()
}

/// The last scheda of each case.
async fn schede_between(
    connection: &mut SqliteConnection,
    service: &ServiceId,
    (from, until): Between,
) -> Result<Vec<SqliteRow>, sqlx::Error> {
    sqlx::query(
        "select case_entries.* from case_entries join cases on cases.id = case_entries.case_id \
         where cases.service = ? and cases.opened >= ? and cases.opened < ? \
         and case_entries.sequence = (select max(sequence) from case_entries as latest \
          where latest.case_id = cases.id and latest.kind = 'scheda')",
    )
    .bind(service.as_str())
    .bind(instant::text(from))
    .bind(instant::text(until))
    .fetch_all(connection)
    .await
}

fn written(row: &SqliteRow, keys: Option<&Keys>) -> Result<(CaseId, Written), sqlx::Error> {
    let scheda = match keys.map(|keys| open(row, keys)) {
        Some(Ok(Addition::Scheda { scheda })) => Written::Open(Box::new(scheda)),
        Some(_) | None => Written::Sealed,
    };
    Ok((column(row, "case_id")?, scheda))
}
