//! Keys of RFC 4733 over a line that loses, repeats and reorders packets.
//!
//! A press here is one of 100 ms: five updates 20 ms apart, then the end three times
//! (RFC 4733 §2.5.1.4). A press *all* of whose eight packets are lost was never seen by
//! anybody; at 20 % independent loss that is one press in 390,000.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

#[expect(dead_code, unreachable_pub, reason = "the telephone is shared with another test")]
#[path = "media/phone.rs"]
mod phone;

use std::net::UdpSocket;

use phone::{Bench, Phone};
use polaris::rtp::{HEADER_LEN, Header, KeyReceiver, Packet};
use polaris::words::{Digit, Law};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// From the beginning of one press to that of the next, ms: 100 down, 100 up.
const EVERY_MS: u64 = 200;
/// Part of the packets that come twice, and that come late.
const TWICE: f64 = 0.05;
const LATE: f64 = 0.10;
/// How late a late packet is at most, ms.
const LATEST_MS: u64 = 60;

/// A packet on its way: which press it is of, when it arrives, its bytes.
struct Sent {
    press: usize,
    arrives_ms: u64,
    datagram: Vec<u8>,
}

/// A line with faults, always the same for the same seed.
struct Line {
    dice: StdRng,
    loss: f64,
}

impl Line {
    fn new(loss: f64) -> Self {
        Self { dice: StdRng::seed_from_u64(4733), loss }
    }

    fn press(&mut self) -> Digit {
        Digit::ALL[self.dice.random_range(0..Digit::ALL.len())]
    }

    /// What arrives of what was sent, in the order in which it arrives.
    fn carry(&mut self, sent: Vec<Sent>) -> Vec<Sent> {
        let mut arrived = Vec::with_capacity(sent.len());
        for packet in sent {
            if self.dice.random_bool(self.loss) {
                continue;
            }
            if self.dice.random_bool(TWICE) {
                let arrives_ms = packet.arrives_ms + self.dice.random_range(0..=LATEST_MS);
                arrived.push(Sent { arrives_ms, datagram: packet.datagram.clone(), ..packet });
            }
            let late = if self.dice.random_bool(LATE) { LATEST_MS } else { 0 };
            let arrives_ms = packet.arrives_ms + self.dice.random_range(0..=late);
            arrived.push(Sent { arrives_ms, ..packet });
        }
        arrived.sort_by_key(|packet| packet.arrives_ms);
        arrived
    }
}

/// How a sender writes the `nth` of the eight packets of a press.
#[derive(Clone, Copy)]
struct Sender {
    what: &'static str,
    /// The timestamp, samples after the press began.
    later: fn(u16) -> u32,
    /// The duration, samples.
    duration: fn(u16) -> u16,
    /// Whether the first packet has the marker.
    marked: bool,
}

/// As RFC 4733 §2.5.1 has it.
const RIGHT: Sender = Sender {
    what: "one timestamp, durations that grow",
    later: |_| 0,
    duration: |nth| (nth + 1).min(5) * 160,
    marked: true,
};

/// What is sent all the same.
const ODD: [Sender; 9] = [
    Sender { what: "no marker ever", marked: false, ..RIGHT },
    Sender { what: "duration 0", duration: |_| 0, ..RIGHT },
    Sender { what: "one duration, no marker", duration: |_| 800, marked: false, ..RIGHT },
    Sender { what: "a timestamp for each packet", later: |nth| u32::from(nth) * 160, ..RIGHT },
    Sender {
        what: "a timestamp for each packet, no marker",
        later: |nth| u32::from(nth) * 160,
        marked: false,
        ..RIGHT
    },
    Sender {
        what: "a timestamp for each packet, duration 0",
        later: |nth| u32::from(nth) * 160,
        duration: |_| 0,
        ..RIGHT
    },
    Sender { what: "a timestamp one higher each time", later: u32::from, ..RIGHT },
    Sender {
        what: "ends with the timestamp of the end",
        later: |nth| if nth < 5 { 0 } else { 800 },
        ..RIGHT
    },
    Sender {
        what: "ends with timestamps of their own",
        later: |nth| if nth < 5 { 0 } else { u32::from(nth) * 160 },
        ..RIGHT
    },
];

/// The packets of a press, as a telephone sends them.
fn packets(sender: Sender, press: usize, digit: Digit) -> Vec<Sent> {
    let begins_ms = press as u64 * EVERY_MS;
    let packet = |nth: u16| {
        let end = if nth < 5 { 0 } else { 0x80 };
        let [high, low] = u16::to_be_bytes((sender.duration)(nth));
        let mut datagram = vec![0; HEADER_LEN];
        datagram.extend([digit.event(), 10 | end, high, low]);
        // Wraps in the middle of every run.
        let begun = (u32::MAX - 160_000).wrapping_add(press as u32 * EVERY_MS as u32 * 8);
        let header = Header {
            payload_type: 101,
            marker: nth == 0 && sender.marked,
            sequence: (press as u16).wrapping_mul(8).wrapping_add(nth),
            timestamp: begun.wrapping_add((sender.later)(nth)),
            ssrc: 7,
        };
        assert!(header.write(&mut datagram));
        Sent { press, arrives_ms: begins_ms + u64::from(nth) * 20, datagram }
    };
    (0..8).map(packet).collect()
}

/// How many of `presses` presses are seen over a line that loses `loss` of its packets, and
/// how many more than once. Every other press is of the same key as the one before.
fn seen(sender: Sender, presses: usize, loss: f64) -> (usize, usize) {
    let mut line = Line::new(loss);
    let mut pressed: Vec<Digit> = (0..presses).map(|_| line.press()).collect();
    for pair in pressed.chunks_exact_mut(2) {
        pair[1] = pair[0];
    }
    let sent =
        pressed.iter().enumerate().flat_map(|(nth, digit)| packets(sender, nth, *digit)).collect();
    let mut receiver = KeyReceiver::default();
    let mut times = vec![0; presses];
    for arrived in line.carry(sent) {
        if let Some(digit) = receiver.receive(&Packet::read(&arrived.datagram).unwrap()) {
            assert_eq!(digit.as_char(), pressed[arrived.press].as_char(), "a wrong key");
            times[arrived.press] += 1;
        }
    }
    let count = |is: fn(&&i32) -> bool| times.iter().filter(is).count();
    (count(|times| **times > 0), count(|times| **times > 1))
}

#[test]
fn no_key_is_wrong_doubled_or_missed_through_loss_copies_and_disorder() {
    const PRESSES: usize = 20_000;
    for (loss, least) in [(0.0, 1.0), (0.01, 1.0), (0.05, 1.0), (0.1, 0.999), (0.2, 0.999)] {
        let (seen, doubled) = seen(RIGHT, PRESSES, loss);
        let least = (PRESSES as f64 * least) as usize;
        println!("{seen} of {PRESSES} presses seen at {:.0} % loss", loss * 100.0);
        assert!(seen >= least, "{seen} of {PRESSES} at {loss}");
        assert_eq!(doubled, 0, "doubled at {loss}");
    }
}

#[test]
fn senders_that_read_the_rfc_otherwise_press_each_key_once_too() {
    const PRESSES: usize = 10_000;
    for sender in ODD {
        for (loss, part) in [(0.0, 0.0), (0.01, 0.0), (0.05, 0.0), (0.1, 0.001), (0.2, 0.005)] {
            let (seen, doubled) = seen(sender, PRESSES, loss);
            let what = sender.what;
            println!("{what}: {seen} seen, {doubled} doubled at {:.0} % loss", loss * 100.0);
            let most = (PRESSES as f64 * part) as usize;
            assert!(PRESSES - seen <= most, "{what}: {seen} seen at {loss}");
            assert!(doubled <= most, "{what}: {doubled} doubled at {loss}");
        }
    }
}

/// A relay in user space stands between the telephone and the engine.
#[test]
fn the_engine_hears_every_key_through_a_line_that_loses_up_to_a_fifth() {
    for loss in [0.0, 0.01, 0.05, 0.1, 0.2] {
        hears_every_key_through(loss);
    }
}

fn hears_every_key_through(loss: f64) {
    const PRESSES: usize = 100;
    let mut line = Line::new(loss);
    let pressed: Vec<Digit> = (0..PRESSES).map(|_| line.press()).collect();
    let sent =
        pressed.iter().enumerate().flat_map(|(nth, digit)| packets(RIGHT, nth, *digit)).collect();
    let arrived = line.carry(sent);

    let relay = Phone::at("127.0.41.51", Law::Pcma);
    let behind = UdpSocket::bind(("127.0.41.52", 0)).unwrap();
    let mut bench = Bench::at("127.0.41.50");
    let engine = bench.open(1, &[]);
    bench.agree(1, relay.format());
    let mut heard = String::new();
    let mut datagram = [0; 64];
    // Eight packets for each one the engine sends: ten times as fast as fingers are.
    for chunk in arrived.chunks(8) {
        relay.hear();
        for packet in chunk {
            behind.send_to(&packet.datagram, relay.address()).unwrap();
            let length = loop {
                let (length, from) = relay.socket.recv_from(&mut datagram).unwrap();
                if from == behind.local_addr().unwrap() {
                    break length;
                }
            };
            relay.socket.send_to(&datagram[..length], engine).unwrap();
        }
        while !bench.reports.is_empty() {
            heard.push(bench.digit());
        }
    }
    while heard.len() < PRESSES {
        heard.push(bench.digit());
    }
    let pressed: String = pressed.into_iter().map(Digit::as_char).collect();
    assert_eq!(heard, pressed, "at {loss}");
    for _ in 0..10 {
        relay.hear();
    }
    assert!(bench.reports.is_empty(), "and no key twice");
}
