//! After a new key: seals anew what an older one had sealed, a few rows at a time.
//!
//! It takes no key away. Law: each batch is a short transaction of its own, so that no call
//! waits for it, and one that is cut off is taken up again by the next run.

use std::path::Path;

use sqlx::{Connection as _, Row as _, SqliteConnection};

use super::file::{self, Anew, Folder, KeepFileError, Lies, names};
use super::sweep::{self, SealClearError};
use super::{Belongs, Keyring, Keys, ReadKeysError, Sealed};
use crate::store::settings::Settings;
use crate::store::{OpenStoreError, database};

/// What sealing anew came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Texts that the newest key has sealed now.
    pub done: u64,
    /// Texts that do not open with the key they name, and stay as they are.
    pub damaged: u64,
}

/// Why nothing more was sealed anew. What was, stays.
#[derive(Debug, thiserror::Error)]
pub enum ResealError {
    /// The keys cannot be read.
    #[error(transparent)]
    Keys(#[from] ReadKeysError),
    /// The database cannot be opened.
    #[error("la banca dati non si può aprire")]
    Open(#[from] OpenStoreError),
    /// A secret could not be sealed anew.
    #[error(transparent)]
    Secret(#[from] SealClearError),
    /// The database did not take it.
    #[error("la banca dati non ha accettato la nuova cifratura: riprova, riprende da dov'era")]
    Sql(#[from] sqlx::Error),
}

/// Seals with the newest key whatever an older one sealed, in the database and in the files of
/// `data_dir`; works while the service runs.
///
/// # Errors
/// When keys or database fail; what was done until then stays.
pub async fn reseal(
    url: &str,
    data_dir: &Path,
    keyring: &Keyring,
) -> Result<Resealed, ResealError> {
    let keys = keyring.keys()?;
    let settings = Settings::read(url, data_dir)?;
    let mut connection = database::connect(&settings, false).await?;
    let mut resealed = Resealed::default();
    for table in &TABLES {
        reseal_table(&mut connection, &keys, table, &mut resealed).await?;
    }
    resealed.done += sweep::secrets(&mut connection, &keys).await?;
    connection.close().await?;
    for folder in [Folder::Attachments, Folder::Voicemail] {
        for name in names(data_dir, folder, Lies::Sealed) {
            let (dir, keys) = (data_dir.to_owned(), keys.clone());
            let again = move || file::reseal_file(&dir, folder, &name, &keys);
            match tokio::task::spawn_blocking(again).await {
                Ok(Ok(Anew::Yes)) => resealed.done += 1,
                Ok(Ok(Anew::No)) => {}
                // One that went meanwhile, its time being over, is not damaged.
                Ok(Err(KeepFileError::Io { .. })) => {}
                Ok(Err(_)) | Err(_) => resealed.damaged += 1,
            }
        }
    }
    Ok(resealed)
}

/// A table with sealed rows: what names a row, and all that its seal is bound to.
struct Table {
    name: &'static str,
    select: &'static str,
    update: &'static str,
    /// The first two name the row.
    bound: &'static [&'static str],
}

const TABLES: [Table; 4] = [
    Table {
        name: "calls",
        select: "select call, 'caller' as place, caller_key as key, caller_sealed as content \
                 from calls where caller_key < ?1 and (call, 'caller') > (?2, ?3) \
                 order by call limit ?4",
        update: "update calls set caller_key = ?1, caller_sealed = ?2 where call = ?3 \
                 and 'caller' = ?4 and caller_key = ?5 and caller_sealed = ?6",
        bound: &["call", "place"],
    },
    Table {
        name: "case_entries",
        select: "select case_id, cast(sequence as text) as sequence, at, author, kind, text, key, \
                 content from case_entries where key < ?1 and (case_id, case_entries.sequence) > \
                 (?2, cast(?3 as integer)) order by case_id, case_entries.sequence limit ?4",
        update: "update case_entries set key = ?1, content = ?2 where case_id = ?3 \
                 and sequence = cast(?4 as integer) and key = ?5 and content = ?6",
        bound: &["case_id", "sequence", "at", "author", "kind", "text"],
    },
    Table {
        name: "cases",
        select: "select call, 'callback_number' as place, callback_key as key, \
                 callback_sealed as content from cases where callback_key < ?1 \
                 and (call, 'callback_number') > (?2, ?3) order by call limit ?4",
        update: "update cases set callback_key = ?1, callback_sealed = ?2 where call = ?3 \
                 and 'callback_number' = ?4 and callback_key = ?5 and callback_sealed = ?6",
        bound: &["call", "place"],
    },
    Table {
        name: "scheda_drafts",
        select: "select case_id, account, at, cast(base as text) as base, key, content \
                 from scheda_drafts where key < ?1 and (case_id, account) > (?2, ?3) \
                 order by case_id, account limit ?4",
        update: "update scheda_drafts set key = ?1, content = ?2 where case_id = ?3 \
                 and account = ?4 and key = ?5 and content = ?6",
        bound: &["case_id", "account", "at", "base"],
    },
];

struct Old {
    names: Vec<String>,
    key: u32,
    content: Vec<u8>,
}

async fn reseal_table(
    connection: &mut SqliteConnection,
    keys: &Keys,
    table: &Table,
    resealed: &mut Resealed,
) -> Result<(), sqlx::Error> {
    let mut last = (String::new(), String::new());
    loop {
        let rows = sqlx::query(table.select)
            .bind(keys.newest())
            .bind(&last.0)
            .bind(if last.1.is_empty() && table.name == "case_entries" { "0" } else { &last.1 })
            .bind(BATCH)
            .fetch_all(&mut *connection)
            .await?;
        let mut batch = Vec::with_capacity(rows.len());
        for row in &rows {
            let names = table.bound.iter().map(|name| row.try_get(*name));
            let names: Vec<String> = names.collect::<Result<_, _>>()?;
            batch.push(Old { names, key: row.try_get("key")?, content: row.try_get("content")? });
        }
        let Some(end) = batch.last() else { return Ok(()) };
        last = (end.names[0].clone(), end.names[1].clone());
        // Sealing takes its time: it is done before the transaction begins.
        let anew: Vec<(Old, Option<Sealed>)> =
            batch.into_iter().map(|old| seal_anew(keys, table, old)).collect();
        let mut transaction = connection.begin_with("begin immediate").await?;
        for (old, sealed) in &anew {
            let Some(sealed) = sealed else {
                resealed.damaged += 1;
                continue;
            };
            // A draft that was written meanwhile is sealed with the newest key already.
            resealed.done += sqlx::query(table.update)
                .bind(sealed.key)
                .bind(&sealed.content)
                .bind(&old.names[0])
                .bind(&old.names[1])
                .bind(old.key)
                .bind(&old.content)
                .execute(&mut *transaction)
                .await?
                .rows_affected();
        }
        transaction.commit().await?;
    }
}

fn seal_anew(keys: &Keys, table: &Table, old: Old) -> (Old, Option<Sealed>) {
    let names: Vec<&str> = old.names.iter().map(String::as_str).collect();
    let belongs = Belongs { table: table.name, row: &names };
    let clear = keys.open(belongs, old.key, &old.content).ok();
    let sealed = clear.and_then(|clear| keys.seal(belongs, &clear).ok());
    (old, sealed)
}

/// A commit of so many takes a few milliseconds.
const BATCH: u32 = 100;
