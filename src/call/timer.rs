//! Every wait a call can be in.

use std::collections::BTreeMap;

use crate::words::{LegId, Moment};

/// A wait, and what its end means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Timer {
    /// A phone that was picked up had its time to press 1.
    Accept(LegId),
    /// The store had its time to open the case: answer all the same.
    CaseOpening,
    /// A responder whose call is over has heard why long enough.
    Farewell(LegId),
    /// The caller has waited another while: say that we are still calling.
    Hold,
    /// A conversation that outlives every real one: a leg that was never closed.
    LongestConversation,
    /// No key came.
    NoInput,
    /// The next round, or the next search, may begin.
    Pause,
    /// A play's end was never reported: go on as if it had been.
    Play(LegId),
    /// The recording should have ended by now.
    Recording,
    /// A phone has rung long enough.
    Ring(LegId),
    /// The roster had its time to answer.
    Roster,
}

/// The timers that are set. At most one of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TimerTable {
    due: BTreeMap<Timer, Moment>,
}

impl TimerTable {
    pub(super) fn set(&mut self, timer: Timer, due: Moment) {
        self.due.insert(timer, due);
    }

    pub(super) fn stop(&mut self, timer: Timer) {
        self.due.remove(&timer);
    }

    /// Stops all timers of one leg.
    pub(super) fn stop_leg(&mut self, leg: LegId) {
        for timer in [Timer::Accept(leg), Timer::Farewell(leg), Timer::Play(leg), Timer::Ring(leg)]
        {
            self.stop(timer);
        }
    }

    pub(super) fn is_set(&self, timer: Timer) -> bool {
        self.due.contains_key(&timer)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Timer, Moment)> {
        self.due.iter().map(|(timer, due)| (*timer, *due))
    }

    pub(super) fn next(&self) -> Option<Moment> {
        self.due.values().min().copied()
    }

    /// Takes the timer that is due first, if it is due by `now`.
    pub(super) fn expire(&mut self, now: Moment) -> Option<Timer> {
        let (timer, due) = self.due.iter().min_by_key(|(_, due)| **due)?;
        let (timer, due) = (*timer, *due);
        if due > now {
            return None;
        }
        self.due.remove(&timer);
        Some(timer)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.due.is_empty()
    }
}
