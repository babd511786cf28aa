//! Where the program's own words go: standard error, a line each.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts logging. `POLARIS_LOG` sets the level (`info` unless told), in the notation
/// of `tracing_subscriber::EnvFilter`.
pub(super) fn start(default: &str) {
    let filter = EnvFilter::try_from_env("POLARIS_LOG").unwrap_or_else(|_| default.into());
    // A second start, as in tests that run commands, changes nothing.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .try_init();
}
