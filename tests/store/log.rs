//! What the store says in its log, at its most talkative: it names nobody.

use std::io::Write;
use std::sync::{Mutex, Once, PoisonError};

use tracing::Level;

use crate::leaks::leaking;

/// Lines of any test that gave somebody away.
static LEAKS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Scans every line of this process from now on.
pub(crate) fn scan() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        let log = tracing_subscriber::fmt().with_max_level(Level::TRACE).with_ansi(false);
        log.with_writer(|| Scanner).init();
    });
}

/// Writes everything to standard error: the parent of this process scans it.
pub(crate) fn show() {
    let log = tracing_subscriber::fmt().with_max_level(Level::TRACE).with_ansi(false);
    log.with_writer(std::io::stderr).init();
}

/// No line so far, of whatever test, has named anybody.
pub(crate) fn names_nobody() {
    let leaks = LEAKS.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(leaks.is_empty(), "the log names somebody:\n{}", leaks.join("\n"));
}

struct Scanner;

impl Write for Scanner {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let found = leaking(&String::from_utf8_lossy(line));
        LEAKS.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
