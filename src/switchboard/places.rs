//! The places one trunk is reached at: which is in use, and which comes next.
//!
//! It looks up no name and sends nothing. Law: a place that fails is left for the next at
//! once; the first is gone back to when it answers again.

use crate::line::Target;

/// Places in the order of the DNS, or the one that was written.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    list: Vec<Place>,
    at: usize,
    /// The next question goes to the first place, not to the one in use.
    looks_back: Look,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    target: Target,
    /// It failed last.
    failed: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Look {
    #[default]
    Ahead,
    Back,
}

/// What a failure leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// Another place is in use now.
    ForAnother,
    /// Every place has failed.
    Nothing,
    /// Nothing: it was not in use.
    NotUsed,
}

impl Places {
    pub(super) fn new(targets: &[Target]) -> Self {
        let list = targets.iter().map(|target| Place { target: *target, failed: false });
        Self { list: list.collect(), ..Self::default() }
    }

    /// The place in use.
    pub(super) fn current(&self) -> Option<Target> {
        self.list.get(self.at).map(|place| place.target)
    }

    /// Whether the first of all is in use.
    pub(super) fn is_first(&self) -> bool {
        self.at == 0
    }

    /// Where one call is tried: the place in use, then the best of the others.
    pub(super) fn tried(&self) -> impl Iterator<Item = Target> {
        let others = self.list.iter().enumerate().filter(|(nth, _)| *nth != self.at);
        let best = others.min_by_key(|(nth, place)| (place.failed, *nth));
        self.current().into_iter().chain(best.map(|(_, place)| place.target))
    }

    /// The DNS has answered anew: whether another place is in use by that.
    pub(super) fn replace(&mut self, targets: &[Target]) -> bool {
        let before = std::mem::take(self);
        let failed = |target: &Target| {
            before.list.iter().any(|place| place.target == *target && place.failed)
        };
        *self = Self::new(targets);
        for place in &mut self.list {
            place.failed = failed(&place.target);
        }
        let used = before.current();
        self.at = self.list.iter().position(|place| Some(place.target) == used).unwrap_or(0);
        self.current() != used
    }

    /// Where the next question goes.
    pub(super) fn asked(&mut self) -> Option<Target> {
        let back = self.looks_back == Look::Back && self.at > 0;
        self.looks_back = if back { Look::Ahead } else { Look::Back };
        if back { self.list.first().map(|place| place.target) } else { self.current() }
    }

    /// A place answers: the best that does is in use from now on. Whether that is another.
    pub(super) fn answered(&mut self, target: Target) -> bool {
        let Some(nth) = self.list.iter().position(|place| place.target == target) else {
            return false;
        };
        let used_failed = self.list.get(self.at).is_none_or(|place| place.failed);
        if let Some(place) = self.list.get_mut(nth) {
            place.failed = false;
        }
        let moves = nth < self.at || (used_failed && nth != self.at);
        if moves {
            self.at = nth;
        }
        moves
    }

    /// A place does not answer, or refuses.
    pub(super) fn failed(&mut self, target: Target) -> Left {
        let Some(nth) = self.list.iter().position(|place| place.target == target) else {
            return Left::NotUsed;
        };
        if let Some(place) = self.list.get_mut(nth) {
            place.failed = true;
        }
        if nth != self.at {
            return Left::NotUsed;
        }
        match self.list.iter().position(|place| !place.failed) {
            Some(next) => {
                self.at = next;
                Left::ForAnother
            }
            None => {
                // Each in turn is asked whether it is back.
                self.at = (self.at + 1) % self.list.len().max(1);
                Left::Nothing
            }
        }
    }

    /// Old failures count no more.
    pub(super) fn forgive(&mut self) {
        self.list.iter_mut().for_each(|place| place.failed = false);
        self.at = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::Transport;

    fn target(host: u8) -> Target {
        let address = ([192, 0, 2, host], 5060).into();
        Target { transport: Transport::Udp, address }
    }

    fn three() -> Places {
        Places::new(&[target(1), target(2), target(3)])
    }

    #[test]
    fn a_place_that_fails_is_left_for_the_next_and_the_first_is_gone_back_to() {
        let mut places = three();
        assert_eq!(places.tried().collect::<Vec<_>>(), [target(1), target(2)]);
        assert_eq!(places.failed(target(1)), Left::ForAnother);
        assert_eq!(places.tried().collect::<Vec<_>>(), [target(2), target(3)]);
        assert_eq!(places.failed(target(1)), Left::NotUsed, "it is not in use");
        // The one in use and the first are asked in turn.
        let asked: Vec<_> = (0..4).filter_map(|_| places.asked()).collect();
        assert_eq!(asked, [target(2), target(1), target(2), target(1)]);
        assert!(!places.answered(target(2)));
        assert!(places.answered(target(1)));
        assert_eq!(places.current(), Some(target(1)));
    }

    #[test]
    fn when_all_fail_each_is_asked_in_turn() {
        let mut places = three();
        assert_eq!(places.failed(target(1)), Left::ForAnother);
        assert_eq!(places.failed(target(2)), Left::ForAnother);
        assert_eq!(places.failed(target(3)), Left::Nothing);
        assert_eq!(places.current(), Some(target(1)));
        assert_eq!(places.failed(target(1)), Left::Nothing);
        assert_eq!(places.current(), Some(target(2)));
        assert!(places.answered(target(3)), "whichever is back is used");
        places.forgive();
        assert_eq!(places.current(), Some(target(1)));
    }

    #[test]
    fn the_place_in_use_stays_while_the_dns_knows_it() {
        let mut places = three();
        assert_eq!(places.failed(target(1)), Left::ForAnother);
        assert!(!places.replace(&[target(4), target(2)]));
        assert_eq!(places.current(), Some(target(2)));
        assert!(places.replace(&[target(5)]));
        assert_eq!(places.current(), Some(target(5)));
        assert_eq!(places.tried().count(), 1);
    }
}
