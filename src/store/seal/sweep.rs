//! Seals what was written in clear: while no key was at hand, or before there were any.
//!
//! It reads no number to anybody. Law: a few rows a transaction, sealed before it begins, so
//! that no call waits; cut off anywhere, the next sweep goes on.

use std::path::Path;
use std::time::Duration;

use sqlx::{Connection as _, Row as _, SqliteConnection};

use super::file::{self, Folder, KeepFileError, Lies, names};
use super::number::{SealedNumber, Whose};
use super::secret::{self, SecretOf};
use super::{Keyring, Keys, OpenSealError, ReadKeysError};
use crate::store::settings::Settings;
use crate::store::{OpenStoreError, database};
use crate::words::PhoneNumber;

/// What a sweep sealed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Numbers of callers.
    pub numbers: u64,
    /// Secrets of second factors.
    pub secrets: u64,
    /// Messages of callers.
    pub messages: u64,
}

/// Why a sweep stopped. What it sealed stays sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealClearError {
    /// A message could not be sealed.
    #[error(transparent)]
    File(#[from] KeepFileError),
    /// The keys cannot be read.
    #[error(transparent)]
    Keys(#[from] ReadKeysError),
    /// The database cannot be opened.
    #[error("la banca dati non si può aprire")]
    Open(#[from] OpenStoreError),
    /// Something cannot be sealed.
    #[error(transparent)]
    Sealed(#[from] OpenSealError),
    /// The database did not take it.
    #[error("la banca dati non ha accettato la cifratura")]
    Sql(#[from] sqlx::Error),
}

/// Seals the numbers, secrets and finished messages that lie in clear; works while the
/// service runs.
///
/// # Errors
/// When keys, database or disk fail; what was done until then stays.
pub async fn seal_clear(
    url: &str,
    data_dir: &Path,
    keyring: &Keyring,
) -> Result<Swept, SealClearError> {
    let keys = keyring.keys()?;
    let settings = Settings::read(url, data_dir)?;
    let mut connection = database::connect(&settings, false).await?;
    let mut swept = Swept::default();
    for whose in [Whose::Caller, Whose::CallBack] {
        swept.numbers += numbers(&mut connection, &keys, whose).await?;
    }
    swept.secrets = secrets(&mut connection, &keys).await?;
    for name in names(data_dir, Folder::Voicemail, Lies::Clear) {
        if !is_finished(&mut connection, &name).await? {
            continue;
        }
        let (folder, keys) = (data_dir.to_owned(), keys.clone());
        let seal = move || file::seal_file(&folder, Folder::Voicemail, &name, &keys);
        match tokio::task::spawn_blocking(seal).await {
            Ok(sealed) => sealed?,
            // The program is ending.
            Err(_) => break,
        }
        swept.messages += 1;
    }
    if swept.numbers + swept.secrets > 0 {
        empty_the_log(&mut connection).await?;
    }
    connection.close().await?;
    Ok(swept)
}

/// What was in clear lies in the log of the database until that is emptied, which whoever reads
/// just then stands in the way of. Waits for nobody: it is tried again, and then left to the
/// next checkpoint.
async fn empty_the_log(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("pragma busy_timeout = 0").execute(&mut *connection).await?;
    let mut every = tokio::time::interval(TRY_EVERY);
    for _ in 0..TRIES {
        every.tick().await;
        let done = sqlx::query("pragma wal_checkpoint(truncate)").fetch_one(&mut *connection);
        // Its first column says whether somebody was in the way.
        if done.await.and_then(|row| row.try_get::<i64, _>(0)).is_ok_and(|busy| busy == 0) {
            return Ok(());
        }
    }
    tracing::info!("the log of the database holds what was in clear until it is written over");
    Ok(())
}

/// Whether anything lies in clear that a key would seal. Looks at indexes alone.
pub(in crate::store) async fn is_anything_clear(
    connection: &mut SqliteConnection,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select 1 from calls where caller is not null) \
         or exists (select 1 from cases where callback_number is not null) \
         or exists (select 1 from accounts where totp not like 'sealed:%') \
         or exists (select 1 from sessions where enrolling not like 'sealed:%')",
    )
    .fetch_one(connection)
    .await
}

async fn numbers(
    connection: &mut SqliteConnection,
    keys: &Keys,
    whose: Whose,
) -> Result<u64, SealClearError> {
    let (select, update) = statements(whose);
    let mut done = 0;
    loop {
        let rows = sqlx::query(select).bind(BATCH).fetch_all(&mut *connection).await?;
        let mut batch = Vec::with_capacity(rows.len());
        for row in &rows {
            let (call, clear): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            let number = PhoneNumber::from_network(&clear);
            let sealed = SealedNumber::new(keys, whose, &call, &number)?;
            batch.push((call, clear, sealed));
        }
        let mut transaction = connection.begin_with("begin immediate").await?;
        let mut changed = 0;
        for (call, clear, sealed) in &batch {
            changed += sqlx::query(update)
                .bind(sealed.key)
                .bind(&sealed.content)
                .bind(&sealed.hash)
                .bind(call)
                .bind(clear)
                .execute(&mut *transaction)
                .await?
                .rows_affected();
        }
        transaction.commit().await?;
        done += changed;
        // Whatever else changed them meanwhile is seen by the next sweep.
        if changed == 0 {
            return Ok(done);
        }
    }
}

fn statements(whose: Whose) -> (&'static str, &'static str) {
    match whose {
        Whose::CallBack => (
            "select call, callback_number from cases where callback_number is not null limit ?",
            "update cases set callback_number = null, callback_key = ?, callback_sealed = ?, \
             callback_hash = ? where call = ? and callback_number = ?",
        ),
        Whose::Caller => (
            "select call, caller from calls where caller is not null limit ?",
            "update calls set caller = null, caller_key = ?, caller_sealed = ?, caller_hash = ? \
             where call = ? and caller = ?",
        ),
    }
}

/// The few secrets there are, in clear or sealed with an older key.
pub(super) async fn secrets(
    connection: &mut SqliteConnection,
    keys: &Keys,
) -> Result<u64, SealClearError> {
    let mut done = 0;
    for (select, update) in [
        (
            "select name, totp from accounts where totp is not null",
            "update accounts set totp = ? where name = ? and totp = ?",
        ),
        (
            "select token_hash, enrolling from sessions where enrolling is not null",
            "update sessions set enrolling = ? where token_hash = ? and enrolling = ?",
        ),
    ] {
        for row in sqlx::query(select).fetch_all(&mut *connection).await? {
            let (name, kept): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            let of = match select.contains("accounts") {
                true => SecretOf::Account(&name),
                false => SecretOf::Visit(&name),
            };
            let Some(sealed) = anew(keys, of, &kept) else { continue };
            let changed = sqlx::query(update).bind(sealed).bind(&name).bind(&kept);
            done += changed.execute(&mut *connection).await?.rows_affected();
        }
    }
    Ok(done)
}

/// The secret sealed with the newest key; `None` when it is, or cannot be opened.
fn anew(keys: &Keys, of: SecretOf<'_>, kept: &str) -> Option<String> {
    if secret::key_of(kept) == Some(keys.newest()) {
        return None;
    }
    let clear = match secret::is_sealed(kept) {
        true => secret::open_with(keys, of, kept).ok()?,
        false => kept.to_owned(),
    };
    secret::seal_with(keys, of, &clear).ok()
}

/// Whether nothing more is recorded into this file: it belongs to its case, or the call is
/// over. Its name begins with the case's identifier.
async fn is_finished(connection: &mut SqliteConnection, name: &str) -> Result<bool, sqlx::Error> {
    let finished: Option<bool> = sqlx::query_scalar(
        "select cases.voicemail is ?2 or calls.ended is not null from cases \
         join calls using (call) where cases.id = ?1",
    )
    .bind(name.get(..36).unwrap_or_default())
    .bind(name)
    .fetch_optional(connection)
    .await?;
    Ok(finished.unwrap_or(false))
}

/// A commit of so many takes a few milliseconds.
const BATCH: u32 = 100;
/// How often, and how many times, emptying the log is tried.
const TRY_EVERY: Duration = Duration::from_millis(50);
const TRIES: u32 = 40;
