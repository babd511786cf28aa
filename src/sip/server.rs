//! The server transaction of everything but INVITE: RFC 3261 §17.2.2.

use crate::words::Moment;

use super::timers::{Due, GIVE_UP};

/// A request we received, until no copy of it can be on its way.
#[derive(Debug)]
pub(crate) struct Server {
    state: State,
    reliable: bool,
    last: Vec<u8>,
}

#[derive(Debug)]
enum State {
    /// Not answered yet.
    Trying,
    /// Answered: copies get the same answer until timer J.
    Completed { until: Moment },
}

impl Server {
    pub(crate) fn new(reliable: bool) -> Self {
        Self { state: State::Trying, reliable, last: Vec::new() }
    }

    /// Takes our final response; false when one was given before.
    pub(crate) fn respond(&mut self, now: Moment, bytes: &[u8]) -> bool {
        if !matches!(self.state, State::Trying) {
            return false;
        }
        self.last = bytes.to_vec();
        let until = if self.reliable { now } else { now + GIVE_UP };
        self.state = State::Completed { until };
        true
    }

    /// Whether no response has been given.
    pub(crate) fn is_pending(&self) -> bool {
        matches!(self.state, State::Trying)
    }

    /// A copy of the request came: the answer again, once there is one.
    pub(crate) fn receive_copy(&self) -> Option<&[u8]> {
        (!self.last.is_empty()).then_some(&self.last)
    }

    pub(crate) fn handle_timeout(&self, now: Moment) -> Due {
        match self.state {
            State::Completed { until } if now >= until => Due::Over,
            _ => Due::Nothing,
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Moment> {
        match self.state {
            State::Trying => None,
            State::Completed { until } => Some(until),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_gets_the_same_answer_until_timer_j() {
        let mut machine = Server::new(false);
        assert_eq!(machine.receive_copy(), None);
        assert!(machine.respond(Moment::START, b"200"));
        assert!(!machine.respond(Moment::START, b"500"));
        assert_eq!(machine.receive_copy(), Some(&b"200"[..]));
        assert_eq!(machine.handle_timeout(Moment::START), Due::Nothing);
        assert_eq!(machine.handle_timeout(Moment::START + GIVE_UP), Due::Over);
    }
}
