//! How many files the process may hold open: each stream of sound is two (its reports
//! have a port of their own), each connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::config::Config;

/// What is open besides sound: TCP connections (256), the database, the log, spare.
const OTHERS: u64 = 512;
/// Streams a call can have at once: its caller, and phones that ring together.
const STREAMS_PER_CALL: u64 = 10;

/// The system allows fewer files than the configuration can need.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "il sistema permette {allowed} file aperti, ma «calls_max» e [rtp] «ports» ne chiedono \
     {needed}: alza LimitNOFILE nell'unità di systemd (o `ulimit -Hn`), oppure abbassa «calls_max»"
)]
pub(super) struct TooFewFiles {
    needed: u64,
    allowed: u64,
}

/// Files the configuration can need at once.
fn needed(config: &Config) -> u64 {
    let ports = u64::try_from(config.rtp_ports.clone().count()).unwrap_or(u64::MAX) / 2;
    let calls = u64::try_from(config.calls_max).unwrap_or(u64::MAX);
    let streams = ports.min(calls.saturating_mul(STREAMS_PER_CALL));
    streams.saturating_mul(2).saturating_add(OTHERS)
}

/// Whether the system will allow what the configuration needs.
pub(super) fn check(config: &Config) -> Result<(), TooFewFiles> {
    let allowed = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    verdict(needed(config), allowed)
}

/// Raises the limit to what the configuration needs, as far as the system allows.
pub(super) fn raise(config: &Config) -> Result<(), TooFewFiles> {
    let (limit, needed) = (getrlimit(Resource::Nofile), needed(config));
    let allowed = limit.maximum.unwrap_or(u64::MAX);
    if limit.current.is_some_and(|current| current < needed) {
        let current = Some(needed.min(allowed));
        let raised = setrlimit(Resource::Nofile, Rlimit { current, maximum: limit.maximum });
        if let Err(error) = raised {
            tracing::warn!(%error, "the limit on open files was not raised");
        }
    }
    verdict(needed, allowed)
}

fn verdict(needed: u64, allowed: u64) -> Result<(), TooFewFiles> {
    if allowed < needed { Err(TooFewFiles { needed, allowed }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_defaults_need_is_counted_and_a_low_limit_is_named() {
        let config = Config::embedded();
        assert_eq!(needed(&config), 10_000 + OTHERS);
        assert_eq!(verdict(5_512, 5_512), Ok(()));
        let said = verdict(5_512, 1_024).unwrap_err().to_string();
        assert!(said.contains("1024") && said.contains("LimitNOFILE"), "{said}");
    }
}
