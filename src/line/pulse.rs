//! Keep-alives on a connection we opened (RFC 5626 §3.5.1).
//!
//! It sends nothing and reads no clock. Law: a peer that has never answered a ping is
//! never given up for not answering one: many do not know them.

use std::time::Duration;

use tokio::time::Instant;

/// Our ping.
pub(super) const PING: &[u8] = b"\r\n\r\n";
/// The answer to theirs.
pub(super) const PONG: &[u8] = b"\r\n";
/// How often a connection is kept alive; NATs forget one after minutes.
const EVERY: Duration = Duration::from_secs(60);
/// RFC 5626 §4.4.1: how long an answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// What there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beat {
    /// Send a ping.
    Ping,
    /// The other side is gone.
    Stopped,
    /// Nothing yet.
    Wait,
}

/// When to ping, and what has come back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pulse {
    next: Instant,
    /// Nothing has come since our ping, which must be answered by then.
    awaited: Option<Instant>,
    /// It has answered a ping before.
    answers: bool,
}

impl Pulse {
    pub(super) fn new(now: Instant) -> Self {
        Self { next: now + EVERY, awaited: None, answers: false }
    }

    /// When [`Pulse::beat`] must be asked.
    pub(super) fn next(&self) -> Instant {
        self.awaited.filter(|_| self.answers).map_or(self.next, |until| until.min(self.next))
    }

    /// What is due.
    pub(super) fn beat(&mut self, now: Instant) -> Beat {
        if self.answers && self.awaited.is_some_and(|until| until <= now) {
            return Beat::Stopped;
        }
        if self.next > now {
            return Beat::Wait;
        }
        self.next = now + EVERY;
        self.awaited = Some(now + ANSWER_MAX);
        Beat::Ping
    }

    /// Something came; `alone` when it was no more than a line end.
    pub(super) fn heard(&mut self, alone: Alone) {
        if self.awaited.take().is_some() && alone == Alone::Yes {
            self.answers = true;
        }
    }
}

/// Whether what came was nothing but a line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alone {
    No,
    Yes,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{Moment, SystemClock};

    /// The moment a test begins at: any will do.
    fn start() -> Instant {
        Instant::from_std(SystemClock::start().instant_of(Moment::START))
    }

    #[test]
    fn who_never_answers_pings_is_never_given_up() {
        let mut now = start();
        let mut pulse = Pulse::new(now);
        for _ in 0..10 {
            assert_eq!(pulse.beat(now), Beat::Wait);
            now = pulse.next();
            assert_eq!(pulse.beat(now), Beat::Ping);
        }
        pulse.heard(Alone::No);
        now = pulse.next();
        assert_eq!(pulse.beat(now), Beat::Ping);
        assert_eq!(pulse.next(), now + EVERY, "a message is no answer to a ping");
    }

    #[test]
    fn who_has_answered_once_is_gone_when_it_answers_no_more() {
        let mut now = start();
        let mut pulse = Pulse::new(now);
        now = pulse.next();
        assert_eq!(pulse.beat(now), Beat::Ping);
        pulse.heard(Alone::Yes);
        now = pulse.next();
        assert_eq!(pulse.beat(now), Beat::Ping);
        assert_eq!(pulse.next(), now + ANSWER_MAX);
        // Anything at all is a sign of life.
        pulse.heard(Alone::No);
        now = pulse.next();
        assert_eq!(pulse.beat(now), Beat::Ping);
        assert_eq!(pulse.beat(pulse.next()), Beat::Stopped);
    }
}
