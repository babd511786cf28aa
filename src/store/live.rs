//! What the console shows of the present moment.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::Row;

use super::rows::{self, AttemptRow, CallRow, CaseRow, EntryRow};
use super::search::REMOVALS;
use super::{Keys, ReadCallsError, Reader, instant};
use crate::words::{CallId, ServiceId};

/// A call, and the case it opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveCall {
    /// The call.
    pub call: CallRow,
    /// Its case, with timeline and attempts; `None` while only the journal has it.
    pub case: Option<CaseRow>,
}

/// What is owed in one service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owed {
    /// Callers to be called back, or decided about.
    pub call_backs: i64,
    /// Cases sent to a service that has not confirmed.
    pub hand_overs: i64,
    /// Recorded messages that nobody heard.
    pub messages: i64,
    /// Removals of which art. 403 c.c. still wants something.
    pub removals: i64,
}

impl Reader {
    /// Changes whenever anybody committed something; as cheap as a look at a clock. It
    /// says so of one connection: ask the same [`Watcher`] again.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn watcher(&self) -> Result<Watcher, ReadCallsError> {
        Ok(Watcher(self.pool.acquire().await?))
    }

    /// The calls in progress, and those that ended after `since`, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn live_calls(&self, since: DateTime<Utc>) -> Result<Vec<LiveCall>, ReadCallsError> {
        let mut transaction = self.pool.begin().await?;
        let since = instant::text(since);
        let rows = sqlx::query(
            "select calls.*, cases.year, cases.sequence from calls left join cases using (call) \
             where ended is null or (arrived > ?2 and ended > ?1) order by arrived, call",
        )
        .bind(&since)
        .bind(instant::text(instant::read(&since).unwrap_or_default() - DAY))
        .fetch_all(&mut *transaction)
        .await?;
        let keys = self.keys();
        let mut live = Vec::with_capacity(rows.len());
        let mut places = HashMap::new();
        for row in &rows {
            let call = CallRow::read(row, keys.as_deref())?;
            places.insert(call.call, live.len());
            live.push(LiveCall { call, case: None });
        }
        for chunk in live.chunks_mut(CALLS_AT_ONCE) {
            read_cases(&mut transaction, keys.as_deref(), chunk).await?;
        }
        Ok(live)
    }

    /// What is owed, by service; services that owe nothing are not in it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn owed(&self) -> Result<HashMap<ServiceId, Owed>, ReadCallsError> {
        // Each part reads its own index.
        let query = format!(
            "select 'call_back' as owed, service, count(*) as cases from cases \
             where callback_owed = 1 group by service \
             union all select 'hand_over', service, count(*) from cases \
             where handed_over is not null and acknowledged is null and stage <> 'archiviata' \
             and stage <> 'presa_in_carico' group by service \
             union all select 'message', service, count(*) from cases \
             where voicemail is not null and voicemail_heard is null group by service \
             union all select 'removal', removal_service, count(*) from ({REMOVALS}) \
             group by removal_service"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(query)).fetch_all(&self.pool).await?;
        let mut services: HashMap<ServiceId, Owed> = HashMap::new();
        for row in &rows {
            let owed = services.entry(ServiceId::new(row.try_get("service")?)).or_default();
            let cases = row.try_get("cases")?;
            match row.try_get("owed")? {
                "call_back" => owed.call_backs = cases,
                "hand_over" => owed.hand_overs = cases,
                "removal" => owed.removals = cases,
                _ => owed.messages = cases,
            }
        }
        Ok(services)
    }
}

/// Sees when somebody committed something.
#[derive(Debug)]
pub struct Watcher(sqlx::pool::PoolConnection<sqlx::Sqlite>);

impl Watcher {
    /// Another number than last time: something was committed since.
    ///
    /// # Errors
    /// When the database cannot be read; the watcher is of no more use then.
    pub async fn look(&mut self) -> Result<i64, ReadCallsError> {
        Ok(sqlx::query_scalar("pragma data_version").fetch_one(&mut *self.0).await?)
    }
}

async fn read_cases(
    connection: &mut sqlx::SqliteConnection,
    keys: Option<&Keys>,
    live: &mut [LiveCall],
) -> Result<(), sqlx::Error> {
    let calls: Vec<String> = live.iter().map(|live| live.call.call.to_string()).collect();
    let calls = serde_json::to_string(&calls).unwrap_or_else(|_| "[]".into());
    let places: HashMap<CallId, usize> =
        live.iter().enumerate().map(|(place, live)| (live.call.call, place)).collect();
    let within = "call in (select value from json_each(?))";
    let query = format!(
        "select cases.*, {}, calls.timezone from cases join calls using (call) where {within}",
        rows::CALLER
    );
    for row in
        sqlx::query(sqlx::AssertSqlSafe(query)).bind(&calls).fetch_all(&mut *connection).await?
    {
        let case = CaseRow::read(&row, keys)?;
        if let Some(live) = places.get(&case.call).and_then(|place| live.get_mut(*place)) {
            live.case = Some(case);
        }
    }
    for (table, order) in [("entries", "sequence"), ("attempts", "attempt")] {
        let query = format!(
            "select {table}.*, calls.timezone from {table} join calls using (call) \
             where {within} order by call, {order}"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(query));
        for row in rows.bind(&calls).fetch_all(&mut *connection).await? {
            let call: CallId = rows::column(&row, "call")?;
            let place = places.get(&call).and_then(|place| live.get_mut(*place));
            let Some(case) = place.and_then(|live| live.case.as_mut()) else { continue };
            if table == "entries" {
                case.entries.push(EntryRow::read(&row)?);
            } else {
                case.attempts.push(AttemptRow::read(&row)?);
            }
        }
    }
    Ok(())
}

const CALLS_AT_ONCE: usize = 500;
/// No call that ended just now began longer ago: it keeps the look at the index short.
const DAY: chrono::TimeDelta = chrono::TimeDelta::days(1);
