//! Keys pressed, from RFC 4733 telephone-events: each press exactly once.
//!
//! A press is one RTP timestamp: whichever of its packets arrives first reports it,
//! the others (updates, the end sent three times, late ones) are the same press. So
//! are those that a gateway sends on under a new SSRC in the middle of it.

use crate::words::Digit;

use super::packet::Packet;

/// The payload type our own offers give telephone-events.
///
/// A peer that answers our offer with another number still sends with ours
/// (RFC 3264 §6.1), so both are read.
pub const OFFERED_TELEPHONE_EVENT: u8 = 101;

/// Presses remembered, against retransmissions that come late.
const REMEMBERED: usize = 16;

/// RFC 4733 §2.3.3: weaker than −55 dBm0 must not be taken for a key.
const WEAKEST: u8 = 55;

/// Turns the telephone-events of one stream into presses.
#[derive(Clone, Debug, Default)]
pub struct KeyReceiver {
    recent: [Option<Press>; REMEMBERED],
    next: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Press {
    timestamp: u32,
    digit: Digit,
    ended: bool,
}

impl KeyReceiver {
    /// The key this packet says was pressed, when no earlier packet said so.
    ///
    /// Only the first event of a packet counts; codes above 11 (A–D, flash, tones
    /// of fax) and volumes under −55 dBm0 are no keys.
    pub fn receive(&mut self, packet: &Packet<'_>) -> Option<Digit> {
        let &[event, flags, _, _, ..] = packet.payload else { return None };
        let digit = Digit::from_event(event)?;
        if flags & 0x3f > WEAKEST {
            return None;
        }
        let ended = flags & 0x80 != 0;
        let press = Press { timestamp: packet.header.timestamp, digit, ended };
        if let Some(known) = self.recent.iter_mut().flatten().find(|known| known.is(&press)) {
            known.ended |= press.ended;
            return None;
        }
        let held_on = self.recent.iter().flatten().any(|known| known.is_held_on_as(&press));
        self.recent[self.next] = Some(press);
        self.next = (self.next + 1) % REMEMBERED;
        (!held_on).then_some(digit)
    }
}

impl Press {
    fn is(&self, other: &Self) -> bool {
        (self.timestamp, self.digit) == (other.timestamp, other.digit)
    }

    /// RFC 4733 §2.5.1.3: a key held over 8.19 s goes on as a new segment, whose
    /// timestamp is the longest duration after the first.
    fn is_held_on_as(&self, next: &Self) -> bool {
        !self.ended
            && self.digit == next.digit
            && next.timestamp.wrapping_sub(self.timestamp) == 0xffff
    }
}

#[cfg(test)]
mod tests {
    use super::super::packet::Header;
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    struct Sent {
        timestamp: u32,
        payload: [u8; 4],
    }

    fn press(event: u8, timestamp: u32, updates: u16) -> Vec<Sent> {
        let packet = |duration: u16, end: u8| Sent {
            timestamp,
            payload: [event, 10 | end, (duration >> 8) as u8, duration as u8],
        };
        let mut sent: Vec<Sent> = (1..=updates).map(|n| packet(n * 160, 0)).collect();
        sent.extend((0..3).map(|_| packet((updates + 1) * 160, 0x80)));
        sent
    }

    fn receive(receiver: &mut KeyReceiver, sent: &Sent) -> Option<char> {
        let header = Header {
            payload_type: 101,
            marker: false,
            sequence: 0,
            timestamp: sent.timestamp,
            ssrc: 1,
        };
        receiver.receive(&Packet { header, payload: &sent.payload }).map(Digit::as_char)
    }

    fn heard(sent: &[Sent]) -> String {
        let mut receiver = KeyReceiver::default();
        sent.iter().filter_map(|packet| receive(&mut receiver, packet)).collect()
    }

    #[test]
    fn a_press_counts_at_its_first_packet_and_never_again() {
        let sent = press(5, 1000, 4);
        assert_eq!(heard(&sent[..1]), "5");
        assert_eq!(heard(&sent), "5");
        assert_eq!(heard(&sent[6..]), "5", "only the last end packet arrived");
    }

    #[test]
    fn the_same_key_again_counts_twice_even_when_the_first_end_is_lost() {
        let mut sent = press(1, 1000, 4)[..2].to_vec();
        sent.extend(press(1, 3000, 4));
        assert_eq!(heard(&sent), "11");
    }

    #[test]
    fn a_key_held_for_ten_seconds_is_one_press() {
        let mut sent = press(1, 1000, 400)[..400].to_vec();
        sent.extend(press(1, 1000 + 0xffff, 90));
        assert_eq!(heard(&sent), "1");
    }

    #[test]
    fn a_press_that_goes_on_under_another_ssrc_is_one_press() {
        let mut receiver = KeyReceiver::default();
        let mut heard = 0;
        for (nth, sent) in press(4, u32::MAX, 4).iter().enumerate() {
            let header = Header {
                payload_type: 101,
                marker: nth == 0,
                sequence: nth as u16,
                timestamp: sent.timestamp,
                ssrc: if nth < 3 { 1 } else { 2 },
            };
            let packet = Packet { header, payload: &sent.payload };
            heard += usize::from(receiver.receive(&packet).is_some());
        }
        assert_eq!(heard, 1);
    }

    #[test]
    fn star_and_pound_are_keys_letters_and_whispers_are_not() {
        assert_eq!(heard(&press(10, 1, 1)), "*");
        assert_eq!(heard(&press(11, 1, 1)), "#");
        for event in [12, 15, 16, 255] {
            assert_eq!(heard(&press(event, 1, 1)), "");
        }
        let whisper = Sent { timestamp: 1, payload: [1, 60, 0, 160] };
        assert_eq!(heard(&[whisper]), "");
        let mut receiver = KeyReceiver::default();
        let header = Header { payload_type: 101, marker: true, sequence: 1, timestamp: 1, ssrc: 1 };
        assert_eq!(receiver.receive(&Packet { header, payload: &[1, 10, 0] }), None);
    }

    proptest! {
        /// Whatever a line does to the packets, presses come once each, and in order
        /// as long as packets are not moved past whole presses.
        #[test]
        fn each_press_comes_once_through_loss_copies_and_disorder(
            keys in prop::collection::vec(0_u8..12, 1..30),
            fates in prop::collection::vec((0_u8..10, 0_usize..6), 400),
            start in any::<u32>(),
        ) {
            let mut fates = fates.into_iter().cycle();
            let mut line: Vec<(usize, Sent)> = Vec::new();
            let mut sent_at = 0;
            for (nth, key) in keys.iter().enumerate() {
                let timestamp = start.wrapping_add(nth as u32 * 1600);
                let mut survivors = 0;
                let packets = press(*key, timestamp, 4);
                let last = packets.len() - 1;
                for (place, packet) in packets.into_iter().enumerate() {
                    sent_at += 1;
                    let (fate, delay) = fates.next().unwrap();
                    // A press all of whose packets are lost was never pressed for us.
                    if fate < 4 && !(place == last && survivors == 0) {
                        continue;
                    }
                    survivors += 1;
                    line.push((sent_at + delay, packet.clone()));
                    if fate == 9 {
                        line.push((sent_at + delay + 3, packet));
                    }
                }
            }
            line.sort_by_key(|(arrival, _)| *arrival);
            let arrived: Vec<Sent> = line.into_iter().map(|(_, packet)| packet).collect();
            let mut heard: Vec<char> = heard(&arrived).chars().collect();
            let mut pressed: Vec<char> =
                keys.iter().map(|key| Digit::from_event(*key).unwrap().as_char()).collect();
            heard.sort_unstable();
            pressed.sort_unstable();
            prop_assert_eq!(heard, pressed);
        }
    }
}
