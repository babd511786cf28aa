//! Two people talk.

use std::time::Duration;

use super::{Call, State, Timer};
use crate::call::{Gone, Output};
use crate::case::{AttemptOutcome, Fact, Outcome, Party};
use crate::words::{LegId, Moment};

/// Longer than every real conversation: what outlives it is a leg nobody closed.
const LONGEST: Duration = Duration::from_secs(12 * 3600);
/// An office that hangs up sooner than this was a machine: the caller is not served.
const OFFICE_MACHINE: Duration = Duration::from_secs(15);

/// Two people hear each other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Bridged {
    pub(super) leg: LegId,
    since: Moment,
}

impl Bridged {
    /// For an outlook: how long a goodbye still counts as a machine's.
    pub(super) fn forget_the_past(&mut self, now: Moment) {
        self.since = Moment::after_start((self.since + OFFICE_MACHINE).since(now));
    }
}

impl Call {
    pub(super) fn bridge(&mut self, now: Moment, leg: LegId) {
        let Some(attempt) = self.legs.get(&leg).map(|leg| leg.attempt) else { return };
        self.stop_play(LegId::CALLER);
        self.stop_play(leg);
        self.order(Output::Bridge { leg });
        self.note(Fact::Bridged { attempt });
        self.promise = Some(self.outcome_of(leg));
        self.enter(State::Bridged(Bridged { leg, since: now }));
        self.timers.set(Timer::LongestConversation, now + LONGEST);
    }

    /// The responder's side of the conversation ended first.
    pub(super) fn responder_left(&mut self, now: Moment, leg: LegId, how: Gone) {
        let State::Bridged(bridged) = &self.state else { return };
        let spoke = now.since(bridged.since);
        let office = self.outcome_of(leg) == Outcome::InHours;
        self.note(match how {
            Gone::HungUp => Fact::HungUp { party: Party::Responder, during: None },
            Gone::Lost => Fact::LineLost { party: Party::Responder, during: None },
        });
        self.forget_leg(leg, AttemptOutcome::Accepted);
        match how {
            // Nobody said goodbye: the caller is first in line again.
            Gone::Lost => {
                self.promise = None;
                self.back_to_the_head(now);
            }
            Gone::HungUp if office && spoke < OFFICE_MACHINE => {
                self.promise = None;
                self.advance(now);
            }
            Gone::HungUp => {
                self.order(Output::HangUp { leg: LegId::CALLER });
                self.finish(now);
            }
        }
    }

    /// The caller hung up: the responder's phone is released.
    pub(super) fn end_conversation(&mut self, leg: LegId) {
        self.order(Output::HangUp { leg });
        self.forget_leg(leg, AttemptOutcome::Accepted);
    }

    pub(super) fn conversation_too_long(&mut self, now: Moment) {
        if let State::Bridged(bridged) = &self.state {
            let leg = bridged.leg;
            self.end_conversation(leg);
            self.order(Output::HangUp { leg: LegId::CALLER });
            self.finish(now);
        }
    }

    /// Notes a hold or its end, by whichever of the two did it.
    pub(super) fn note_if_talking(&mut self, leg: LegId, fact: impl Fn(Party) -> Fact) {
        if let State::Bridged(bridged) = &self.state {
            if leg == LegId::CALLER {
                self.note(fact(Party::Caller));
            } else if leg == bridged.leg {
                self.note(fact(Party::Responder));
            }
        }
    }
}
