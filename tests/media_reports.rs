//! Reports on the sound (RTCP) between the engine and a telephone, in virtual time.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

#[expect(dead_code, unreachable_pub, reason = "the telephone is shared with another test")]
#[path = "media/phone.rs"]
mod phone;

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use phone::{Bench, Phone};
use polaris::media::{Order, Report, StreamId};
use polaris::rtp::{
    Block, CONTROL_LEN, HEADER_LEN, Header, Packet, ReadPacketError, read_report, write_report,
};
use polaris::words::{ControlPath, Law, SoundQuality, StreamFormat, TestClock};

const STREAM: StreamId = StreamId(1);
const OURS: u32 = 77;

/// A telephone that talks in virtual time and keeps the reports it gets.
struct Talk {
    phone: Phone,
    engine: SocketAddr,
    clock: Arc<TestClock>,
    sequence: u16,
    /// The engine's stream, once it was heard.
    theirs: u32,
    reports: Vec<Vec<u8>>,
}

impl Talk {
    fn new(phone: Phone, engine: SocketAddr, clock: Arc<TestClock>) -> Self {
        let talk = Self { phone, engine, clock, sequence: 65_000, theirs: 0, reports: Vec::new() };
        talk.begin();
        talk
    }

    /// Lets time pass until the engine speaks: it does from the first tick after it was told.
    fn begin(&self) {
        let patience = self.phone.socket.read_timeout().unwrap();
        self.phone.socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let mut first = [0; 400];
        let spoke = (0..250).any(|_| {
            self.clock.advance(Duration::from_millis(20));
            self.phone.socket.recv_from(&mut first).is_ok()
        });
        assert!(spoke, "the engine never speaks");
        self.phone.socket.set_read_timeout(patience).unwrap();
    }

    /// So many packets of 20 ms; every tenth is lost on the way. The engine speaks as often
    /// as the clock moves on: each of its packets is waited for, so neither runs ahead.
    fn say(&mut self, packets: u16) {
        for _ in 0..packets {
            self.clock.advance(Duration::from_millis(20));
            self.sequence = self.sequence.wrapping_add(1);
            if self.sequence % 10 != 3 {
                self.send();
            }
            self.hear();
        }
    }

    fn send(&self) {
        let header = Header {
            payload_type: 8,
            marker: false,
            sequence: self.sequence,
            timestamp: u32::from(self.sequence) * 160,
            ssrc: OURS,
        };
        let mut packet = [0xd5; HEADER_LEN + 160];
        assert!(header.write(&mut packet));
        self.phone.socket.send_to(&packet, self.engine).unwrap();
    }

    /// The engine's next packet of sound, and whatever report comes before it.
    fn hear(&mut self) {
        let mut datagram = [0; 400];
        loop {
            let (length, _) = self.phone.socket.recv_from(&mut datagram).expect("sound in time");
            match Packet::read(&datagram[..length]) {
                Ok(packet) => return self.theirs = packet.header.ssrc,
                Err(ReadPacketError::Rtcp) => self.reports.push(datagram[..length].to_vec()),
                Err(ReadPacketError::Malformed) => panic!("not a packet"),
            }
        }
    }
}

/// A receiver's report of the telephone about `ssrc`.
fn report(ssrc: u32, lost: i32, jitter: u32) -> Vec<u8> {
    let block = Block { ssrc, lost, jitter, ..Block::default() };
    let mut room = [0; CONTROL_LEN];
    let length = write_report(&mut room, OURS, b"a-telephone-of-the-tests", None, Some(block));
    room[..length].to_vec()
}

fn clock() -> Arc<TestClock> {
    Arc::new(TestClock::at("2026-12-24T03:00:00Z".parse().unwrap()))
}

fn closed(bench: &mut Bench) -> (Option<SoundQuality>, Option<SoundQuality>) {
    bench.engine.order(Order::Close { stream: STREAM });
    match bench.any_report() {
        Report::Closed { stream: STREAM, here, there } => (here, there),
        other => panic!("{other:?}"),
    }
}

#[test]
fn both_sides_tell_each_other_how_the_sound_arrives_and_it_is_told_at_the_end() {
    let control = UdpSocket::bind("127.0.41.81:0").unwrap();
    control.set_nonblocking(true).unwrap();
    let stranger = UdpSocket::bind("127.0.41.82:0").unwrap();
    let clock = clock();
    let phone = Phone::at("127.0.41.81", Law::Pcma);
    let mut bench = Bench::with_clock("127.0.41.80", clock.clone());
    let engine = bench.open(1, &[]);
    let control_path = ControlPath::Separate(control.local_addr().unwrap());
    bench.agree(1, StreamFormat { control: control_path, ..phone.format() });
    let mut talk = Talk::new(phone, engine, clock);
    // The last report comes 7.5 s after the one before it, which comes by 3.75 s.
    talk.say(600);

    let mut datagram = [0; 400];
    let (mut reports, mut lost) = (0, 0);
    while let Ok((length, from)) = control.recv_from(&mut datagram) {
        assert_eq!(from, SocketAddr::new(engine.ip(), engine.port() + 1));
        let told = read_report(&datagram[..length], OURS).unwrap();
        assert!(told.sender_time.is_some(), "it speaks: a sender's report");
        let block = told.ours.unwrap();
        assert!((20..=30).contains(&block.fraction_lost), "a tenth: {}", block.fraction_lost);
        lost = block.lost;
        reports += 1;
    }
    assert!((2..=5).contains(&reports), "{reports} in 12 s");
    assert!((20..=60).contains(&lost), "{lost}");
    assert!(talk.reports.is_empty(), "none where the sound goes");

    let port = SocketAddr::new(engine.ip(), engine.port() + 1);
    // 30 of some 600 packets lost, jitter of 80 samples: 10 ms.
    control.send_to(&report(talk.theirs, 30, 80), port).unwrap();
    // A stranger's, one about another stream, goodbyes and rubbish change nothing.
    stranger.send_to(&report(talk.theirs, 500, 8000), port).unwrap();
    control.send_to(&report(talk.theirs ^ 1, 500, 8000), port).unwrap();
    let bye = [[0x80, 201, 0, 1, 0, 0, 0, 77], [0x81, 203, 0, 1, 0, 0, 0, 77]].concat();
    for rubbish in [&bye[..], &bye[8..], &[0x80, 200], &[], &[0xff; 300]] {
        control.send_to(rubbish, port).unwrap();
        talk.phone.socket.send_to(rubbish, engine).unwrap();
    }
    talk.say(20);
    assert!(bench.reports.is_empty(), "nothing ended, nobody pressed");
    let (here, there) = closed(&mut bench);
    let (here, there) = (here.unwrap(), there.unwrap());
    assert!((90..=110).contains(&here.loss_permille), "{here:?}");
    // Its jitter is that of this machine while it tests.
    assert!((40..=60).contains(&there.loss_permille), "{there:?}");
    assert_eq!(there.jitter_ms, 10);
}

#[test]
fn reports_go_with_the_sound_where_that_was_agreed() {
    let clock = clock();
    let phone = Phone::at("127.0.41.84", Law::Pcma);
    let mut bench = Bench::with_clock("127.0.41.83", clock.clone());
    let engine = bench.open(1, &[]);
    bench.agree(1, StreamFormat { control: ControlPath::Multiplexed, ..phone.format() });
    let mut talk = Talk::new(phone, engine, clock);
    talk.say(250);
    let told = read_report(talk.reports.first().expect("a report by 3.75 s"), OURS).unwrap();
    assert!(told.ours.is_some());
    talk.phone.socket.send_to(&report(talk.theirs, 0, 160), engine).unwrap();
    talk.say(5);
    assert_eq!(closed(&mut bench).1, Some(SoundQuality { loss_permille: 0, jitter_ms: 20 }));
}

#[test]
fn who_never_sent_anything_has_no_quality() {
    let phone = Phone::at("127.0.41.86", Law::Pcma);
    let mut bench = Bench::at("127.0.41.85");
    bench.open(1, &[]);
    bench.agree(1, phone.format());
    phone.hear();
    assert_eq!(closed(&mut bench), (None, None));
}
