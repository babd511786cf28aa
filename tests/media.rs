//! The media engine over real sockets on loopback; nothing here sleeps.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

#[expect(dead_code, unreachable_pub, reason = "the telephone is shared with another test")]
#[path = "media/phone.rs"]
mod phone;

use std::sync::Arc;
use std::time::Duration;

use phone::{Bench, Phone, samples, share, tone};
use polaris::media::{Order, Repeat, Report, Sound, StreamId};
use polaris::rtp::silence;
use polaris::words::{Codec, Direction, Law, PlayId, StreamFormat, TestClock};

const FIRST: StreamId = StreamId(1);
const SECOND: StreamId = StreamId(2);

fn play(sound: &Arc<Sound>, repeat: Repeat) -> Order {
    let sounds = vec![Arc::clone(sound)];
    Order::Play { stream: FIRST, play: PlayId(7), sounds, repeat }
}

/// What is audible of a packet.
fn is_silent(codec: Law, payload: &[u8]) -> bool {
    payload.iter().all(|byte| *byte == silence(codec))
}

/// Plays a second of sound to a telephone that wants packets of `ptime_ms`.
fn hears_a_prompt(phone: &Phone, mut bench: Bench, ptime_ms: u8) {
    let sound = Arc::new(Sound::from_pcm(&tone(440.0, 0, 8000 + 37)));
    bench.open(1, &[]);
    bench.engine.order(play(&sound, Repeat::Once));
    bench.agree(1, StreamFormat { ptime_ms, ..phone.format() });
    let samples = usize::from(ptime_ms) * 8;
    let packets = u16::try_from(8037_usize.div_ceil(samples)).unwrap();
    let mut heard = Vec::new();
    let (first, payload) = phone.hear();
    let began = bench.clock.now();
    assert!(first.marker);
    heard.extend(payload);
    let mut timestamp = first.timestamp;
    for nth in 1..packets {
        let (header, payload) = phone.hear();
        assert_eq!(header.sequence, first.sequence.wrapping_add(nth));
        timestamp = timestamp.wrapping_add(samples as u32);
        // A machine that stood still gives slots up, and says so with the marker.
        if header.marker {
            assert!(header.timestamp.wrapping_sub(timestamp) < 8000);
            timestamp = header.timestamp;
        }
        assert_eq!(header.timestamp, timestamp);
        assert_eq!((header.ssrc, header.payload_type), (first.ssrc, 8));
        assert_eq!(payload.len(), samples);
        heard.extend(payload);
    }
    let took = bench.clock.now() - began;
    assert!((900..2500).contains(&took.as_millis()), "{packets} packets in {took:?}");
    assert_eq!(&heard[..8037], sound.coded(Law::Pcma));
    assert!(is_silent(Law::Pcma, &heard[8037..]));
    assert!(matches!(bench.report(), Report::PlayFinished { stream: FIRST, play: PlayId(7) }));
    assert!(is_silent(Law::Pcma, &phone.hear().1), "silence goes on");
}

#[test]
fn a_prompt_arrives_bit_for_bit_every_twenty_milliseconds() {
    hears_a_prompt(&Phone::at("127.0.41.2", Law::Pcma), Bench::at("127.0.41.1"), 20);
}

#[test]
fn a_telephone_that_wants_packets_of_ten_milliseconds_gets_them() {
    hears_a_prompt(&Phone::at("127.0.41.34", Law::Pcma), Bench::at("127.0.41.33"), 10);
}

#[test]
fn a_telephone_that_wants_packets_of_thirty_milliseconds_gets_them() {
    hears_a_prompt(&Phone::at("127.0.41.36", Law::Pcma), Bench::at("127.0.41.35"), 30);
}

#[test]
fn a_telephone_that_wants_packets_of_sixty_milliseconds_gets_them() {
    hears_a_prompt(&Phone::at("127.0.41.92", Law::Pcma), Bench::at("127.0.41.91"), 60);
}

#[test]
fn a_bridge_passes_packets_on_as_long_as_they_came_whatever_was_agreed() {
    let mut one = Phone::at("127.0.41.38", Law::Pcma);
    let mut two = Phone::at("127.0.41.39", Law::Pcmu);
    let mut bench = Bench::at("127.0.41.37");
    let (to_one, to_two) = (bench.open(1, &[]), bench.open(2, &[]));
    bench.agree(1, one.format());
    bench.agree(2, StreamFormat { ptime_ms: 30, ..two.format() });
    assert_eq!((one.hear().1.len(), two.hear().1.len()), (160, 240));
    bench.engine.order(Order::Bridge { a: FIRST, b: SECOND });
    let mut came = (Vec::new(), Vec::new());
    for nth in 0..40 {
        one.say(to_one, &tone(425.0, nth * 160, 160));
        two.say(to_two, &tone(1000.0, nth * 240, 240));
        came.0.push(one.hear().1.len());
        came.1.push(two.hear().1.len());
    }
    // Before the bridge each hears silence of its own length.
    let of = |lengths: &[usize], length| lengths.iter().filter(|l| **l == length).count();
    assert!(of(&came.0, 240) >= 10 && of(&came.0, 240) + of(&came.0, 160) == 40, "{came:?}");
    assert!(of(&came.1, 160) >= 10 && of(&came.1, 240) + of(&came.1, 160) == 40, "{came:?}");
}

#[test]
fn a_key_stops_a_prompt_at_once() {
    let mut phone = Phone::at("127.0.41.4", Law::Pcmu);
    let mut bench = Bench::at("127.0.41.3");
    let port = bench.open(1, &[]);
    bench.agree(1, phone.format());
    bench.engine.order(play(&Arc::new(Sound::from_pcm(&[9000; 777])), Repeat::Forever));
    while is_silent(Law::Pcmu, &phone.hear().1) {}
    for _ in 0..20 {
        assert!(!is_silent(Law::Pcmu, &phone.hear().1), "it goes round without a gap");
    }
    phone.press(port, 4);
    assert_eq!(bench.digit(), '4');
    bench.engine.order(Order::StopPlay { stream: FIRST });
    let after = (0..50).take_while(|_| !is_silent(Law::Pcmu, &phone.hear().1)).count();
    assert!(after < 10, "{after} packets after the key");
    phone.press(port, 5);
    assert_eq!(bench.digit(), '5', "no end of the play was reported in between");
}

#[test]
fn a_stranger_changes_nothing_and_presses_nothing() {
    let mut phone = Phone::at("127.0.41.6", Law::Pcma);
    let mut stranger = Phone::at("127.0.41.66", Law::Pcma);
    let mut neighbour = Phone::at("127.0.41.6", Law::Pcma);
    let mut bench = Bench::at("127.0.41.5");
    let port = bench.open(1, &["127.0.41.6"]);
    bench.agree(1, phone.format());
    phone.hear();
    phone.press(port, 1);
    assert_eq!(bench.digit(), '1');
    stranger.press(port, 2);
    neighbour.press(port, 3);
    phone.press(port, 4);
    assert_eq!(bench.digit(), '4', "another port of the trunk waits while the phone speaks");
    stranger.socket.set_nonblocking(true).unwrap();
    for _ in 0..30 {
        phone.hear();
        stranger.press(port, 2);
    }
    assert!(stranger.socket.recv_from(&mut [0; 64]).is_err(), "nothing goes to a stranger");
    phone.press(port, 5);
    assert_eq!(bench.digit(), '5', "not even after silence");
}

#[test]
fn a_phone_behind_a_nat_is_learned_after_silence() {
    let mut named = Phone::at("127.0.41.8", Law::Pcma);
    let mut real = Phone::at("127.0.41.9", Law::Pcma);
    let mut bench = Bench::at("127.0.41.7");
    let port = bench.open(1, &["127.0.41.9"]);
    bench.agree(1, named.format());
    named.hear();
    named.press(port, 1);
    assert_eq!(bench.digit(), '1');
    let silent_since = bench.clock.now();
    // Paced by what still goes to the named address.
    named.socket.set_read_timeout(Some(Duration::from_millis(40))).unwrap();
    let mut presses = 0;
    while bench.reports.is_empty() {
        let _ = named.socket.recv_from(&mut [0; 400]);
        real.press(port, 2);
        presses += 1;
        assert!(presses < 200, "never learned");
    }
    assert!(bench.clock.now() - silent_since >= Duration::from_millis(200));
    assert_eq!(bench.digit(), '2');
    assert!(is_silent(Law::Pcma, &real.hear().1), "and our sound goes there now");
}

/// Both phones talk for `packets` packets, paced by what the first hears.
fn talk(
    (one, to_one): (&mut Phone, std::net::SocketAddr),
    (two, to_two): (&mut Phone, std::net::SocketAddr),
    packets: usize,
) -> (Vec<i16>, Vec<i16>) {
    let (mut heard_one, mut heard_two) = (Vec::new(), Vec::new());
    for nth in 0..packets {
        one.say(to_one, &tone(425.0, nth * 160, 160));
        two.say(to_two, &tone(1000.0, nth * 160, 160));
        let (header, payload) = one.hear();
        assert_eq!(header.payload_type, Codec::from(one.codec).payload_type());
        heard_one.extend(samples(one.codec, &payload));
        let (header, payload) = two.hear();
        assert_eq!(header.payload_type, Codec::from(two.codec).payload_type());
        heard_two.extend(samples(two.codec, &payload));
    }
    (heard_one, heard_two)
}

#[test]
fn bridged_parties_hear_each_other_across_two_laws() {
    let mut one = Phone::at("127.0.41.11", Law::Pcma);
    let mut two = Phone::at("127.0.41.12", Law::Pcmu);
    let mut bench = Bench::at("127.0.41.10");
    let (to_one, to_two) = (bench.open(1, &[]), bench.open(2, &[]));
    bench.agree(1, one.format());
    bench.agree(2, StreamFormat { telephone_event: Some(96), ..two.format() });
    let before = two.hear().0;
    bench.engine.order(Order::Bridge { a: FIRST, b: SECOND });
    talk((&mut one, to_one), (&mut two, to_two), 20);
    let (heard_one, heard_two) = talk((&mut one, to_one), (&mut two, to_two), 50);
    assert!(share(&heard_one, 1000.0) > 0.95, "{}", share(&heard_one, 1000.0));
    assert!(share(&heard_two, 425.0) > 0.95, "{}", share(&heard_two, 425.0));

    one.press(to_one, 3);
    assert_eq!(bench.digit(), '3', "a key is reported");
    let (header, payload) = loop {
        let (header, payload) = two.hear();
        if header.payload_type != 0 {
            break (header, payload);
        }
    };
    assert_eq!((header.payload_type, payload[0]), (96, 3), "and passed on as the other numbers it");
    assert_eq!(header.ssrc, before.ssrc);

    bench.engine.order(Order::Unbridge { a: FIRST, b: SECOND });
    one.press(to_one, 9);
    assert_eq!(bench.digit(), '9');
    let silent = (0..40).any(|_| is_silent(Law::Pcmu, &two.hear().1));
    assert!(silent, "after the bridge comes silence");
}

#[test]
fn a_bridged_leg_without_telephone_events_gets_no_packet_it_cannot_read() {
    let mut one = Phone::at("127.0.41.14", Law::Pcma);
    let mut two = Phone::at("127.0.41.15", Law::Pcma);
    let mut bench = Bench::at("127.0.41.13");
    let (to_one, to_two) = (bench.open(1, &[]), bench.open(2, &[]));
    bench.agree(1, one.format());
    bench.agree(2, StreamFormat { telephone_event: None, ..two.format() });
    bench.engine.order(Order::Bridge { a: FIRST, b: SECOND });
    one.hear();
    two.hear();
    one.press(to_one, 3);
    assert_eq!(bench.digit(), '3');
    talk((&mut one, to_one), (&mut two, to_two), 30);
}

#[test]
fn tones_are_heard_as_keys_where_the_leg_has_no_telephone_event() {
    let mut phone = Phone::at("127.0.41.17", Law::Pcmu);
    let mut bench = Bench::at("127.0.41.16");
    let port = bench.open(1, &[]);
    bench.agree(1, StreamFormat { telephone_event: None, ..phone.format() });
    for (nth, key) in [(0, (770.0, 1336.0)), (1, (941.0, 1477.0))] {
        for packet in 0..10 {
            phone.hear();
            let from = (nth * 10 + packet) * 160;
            let low = tone(key.0, from, 160);
            let high = tone(key.1, from, 160);
            let both: Vec<i16> =
                low.iter().zip(high).map(|(low, high)| low / 2 + high / 2).collect();
            phone.say(port, if packet < 5 { &both } else { &[0; 160] });
        }
    }
    assert_eq!((bench.digit(), bench.digit()), ('5', '#'));
    assert!(bench.reports.is_empty());
}

#[test]
fn a_recording_holds_what_was_said_with_its_pause() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("message.wav");
    let mut phone = Phone::at("127.0.41.19", Law::Pcma);
    let mut bench = Bench::at("127.0.41.18");
    let port = bench.open(1, &[]);
    bench.agree(1, phone.format());
    let max = Duration::from_secs(60);
    bench.engine.order(Order::Record { stream: FIRST, path: path.clone(), max });
    for packet in 0..75 {
        phone.hear();
        if (25..50).contains(&packet) {
            phone.timestamp = phone.timestamp.wrapping_add(160);
        } else {
            phone.say(port, &tone(1000.0, packet * 160, 160));
        }
    }
    // A key behind the last packet: once it is reported, all sound was read.
    phone.press(port, 11);
    assert_eq!(bench.digit(), '#');
    bench.engine.order(Order::StopRecord { stream: FIRST });
    let Report::Recorded { stream: FIRST, path: written, length } = bench.report() else {
        panic!("not recorded")
    };
    assert_eq!(written, path);
    let mut reader = hound::WavReader::open(&path).unwrap();
    assert_eq!(reader.spec().sample_rate, 8000);
    let recorded: Vec<i16> = reader.samples::<i16>().map(Result::unwrap).collect();
    assert_eq!(length, Duration::from_micros(recorded.len() as u64 * 125));
    assert_eq!(recorded.len(), 75 * 160);
    assert!(share(&recorded[..4000], 1000.0) > 0.95);
    assert!(recorded[4000..8000].iter().all(|sample| *sample == 0));
    assert!(share(&recorded[recorded.len() - 4000..], 1000.0) > 0.95);
}

#[test]
fn a_recording_ends_by_itself_and_one_that_cannot_begin_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("message.wav");
    let mut phone = Phone::at("127.0.41.21", Law::Pcma);
    let mut bench = Bench::at("127.0.41.20");
    let port = bench.open(1, &[]);
    bench.agree(1, phone.format());
    let max = Duration::from_millis(200);
    bench.engine.order(Order::Record { stream: FIRST, path: path.clone(), max });
    let length = loop {
        phone.hear();
        phone.say(port, &[1000; 160]);
        if !bench.reports.is_empty() {
            match bench.report() {
                Report::Recorded { length, .. } => break length,
                other => panic!("{other:?}"),
            }
        }
    };
    assert!(length <= max && length > Duration::from_millis(100), "{length:?}");
    bench.engine.order(Order::Record { stream: FIRST, path, max });
    assert!(matches!(bench.report(), Report::RecordFailed { stream: FIRST, .. }));
}

#[test]
fn a_leg_on_hold_gets_nothing_and_comes_back_in_the_same_stream() {
    let mut phone = Phone::at("127.0.41.23", Law::Pcma);
    let mut bench = Bench::at("127.0.41.22");
    let port = bench.open(1, &[]);
    bench.agree(1, phone.format());
    let before = phone.hear().0;
    bench.agree(1, StreamFormat { direction: Direction::RecvOnly, ..phone.format() });
    // A key is the sign that the order before it was obeyed.
    phone.press(port, 1);
    assert_eq!(bench.digit(), '1');
    phone.socket.set_nonblocking(true).unwrap();
    while phone.socket.recv_from(&mut [0; 400]).is_ok() {}
    phone.socket.set_nonblocking(false).unwrap();
    phone.socket.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(phone.socket.recv_from(&mut [0; 400]).is_err(), "silence on the wire");
    phone.socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    bench.agree(1, phone.format());
    let after = phone.hear().0;
    assert_eq!(after.ssrc, before.ssrc);
    assert!(after.timestamp.wrapping_sub(before.timestamp) >= 15 * 160);
    assert!(after.sequence.wrapping_sub(before.sequence) < 100);
}

#[test]
fn a_stream_that_falls_silent_is_lost_once_and_found_again() {
    let clock = Arc::new(TestClock::at("2026-12-24T03:00:00Z".parse().unwrap()));
    let mut phone = Phone::at("127.0.41.25", Law::Pcma);
    let mut bench = Bench::with_clock("127.0.41.24", clock.clone());
    let port = bench.open(1, &[]);
    bench.agree(1, phone.format());
    phone.socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let spoken = (0..250).any(|_| {
        clock.advance(Duration::from_millis(20));
        phone.socket.recv_from(&mut [0; 400]).is_ok()
    });
    assert!(spoken, "the stream runs");
    clock.advance(Duration::from_secs(11));
    assert!(matches!(bench.report(), Report::Lost { stream: FIRST }));
    clock.advance(Duration::from_secs(60));
    phone.say(port, &[0; 160]);
    assert!(matches!(bench.report(), Report::Found { stream: FIRST }));
}

#[test]
fn two_hundred_streams_leave_no_port_behind() {
    let phone = Phone::at("127.0.41.27", Law::Pcma);
    let mut bench = Bench::at("127.0.41.26");
    bench.ports = polaris::media::Ports::new("127.0.41.26".parse().unwrap(), 43_000..=43_409);
    for _ in 0..3 {
        // Of 205 ports: a second round finds none if the first leaked.
        for stream in 100..300 {
            bench.open(stream, &[]);
            bench.agree(stream, phone.format());
        }
        for stream in 100..300 {
            bench.engine.order(Order::Close { stream: StreamId(stream) });
        }
        // Orders are obeyed in turn: when this play has ended, all are closed.
        bench.open(1, &[]);
        bench.engine.order(play(&Arc::new(Sound::from_pcm(&[])), Repeat::Once));
        bench.agree(1, phone.format());
        assert!(matches!(bench.report(), Report::PlayFinished { .. }));
        bench.engine.order(Order::Close { stream: FIRST });
        bench.open(2, &[]);
        bench.engine.order(Order::Close { stream: SECOND });
    }
}
