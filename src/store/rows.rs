//! What readers get: rows in the JSON shape that other tools rely on.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::apply::case_number;
use super::instant;
use crate::case::{AttemptOutcome, Outcome, Stage};
use crate::words::{CallId, CaseId, CaseNumber, Category, PhoneNumber, ServiceId};

/// A call. Instants are civil time of its service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallRow {
    /// The call.
    pub call: CallId,
    /// The service called.
    pub service: ServiceId,
    /// The number called.
    pub number_called: PhoneNumber,
    /// Who called; `None` when hidden.
    pub caller: Option<PhoneNumber>,
    /// When it came in.
    pub arrived: DateTime<Tz>,
    /// When it was answered.
    pub answered: Option<DateTime<Tz>>,
    /// Who is in need.
    pub category: Category,
    /// Every key the caller pressed, in order.
    pub keys: String,
    /// Whether the caller may be unable to speak.
    pub silent: bool,
    /// How it ended, or that it goes on.
    pub outcome: Outcome,
    /// Who took it, by name.
    pub accepted_by: Option<String>,
    /// When they pressed 1.
    pub accepted: Option<DateTime<Tz>>,
    /// When it ended.
    pub ended: Option<DateTime<Tz>>,
    /// The number of its case.
    pub case: Option<CaseNumber>,
}

/// A case, with the timeline of its call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseRow {
    /// Its number, unique within service and year.
    pub case: CaseNumber,
    /// Its identifier, unique everywhere.
    pub id: CaseId,
    /// The service.
    pub service: ServiceId,
    /// When it was opened.
    pub opened: DateTime<Tz>,
    /// Who is in need.
    pub category: Category,
    /// What the dialplan calls that group.
    pub label: Option<String>,
    /// Where it stands.
    pub stage: Stage,
    /// Who called; `None` when hidden.
    pub caller: Option<PhoneNumber>,
    /// The Comune, once it is known.
    pub comune: Option<String>,
    /// The call that opened it.
    pub call: CallId,
    /// Whether calling back is safe; `None` when it was not asked.
    pub callback_safe: Option<bool>,
    /// The number a hidden caller left.
    pub callback_number: Option<PhoneNumber>,
    /// Whether somebody has to call back, or decide about it.
    pub callback_owed: bool,
    /// The message left: file name in the `voicemail` folder.
    pub voicemail: Option<String>,
    /// Its length in seconds.
    pub voicemail_seconds: Option<u32>,
    /// The timeline.
    pub entries: Vec<EntryRow>,
    /// Whom the call rang.
    pub attempts: Vec<AttemptRow>,
}

/// One line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntryRow {
    /// When it happened.
    pub at: DateTime<Tz>,
    /// The fact's word.
    pub kind: String,
    /// The fact in Italian.
    pub text: String,
}

/// One ring of one responder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttemptRow {
    /// By name.
    pub responder: String,
    /// The phone rung.
    pub phone: PhoneNumber,
    /// The step of the roster; 0 for a number of the dialplan.
    pub step: u32,
    /// The round through the ladder, from 1.
    pub round: u32,
    /// The rule that put them on duty.
    pub why: String,
    /// When it began to ring.
    pub rang: DateTime<Tz>,
    /// When the phone was picked up, which is not yet a person.
    pub answered: Option<DateTime<Tz>>,
    /// How it ended; `None` while it rings.
    pub outcome: Option<AttemptOutcome>,
    /// When it ended.
    pub ended: Option<DateTime<Tz>>,
}

/// A column parsed into its type.
pub(super) fn column<T: FromStr>(row: &SqliteRow, name: &str) -> Result<T, sqlx::Error> {
    optional(row, name)?.ok_or_else(|| unreadable(name))
}

/// A column of text read in a way of its own.
pub(super) fn column_with<T>(
    row: &SqliteRow,
    name: &str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<T, sqlx::Error> {
    read(row.try_get(name)?).ok_or_else(|| unreadable(name))
}

fn optional<T: FromStr>(row: &SqliteRow, name: &str) -> Result<Option<T>, sqlx::Error> {
    let text: Option<String> = row.try_get(name)?;
    text.map(|text| text.parse().map_err(|_| unreadable(name))).transpose()
}

/// Names the column and not its content: it may be somebody's number.
pub(super) fn unreadable(name: &str) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: name.to_owned(), source: "not a value of ours".into() }
}

fn number(row: &SqliteRow, name: &str) -> Result<Option<PhoneNumber>, sqlx::Error> {
    let text: Option<&str> = row.try_get(name)?;
    Ok(text.map(PhoneNumber::from_network))
}

pub(super) fn phone(row: &SqliteRow, name: &str) -> Result<PhoneNumber, sqlx::Error> {
    number(row, name)?.ok_or_else(|| unreadable(name))
}

pub(super) fn utc(row: &SqliteRow, name: &str) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    let text: Option<&str> = row.try_get(name)?;
    text.map(|text| instant::read(text).map_err(|_| unreadable(name))).transpose()
}

fn maybe_at(row: &SqliteRow, name: &str) -> Result<Option<DateTime<Tz>>, sqlx::Error> {
    let zone: Tz = column(row, "timezone")?;
    Ok(utc(row, name)?.map(|at| at.with_timezone(&zone)))
}

fn at(row: &SqliteRow, name: &str) -> Result<DateTime<Tz>, sqlx::Error> {
    maybe_at(row, name)?.ok_or_else(|| unreadable(name))
}

impl CallRow {
    pub(super) fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let case = match row.try_get("year")? {
            Some(year) => Some(case_number(year, row.try_get("sequence")?)?),
            None => None,
        };
        Ok(Self {
            call: column(row, "call")?,
            service: ServiceId::new(row.try_get("service")?),
            number_called: phone(row, "number_called")?,
            caller: number(row, "caller")?,
            arrived: at(row, "arrived")?,
            answered: maybe_at(row, "answered")?,
            category: column(row, "category")?,
            keys: row.try_get("keys")?,
            silent: row.try_get("silent")?,
            outcome: column(row, "outcome")?,
            accepted_by: row.try_get("accepted_by")?,
            accepted: maybe_at(row, "accepted")?,
            ended: maybe_at(row, "ended")?,
            case,
        })
    }
}

impl CaseRow {
    pub(super) fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            case: case_number(row.try_get("year")?, row.try_get("sequence")?)?,
            id: column(row, "id")?,
            service: ServiceId::new(row.try_get("service")?),
            opened: at(row, "opened")?,
            category: column(row, "category")?,
            label: row.try_get("label")?,
            stage: column(row, "stage")?,
            caller: number(row, "caller")?,
            comune: row.try_get("comune")?,
            call: column(row, "call")?,
            callback_safe: row.try_get("callback_safe")?,
            callback_number: number(row, "callback_number")?,
            callback_owed: row.try_get("callback_owed")?,
            voicemail: row.try_get("voicemail")?,
            voicemail_seconds: row.try_get("voicemail_seconds")?,
            entries: Vec::new(),
            attempts: Vec::new(),
        })
    }
}

impl EntryRow {
    pub(super) fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self { at: at(row, "at")?, kind: row.try_get("kind")?, text: row.try_get("text")? })
    }
}

impl AttemptRow {
    pub(super) fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            responder: row.try_get("responder")?,
            phone: phone(row, "phone")?,
            step: row.try_get("step")?,
            round: row.try_get("round")?,
            why: row.try_get("why")?,
            rang: at(row, "rang")?,
            answered: maybe_at(row, "answered")?,
            outcome: optional(row, "outcome")?,
            ended: maybe_at(row, "ended")?,
        })
    }
}
