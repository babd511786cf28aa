//! One call's failure stays its own.
//!
//! It does not look for what failed: the panic has been written down, and the call goes on
//! by the simplest plan ([`Input::StepFailed`]).
//!
//! Law: a panic in one call's step, or in what comes from outside, ends neither the process
//! nor another call; the caller is put on hold and who is on duty rung anew, or, when that
//! fails too, the case is marked for call-back.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::{LiveCall, Switchboard};
use crate::call::Input;
use crate::case::{Fact, Outcome};
use crate::words::{CallId, Clock, LegId};

impl Switchboard {
    /// Lets something happen to a call and carries out what it orders, whatever breaks.
    /// Returns whether the call goes on.
    pub(super) fn step(&mut self, live: &mut LiveCall, happen: impl FnOnce(&mut LiveCall)) -> bool {
        let whole = |board: &mut Self, live: &mut LiveCall| {
            happen(live);
            board.carry_out(live)
        };
        self.caught(live, whole).unwrap_or_else(|| self.mend(live))
    }

    /// Takes in something from outside. What panics ends there: at most the call it is about
    /// goes on without it.
    pub(super) fn guarded(&mut self, about: Option<CallId>, take_in: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| take_in(self))).is_ok() {
            return;
        }
        match about {
            Some(call) => self.mend_call(call),
            None => tracing::error!("something from outside could not be taken in: it is left out"),
        }
    }

    /// A call goes on after something of its own failed.
    pub(super) fn mend_call(&mut self, id: CallId) {
        let Some(mut live) = self.calls.remove(&id) else { return };
        let goes_on = self.mend(&mut live);
        self.put_back(live, goes_on);
    }

    /// Works on a call beside the others; whatever breaks, it is put back first.
    pub(super) fn beside<T>(
        &mut self,
        id: CallId,
        work: impl FnOnce(&mut Self, &mut LiveCall) -> T,
    ) -> Option<T> {
        let mut live = self.calls.remove(&id)?;
        let done = catch_unwind(AssertUnwindSafe(|| work(self, &mut live)));
        self.calls.insert(id, live);
        match done {
            Ok(done) => Some(done),
            Err(panic) => resume_unwind(panic),
        }
    }

    /// Returns whether the call goes on.
    fn mend(&mut self, live: &mut LiveCall) -> bool {
        if live.rescued >= RESCUES_MAX {
            return self.give_up(live);
        }
        live.rescued += 1;
        self.caught(live, Self::rescue).unwrap_or_else(|| self.give_up(live))
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

/// Where a test wants something to break, once.
#[cfg(test)]
#[derive(Debug, Default)]
pub(super) struct Planted(pub(super) Option<&'static str>);

#[cfg(test)]
impl Planted {
    pub(super) fn bursts(&mut self, here: &str) {
        if self.0.is_some_and(|planted| planted == here) {
            self.0 = None;
            panic!("planted: {here}");
        }
    }
}

#[cfg(test)]
#[path = "tests/rescue.rs"]
mod tests;
