//! What comes out of one connection: whole messages, each within its time.
//!
//! It opens and writes nothing. Law: who begins a message and does not end it, or says
//! nothing at all, is hung up on after 30 seconds; a first message must be whole by then.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::pulse::{Alone, Beat, PING, PONG, Pulse};
use super::{Arrived, Gate};
use crate::sip::{Framer, Route};

/// How long the other side may take its time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Until the first message is whole, on a connection we were called on; keep-alives
    /// are no message, and a TLS handshake is part of it.
    pub(super) first: Duration,
    /// From a message's first byte to its last, however many reads bring it.
    pub(super) message: Duration,
    /// Between messages.
    pub(super) silence: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(30),
            message: Duration::from_secs(30),
            silence: Duration::from_secs(3600),
        }
    }
}

/// Who opened a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opener {
    /// They did, and must say something until then.
    They(Instant),
    We,
}

/// One connection, read.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) route: Route,
    pub(super) opener: Opener,
    pub(super) patience: Patience,
    pub(super) gate: Gate,
    pub(super) arrived: mpsc::Sender<Arrived>,
    /// What is written to the same connection.
    pub(super) writes: mpsc::Sender<Vec<u8>>,
}

impl Reading {
    /// Reads until the connection ends, or has to be ended.
    pub(super) async fn run(self, mut stream: impl AsyncRead + Unpin) {
        let mut framer = Framer::new();
        let mut buffer = vec![0; 16 * 1024];
        let (mut limit, mut pulse) = match self.opener {
            Opener::They(limit) => (limit, None),
            Opener::We => {
                let now = Instant::now();
                (now + self.patience.silence, Some(Pulse::new(now)))
            }
        };
        let mut spoke = self.opener == Opener::We;
        let mut between = true;
        loop {
            let wake = pulse.as_ref().map_or(limit, |pulse| pulse.next().min(limit));
            let length = match timeout_at(wake, stream.read(&mut buffer)).await {
                Ok(Ok(length)) if length > 0 => length,
                Ok(_) => return,
                Err(_) if self.goes_on(limit, pulse.as_mut()) => continue,
                Err(_) => return,
            };
            framer.push(buffer.get(..length).unwrap_or_default());
            let Some(whole) = self.pass_on(&mut framer).await else { return };
            spoke |= whole;
            let begins = !framer.is_between() && (between || whole);
            between = framer.is_between();
            if begins {
                let until = Instant::now() + self.patience.message;
                limit = if spoke { until } else { limit.min(until) };
            } else if between && spoke {
                limit = Instant::now() + self.patience.silence;
            }
            if let Some(pulse) = &mut pulse {
                pulse.heard(if between && !whole { Alone::Yes } else { Alone::No });
            }
            if framer.take_pings() > 0 {
                let _ = self.writes.try_send(PONG.to_vec());
            }
        }
    }

    /// Passes on what is whole: whether there was anything; `None` when the connection
    /// must end.
    async fn pass_on(&self, framer: &mut Framer) -> Option<bool> {
        let mut whole = false;
        for message in framer.by_ref() {
            whole = true;
            let Ok(bytes) = message else {
                self.gate.tell(self.route.remote, "a connection that is no SIP was closed");
                return None;
            };
            self.arrived.send(Arrived::Message { route: self.route, bytes }).await.ok()?;
        }
        Some(whole)
    }

    /// Nothing came in time: whether that is no reason to hang up.
    fn goes_on(&self, limit: Instant, pulse: Option<&mut Pulse>) -> bool {
        let now = Instant::now();
        if limit <= now {
            self.gate.tell(self.route.remote, "a slow connection was closed");
            return false;
        }
        match pulse.map_or(Beat::Wait, |pulse| pulse.beat(now)) {
            Beat::Ping => drop(self.writes.try_send(PING.to_vec())),
            Beat::Stopped => {
                self.gate.tell(self.route.remote, "a connection that is dead was closed");
                return false;
            }
            Beat::Wait => {}
        }
        true
    }
}
