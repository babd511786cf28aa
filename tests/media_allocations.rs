//! No packet of sound allocates, a protected one once: the engine runs as it is installed,
//! and the allocator of this whole program counts.
//!
//! Counted is everything between two packets: the wait, the reading, keys as tones, the
//! play, the silence, the relay with its change of law, the sending. Excepted are
//! recordings, which gather sound for the disk, and reports, which are sent at an event
//! (a key, the end of a play, lost media) and not at a packet; none comes here. The
//! telephones send and receive in buffers of their own. One test alone, because the
//! count is the program's.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

#[expect(dead_code, unreachable_pub, reason = "the telephone is shared with another test")]
#[path = "media/phone.rs"]
mod phone;

use std::alloc::System;
use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;

use phone::{Bench, Phone, tone};
use polaris::media::{Order, Repeat, Sound, StreamId};
use polaris::rtp::{Guard, HEADER_LEN, Header, encode};
use polaris::words::{Codec, Law, MasterKey, PlayId, Protection, StreamFormat, Suite};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Packets each telephone sends and hears before the count, and while it runs.
const WARM_UP: u16 = 50;
const COUNTED: u16 = 100;

/// A telephone that allocates nothing either: what it will say is there.
struct Talker {
    phone: Phone,
    to: SocketAddr,
    packets: Vec<Vec<u8>>,
    /// Bytes of each packet, either way.
    length: usize,
    said: usize,
}

impl Talker {
    fn new(phone: Phone, to: SocketAddr) -> Self {
        Self::with(phone, to, |packet| packet)
    }

    fn with(phone: Phone, to: SocketAddr, mut seal: impl FnMut(Vec<u8>) -> Vec<u8>) -> Self {
        let payload_type = Codec::from(phone.codec).payload_type();
        let codes = tone(425.0, 0, 160).into_iter().map(|sample| encode(phone.codec, sample));
        let packet: Vec<u8> = [0; HEADER_LEN].into_iter().chain(codes).collect();
        let mut packets = Vec::new();
        for sequence in 0..2 * (WARM_UP + COUNTED) {
            let mut packet = packet.clone();
            let timestamp = u32::from(sequence) * 160;
            let header = Header { payload_type, marker: false, sequence, timestamp, ssrc: 77 };
            assert!(header.write(&mut packet));
            packets.push(seal(packet));
        }
        let length = packets[0].len();
        Self { phone, to, packets, length, said: 0 }
    }

    /// Hears one packet, then sends one.
    fn take_turn(&mut self) {
        let mut heard = [0; 2048];
        let (length, _) = self.phone.socket.recv_from(&mut heard).expect("a packet in time");
        assert_eq!(length, self.length);
        self.phone.socket.send_to(&self.packets[self.said], self.to).unwrap();
        self.said += 1;
    }
}

/// How often memory was asked for while this was done.
fn allocations(work: impl FnOnce()) -> usize {
    let region = Region::new(COUNTING);
    work();
    let change = region.change();
    change.allocations + change.reallocations
}

fn talk(talkers: &mut [Talker; 2], packets: u16) {
    for _ in 0..packets {
        talkers.iter_mut().for_each(Talker::take_turn);
    }
}

fn main() {
    no_packet_allocates_neither_playing_nor_bridged();
    a_protected_packet_allocates_once_when_it_comes_and_once_when_it_goes();
    println!("test result: ok. 2 passed; 0 failed");
}

fn no_packet_allocates_neither_playing_nor_bridged() {
    let seen = allocations(|| drop(black_box(Box::new(black_box(1)))));
    assert_eq!(seen, 1, "the allocator counts");

    // The second telephone knows no telephone-event: its tones are listened to.
    let one = Phone::at("127.0.41.31", Law::Pcma);
    let two = Phone::at("127.0.41.32", Law::Pcmu);
    let mut bench = Bench::at("127.0.41.30");
    let (to_one, to_two) = (bench.open(1, &[]), bench.open(2, &[]));
    bench.agree(1, one.format());
    bench.agree(2, StreamFormat { telephone_event: None, ..two.format() });
    let sound = Arc::new(Sound::from_pcm(&tone(440.0, 0, 777)));
    for stream in [StreamId(1), StreamId(2)] {
        let (play, sounds) = (PlayId(7), vec![Arc::clone(&sound)]);
        bench.engine.order(Order::Play { stream, play, sounds, repeat: Repeat::Forever });
    }
    let mut talkers = [Talker::new(one, to_one), Talker::new(two, to_two)];
    talk(&mut talkers, WARM_UP);
    let playing = allocations(|| talk(&mut talkers, COUNTED));

    for stream in [StreamId(1), StreamId(2)] {
        bench.engine.order(Order::StopPlay { stream });
    }
    bench.engine.order(Order::Bridge { a: StreamId(1), b: StreamId(2) });
    talk(&mut talkers, WARM_UP);
    let bridged = allocations(|| talk(&mut talkers, COUNTED));
    assert!(bench.reports.is_empty(), "nothing happened but packets");
    assert_eq!((playing, bridged), (0, 0), "playing and bridged, of {COUNTED} packets each way");
}

fn a_protected_packet_allocates_once_when_it_comes_and_once_when_it_goes() {
    for (nth, suite) in Suite::ALL.into_iter().enumerate() {
        let key = |seed| MasterKey::from_random(suite, [seed; MasterKey::LONGEST]);
        let host = |host: usize| format!("127.0.41.{}", 200 + 4 * nth + host);
        let mut bench = Bench::at(&host(0));
        let mut talker = |id: u64, seed: u8| {
            let (phone, to) = (Phone::at(&host(id as usize), Law::Pcma), bench.open(id, &[]));
            let (tag, ours, theirs) = (1, key(seed), key(seed + 1));
            let protection = Protection::Srtp { tag, suite, ours, theirs };
            bench.agree(id, StreamFormat { protection, ..phone.format() });
            let mut guard = Guard::new(suite, theirs, ours).unwrap();
            Talker::with(phone, to, |packet| guard.seal(&packet).unwrap().to_vec())
        };
        let mut talkers = [talker(1, 1), talker(2, 5)];
        bench.engine.order(Order::Bridge { a: StreamId(1), b: StreamId(2) });
        talk(&mut talkers, WARM_UP);
        let bridged = allocations(|| talk(&mut talkers, COUNTED));
        let each = usize::from(COUNTED) * talkers.len();
        // The thread may have a packet in hand at either end, and reports go out meanwhile.
        assert!(bridged.abs_diff(2 * each) <= 8, "{suite:?}: {bridged} for {each} each way");
    }
}
