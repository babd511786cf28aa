//! How often somebody may: token buckets, one or one for each source.
//!
//! It knows no clock and no message; it counts. What it keeps is fixed when it is made:
//! no number of sources makes it grow.
//!
//! Law: when there is no room to remember a source, that source may not.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::words::Moment;

/// So many at once, and one more after each `each`.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// At once, after a silence.
    pub burst: u32,
    /// The time one takes to come back.
    pub each: Duration,
}

impl Rate {
    /// `count` a second, and twice as many at once.
    pub fn per_second(count: u32) -> Self {
        Self { burst: count.saturating_mul(2), each: Duration::from_secs(1) / count.max(1) }
    }

    /// `count` a minute, all of them at once if need be.
    pub fn per_minute(count: u32) -> Self {
        Self { burst: count, each: Duration::from_secs(60) / count.max(1) }
    }
}

/// One bucket, full at first.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bucket {
    /// When nothing will be missing from it.
    full_at: Moment,
}

impl Bucket {
    /// Takes one token, if there is one.
    #[must_use]
    pub fn take(&mut self, now: Moment, rate: Rate) -> bool {
        let full_at = self.full_at.max(now) + rate.each;
        let is_there = full_at.since(now) <= rate.each.saturating_mul(rate.burst);
        if is_there {
            self.full_at = full_at;
        }
        is_there
    }
}

/// A bucket for each source, in a table of fixed size.
///
/// A source has four places, by its address and a seed nobody outside knows; it may take
/// a place whose bucket is full again, because forgetting that one changes nothing.
/// The 64 bits of an IPv6 network are one source.
#[derive(Debug)]
pub struct Buckets {
    rate: Rate,
    seed: u64,
    slots: Box<[Slot]>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    source: Option<IpAddr>,
    bucket: Bucket,
}

impl Buckets {
    /// Every source may `rate`; `seed` must not be known to them.
    pub fn new(rate: Rate, seed: u64) -> Self {
        Self { rate, seed, slots: vec![Slot::default(); SOURCES_MAX].into() }
    }

    /// Takes a token of this source, if there is one. Allocates nothing.
    #[must_use]
    pub fn take(&mut self, now: Moment, source: IpAddr) -> bool {
        let source = network(source);
        let places = self.places(source);
        let Some(places) = self.slots.get_mut(places..places + WAYS) else { return false };
        let known = places.iter().position(|slot| slot.source == Some(source));
        let known = known.or_else(|| places.iter().position(|slot| slot.bucket.full_at <= now));
        let Some(slot) = known.and_then(|at| places.get_mut(at)) else { return false };
        if slot.source.replace(source) != Some(source) {
            slot.bucket = Bucket::default();
        }
        slot.bucket.take(now, self.rate)
    }

    /// The first of this source's places.
    fn places(&self, source: IpAddr) -> usize {
        let mut hasher = DefaultHasher::new();
        (self.seed, source).hash(&mut hasher);
        let set = hasher.finish() % (SOURCES_MAX / WAYS) as u64;
        usize::try_from(set).unwrap_or_default() * WAYS
    }
}

fn network(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V6(address) => {
            let bits = u128::from(address) & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from(bits))
        }
        v4 => v4,
    }
}

/// Sources remembered at once, by each table.
const SOURCES_MAX: usize = 4096;
/// Places one source may have.
const WAYS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::after_start(Duration::from_millis(millis))
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_one_at_a_time() {
        let rate = Rate { burst: 3, each: Duration::from_secs(1) };
        let mut bucket = Bucket::default();
        let given = |bucket: &mut Bucket, now| (0..10).filter(|_| bucket.take(now, rate)).count();
        assert_eq!(given(&mut bucket, at(0)), 3);
        assert_eq!(given(&mut bucket, at(999)), 0);
        assert_eq!(given(&mut bucket, at(1_000)), 1);
        assert_eq!(given(&mut bucket, at(60_000)), 3, "no more than the burst is saved up");
        assert!(!Bucket::default().take(at(5), Rate { burst: 0, ..rate }));
    }

    #[test]
    fn sources_have_buckets_of_their_own_and_a_network_has_one() {
        let rate = Rate { burst: 1, each: Duration::from_secs(1) };
        let mut buckets = Buckets::new(rate, 7);
        let mut take = |source: &str| buckets.take(at(0), source.parse().unwrap());
        assert!(take("192.0.2.1"));
        assert!(!take("192.0.2.1"));
        assert!(!take("::ffff:192.0.2.1"), "the same, written otherwise");
        assert!(take("192.0.2.2"));
        assert!(take("2001:db8::1"));
        assert!(!take("2001:db8::2"));
        assert!(take("2001:db8:0:1::1"));
    }

    #[test]
    fn a_flood_from_everywhere_gets_no_more_than_the_table_has_places() {
        let rate = Rate { burst: 1, each: Duration::from_secs(3600) };
        let mut buckets = Buckets::new(rate, 7);
        let mut flood = |now| {
            let sources = (0..100_000u32).map(|n| IpAddr::from(n.to_be_bytes()));
            sources.filter(|source| buckets.take(now, *source)).count()
        };
        assert_eq!(flood(at(0)), SOURCES_MAX);
        assert_eq!(flood(at(1_000)), 0, "turning round and round empties no bucket");
        assert_eq!(flood(at(3_600_000)), SOURCES_MAX);
    }
}
