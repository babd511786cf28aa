//! From the case being written to the first word.

use super::{Call, State, Timer};
use crate::call::Output;
use crate::case::Fact;
use crate::words::{CaseNumber, Moment};

impl Call {
    pub(super) fn case_opened(&mut self, now: Moment, number: CaseNumber) {
        self.case = Some(number);
        self.answer(now);
    }

    /// Answering always wins: without a case number, but with a journal entry.
    pub(super) fn store_failed(&mut self, now: Moment) {
        if matches!(self.state, State::Opening) {
            self.note(Fact::StoreFailed);
            self.answer(now);
        }
    }

    fn answer(&mut self, now: Moment) {
        if !matches!(self.state, State::Opening) {
            return;
        }
        self.timers.stop(Timer::CaseOpening);
        self.note(Fact::CallAnswered);
        self.order(Output::Answer);
        self.enter(State::Connecting);
        // If nobody ever tells us that the caller hears us, speak all the same.
        self.timers.set(Timer::Pause, now + super::ROSTER_MAX);
    }

    pub(super) fn caller_connected(&mut self, now: Moment) {
        if matches!(self.state, State::Connecting) {
            self.timers.stop(Timer::Pause);
            self.advance(now);
        }
    }
}
