//! A source that was learned in the middle of a call: what it presses waits until it has
//! shown that it is a stream.
//!
//! Who can forge one datagram of a trunk's host must not press a key in a moment of
//! silence. Proof is [`PROOF`] packets in sequence of one SSRC, whatever they hold: the
//! shortest press there is has as many (its beginning, its end three times), so that a
//! party that sends nothing but keys, and whose NAT gave it another port, loses none. More,
//! or sound alone, would lose that key and stop nobody who can forge two datagrams. For the
//! same reason nothing is asked of the first source ever heard of a leg: behind a NAT it is
//! the party, and its first packets may be a key.

use std::net::SocketAddr;

use super::packet::{Header, Packet};

/// Packets in sequence that prove a stream.
const PROOF: u8 = 4;
/// Numbers from one packet to the next that is still in sequence.
const LOST_MAX: u16 = 4;
/// How much a packet may be late and break no sequence.
const LATE_MAX: u16 = 8;

/// How far the sender of a packet is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The SDP named it, it was the first to be heard, or it has proven itself.
    Known,
    /// With this packet it has.
    Proven,
    /// Not yet; a sequence begins with this packet.
    Begins,
    /// Not yet.
    Unproven,
}

/// What a source learned in the middle of a call has shown so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Newcomer {
    pub(super) address: SocketAddr,
    run: u8,
    ssrc: u32,
    sequence: u16,
}

impl Newcomer {
    pub(super) fn at(address: SocketAddr) -> Self {
        Self { address, run: 0, ssrc: 0, sequence: 0 }
    }

    pub(super) fn is_proven(&self) -> bool {
        self.run >= PROOF
    }

    /// Takes a packet of it; how it stands with this one.
    pub(super) fn hear(&mut self, header: Header) -> Standing {
        if self.is_proven() {
            return Standing::Known;
        }
        let ahead = header.sequence.wrapping_sub(self.sequence);
        let goes_on = self.run > 0 && header.ssrc == self.ssrc;
        if goes_on && ahead.wrapping_neg() <= LATE_MAX {
            // A copy, or a late one: no proof, and no reason to doubt.
            return Standing::Unproven;
        }
        let goes_on = goes_on && ahead <= LOST_MAX;
        self.run = if goes_on { self.run + 1 } else { 1 };
        (self.ssrc, self.sequence) = (header.ssrc, header.sequence);
        match self.run {
            1 => Standing::Begins,
            PROOF.. => Standing::Proven,
            _ => Standing::Unproven,
        }
    }
}

/// Keys of a newcomer, until it is known.
#[derive(Clone, Debug, Default)]
pub struct HeldKeys {
    packets: [Option<(Header, [u8; 4])>; PROOF as usize - 1],
}

impl HeldKeys {
    /// Forgets what it holds.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Holds the event of a packet back; beyond what a proof takes, copies are let go.
    pub fn hold(&mut self, packet: &Packet<'_>) {
        let Some(event) = packet.payload.first_chunk() else { return };
        if let Some(place) = self.packets.iter_mut().find(|place| place.is_none()) {
            *place = Some((packet.header, *event));
        }
    }

    /// Gives back what it held, in the order in which it came.
    pub fn release(&mut self) -> impl Iterator<Item = (Header, [u8; 4])> + use<> {
        std::mem::take(&mut self.packets).into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of packets of these SSRC and numbers, a letter each.
    fn standings(packets: &[(u32, u16)]) -> String {
        let mut newcomer = Newcomer::at("192.0.2.9:4000".parse().unwrap());
        let standing = |(ssrc, sequence): &(u32, u16)| {
            let (marker, timestamp) = (false, 0);
            let header =
                Header { payload_type: 8, marker, sequence: *sequence, timestamp, ssrc: *ssrc };
            match newcomer.hear(header) {
                Standing::Known => 'k',
                Standing::Proven => 'P',
                Standing::Begins => 'b',
                Standing::Unproven => 'u',
            }
        };
        packets.iter().map(standing).collect()
    }

    #[test]
    fn four_packets_in_sequence_prove_a_source_copies_and_other_streams_do_not() {
        let of = |numbers: &[u16]| {
            standings(&numbers.iter().map(|number| (7, *number)).collect::<Vec<_>>())
        };
        assert_eq!(of(&[65_534, 65_535, 0, 1, 2, 900]), "buuPkk");
        assert_eq!(of(&[5, 5, 5, 5, 5, 5]), "buuuuu", "a copy is no proof");
        assert_eq!(of(&[5, 7, 6, 8, 12]), "buuuP", "nor are late ones, but they break nothing");
        assert_eq!(of(&[5, 6, 7, 500, 501, 502, 503]), "buubuuP");
        assert_eq!(of(&[5, 10, 15, 20, 25]), "bbbbb");
        assert_eq!(standings(&[(1, 5), (1, 6), (1, 7), (2, 8), (1, 9)]), "buubb");
    }
}
