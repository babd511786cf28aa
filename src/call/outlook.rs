//! What lies before a call: equal for two calls that will go on alike.
//!
//! For whoever walks every path: two calls with equal outlooks give the same orders to
//! the same inputs from here on, up to the numbers of legs, plays and attempts. Left out
//! is what decides nothing but words, and whom a roster may prefer: category, language,
//! the case's number, and how far the hold has come. Of a number being typed counts only its length, and whether `#`
//! or silence would end it; the pause between rounds counts once a phone was busy.

use std::collections::BTreeSet;
use std::time::Duration;

use super::leg::{Leg, Phase};
use super::{Call, LastResort, Outcome, Script, State, Timer};
use crate::case::AttemptId;
use crate::words::{LegId, Moment, PlayId};

/// What lies before a call. Compare it, put it in a set; there is nothing to read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Outlook {
    state: State,
    script: Script,
    hidden: bool,
    legs: Vec<Leg>,
    /// Each with how long it still has.
    timers: Vec<(Timer, Duration)>,
    /// Who hears something.
    hearing: Vec<LegId>,
    promise: Option<Outcome>,
    declined: BTreeSet<String>,
    missed: BTreeSet<String>,
    last_resort: Option<LastResort>,
    vanished: u8,
}

impl Call {
    /// What lies before this call at `now`. Drain [`Call::poll_output`] first.
    #[must_use]
    pub fn outlook(&self, now: Moment) -> Outlook {
        let mut state = self.state.clone();
        state.forget_the_past(now);
        if let State::Bridged(bridged) = &mut state {
            bridged.leg = self.rank(bridged.leg);
        }
        let legs = self.legs.values().cloned().map(|mut leg| {
            leg.attempt = AttemptId(0);
            leg
        });
        Outlook {
            state,
            script: self.script.alike(&self.plan),
            hidden: self.arrival.hidden,
            legs: legs.collect(),
            timers: self.waits(now),
            hearing: self.plays.keys().map(|leg| self.rank(*leg)).collect(),
            promise: self.promise,
            declined: self.declined.clone(),
            missed: self.missed.clone(),
            last_resort: self.last_resort.clone(),
            vanished: self.vanished,
        }
    }

    /// Whether nothing has changed since `other`, a copy of this call, but what was
    /// ordered. Cheaper than two outlooks.
    pub fn is_as(&self, other: &Self) -> bool {
        (&self.state, &self.legs, &self.timers, &self.plays, &self.declined, &self.missed)
            == (
                &other.state,
                &other.legs,
                &other.timers,
                &other.plays,
                &other.declined,
                &other.missed,
            )
            && (self.script, self.language, self.category, self.case, self.promise, self.vanished)
                == (
                    other.script,
                    other.language,
                    other.category,
                    other.case,
                    other.promise,
                    other.vanished,
                )
            && self.last_resort == other.last_resort
    }

    /// Whether the caller is in the hold, in which no key and no end of a play counts.
    pub fn is_holding(&self) -> bool {
        matches!(self.state, State::Hunting(_) | State::Briefing)
    }

    /// Whether a key of the caller would be taken for an answer now.
    pub fn takes_keys(&self) -> bool {
        match &self.state {
            State::Asking(_) => true,
            State::CallingBack(asked) => asked.takes_keys(),
            State::Hunting(hunt) => hunt.has_urgent_key(),
            State::Leaving(leaving) => leaving.takes_keys(),
            State::Speaking => self.script.menu_follows(&self.plan),
            _ => false,
        }
    }

    /// The legs that ring or have been picked up, with whether they were.
    pub fn phones(&self) -> impl Iterator<Item = (LegId, PhonePhase)> {
        self.legs.iter().map(|(id, leg)| {
            let phase = match leg.phase {
                Phase::Ringing => PhonePhase::Ringing,
                Phase::Offered | Phase::Won | Phase::Dismissed => PhonePhase::PickedUp,
            };
            (*id, phase)
        })
    }

    /// Whether the end of `play` on `leg` would still mean something.
    pub fn is_playing(&self, leg: LegId, play: PlayId) -> bool {
        self.plays.get(&leg) == Some(&play)
    }

    /// A leg by its place among those there are.
    pub fn rank(&self, leg: LegId) -> LegId {
        let before = self.legs.keys().take_while(|other| **other < leg).count();
        match leg {
            LegId::CALLER => leg,
            _ => LegId(u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)),
        }
    }

    /// When the call's own patience ends next; in the hold, not counting the hold.
    pub fn next_turn(&self) -> Option<Moment> {
        let holding = self.is_holding();
        let turns = self.timers.iter().filter(|(timer, _)| !(holding && is_of_the_hold(*timer)));
        turns.map(|(_, due)| due).min()
    }

    fn waits(&self, now: Moment) -> Vec<(Timer, Duration)> {
        let holding = self.is_holding();
        let waits = self.timers.iter().map(|(timer, due)| {
            let timer = match timer {
                Timer::Accept(leg) => Timer::Accept(self.rank(leg)),
                Timer::Farewell(leg) => Timer::Farewell(self.rank(leg)),
                Timer::Play(leg) => Timer::Play(self.rank(leg)),
                Timer::Ring(leg) => Timer::Ring(self.rank(leg)),
                other => other,
            };
            let hold = holding && is_of_the_hold(timer);
            (timer, if hold { Duration::ZERO } else { due.since(now) })
        });
        waits.filter(|(timer, _)| !(holding && *timer == Timer::Play(LegId::CALLER))).collect()
    }
}

fn is_of_the_hold(timer: Timer) -> bool {
    matches!(timer, Timer::Hold | Timer::Play(LegId::CALLER))
}

/// Whether a phone still rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhonePhase {
    /// It rings.
    Ringing,
    /// Somebody, or a machine, is on it.
    PickedUp,
}

impl State {
    /// Puts in place of moments gone by what is left of their meaning.
    fn forget_the_past(&mut self, now: Moment) {
        match self {
            Self::Hunting(hunt) => hunt.forget_the_past(now),
            Self::Bridged(bridged) => bridged.forget_the_past(now),
            Self::CallingBack(asked) => asked.forget_the_digits(),
            _ => {}
        }
    }
}
