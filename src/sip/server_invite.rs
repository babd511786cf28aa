//! The INVITE server transaction: RFC 3261 §17.2.1 with RFC 6026 §7.1.
//!
//! Law: while this machine lives, no copy of its INVITE makes a second call.

use crate::words::Moment;

use super::timers::{Backoff, Due, GIVE_UP, T2, T4};

/// An INVITE we received, until no copy of it can be on its way.
#[derive(Debug)]
pub(crate) struct ServerInvite {
    state: State,
    reliable: bool,
    last: Vec<u8>,
}

#[derive(Debug)]
enum State {
    /// Not finally answered.
    Proceeding,
    /// Refused: timer G repeats it until ACK, timer H gives up.
    Completed {
        resend: Option<Backoff>,
        give_up: Moment,
    },
    /// Refused and acknowledged: timer I soaks up copies of the ACK.
    Confirmed {
        until: Moment,
    },
    /// RFC 6026: answered 2xx; copies of the INVITE are absorbed until timer L.
    Accepted {
        until: Moment,
    },
    Terminated,
}

impl ServerInvite {
    pub(crate) fn new(reliable: bool) -> Self {
        Self { state: State::Proceeding, reliable, last: Vec::new() }
    }

    /// Takes our response; false when it comes too late and must not be sent.
    pub(crate) fn respond(&mut self, now: Moment, status: u16, bytes: &[u8]) -> bool {
        if !matches!(self.state, State::Proceeding) {
            return false;
        }
        self.last = bytes.to_vec();
        self.state = match status {
            0..200 => return true,
            200..300 => State::Accepted { until: now + GIVE_UP },
            _ => {
                let resend = (!self.reliable).then(|| Backoff::new(now, T2));
                State::Completed { resend, give_up: now + GIVE_UP }
            }
        };
        true
    }

    /// Whether no final response has been given.
    pub(crate) fn is_pending(&self) -> bool {
        matches!(self.state, State::Proceeding)
    }

    /// A copy of the INVITE came: what to send again, if anything.
    ///
    /// In Accepted the answer's own repetition serves (the 200 is repeated by
    /// who owns the dialog until its ACK), so copies are absorbed.
    pub(crate) fn receive_copy(&self) -> Option<&[u8]> {
        let answers = matches!(self.state, State::Proceeding | State::Completed { .. });
        (answers && !self.last.is_empty()).then_some(&self.last)
    }

    /// An ACK came with this transaction's branch.
    pub(crate) fn receive_ack(&mut self, now: Moment) {
        if matches!(self.state, State::Completed { .. }) {
            let until = if self.reliable { now } else { now + T4 };
            self.state = State::Confirmed { until };
        }
    }

    /// The response timer G repeats.
    pub(crate) fn last(&self) -> &[u8] {
        &self.last
    }

    pub(crate) fn handle_timeout(&mut self, now: Moment) -> Due {
        match &mut self.state {
            State::Completed { give_up, .. } if now >= *give_up => {
                self.state = State::Terminated;
                Due::GaveUp
            }
            State::Completed { resend: Some(resend), .. } => resend.ask(now),
            State::Confirmed { until } | State::Accepted { until } if now >= *until => {
                self.state = State::Terminated;
                Due::Over
            }
            State::Terminated => Due::Over,
            _ => Due::Nothing,
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Moment> {
        match &self.state {
            State::Completed { resend: Some(resend), give_up } => Some(resend.next.min(*give_up)),
            State::Completed { resend: None, give_up } => Some(*give_up),
            State::Confirmed { until } | State::Accepted { until } => Some(*until),
            State::Proceeding | State::Terminated => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_repeated_until_its_ack() {
        let mut machine = ServerInvite::new(false);
        assert!(machine.respond(Moment::START, 100, b"100"));
        assert_eq!(machine.receive_copy(), Some(&b"100"[..]));
        assert!(machine.respond(Moment::START, 404, b"404"));
        assert_eq!(machine.receive_copy(), Some(&b"404"[..]));
        let later = machine.poll_timeout().unwrap();
        assert_eq!(machine.handle_timeout(later), Due::Resend);
        machine.receive_ack(later);
        assert_eq!(machine.receive_copy(), None);
        assert_eq!(machine.handle_timeout(later + T4), Due::Over);
    }

    #[test]
    fn an_answered_invite_absorbs_copies_for_32_seconds() {
        let mut machine = ServerInvite::new(false);
        assert!(machine.respond(Moment::START, 200, b"200"));
        assert!(!machine.respond(Moment::START, 486, b"486"), "one final answer");
        assert_eq!(machine.receive_copy(), None);
        assert_eq!(machine.handle_timeout(Moment::START + T4), Due::Nothing);
        assert_eq!(machine.poll_timeout(), Some(Moment::START + GIVE_UP));
        assert_eq!(machine.handle_timeout(Moment::START + GIVE_UP), Due::Over);
    }
}
