//! Adds to a case: one entry, or two cases joined.
//!
//! Law: whoever writes says up to where they had read; what came in between is shown to
//! them and nothing is overwritten.

use std::path::Path;

use chrono::{DateTime, Utc};
use sqlx::{Connection as _, SqliteConnection};

use super::columns::write_change;
use super::debt::{Debt, debt};
use super::history::{CaseEntry, State, entries_after, state};
use crate::case::course::{End, Move};
use crate::case::scheda::Value;
use crate::case::{Addition, AdditionError, CallBackResult, CaseChange, Scheda, Stage};
use crate::store::seal::{Belongs, Keys, OpenSealError, Sealed};
use crate::store::settings::Settings;
use crate::store::{Keyring, OpenStoreError, ReadKeysError, database, instant};
use crate::words::CaseId;

/// Something to add to a case.
#[derive(Debug, Clone, Copy)]
pub struct Append<'a> {
    /// The case.
    pub case: CaseId,
    /// The last entry its writer had seen; 0 for none.
    pub expected: u32,
    /// The name of the writer's account.
    pub author: &'a str,
    /// Now.
    pub at: DateTime<Utc>,
    /// What.
    pub addition: &'a Addition,
}

/// Two cases that are about the same.
#[derive(Debug, Clone, Copy)]
pub struct Joining<'a> {
    /// The one that goes on, and the last entry of it that was seen.
    pub kept: (CaseId, u32),
    /// The one that is archived as its duplicate, and the last entry of it that was seen.
    pub duplicate: (CaseId, u32),
    /// The name of the writer's account.
    pub author: &'a str,
    /// Now.
    pub at: DateTime<Utc>,
}

/// It is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The place of the entry in its history.
    pub sequence: u32,
}

/// What others added since somebody read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since {
    /// The last entry there is now.
    pub last: u32,
    /// What came after what they had seen.
    pub entries: Vec<CaseEntry>,
    /// The scheda as it is now.
    pub scheda: Scheda,
    /// Where the case stands now.
    pub stage: Stage,
}

/// Why nothing was added.
#[derive(Debug, thiserror::Error)]
pub enum AppendToCaseError {
    /// Others wrote meanwhile.
    #[error("qualcuno ha scritto in questa scheda mentre lei la modificava: nulla è andato perso")]
    Conflict(Box<Since>),
    /// The keys cannot be read.
    #[error(transparent)]
    Keys(#[from] ReadKeysError),
    /// There is no such case, or it is not in the database yet.
    #[error("questa scheda non c'è, o non è ancora nella banca dati: riprovi fra poco")]
    NoCase,
    /// The two cases are of different services.
    #[error("le due schede sono di servizi diversi: non si uniscono")]
    OtherService,
    /// The database cannot be opened.
    #[error("la banca dati non si può aprire")]
    Open(#[from] OpenStoreError),
    /// It may not be added.
    #[error(transparent)]
    Refused(#[from] AdditionError),
    /// What is there does not open.
    #[error("la scheda di prima non si legge")]
    Sealed(#[from] OpenSealError),
    /// The database did not take it.
    #[error("la banca dati non ha accettato la modifica: nulla è cambiato, riprovi")]
    Sql(#[from] sqlx::Error),
}

/// Adds to a case; works while the service runs.
///
/// # Errors
/// When it may not be added, others wrote meanwhile, or the database does not take it; then
/// nothing of it is done.
pub async fn append_to_case(
    url: &str,
    keyring: &Keyring,
    append: Append<'_>,
) -> Result<Appended, AppendToCaseError> {
    let keys = keyring.keys()?;
    let mut connection = connect(url).await?;
    let (before, ready) = prepare(&mut connection, &keys, append).await?;
    let sequence = ready.sequence;
    let mut all = vec![ready];
    let debt = match append.addition {
        Addition::Stage(moved) => debt(&mut connection, append.case, moved.end.as_ref()).await?,
        _ => Debt::Stays,
    };
    all.extend(settled(&keys, &before, append, &debt)?);
    if let Debt::Carried { to, last } = debt {
        let joined = Addition::Joined { other: before.number, call_back: true };
        let append = Append { case: to, expected: last, addition: &joined, ..append };
        all.push(prepare(&mut connection, &keys, append).await?.1);
    }
    let committed = commit(&mut connection, &all).await?;
    if committed == Committed::Late {
        let since = since(&mut connection, &keys, append.case, append.expected).await?;
        return Err(AppendToCaseError::Conflict(Box::new(since)));
    }
    connection.close().await?;
    Ok(Appended { sequence })
}

/// Joins two cases in one step: one goes on, the other is archived as its duplicate. Nothing
/// of either is lost.
///
/// # Errors
/// As [`append_to_case`].
pub async fn join_cases(
    url: &str,
    keyring: &Keyring,
    joining: Joining<'_>,
) -> Result<(), AppendToCaseError> {
    let keys = keyring.keys()?;
    let mut connection = connect(url).await?;
    let kept = state(&mut connection, &keys, joining.kept.0).await?;
    let double = state(&mut connection, &keys, joining.duplicate.0).await?;
    let (Some(kept), Some(double)) = (kept, double) else {
        return Err(AppendToCaseError::NoCase);
    };
    if kept.service != double.service {
        return Err(AppendToCaseError::OtherService);
    }
    let end = Some(End::Doppione { di: kept.number });
    let debt = debt(&mut connection, joining.duplicate.0, end.as_ref()).await?;
    let call_back = matches!(debt, Debt::Carried { .. });
    let joined = Addition::Joined { other: double.number, call_back };
    let reason = format!("doppione della scheda {}", kept.number);
    let archived = Addition::Stage(Move { from: double.stage, to: Stage::Archiviata, end, reason });
    let (author, at) = (joining.author, joining.at);
    let append = |(case, expected), addition| Append { case, expected, author, at, addition };
    let archived = append(joining.duplicate, &archived);
    let mut all = vec![
        prepare(&mut connection, &keys, append(joining.kept, &joined)).await?.1,
        prepare(&mut connection, &keys, archived).await?.1,
    ];
    all.extend(settled(&keys, &double, archived, &debt)?);
    if commit(&mut connection, &all).await? == Committed::Late {
        for (case, seen) in [joining.kept, joining.duplicate] {
            let since = since(&mut connection, &keys, case, seen).await?;
            if since.last != seen {
                return Err(AppendToCaseError::Conflict(Box::new(since)));
            }
        }
    }
    connection.close().await?;
    Ok(())
}

async fn connect(url: &str) -> Result<SqliteConnection, OpenStoreError> {
    let settings = Settings::read(url, Path::new("."))?;
    database::connect(&settings, false).await
}

/// All of an entry, thought out: what remains is a few statements.
struct Ready {
    case: String,
    sequence: u32,
    at: String,
    author: String,
    kind: &'static str,
    text: String,
    sealed: Sealed,
    changes: Vec<CaseChange>,
    /// Names under which the case can be found.
    lookups: Vec<String>,
}

/// The entry after `archived` that says that no call-back is owed there any more.
fn settled(
    keys: &Keys,
    before: &State,
    archived: Append<'_>,
    debt: &Debt,
) -> Result<Option<Ready>, AppendToCaseError> {
    let result = match debt {
        Debt::Stays => return Ok(None),
        Debt::Settled(result) => *result,
        Debt::Carried { .. } => CallBackResult::Duplicate,
    };
    let addition = &Addition::CallbackDone { result, note: String::new() };
    ready(keys, before, Append { expected: archived.expected + 1, addition, ..archived }).map(Some)
}

async fn prepare(
    connection: &mut SqliteConnection,
    keys: &Keys,
    append: Append<'_>,
) -> Result<(State, Ready), AppendToCaseError> {
    let Append { case, expected, at, addition, .. } = append;
    let before = state(connection, keys, case).await?.ok_or(AppendToCaseError::NoCase)?;
    if before.last != expected || !starts_here(addition, &before) {
        let since = since(connection, keys, case, expected).await?;
        return Err(AppendToCaseError::Conflict(Box::new(since)));
    }
    addition.check(before.number, &before.scheda, at)?;
    let ready = ready(keys, &before, append)?;
    Ok((before, ready))
}

fn ready(keys: &Keys, before: &State, append: Append<'_>) -> Result<Ready, AppendToCaseError> {
    let Append { case, expected, author, at, addition } = append;
    let (case, at_text, kind) = (case.to_string(), instant::text(at), addition.kind());
    let (sequence, text) = (expected + 1, addition.text(&before.scheda));
    let json = serde_json::to_vec(addition).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let place = sequence.to_string();
    let row = [case.as_str(), &place, &at_text, author, kind, &text];
    let sealed = keys.seal(Belongs { table: "case_entries", row: &row }, &json)?;
    Ok(Ready {
        sequence,
        author: author.to_owned(),
        kind,
        sealed,
        changes: addition.changes(at, before.zone),
        lookups: lookups(keys, addition),
        at: at_text,
        case,
        text,
    })
}

/// A move is made from where the case stands, as its writer saw it.
fn starts_here(addition: &Addition, before: &State) -> bool {
    match addition {
        Addition::Stage(moved) => moved.from == before.stage,
        _ => true,
    }
}

fn lookups(keys: &Keys, addition: &Addition) -> Vec<String> {
    let Addition::Scheda { scheda } = addition else { return Vec::new() };
    let name = |(_, value): (_, &Value)| match value {
        Value::Phone(number) => Some(keys.lookup("phone", number.reveal())),
        Value::Fiscal(code) => Some(keys.lookup("fiscal", code)),
        _ => None,
    };
    scheda.iter().filter_map(name).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Committed {
    /// Somebody else was first: nothing was done.
    Late,
    Done,
}

/// The one transaction: statements by key, nothing that grows with the history.
async fn commit(
    connection: &mut SqliteConnection,
    all: &[Ready],
) -> Result<Committed, sqlx::Error> {
    let mut transaction = connection.begin_with("begin immediate").await?;
    for ready in all {
        let moved = sqlx::query("update cases set last_entry = ? where id = ? and last_entry = ?")
            .bind(ready.sequence)
            .bind(&ready.case)
            .bind(ready.sequence - 1)
            .execute(&mut *transaction)
            .await?;
        if moved.rows_affected() != 1 {
            transaction.rollback().await?;
            return Ok(Committed::Late);
        }
        insert(&mut transaction, ready).await?;
    }
    transaction.commit().await?;
    Ok(Committed::Done)
}

async fn insert(connection: &mut SqliteConnection, ready: &Ready) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into case_entries (case_id, sequence, at, author, kind, text, key, content) \
         values (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&ready.case)
    .bind(ready.sequence)
    .bind(&ready.at)
    .bind(&ready.author)
    .bind(ready.kind)
    .bind(&ready.text)
    .bind(ready.sealed.key)
    .bind(&ready.sealed.content)
    .execute(&mut *connection)
    .await?;
    for change in &ready.changes {
        write_change(connection, &ready.case, change).await?;
    }
    for hash in &ready.lookups {
        sqlx::query(
            "insert into case_lookups (hash, case_id) values (?, ?) on conflict do nothing",
        )
        .bind(hash)
        .bind(&ready.case)
        .execute(&mut *connection)
        .await?;
    }
    if ready.kind == "scheda" {
        sqlx::query("delete from scheda_drafts where case_id = ? and account = ?")
            .bind(&ready.case)
            .bind(&ready.author)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn since(
    connection: &mut SqliteConnection,
    keys: &Keys,
    case: CaseId,
    seen: u32,
) -> Result<Since, AppendToCaseError> {
    let now = state(connection, keys, case).await?.ok_or(AppendToCaseError::NoCase)?;
    let entries = entries_after(connection, Some(keys), case, seen).await?;
    Ok(Since { last: now.last, entries, scheda: now.scheda, stage: now.stage })
}
