//! The client transaction of everything but INVITE: RFC 3261 §17.1.2.

use crate::words::Moment;

use super::timers::{Backoff, Due, GIVE_UP, T2, T4};

/// A request we sent, until its answer has come and settled.
#[derive(Debug)]
pub(crate) struct Client {
    state: State,
    reliable: bool,
}

#[derive(Debug)]
enum State {
    /// Timer E repeats it, timer F gives up; a provisional answer only slows timer E.
    Trying {
        resend: Option<Backoff>,
        give_up: Moment,
    },
    /// Timer K soaks up copies of the answer.
    Completed {
        until: Moment,
    },
    Terminated,
}

impl Client {
    pub(crate) fn new(now: Moment, reliable: bool) -> Self {
        let resend = (!reliable).then(|| Backoff::new(now, T2));
        Self { state: State::Trying { resend, give_up: now + GIVE_UP }, reliable }
    }

    /// Takes a response; true when it is the final one, for the first time.
    pub(crate) fn receive(&mut self, now: Moment, status: u16) -> bool {
        let State::Trying { resend, .. } = &mut self.state else {
            return false;
        };
        if status < 200 {
            if let Some(resend) = resend {
                resend.slow_down();
            }
            return false;
        }
        let until = if self.reliable { now } else { now + T4 };
        self.state = State::Completed { until };
        true
    }

    /// Whether the answer is still awaited.
    pub(crate) fn is_pending(&self) -> bool {
        matches!(self.state, State::Trying { .. })
    }

    pub(crate) fn handle_timeout(&mut self, now: Moment) -> Due {
        match &mut self.state {
            State::Trying { give_up, .. } if now >= *give_up => {
                self.state = State::Terminated;
                Due::GaveUp
            }
            State::Trying { resend: Some(resend), .. } => resend.ask(now),
            State::Completed { until } if now >= *until => {
                self.state = State::Terminated;
                Due::Over
            }
            State::Terminated => Due::Over,
            _ => Due::Nothing,
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Moment> {
        match &self.state {
            State::Trying { resend: Some(resend), give_up } => Some(resend.next.min(*give_up)),
            State::Trying { resend: None, give_up } => Some(*give_up),
            State::Completed { until } => Some(*until),
            State::Terminated => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_request_is_repeated_up_to_t2_and_given_up_after_32_seconds() {
        let mut machine = Client::new(Moment::START, false);
        let mut sent = 0;
        let ended = loop {
            let now = machine.poll_timeout().unwrap();
            match machine.handle_timeout(now) {
                Due::Resend => sent += 1,
                other => break (other, now.since_start()),
            }
        };
        assert_eq!((sent, ended), (10, (Due::GaveUp, Duration::from_secs(32))));
    }

    #[test]
    fn the_final_answer_counts_once() {
        let mut machine = Client::new(Moment::START, false);
        assert!(!machine.receive(Moment::START, 100));
        assert!(machine.receive(Moment::START, 200));
        assert!(!machine.receive(Moment::START, 200));
        assert_eq!(machine.handle_timeout(Moment::START + T4), Due::Over);
    }
}
