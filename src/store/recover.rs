//! After a crash: calls found open are ended, their cases marked for call-back.

use std::path::Path;

use chrono::{DateTime, Utc};
use sqlx::{Row, SqliteConnection};

use super::apply::{apply, case_number};
use super::left_behind;
use super::rows::column;
use super::standing::Write;
use crate::case::{AttemptId, AttemptOutcome, Fact, Outcome};
use crate::words::{CallId, CaseNumber, ServiceId};

/// What was found at the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Calls that were open: somebody has to call back. To be logged as errors.
    pub interrupted: Vec<InterruptedCall>,
    /// Writes found in the journal.
    pub replayed: usize,
    /// Writes set aside in `journal-refused.jsonl`, because they could not be read or
    /// applied; among them the torn last line of a crash.
    pub refused: usize,
}

/// A call cut by a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterruptedCall {
    /// The call.
    pub call: CallId,
    /// Its case.
    pub number: CaseNumber,
    /// The service it called.
    pub service: ServiceId,
    /// Who had taken it, by name.
    pub accepted_by: Option<String>,
}

/// Ends every open call as interrupted at `at`, each ring of it as cancelled. A message
/// that was being left, in the folder `voicemail`, is bound to its case.
pub(super) async fn end_interrupted(
    connection: &mut SqliteConnection,
    voicemail: &Path,
    at: DateTime<Utc>,
) -> Result<Vec<InterruptedCall>, sqlx::Error> {
    let rows = sqlx::query(
        "select calls.call, calls.service, calls.accepted_by, cases.id, cases.year, \
         cases.sequence, cases.voicemail, \
         (select max(sequence) from entries where entries.call = calls.call) as last \
         from calls join cases using (call) where calls.ended is null order by calls.arrived",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut calls = Vec::with_capacity(rows.len());
    for row in rows {
        let call: CallId = column(&row, "call")?;
        let last: Option<u32> = row.try_get("last")?;
        let bound: Option<String> = row.try_get("voicemail")?;
        let message = match bound {
            Some(_) => None,
            None => left_behind::message(voicemail, column(&row, "id")?),
        };
        end(connection, call, last.unwrap_or_default(), message, at).await?;
        calls.push(InterruptedCall {
            call,
            number: case_number(row.try_get("year")?, row.try_get("sequence")?)?,
            service: ServiceId::new(row.try_get("service")?),
            accepted_by: row.try_get("accepted_by")?,
        });
    }
    Ok(calls)
}

async fn end(
    connection: &mut SqliteConnection,
    call: CallId,
    last: u32,
    message: Option<Fact>,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let ringing: Vec<u32> = sqlx::query_scalar(
        "select attempt from attempts where call = ? and outcome is null order by attempt",
    )
    .bind(call.to_string())
    .fetch_all(&mut *connection)
    .await?;
    let cancelled = ringing.into_iter().map(|attempt| Fact::AttemptEnded {
        attempt: AttemptId(attempt),
        outcome: AttemptOutcome::Cancelled,
    });
    let ended = Fact::Ended { outcome: Outcome::Interrupted };
    let facts = cancelled.chain(message).chain([ended]);
    for (sequence, fact) in (last.saturating_add(1)..).zip(facts) {
        apply(connection, &Write::Note { call, sequence, at, fact }).await?;
    }
    Ok(())
}
