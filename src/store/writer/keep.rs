//! One batch on its way to the disk: the database, else the journal, else memory.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use tokio::time::timeout;

use super::super::QUEUE_MAX;
use super::super::apply::Applied;
use super::super::database::Care;
use super::super::error::chain;
use super::super::journal::{Journal, line};
use super::super::standing::{Journaled, Standing, Write};
use super::{Done, Job, Purpose, Reply, Writer};

/// How long an append to the journal may take before the writes are held in memory.
const JOURNAL_WITHIN: Duration = Duration::from_secs(1);

impl Writer {
    pub(super) async fn write(
        &mut self,
        writes: Vec<Write>,
        replies: Vec<(usize, Reply)>,
        within: Duration,
    ) {
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
    pub(super) async fn keep(&mut self, writes: &[Write], replies: Vec<(usize, Reply)>) {
        self.standing.send_replace(Standing::Journal);
        counter!("polaris_journaled_total").increment(writes.len() as u64);
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

    pub(super) async fn journal_held(&mut self) -> Result<(), ()> {
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

    pub(super) fn end_flushes(&mut self) {
        if self.held.is_empty() {
            for reply in self.flushes.drain(..) {
                let _ = reply.send(());
            }
        }
    }

    /// Keeps refused writes in their own file; false when even that failed.
    pub(super) async fn set_refused_aside(
        &mut self,
        writes: &[Write],
        applied: &[Applied],
    ) -> bool {
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

    pub(super) async fn with_journal<T: Send + 'static>(
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
