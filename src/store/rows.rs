//! What readers get: rows in the JSON shape that other tools rely on.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use utoipa::ToSchema;

use super::apply::case_number;
use super::seal::{Keys, Whose, open_number};
use super::{described, instant};
use crate::case::{AttemptOutcome, Outcome, Stage};
use crate::words::{CallId, CaseId, CaseNumber, Category, PhoneNumber, ServiceId};

/// Whether a number is there to be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberState {
    /// It was there, and its time is over: it can be searched for, and never read again.
    Expired,
    /// There is none: the caller hides it, or left none.
    #[default]
    Hidden,
    /// It is.
    Known,
    /// It is there, and cannot be opened: mostly because the key file is away.
    Sealed,
}

impl NumberState {
    /// Whether a number that is not there says all there is to say.
    fn is_plain(&self) -> bool {
        matches!(self, Self::Hidden | Self::Known)
    }
}

/// A call. Instants are civil time of its service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CallRow {
    /// The call.
    #[schema(schema_with = described::uuid)]
    pub call: CallId,
    /// The service called.
    #[schema(schema_with = described::service)]
    pub service: ServiceId,
    /// The number called.
    #[schema(schema_with = described::number)]
    pub number_called: PhoneNumber,
    /// Who called; `None` when hidden, or not to be read.
    #[schema(schema_with = described::maybe_number)]
    pub caller: Option<PhoneNumber>,
    /// Which of these it is.
    #[schema(schema_with = described::number_state)]
    #[serde(skip_serializing_if = "NumberState::is_plain")]
    pub caller_state: NumberState,
    /// When it came in.
    #[schema(schema_with = described::instant)]
    pub arrived: DateTime<Tz>,
    /// When it was answered.
    #[schema(schema_with = described::maybe_instant)]
    pub answered: Option<DateTime<Tz>>,
    /// Who is in need.
    #[schema(schema_with = described::category)]
    pub category: Category,
    /// Every key the caller pressed, in order.
    pub keys: String,
    /// Whether the caller may be unable to speak.
    pub silent: bool,
    /// How it ended, or that it goes on.
    #[schema(schema_with = described::outcome)]
    pub outcome: Outcome,
    /// Who took it, by name.
    pub accepted_by: Option<String>,
    /// When they pressed 1.
    #[schema(schema_with = described::maybe_instant)]
    pub accepted: Option<DateTime<Tz>>,
    /// When it ended.
    #[schema(schema_with = described::maybe_instant)]
    pub ended: Option<DateTime<Tz>>,
    /// The number of its case.
    #[schema(schema_with = described::maybe_case_number)]
    pub case: Option<CaseNumber>,
}

/// A case, with the timeline of its call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CaseRow {
    /// Its number, unique within service and year.
    #[schema(schema_with = described::case_number)]
    pub case: CaseNumber,
    /// Its identifier, unique everywhere.
    #[schema(schema_with = described::uuid)]
    pub id: CaseId,
    /// The service.
    #[schema(schema_with = described::service)]
    pub service: ServiceId,
    /// When it was opened.
    #[schema(schema_with = described::instant)]
    pub opened: DateTime<Tz>,
    /// Who is in need.
    #[schema(schema_with = described::category)]
    pub category: Category,
    /// What the dialplan calls that group.
    pub label: Option<String>,
    /// Where it stands.
    #[schema(schema_with = described::stage)]
    pub stage: Stage,
    /// Who called; `None` when hidden, or not to be read.
    #[schema(schema_with = described::maybe_number)]
    pub caller: Option<PhoneNumber>,
    /// Which of these it is.
    #[schema(schema_with = described::number_state)]
    #[serde(skip_serializing_if = "NumberState::is_plain")]
    pub caller_state: NumberState,
    /// The Comune, once it is known.
    pub comune: Option<String>,
    /// The call that opened it.
    #[schema(schema_with = described::uuid)]
    pub call: CallId,
    /// Whether calling back is safe; `None` when it was not asked.
    pub callback_safe: Option<bool>,
    /// The number a hidden caller left.
    #[schema(schema_with = described::maybe_number)]
    pub callback_number: Option<PhoneNumber>,
    /// Whether it is there to be read.
    #[schema(schema_with = described::number_state)]
    #[serde(skip_serializing_if = "NumberState::is_plain")]
    pub callback_state: NumberState,
    /// Whether somebody has to call back, or decide about it.
    pub callback_owed: bool,
    /// The message left: file name in the `voicemail` folder.
    pub voicemail: Option<String>,
    /// Its length in seconds.
    pub voicemail_seconds: Option<u32>,
    /// When the message was deleted, its time being over.
    #[schema(schema_with = described::maybe_instant)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voicemail_expired: Option<DateTime<Tz>>,
    /// What else calling back depends on; other programs are told none of it.
    #[serde(skip)]
    pub(super) heard: Heard,
    /// The timeline.
    pub entries: Vec<EntryRow>,
    /// Whom the call rang.
    pub attempts: Vec<AttemptRow>,
}

/// What calling back depends on besides the answer to the question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Heard {
    /// Whether the caller may be unable to speak.
    pub(super) silent: bool,
    /// Whether minors are in it: `si`, `no`, `non_so`.
    pub(super) minors: Option<String>,
    /// What a person told a responder about it.
    pub(super) told: Option<String>,
}

/// One line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EntryRow {
    /// When it happened.
    #[schema(schema_with = described::instant)]
    pub at: DateTime<Tz>,
    /// The fact's word.
    pub kind: String,
    /// The fact in Italian.
    pub text: String,
}

/// One ring of one responder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AttemptRow {
    /// By name.
    pub responder: String,
    /// The phone rung.
    #[schema(schema_with = described::number)]
    pub phone: PhoneNumber,
    /// The step of the roster; 0 for a number of the dialplan.
    pub step: u32,
    /// The round through the ladder, from 1.
    pub round: u32,
    /// The rule that put them on duty.
    pub why: String,
    /// When it began to ring.
    #[schema(schema_with = described::instant)]
    pub rang: DateTime<Tz>,
    /// When the phone was picked up, which is not yet a person.
    #[schema(schema_with = described::maybe_instant)]
    pub answered: Option<DateTime<Tz>>,
    /// How it ended; `None` while it rings.
    #[schema(schema_with = described::maybe_attempt_outcome)]
    pub outcome: Option<AttemptOutcome>,
    /// When it ended.
    #[schema(schema_with = described::maybe_instant)]
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

/// What a case needs of its caller, beside its own columns: the number, and the silence.
pub(super) const CALLER: &str =
    "calls.caller, calls.caller_key, calls.caller_sealed, calls.caller_hash, calls.silent";

/// A number in clear or sealed, as far as `keys` go.
fn kept_number(
    row: &SqliteRow,
    whose: Whose,
    keys: Option<&Keys>,
) -> Result<(Option<PhoneNumber>, NumberState), sqlx::Error> {
    let (clear, [key, sealed, hash]) = match whose {
        Whose::CallBack => {
            ("callback_number", ["callback_key", "callback_sealed", "callback_hash"])
        }
        Whose::Caller => ("caller", ["caller_key", "caller_sealed", "caller_hash"]),
    };
    if let Some(number) = number(row, clear)? {
        return Ok((Some(number), NumberState::Known));
    }
    let (key, sealed): (Option<u32>, Option<&[u8]>) = (row.try_get(key)?, row.try_get(sealed)?);
    if let (Some(key), Some(sealed)) = (key, sealed) {
        let call: &str = row.try_get("call")?;
        let opened = keys.and_then(|keys| open_number(keys, whose, call, (key, sealed)).ok());
        let state = if opened.is_some() { NumberState::Known } else { NumberState::Sealed };
        return Ok((opened, state));
    }
    let hash: Option<&str> = row.try_get(hash)?;
    Ok((None, hash.map_or(NumberState::Hidden, |_| NumberState::Expired)))
}

impl CallRow {
    /// Reads a row of `calls.*` with the number of its case.
    pub(super) fn read(row: &SqliteRow, keys: Option<&Keys>) -> Result<Self, sqlx::Error> {
        let (caller, caller_state) = kept_number(row, Whose::Caller, keys)?;
        let case = match row.try_get("year")? {
            Some(year) => Some(case_number(year, row.try_get("sequence")?)?),
            None => None,
        };
        Ok(Self {
            call: column(row, "call")?,
            service: ServiceId::new(row.try_get("service")?),
            number_called: phone(row, "number_called")?,
            caller,
            caller_state,
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
    /// Reads a row of `cases.*` with [`CALLER`] and the zone of its call.
    pub(super) fn read(row: &SqliteRow, keys: Option<&Keys>) -> Result<Self, sqlx::Error> {
        let (caller, caller_state) = kept_number(row, Whose::Caller, keys)?;
        let (callback_number, callback_state) = kept_number(row, Whose::CallBack, keys)?;
        Ok(Self {
            case: case_number(row.try_get("year")?, row.try_get("sequence")?)?,
            id: column(row, "id")?,
            service: ServiceId::new(row.try_get("service")?),
            opened: at(row, "opened")?,
            category: column(row, "category")?,
            label: row.try_get("label")?,
            stage: column(row, "stage")?,
            caller,
            caller_state,
            comune: row.try_get("comune")?,
            call: column(row, "call")?,
            callback_safe: row.try_get("callback_safe")?,
            callback_number,
            callback_state,
            callback_owed: row.try_get("callback_owed")?,
            voicemail: row.try_get("voicemail")?,
            voicemail_seconds: row.try_get("voicemail_seconds")?,
            voicemail_expired: maybe_at(row, "voicemail_expired")?,
            heard: Heard {
                silent: row.try_get("silent")?,
                minors: row.try_get("minors")?,
                told: row.try_get("call_back_told")?,
            },
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
