//! Puts one write into the tables.

use sqlx::SqliteConnection;

use super::columns::{write_change, write_sealed_number};
use super::instant;
use super::seal::{SealedNumber, blank};
use super::standing::{Opening, Write};
use crate::case::Fact;
use crate::words::{CallId, CaseNumber};
use chrono::{DateTime, Utc};

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Applied {
    /// The case has this number, now or since before.
    Numbered(CaseNumber),
    /// The fact is on the timeline, now or since before.
    Noted,
    /// It can never be applied; why.
    Refused(&'static str),
}

/// Applies a write; one that was applied before changes nothing.
pub(super) async fn apply(
    connection: &mut SqliteConnection,
    write: &Write,
) -> Result<Applied, sqlx::Error> {
    let (write, number) = match write {
        Write::Sealed { write, number } => (&**write, Some(number)),
        write => (write, None),
    };
    match write {
        Write::Open(opening) => open(connection, opening, number).await,
        Write::Note { call, sequence, at, fact } => {
            note(connection, *call, (*sequence, *at), fact, number).await
        }
        Write::Sealed { .. } => Ok(Applied::Refused("it is sealed twice")),
    }
}

async fn open(
    connection: &mut SqliteConnection,
    opening: &Opening,
    caller: Option<&SealedNumber>,
) -> Result<Applied, sqlx::Error> {
    let call = opening.call.to_string();
    let arrived = instant::text(opening.arrived);
    let inserted = sqlx::query(
        "insert into calls (call, service, timezone, number_called, caller, arrived, \
         caller_key, caller_sealed, caller_hash) \
         values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (call) do nothing",
    )
    .bind(&call)
    .bind(opening.service.as_str())
    .bind(opening.timezone.name())
    .bind(opening.number_called.reveal())
    .bind(opening.caller.as_ref().map(|caller| caller.reveal()))
    .bind(&arrived)
    .bind(caller.map(|caller| caller.key))
    .bind(caller.map(|caller| &caller.content))
    .bind(caller.map(|caller| &caller.hash))
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if inserted == 0 {
        return number_of(connection, &call).await;
    }
    // One writer at a time holds the transaction: the next number is free, no gap.
    let (year, sequence): (i64, i64) = sqlx::query_as(
        "insert into cases (id, call, service, year, sequence, opened) \
         select ?1, ?2, ?3, ?4, coalesce(max(sequence), 0) + 1, ?5 from cases \
         where service = ?3 and year = ?4 returning year, sequence",
    )
    .bind(opening.case.to_string())
    .bind(&call)
    .bind(opening.service.as_str())
    .bind(opening.civil_year())
    .bind(&arrived)
    .fetch_one(&mut *connection)
    .await?;
    note(connection, opening.call, (0, opening.arrived), &opening.first, None).await?;
    case_number(year, sequence).map(Applied::Numbered)
}

async fn number_of(connection: &mut SqliteConnection, call: &str) -> Result<Applied, sqlx::Error> {
    let (year, sequence): (i64, i64) =
        sqlx::query_as("select year, sequence from cases where call = ?")
            .bind(call)
            .fetch_one(connection)
            .await?;
    case_number(year, sequence).map(Applied::Numbered)
}

/// The number of two columns.
pub(super) fn case_number(year: i64, sequence: i64) -> Result<CaseNumber, sqlx::Error> {
    let year = u16::try_from(year).map_err(|error| sqlx::Error::Decode(error.into()))?;
    let sequence = u32::try_from(sequence).map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok(CaseNumber { year, sequence })
}

async fn note(
    connection: &mut SqliteConnection,
    call: CallId,
    (sequence, at): (u32, DateTime<Utc>),
    fact: &Fact,
    left: Option<&SealedNumber>,
) -> Result<Applied, sqlx::Error> {
    let call = call.to_string();
    let json =
        serde_json::to_string(&blank(fact)).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let inserted = sqlx::query(
        "insert into entries (call, sequence, at, kind, fact, text) values (?, ?, ?, ?, ?, ?) \
         on conflict (call, sequence) do nothing",
    )
    .bind(&call)
    .bind(sequence)
    .bind(instant::text(at))
    .bind(fact.kind())
    .bind(&json)
    .bind(fact.text())
    .execute(&mut *connection)
    .await;
    match inserted {
        Ok(done) if done.rows_affected() == 0 => {
            same_fact(connection, &call, sequence, &json).await
        }
        Ok(_) => {
            for change in fact.changes(at) {
                write_change(connection, &call, change).await?;
            }
            if let Some(left) = left {
                write_sealed_number(connection, &call, left).await?;
            }
            Ok(Applied::Noted)
        }
        Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => {
            Ok(Applied::Refused("no such call was opened"))
        }
        Err(error) => Err(error),
    }
}

async fn same_fact(
    connection: &mut SqliteConnection,
    call: &str,
    sequence: u32,
    json: &str,
) -> Result<Applied, sqlx::Error> {
    let there: String =
        sqlx::query_scalar("select fact from entries where call = ? and sequence = ?")
            .bind(call)
            .bind(sequence)
            .fetch_one(connection)
            .await?;
    if there == json {
        Ok(Applied::Noted)
    } else {
        Ok(Applied::Refused("another fact stands in its place"))
    }
}
