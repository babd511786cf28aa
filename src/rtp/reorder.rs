//! Puts packets back in their order for whoever decodes them: recordings, keys as tones.
//!
//! The relay uses none of it: a conversation pays for waiting with delay.
//!
//! Law: what is given out has rising sequence numbers, each once, and nothing waits for a
//! packet that is lost longer than [`PATIENCE`] or [`WAITING`] packets.

use std::time::Duration;

use crate::words::{Codec, Moment};

use super::packet::{Header, Packet};

/// Packets that may wait for one before them.
const WAITING: usize = 4;
/// How long they may, once another packet comes.
const PATIENCE: Duration = Duration::from_millis(60);
/// The longest packet that may wait, bytes: 60 ms. Longer ones are given out as they come.
const LONGEST: usize = 480;
/// How far back a packet is late; from further back it is a new beginning (RFC 3550 A.1).
const MISORDER: u16 = 100;

/// One stream's packets on their way to a decoder.
#[derive(Clone, Debug, Default)]
pub struct Reorder {
    next: Option<Next>,
    held: [Option<Held>; WAITING],
}

#[derive(Clone, Copy, Debug)]
struct Next {
    ssrc: u32,
    sequence: u16,
}

#[derive(Clone, Debug)]
struct Held {
    codec: Codec,
    header: Header,
    length: usize,
    bytes: [u8; LONGEST],
    since: Moment,
}

impl Reorder {
    /// Takes a packet as it came; gives out what is in order now. A packet that holds no
    /// sound (a key, comfort noise) comes with an empty payload, so that it is not missed.
    pub fn take(
        &mut self,
        codec: Codec,
        packet: &Packet<'_>,
        now: Moment,
        mut give: impl FnMut(Codec, &Packet<'_>),
    ) {
        let header = packet.header;
        let ahead = self
            .next
            .filter(|next| next.ssrc == header.ssrc)
            .map(|next| header.sequence.wrapping_sub(next.sequence));
        match ahead {
            Some(0) => {}
            // Late, or a copy; what would have had to wait for it is long given out.
            Some(behind) if behind > u16::MAX - MISORDER => return,
            Some(ahead) if usize::from(ahead) <= WAITING && packet.payload.len() <= LONGEST => {
                self.hold(codec, packet, now);
                self.release(now, &mut give);
                return;
            }
            // A long gap, a new beginning, another source: nothing is waited for.
            Some(_) | None => self.flush(&mut give),
        }
        give(codec, packet);
        self.next = Some(Next { ssrc: header.ssrc, sequence: header.sequence.wrapping_add(1) });
        self.release(now, &mut give);
    }

    /// Gives out all that waits: no more will come.
    pub fn flush(&mut self, mut give: impl FnMut(Codec, &Packet<'_>)) {
        while let Some(place) = self.earliest() {
            self.give_out(place, &mut give);
        }
    }

    fn hold(&mut self, codec: Codec, packet: &Packet<'_>, now: Moment) {
        let (header, length) = (packet.header, packet.payload.len());
        let known = |held: &Held| held.header.sequence == header.sequence;
        if self.held.iter().flatten().any(known) {
            return;
        }
        // No more than WAITING sequence numbers are held: there is a free place.
        let Some(free) = self.held.iter_mut().find(|held| held.is_none()) else { return };
        let mut bytes = [0; LONGEST];
        bytes[..length].copy_from_slice(packet.payload);
        *free = Some(Held { codec, header, length, bytes, since: now });
    }

    /// Gives out what is in order, and what has waited long enough.
    fn release(&mut self, now: Moment, give: &mut impl FnMut(Codec, &Packet<'_>)) {
        while let (Some(next), Some(place)) = (self.next, self.earliest()) {
            let full = self.held.iter().all(Option::is_some);
            let waited = self.held.iter().flatten().any(|held| now.since(held.since) >= PATIENCE);
            let due = self.held[place].as_ref().map(|held| held.header.sequence);
            if due != Some(next.sequence) && !full && !waited {
                return;
            }
            self.give_out(place, give);
        }
    }

    /// Which place holds the packet that comes first.
    fn earliest(&self) -> Option<usize> {
        let next = self.next?;
        let held = self.held.iter().enumerate();
        held.filter_map(|(place, held)| {
            Some((held.as_ref()?.header.sequence.wrapping_sub(next.sequence), place))
        })
        .min()
        .map(|(_, place)| place)
    }

    fn give_out(&mut self, place: usize, give: &mut impl FnMut(Codec, &Packet<'_>)) {
        let Some(held) = self.held.get_mut(place).and_then(Option::take) else { return };
        give(held.codec, &Packet { header: held.header, payload: &held.bytes[..held.length] });
        let sequence = held.header.sequence.wrapping_add(1);
        self.next = Some(Next { ssrc: held.header.ssrc, sequence });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: u64) -> Moment {
        Moment::after_start(Duration::from_millis(ms))
    }

    /// Sequence numbers as they come, one every 20 ms; as they are given out.
    fn given(come: &[u16]) -> Vec<u16> {
        let mut reorder = Reorder::default();
        let mut given = Vec::new();
        for (nth, sequence) in come.iter().enumerate() {
            let header = header(1, *sequence);
            let payload = [*sequence as u8; 160];
            let packet = Packet { header, payload: &payload };
            reorder.take(Codec::PCMA, &packet, at(nth as u64 * 20), |_, packet| {
                assert!(packet.payload.iter().all(|b| *b == packet.header.sequence as u8));
                given.push(packet.header.sequence);
            });
        }
        reorder.flush(|_, packet| given.push(packet.header.sequence));
        given
    }

    fn header(ssrc: u32, sequence: u16) -> Header {
        Header { payload_type: 8, marker: false, sequence, timestamp: 0, ssrc }
    }

    #[test]
    fn packets_come_out_in_order_each_once() {
        for (come, out) in [
            (&[1, 2, 3][..], &[1, 2, 3][..]),
            (&[1, 3, 2, 4], &[1, 2, 3, 4]),
            (&[1, 4, 3, 2, 5], &[1, 2, 3, 4, 5]),
            (&[1, 1, 2, 2, 1, 3], &[1, 2, 3]),
            (&[1, 3, 3, 2, 2, 4], &[1, 2, 3, 4]),
            (&[65_535, 1, 0, 2], &[65_535, 0, 1, 2]),
            // One is lost: those after it wait, then go on without it.
            (&[1, 3, 4, 5, 6, 7], &[1, 3, 4, 5, 6, 7]),
            (&[1, 3], &[1, 3]),
            // It comes after it was given up.
            (&[1, 3, 4, 5, 6, 7, 2, 8], &[1, 3, 4, 5, 6, 7, 8]),
            // A long gap is not waited for.
            (&[1, 40, 41], &[1, 40, 41]),
            (&[1, 30_000, 30_001], &[1, 30_000, 30_001]),
        ] {
            assert_eq!(given(come), out, "{come:?}");
        }
    }

    #[test]
    fn nothing_waits_longer_than_sixty_milliseconds_of_packets() {
        let mut reorder = Reorder::default();
        let mut out = Vec::new();
        for (sequence, ms) in [(1, 0), (3, 20), (4, 40), (5, 79), (6, 80)] {
            let packet = Packet { header: header(1, sequence), payload: &[0; 160] };
            reorder.take(Codec::PCMA, &packet, at(ms), |_, p| out.push(p.header.sequence));
            assert_eq!(out.len(), if ms < 80 { 1 } else { 5 }, "at {ms}: {out:?}");
        }
        assert_eq!(out, [1, 3, 4, 5, 6]);
    }

    #[test]
    fn another_source_and_a_long_packet_wait_for_nobody() {
        let mut reorder = Reorder::default();
        let mut out = Vec::new();
        let long = [0; 1000];
        for (ssrc, sequence, length) in [(1, 1, 160), (1, 3, 160), (2, 90, 160), (2, 92, 1000)] {
            let packet = Packet { header: header(ssrc, sequence), payload: &long[..length] };
            reorder.take(Codec::PCMA, &packet, at(0), |_, p| out.push(p.header.sequence));
        }
        assert_eq!(out, [1, 3, 90, 92]);
    }

    proptest! {
        #[test]
        fn whatever_comes_goes_out_rising_and_once(
            start in any::<u16>(),
            jumbled in prop::collection::vec((0_u16..12, 0_u8..10), 1..200),
        ) {
            let come: Vec<u16> = (0..)
                .zip(&jumbled)
                .filter(|(_, (_, fate))| *fate != 0)
                .map(|(nth, (late, _)): (u16, _)| start.wrapping_add(nth.saturating_sub(*late)))
                .collect();
            let out = given(&come);
            for pair in out.windows(2) {
                let step = pair[1].wrapping_sub(pair[0]);
                prop_assert!((1..100).contains(&step), "{pair:?}");
            }
            prop_assert!(out.iter().all(|sequence| come.contains(sequence)));
        }
    }
}
