//! What a month is counted from: its calls, its cases and what people wrote about these.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::history::open;
use super::standing::Happened;
use crate::case::tally::{Answering, CallOfMonth, CaseOfMonth, Written};
use crate::case::{Addition, Outcome};
use crate::store::rows::{column, unreadable};
use crate::store::seal::Keys;
use crate::store::{Keyring, ReadCallsError, Reader, instant};
use crate::words::{CaseId, CaseNumber, Category, ServiceId};

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
        let list: String = sqlx::query_scalar(
            "select json_group_array(json_array(arrived, accepted, outcome, \
             (select json_extract(fact, '$.active') from entries where entries.call = listed.call \
              and kind = 'arrived' order by sequence limit 1))) \
             from (select call, arrived, accepted, outcome from calls \
              where service = ? and arrived >= ? and arrived < ? order by arrived, call) as listed",
        )
        .bind(service.as_str())
        .bind(instant::text(from))
        .bind(instant::text(until))
        .fetch_one(&self.pool)
        .await?;
        let calls: Vec<Call> = listed(&list, "calls")?;
        Ok(calls.into_iter().map(Call::of_month).collect())
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
    ) -> Result<Vec<CaseOfMonth>, ReadCallsError> {
        let keys = keyring.keys().ok();
        // One look: what is written in between is in both or in neither.
        let mut transaction = self.pool.begin().await?;
        let list = cases_between(&mut transaction, service, between).await?;
        let rows = schede_between(&mut transaction, service, between).await?;
        drop(transaction);
        // Opening a thousand of them takes a while; calls are answered by these threads.
        let read = tokio::task::spawn_blocking(move || {
            let cases: Vec<Case> = listed(&list, "cases")?;
            let opened = rows.iter().map(|row| written(row, keys.as_deref()));
            let mut opened: HashMap<CaseId, Written> = opened.collect::<Result<_, _>>()?;
            Ok(cases.into_iter().map(|case| case.of_month(&mut opened)).collect())
        });
        read.await.map_err(|_| sqlx::Error::WorkerCrashed)?
    }
}

/// What the database put into one JSON list: a row each would pass between two threads, every
/// column of it an allocation.
fn listed<'a, T: Deserialize<'a>>(list: &'a str, of: &str) -> Result<Vec<T>, sqlx::Error> {
    serde_json::from_str(list).map_err(|_| unreadable(of))
}

/// In the order of its query.
#[derive(Deserialize)]
struct Call {
    arrived: DateTime<Utc>,
    accepted: Option<DateTime<Utc>>,
    outcome: Outcome,
    active: Option<u8>,
}

impl Call {
    fn of_month(self) -> CallOfMonth {
        CallOfMonth {
            arrived: self.arrived,
            accepted: self.accepted,
            outcome: self.outcome,
            answering: match self.active {
                Some(0) => Answering::Offices,
                Some(_) => Answering::Service,
                None => Answering::Unknown,
            },
        }
    }
}

/// In the order of [`CASE`].
#[derive(Deserialize)]
struct Case {
    id: CaseId,
    year: u16,
    sequence: u32,
    category: Category,
    comune: Option<String>,
    ended_as: Option<String>,
    happened: Happened,
}

const CASE: &str = "json_array(id, year, sequence, category, comune, ended_as, \
     json_array(stage, stage_since, arrived, accepted, ended, on_site, reached, finished, \
     handed_over, acknowledged, placed, prosecutor_sent))";

impl Case {
    fn of_month(self, opened: &mut HashMap<CaseId, Written>) -> CaseOfMonth {
        CaseOfMonth {
            number: CaseNumber { year: self.year, sequence: self.sequence },
            category: self.category,
            comune: self.comune,
            stage: self.happened.stage,
            stage_since: self.happened.stage_since,
            ended_as: self.ended_as,
            instants: self.happened.instants(),
            written: opened.remove(&self.id).unwrap_or_else(|| Written::Open(Box::default())),
        }
    }
}

async fn cases_between(
    connection: &mut SqliteConnection,
    service: &ServiceId,
    (from, until): Between,
) -> Result<String, sqlx::Error> {
    let query = format!(
        "select json_group_array({CASE}) from (select cases.*, calls.arrived, calls.accepted, \
         calls.ended from cases join calls using (call) where cases.service = ? \
         and cases.opened >= ? and cases.opened < ? order by cases.opened, cases.id)"
    );
    sqlx::query_scalar(sqlx::AssertSqlSafe(query))
        .bind(service.as_str())
        .bind(instant::text(from))
        .bind(instant::text(until))
        .fetch_one(connection)
        .await
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
