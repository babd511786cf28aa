//! Restamping: one party's packets become part of our stream to the other.
//!
//! There is no jitter buffer. A packet leaves as it came, whatever its length
//! (a `ptime` is a wish, RFC 8866 §6.4; receivers take 0–200 ms, RFC 3551 §4.2),
//! under our SSRC. Gaps, disorder and the spacing of timestamps stay visible to
//! the receiver; our own numbers go on without a break before and after.

use std::time::Duration;

use crate::words::Moment;

use super::pacer::{Pacer, SAMPLE_RATE};
use super::packet::Header;

/// How far relayed timestamps may stray from our clock before they are set anew.
const STRAY: u32 = SAMPLE_RATE / 2;
/// A jump of the sequence number this big is a new beginning (RFC 3550 A.1).
const DROPOUT: u16 = 1000;
/// Without a packet for this long the pacer speaks again.
const FRESH: Duration = Duration::from_millis(100);

/// How one party's numbers become ours; one for each direction of a bridge.
#[derive(Clone, Debug, Default)]
pub struct Relay {
    anchor: Option<Anchor>,
    last: Option<Moment>,
}

#[derive(Clone, Copy, Debug)]
struct Anchor {
    ssrc: u32,
    /// First sequence number taken over, theirs: what is older is dropped.
    first: u16,
    newest: u16,
    sequence_shift: u16,
    timestamp_shift: u32,
}

impl Relay {
    /// The header under which a packet with header `theirs` and `samples` samples
    /// leaves in the stream of `pacer`; `None` for one from before the relay began.
    pub fn restamp(
        &mut self,
        theirs: Header,
        samples: usize,
        pacer: &mut Pacer,
        now: Moment,
    ) -> Option<Header> {
        let (sequence, clock) = pacer.upcoming(now);
        let kept = self.anchor.filter(|anchor| anchor.holds(theirs, clock));
        let mut anchor = kept.unwrap_or_else(|| Anchor {
            ssrc: theirs.ssrc,
            first: theirs.sequence,
            newest: theirs.sequence,
            sequence_shift: sequence.wrapping_sub(theirs.sequence),
            timestamp_shift: clock.wrapping_sub(theirs.timestamp),
        });
        if is_before(theirs.sequence, anchor.first) {
            return None;
        }
        if is_before(anchor.newest, theirs.sequence) {
            anchor.newest = theirs.sequence;
        }
        self.anchor = Some(anchor);
        self.last = Some(now);
        let ours = Header {
            payload_type: theirs.payload_type,
            marker: theirs.marker || kept.is_none(),
            sequence: theirs.sequence.wrapping_add(anchor.sequence_shift),
            timestamp: theirs.timestamp.wrapping_add(anchor.timestamp_shift),
            ssrc: pacer.ssrc(),
        };
        pacer.note(ours, samples);
        Some(ours)
    }

    /// A packet of theirs is not passed on, and shall not look lost.
    pub fn omit(&mut self, theirs: Header) {
        let Some(anchor) = &mut self.anchor else { return };
        if anchor.ssrc == theirs.ssrc && is_before(anchor.newest, theirs.sequence) {
            anchor.newest = theirs.sequence;
            anchor.first = theirs.sequence.wrapping_add(1);
            anchor.sequence_shift = anchor.sequence_shift.wrapping_sub(1);
        }
    }

    /// Whether relayed packets are filling our stream at `now`, so that the pacer
    /// must stay silent.
    pub fn is_flowing(&self, now: Moment) -> bool {
        self.last.is_some_and(|last| now.since(last) < FRESH)
    }

    /// The pacer has spoken in between: the next packet is fitted in anew.
    pub fn interrupt(&mut self) {
        *self = Self::default();
    }
}

impl Anchor {
    fn holds(&self, theirs: Header, clock: u32) -> bool {
        let jump = theirs.sequence.wrapping_sub(self.newest);
        let ours = theirs.timestamp.wrapping_add(self.timestamp_shift);
        let ahead = ours.wrapping_sub(clock);
        let behind = clock.wrapping_sub(ours);
        self.ssrc == theirs.ssrc
            && !(DROPOUT..=u16::MAX - DROPOUT).contains(&jump)
            && ahead.min(behind) <= STRAY
    }
}

/// Whether `a` comes before `b` on the wrapping circle.
fn is_before(a: u16, b: u16) -> bool {
    a != b && b.wrapping_sub(a) < 1 << 15
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: u64) -> Moment {
        Moment::after_start(Duration::from_millis(ms))
    }

    fn theirs(sequence: u16, timestamp: u32) -> Header {
        Header { payload_type: 8, marker: false, sequence, timestamp, ssrc: 5 }
    }

    #[test]
    fn our_stream_goes_on_without_a_break_into_the_relay_and_out_of_it() {
        let mut pacer = Pacer::new(1 << 40 | 65_530, at(0), 20);
        let mut relay = Relay::default();
        let mut sent = vec![pacer.take(8), pacer.take(8)];
        for nth in 0..10_u16 {
            let header = theirs(65_535_u16.wrapping_add(nth), 77 + u32::from(nth) * 160);
            let now = at(33 + u64::from(nth) * 20);
            sent.push(relay.restamp(header, 160, &mut pacer, now).unwrap());
            pacer.skip();
        }
        relay.interrupt();
        sent.push(pacer.take(8));
        for pair in sent.windows(2) {
            assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
            assert_eq!(pair[1].timestamp, pair[0].timestamp.wrapping_add(160));
            assert_eq!(pair[1].ssrc, pair[0].ssrc);
        }
    }

    #[test]
    fn loss_and_disorder_stay_as_they_came() {
        let mut pacer = Pacer::new(3, at(0), 20);
        let mut relay = Relay::default();
        let mut pass = |sequence: u16| {
            relay
                .restamp(theirs(sequence, u32::from(sequence) * 160), 160, &mut pacer, at(5))
                .map(|header| header.sequence)
        };
        let first = pass(10).unwrap();
        assert_eq!(pass(12), Some(first + 2));
        assert_eq!(pass(11), Some(first + 1));
        assert_eq!(pass(9), None, "from before the relay began");
    }

    #[test]
    fn a_new_ssrc_or_a_leap_in_time_is_fitted_in_anew() {
        let mut pacer = Pacer::new(3, at(0), 20);
        let mut relay = Relay::default();
        let first = relay.restamp(theirs(10, 1000), 160, &mut pacer, at(0)).unwrap();
        let leap = relay.restamp(theirs(11, 9_000_000), 160, &mut pacer, at(20)).unwrap();
        let other = Header { ssrc: 6, ..theirs(4000, 3) };
        let other = relay.restamp(other, 160, &mut pacer, at(40)).unwrap();
        assert!(leap.marker && other.marker);
        assert_eq!(leap.sequence, first.sequence.wrapping_add(1));
        assert_eq!(other.sequence, first.sequence.wrapping_add(2));
        assert_eq!(other.timestamp, first.timestamp.wrapping_add(320));
    }

    #[test]
    fn an_omitted_packet_does_not_look_lost() {
        let mut pacer = Pacer::new(3, at(0), 20);
        let mut relay = Relay::default();
        let first = relay.restamp(theirs(10, 1000), 160, &mut pacer, at(0)).unwrap();
        relay.omit(theirs(11, 1160));
        let next = relay.restamp(theirs(12, 1320), 160, &mut pacer, at(40)).unwrap();
        assert_eq!(next.sequence, first.sequence.wrapping_add(1));
        assert_eq!(next.timestamp, first.timestamp.wrapping_add(320));
    }

    #[test]
    fn a_sequence_and_a_timestamp_that_wrap_go_on_as_one_stream() {
        let mut pacer = Pacer::new(u64::MAX, at(0), 20);
        let mut relay = Relay::default();
        let mut last: Option<Header> = None;
        for nth in 0..8_u16 {
            let header = theirs(
                65_532_u16.wrapping_add(nth),
                (u32::MAX - 479).wrapping_add(u32::from(nth) * 160),
            );
            let ours = relay.restamp(header, 160, &mut pacer, at(u64::from(nth) * 20)).unwrap();
            if let Some(last) = last {
                assert_eq!(ours.sequence, last.sequence.wrapping_add(1));
                assert_eq!(ours.timestamp, last.timestamp.wrapping_add(160));
                assert!(!ours.marker);
            }
            last = Some(ours);
        }
    }

    proptest! {
        /// Whatever numbers a party writes into its packets, our stream stays ours: one
        /// SSRC, timestamps near our clock, no leap of the sequence.
        #[test]
        fn no_numbers_can_tear_our_stream(
            packets in prop::collection::vec(
                (any::<u16>(), any::<u32>(), 0_u32..3, 0_u64..40, 0_usize..1600), 1..200),
            near in any::<bool>(),
        ) {
            let mut pacer = Pacer::new(77 << 32, at(0), 20);
            let mut relay = Relay::default();
            let mut now = 0;
            for (nth, (sequence, timestamp, ssrc, passed, samples)) in packets.iter().enumerate() {
                now += passed;
                // Half of the runs stay near a stream that could be real.
                let (sequence, timestamp) = if near {
                    (nth as u16 + sequence % 8, nth as u32 * 160 + timestamp % 800)
                } else {
                    (*sequence, *timestamp)
                };
                let header = Header { ssrc: *ssrc, ..theirs(sequence, timestamp) };
                pacer.catch_up(at(now));
                let (upcoming, clock) = pacer.upcoming(at(now));
                if let Some(ours) = relay.restamp(header, *samples, &mut pacer, at(now)) {
                    prop_assert_eq!(ours.ssrc, pacer.ssrc());
                    let ahead = ours.timestamp.wrapping_sub(clock);
                    prop_assert!(ahead.min(ahead.wrapping_neg()) <= STRAY);
                    let leap = ours.sequence.wrapping_sub(upcoming);
                    prop_assert!(leap.min(leap.wrapping_neg()) <= 2 * DROPOUT, "{}", leap);
                }
            }
        }
    }
}
