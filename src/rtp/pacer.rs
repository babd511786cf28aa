//! A sending stream's own clock: when the next packet is due, and its numbers.
//!
//! Slot *n* is due at `start + n · ptime`, computed and never added up, so the
//! clock cannot drift. Every slot advances the timestamp, sent or not (RFC 3550
//! §5.1); only a packet advances the sequence number.

use std::time::Duration;

use crate::words::Moment;

use super::packet::Header;

/// Samples a second of G.711, the RTP clock rate (RFC 3551 §4.5.14).
pub const SAMPLE_RATE: u32 = 8000;

/// How many late packets may leave together.
const BURST: u64 = 3;

/// Numbers and times of one outgoing stream.
#[derive(Clone, Debug)]
pub struct Pacer {
    ssrc: u32,
    sequence: u16,
    /// Timestamp of the next slot.
    timestamp: u32,
    /// First timestamp no packet has used yet.
    unused: u32,
    start: Moment,
    slots: u64,
    ptime_ms: u8,
    marker: bool,
}

impl Pacer {
    /// A stream whose first packet is due at `start`, one every `ptime_ms`
    /// milliseconds (1–60, others are forced in). `seed` gives the SSRC and the
    /// random first numbers RFC 3550 §5.1 asks for.
    pub fn new(seed: u64, start: Moment, ptime_ms: u8) -> Self {
        let timestamp = (seed >> 16) as u32;
        Self {
            ssrc: (seed >> 32) as u32,
            sequence: seed as u16,
            timestamp,
            unused: timestamp,
            start,
            slots: 0,
            ptime_ms: ptime_ms.clamp(1, 60),
            marker: true,
        }
    }

    /// When the next packet is due.
    pub fn due(&self) -> Moment {
        self.start + Duration::from_millis(self.slots * u64::from(self.ptime_ms))
    }

    /// Samples in one packet.
    pub fn samples(&self) -> usize {
        usize::from(self.ptime_ms) * (SAMPLE_RATE as usize / 1000)
    }

    /// Changes the length of the packets that come next.
    pub fn set_ptime(&mut self, ptime_ms: u8) {
        let ptime_ms = ptime_ms.clamp(1, 60);
        if ptime_ms != self.ptime_ms {
            self.start = self.due();
            self.slots = 0;
            self.ptime_ms = ptime_ms;
        }
    }

    /// Gives up the slots so late that sending them would be a burst of more than
    /// three packets: their time passes unsent, no sound is taken for them.
    pub fn catch_up(&mut self, now: Moment) {
        let late = now.since(self.due()).as_millis() as u64 / u64::from(self.ptime_ms);
        for _ in BURST..=late {
            self.skip();
            self.marker = true;
        }
    }

    /// Takes the slot for a packet: its header.
    pub fn take(&mut self, payload_type: u8) -> Header {
        let timestamp = later(self.timestamp, self.unused);
        let header = Header {
            payload_type,
            marker: std::mem::take(&mut self.marker),
            sequence: self.sequence,
            timestamp,
            ssrc: self.ssrc,
        };
        self.sequence = self.sequence.wrapping_add(1);
        self.unused = timestamp.wrapping_add(self.samples() as u32);
        self.skip();
        header
    }

    /// Lets the slot pass without a packet.
    pub fn skip(&mut self) {
        self.timestamp = self.timestamp.wrapping_add(self.samples() as u32);
        self.slots += 1;
    }

    /// The next packet begins a talkspurt (RFC 3551 §4.1).
    pub fn mark(&mut self) {
        self.marker = true;
    }

    /// Numbers for a packet sent out of turn at `now`: sequence and timestamp.
    pub fn upcoming(&self, now: Moment) -> (u16, u32) {
        let ahead = self.due().since(now).as_millis() as u32 * (SAMPLE_RATE / 1000);
        (self.sequence, later(self.timestamp.wrapping_sub(ahead), self.unused))
    }

    /// A packet with these numbers and `samples` samples was sent out of turn.
    pub fn note(&mut self, header: Header, samples: usize) {
        self.sequence = later16(self.sequence, header.sequence.wrapping_add(1));
        self.unused = later(self.unused, header.timestamp.wrapping_add(samples as u32));
    }

    /// Names this stream.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }
}

fn later(a: u32, b: u32) -> u32 {
    if b.wrapping_sub(a) < 1 << 31 { b } else { a }
}

fn later16(a: u16, b: u16) -> u16 {
    if b.wrapping_sub(a) < 1 << 15 { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: u64) -> Moment {
        Moment::after_start(Duration::from_millis(ms))
    }

    #[test]
    fn the_first_packet_is_marked_and_each_next_is_one_on() {
        let mut pacer = Pacer::new(0x1234_5678_ffff_ffff, at(5), 20);
        let first = pacer.take(8);
        let second = pacer.take(8);
        assert!(first.marker && !second.marker);
        assert_eq!(second.sequence, first.sequence.wrapping_add(1));
        assert_eq!(second.timestamp, first.timestamp.wrapping_add(160));
        assert_eq!(pacer.due(), at(45));
    }

    #[test]
    fn a_late_tick_sends_three_packets_at_most_and_tells_the_gap() {
        let mut pacer = Pacer::new(7, at(0), 20);
        let before = pacer.take(8);
        pacer.catch_up(at(500));
        let mut sent = Vec::new();
        while pacer.due() <= at(500) {
            sent.push(pacer.take(8));
        }
        assert_eq!(sent.len(), 3);
        assert!(sent[0].marker);
        assert_eq!(sent[0].sequence, before.sequence.wrapping_add(1));
        assert_eq!(sent[2].timestamp, before.timestamp.wrapping_add(25 * 160));
    }

    #[test]
    fn what_is_sent_out_of_turn_is_never_sent_over() {
        let mut pacer = Pacer::new(99, at(0), 20);
        pacer.take(8);
        let (sequence, timestamp) = pacer.upcoming(at(7));
        let relayed = Header { payload_type: 8, marker: false, sequence, timestamp, ssrc: 0 };
        pacer.note(relayed, 160);
        let next = pacer.take(8);
        assert_eq!(next.sequence, sequence.wrapping_add(1));
        assert_eq!(next.timestamp, timestamp.wrapping_add(160));
    }

    proptest! {
        /// Ten minutes of ticks at any lateness: as many packets as time, each at its time.
        #[test]
        fn the_clock_never_drifts(
            seed in any::<u64>(),
            start in 0_u64..10_000,
            lateness in prop::collection::vec(0_u64..19, 50),
        ) {
            let mut pacer = Pacer::new(seed, at(start), 20);
            let mut first = None;
            for (nth, late) in lateness.iter().cycle().take(30_000).enumerate() {
                let due = start + nth as u64 * 20;
                prop_assert_eq!(pacer.due(), at(due));
                pacer.catch_up(at(due + late));
                let header = pacer.take(8);
                let first = *first.get_or_insert(header);
                prop_assert_eq!(header.sequence, first.sequence.wrapping_add(nth as u16));
                prop_assert_eq!(header.timestamp, first.timestamp.wrapping_add(nth as u32 * 160));
            }
        }
    }
}
