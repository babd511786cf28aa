use std::time::Duration;

use super::*;
use proptest::prelude::*;

fn at(ms: u64) -> Moment {
    Moment::after_start(Duration::from_millis(ms))
}

fn header(ssrc: u32, sequence: u16, timestamp: u32) -> Header {
    Header { payload_type: 8, marker: false, sequence, timestamp, ssrc }
}

/// A stream of packets of 20 ms: of which sequence, and when each came.
fn quality(packets: &[(u16, u64)]) -> SoundQuality {
    let mut reception = Reception::default();
    for (sequence, ms) in packets {
        let timestamp = u32::from(*sequence) * 160;
        reception.hear(header(1, *sequence, timestamp), Timing::Spoken, at(*ms));
    }
    reception.quality().unwrap()
}

#[test]
fn every_tenth_packet_lost_is_ten_percent() {
    let packets: Vec<_> =
        (0..1000).filter(|n| n % 10 != 5).map(|n| (n, u64::from(n) * 20)).collect();
    assert_eq!(quality(&packets), SoundQuality { loss_permille: 100, jitter_ms: 0 });
}

#[test]
fn copies_and_disorder_are_no_loss() {
    let packets = [(0, 0), (2, 20), (1, 21), (3, 60), (3, 61), (4, 80)];
    assert_eq!(quality(&packets).loss_permille, 0);
}

#[test]
fn packets_that_come_ten_milliseconds_early_or_late_have_a_jitter_of_ten() {
    // Alternately 5 ms late and 5 ms early: each interval is 10 ms from what it should be.
    let packets: Vec<_> =
        (0..500_u16).map(|n| (n, 5 + u64::from(n) * 20 - u64::from(n % 2) * 5)).collect();
    let jitter = quality(&packets).jitter_ms;
    assert!((4..=5).contains(&jitter), "{jitter}");
    let packets: Vec<_> =
        (0..500_u16).map(|n| (n, 10 + u64::from(n) * 20 - u64::from(n % 2) * 10)).collect();
    let jitter = quality(&packets).jitter_ms;
    assert!((9..=10).contains(&jitter), "{jitter}");
}

#[test]
fn a_sequence_that_wraps_counts_on() {
    let mut reception = Reception::default();
    for nth in 0..200_u16 {
        let sequence = 65_500_u16.wrapping_add(nth);
        reception.hear(header(1, sequence, u32::from(nth) * 160), Timing::Spoken, at(0));
    }
    let block = reception.report().unwrap();
    assert_eq!((block.lost, block.fraction_lost, block.highest), (0, 0, 65_536 + 163));
}

#[test]
fn the_fraction_is_that_since_the_last_report() {
    let mut reception = Reception::default();
    for sequence in (0..100).filter(|n| n % 2 == 0) {
        reception.hear(header(1, sequence, 0), Timing::Untold, at(0));
    }
    let first = reception.report().unwrap();
    assert_eq!((first.lost, first.fraction_lost), (49, 126), "49 of 99");
    for sequence in 99..199 {
        reception.hear(header(1, sequence, 0), Timing::Untold, at(0));
    }
    let second = reception.report().unwrap();
    assert_eq!((second.lost, second.fraction_lost), (49, 0));
}

#[test]
fn another_ssrc_or_a_sender_that_began_anew_loses_nothing() {
    let mut reception = Reception::default();
    let mut hear = |ssrc, sequence| {
        reception.hear(header(ssrc, sequence, 0), Timing::Untold, at(0));
        reception.quality().unwrap().loss_permille
    };
    for sequence in 0..10 {
        hear(1, sequence);
    }
    assert_eq!(hear(2, 40_000), 0);
    assert_eq!(hear(2, 40_001), 0);
    assert_eq!(hear(2, 9), 0, "one stray packet does not count");
    assert_eq!(hear(2, 40_002), 0);
    for sequence in 100..110 {
        assert!(hear(2, sequence) <= 60, "at most the one that was not believed");
    }
}

#[test]
fn keys_have_no_jitter() {
    let mut reception = Reception::default();
    for nth in 0..50 {
        reception.hear(header(1, nth, 8000), Timing::Untold, at(u64::from(nth) * 20));
    }
    assert_eq!(reception.quality().unwrap().jitter_ms, 0);
}

proptest! {
    #[test]
    fn no_numbers_make_the_loss_negative_or_more_than_all(
        packets in prop::collection::vec((0_u32..3, any::<u16>(), any::<u32>(), 0_u64..50), 1..300),
    ) {
        let mut reception = Reception::default();
        let mut now = 0;
        for (ssrc, sequence, timestamp, passed) in packets {
            now += passed;
            reception.hear(header(ssrc, sequence, timestamp), Timing::Spoken, at(now));
            prop_assert!(reception.report().is_some());
            prop_assert!(reception.quality().unwrap().loss_permille <= 1000);
        }
    }
}
