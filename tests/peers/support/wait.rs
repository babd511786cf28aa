//! Waiting for facts, with a bound.

use std::fs;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::Duration;

use polaris::words::{Clock, SystemClock};

/// How often a fact is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Looks until there is something to see.
///
/// # Panics
/// When there is nothing after `bound`: `what` was waited for in vain.
pub fn wait_for<T>(what: &str, bound: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let clock = SystemClock::start();
    let until = clock.now() + bound;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(clock.now() < until, "{what}: not within {bound:?}");
        thread::park_timeout(LOOK_EVERY);
    }
}

/// What a peer wrote, shown where a test fails: it is gone with the test's folder.
pub fn show_if_failing(said: &Path) {
    if thread::panicking() {
        println!("{}:\n{}", said.display(), fs::read_to_string(said).unwrap_or_default());
    }
}

/// Waits until a program has ended.
pub fn wait_for_end(what: &str, bound: Duration, child: &mut Child) -> ExitStatus {
    wait_for(what, bound, || child.try_wait().unwrap())
}

/// Waits until a program has ended; what goes on for longer than `bound` is ended.
pub fn wait_for_end_or_kill(bound: Duration, child: &mut Child) {
    let clock = SystemClock::start();
    let until = clock.now() + bound;
    while child.try_wait().unwrap().is_none() {
        if clock.now() > until {
            child.kill().unwrap();
        }
        thread::park_timeout(LOOK_EVERY);
    }
}
