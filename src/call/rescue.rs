//! When a step of the call itself failed: the simplest plan.
//!
//! It mends nothing and asks nothing of the state the failure left behind but whether the
//! caller is still there.
//!
//! Law: whoever is still there is put on hold, and who is on duty is rung anew.

use super::leg::Phase;
use super::timer::TimerTable;
use super::{Call, State};
use crate::call::Output;
use crate::case::{AttemptOutcome, Fact};
use crate::words::{LegId, Moment};

impl Call {
    pub(super) fn step_failed(&mut self, now: Moment) {
        self.note(Fact::StepFailed);
        for id in self.legs.keys().copied().collect::<Vec<_>>() {
            self.give_up_leg(id);
        }
        match &self.state {
            State::Opening => return self.store_failed(now),
            State::Ended => return self.end_if_empty(),
            State::Leaving(leaving) if leaving.is_alone() => return self.finish(now),
            State::Leaving(_) => self.order(Output::StopRecord),
            _ => {}
        }
        self.stop_play(LegId::CALLER);
        self.timers = TimerTable::default();
        self.plays.clear();
        self.script.back_to_search(&self.plan);
        self.advance(now);
    }

    fn give_up_leg(&mut self, id: LegId) {
        let Some(phase) = self.legs.get(&id).map(|leg| leg.phase) else { return };
        self.order(match phase {
            Phase::Ringing => Output::Cancel { leg: id },
            Phase::Offered | Phase::Won | Phase::Dismissed => Output::HangUp { leg: id },
        });
        match phase {
            Phase::Ringing | Phase::Offered => self.forget_leg(id, AttemptOutcome::Cancelled),
            // How these ended has been noted.
            Phase::Won | Phase::Dismissed => {
                self.timers.stop_leg(id);
                self.plays.remove(&id);
                self.legs.remove(&id);
            }
        }
    }
}
