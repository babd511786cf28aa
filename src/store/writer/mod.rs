//! The one task that writes: whatever is queued goes into one transaction; when that
//! fails or takes too long, into the journal, until the database has caught up.
//!
//! Law: writes reach the database in the order they were queued, each at least once.

mod catch_up;
mod keep;

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::apply::Applied;
use super::database::{CommitError, Database};
use super::journal::Journal;
use super::recover::{InterruptedCall, Recovered};
use super::standing::{Journaled, Standing, Write};
use super::{COMMIT_WITHIN, RETRY_EVERY};
use crate::words::{CaseNumber, Clock, Moment, SystemClock};
use catch_up::finished;

/// The most writes of one transaction.
const BATCH_MAX: usize = 500;
type Reply = oneshot::Sender<Result<CaseNumber, Journaled>>;

/// What waits for the disk.
#[derive(Debug)]
pub(super) enum Queued {
    Open { write: Write, at: Moment, reply: Reply },
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
    database: Arc<tokio::sync::Mutex<Database>>,
    job: Option<Job>,
    journal: Arc<Mutex<Journal>>,
    journal_empty: bool,
    journal_fails: bool,
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
                Queued::Open { write, at, reply } => {
                    oldest.get_or_insert(at);
                    replies.push((writes.len(), reply));
                    writes.push(write);
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
}
