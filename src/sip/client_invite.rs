//! The INVITE client transaction: RFC 3261 §17.1.1 with RFC 6026 §7.2.

use std::time::Duration;

use crate::words::Moment;

use super::timers::{Backoff, Due, GIVE_UP, TIMER_C, TIMER_D};

/// An INVITE we sent, until nothing more can come of it.
#[derive(Debug)]
pub(crate) struct ClientInvite {
    state: State,
    reliable: bool,
    /// How long a final response may be waited for once a provisional one came.
    patience: Option<Duration>,
}

#[derive(Debug)]
enum State {
    /// Nothing came back: timer A repeats it, timer B gives up.
    Calling {
        resend: Option<Backoff>,
        give_up: Moment,
    },
    /// A provisional response came.
    Proceeding {
        until: Option<Moment>,
    },
    /// Refused and acknowledged: copies of the refusal are acknowledged until timer D.
    Completed {
        until: Moment,
    },
    /// RFC 6026: 2xx may still come, repeated or from other forks, until timer M.
    Accepted {
        until: Moment,
    },
    Terminated,
}

/// What a response means to the one who called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InviteResponse {
    /// 1xx.
    Progress,
    /// 2xx: the first, a copy, or another fork's.
    Success,
    /// The final refusal, for the first time: acknowledge and report.
    Refusal,
    /// A copy of the refusal: acknowledge again.
    RefusalAgain,
    /// Nothing to do.
    Stray,
}

impl ClientInvite {
    /// A call: once a phone rings its owner says how long.
    pub(crate) fn new(now: Moment, reliable: bool) -> Self {
        let resend = (!reliable).then(|| Backoff::new(now, GIVE_UP));
        Self { state: State::Calling { resend, give_up: now + GIVE_UP }, reliable, patience: None }
    }

    /// A re-INVITE: no phone rings by it, and it has its end by itself.
    pub(crate) fn inside_dialog(now: Moment, reliable: bool) -> Self {
        Self { patience: Some(TIMER_C), ..Self::new(now, reliable) }
    }

    pub(crate) fn receive(&mut self, now: Moment, status: u16) -> InviteResponse {
        match (&self.state, status) {
            (State::Calling { .. }, 100..200) => {
                self.state = State::Proceeding { until: self.patience.map(|wait| now + wait) };
                InviteResponse::Progress
            }
            (State::Proceeding { .. }, 100..200) => InviteResponse::Progress,
            (State::Calling { .. } | State::Proceeding { .. }, 200..300) => {
                self.state = State::Accepted { until: now + GIVE_UP };
                InviteResponse::Success
            }
            (State::Calling { .. } | State::Proceeding { .. }, _) => {
                // Timer D is zero on a reliable transport.
                let until = if self.reliable { now } else { now + TIMER_D };
                self.state = State::Completed { until };
                InviteResponse::Refusal
            }
            (State::Accepted { .. }, 200..300) => InviteResponse::Success,
            (State::Completed { .. }, 300..) => InviteResponse::RefusalAgain,
            _ => InviteResponse::Stray,
        }
    }

    /// Whether anything at all has come back.
    pub(crate) fn is_calling(&self) -> bool {
        matches!(self.state, State::Calling { .. })
    }

    /// Whether a final response is still awaited.
    pub(crate) fn is_pending(&self) -> bool {
        matches!(self.state, State::Calling { .. } | State::Proceeding { .. })
    }

    /// Nobody is left who would wait for the final response longer than 64·T1.
    pub(crate) fn hasten(&mut self, now: Moment) {
        if let State::Proceeding { until } = &mut self.state {
            let soon = now + GIVE_UP;
            *until = Some(until.map_or(soon, |until| until.min(soon)));
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Moment) -> Due {
        match &mut self.state {
            State::Calling { give_up: until, .. } | State::Proceeding { until: Some(until) }
                if now >= *until =>
            {
                self.state = State::Terminated;
                Due::GaveUp
            }
            State::Calling { resend: Some(resend), .. } => resend.ask(now),
            State::Completed { until } | State::Accepted { until } if now >= *until => {
                self.state = State::Terminated;
                Due::Over
            }
            State::Terminated => Due::Over,
            _ => Due::Nothing,
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Moment> {
        match &self.state {
            State::Calling { resend: Some(resend), give_up } => Some(resend.next.min(*give_up)),
            State::Calling { resend: None, give_up } => Some(*give_up),
            State::Completed { until } | State::Accepted { until } => Some(*until),
            State::Proceeding { until } => *until,
            State::Terminated => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Moment {
        Moment::after_start(Duration::from_millis(ms))
    }

    #[test]
    fn an_unanswered_invite_is_sent_seven_times_and_given_up() {
        let mut machine = ClientInvite::new(at(0), false);
        let mut sent = Vec::new();
        let ended = loop {
            let now = machine.poll_timeout().unwrap();
            match machine.handle_timeout(now) {
                Due::Resend => sent.push(now.since_start().as_millis()),
                other => break (other, now),
            }
        };
        assert_eq!(sent, [500, 1500, 3500, 7500, 15_500, 31_500]);
        assert_eq!(ended, (Due::GaveUp, at(32_000)));
    }

    #[test]
    fn a_provisional_answer_stops_the_repetition() {
        let mut machine = ClientInvite::new(at(0), false);
        assert_eq!(machine.receive(at(10), 100), InviteResponse::Progress);
        assert_eq!(machine.poll_timeout(), None);
        assert_eq!(machine.receive(at(20), 486), InviteResponse::Refusal);
        assert_eq!(machine.receive(at(30), 486), InviteResponse::RefusalAgain);
        assert_eq!(machine.receive(at(30), 180), InviteResponse::Stray);
        assert_eq!(machine.handle_timeout(at(32_020)), Due::Over);
    }

    #[test]
    fn a_reinvite_that_is_never_decided_is_given_up_and_a_call_is_not() {
        let mut call = ClientInvite::new(at(0), false);
        let mut reinvite = ClientInvite::inside_dialog(at(0), false);
        for machine in [&mut call, &mut reinvite] {
            assert_eq!(machine.receive(at(10), 100), InviteResponse::Progress);
            assert_eq!(machine.receive(at(90_000), 183), InviteResponse::Progress);
        }
        assert_eq!(call.poll_timeout(), None);
        assert_eq!(reinvite.poll_timeout(), Some(at(240_010)), "no 1xx draws it out");
        reinvite.hasten(at(230_000));
        assert_eq!(reinvite.handle_timeout(at(240_009)), Due::Nothing);
        assert_eq!(reinvite.handle_timeout(at(240_010)), Due::GaveUp);
        assert!(!reinvite.is_pending());
        call.hasten(at(100_000));
        assert_eq!(call.poll_timeout(), Some(at(132_000)));
    }

    #[test]
    fn every_2xx_is_passed_up_until_timer_m() {
        let mut machine = ClientInvite::new(at(0), true);
        assert_eq!(machine.receive(at(20), 200), InviteResponse::Success);
        assert_eq!(machine.receive(at(30_000), 200), InviteResponse::Success);
        assert_eq!(machine.receive(at(30_000), 486), InviteResponse::Stray);
        assert_eq!(machine.poll_timeout(), Some(at(32_020)));
    }
}
