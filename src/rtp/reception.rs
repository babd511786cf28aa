//! How well a stream arrives: packets lost, and the jitter of those that came.
//!
//! It holds no packet and drops none. The reckoning is that of RFC 3550 (§6.4.1, A.1,
//! A.3, A.8); a new SSRC goes on with the counts of the one before.
//!
//! Law: no numbers in a packet can make the loss negative or above the whole.

use crate::words::{Moment, SoundQuality};

use super::pacer::SAMPLE_RATE;
use super::packet::Header;
use super::rtcp::Block;

/// A leap of the sequence number this long is no loss: the sender began anew (A.1).
const DROPOUT: u16 = 3000;
/// How far back a packet may be late (A.1).
const MISORDER: u16 = 100;

/// Counts of one received stream.
#[derive(Clone, Debug, Default)]
pub struct Reception {
    current: Option<Sequence>,
    /// Of the sources and sequences before the current one.
    before: Counts,
    /// At the last report.
    reported: Counts,
    transit: Option<u32>,
    /// RFC 3550's estimate, in sixteenths of a sample.
    jitter: u32,
    /// The sum of the estimate after each packet that has one, and how many those are.
    jitters: (u64, u64),
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    expected: u64,
    received: u64,
}

#[derive(Clone, Copy, Debug)]
struct Sequence {
    ssrc: u32,
    base: u16,
    newest: u16,
    cycles: u32,
    received: u64,
    /// What would come next after a leap.
    after_leap: Option<u16>,
}

/// Whether a packet's timestamp tells when it was spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// Sound: it does.
    Spoken,
    /// A key's timestamp is that of its beginning: it tells nothing.
    Untold,
}

impl Reception {
    /// Counts a packet that came at `now`.
    pub fn hear(&mut self, header: Header, timing: Timing, now: Moment) {
        let same = self.current.as_mut().filter(|current| current.ssrc == header.ssrc);
        let counted = same.map(|current| current.count(header.sequence));
        match counted {
            Some(Counted::Yes) => {}
            Some(Counted::Not) => return,
            Some(Counted::Anew) | None => self.begin(header),
        }
        match timing {
            Timing::Spoken => self.measure(header.timestamp, now),
            Timing::Untold => {}
        }
    }

    /// What a report says of this stream; the fraction is that since the last one.
    pub fn report(&mut self) -> Option<Block> {
        let current = self.current?;
        let total = self.total();
        let expected = total.expected.saturating_sub(self.reported.expected);
        let received = total.received.saturating_sub(self.reported.received);
        let lost = expected.saturating_sub(received);
        self.reported = total;
        let fraction = (lost * 256).checked_div(expected).unwrap_or(0).min(255);
        // A signed number of 24 bits; more came than were sent when some came twice.
        let lost = i64::try_from(total.expected).unwrap_or(i64::MAX)
            - i64::try_from(total.received).unwrap_or(i64::MAX);
        Some(Block {
            ssrc: current.ssrc,
            fraction_lost: fraction as u8,
            lost: lost.clamp(-0x80_0000, 0x7f_ffff) as i32,
            highest: current.highest(),
            jitter: self.jitter >> 4,
            last_report: 0,
            delay: 0,
        })
    }

    /// The whole stream: what was lost of it, and its mean jitter; `None` before the
    /// first packet.
    pub fn quality(&self) -> Option<SoundQuality> {
        let total = self.total();
        let lost = total.expected.saturating_sub(total.received);
        let loss = (lost * 1000).checked_div(total.expected)?;
        let (sum, packets) = self.jitters;
        let jitter = sum.checked_div(packets).unwrap_or(0) >> 4;
        Some(SoundQuality::new(loss, jitter * 1000 / u64::from(SAMPLE_RATE)))
    }

    fn begin(&mut self, header: Header) {
        self.before = self.total();
        self.transit = None;
        self.jitter = 0;
        self.current = Some(Sequence {
            ssrc: header.ssrc,
            base: header.sequence,
            newest: header.sequence,
            cycles: 0,
            received: 1,
            after_leap: None,
        });
    }

    fn total(&self) -> Counts {
        let current = self.current.map_or_else(Counts::default, |current| Counts {
            expected: current.expected(),
            received: current.received,
        });
        Counts {
            expected: self.before.expected + current.expected,
            received: self.before.received + current.received,
        }
    }

    /// A.8, in sixteenths of a sample.
    fn measure(&mut self, timestamp: u32, now: Moment) {
        let arrival = now.since_start().as_micros() * u128::from(SAMPLE_RATE) / 1_000_000;
        let transit = (arrival as u32).wrapping_sub(timestamp);
        let Some(before) = self.transit.replace(transit) else { return };
        let moved = transit.wrapping_sub(before);
        let moved = moved.min(moved.wrapping_neg());
        // A timestamp that leaps says nothing of the way here.
        if moved > SAMPLE_RATE {
            return;
        }
        self.jitter = self.jitter + moved - ((self.jitter + 8) >> 4);
        self.jitters.0 += u64::from(self.jitter);
        self.jitters.1 += 1;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    Anew,
    Not,
    Yes,
}

impl Sequence {
    fn count(&mut self, sequence: u16) -> Counted {
        let ahead = sequence.wrapping_sub(self.newest);
        if ahead < DROPOUT {
            if sequence < self.newest {
                self.cycles = self.cycles.wrapping_add(1 << 16);
            }
            self.newest = sequence;
        } else if ahead <= u16::MAX - MISORDER {
            // Two in a row from there: it did begin anew.
            let again = self.after_leap == Some(sequence);
            self.after_leap = Some(sequence.wrapping_add(1));
            return if again { Counted::Anew } else { Counted::Not };
        }
        self.received += 1;
        Counted::Yes
    }

    fn highest(&self) -> u32 {
        self.cycles.wrapping_add(u32::from(self.newest))
    }

    fn expected(&self) -> u64 {
        u64::from(self.highest().wrapping_sub(u32::from(self.base))) + 1
    }
}

#[cfg(test)]
#[path = "tests/reception.rs"]
mod tests;
