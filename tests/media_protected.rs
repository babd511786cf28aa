//! Protected streams (SRTP) through the engine, on real sockets.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

#[expect(dead_code, unreachable_pub, reason = "the telephone is shared with another test")]
#[path = "media/phone.rs"]
mod phone;

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use phone::{Bench, Phone, samples, share, tone};
use polaris::media::{Order, StreamId};
use polaris::rtp::{
    Block, CONTROL_LEN, Guard, HEADER_LEN, Header, Packet, encode, read_report, write_report,
};
use polaris::words::{ControlPath, Law, MasterKey, Protection, StreamFormat, Suite};

const FIRST: StreamId = StreamId(1);
const SECOND: StreamId = StreamId(2);

fn key(suite: Suite, seed: u8) -> MasterKey {
    MasterKey::from_random(suite, std::array::from_fn(|nth| seed.wrapping_mul(7) ^ nth as u8))
}

/// A telephone that speaks SRTP.
struct Guarded {
    phone: Phone,
    guard: Guard,
    protection: Protection,
    sequence: u16,
}

impl Guarded {
    fn at(ip: &str, suite: Suite, seed: u8) -> Self {
        let (ours, theirs) = (key(suite, seed), key(suite, seed + 1));
        let guard = Guard::new(suite, theirs, ours).unwrap();
        let protection = Protection::Srtp { tag: 1, suite, ours, theirs };
        Self { phone: Phone::at(ip, Law::Pcma), guard, protection, sequence: 65_500 }
    }

    fn format(&self) -> StreamFormat {
        StreamFormat { protection: self.protection, ..self.phone.format() }
    }

    fn sealed(&mut self, payload_type: u8, timestamp: u32, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0; HEADER_LEN];
        packet.extend_from_slice(payload);
        let sequence = self.sequence;
        let header = Header { payload_type, marker: false, sequence, timestamp, ssrc: 77 };
        assert!(header.write(&mut packet));
        self.sequence = self.sequence.wrapping_add(1);
        self.guard.seal(&packet).unwrap().to_vec()
    }

    fn say(&mut self, to: SocketAddr, nth: usize, frequency: f32) {
        let coded: Vec<u8> =
            tone(frequency, nth * 160, 160).iter().map(|s| encode(Law::Pcma, *s)).collect();
        let packet = self.sealed(8, nth as u32 * 160, &coded);
        self.phone.socket.send_to(&packet, to).unwrap();
    }

    /// The packets of a press.
    fn press(&mut self, event: u8, timestamp: u32) -> Vec<Vec<u8>> {
        [[event, 10, 0, 160], [event, 0x8a, 1, 64], [event, 0x8a, 1, 64]]
            .iter()
            .map(|payload| self.sealed(101, timestamp, payload))
            .collect()
    }

    /// The next packet that comes, opened.
    fn hear(&mut self) -> Vec<u8> {
        let mut datagram = [0; 2048];
        let (length, _) = self.phone.socket.recv_from(&mut datagram).expect("a packet in time");
        let opened = self.guard.open(&datagram[..length]).expect("an authentic packet");
        let packet = Packet::read(&opened).unwrap();
        assert_eq!(packet.header.payload_type, 8);
        packet.payload.to_vec()
    }
}

#[test]
fn bridged_parties_hear_each_other_each_under_its_own_keys() {
    let pairs = [
        (Suite::AesCm128HmacSha1, Suite::AeadAes256Gcm),
        (Suite::AeadAes128Gcm, Suite::AeadAes128Gcm),
    ];
    for (nth, (suite_one, suite_two)) in pairs.into_iter().enumerate() {
        let mut one = Guarded::at(&format!("127.0.41.{}", 131 + 3 * nth), suite_one, 1);
        let mut two = Guarded::at(&format!("127.0.41.{}", 132 + 3 * nth), suite_two, 9);
        let mut bench = Bench::at(&format!("127.0.41.{}", 130 + 3 * nth));
        let (to_one, to_two) = (bench.open(1, &[]), bench.open(2, &[]));
        bench.agree(1, one.format());
        bench.agree(2, two.format());
        bench.engine.order(Order::Bridge { a: FIRST, b: SECOND });
        let (mut heard_one, mut heard_two) = (Vec::new(), Vec::new());
        for nth in 0..80 {
            one.say(to_one, nth, 425.0);
            two.say(to_two, nth, 1000.0);
            let (of_two, of_one) = (one.hear(), two.hear());
            if nth >= 30 {
                heard_one.extend(samples(Law::Pcma, &of_two));
                heard_two.extend(samples(Law::Pcma, &of_one));
            }
        }
        assert!(share(&heard_one, 1000.0) > 0.95, "{}", share(&heard_one, 1000.0));
        assert!(share(&heard_two, 425.0) > 0.95, "{}", share(&heard_two, 425.0));
    }
}

#[test]
fn a_protected_and_a_plain_party_hear_each_other() {
    let mut one = Guarded::at("127.0.41.137", Suite::AeadAes256Gcm, 1);
    let mut two = Phone::at("127.0.41.138", Law::Pcmu);
    let mut bench = Bench::at("127.0.41.136");
    let (to_one, to_two) = (bench.open(1, &[]), bench.open(2, &[]));
    bench.agree(1, one.format());
    bench.agree(2, two.format());
    bench.engine.order(Order::Bridge { a: FIRST, b: SECOND });
    let (mut heard_one, mut heard_two) = (Vec::new(), Vec::new());
    for nth in 0..80 {
        one.say(to_one, nth, 425.0);
        two.say(to_two, &tone(1000.0, nth * 160, 160));
        let (of_two, of_one) = (one.hear(), two.hear().1);
        if nth >= 30 {
            heard_one.extend(samples(Law::Pcma, &of_two));
            heard_two.extend(samples(Law::Pcmu, &of_one));
        }
    }
    assert!(share(&heard_one, 1000.0) > 0.95 && share(&heard_two, 425.0) > 0.95);
}

#[test]
fn nothing_plain_forged_or_said_again_presses_a_key() {
    for (nth, suite) in Suite::ALL.into_iter().enumerate() {
        let mut phone = Guarded::at(&format!("127.0.41.{}", 141 + 2 * nth), suite, 1);
        let mut bench = Bench::at(&format!("127.0.41.{}", 140 + 2 * nth));
        let port = bench.open(1, &[]);
        bench.agree(1, phone.format());
        phone.hear();
        let sent = phone.press(1, 1000);
        for packet in &sent {
            phone.phone.socket.send_to(packet, port).unwrap();
        }
        assert_eq!(bench.digit(), '1');
        // The same again, long after; changed; under another key; and plain.
        for packet in &sent {
            phone.phone.socket.send_to(packet, port).unwrap();
            let mut changed = packet.clone();
            changed[HEADER_LEN] ^= 3;
            changed[3] = changed[3].wrapping_add(9);
            phone.phone.socket.send_to(&changed, port).unwrap();
        }
        let mut other = Guarded::at("127.0.41.150", suite, 60);
        for packet in other.press(2, 9000) {
            phone.phone.socket.send_to(&packet, port).unwrap();
        }
        phone.phone.press(port, 3);
        phone.hear();
        for packet in phone.press(4, 20_000) {
            phone.phone.socket.send_to(&packet, port).unwrap();
        }
        assert_eq!(bench.digit(), '4', "{suite:?}: nothing came in between");
        assert!(bench.reports.is_empty());
    }
}

#[test]
fn reports_are_protected_both_ways() {
    let control = UdpSocket::bind("127.0.41.152:0").unwrap();
    control.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut phone = Guarded::at("127.0.41.152", Suite::AesCm128HmacSha1, 1);
    let mut bench = Bench::at("127.0.41.151");
    let engine = bench.open(1, &[]);
    let path = ControlPath::Separate(control.local_addr().unwrap());
    bench.agree(1, StreamFormat { control: path, ..phone.format() });
    phone.hear();
    let mut datagram = [0; 400];
    let (length, from) = control.recv_from(&mut datagram).unwrap();
    let opened = phone.guard.open_report(&datagram[..length]).expect("authentic");
    assert!(read_report(&opened, 77).is_some());
    let ssrc = u32::from_be_bytes(opened[4..8].try_into().unwrap());
    let report = |jitter: u32| {
        let mut room = [0; CONTROL_LEN];
        let block = Block { ssrc, jitter, ..Block::default() };
        let length = write_report(&mut room, 77, b"a-telephone-of-the-tests", None, Some(block));
        room[..length].to_vec()
    };
    let sealed = phone.guard.seal_report(&report(80)).unwrap();
    control.send_to(&sealed, from).unwrap();
    control.send_to(&sealed, from).unwrap();
    control.send_to(&report(8000), from).unwrap();
    // Once a key is through, what came before it was read.
    phone.hear();
    phone.hear();
    for packet in phone.press(5, 77) {
        phone.phone.socket.send_to(&packet, engine).unwrap();
    }
    assert_eq!(bench.digit(), '5');
    phone.hear();
    bench.engine.order(Order::Close { stream: FIRST });
    match bench.any_report() {
        polaris::media::Report::Closed { there, .. } => assert_eq!(there.unwrap().jitter_ms, 10),
        other => panic!("{other:?}"),
    }
}
