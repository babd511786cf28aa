//! How long a receiver that does not take a message is left alone: longer each time, and
//! never the same, so that many messages do not come back at once.

use chrono::TimeDelta;
use rand::RngExt as _;

/// After so many tries, the wait before the next one; `None` when it was the last.
pub(super) fn after(tries: u32) -> Option<TimeDelta> {
    let nominal = usize::try_from(tries).ok().and_then(|tries| SECONDS.get(tries.checked_sub(1)?));
    let millis = (*nominal?).saturating_mul(1_000);
    Some(TimeDelta::milliseconds(rand::rng().random_range(millis * 4 / 5..=millis * 6 / 5)))
}

/// Nearly three days in all.
const SECONDS: [i64; 11] = [1, 5, 30, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 64_800, 72_000];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_there_is_an_end_of_them() {
        assert_eq!(after(0), None);
        assert!(SECONDS.is_sorted_by(|before, after| before < after));
        for (tries, seconds) in (1..).zip(SECONDS) {
            for _ in 0..100 {
                let wait = after(tries).unwrap();
                let fifth = TimeDelta::milliseconds(seconds * 200);
                assert!((wait - TimeDelta::seconds(seconds)).abs() <= fifth, "{tries}: {wait}");
            }
        }
        let last = u32::try_from(SECONDS.len()).unwrap();
        assert_eq!(after(last + 1), None);
        assert_eq!(after(u32::MAX), None);
        let longest: i64 = SECONDS.iter().map(|seconds| seconds * 6 / 5).sum();
        assert!(longest <= 4 * 86_400, "a message is known to be lost within four days");
    }
}
