//! Where the program's own words go: standard error, a line each.
//!
//! A thread of its own writes them: whoever reads standard error, or has stopped to,
//! keeps no call waiting. Lines nobody takes are counted and dropped.

use std::io::IsTerminal;

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

/// Lines that may wait to be written.
const WAITING_MAX: usize = 16_384;

/// The log, while the program runs. Dropped, it writes what waits, for a second at most.
pub(super) struct Logs {
    _guard: WorkerGuard,
    lost: ErrorCounter,
    told: usize,
}

impl Logs {
    /// Starts logging. `POLARIS_LOG` sets the level (`default` unless told), in the
    /// notation of `tracing_subscriber::EnvFilter`.
    pub(super) fn start(default: &str) -> Self {
        let filter = EnvFilter::try_from_env("POLARIS_LOG").unwrap_or_else(|_| default.into());
        let (writer, guard) = NonBlockingBuilder::default()
            .lossy(true)
            .buffered_lines_limit(WAITING_MAX)
            .finish(std::io::stderr());
        let lost = writer.error_counter();
        // A second start, as in tests that run commands, changes nothing.
        let _ = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(writer)
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .try_init();
        Self { _guard: guard, lost, told: 0 }
    }

    /// Says how many lines were dropped since it was last said.
    pub(super) fn tell_of_losses(&mut self) {
        let lost = self.lost.dropped_lines();
        let lines = lost.saturating_sub(self.told);
        if lines > 0 {
            self.told = lost;
            tracing::warn!(lines, "lines of this log were dropped: nobody read them in time");
        }
    }
}
