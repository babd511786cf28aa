//! Where sound is decoded (recordings, keys as tones), over lines that jumble it; comfort
//! noise; and wideband.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

#[expect(dead_code, unreachable_pub, reason = "the telephone is shared with another test")]
#[path = "media/phone.rs"]
mod phone;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use phone::{Bench, Phone, samples, share, tone};
use polaris::media::{Order, Repeat, Report, Sound, StreamId};
use polaris::rtp::{HEADER_LEN, Header, WideDecoder, WideEncoder, encode};
use polaris::words::{Codec, Law, PlayId, StreamFormat};

const FIRST: StreamId = StreamId(1);
const SECOND: StreamId = StreamId(2);

/// A packet with the sequence number `nth`, at its place in time.
fn packet(nth: u16, payload_type: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; HEADER_LEN];
    packet.extend_from_slice(payload);
    let header = Header {
        payload_type,
        marker: false,
        sequence: 65_500_u16.wrapping_add(nth),
        timestamp: (u32::MAX - 8000).wrapping_add(u32::from(nth) * 160),
        ssrc: 9,
    };
    assert!(header.write(&mut packet));
    packet
}

fn coded(samples: &[i16]) -> Vec<u8> {
    samples.iter().map(|sample| encode(Law::Pcma, *sample)).collect()
}

fn record(bench: &Bench, path: &Path) {
    let max = Duration::from_secs(60);
    bench.engine.order(Order::Record { stream: FIRST, path: path.to_owned(), max });
}

/// Ends the recording behind a key, so that all sound was read; its samples.
fn recorded(bench: &mut Bench, phone: &mut Phone, port: SocketAddr, path: &Path) -> Vec<i16> {
    phone.press(port, 11);
    assert_eq!(bench.digit(), '#');
    bench.engine.order(Order::StopRecord { stream: FIRST });
    assert!(matches!(bench.report(), Report::Recorded { stream: FIRST, .. }));
    let mut reader = hound::WavReader::open(path).unwrap();
    reader.samples::<i16>().map(Result::unwrap).collect()
}

#[test]
fn a_recording_puts_packets_in_order_and_silence_where_one_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("message.wav");
    let mut phone = Phone::at("127.0.41.101", Law::Pcma);
    let mut bench = Bench::at("127.0.41.100");
    let port = bench.open(1, &[]);
    bench.agree(1, phone.format());
    record(&bench, &path);
    // Each packet holds its own number as its sample. 13, 14 and 30 are lost, 20 comes
    // after 22, 40 twice, 50 far too late.
    let mut order: Vec<u16> = (0..60).filter(|nth| ![13, 14, 30, 50].contains(nth)).collect();
    order.retain(|nth| *nth != 20);
    let after_22 = order.iter().position(|nth| *nth == 22).unwrap() + 1;
    order.insert(after_22, 20);
    let at_40 = order.iter().position(|nth| *nth == 40).unwrap();
    order.insert(at_40, 40);
    order.push(50);
    let level = |nth: u16| i16::try_from(nth).unwrap() * 256 + 2000;
    for nth in order {
        phone.hear();
        phone.socket.send_to(&packet(nth, 8, &coded(&[level(nth); 160])), port).unwrap();
    }
    let recorded = recorded(&mut bench, &mut phone, port, &path);
    assert_eq!(recorded.len(), 60 * 160);
    for (nth, piece) in (0_u16..).zip(recorded.chunks(160)) {
        let lost = [13, 14, 30, 50].contains(&nth);
        let near = |sample: &i16| (sample - level(nth)).abs() <= 512;
        let right = piece.iter().all(|sample| if lost { *sample == 0 } else { near(sample) });
        assert!(right, "packet {nth}: {:?}", &piece[..4]);
    }
}

#[test]
fn packets_of_every_length_are_recorded_alike() {
    for (last, ms) in [(103, 10), (104, 30), (105, 40), (106, 60)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("message.wav");
        let mut phone = Phone::at(&format!("127.0.41.{last}"), Law::Pcma);
        let mut bench = Bench::at("127.0.41.102");
        let port = bench.open(1, &[]);
        bench.agree(1, StreamFormat { ptime_ms: ms, ..phone.format() });
        record(&bench, &path);
        let length = usize::from(ms) * 8;
        for nth in 0..480 / usize::from(ms) {
            phone.hear();
            phone.say(port, &tone(1000.0, nth * length, length));
        }
        let recorded = recorded(&mut bench, &mut phone, port, &path);
        assert_eq!(recorded.len(), 480 * 8, "{ms} ms");
        assert!(share(&recorded, 1000.0) > 0.95, "{ms} ms");
    }
}

#[test]
fn a_tone_that_loses_packets_and_their_order_is_one_key() {
    let phone = Phone::at("127.0.41.108", Law::Pcma);
    let mut bench = Bench::at("127.0.41.107");
    let port = bench.open(1, &[]);
    bench.agree(1, StreamFormat { telephone_event: None, ..phone.format() });
    // 5, then 5 again: 120 ms each with 160 ms between; in each one packet is lost and
    // two change places, and one comes twice.
    let five = |nth: u16| {
        let from = usize::from(nth) * 160;
        let (low, high) = (tone(770.0, from, 160), tone(1336.0, from, 160));
        let both: Vec<i16> = low.iter().zip(high).map(|(low, high)| low / 2 + high / 2).collect();
        coded(&both)
    };
    for nth in
        [0, 1, 2, 4, 3, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 15, 17, 19, 20, 21, 22, 23, 24]
    {
        phone.hear();
        let sounds = (1..7).contains(&nth) || (14..20).contains(&nth);
        let payload = if sounds { five(nth) } else { coded(&[0; 160]) };
        phone.socket.send_to(&packet(nth, 8, &payload), port).unwrap();
    }
    assert_eq!((bench.digit(), bench.digit()), ('5', '5'));
    for _ in 0..5 {
        phone.hear();
    }
    assert!(bench.reports.is_empty());
}

#[test]
fn comfort_noise_is_silence_in_a_recording_and_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("message.wav");
    let mut phone = Phone::at("127.0.41.110", Law::Pcma);
    let mut bench = Bench::at("127.0.41.109");
    let port = bench.open(1, &[]);
    bench.agree(1, phone.format());
    record(&bench, &path);
    for nth in 0..50 {
        phone.hear();
        // It speaks, falls silent (one packet says so), and speaks again.
        let sent = match nth {
            10 => packet(nth, 13, &[70]),
            11..40 => continue,
            _ => packet(if nth < 10 { nth } else { nth - 29 }, 8, &coded(&[5000; 160])),
        };
        // After the pause the numbers go on, the time has run.
        let mut sent = sent;
        if nth >= 40 {
            let timestamp = (u32::MAX - 8000).wrapping_add(u32::from(nth) * 160);
            sent[4..8].copy_from_slice(&timestamp.to_be_bytes());
        }
        phone.socket.send_to(&sent, port).unwrap();
    }
    let recorded = recorded(&mut bench, &mut phone, port, &path);
    assert_eq!(recorded.len(), 50 * 160);
    assert!(recorded[..10 * 160].iter().all(|sample| *sample > 4000));
    assert!(recorded[10 * 160..40 * 160].iter().all(|sample| *sample == 0));
    assert!(recorded[40 * 160..].iter().all(|sample| *sample > 4000));
}

#[test]
fn comfort_noise_goes_on_to_who_takes_it_and_to_nobody_else() {
    for (takes, last) in [(Some(13), 112), (None, 114)] {
        let one = Phone::at(&format!("127.0.41.{last}"), Law::Pcma);
        let two = Phone::at(&format!("127.0.41.{}", last + 1), Law::Pcma);
        let mut bench = Bench::at("127.0.41.111");
        let port = bench.open(1, &[]);
        bench.open(2, &[]);
        bench.agree(1, one.format());
        bench.agree(2, StreamFormat { comfort_noise: takes, ..two.format() });
        bench.engine.order(Order::Bridge { a: FIRST, b: SECOND });
        let mut came = 0;
        for nth in 0..40 {
            one.hear();
            one.socket.send_to(&packet(nth, 13, &[70]), port).unwrap();
            let (header, payload) = two.hear();
            match header.payload_type {
                13 => assert_eq!(payload, [70]),
                other => assert_eq!((other, payload.len()), (8, 160)),
            }
            came += usize::from(header.payload_type == 13);
        }
        assert_eq!(came > 10, takes.is_some(), "{came}");
        assert!(bench.reports.is_empty(), "no key, nothing lost");
    }
}

fn wide(phone: &Phone) -> StreamFormat {
    StreamFormat { codec: Codec::G722, payload_type: 9, ..phone.format() }
}

#[test]
fn two_wideband_parties_get_each_others_packets_untouched() {
    let mut one = Phone::at("127.0.41.121", Law::Pcma);
    let two = Phone::at("127.0.41.122", Law::Pcma);
    let mut bench = Bench::at("127.0.41.120");
    let port = bench.open(1, &[]);
    bench.open(2, &[]);
    bench.agree(1, wide(&one));
    bench.agree(2, wide(&two));
    bench.engine.order(Order::Bridge { a: FIRST, b: SECOND });
    let mut untouched = 0;
    for nth in 0..60_u8 {
        one.hear();
        let said: Vec<u8> = (0..160).map(|place| nth.wrapping_mul(31) ^ place).collect();
        one.say_coded(port, 9, &said);
        let (header, payload) = two.hear();
        assert_eq!(header.payload_type, 9);
        untouched += usize::from(payload.len() == 160 && payload[1] == payload[0] ^ 1);
    }
    assert!(untouched >= 40, "{untouched}");
}

#[test]
fn a_wideband_and_a_narrowband_party_hear_each_other() {
    let mut one = Phone::at("127.0.41.124", Law::Pcma);
    let mut two = Phone::at("127.0.41.125", Law::Pcma);
    let mut bench = Bench::at("127.0.41.123");
    let (to_one, to_two) = (bench.open(1, &[]), bench.open(2, &[]));
    bench.agree(1, wide(&one));
    bench.agree(2, two.format());
    bench.engine.order(Order::Bridge { a: FIRST, b: SECOND });
    let (mut encoder, mut decoder) = (WideEncoder::default(), WideDecoder::default());
    let (mut heard_one, mut heard_two) = (Vec::new(), Vec::new());
    for nth in 0..80 {
        let mut said = [0; 160];
        encoder.encode(&tone(425.0, nth * 160, 160), &mut said);
        one.say_coded(to_one, 9, &said);
        two.say(to_two, &tone(1000.0, nth * 160, 160));
        let (header, payload) = one.hear();
        assert_eq!((header.payload_type, payload.len()), (9, 160));
        let mut room = [0; 160];
        decoder.decode(&payload, &mut room);
        let (header, payload) = two.hear();
        assert_eq!((header.payload_type, payload.len()), (8, 160));
        if nth >= 30 {
            heard_one.extend(room);
            heard_two.extend(samples(Law::Pcma, &payload));
        }
    }
    assert!(share(&heard_one, 1000.0) > 0.9, "{}", share(&heard_one, 1000.0));
    assert!(share(&heard_two, 425.0) > 0.9, "{}", share(&heard_two, 425.0));
}

#[test]
fn a_wideband_party_hears_recordings_and_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("message.wav");
    let mut phone = Phone::at("127.0.41.127", Law::Pcma);
    let mut bench = Bench::at("127.0.41.126");
    let port = bench.open(1, &[]);
    bench.agree(1, wide(&phone));
    let sounds = vec![Arc::new(Sound::from_pcm(&tone(440.0, 0, 8000)))];
    record(&bench, &path);
    bench.engine.order(Order::Play {
        stream: FIRST,
        play: PlayId(1),
        sounds,
        repeat: Repeat::Once,
    });
    let (mut encoder, mut decoder) = (WideEncoder::default(), WideDecoder::default());
    let mut heard = Vec::new();
    for nth in 0..50 {
        let (header, payload) = phone.hear();
        assert_eq!(header.payload_type, 9);
        let mut room = [0; 160];
        decoder.decode(&payload, &mut room);
        heard.extend(room);
        let mut said = [0; 160];
        encoder.encode(&tone(1000.0, nth * 160, 160), &mut said);
        phone.say_coded(port, 9, &said);
    }
    assert!(share(&heard[1600..7200], 440.0) > 0.9, "{}", share(&heard[1600..7200], 440.0));
    while !matches!(bench.report(), Report::PlayFinished { .. }) {}
    let mut room = [0; 160];
    for _ in 0..20 {
        decoder.decode(&phone.hear().1, &mut room);
    }
    assert!(room.iter().all(|sample| sample.abs() < 100), "and then silence");
    let recorded = recorded(&mut bench, &mut phone, port, &path);
    assert!(share(&recorded[800..7200], 1000.0) > 0.9);
}
