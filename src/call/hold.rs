//! What the caller hears while phones ring: never silence.

use std::time::Duration;

use super::{Call, State, Timer};
use crate::call::Repeat;
use crate::words::{LegId, Moment, PromptId};

/// How often the caller is told that we are still calling.
const STILL_CALLING_EVERY: Duration = Duration::from_secs(20);
/// How long the caller waits before a search that had come to nothing begins anew.
const SEARCH_PAUSE: Duration = Duration::from_secs(10);

impl Call {
    /// Begins the hold, unless the caller is already in it.
    pub(super) fn enter_hold(&mut self, now: Moment) {
        if !self.timers.is_set(Timer::Hold) {
            self.timers.set(Timer::Hold, now + STILL_CALLING_EVERY);
            self.say(now, vec![PromptId::new("hold.1")]);
        }
    }

    /// The hold of a call that is being put through to an office: it rings.
    pub(super) fn enter_ringback(&mut self, now: Moment) {
        if !self.timers.is_set(Timer::Hold) {
            let tone = vec![PromptId::new("tone.ringback")];
            self.play(now, LegId::CALLER, tone, Repeat::Forever);
        }
    }

    pub(super) fn leave_hold(&mut self) {
        self.timers.stop(Timer::Hold);
        self.stop_play(LegId::CALLER);
    }

    pub(super) fn still_calling(&mut self, now: Moment) {
        if matches!(self.state, State::Hunting(_)) {
            self.timers.set(Timer::Hold, now + STILL_CALLING_EVERY);
            self.say(now, vec![PromptId::new("hold.2")]);
        }
    }

    pub(super) fn play_hold_sound(&mut self, now: Moment) {
        let music = vec![PromptId::new("hold.music")];
        self.play(now, LegId::CALLER, music, Repeat::Forever);
    }

    pub(super) fn wait_for_search(&mut self, now: Moment) {
        self.enter(State::Hunting(super::hunt::Hunt::paused(now)));
        self.enter_hold(now);
        self.timers.set(Timer::Pause, now + SEARCH_PAUSE);
    }
}
