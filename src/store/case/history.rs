//! Reads what people wrote about a case.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::case::{Addition, Scheda, Stage};
use crate::store::apply::case_number;
use crate::store::rows::{column, column_with, unreadable};
use crate::store::seal::{Belongs, Keys, OpenSealError};
use crate::store::{ReadKeysError, instant};
use crate::words::{CaseId, CaseNumber, ServiceId};

/// The history of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseHistory {
    /// What was added, in order.
    pub entries: Vec<CaseEntry>,
    /// The scheda as it is now; `None` when it cannot be opened.
    pub scheda: Option<Scheda>,
    /// The last entry; what is added next expects it.
    pub last: u32,
}

/// One entry of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseEntry {
    /// Its place, from 1.
    pub sequence: u32,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// By which account.
    pub author: String,
    /// Its word.
    pub kind: String,
    /// In Italian, naming nobody.
    pub text: String,
    /// All of it.
    pub content: Content,
}

/// What an entry says, if it opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// It was changed since it was written, or moved from elsewhere: tell a coordinator.
    Damaged,
    /// Its key is missing.
    NoKey,
    /// What was added.
    Open(Box<Addition>),
}

/// Why a history could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadHistoryError {
    /// The keys cannot be read.
    #[error(transparent)]
    Keys(#[from] ReadKeysError),
    /// There is no such case.
    #[error("questa scheda non c'è")]
    NoCase,
    /// The database cannot be read.
    #[error("la storia della scheda non si può leggere")]
    Sql(#[from] sqlx::Error),
}

/// What has to be known of a case to add to it.
pub(super) struct State {
    pub(super) number: CaseNumber,
    pub(super) service: ServiceId,
    pub(super) zone: Tz,
    pub(super) stage: Stage,
    pub(super) last: u32,
    pub(super) scheda: Scheda,
}

/// Why the state of a case is not known.
#[derive(Debug, thiserror::Error)]
pub(super) enum StateError {
    #[error(transparent)]
    Sealed(#[from] OpenSealError),
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
}

impl From<StateError> for super::AppendToCaseError {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Sealed(error) => Self::Sealed(error),
            StateError::Sql(error) => Self::Sql(error),
        }
    }
}

/// `None` when there is no such case.
pub(super) async fn state(
    connection: &mut SqliteConnection,
    keys: &Keys,
    case: CaseId,
) -> Result<Option<State>, StateError> {
    let row = sqlx::query(
        "select cases.*, calls.timezone from cases join calls using (call) where cases.id = ?",
    )
    .bind(case.to_string())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let written = sqlx::query(
        "select * from case_entries where case_id = ? and kind = 'scheda' \
         order by sequence desc limit 1",
    )
    .bind(case.to_string())
    .fetch_optional(connection)
    .await?;
    let scheda = match written {
        Some(row) => match open(&row, keys)? {
            Addition::Scheda { scheda } => scheda,
            _ => return Err(OpenSealError::Damaged.into()),
        },
        None => Scheda::default(),
    };
    Ok(Some(State {
        number: case_number(row.try_get("year")?, row.try_get("sequence")?)?,
        service: ServiceId::new(row.try_get("service")?),
        zone: column(&row, "timezone")?,
        stage: column(&row, "stage")?,
        last: row.try_get("last_entry")?,
        scheda,
    }))
}

/// The whole history, opened as far as `keys` go.
pub(in crate::store) async fn history(
    connection: &mut SqliteConnection,
    keys: Option<&Keys>,
    case: CaseId,
) -> Result<Option<CaseHistory>, sqlx::Error> {
    // One look: an entry that comes in between is in both or in neither.
    let entries = entries_after(connection, keys, case, 0).await?;
    let there = sqlx::query_scalar::<_, i64>("select count(*) from cases where id = ?")
        .bind(case.to_string())
        .fetch_one(connection)
        .await?;
    if there == 0 {
        return Ok(None);
    }
    let last = entries.last().map_or(0, |entry| entry.sequence);
    let written = entries.iter().rev().find(|entry| entry.kind == "scheda");
    let scheda = match written.map(|entry| &entry.content) {
        None => Some(Scheda::default()),
        Some(Content::Open(addition)) => match addition.as_ref() {
            Addition::Scheda { scheda } => Some(scheda.clone()),
            _ => None,
        },
        Some(_) => None,
    };
    Ok(Some(CaseHistory { entries, scheda, last }))
}

/// The entries that come after `seen`, in order.
pub(super) async fn entries_after(
    connection: &mut SqliteConnection,
    keys: Option<&Keys>,
    case: CaseId,
    seen: u32,
) -> Result<Vec<CaseEntry>, sqlx::Error> {
    let rows = sqlx::query(
        "select * from case_entries where case_id = ? and sequence > ? order by sequence",
    )
    .bind(case.to_string())
    .bind(seen)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| entry(row, keys)).collect()
}

fn entry(row: &SqliteRow, keys: Option<&Keys>) -> Result<CaseEntry, sqlx::Error> {
    let content = match keys.map(|keys| open(row, keys)) {
        Some(Ok(addition)) => Content::Open(Box::new(addition)),
        Some(Err(StateError::Sealed(OpenSealError::NoKey(_)))) | None => Content::NoKey,
        Some(Err(StateError::Sealed(OpenSealError::Damaged))) => Content::Damaged,
        Some(Err(StateError::Sql(error))) => return Err(error),
    };
    Ok(CaseEntry {
        sequence: row.try_get("sequence")?,
        at: column_with(row, "at", |text| instant::read(text).ok())?,
        author: row.try_get("author")?,
        kind: row.try_get("kind")?,
        text: row.try_get("text")?,
        content,
    })
}

/// The row's own columns are what its seal is bound to.
pub(super) fn open(row: &SqliteRow, keys: &Keys) -> Result<Addition, StateError> {
    let sequence: u32 = row.try_get("sequence")?;
    let place = sequence.to_string();
    let bound = [
        row.try_get("case_id")?,
        place.as_str(),
        row.try_get("at")?,
        row.try_get("author")?,
        row.try_get("kind")?,
        row.try_get("text")?,
    ];
    let belongs = Belongs { table: "case_entries", row: &bound };
    let content: &[u8] = row.try_get("content")?;
    let json = keys.open(belongs, row.try_get("key")?, content)?;
    serde_json::from_slice(&json).map_err(|_| unreadable("content").into())
}

/// The cases that name this telephone number or codice fiscale, newest first.
pub(in crate::store) async fn cases_naming(
    connection: &mut SqliteConnection,
    hashes: [String; 2],
    number: &str,
) -> Result<Vec<CaseId>, sqlx::Error> {
    let [phone, fiscal] = hashes;
    let rows = sqlx::query(
        "select id from cases where id in (select case_id from case_lookups where hash in (?1, ?2) \
         union all select id from cases where callback_hash = ?1 \
         union all select id from cases where callback_number = ?3 \
         union all select cases.id from calls join cases using (call) where caller_hash = ?1 \
         union all select cases.id from calls join cases using (call) where caller = ?3) \
         order by opened desc, id limit ?4",
    )
    .bind(phone)
    .bind(fiscal)
    .bind(number)
    .bind(FOUND_MAX)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| column(row, "id")).collect()
}

/// Whether anything was ever sealed: then its key exists somewhere.
pub(in crate::store) async fn is_anything_sealed(
    connection: &mut SqliteConnection,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select 1 from case_entries) or exists (select 1 from scheda_drafts) \
         or exists (select 1 from calls where caller_hash is not null) \
         or exists (select 1 from cases where callback_hash is not null) \
         or exists (select 1 from accounts where totp like 'sealed:%')",
    )
    .fetch_one(connection)
    .await
}

const FOUND_MAX: u32 = 200;
