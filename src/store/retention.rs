//! What expires by itself, and the receipt each purge leaves.
//!
//! It never touches a case: what closed cases might be discarded is a list for the archival
//! authorisation (art. 21 d.lgs. 42/2004), no more. Law: **no purge without its receipt**: what
//! goes, its receipt and its row of the audit log are one short transaction, and a file goes
//! before its receipt is written, so that none says more than is true.

use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Months, TimeDelta, Utc};
use sqlx::{Connection as _, Row as _, SqliteConnection};

use super::audit::{Deed, append};
use super::rows::{column_with, unreadable, utc};
use super::seal::{Folder, Lies, names};
use super::settings::Settings;
use super::{IDLE_MAX, OpenStoreError, ReadCallsError, Reader, database, instant};
use crate::words::{CaseNumber, ServiceId};

/// What expires by itself, in the order in which it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// What somebody typed about a case and never saved.
    Drafts,
    /// Addresses at which a password was to be chosen.
    Invitations,
    /// Messages that callers left.
    Messages,
    /// Numbers of callers, of calls whose case is closed.
    Numbers,
    /// Visits that are over.
    Sessions,
}

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Callers' numbers, in months (12–24).
    pub numbers: u32,
}

/// What one purge deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// When.
    pub at: DateTime<Utc>,
    /// The word of its rule.
    pub rule: String,
    /// What it was, in Italian.
    pub what: String,
    /// How many.
    pub count: u64,
    /// All older than this.
    pub older_than: DateTime<Utc>,
    /// The row of the audit log that says the same.
    pub audit: i64,
}

/// A closed case that might be discarded, if the archive allows it. It names nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discardable {
    /// Its service.
    pub service: ServiceId,
    /// Its number.
    pub number: CaseNumber,
    /// When it was opened.
    pub opened: DateTime<Utc>,
    /// Since when it is closed.
    pub closed: DateTime<Utc>,
    /// `presa_in_carico` or `archiviata`.
    pub stage: String,
    /// How it was archived.
    pub ended_as: Option<String>,
    /// The Comune.
    pub comune: Option<String>,
}

/// Why a purge stopped. What it deleted until then has its receipts.
#[derive(Debug, thiserror::Error)]
pub enum PurgeError {
    /// A message cannot be deleted.
    #[error("il messaggio {path} non si può cancellare: controlla i permessi")]
    File {
        /// Its file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The database cannot be opened.
    #[error("la banca dati non si può aprire")]
    Open(#[from] OpenStoreError),
    /// The database did not take it.
    #[error("la banca dati non ha accettato la cancellazione: nulla di più è stato cancellato")]
    Sql(#[from] sqlx::Error),
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Drafts, Self::Invitations, Self::Messages, Self::Numbers, Self::Sessions];

    /// The word in receipts.
    pub fn word(self) -> &'static str {
        match self {
            Self::Drafts => "drafts",
            Self::Invitations => "invitations",
            Self::Messages => "messages",
            Self::Numbers => "numbers",
            Self::Sessions => "sessions",
        }
    }

    /// What it deletes, in Italian.
    pub fn what(self) -> &'static str {
        match self {
            Self::Drafts => "bozze di schede mai salvate",
            Self::Invitations => "indirizzi scaduti per scegliere la password",
            Self::Messages => "messaggi registrati",
            Self::Numbers => "numeri di chi ha chiamato (ne resta l'impronta)",
            Self::Sessions => "visite della console concluse",
        }
    }

    /// The rule as people read it.
    pub fn italian(self, terms: &Terms) -> String {
        match self {
            Self::Drafts => "bozze: 30 giorni dall'ultima modifica".into(),
            Self::Invitations => "indirizzi per la password: alla scadenza".into(),
            Self::Messages => "messaggi registrati: 30 giorni dopo il primo ascolto; quelli che \
                               nessuno ha ascoltato restano"
                .into(),
            Self::Numbers => format!(
                "numero di chi ha chiamato: {} mesi, se la scheda è chiusa; poi ne resta \
                 un'impronta con cui si può ancora cercare",
                terms.numbers
            ),
            Self::Sessions => "visite della console: quando sono concluse".into(),
        }
    }

    /// What is older than this, at `now`, goes.
    pub fn older_than(self, terms: &Terms, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Drafts | Self::Messages => now - MONTH,
            Self::Invitations => now,
            Self::Numbers => now
                .checked_sub_months(Months::new(terms.numbers))
                .unwrap_or(DateTime::<Utc>::MIN_UTC),
            Self::Sessions => now - IDLE_MAX,
        }
    }

    /// What is due: the names of at most so many rows, in the first column.
    fn due(self) -> &'static str {
        match self {
            Self::Drafts => {
                "select case_id || ' ' || account from scheda_drafts where at < ?1 limit ?2"
            }
            Self::Invitations => "select token_hash from invitations where expires < ?1 limit ?2",
            Self::Messages => {
                "select id from cases where voicemail is not null and voicemail_expired is null \
                 and voicemail_heard < ?1 order by voicemail_heard limit ?2"
            }
            Self::Numbers => {
                "select calls.call from calls join cases using (call) where arrived < ?1 \
                 and caller_sealed is not null and callback_owed = 0 \
                 and stage in ('presa_in_carico', 'archiviata') order by arrived limit ?2"
            }
            Self::Sessions => "select token_hash from sessions where seen < ?1 limit ?2",
        }
    }

    /// Deletes one of them.
    fn delete(self) -> &'static str {
        match self {
            Self::Drafts => "delete from scheda_drafts where case_id || ' ' || account = ?1",
            Self::Invitations => "delete from invitations where token_hash = ?1",
            Self::Messages => "update cases set voicemail_expired = ?2 where id = ?1",
            Self::Numbers => {
                "update calls set caller_key = null, caller_sealed = null where call = ?1"
            }
            Self::Sessions => "delete from sessions where token_hash = ?1",
        }
    }
}

/// Deletes what is due at `now`, a few rows a transaction; works while the service runs.
///
/// # Errors
/// When the database or the disk fails; what went until then has its receipts.
pub async fn purge(
    url: &str,
    data_dir: &Path,
    terms: &Terms,
    now: DateTime<Utc>,
) -> Result<Vec<Receipt>, PurgeError> {
    let settings = Settings::read(url, data_dir)?;
    let mut connection = database::connect(&settings, false).await?;
    let mut receipts = Vec::new();
    for rule in Rule::ALL {
        let older_than = rule.older_than(terms, now);
        loop {
            let due: Vec<String> = sqlx::query_scalar(rule.due())
                .bind(instant::text(older_than))
                .bind(BATCH)
                .fetch_all(&mut connection)
                .await?;
            if due.is_empty() {
                break;
            }
            if rule == Rule::Messages {
                delete_files(&mut connection, data_dir, &due).await?;
            }
            let Some(receipt) = delete(&mut connection, rule, &due, (older_than, now)).await?
            else {
                break;
            };
            receipts.push(receipt);
        }
    }
    delete_unbound(&mut connection, data_dir, now).await?;
    connection.close().await?;
    Ok(receipts)
}

async fn delete(
    connection: &mut SqliteConnection,
    rule: Rule,
    due: &[String],
    (older_than, now): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Option<Receipt>, sqlx::Error> {
    let mut transaction = connection.begin_with("begin immediate").await?;
    let mut count = 0;
    for name in due {
        let query = sqlx::query(rule.delete()).bind(name);
        let query = if rule == Rule::Messages { query.bind(instant::text(now)) } else { query };
        count += query.execute(&mut *transaction).await?.rows_affected();
    }
    if count == 0 {
        // Somebody else was first.
        transaction.rollback().await?;
        return Ok(None);
    }
    let what = rule.what();
    let day = older_than.format("%d.%m.%Y");
    let deed = Deed::new("dati scaduti cancellati", &format!("{count} {what}, prima del {day}"));
    append(&mut transaction, RETENTION, now, &deed.on(rule.word())).await?;
    let audit: i64 =
        sqlx::query_scalar("select sequence from audit_head").fetch_one(&mut *transaction).await?;
    sqlx::query(
        "insert into receipts (at, rule, what, count, older_than, audit) values (?, ?, ?, ?, ?, ?)",
    )
    .bind(instant::text(now))
    .bind(rule.word())
    .bind(what)
    .bind(i64::try_from(count).unwrap_or(i64::MAX))
    .bind(instant::text(older_than))
    .bind(audit)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    let (at, rule) = (now, rule.word().to_owned());
    Ok(Some(Receipt { at, rule, what: what.to_owned(), count, older_than, audit }))
}

/// The messages of these cases go from the disk, sealed or in clear.
async fn delete_files(
    connection: &mut SqliteConnection,
    data_dir: &Path,
    cases: &[String],
) -> Result<(), PurgeError> {
    for case in cases {
        let file: Option<String> = sqlx::query_scalar("select voicemail from cases where id = ?")
            .bind(case)
            .fetch_one(&mut *connection)
            .await?;
        if let Some(name) = file {
            delete_file(data_dir, &name)?;
        }
    }
    Ok(())
}

/// What was too short to be a message, and belongs to no case, goes with the calls of its day.
async fn delete_unbound(
    connection: &mut SqliteConnection,
    data_dir: &Path,
    now: DateTime<Utc>,
) -> Result<(), PurgeError> {
    let lies = [Lies::Clear, Lies::Sealed];
    for name in lies.into_iter().flat_map(|how| names(data_dir, Folder::Voicemail, how)) {
        let gone: Option<bool> = sqlx::query_scalar(
            "select cases.voicemail is not ?2 and coalesce(calls.ended < ?3, 0) from cases \
             join calls using (call) where cases.id = ?1",
        )
        .bind(name.get(..36).unwrap_or_default())
        .bind(&name)
        .bind(instant::text(now - MONTH))
        .fetch_optional(&mut *connection)
        .await?;
        if gone == Some(true) {
            delete_file(data_dir, &name)?;
        }
    }
    Ok(())
}

fn delete_file(data_dir: &Path, name: &str) -> Result<(), PurgeError> {
    let sealed = Folder::Voicemail.sealed(data_dir, name);
    for path in [Folder::Voicemail.of(data_dir).join(name), sealed] {
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(PurgeError::File { path, source });
            }
            _ => {}
        }
    }
    Ok(())
}

impl Reader {
    /// How many would go now, by rule; at most `limit` of each are counted.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn due(
        &self,
        terms: &Terms,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<(Rule, usize)>, ReadCallsError> {
        let mut due = Vec::with_capacity(Rule::ALL.len());
        for rule in Rule::ALL {
            let names: Vec<String> = sqlx::query_scalar(rule.due())
                .bind(instant::text(rule.older_than(terms, now)))
                .bind(limit)
                .fetch_all(&self.pool)
                .await?;
            due.push((rule, names.len()));
        }
        Ok(due)
    }

    /// The last `limit` receipts, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn receipts(&self, limit: u32) -> Result<Vec<Receipt>, ReadCallsError> {
        let rows = sqlx::query("select * from receipts order by receipt desc limit ?")
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            let at = |name: &str| utc(row, name)?.ok_or_else(|| unreadable(name));
            Ok::<_, sqlx::Error>(Receipt {
                at: at("at")?,
                rule: row.try_get("rule")?,
                what: row.try_get("what")?,
                count: row.try_get::<i64, _>("count")?.try_into().unwrap_or_default(),
                older_than: at("older_than")?,
                audit: row.try_get("audit")?,
            })
        };
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// The cases that are closed since before `before` and owe nothing, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn discardable(
        &self,
        before: DateTime<Utc>,
    ) -> Result<Vec<Discardable>, ReadCallsError> {
        let rows = sqlx::query(
            "select service, year, sequence, opened, stage_since, stage, ended_as, comune \
             from cases where stage in ('presa_in_carico', 'archiviata') and callback_owed = 0 \
             and stage_since < ? order by stage_since, service, sequence",
        )
        .bind(instant::text(before))
        .fetch_all(&self.pool)
        .await?;
        let read = |row: &sqlx::sqlite::SqliteRow| {
            let at = |name| column_with(row, name, |text| instant::read(text).ok());
            Ok::<_, sqlx::Error>(Discardable {
                service: ServiceId::new(row.try_get("service")?),
                number: super::apply::case_number(row.try_get("year")?, row.try_get("sequence")?)?,
                opened: at("opened")?,
                closed: at("stage_since")?,
                stage: row.try_get("stage")?,
                ended_as: row.try_get("ended_as")?,
                comune: row.try_get("comune")?,
            })
        };
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }
}

/// Who does it, in the audit log.
const RETENTION: &str = "(conservazione)";
/// A commit of so many takes a few milliseconds.
const BATCH: u32 = 100;
const MONTH: TimeDelta = TimeDelta::days(30);
