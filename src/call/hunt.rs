//! Ringing who is on duty, group after group, until a person has pressed 1.

use std::time::Duration;

use super::groups::{Candidate, Group, groups};
use super::leg::{Leg, Phase};
use super::{Call, ROSTER_MAX, State, Timer};
use crate::call::{Claim, Output};
use crate::case::{AttemptOutcome, Fact};
use crate::dialplan::{RingNumber, RingOnCall, TakenBy};
use crate::roster::{Ladder, LastResort};
use crate::words::{Digit, Moment};

/// A round that met busy phones begins again no sooner than this after it began: they
/// may be free by then.
const ROUND_MIN: Duration = Duration::from_secs(10);

/// One search for a person.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Hunt {
    search: Search,
    /// Who is rung, group after group.
    groups: Vec<Group>,
    /// The next group.
    next: usize,
    round: u8,
    /// The roster's rounds, when it says how many.
    rounds: Option<u8>,
    round_began: Moment,
    met_busy: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Search {
    /// The roster's people.
    OnCall(RingOnCall),
    /// One number of the plan.
    Number(RingNumber),
    /// None yet: the caller waits for a new one.
    Paused,
}

impl Hunt {
    fn new(now: Moment, search: Search) -> Self {
        Self {
            search,
            groups: Vec::new(),
            next: 0,
            round: 1,
            rounds: None,
            round_began: now,
            met_busy: false,
        }
    }

    pub(super) fn paused(now: Moment) -> Self {
        Self::new(now, Search::Paused)
    }

    /// For an outlook: how long the next round would still have to wait.
    pub(super) fn forget_the_past(&mut self, now: Moment) {
        let last = match &self.search {
            Search::OnCall(ring) => self.round >= self.rounds.unwrap_or(ring.rounds),
            Search::Number(_) | Search::Paused => true,
        };
        let wait = (self.round_began + ROUND_MIN).since(now);
        self.met_busy &= !last;
        self.round_began = Moment::after_start(if self.met_busy { wait } else { Duration::ZERO });
    }

    /// Whether there is a key that gives up this number and goes on at once.
    pub(super) fn has_urgent_key(&self) -> bool {
        matches!(&self.search, Search::Number(ring) if ring.urgent.is_some())
    }
}

impl Call {
    pub(super) fn hunt_on_call(&mut self, now: Moment, ring: RingOnCall) {
        self.enter(State::Hunting(Hunt::new(now, Search::OnCall(ring))));
        self.enter_hold(now);
        self.find_on_call(now, 1);
    }

    pub(super) fn hunt_number(&mut self, now: Moment, ring: RingNumber) {
        let office = ring.taken_by == TakenBy::Answer;
        if !office && self.last_resort.is_some() {
            // The roster named another, who has been rung.
            self.advance(now);
            return;
        }
        self.enter_number(now, ring, "numero del piano");
        if office {
            self.note(Fact::InHours);
            self.enter_ringback(now);
        } else {
            self.enter_hold(now);
        }
        self.ring_next(now);
    }

    fn enter_number(&mut self, now: Moment, ring: RingNumber, why: &str) {
        let group = Group::of_number(&ring, why);
        let mut hunt = Hunt::new(now, Search::Number(ring));
        hunt.groups = vec![group];
        self.enter(State::Hunting(hunt));
    }

    fn find_on_call(&mut self, now: Moment, round: u8) {
        self.timers.set(Timer::Roster, now + ROSTER_MAX);
        self.order(Output::FindOnCall { round, category: self.category });
    }

    pub(super) fn ladder_found(&mut self, now: Moment, ladder: &Ladder) {
        if !self.timers.is_set(Timer::Roster) {
            return;
        }
        self.timers.stop(Timer::Roster);
        let declined = self.declined.clone();
        let State::Hunting(hunt) = &mut self.state else { return };
        let Search::OnCall(ring) = hunt.search else { return };
        let wanted = |person: &str| !declined.contains(person);
        hunt.groups = groups(ladder, &ring, wanted);
        hunt.rounds = ladder.rounds;
        hunt.next = 0;
        hunt.round_began = now;
        hunt.met_busy = false;
        self.last_resort.clone_from(&ladder.last_resort);
        if ladder.is_empty() {
            self.note(Fact::RosterEmpty);
        }
        for skill in &ladder.missed {
            if self.missed.insert(skill.clone()) {
                self.note(Fact::RequirementMissed { skill: skill.clone() });
            }
        }
        if self.has_groups() {
            self.ring_next(now);
        } else {
            self.nobody_accepted(now);
        }
    }

    fn has_groups(&self) -> bool {
        matches!(&self.state, State::Hunting(hunt) if !hunt.groups.is_empty())
    }

    pub(super) fn roster_unavailable(&mut self, now: Moment) {
        let waiting = matches!(&self.state, State::Hunting(hunt)
            if matches!(hunt.search, Search::OnCall(_)) && hunt.groups.is_empty());
        self.timers.stop(Timer::Roster);
        if waiting {
            self.note(Fact::RosterUnavailable);
            self.nobody_accepted(now);
        } else if matches!(self.state, State::Hunting(_)) && !self.is_ringing() {
            // The list of the last round is better than none.
            self.note(Fact::RosterUnavailable);
            self.begin_round_again(now);
        }
    }

    fn begin_round_again(&mut self, now: Moment) {
        if let State::Hunting(hunt) = &mut self.state {
            hunt.next = 0;
            hunt.round_began = now;
            hunt.met_busy = false;
        }
        self.ring_next(now);
    }

    /// Rings the next group, or the next round, or lets the plan go on.
    fn ring_next(&mut self, now: Moment) {
        let declined = self.declined.clone();
        let State::Hunting(hunt) = &mut self.state else { return };
        while let Some(group) = hunt.groups.get(hunt.next) {
            let mut group = group.clone();
            group.candidates.retain(|candidate| !declined.contains(&candidate.person));
            hunt.next += 1;
            if !group.candidates.is_empty() {
                self.ring_group(now, group);
                return;
            }
        }
        self.next_round(now);
    }

    fn next_round(&mut self, now: Moment) {
        let State::Hunting(hunt) = &mut self.state else { return };
        match hunt.search {
            Search::OnCall(ring) if hunt.round < hunt.rounds.unwrap_or(ring.rounds) => {
                hunt.round += 1;
                let round = hunt.round;
                let earliest = hunt.round_began + ROUND_MIN;
                if hunt.met_busy && now < earliest {
                    self.timers.set(Timer::Pause, earliest);
                } else {
                    self.find_on_call(now, round);
                }
            }
            _ => self.nobody_accepted(now),
        }
    }

    pub(super) fn pause_over(&mut self, now: Moment) {
        let State::Hunting(hunt) = &self.state else {
            if matches!(self.state, State::Connecting) {
                self.advance(now);
            }
            return;
        };
        match hunt.search {
            Search::OnCall(_) => {
                let round = hunt.round;
                self.find_on_call(now, round);
            }
            Search::Paused => self.advance(now),
            Search::Number(_) => self.ring_next(now),
        }
    }

    fn nobody_accepted(&mut self, now: Moment) {
        let State::Hunting(hunt) = &self.state else { return };
        let Search::OnCall(ring) = hunt.search else { return self.advance(now) };
        self.note(Fact::NobodyAccepted);
        match self.last_resort.clone() {
            Some(last) => self.ring_last_resort(now, last, ring),
            None => self.advance(now),
        }
    }

    /// Whom the roster names for when nobody accepted, in place of the plan's number.
    fn ring_last_resort(&mut self, now: Moment, last: LastResort, ring: RingOnCall) {
        let number = RingNumber {
            number: last.phone,
            name: last.name,
            ring_for: ring.each,
            taken_by: TakenBy::Key { accept: ring.accept },
            urgent: None,
        };
        self.enter_number(now, number, "ultima risorsa dei turni");
        self.ring_next(now);
    }

    fn ring_group(&mut self, now: Moment, group: Group) {
        let State::Hunting(hunt) = &self.state else { return };
        let round = u32::from(hunt.round);
        let taken_by = match &hunt.search {
            Search::OnCall(ring) => TakenBy::Key { accept: ring.accept },
            Search::Number(ring) => ring.taken_by,
            Search::Paused => return,
        };
        let number = matches!(hunt.search, Search::Number(_));
        for Candidate { person, phone, phones, step, why } in group.candidates {
            let claim = match taken_by {
                TakenBy::Answer => Claim::Shared,
                TakenBy::Key { .. } => Claim::Exclusive(phones),
            };
            let offer =
                if number { self.escalation_offer() } else { vec![self.plan.offer.clone()] };
            let (leg, attempt) = (self.next_leg(), self.next_attempt());
            let (responder, to) = (person.clone(), phone.clone());
            self.note(Fact::Rang { attempt, responder, phone: to, step, round, why });
            let name = person.clone();
            self.order(Output::Ring { leg, person: name, phone, claim });
            self.timers.set(Timer::Ring(leg), now + group.each);
            let phase = Phase::Ringing;
            self.legs.insert(leg, Leg { attempt, person, taken_by, offer, phase });
        }
    }

    /// A ring came to nothing: on to the next, unless a phone is still ringing.
    pub(super) fn go_on_hunting(&mut self, now: Moment, outcome: AttemptOutcome) {
        let ringing = self.is_ringing();
        let State::Hunting(hunt) = &mut self.state else { return };
        hunt.met_busy |= outcome == AttemptOutcome::Busy;
        if !ringing {
            self.ring_next(now);
        }
    }

    /// From the head of the roster: a winner was lost.
    pub(super) fn hunt_again(&mut self, now: Moment) {
        self.script.back_to_search(&self.plan);
        self.advance(now);
    }

    /// Key 1 while the office rings: it is urgent.
    pub(super) fn pressed_while_hunting(&mut self, now: Moment, digit: Digit) {
        let urgent = matches!(&self.state, State::Hunting(hunt)
            if matches!(&hunt.search, Search::Number(ring) if ring.urgent == Some(digit)));
        if urgent {
            self.note(Fact::Urgent);
            self.dismiss_all(now, super::leg::Dismissal::Taken);
            self.advance(now);
        }
    }
}
