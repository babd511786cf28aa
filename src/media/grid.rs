//! When the thread wakes: the moments all its streams share.

use std::time::Duration;

use crate::words::Moment;

/// While nobody is bridged: a key may wait this long. Every `ptime` is a multiple
/// of both steps, so a stream's packets are evenly spaced whatever the grid.
const STEP: Duration = Duration::from_millis(10);
/// While anybody is: the longest the relay holds a packet back.
const RELAY_STEP: Duration = Duration::from_millis(5);

/// Moments at equal distance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    step: Duration,
}

impl Grid {
    /// The grid for a thread on which somebody is bridged, or nobody.
    pub(super) fn new(anybody_bridged: bool) -> Self {
        Self { step: if anybody_bridged { RELAY_STEP } else { STEP } }
    }

    /// The moment of the grid at or before `now`.
    pub(super) fn at(self, now: Moment) -> Moment {
        let into = now.since_start().as_nanos() % self.step.as_nanos();
        let into = Duration::from_nanos(u64::try_from(into).unwrap_or(0));
        Moment::after_start(now.since_start() - into)
    }

    /// The next moment of the grid after `now`.
    pub(super) fn after(self, now: Moment) -> Moment {
        self.at(now) + self.step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_moment_lies_between_two_of_the_grid() {
        for (bridged, at, after) in [(false, 10, 20), (true, 10, 15)] {
            let grid = Grid::new(bridged);
            let now = Moment::after_start(Duration::from_micros(13_700));
            assert_eq!(grid.at(now), Moment::after_start(Duration::from_millis(at)));
            assert_eq!(grid.after(now), Moment::after_start(Duration::from_millis(after)));
            assert_eq!(grid.at(grid.at(now)), grid.at(now));
        }
    }
}
