//! One call's failure stays its own.
//!
//! It does not look for what failed: the panic has been written down, and the call goes on
//! by the simplest plan ([`Input::StepFailed`]).
//!
//! Law: a panic in one call's step ends neither the process nor another call; the caller
//! is put on hold and who is on duty rung anew, or, when that fails too, the case is
//! marked for call-back.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{LiveCall, Switchboard};
use crate::call::Input;
use crate::case::{Fact, Outcome};
use crate::words::{Clock, LegId};

impl Switchboard {
    /// Lets something happen to a call and carries out what it orders, whatever breaks.
    /// Returns whether the call goes on.
    pub(super) fn step(&mut self, live: &mut LiveCall, happen: impl FnOnce(&mut LiveCall)) -> bool {
        let whole = |board: &mut Self, live: &mut LiveCall| {
            happen(live);
            board.carry_out(live)
        };
        match self.caught(live, whole) {
            Some(goes_on) => goes_on,
            None if live.rescued < RESCUES_MAX => {
                live.rescued += 1;
                self.caught(live, Self::rescue).unwrap_or_else(|| self.give_up(live))
            }
            None => self.give_up(live),
        }
    }

    /// `None` when it panicked. What it left half done is not used again: a rescue frees
    /// every leg and begins anew.
    fn caught<T>(
        &mut self,
        live: &mut LiveCall,
        what: impl FnOnce(&mut Self, &mut LiveCall) -> T,
    ) -> Option<T> {
        catch_unwind(AssertUnwindSafe(|| what(self, live))).ok()
    }

    fn rescue(&mut self, live: &mut LiveCall) -> bool {
        tracing::error!(call.id = %live.id, "a step of a call failed: the call goes on without it");
        let responders = live.legs.keys().copied().filter(|leg| *leg != LegId::CALLER);
        for leg in responders.collect::<Vec<_>>() {
            self.hang_up(live, leg);
        }
        self.claims.release_all(live.id);
        live.waiting.clear();
        let now = self.parts.clock.now();
        live.call.handle_input(now, Input::StepFailed);
        self.carry_out(live)
    }

    /// The last thing that can be done for a caller: somebody has to call back.
    fn give_up(&mut self, live: &mut LiveCall) -> bool {
        tracing::error!(call.id = %live.id, "a call could not go on: its case is marked for call-back");
        let ended = self.caught(live, |board, live| {
            board.note(live, Fact::Ended { outcome: Outcome::Interrupted });
            board.forget(live);
            board.claims.release_all(live.id);
        });
        if ended.is_none() {
            tracing::error!(call.id = %live.id, "and its end could not be noted");
        }
        false
    }
}

/// Rescues of one call; whoever needs more is in a circle.
const RESCUES_MAX: u8 = 3;

#[cfg(test)]
#[path = "tests/rescue.rs"]
mod tests;
