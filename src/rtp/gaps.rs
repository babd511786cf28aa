//! Where a packet's samples stand in a recording: after how much silence.

use std::time::Duration;

use crate::words::Moment;

use super::pacer::SAMPLE_RATE;
use super::packet::Header;

/// How far timestamps may run ahead of the clock before the clock is believed.
const TOLERANCE: u64 = SAMPLE_RATE as u64 / 2;

/// Follows the timestamps of one received stream.
#[derive(Clone, Debug, Default)]
pub struct Gaps {
    last: Option<Last>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    ssrc: u32,
    /// The timestamp after the last sample written.
    end: u32,
    at: Moment,
}

/// What to do with a packet's samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Write this many samples of silence, then them.
    After(usize),
    /// Their place is already written: a copy, or too late.
    Past,
}

impl Gaps {
    /// Places a packet of `samples` samples.
    ///
    /// The silence is what the timestamps say as long as that is about the time that
    /// has really passed (packets may come in a bunch), else the time that passed: no
    /// packet can blow a recording up.
    pub fn place(&mut self, header: Header, samples: usize, now: Moment) -> Place {
        let end = header.timestamp.wrapping_add(samples as u32);
        let next = Last { ssrc: header.ssrc, end, at: now };
        let Some(last) = self.last else {
            self.last = Some(next);
            return Place::After(0);
        };
        let passed = samples_in(now.since(last.at));
        let gap = u64::from(header.timestamp.wrapping_sub(last.end));
        let back = u64::from(last.end.wrapping_sub(header.timestamp));
        let silence = if last.ssrc == header.ssrc && gap <= passed + TOLERANCE {
            gap
        } else if last.ssrc == header.ssrc && back <= TOLERANCE {
            return Place::Past;
        } else {
            passed.saturating_sub(samples as u64)
        };
        self.last = Some(next);
        Place::After(usize::try_from(silence).unwrap_or(usize::MAX))
    }
}

fn samples_in(span: Duration) -> u64 {
    span.as_millis() as u64 * u64::from(SAMPLE_RATE) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Moment {
        Moment::after_start(Duration::from_millis(ms))
    }

    fn header(ssrc: u32, timestamp: u32) -> Header {
        Header { payload_type: 8, marker: false, sequence: 0, timestamp, ssrc }
    }

    #[test]
    fn a_pause_becomes_the_silence_its_timestamps_say() {
        let mut gaps = Gaps::default();
        assert_eq!(gaps.place(header(1, u32::MAX - 159), 160, at(0)), Place::After(0));
        assert_eq!(gaps.place(header(1, 0), 160, at(20)), Place::After(0));
        assert_eq!(gaps.place(header(1, 8160), 160, at(1040)), Place::After(8000));
    }

    #[test]
    fn a_bunch_of_late_packets_keeps_its_pauses() {
        let mut gaps = Gaps::default();
        assert_eq!(gaps.place(header(1, 0), 160, at(0)), Place::After(0));
        assert_eq!(gaps.place(header(1, 1760), 160, at(1)), Place::After(1600));
    }

    #[test]
    fn copies_and_stragglers_are_past() {
        let mut gaps = Gaps::default();
        assert_eq!(gaps.place(header(1, 1000), 160, at(0)), Place::After(0));
        assert_eq!(gaps.place(header(1, 1000), 160, at(5)), Place::Past);
        assert_eq!(gaps.place(header(1, 840), 160, at(6)), Place::Past);
    }

    #[test]
    fn no_timestamp_can_blow_a_recording_up() {
        let mut gaps = Gaps::default();
        assert_eq!(gaps.place(header(1, 0), 160, at(0)), Place::After(0));
        assert_eq!(gaps.place(header(1, 1 << 30), 160, at(20)), Place::After(0));
        assert_eq!(gaps.place(header(2, 77), 160, at(1040)), Place::After(8000));
    }
}
