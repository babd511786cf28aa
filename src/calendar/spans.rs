//! The hours of a service as instants: the nights on which clocks change included.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{Hours, local};

impl Hours {
    /// When within `from..until` the service answers by itself, in order, each as its
    /// first instant and the first after it; between them it does not.
    ///
    /// At every instant this is what [`Hours::is_active`] says of the civil time in
    /// `zone`, also in the hour that exists twice. A zone whose clocks change twice within
    /// a day is not for us.
    pub fn active_spans(
        &self,
        zone: Tz,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
        let mut spans: Vec<(DateTime<Utc>, DateTime<Utc>)> = Vec::new();
        let mut at = from;
        while at < until {
            let shown = local(at, zone);
            let steady = steady_until(at, until, zone);
            let change = self.next_change(shown).map_or(steady, |change| {
                at.checked_add_signed(change - shown).map_or(steady, |change| change.min(steady))
            });
            if self.is_active(shown) {
                match spans.last_mut() {
                    Some(last) if last.1 == at => last.1 = change,
                    _ => spans.push((at, change)),
                }
            }
            if change <= at {
                break; // the end of what an instant can hold
            }
            at = change;
        }
        spans
    }
}

/// How long clocks run on from `at` without being put forward or back; at most until
/// `end`, and at most for as long as [`Hours::next_change`] looks ahead.
fn steady_until(at: DateTime<Utc>, end: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
    let ahead = |instant: DateTime<Utc>| local(instant, zone) - instant.naive_utc();
    let offset = ahead(at);
    let mut same = at;
    for _ in 0..LOOK_DAYS {
        let Some(next) = same.checked_add_signed(TimeDelta::days(1)).filter(|next| *next < end)
        else {
            return if ahead(end) == offset { end } else { changed_after(same, end, ahead) };
        };
        if ahead(next) != offset {
            return changed_after(same, next, ahead);
        }
        same = next;
    }
    same
}

/// The first instant after `same` whose offset is another; `other` has it.
fn changed_after(
    same: DateTime<Utc>,
    other: DateTime<Utc>,
    ahead: impl Fn(DateTime<Utc>) -> TimeDelta,
) -> DateTime<Utc> {
    let (mut low, mut high) = (same, other);
    while (high - low) > TimeDelta::nanoseconds(1) {
        let middle = low + (high - low) / 2;
        if ahead(middle) == ahead(same) {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// Less than [`Hours::next_change`] looks ahead.
const LOOK_DAYS: u32 = 300;
