//! What somebody is writing and has not saved: kept for each account, sealed, and gone once
//! it is saved.
//!
//! It checks nothing: half a telephone number is worth keeping. Law: a draft is overwritten
//! by its own writer alone.

use std::path::Path;

use chrono::{DateTime, Utc};
use sqlx::{Connection as _, Row as _, SqliteConnection};

use crate::case::scheda::Pairs;
use crate::store::rows::{column_with, unreadable};
use crate::store::seal::{Belongs, Keys, OpenSealError};
use crate::store::settings::Settings;
use crate::store::{Keyring, OpenStoreError, ReadKeysError, database, instant};
use crate::words::CaseId;

/// A form as it was typed so far.
#[derive(Clone, PartialEq, Eq)]
pub struct Draft {
    /// When it was kept.
    pub at: DateTime<Utc>,
    /// The last entry of the case its writer had seen.
    pub base: u32,
    /// What was typed, field by field.
    pub pairs: Pairs,
}

impl std::fmt::Debug for Draft {
    /// How much it is, and nothing of it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Draft({} fields on {})", self.pairs.len(), self.base)
    }
}

/// Why a draft was not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepDraftError {
    /// The keys cannot be read.
    #[error(transparent)]
    Keys(#[from] ReadKeysError),
    /// There is no such case.
    #[error("questa scheda non c'è, o non è ancora nella banca dati: riprovi fra poco")]
    NoCase,
    /// The database cannot be opened.
    #[error("la banca dati non si può aprire")]
    Open(#[from] OpenStoreError),
    /// It could not be sealed.
    #[error(transparent)]
    Sealed(#[from] OpenSealError),
    /// The database did not take it.
    #[error("la bozza non è stata salvata: resta in questa pagina")]
    Sql(#[from] sqlx::Error),
    /// More than any form of ours posts.
    #[error("la bozza è troppo grande: al massimo {DRAFT_MAX} byte")]
    TooMuch,
}

/// Why a draft was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadDraftError {
    /// The keys cannot be read.
    #[error(transparent)]
    Keys(#[from] ReadKeysError),
    /// It does not open.
    #[error(transparent)]
    Sealed(#[from] OpenSealError),
    /// The database cannot be read.
    #[error("la bozza non si può leggere")]
    Sql(#[from] sqlx::Error),
}

/// Why a draft was not thrown away.
#[derive(Debug, thiserror::Error)]
pub enum DropDraftError {
    /// The database cannot be opened.
    #[error("la banca dati non si può aprire")]
    Open(#[from] OpenStoreError),
    /// The database did not take it.
    #[error("la bozza non si può togliere: riprova")]
    Sql(#[from] sqlx::Error),
}

/// Keeps what `account` typed about a case, in place of what it had typed before.
///
/// # Errors
/// When it cannot be sealed or written; then the draft before stays.
pub async fn keep_draft(
    url: &str,
    keyring: &Keyring,
    (case, account): (CaseId, &str),
    draft: &Draft,
) -> Result<(), KeepDraftError> {
    let json =
        serde_json::to_vec(&draft.pairs).map_err(|error| sqlx::Error::Encode(error.into()))?;
    if json.len() > DRAFT_MAX {
        return Err(KeepDraftError::TooMuch);
    }
    let keys = keyring.keys()?;
    let (case, at, base) = (case.to_string(), instant::text(draft.at), draft.base.to_string());
    let row = [case.as_str(), account, &at, &base];
    let sealed = keys.seal(Belongs { table: "scheda_drafts", row: &row }, &json)?;
    let settings = Settings::read(url, Path::new("."))?;
    let mut connection = database::connect(&settings, false).await?;
    let kept = sqlx::query(
        "insert into scheda_drafts (case_id, account, at, base, key, content) \
         values (?, ?, ?, ?, ?, ?) on conflict (case_id, account) do update set \
         at = excluded.at, base = excluded.base, key = excluded.key, content = excluded.content",
    )
    .bind(&case)
    .bind(account)
    .bind(&at)
    .bind(draft.base)
    .bind(sealed.key)
    .bind(&sealed.content)
    .execute(&mut connection)
    .await;
    match kept {
        Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => {
            return Err(KeepDraftError::NoCase);
        }
        kept => kept?,
    };
    connection.close().await?;
    Ok(())
}

/// Throws away what `account` typed about a case, if it did.
///
/// # Errors
/// When the database does not take it.
pub async fn discard_draft(url: &str, case: CaseId, account: &str) -> Result<(), DropDraftError> {
    let settings = Settings::read(url, Path::new("."))?;
    let mut connection = database::connect(&settings, false).await?;
    sqlx::query("delete from scheda_drafts where case_id = ? and account = ?")
        .bind(case.to_string())
        .bind(account)
        .execute(&mut connection)
        .await?;
    Ok(connection.close().await?)
}

/// What `account` typed about a case and did not save.
pub(in crate::store) async fn draft(
    connection: &mut SqliteConnection,
    keys: &Keys,
    case: CaseId,
    account: &str,
) -> Result<Option<Draft>, ReadDraftError> {
    let row = sqlx::query("select * from scheda_drafts where case_id = ? and account = ?")
        .bind(case.to_string())
        .bind(account)
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let base: u32 = row.try_get("base")?;
    let at: &str = row.try_get("at")?;
    let (case, seen) = (case.to_string(), base.to_string());
    let bound = [case.as_str(), account, at, &seen];
    let content: &[u8] = row.try_get("content")?;
    let belongs = Belongs { table: "scheda_drafts", row: &bound };
    let json = keys.open(belongs, row.try_get("key")?, content)?;
    let pairs = serde_json::from_slice(&json).map_err(|_| unreadable("content"))?;
    let at = column_with(&row, "at", |text| instant::read(text).ok())?;
    Ok(Some(Draft { at, base, pairs }))
}

/// As JSON, before it is sealed.
const DRAFT_MAX: usize = 1024 * 1024;
