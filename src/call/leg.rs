//! The phones of responders: rung, offered, won, dismissed.

use std::time::Duration;

use super::{Call, State, Timer, spoken};
use crate::call::{Gone, Output, Repeat, RingFailure};
use crate::case::{AttemptId, AttemptOutcome, Fact, Outcome, Party};
use crate::dialplan::TakenBy;
use crate::words::{Digit, LegId, Moment, PromptId};

/// How long a responder may be hearing why the call is over.
const FAREWELL_MAX: Duration = Duration::from_secs(15);
/// How often a caller goes back to the head because a winner vanished.
const VANISHED_MAX: u8 = 3;

/// One phone that was rung.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Leg {
    pub(super) attempt: AttemptId,
    pub(super) person: String,
    pub(super) taken_by: TakenBy,
    /// What the person hears first.
    pub(super) offer: Vec<PromptId>,
    pub(super) phase: Phase,
}

/// Where a leg stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    Ringing,
    /// Picked up; hears the offer; has not pressed 1.
    Offered,
    /// Pressed 1, hears the brief or talks.
    Won,
    /// Hears why it is over.
    Dismissed,
}

/// Why a responder is not needed any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dismissal {
    CallerLeft,
    Taken,
}

impl Call {
    /// Whether some phone may still lead to a person.
    pub(super) fn is_ringing(&self) -> bool {
        self.legs.values().any(|leg| matches!(leg.phase, Phase::Ringing | Phase::Offered))
    }

    pub(super) fn leg_answered(&mut self, now: Moment, id: LegId) {
        let Some(leg) = self.legs.get_mut(&id).filter(|leg| leg.phase == Phase::Ringing) else {
            return;
        };
        self.timers.stop(Timer::Ring(id));
        leg.phase = Phase::Offered;
        let (attempt, offer, taken_by) = (leg.attempt, leg.offer.clone(), leg.taken_by);
        self.note(Fact::PhoneAnswered { attempt });
        match taken_by {
            TakenBy::Answer => self.accept(now, id),
            TakenBy::Key { accept } => {
                self.timers.set(Timer::Accept(id), now + accept);
                self.play(now, id, offer, Repeat::Once);
            }
        }
    }

    pub(super) fn responder_pressed(&mut self, now: Moment, id: LegId, digit: Digit) {
        let Some(leg) = self.legs.get(&id) else { return };
        match leg.phase {
            Phase::Offered if digit == Digit::ONE => self.accept(now, id),
            Phase::Offered if digit == Digit::TWO => {
                self.declined.insert(leg.person.clone());
                self.drop_leg(now, id, AttemptOutcome::Declined);
            }
            // A key during the brief: enough, connect us.
            Phase::Won if matches!(self.state, State::Briefing) => self.bridge(now, id),
            Phase::Won if self.is_bridged() => {
                self.note(Fact::KeyInConversation { party: Party::Responder, digit });
            }
            _ => {}
        }
    }

    /// Only a person gets here: key 1, or an office that picked up.
    fn accept(&mut self, now: Moment, id: LegId) {
        self.timers.stop_leg(id);
        let Some(leg) = self.legs.get_mut(&id) else { return };
        leg.phase = Phase::Won;
        let (attempt, responder, taken_by) = (leg.attempt, leg.person.clone(), leg.taken_by);
        self.note(Fact::Accepted { attempt, responder });
        self.dismiss_others(now, id);
        self.enter(State::Briefing);
        self.timers.stop(Timer::Hold);
        match taken_by {
            TakenBy::Answer => self.bridge(now, id),
            TakenBy::Key { .. } => {
                let brief = self.brief();
                self.play(now, id, brief, Repeat::Once);
            }
        }
    }

    /// Category and case number: only ever after key 1. No step of a call reveals the
    /// Comune, so none is said (domain: «only if known»).
    fn brief(&self) -> Vec<PromptId> {
        let mut brief = vec![self.brief.clone()];
        brief.extend(self.case_spoken());
        brief.push(PromptId::new("worker.connect"));
        brief
    }

    fn case_spoken(&self) -> Vec<PromptId> {
        let Some(number) = self.case else { return Vec::new() };
        std::iter::once(PromptId::new("worker.case")).chain(spoken(number)).collect()
    }

    /// What the coordinator hears first, as the last resort.
    pub(super) fn escalation_offer(&self) -> Vec<PromptId> {
        let Some(number) = self.case else { return vec![self.plan.offer.clone()] };
        let mut offer = vec![self.plan.escalation_offer.clone()];
        offer.extend(spoken(number));
        offer.push(PromptId::new("worker.escalate.2"));
        offer
    }

    pub(super) fn responder_heard(&mut self, now: Moment, id: LegId) {
        match self.legs.get(&id).map(|leg| leg.phase) {
            Some(Phase::Won) if matches!(self.state, State::Briefing) => self.bridge(now, id),
            Some(Phase::Dismissed) => self.dismiss_now(id),
            // The offer has been heard; the accept timer runs.
            _ => {}
        }
    }

    pub(super) fn leg_failed(&mut self, now: Moment, id: LegId, why: RingFailure) {
        if self.legs.get(&id).is_none_or(|leg| leg.phase != Phase::Ringing) {
            return;
        }
        let outcome = match why {
            RingFailure::Busy | RingFailure::InUse => AttemptOutcome::Busy,
            RingFailure::Declined => AttemptOutcome::Declined,
            RingFailure::NoAnswer => AttemptOutcome::NoAnswer,
            RingFailure::Unreachable => AttemptOutcome::Unreachable,
        };
        self.forget_leg(id, outcome);
        self.go_on_hunting(now, outcome);
    }

    pub(super) fn leg_gone(&mut self, now: Moment, id: LegId, how: Gone) {
        let Some(leg) = self.legs.get(&id) else { return };
        let attempt = leg.attempt;
        match leg.phase {
            Phase::Ringing => self.leg_failed(now, id, RingFailure::Unreachable),
            Phase::Offered => {
                self.forget_leg(id, AttemptOutcome::Answered);
                self.go_on_hunting(now, AttemptOutcome::Answered);
            }
            Phase::Won if self.is_bridged() => self.responder_left(now, id, how),
            Phase::Won => {
                self.note(Fact::WinnerVanished { attempt });
                self.forget_leg(id, AttemptOutcome::Answered);
                self.back_to_the_head(now);
            }
            Phase::Dismissed => {
                self.legs.remove(&id);
                self.plays.remove(&id);
                self.timers.stop_leg(id);
                self.end_if_empty();
            }
        }
    }

    /// A winner is gone: the caller is first in line again.
    pub(super) fn back_to_the_head(&mut self, now: Moment) {
        // Once there were too many it is all one how many more there are.
        self.vanished = self.vanished.saturating_add(1).min(VANISHED_MAX + 1);
        if self.vanished > VANISHED_MAX {
            // Something is wrong with these phones: let the plan go on.
            self.enter_hold(now);
            self.advance(now);
        } else {
            self.hunt_again(now);
        }
    }

    pub(super) fn rang_out(&mut self, now: Moment, id: LegId) {
        self.drop_leg(now, id, AttemptOutcome::NoAnswer);
    }

    pub(super) fn nobody_pressed(&mut self, now: Moment, id: LegId) {
        self.drop_leg(now, id, AttemptOutcome::Answered);
    }

    /// Ends a leg that did not win and rings on.
    fn drop_leg(&mut self, now: Moment, id: LegId, outcome: AttemptOutcome) {
        if let Some(leg) = self.legs.get(&id) {
            let end = match leg.phase {
                Phase::Ringing => Output::Cancel { leg: id },
                _ => Output::HangUp { leg: id },
            };
            self.order(end);
            self.forget_leg(id, outcome);
            self.go_on_hunting(now, outcome);
        }
    }

    /// Takes a leg off the books and notes how its attempt ended.
    pub(super) fn forget_leg(&mut self, id: LegId, outcome: AttemptOutcome) {
        self.timers.stop_leg(id);
        self.plays.remove(&id);
        if let Some(leg) = self.legs.remove(&id) {
            self.note(Fact::AttemptEnded { attempt: leg.attempt, outcome });
        }
    }

    fn dismiss_others(&mut self, now: Moment, winner: LegId) {
        let others: Vec<LegId> = self.legs.keys().copied().filter(|id| *id != winner).collect();
        for id in others {
            self.dismiss(now, id, Dismissal::Taken);
        }
    }

    pub(super) fn dismiss_all(&mut self, now: Moment, why: Dismissal) {
        let all: Vec<LegId> = self.legs.keys().copied().collect();
        for id in all {
            self.dismiss(now, id, why);
        }
    }

    fn dismiss(&mut self, now: Moment, id: LegId, why: Dismissal) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        match leg.phase {
            Phase::Ringing => {
                self.order(Output::Cancel { leg: id });
                self.forget_leg(id, AttemptOutcome::Cancelled);
            }
            Phase::Offered | Phase::Won => {
                // Who pressed 1 did accept, whatever became of the caller.
                let outcome = match leg.phase {
                    Phase::Won => AttemptOutcome::Accepted,
                    _ => AttemptOutcome::Cancelled,
                };
                leg.phase = Phase::Dismissed;
                let attempt = leg.attempt;
                self.timers.stop_leg(id);
                self.note(Fact::AttemptEnded { attempt, outcome });
                self.timers.set(Timer::Farewell(id), now + FAREWELL_MAX);
                let farewell = self.farewell(why);
                self.play(now, id, farewell, Repeat::Once);
            }
            Phase::Dismissed => {}
        }
    }

    fn farewell(&self, why: Dismissal) -> Vec<PromptId> {
        match why {
            Dismissal::Taken => vec![PromptId::new("worker.taken")],
            Dismissal::CallerLeft => {
                let mut said = vec![PromptId::new("worker.lost")];
                said.extend(self.case_spoken());
                said
            }
        }
    }

    pub(super) fn dismiss_now(&mut self, id: LegId) {
        if self.legs.remove(&id).is_some() {
            self.plays.remove(&id);
            self.timers.stop_leg(id);
            self.order(Output::HangUp { leg: id });
            self.end_if_empty();
        }
    }

    /// What a bridge with this leg makes of the call.
    pub(super) fn outcome_of(&self, id: LegId) -> Outcome {
        match self.legs.get(&id).map(|leg| leg.taken_by) {
            Some(TakenBy::Answer) => Outcome::InHours,
            _ => Outcome::Accepted,
        }
    }
}
