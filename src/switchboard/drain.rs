//! Stopping: no more calls, those in hand to their end, and a bound on that.
//!
//! It decides no call's fate but by the bound it was given: what it cuts is left
//! unfinished on record, and the next start marks it for call-back.
//!
//! Law: whoever is cut hears it at once, by a BYE.

use std::time::Duration;

use super::Switchboard;
use crate::words::Moment;

/// How a switchboard came to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// Every call came to its end.
    Drained,
    /// The calls that were left were hung up on.
    HungUp,
    /// The media thread is gone: whoever started it has to start it anew.
    NoSound,
}

/// How far the stopping has come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drain {
    /// When the calls that are left are hung up on.
    until: Moment,
    /// When the next line on it is due in the log.
    tell: Moment,
    /// Until when the registrars have time to let us go.
    farewell: Option<Moment>,
    /// When the answers to our BYEs and CANCELs are waited for no more.
    leave: Option<Moment>,
}

impl Drain {
    pub(super) fn next_wake(&self) -> Moment {
        let next = self.leave.unwrap_or_else(|| self.until.min(self.tell));
        self.farewell.map_or(next, |farewell| farewell.min(next))
    }
}

impl Switchboard {
    /// No more calls; those in hand may take so long.
    pub(super) fn drain(&mut self, within: Duration) {
        if self.drain.is_some() {
            return;
        }
        let now = self.now();
        tracing::info!(
            calls = self.calls.len(),
            within_s = within.as_secs(),
            "draining: no more calls are taken"
        );
        // No more calls shall come: others may take them.
        self.trunks.leave(now);
        self.drain = Some(Drain {
            until: now + within,
            tell: now + TELL_EVERY,
            farewell: Some(now + FAREWELL_MAX),
            leave: None,
        });
    }

    /// Hangs up on everybody: asked twice, or the time is over.
    pub(super) fn hang_up_on_all(&mut self) {
        let now = self.now();
        if self.drain.is_some_and(|drain| drain.leave.is_some()) {
            return;
        }
        tracing::warn!(calls = self.calls.len(), "hanging up every call that is left");
        self.trunks.leave(now);
        let leave = Some(now + GOODBYE_MAX);
        self.drain = Some(Drain { until: now, tell: now, farewell: None, leave });
        for dialog in self.dialogs.keys().copied().collect::<Vec<_>>() {
            self.parts.endpoint.hang_up(now, dialog);
        }
        self.cut = !self.calls.is_empty();
        self.calls.clear();
        self.dialogs.clear();
        self.streams.clear();
        self.parting.clear();
        self.due.clear();
    }

    pub(super) fn wake_drain(&mut self, now: Moment) {
        let Some(drain) = &mut self.drain else { return };
        drain.farewell = drain.farewell.filter(|farewell| *farewell > now);
        if drain.leave.is_some() {
            return;
        }
        if self.calls.is_empty() && self.parting.is_empty() {
            drain.leave = Some(now + LAST_WORDS);
            return;
        }
        if drain.until <= now {
            tracing::error!("the calls in hand did not end in time");
            self.hang_up_on_all();
        } else if drain.tell <= now {
            drain.tell = now + TELL_EVERY;
            tracing::info!(calls = self.calls.len(), "draining: calls are still in hand");
        }
    }

    /// Whether there is nothing left to stop for, and how that came about.
    pub(super) fn stopped(&self) -> Option<Stopped> {
        let drain = self.drain?;
        let said = drain.farewell.is_none() || self.trunks.have_been_left();
        let quiet = said
            && self.calls.is_empty()
            && self.parting.is_empty()
            && self.parts.endpoint.open_dialogs() == 0;
        let left = drain.leave.is_some_and(|leave| leave <= self.now());
        let how = if self.cut { Stopped::HungUp } else { Stopped::Drained };
        (quiet || left).then_some(how)
    }
}

/// How often the log says what is waited for.
const TELL_EVERY: Duration = Duration::from_secs(30);
/// How long a registrar may take to let us go.
const FAREWELL_MAX: Duration = Duration::from_secs(4);
/// How long the answers to what ended the last call are waited for: three repetitions, and more
/// than [`FAREWELL_MAX`].
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How long the answers to the last BYEs are waited for: one repetition, and its answer.
const GOODBYE_MAX: Duration = Duration::from_secs(2);
