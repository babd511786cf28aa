//! The one task that writes: whatever is queued goes into one transaction; when that
//! fails or takes too long, into the journal, until the database has caught up.
//!
//! Law: writes reach the database in the order they were queued, each at least once.

use std::collections::VecDeque;
use std::io;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::apply::Applied;
use super::database::{Care, CommitError, Database};
use super::error::chain;
use super::journal::{Chunk, Journal, line};
use super::recover::{InterruptedCall, Recovered};
use super::standing::{Journaled, Opening, Standing, Write};
use super::{COMMIT_WITHIN, QUEUE_MAX, RETRY_EVERY, Shared};
use crate::words::{CaseNumber, Clock, Moment, SystemClock};

/// The most writes of one transaction.
const BATCH_MAX: usize = 500;
/// How long an append to the journal may take before the writes are held in memory.
const JOURNAL_WITHIN: Duration = Duration::from_secs(1);

type Reply = oneshot::Sender<Result<CaseNumber, Journaled>>;

/// What waits for the disk.
#[derive(Debug)]
pub(super) enum Queued {
    Open { opening: Box<Opening>, at: Moment, reply: Reply },
    Note(Write),
    Flush(oneshot::Sender<()>),
    Close(oneshot::Sender<()>),
}

/// Work the database is busy with.
#[derive(Debug)]
struct Job {
    purpose: Purpose,
    done: JoinHandle<Done>,
}

#[derive(Debug)]
enum Purpose {
    /// A transaction that took too long; the journal has its writes.
    Late,
    /// Lines of the journal up to `end`.
    Replay { writes: Arc<[Write]>, end: u64 },
    /// The first writes held in memory.
    Held { writes: Arc<[Write]> },
    /// The calls a crash left open.
    Recovery,
}

#[derive(Debug)]
enum Done {
    Committed(Result<Vec<Applied>, CommitError>),
    Recovered(Result<Vec<InterruptedCall>, CommitError>),
}

/// The writer. All it waits for is bounded.
#[derive(Debug)]
pub(super) struct Writer {
    queue: mpsc::Receiver<Queued>,
    database: Shared<Database>,
    job: Option<Job>,
    journal: Arc<Mutex<Journal>>,
    journal_empty: bool,
    journal_fails: bool,
    /// Up to here the journal is in the database.
    replayed: u64,
    /// Length of the journal as the last process left it.
    left_behind: u64,
    /// Writes that neither database nor journal took so far.
    held: VecDeque<Write>,
    flushes: Vec<oneshot::Sender<()>>,
    clock: SystemClock,
    standing: watch::Sender<Standing>,
    recovered: Recovered,
    /// Present until the calls of a crash are ended.
    tell: Option<oneshot::Sender<Recovered>>,
    failures: u32,
}

impl Writer {
    pub(super) fn new(
        queue: mpsc::Receiver<Queued>,
        database: Database,
        journal: Journal,
        clock: SystemClock,
        standing: watch::Sender<Standing>,
        tell: oneshot::Sender<Recovered>,
    ) -> Self {
        let recovered = Recovered { refused: journal.torn, ..Recovered::default() };
        Self {
            queue,
            database: Arc::new(tokio::sync::Mutex::new(database)),
            job: None,
            journal_empty: false,
            journal_fails: false,
            replayed: 0,
            left_behind: journal.len(),
            journal: Arc::new(Mutex::new(journal)),
            held: VecDeque::new(),
            flushes: Vec::new(),
            clock,
            standing,
            recovered,
            tell: Some(tell),
            failures: 0,
        }
    }

    /// Runs until the store is closed or dropped.
    pub(super) async fn run(mut self) {
        let mut retry = interval(RETRY_EVERY);
        retry.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut batch = Vec::new();
        let mut closed = None;
        while closed.is_none() {
            tokio::select! {
                biased;
                done = finished(&mut self.job) => self.job_done(done).await,
                _ = retry.tick(), if self.behind() && self.job.is_none() => self.catch_up().await,
                count = self.queue.recv_many(&mut batch, BATCH_MAX) => {
                    if count == 0 {
                        break;
                    }
                    if let ControlFlow::Break(reply) = self.take(batch.drain(..)).await {
                        closed = Some(reply);
                    }
                }
            }
        }
        self.stop().await;
        drop(self); // the lock of the directory goes before anybody is told
        if let Some(reply) = closed {
            let _ = reply.send(());
        }
    }

    async fn stop(&mut self) {
        if !self.held.is_empty() && self.journal_held().await.is_err() {
            tracing::error!(writes = self.held.len(), "the store stops and loses writes");
        }
        if let Ok(mut database) = timeout(COMMIT_WITHIN, self.database.lock()).await {
            database.close().await;
        }
    }

    /// Whether writes have to wait their turn behind the journal.
    fn behind(&self) -> bool {
        self.tell.is_some() || !self.journal_empty || !self.held.is_empty() || self.job.is_some()
    }

    async fn take(
        &mut self,
        batch: impl Iterator<Item = Queued>,
    ) -> ControlFlow<oneshot::Sender<()>> {
        let mut writes = Vec::new();
        let mut replies = Vec::new();
        let mut oldest = None;
        let mut end = ControlFlow::Continue(());
        for queued in batch {
            match queued {
                Queued::Open { opening, at, reply } => {
                    oldest.get_or_insert(at);
                    replies.push((writes.len(), reply));
                    writes.push(Write::Open(*opening));
                }
                Queued::Note(note) => writes.push(note),
                Queued::Flush(reply) => self.flushes.push(reply),
                Queued::Close(reply) => end = ControlFlow::Break(reply),
            }
        }
        if !writes.is_empty() {
            let waited = oldest.map_or(Duration::ZERO, |at| self.clock.now().since(at));
            self.write(writes, replies, COMMIT_WITHIN.saturating_sub(waited)).await;
        }
        self.end_flushes();
        end
    }

    async fn write(&mut self, writes: Vec<Write>, replies: Vec<(usize, Reply)>, within: Duration) {
        let writes: Arc<[Write]> = writes.into();
        if self.behind() {
            return self.keep(&writes, replies).await;
        }
        let mut done = self.commit(&writes, Care::Quick);
        match timeout(within, &mut done).await {
            Ok(Ok(Done::Committed(Ok(applied)))) => {
                self.set_refused_aside(&writes, &applied).await;
                for (place, reply) in replies {
                    if let Some(Applied::Numbered(number)) = applied.get(place) {
                        let _ = reply.send(Ok(*number));
                    }
                }
                return;
            }
            Ok(Ok(Done::Committed(Err(error)))) => tracing::error!(
                error = %chain(&error),
                writes = writes.len(),
                "the database did not take a transaction: it goes to the journal"
            ),
            Ok(_) => tracing::error!("a transaction broke off: it goes to the journal"),
            Err(_) => {
                tracing::error!(
                    within_ms = within.as_millis() as u64,
                    writes = writes.len(),
                    "the database is too slow: a transaction goes to the journal"
                );
                self.job = Some(Job { purpose: Purpose::Late, done });
            }
        }
        self.keep(&writes, replies).await;
    }

    /// Puts writes on disk without the database, or at least remembers them.
    async fn keep(&mut self, writes: &[Write], replies: Vec<(usize, Reply)>) {
        self.standing.send_replace(Standing::Journal);
        let room = QUEUE_MAX.saturating_sub(self.held.len());
        let (fits, lost) = writes.split_at(room.min(writes.len()));
        self.held.extend(fits.iter().cloned());
        // A journal that fails is tried again with every retry, not with every write.
        let kept = if self.journal_fails { Err(()) } else { self.journal_held().await };
        if !lost.is_empty() {
            tracing::error!(writes = lost.len(), "the store has no room left: writes are lost");
        }
        for (place, reply) in replies {
            let how = match kept {
                _ if place >= fits.len() => Journaled::Lost,
                Ok(()) => Journaled::OnDisk,
                Err(()) => Journaled::InMemory,
            };
            if let Some(write) = writes.get(place) {
                tracing::error!(call.id = %write.call(), "a case is not in the database: {how}");
            }
            let _ = reply.send(Err(how));
        }
    }

    async fn journal_held(&mut self) -> Result<(), ()> {
        let lines: Vec<u8> = self.held.iter().flat_map(line).collect();
        let appended = self.with_journal(move |journal| journal.append(&lines)).await;
        self.journal_fails = appended.is_err();
        match appended {
            Ok(()) => {
                self.held.clear();
                self.journal_empty = false;
                self.end_flushes();
                Ok(())
            }
            Err(error) => {
                tracing::error!(
                    %error,
                    writes = self.held.len(),
                    "the journal cannot be written: writes are held in memory"
                );
                Err(())
            }
        }
    }

    fn end_flushes(&mut self) {
        if self.held.is_empty() {
            for reply in self.flushes.drain(..) {
                let _ = reply.send(());
            }
        }
    }

    /// Gives the database the next thing it is behind with.
    async fn catch_up(&mut self) {
        if !self.held.is_empty() {
            let _ = self.journal_held().await; // else they go to the database as they are
        }
        let recovering = self.tell.is_some();
        let from = self.replayed;
        let limit = if recovering { self.left_behind } else { u64::MAX };
        let chunk = match self.with_journal(move |journal| journal.read(from, limit)).await {
            Ok(chunk) => chunk,
            Err(error) => return self.note_failure("the journal cannot be read", &error),
        };
        if chunk.end > from {
            self.replay(chunk).await;
        } else if recovering {
            self.submit(Purpose::Recovery);
        } else if !self.held.is_empty() {
            let writes = self.held.iter().take(BATCH_MAX).cloned().collect();
            self.submit(Purpose::Held { writes });
        } else {
            self.caught_up().await;
        }
    }

    async fn replay(&mut self, chunk: Chunk) {
        if !chunk.unreadable.is_empty() {
            let lines = chunk.unreadable;
            let count = lines.len();
            if let Err(error) = self.with_journal(move |journal| journal.set_aside(&lines)).await {
                return self.note_failure("unreadable lines cannot be set aside", &error);
            }
            self.recovered.refused += count;
            tracing::error!(lines = count, "the journal holds lines that are no writes");
        }
        self.submit(Purpose::Replay { writes: chunk.writes.into(), end: chunk.end });
    }

    async fn caught_up(&mut self) {
        if let Err(error) = self.with_journal(Journal::clear).await {
            return self.note_failure("the journal cannot be emptied", &error);
        }
        self.replayed = 0;
        self.journal_empty = true;
        self.journal_fails = false;
        self.failures = 0;
        if self.standing.send_replace(Standing::Database) == Standing::Journal {
            tracing::info!("the store has caught up: writes go to the database");
        }
    }

    async fn job_done(&mut self, (purpose, done): (Purpose, Result<Done, tokio::task::JoinError>)) {
        let done = match done {
            Ok(Done::Committed(Err(error)) | Done::Recovered(Err(error))) => {
                return self.note_failure("the database is not back", &error);
            }
            Err(error) => return self.note_failure("the database broke off", &error),
            Ok(done) => done,
        };
        match (purpose, done) {
            (Purpose::Replay { writes, end }, Done::Committed(Ok(applied))) => {
                if !self.set_refused_aside(&writes, &applied).await {
                    return;
                }
                self.replayed = end;
                self.recovered.replayed += writes.len();
            }
            (Purpose::Held { writes }, Done::Committed(Ok(applied))) => {
                self.set_refused_aside(&writes, &applied).await;
                self.held.drain(..writes.len().min(self.held.len()));
                self.end_flushes();
            }
            (_, Done::Recovered(Ok(interrupted))) => {
                self.recovered.interrupted = interrupted;
                if let Some(tell) = self.tell.take() {
                    let _ = tell.send(std::mem::take(&mut self.recovered));
                }
            }
            _ => {}
        }
        self.catch_up().await;
    }

    /// Keeps refused writes in their own file; false when even that failed.
    async fn set_refused_aside(&mut self, writes: &[Write], applied: &[Applied]) -> bool {
        let mut lines = Vec::new();
        for (write, applied) in writes.iter().zip(applied) {
            if let Applied::Refused(why) = applied {
                tracing::error!(call.id = %write.call(), why, "a write is set aside");
                lines.push(line(write));
            }
        }
        if lines.is_empty() {
            return true;
        }
        self.recovered.refused += lines.len();
        let kept = self.with_journal(move |journal| journal.set_aside(&lines)).await;
        if let Err(error) = &kept {
            self.note_failure("refused writes cannot be set aside", error);
        }
        kept.is_ok()
    }

    fn submit(&mut self, purpose: Purpose) {
        let done = match &purpose {
            Purpose::Replay { writes, .. } | Purpose::Held { writes } => {
                self.commit(writes, Care::Single)
            }
            Purpose::Recovery | Purpose::Late => self.recover(),
        };
        self.job = Some(Job { purpose, done });
    }

    fn commit(&self, writes: &Arc<[Write]>, care: Care) -> JoinHandle<Done> {
        let (database, writes) = (self.database.clone(), writes.clone());
        tokio::spawn(
            async move { Done::Committed(database.lock().await.commit(&writes, care).await) },
        )
    }

    fn recover(&self) -> JoinHandle<Done> {
        let (database, at) = (self.database.clone(), self.clock.wall());
        tokio::spawn(
            async move { Done::Recovered(database.lock().await.end_interrupted(at).await) },
        )
    }

    /// Once when it begins, and then every minute.
    fn note_failure(&mut self, what: &'static str, error: &dyn std::error::Error) {
        if self.failures.is_multiple_of(60) {
            tracing::error!(error = %chain(error), failures = self.failures, "{what}");
        }
        self.failures = self.failures.saturating_add(1);
    }

    async fn with_journal<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Journal) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let journal = self.journal.clone();
        let acted = tokio::task::spawn_blocking(move || match journal.try_lock() {
            Ok(mut journal) => act(&mut journal),
            // A disk that hangs must not hang one thread after another.
            Err(_) => Err(io::ErrorKind::ResourceBusy.into()),
        });
        match timeout(JOURNAL_WITHIN, acted).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(io::ErrorKind::Other.into()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

/// The end of the work the database is busy with; never, when it is idle.
async fn finished(job: &mut Option<Job>) -> (Purpose, Result<Done, tokio::task::JoinError>) {
    let Some(Job { done, .. }) = job else { return std::future::pending().await };
    let done = done.await;
    let purpose = job.take().map_or(Purpose::Late, |job| job.purpose);
    (purpose, done)
}
