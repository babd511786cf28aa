//! The record on disk: calls, cases, their timeline and the duty roster, in `SQLite`.
//!
//! It decides nothing: facts come in, rows go out. Law: **a write handed over is
//! never lost and never waited for.** It is committed to the database (WAL, fsynced),
//! or, when that fails or takes over [`COMMIT_WITHIN`], appended to the journal in
//! the data directory and fsynced, or, when even that fails, held in memory; from
//! there it goes the same way back, in order, and applying it twice changes nothing.

mod accesses;
mod accounts;
mod apply;
mod audit;
mod case;
mod clerk;
mod closures;
mod columns;
mod comuni;
mod copy;
mod database;
pub(crate) mod described;
mod error;
mod feeds;
mod glass;
mod instant;
mod journal;
mod kept;
mod left_behind;
mod live;
mod messages;
mod read;
mod recover;
mod retention;
mod roster;
mod rows;
pub mod schema;
mod seal;
mod search;
mod sessions;
mod settings;
mod standing;
mod tokens;
mod writer;

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot, watch};

pub use accesses::Reach;
pub use accounts::{AccountRow, Invitation, NewAccount};
pub use audit::{Deed, Linked, Verified, WantedRows};
pub use case::{
    Append, AppendToCaseError, Appended, Between, CaseEntry, CaseHistory, CaseStanding, Content,
    Draft, DropDraftError, Joining, KeepDraftError, ReadDraftError, ReadHistoryError, Since,
    append_to_case, discard_draft, join_cases, keep_draft,
};
pub use clerk::Clerk;
pub use closures::{ClosureRow, StandingClosures};
pub use comuni::InComune;
pub use copy::{
    BackUpError, BackedUp, Passphrase, ReadPassphraseError, RestoreError, Restored, back_up,
    restore,
};
pub use error::{
    EditFeedsError, EditRosterError, OpenStoreError, ReadCallsError, ReadClosuresError,
    ReadKeptRosterError, ReadRosterError, WriteRecordError,
};
pub use feeds::{FeedRow, add_feed, revoke_feed};
pub use glass::{GlassRow, NewGlass};
pub use kept::{KEPT_ROSTER, KeptRoster, keep_closures, keep_roster, kept_closures, kept_roster};
pub use live::{LiveCall, Owed, Watcher};
pub use messages::{Message, Outbox};
pub use read::Reader;
pub use recover::{InterruptedCall, Recovered};
pub use retention::{Discardable, PurgeError, Receipt, Rule, Terms, purge};
pub use roster::{EditedRoster, RosterChange, StandingRoster, bring_up_to_date, edit_roster};
pub use rows::{AttemptRow, CallRow, CaseRow, EntryRow, NumberState};
pub use seal::{
    AddKeyError, Folder, KeepFileError, Keyring, Keys, Made, MakeKeysError, OpenSealError,
    OpenSecretError, ReadKeysError, ReadSealedFileError, ResealError, Resealed, SealClearError,
    SealedNumber, SecretOf, Swept, is_any_file_sealed, is_any_message_clear, keep_sealed_file,
    open_secret, read_sealed_file, remove_sealed_file, reseal, seal_clear, seal_secret,
};
pub use search::{Cursor, Owing, Wanted};
pub use sessions::{IDLE_MAX, OpenVisit, SessionRow, VISIT_MAX};
pub use standing::{Journaled, Opening, Standing, Write};
pub use tokens::{NewToken, TokenRow};

use crate::case::Fact;
use crate::words::{CallId, CaseNumber, Clock, SystemClock};
use database::Database;
use journal::Journal;
use settings::Settings;
use writer::{Queued, Writer};

/// How long an opening may wait for the database before it goes to the journal.
pub const COMMIT_WITHIN: Duration = Duration::from_millis(500);
/// How often the database is tried again while the journal holds writes.
pub const RETRY_EVERY: Duration = Duration::from_secs(1);
/// How many writes may wait between the calls and the disk; more are refused, loudly.
pub const QUEUE_MAX: usize = 100_000;

const READY_WITHIN: Duration = Duration::from_secs(2);
const RECOVER_WITHIN: Duration = Duration::from_secs(30);

/// The one writer of the record. Dropping it loses nothing that was [`Store::flush`]ed.
#[derive(Debug)]
pub struct Store {
    queue: mpsc::Sender<Queued>,
    clock: SystemClock,
    standing: watch::Receiver<Standing>,
    reader: Reader,
    keyring: Option<Arc<Keyring>>,
    /// The keys as they were last looked at: a call looks at no file.
    at_hand: RwLock<Option<Arc<Keys>>>,
}

impl Store {
    /// Opens, or creates, the database at `url` (`sqlite:data/polaris.db`) and the
    /// journal in `data_dir`, replays what a crash left in the journal, and ends the
    /// calls found open as interrupted: the [`Recovered`] are to be logged.
    ///
    /// # Errors
    /// When the database cannot be opened or brought up to date, or another process
    /// writes to the same data directory.
    pub async fn open(url: &str, data_dir: &Path) -> Result<(Self, Recovered), OpenStoreError> {
        let settings = Settings::read(url, data_dir)?;
        let mut database = Database::new(settings.clone());
        settings.create_folders().map_err(OpenStoreError::Folder)?;
        let journal = Journal::open(data_dir)?;
        database.connect().await?;
        let (store, recovered) = Self::start(settings, database, journal);
        match tokio::time::timeout(RECOVER_WITHIN, recovered).await {
            Ok(Ok(recovered)) => {
                store.ready().await;
                Ok((store, recovered))
            }
            _ => Err(OpenStoreError::NotRecovered),
        }
    }

    /// As [`Store::open`], but starts without the database if it must: then writes go
    /// to the journal and the database is tried every [`RETRY_EVERY`]. What was
    /// recovered is told once the database is there, which is mostly at once.
    ///
    /// # Errors
    /// Only for what a person has to correct before a service can start: a wrong URL,
    /// or another process on the same data directory.
    pub async fn open_or_journal(
        url: &str,
        data_dir: &Path,
    ) -> Result<(Self, oneshot::Receiver<Recovered>), OpenStoreError> {
        let settings = Settings::read(url, data_dir)?;
        let mut database = Database::new(settings.clone());
        if let Err(error) = settings.create_folders() {
            tracing::error!(%error, "a folder of the store cannot be created");
        }
        let journal = match Journal::open(data_dir) {
            Err(OpenStoreError::AlreadyRunning(dir)) => {
                return Err(OpenStoreError::AlreadyRunning(dir));
            }
            Err(error) => {
                tracing::error!(error = %error::chain(&error), "the journal cannot be opened");
                Journal::unopened(data_dir)
            }
            Ok(journal) => journal,
        };
        let opened = tokio::time::timeout(COMMIT_WITHIN, database.connect()).await;
        match opened {
            Ok(Ok(())) => {
                let (store, recovered) = Self::start(settings, database, journal);
                store.ready().await;
                return Ok((store, recovered));
            }
            Ok(Err(error)) => tracing::error!(
                error = %error::chain(&error),
                "the database cannot be opened: calls are written to the journal"
            ),
            Err(_) => tracing::error!(
                "the database does not open in time: calls are written to the journal"
            ),
        }
        Ok(Self::start(settings, database, journal))
    }

    /// Waits, but not for long, until the first call can go into the database.
    async fn ready(&self) {
        let mut standing = self.standing.clone();
        let caught_up = standing.wait_for(|standing| *standing == Standing::Database);
        if tokio::time::timeout(READY_WITHIN, caught_up).await.is_err() {
            tracing::error!("the store is still behind: calls are written to the journal");
        }
    }

    fn start(
        settings: Settings,
        database: Database,
        journal: Journal,
    ) -> (Self, oneshot::Receiver<Recovered>) {
        let (queue, queued) = mpsc::channel(QUEUE_MAX);
        let (standing, watching) = watch::channel(Standing::Journal);
        let (tell, recovered) = oneshot::channel();
        let clock = SystemClock::start();
        let writer = Writer::new(queued, database, journal, clock, standing, tell);
        tokio::spawn(writer.run());
        let reader = Reader::lazy(&settings);
        let at_hand = RwLock::default();
        let store = Self { queue, clock, standing: watching, reader, keyring: None, at_hand };
        (store, recovered)
    }

    /// The same store, which seals callers' numbers as long as there are keys in `keyring`, and
    /// shows them. Without, or while they are away, numbers are kept in clear until
    /// [`seal_clear`].
    #[must_use]
    pub fn seal_with(mut self, keyring: Arc<Keyring>) -> Self {
        self.reader = self.reader.with_keys(keyring.clone());
        self.keyring = Some(keyring);
        // Whether there are any is told by who keeps looking.
        let _ = self.look_for_keys();
        self
    }

    /// Looks at the key file, which may have come, gone or changed. Reads a small file: not for
    /// a thread that must not wait.
    ///
    /// # Errors
    /// When there are no keys to be had: numbers are kept in clear from now on.
    pub fn look_for_keys(&self) -> Result<(), ReadKeysError> {
        let Some(keyring) = &self.keyring else { return Ok(()) };
        let (keys, looked) = match keyring.keys() {
            Ok(keys) => (Some(keys), Ok(())),
            Err(error) => (None, Err(error)),
        };
        *self.at_hand.write().unwrap_or_else(PoisonError::into_inner) = keys;
        looked
    }

    fn seal(&self, write: Write) -> Write {
        let keys = self.at_hand.read().unwrap_or_else(PoisonError::into_inner).clone();
        write.sealed(keys.as_deref())
    }

    /// Opens a case. The answer comes once it is safe: its number when it is in the
    /// database, [`Journaled`] when it went to the journal; then it gets its number
    /// later. Never blocks. The opening's `first` fact is the entry with sequence 0.
    pub fn opening(&self, opening: Opening) -> oneshot::Receiver<Result<CaseNumber, Journaled>> {
        let (reply, answer) = oneshot::channel();
        let call = opening.call;
        let at = self.clock.now();
        let queued = Queued::Open { write: self.seal(Write::Open(opening)), at, reply };
        if let Err(refused) = self.queue.try_send(queued) {
            tracing::error!(call.id = %call, "the queue of the store is full: a case is lost");
            if let Queued::Open { reply, .. } = refused.into_inner() {
                let _ = reply.send(Err(Journaled::Lost));
            }
        }
        answer
    }

    /// Appends a fact to the timeline of a call. `sequence` counts from 1 within the
    /// call. Never blocks; facts of a call are kept in the order of these calls.
    pub fn note(&self, call: CallId, sequence: u32, at: DateTime<Utc>, fact: Fact) {
        let kind = fact.kind();
        let note = Queued::Note(self.seal(Write::Note { call, sequence, at, fact }));
        if self.queue.try_send(note).is_err() {
            tracing::error!(
                call.id = %call, sequence, kind, "the queue of the store is full: a fact is lost"
            );
        }
    }

    /// Waits until everything handed over so far is on disk: database or journal.
    pub async fn flush(&self) {
        let (reply, done) = oneshot::channel();
        if self.queue.send(Queued::Flush(reply)).await.is_ok() {
            let _ = done.await;
        }
    }

    /// Writes what is queued, and stops. Later writes are refused, loudly.
    pub async fn close(&self) {
        let (reply, done) = oneshot::channel();
        if self.queue.send(Queued::Close(reply)).await.is_ok() {
            let _ = done.await;
        }
        self.reader.close().await;
    }

    /// Where writes go at the moment.
    pub fn standing(&self) -> Standing {
        *self.standing.borrow()
    }

    /// Waits until everything is in the database and the journal is empty.
    pub async fn settled(&self) {
        self.flush().await;
        let mut standing = self.standing.clone();
        let _ = standing.wait_for(|standing| *standing == Standing::Database).await;
    }

    /// Reads what was written.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The duty roster, and the revision it is.
    ///
    /// # Errors
    /// When the database cannot be read, or what stands there makes no roster.
    pub async fn roster(&self) -> Result<StandingRoster, ReadRosterError> {
        self.reader.roster().await
    }

    /// Counts the edits of the roster: another number means another roster, also when
    /// another process edited it. Cheap enough to ask every second.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn roster_revision(&self) -> Result<i64, ReadRosterError> {
        self.reader.roster_revision().await
    }
}

/// Bytes as hexadecimal digits.
fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
