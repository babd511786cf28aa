//! How many new calls are taken, and that no source takes those of another.
//!
//! All sources together have so many a second. Whoever asks while nothing is left of that is
//! lent up to half of it, if they themselves have taken less than half lately; what is lent
//! is missing afterwards to whoever takes more than half. A source alone has all of it.

use std::net::IpAddr;

use crate::sip::bucket::{Bucket, Buckets, Rate};
use crate::words::Moment;

/// New calls: of all together, and of each.
#[derive(Debug)]
pub(super) struct Pace {
    all: Rate,
    /// The same with what may be lent: one second's calls.
    lent: Rate,
    taken: Bucket,
    each: Buckets,
}

impl Pace {
    /// `count` a second, and twice as many at once; `seed` must not be known to the sources.
    pub(super) fn new(count: u32, seed: u64) -> Self {
        let all = Rate::per_second(count);
        let lent = Rate { burst: all.burst.saturating_add(count), ..all };
        let half = Rate::per_second((count / 2).max(1));
        Self { all, lent, taken: Bucket::default(), each: Buckets::new(half, seed) }
    }

    /// Takes one call of this source, if it may have one.
    pub(super) fn take(&mut self, now: Moment, source: IpAddr) -> bool {
        let takes_less_than_half = self.each.take(now, source);
        self.taken.take(now, self.all) || (takes_less_than_half && self.taken.take(now, self.lent))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Ten seconds in which each source asks so often, at times that are mixed: how many of
    /// each are taken.
    fn asked(count: u32, asking: &[u64]) -> Vec<u64> {
        let mut pace = Pace::new(count, 7);
        let mut taken = vec![0; asking.len()];
        for millis in 0..10_000_u64 {
            let now = Moment::after_start(Duration::from_millis(millis));
            for (source, often) in asking.iter().enumerate() {
                let due = (millis + 1) * often / 1_000 - millis * often / 1_000;
                let from = IpAddr::from([192, 0, 2, u8::try_from(source).unwrap()]);
                taken[source] += (0..due).filter(|_| pace.take(now, from)).count() as u64;
            }
        }
        taken
    }

    #[test]
    fn one_that_floods_takes_no_call_of_another() {
        let taken = asked(50, &[2_000, 20]);
        assert_eq!(taken[1], 200, "each is taken: {taken:?}");
        assert!(taken.iter().sum::<u64>() <= 50 * 10 + 100 + 50, "{taken:?}");
        assert!(taken[0] > 250, "what the other leaves is the first's: {taken:?}");
    }

    #[test]
    fn whoever_comes_first_each_has_its_half() {
        for asking in [[2_000, 25], [25, 2_000]] {
            let taken = asked(50, &asking);
            let small = if asking[0] == 25 { taken[0] } else { taken[1] };
            assert_eq!(small, 250, "{taken:?}");
        }
    }

    #[test]
    fn a_source_alone_has_all_and_many_have_no_more_than_is_declared() {
        assert_eq!(asked(50, &[2_000]), [50 * 10 + 100 - 1]);
        let everybody: u64 = asked(50, &[500; 20]).iter().sum();
        assert!(everybody <= 50 * 10 + 100 + 50, "{everybody}");
    }
}
