//! Keys pressed, from RFC 4733 telephone-events: each press exactly once.
//!
//! A press is one RTP timestamp: whichever of its packets arrives first reports it,
//! the others (updates, the end sent three times, late ones) are the same press. So
//! are those that a gateway sends on under a new SSRC in the middle of it.
//!
//! Some gateways and borders give every packet of a press another timestamp. Those are
//! one press, too, where their numbers, durations and ends leave no room for another
//! ([`Heard::goes_on_as`]).

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
/// The longest duration a packet can tell, samples: a key held longer begins a segment.
const LONGEST: u32 = 0xffff;
/// Beyond this duration the next update may begin a segment: four packets of 60 ms less.
const NEARLY_LONGEST: u16 = 0xffff - 4 * 480;
/// The shortest pause between two keys, samples: 40 ms (ITU-T Q.24 table A-1).
const PAUSE: u32 = 320;
/// No two presses begin closer than this, samples: the shortest is as long as its pause.
const APART: u32 = 2 * PAUSE;
/// A packet of sound, samples: 20 ms, in which updates come as a rule.
const PACKET: u32 = 160;
/// Numbers from one packet of a press to the next that is heard: what is between is lost.
const LOST_MAX: u16 = 7;
/// Within so many numbers three ends and a marker cannot have been lost.
const ENDS: u16 = 4;
/// Within so many numbers a whole press cannot have ended and another begun unheard.
const TOO_FEW: u16 = 2;

/// Turns the telephone-events of one stream into presses.
#[derive(Clone, Debug, Default)]
pub struct KeyReceiver {
    recent: [Option<Press>; REMEMBERED],
    next: usize,
}

/// What was heard of a press: the packets with the lowest and the highest number.
#[derive(Clone, Copy, Debug)]
struct Press {
    first: Heard,
    last: Heard,
}

/// One packet, as far as it tells presses apart.
#[derive(Clone, Copy, Debug)]
struct Heard {
    digit: Digit,
    marker: bool,
    sequence: u16,
    timestamp: u32,
    /// How long the key is down so far, samples.
    duration: u16,
    /// The key is up (E), in this packet or one before it.
    ended: bool,
}

impl KeyReceiver {
    /// The key this packet says was pressed, when no earlier packet said so.
    ///
    /// Only the first event of a packet counts; codes above 11 (A–D, flash, tones
    /// of fax) and volumes under −55 dBm0 are no keys.
    pub fn receive(&mut self, packet: &Packet<'_>) -> Option<Digit> {
        let heard = Heard::read(packet)?;
        let place = |is: fn(&Press, &Heard) -> bool| {
            self.recent.iter().position(|press| press.is_some_and(|press| is(&press, &heard)))
        };
        let place = place(Press::holds).or_else(|| place(Press::reaches));
        if let Some(press) = place.and_then(|place| self.recent[place].as_mut()) {
            press.take(heard);
            return None;
        }
        self.recent[self.next] = Some(Press { first: heard, last: heard });
        self.next = (self.next + 1) % REMEMBERED;
        Some(heard.digit)
    }
}

impl Press {
    /// Whether this packet is surely one of it: of a timestamp that was heard, or between
    /// two packets that were.
    fn holds(&self, heard: &Heard) -> bool {
        let Self { first, last } = self;
        let timestamp = heard.timestamp;
        let within = first.is_not_after(heard)
            && heard.is_not_after(last)
            && timestamp.wrapping_sub(first.timestamp)
                <= last.timestamp.wrapping_sub(first.timestamp);
        first.digit == heard.digit
            && (timestamp == first.timestamp || timestamp == last.timestamp || within)
    }

    /// Whether it goes on with this packet, or began with it.
    fn reaches(&self, heard: &Heard) -> bool {
        self.last.goes_on_as(heard) || heard.goes_on_as(&self.first)
    }

    fn take(&mut self, heard: Heard) {
        if !heard.is_not_after(&self.last) {
            self.last = Heard { ended: self.last.ended || heard.ended, ..heard };
        } else if !self.first.is_not_after(&heard) {
            self.first = heard;
        }
    }
}

impl Heard {
    fn read(packet: &Packet<'_>) -> Option<Self> {
        let &[event, flags, high, low, ..] = packet.payload else { return None };
        let digit = Digit::from_event(event).filter(|_| flags & 0x3f <= WEAKEST)?;
        let header = packet.header;
        Some(Self {
            digit,
            marker: header.marker,
            sequence: header.sequence,
            timestamp: header.timestamp,
            duration: u16::from_be_bytes([high, low]),
            ended: flags & 0x80 != 0,
        })
    }

    /// By its number, which wraps.
    fn is_not_after(&self, other: &Self) -> bool {
        other.sequence.wrapping_sub(self.sequence) < 1 << 15
    }

    /// Whether `next`, of another timestamp and a higher number, is of the same press.
    ///
    /// The law is that no press is lost: where it may be the next one, it is. A new press
    /// begins with the marker and a short duration, and not before this one has ended and
    /// its pause has passed; after an end comes nothing but the same end again.
    fn goes_on_as(&self, next: &Self) -> bool {
        let later = next.timestamp.wrapping_sub(self.timestamp);
        let ahead = next.sequence.wrapping_sub(self.sequence);
        if self.digit != next.digit {
            return false;
        }
        // RFC 4733 §2.5.1.3: a key held over 8.19 s goes on as a new segment, whose
        // timestamp is the longest duration after the first.
        if !self.ended && later == LONGEST {
            return true;
        }
        if next.marker || !(1..=LOST_MAX).contains(&ahead) || later > LONGEST {
            return false;
        }
        let Some(longer) = next.duration.checked_sub(self.duration) else {
            return !self.ended && self.duration > NEARLY_LONGEST && ahead <= TOO_FEW;
        };
        let slack = if ahead <= ENDS { PAUSE } else { 0 };
        let too_early = later < APART.max(u32::from(self.duration) + PAUSE);
        if self.ended {
            return next.ended && too_early;
        }
        too_early
            // No more than the packets between, of 20 ms, or than the key was held longer.
            || later <= (u32::from(ahead) * PACKET).max(longer.into())
            // The end, stamped when the key came up or when it was sent.
            || next.ended && later <= u32::from(next.duration) + slack
            // No room for an end and a marker that were lost.
            || ahead <= TOO_FEW && (longer > 0 || next.ended)
    }
}

#[cfg(test)]
mod tests {
    use super::super::packet::Header;
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    struct Sent {
        header: Header,
        payload: [u8; 4],
    }

    /// A press as RFC 4733 §2.5.1 has it: numbers from 0, the end three times.
    fn press(event: u8, timestamp: u32, updates: u16) -> Vec<Sent> {
        let packet = |sequence: u16, duration: u16, end: u8| Sent {
            header: Header {
                payload_type: 101,
                marker: sequence == 0,
                sequence,
                timestamp,
                ssrc: 1,
            },
            payload: [event, 10 | end, (duration >> 8) as u8, duration as u8],
        };
        let updating = (0..updates).map(|n| packet(n, (n + 1) * 160, 0));
        let ended = (updates..updates + 3).map(|n| packet(n, (updates + 1) * 160, 0x80));
        updating.chain(ended).collect()
    }

    /// The same packets, later in the stream.
    fn after(numbers: u16, mut sent: Vec<Sent>) -> Vec<Sent> {
        for packet in &mut sent {
            packet.header.sequence = packet.header.sequence.wrapping_add(numbers);
        }
        sent
    }

    /// The same press from a sender that gives its `nth` packet a timestamp so much later.
    fn stamped(mut sent: Vec<Sent>, later: fn(u16) -> u32) -> Vec<Sent> {
        for (nth, packet) in (0..).zip(&mut sent) {
            packet.header.timestamp = packet.header.timestamp.wrapping_add(later(nth));
        }
        sent
    }

    fn receive(receiver: &mut KeyReceiver, sent: &Sent) -> Option<char> {
        receiver
            .receive(&Packet { header: sent.header, payload: &sent.payload })
            .map(Digit::as_char)
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
        sent.extend(after(7, press(1, 3000, 4)));
        assert_eq!(heard(&sent), "11");
    }

    #[test]
    fn a_key_held_for_ten_seconds_is_one_press() {
        let mut sent = press(1, 1000, 400)[..400].to_vec();
        sent.extend(after(400, press(1, 1000 + 0xffff, 90)));
        assert_eq!(heard(&sent), "1");
        let mut sent = stamped(press(1, 1000, 408), |nth| u32::from(nth) * 160);
        sent.truncate(408);
        let mut segment = after(408, stamped(press(1, 67_000, 90), |nth| u32::from(nth) * 160));
        segment[0].header.marker = false;
        sent.extend(segment);
        assert_eq!(heard(&sent), "1", "with a timestamp for every packet");
    }

    /// How much later the timestamp of the nth packet of a press is.
    type Stamp = fn(u16) -> u32;

    /// Senders that give the packets of one press several timestamps.
    const STAMPS: [(&str, Stamp); 5] = [
        ("the clock's", |nth| u32::from(nth) * 160),
        ("one more each time", u32::from),
        ("another for each end", |nth| u32::from(nth.saturating_sub(3)) * 160),
        ("the press's end for its ends", |nth| if nth > 3 { 800 } else { 0 }),
        ("each end at the time it is sent", |nth| if nth > 3 { 160 * u32::from(nth) } else { 0 }),
    ];

    #[test]
    fn a_press_whose_packets_have_several_timestamps_is_one_press() {
        for (what, later) in STAMPS {
            for marked in [true, false] {
                let one = |numbers, timestamp| {
                    let mut sent = after(numbers, stamped(press(3, timestamp, 4), later));
                    sent[0].header.marker = marked;
                    sent
                };
                let twice = [one(65_533, u32::MAX - 500), one(4, 1100)].concat();
                assert_eq!(heard(&twice), "33", "{what}");
                for lost in 0..7 {
                    let mut sent = twice.clone();
                    sent.remove(7 + lost);
                    sent.remove(lost);
                    assert_eq!(heard(&sent), "33", "{what}, without packet {lost}");
                    let mut sent = twice.clone();
                    sent.swap(lost, lost + 1);
                    assert_eq!(heard(&sent), "33", "{what}, packet {lost} late");
                }
            }
        }
    }

    /// 40 ms down, 40 ms up, and nothing in between: as fast as a key can be told.
    #[test]
    fn the_fastest_presses_of_one_key_are_told_apart_whatever_is_lost() {
        for duration in [None, Some(0), Some(320)] {
            let one = |nth: u16| {
                let mut sent = after(nth * 4, press(7, 5000 + u32::from(nth) * 640, 1));
                for packet in &mut sent {
                    if let Some(duration) = duration {
                        packet.payload[2..].copy_from_slice(&u16::to_be_bytes(duration));
                    }
                }
                sent
            };
            let three: Vec<Sent> = (0..3).flat_map(one).collect();
            // Each subset of two packets is lost: of four, at least two are left.
            for (a, b) in (0..12).flat_map(|a| (0..12).map(move |b| (a, b))) {
                let left = (0..12).filter(|nth| *nth != a && *nth != b);
                let left: Vec<Sent> = left.map(|nth| three[nth].clone()).collect();
                assert_eq!(heard(&left), "777", "without {a} and {b}");
            }
        }
    }

    #[test]
    fn a_press_that_goes_on_under_another_ssrc_is_one_press() {
        let mut sent = press(4, u32::MAX, 4);
        sent[3..].iter_mut().for_each(|packet| packet.header.ssrc = 2);
        assert_eq!(heard(&sent), "4");
    }

    #[test]
    fn star_and_pound_are_keys_letters_and_whispers_are_not() {
        assert_eq!(heard(&press(10, 1, 1)), "*");
        assert_eq!(heard(&press(11, 1, 1)), "#");
        for event in [12, 15, 16, 255] {
            assert_eq!(heard(&press(event, 1, 1)), "");
        }
        let mut whisper = press(1, 1, 1)[..1].to_vec();
        whisper[0].payload[1] = 60;
        assert_eq!(heard(&whisper), "");
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
                let packets = after(nth as u16 * 7, press(*key, timestamp, 4));
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
