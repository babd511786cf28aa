//! The waits of RFC 3261 §17 and Appendix A, and the table that finds the next.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::time::Duration;

use crate::words::Moment;

/// Round-trip estimate: the first retransmission.
pub(crate) const T1: Duration = Duration::from_millis(500);
/// Longest wait between retransmissions of anything but an INVITE.
pub(crate) const T2: Duration = Duration::from_secs(4);
/// How long a message can stay in the network.
pub(crate) const T4: Duration = Duration::from_secs(5);
/// 64·T1: timers B, F, H, J, L and M; when the other side is given up.
pub(crate) const GIVE_UP: Duration = Duration::from_secs(32);
/// How long a re-INVITE that met a provisional answer waits for its end: longer than any proxy
/// on the way does (timer C, more than 3 minutes: RFC 3261 §16.6).
pub(crate) const TIMER_C: Duration = Duration::from_secs(240);
/// Timer D: how long an answered INVITE still meets copies of its refusal.
pub(crate) const TIMER_D: Duration = Duration::from_secs(32);

/// A wait that doubles: timers A, E and G, and the repetition of a 2xx.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    /// When to send again.
    pub(crate) next: Moment,
    interval: Duration,
    longest: Duration,
}

impl Backoff {
    /// Starts at T1 and doubles up to `longest`.
    pub(crate) fn new(now: Moment, longest: Duration) -> Self {
        Self { next: now + T1, interval: T1, longest }
    }

    /// From now on every `longest` (a provisional answer came: RFC 3261 §17.1.2.2).
    pub(crate) fn slow_down(&mut self) {
        self.interval = self.longest;
    }

    /// Whether it is time; if so the next wait begins.
    pub(crate) fn is_due(&mut self, now: Moment) -> bool {
        if now < self.next {
            return false;
        }
        self.interval = (self.interval * 2).min(self.longest);
        self.next = now + self.interval;
        true
    }
}

impl Backoff {
    /// [`Due::Resend`] when it is time.
    pub(crate) fn ask(&mut self, now: Moment) -> Due {
        if self.is_due(now) { Due::Resend } else { Due::Nothing }
    }
}

/// What a machine's timers ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing yet.
    Nothing,
    /// Send the last message again.
    Resend,
    /// The other side never answered; the machine is over.
    GaveUp,
    /// The machine has served its time.
    Over,
}

/// The moments at which owners must be woken, exactly one for each owner.
#[derive(Debug)]
pub(crate) struct Wakeups<O> {
    by_owner: HashMap<O, Moment>,
    queue: BTreeSet<(Moment, O)>,
}

impl<O: Copy + Ord + Hash> Wakeups<O> {
    pub(crate) fn new() -> Self {
        Self { by_owner: HashMap::new(), queue: BTreeSet::new() }
    }

    /// Sets, moves or (with `None`) removes an owner's moment.
    pub(crate) fn set(&mut self, owner: O, at: Option<Moment>) {
        let before = match at {
            Some(at) => self.by_owner.insert(owner, at),
            None => self.by_owner.remove(&owner),
        };
        if let Some(before) = before {
            self.queue.remove(&(before, owner));
        }
        if let Some(at) = at {
            self.queue.insert((at, owner));
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.by_owner.len() + self.queue.len()
    }

    /// The earliest moment of all.
    pub(crate) fn next(&self) -> Option<Moment> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Takes one owner whose moment has come.
    pub(crate) fn take_due(&mut self, now: Moment) -> Option<O> {
        let (at, owner) = *self.queue.first()?;
        if at > now {
            return None;
        }
        self.set(owner, None);
        Some(owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backoff_doubles_up_to_its_longest() {
        let mut backoff = Backoff::new(Moment::START, T2);
        let mut times = Vec::new();
        for step in 0..=200u64 {
            if backoff.is_due(Moment::after_start(Duration::from_millis(step * 100))) {
                times.push(step * 100);
            }
        }
        assert_eq!(times, [500, 1500, 3500, 7500, 11_500, 15_500, 19_500]);
    }

    #[test]
    fn an_owner_has_one_moment() {
        let mut wakeups = Wakeups::new();
        let later = Moment::START + T2;
        wakeups.set(1, Some(later));
        wakeups.set(1, Some(Moment::START + T1));
        wakeups.set(2, Some(later));
        wakeups.set(2, None);
        assert_eq!(wakeups.next(), Some(Moment::START + T1));
        assert_eq!(wakeups.take_due(later), Some(1));
        assert_eq!(wakeups.take_due(later), None);
        assert_eq!(wakeups.next(), None);
    }
}
