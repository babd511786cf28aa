//! Behind the journal: brings what it holds into the database, in order.

use std::sync::Arc;

use tokio::task::{JoinError, JoinHandle};

use super::super::database::Care;
use super::super::error::chain;
use super::super::journal::{Chunk, Journal};
use super::super::standing::{Standing, Write};
use super::{BATCH_MAX, Done, Job, Purpose, Writer};
use crate::words::Clock;

impl Writer {
    /// Gives the database the next thing it is behind with.
    pub(super) async fn catch_up(&mut self) {
        if !self.held.is_empty() {
            let _ = self.journal_held().await; // else they go to the database as they are
        }
        let recovering = self.tell.is_some();
        let limit = if recovering { self.left_behind } else { u64::MAX };
        let chunk = match self.with_journal(move |journal| journal.read(limit)).await {
            Ok(chunk) => chunk,
            Err(error) => return self.note_failure("the journal cannot be read", &error),
        };
        if chunk.end > chunk.from {
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

    pub(super) async fn replay(&mut self, chunk: Chunk) {
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

    pub(super) async fn caught_up(&mut self) {
        if let Err(error) = self.with_journal(Journal::clear).await {
            return self.note_failure("the journal cannot be emptied", &error);
        }
        self.journal_empty = true;
        self.journal_fails = false;
        self.failures = 0;
        if self.standing.send_replace(Standing::Database) == Standing::Journal {
            tracing::info!("the store has caught up: writes go to the database");
        }
    }

    pub(super) async fn job_done(&mut self, (purpose, done): (Purpose, Result<Done, JoinError>)) {
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
                let noted = self.with_journal(move |journal| {
                    journal.replayed_to(end);
                    Ok(())
                });
                if let Err(error) = noted.await {
                    // They are replayed again, which changes nothing.
                    return self.note_failure("the journal does not answer", &error);
                }
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

    pub(super) fn submit(&mut self, purpose: Purpose) {
        let done = match &purpose {
            Purpose::Replay { writes, .. } | Purpose::Held { writes } => {
                self.commit(writes, Care::Single)
            }
            Purpose::Recovery | Purpose::Late => self.recover(),
        };
        self.job = Some(Job { purpose, done });
    }

    pub(super) fn commit(&self, writes: &Arc<[Write]>, care: Care) -> JoinHandle<Done> {
        let (database, writes) = (self.database.clone(), writes.clone());
        tokio::spawn(
            async move { Done::Committed(database.lock().await.commit(&writes, care).await) },
        )
    }

    pub(super) fn recover(&self) -> JoinHandle<Done> {
        let (database, at) = (self.database.clone(), self.clock.wall());
        tokio::spawn(
            async move { Done::Recovered(database.lock().await.end_interrupted(at).await) },
        )
    }

    /// Once when it begins, and then every minute.
    pub(super) fn note_failure(&mut self, what: &'static str, error: &dyn std::error::Error) {
        if self.failures.is_multiple_of(60) {
            tracing::error!(error = %chain(error), failures = self.failures, "{what}");
        }
        self.failures = self.failures.saturating_add(1);
    }
}

/// The end of the work the database is busy with; never, when it is idle.
pub(super) async fn finished(job: &mut Option<Job>) -> (Purpose, Result<Done, JoinError>) {
    let Some(Job { done, .. }) = job else { return std::future::pending().await };
    let done = done.await;
    let purpose = job.take().map_or(Purpose::Late, |job| job.purpose);
    (purpose, done)
}
