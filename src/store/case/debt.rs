//! What becomes of a call-back that is owed in a case that is archived.
//!
//! It writes nothing. Law: it is owed no more only where the case was a test, where somebody
//! reached the caller since, or where another case owes it to the same number and nobody may
//! call from there whom nobody may call from here.

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::case::CallBackResult;
use crate::case::contact::{Known, Number, Permission, advise};
use crate::case::course::End;
use crate::store::rows::{CALLER, utc};
use crate::store::{CaseRow, NumberState};
use crate::words::{CaseId, CaseNumber, ServiceId};

/// What becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Debt {
    /// The case of which it is a duplicate owes it from now on.
    Carried {
        /// That case.
        to: CaseId,
        /// Its last entry.
        last: u32,
    },
    /// Nothing is owed there any more.
    Settled(CallBackResult),
    /// There is none, or it stays where it is.
    Stays,
}

/// What becomes of what is owed in `case`, which is archived with this end.
pub(super) async fn debt(
    connection: &mut SqliteConnection,
    case: CaseId,
    end: Option<&End>,
) -> Result<Debt, sqlx::Error> {
    let kept = match end {
        Some(End::Prova) => None,
        Some(End::Doppione { di }) => Some(*di),
        _ => return Ok(Debt::Stays),
    };
    let owing = by_id(connection, case).await?.filter(|side| side.row.callback_owed);
    let Some(double) = owing else { return Ok(Debt::Stays) };
    let Some(kept) = kept else { return Ok(Debt::Settled(CallBackResult::Test)) };
    let kept = by_number(connection, &double.row.service, kept).await?;
    Ok(kept.map_or(Debt::Stays, |kept| between(&double, &kept)))
}

fn between(double: &Side, kept: &Side) -> Debt {
    if kept.reached.is_some_and(|at| at >= double.row.opened.to_utc()) {
        Debt::Settled(CallBackResult::Duplicate)
    } else if !same_number(double, kept) || !as_careful(&double.row.contact(), &kept.row.contact())
    {
        Debt::Stays
    } else if kept.row.callback_owed {
        Debt::Settled(CallBackResult::Duplicate)
    } else {
        Debt::Carried { to: kept.row.id, last: kept.last }
    }
}

/// Whoever calls the number of the kept case calls whoever waits for it.
fn same_number(double: &Side, kept: &Side) -> bool {
    let same = |one: &Option<String>, other: &Option<String>| one.is_some() && one == other;
    let nowhere = double.row.caller_state == NumberState::Hidden;
    double.row.callback_state == NumberState::Hidden
        && (nowhere || same(&double.clear, &kept.clear) || same(&double.hash, &kept.hash))
}

/// Whether nobody may call from the kept case whom nobody may call, or not now, from the other.
fn as_careful(double: &Known, kept: &Known) -> bool {
    let decides = |known: &Known| {
        let number = Number::Known;
        advise(&Known { number, ..known.clone() }).permission == Permission::Coordinator
    };
    let hours = |known: &Known| known.told.as_deref() == Some("fascia");
    decides(kept) || (!decides(double) && (!hours(double) || hours(kept)))
}

/// One of the two cases.
struct Side {
    row: CaseRow,
    last: u32,
    /// When somebody last spoke with the caller, or decided about calling back.
    reached: Option<DateTime<Utc>>,
    /// The caller's number where it is in clear, and what it is found by where it is sealed.
    clear: Option<String>,
    hash: Option<String>,
}

fn sides(which: &str) -> String {
    format!(
        "select cases.*, {CALLER}, calls.timezone, calls.accepted_by, calls.ended as call_ended \
         from cases join calls using (call) where {which}"
    )
}

async fn by_id(
    connection: &mut SqliteConnection,
    case: CaseId,
) -> Result<Option<Side>, sqlx::Error> {
    let row = sqlx::query(sqlx::AssertSqlSafe(sides("cases.id = ?")))
        .bind(case.to_string())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(Side::read).transpose()
}

async fn by_number(
    connection: &mut SqliteConnection,
    service: &ServiceId,
    number: CaseNumber,
) -> Result<Option<Side>, sqlx::Error> {
    let which = "cases.service = ? and cases.year = ? and cases.sequence = ?";
    let row = sqlx::query(sqlx::AssertSqlSafe(sides(which)))
        .bind(service.as_str())
        .bind(number.year)
        .bind(number.sequence)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(Side::read).transpose()
}

impl Side {
    fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let accepted_by: Option<&str> = row.try_get("accepted_by")?;
        let ended = utc(row, "call_ended")?;
        // Who is spoken with at this moment is reached, too.
        let spoken = accepted_by.map(|_| ended.unwrap_or(DateTime::<Utc>::MAX_UTC));
        Ok(Self {
            row: CaseRow::read(row, None)?,
            last: row.try_get("last_entry")?,
            reached: spoken.max(utc(row, "call_back_settled")?),
            clear: row.try_get("caller")?,
            hash: row.try_get("caller_hash")?,
        })
    }
}
