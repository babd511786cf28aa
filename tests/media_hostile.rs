//! What strangers and broken peers send to the ports of sound: it changes nothing.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

#[expect(dead_code, unreachable_pub, reason = "the telephone is shared with another test")]
#[path = "media/phone.rs"]
mod phone;

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use phone::{Bench, Phone, samples, share, tone};
use polaris::media::{Order, Report, StreamId};
use polaris::rtp::{HEADER_LEN, Header};
use polaris::words::{Law, TestClock};

/// Datagrams that are no sound, each with what it is.
fn junk() -> Vec<(&'static str, Vec<u8>)> {
    let rtp = |first: u8, payload_type: u8, rest: &[u8]| {
        let mut datagram = vec![first, payload_type, 0xff, 0xfb, 0, 0, 0, 160, 0, 0, 0, 77];
        datagram.extend_from_slice(rest);
        datagram
    };
    let key = [1, 10, 0, 160];
    let rtcp_bye = [0x81, 203, 0, 1, 0, 0, 0, 77];
    let report_then_bye =
        [&[0x80, 201, 0, 1, 0, 0, 0, 77][..], &rtcp_bye, &[0x81, 203, 0, 0xff]].concat();
    vec![
        ("nothing", vec![]),
        ("one byte", vec![0x80]),
        ("half a header", rtp(0x80, 101, &[])[..11].to_vec()),
        ("a key of version 0", rtp(0x00, 101, &key)),
        ("a key of version 1", rtp(0x40, 101, &key)),
        ("a key of version 3", rtp(0xc0, 101, &key)),
        ("a key after fifteen sources that are not there", rtp(0x8f, 101, &key)),
        ("a key in an extension too long", rtp(0x90, 101, &key)),
        ("a key that is all padding", rtp(0xa0, 101, &[1, 10, 0, 4])),
        ("a key with more padding than packet", rtp(0xa0, 101, &[1, 10, 0, 200])),
        ("a key of three bytes", rtp(0x80, 101, &key[..3])),
        ("a key of another payload type", rtp(0x80, 102, &key)),
        ("a key too weak", rtp(0x80, 101, &[1, 60, 0, 160])),
        ("no key at all", rtp(0x80, 101, &[99, 10, 0, 160])),
        ("two seconds in one packet", rtp(0x80, 8, &[0x55; 1900])),
        ("a goodbye (RTCP BYE)", rtcp_bye.to_vec()),
        ("a report and two goodbyes", report_then_bye),
        ("a STUN request", [&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[9; 12]].concat()),
        ("a SIP BYE", b"BYE sip:polaris SIP/2.0\r\nCall-ID: 1\r\n\r\n".to_vec()),
    ]
}

#[test]
fn junk_presses_no_key_and_ends_nothing_whoever_sends_it() {
    let mut phone = Phone::at("127.0.41.61", Law::Pcma);
    let stranger = UdpSocket::bind("127.0.41.62:0").unwrap();
    let mut bench = Bench::at("127.0.41.60");
    let port = bench.open(1, &[]);
    bench.agree(1, phone.format());
    phone.hear();
    for (what, datagram) in junk() {
        stranger.send_to(&datagram, port).unwrap();
        phone.socket.send_to(&datagram, port).unwrap();
        phone.hear();
        assert!(bench.reports.is_empty(), "{what}");
    }
    phone.press(port, 5);
    assert_eq!(bench.digit(), '5', "and nothing came in between");
    phone.hear();
}

#[test]
fn junk_does_not_pass_for_a_party_that_is_there() {
    let clock = Arc::new(TestClock::at("2026-12-24T03:00:00Z".parse().unwrap()));
    let phone = Phone::at("127.0.41.64", Law::Pcma);
    let mut bench = Bench::with_clock("127.0.41.63", clock.clone());
    let port = bench.open(1, &[]);
    bench.agree(1, phone.format());
    let no_sound: Vec<_> = junk().into_iter().filter(|(_, d)| !holds_sound_or_a_key(d)).collect();
    assert!(no_sound.len() > 10);
    phone.socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let mut sent = no_sound.iter().cycle();
    // Twelve seconds in steps of 20 ms, each with junk: nothing of it is a sign of life.
    for _ in 0..600 {
        phone.socket.send_to(&sent.next().unwrap().1, port).unwrap();
        clock.advance(Duration::from_millis(20));
        let _ = phone.socket.recv_from(&mut [0; 400]);
    }
    assert!(matches!(bench.report(), Report::Lost { stream: StreamId(1) }));
}

/// Well-formed packets of an agreed type are a sign of life even when they hold no key.
fn holds_sound_or_a_key(datagram: &[u8]) -> bool {
    polaris::rtp::Packet::read(datagram).is_ok_and(|p| [8, 101].contains(&p.header.payload_type))
}

/// One packet of A-law under numbers of the sender's choice.
fn sound(header: Header, samples: &[i16]) -> Vec<u8> {
    let mut packet = vec![0; HEADER_LEN];
    packet.extend(samples.iter().map(|sample| polaris::rtp::encode(Law::Pcma, *sample)));
    assert!(header.write(&mut packet));
    packet
}

#[test]
fn a_party_that_changes_all_its_numbers_goes_on_as_one_stream() {
    let one = Phone::at("127.0.41.66", Law::Pcma);
    let two = Phone::at("127.0.41.67", Law::Pcma);
    let mut bench = Bench::at("127.0.41.65");
    let to_one = bench.open(1, &[]);
    bench.open(2, &[]);
    bench.agree(1, one.format());
    bench.agree(2, two.format());
    bench.engine.order(Order::Bridge { a: StreamId(1), b: StreamId(2) });
    let mut last = two.hear().0;
    let mut heard = Vec::new();
    for nth in 0..120_u16 {
        // Every 30 packets another SSRC, from elsewhere, about to wrap; every ninth packet
        // comes twice, and every tenth before the one before it.
        let (turn, place) = (u32::from(nth / 30), nth % 30);
        let place = if nth % 10 == 4 {
            place + 1
        } else if nth % 10 == 5 {
            place - 1
        } else {
            place
        };
        let header = Header {
            payload_type: 8,
            marker: false,
            sequence: 65_520_u16.wrapping_add((nth / 30) * 7919).wrapping_add(place),
            timestamp: (u32::MAX - 1600)
                .wrapping_mul(turn + 1)
                .wrapping_add(u32::from(place) * 160),
            ssrc: 1000 + turn,
        };
        // Twenty whole waves a packet: whatever their order, the tone has no seam.
        let packet = sound(header, &tone(1000.0, 0, 160));
        for _ in 0..if nth % 9 == 0 { 2 } else { 1 } {
            one.socket.send_to(&packet, to_one).unwrap();
        }
        let (header, payload) = two.hear();
        assert_eq!((header.ssrc, header.payload_type), (last.ssrc, 8));
        let (leap, back) = (
            header.sequence.wrapping_sub(last.sequence),
            last.sequence.wrapping_sub(header.sequence),
        );
        assert!(leap.min(back) <= 3, "sequence {} after {}", header.sequence, last.sequence);
        let ahead = header.timestamp.wrapping_sub(last.timestamp);
        assert!(ahead.min(ahead.wrapping_neg()) <= 4000, "a timestamp leapt");
        if nth >= 10 {
            heard.extend(samples(Law::Pcma, &payload));
        }
        last = header;
    }
    assert!(share(&heard, 1000.0) > 0.9, "{}", share(&heard, 1000.0));
    assert!(bench.reports.is_empty());
}

/// Four parties in two calls, and a stranger who talks into every port.
#[test]
fn nobody_hears_another_call_or_a_stranger() {
    let mut phones = [71, 72, 73, 74].map(|last| Phone::at(&format!("127.0.41.{last}"), Law::Pcma));
    let tones = [425.0, 1000.0, 625.0, 1300.0];
    let mut stranger = Phone::at("127.0.41.75", Law::Pcma);
    let mut bench = Bench::at("127.0.41.70");
    // All come from hosts of the trunk: only the address each has named counts.
    let trusted = ["127.0.41.71", "127.0.41.72", "127.0.41.73", "127.0.41.74"];
    let ports: Vec<SocketAddr> = (1..=4).map(|stream| bench.open(stream, &trusted)).collect();
    for (stream, phone) in (1..).zip(&phones) {
        bench.agree(stream, phone.format());
    }
    bench.engine.order(Order::Bridge { a: StreamId(1), b: StreamId(2) });
    bench.engine.order(Order::Bridge { a: StreamId(3), b: StreamId(4) });
    let mut heard: [Vec<i16>; 4] = Default::default();
    for nth in 0..80 {
        for (place, phone) in phones.iter_mut().enumerate() {
            phone.say(ports[place], &tone(tones[place], nth * 160, 160));
        }
        // A crossed line: a party of the first call talks into the second.
        let crossed = Header {
            payload_type: 8,
            marker: false,
            sequence: nth as u16,
            timestamp: nth as u32 * 160,
            ssrc: 5,
        };
        let crossed = sound(crossed, &tone(1600.0, nth * 160, 160));
        phones[0].socket.send_to(&crossed, ports[2]).unwrap();
        for port in &ports {
            stranger.say(*port, &tone(1900.0, nth * 160, 160));
        }
        for (place, phone) in phones.iter_mut().enumerate() {
            let (_, payload) = phone.hear();
            if nth >= 30 {
                heard[place].extend(samples(Law::Pcma, &payload));
            }
        }
    }
    for (place, heard) in heard.iter().enumerate() {
        let other = f64::from(tones[place ^ 1]);
        assert!(share(heard, other) > 0.95, "{place}: {}", share(heard, other));
    }
    stranger.socket.set_nonblocking(true).unwrap();
    assert!(stranger.socket.recv_from(&mut [0; 64]).is_err(), "nothing goes to a stranger");
    assert!(bench.reports.is_empty());
}

#[test]
fn a_party_of_another_call_is_not_taken_for_one_that_is_silent() {
    let mut silent = Phone::at("127.0.41.77", Law::Pcma);
    let mut talker = Phone::at("127.0.41.78", Law::Pcma);
    let mut bench = Bench::at("127.0.41.76");
    let to_silent = bench.open(1, &["127.0.41.78"]);
    let to_talker = bench.open(2, &["127.0.41.78"]);
    bench.agree(1, silent.format());
    bench.agree(2, talker.format());
    // Its line is crossed at the trunk: for half a second its keys reach both ports.
    for _ in 0..25 {
        silent.hear();
        talker.press(to_silent, 3);
    }
    talker.press(to_talker, 4);
    assert_eq!(bench.digit(), '4');
    silent.press(to_silent, 5);
    assert_eq!(bench.digit(), '5');
}

/// One packet of a key under numbers of the sender's choice.
fn key(sequence: u16, event: u8, duration: u16, end: u8) -> Vec<u8> {
    let mut packet = vec![0; HEADER_LEN];
    let [high, low] = u16::to_be_bytes(duration);
    packet.extend([event, 10 | end, high, low]);
    let header = Header { payload_type: 101, marker: false, sequence, timestamp: 800, ssrc: 9 };
    assert!(header.write(&mut packet));
    packet
}

/// Until whoever spoke last is taken for silent (the socket listens to others again within
/// a quarter of a second after that); paced by what `phone` hears.
fn silence(phone: &Phone, bench: &Bench) {
    let since = bench.clock.now();
    while bench.clock.now() - since < Duration::from_millis(500) {
        phone.hear();
    }
}

#[test]
fn a_forged_datagram_in_a_silence_presses_no_key() {
    let mut phone = Phone::at("127.0.41.161", Law::Pcma);
    // From another port of the host named, and from another host of the trunk.
    let forged = [Phone::at("127.0.41.161", Law::Pcma), Phone::at("127.0.41.162", Law::Pcma)];
    let mut bench = Bench::at("127.0.41.160");
    let port = bench.open(1, &["127.0.41.162"]);
    bench.agree(1, phone.format());
    phone.hear();
    phone.press(port, 1);
    assert_eq!(bench.digit(), '1');
    silence(&phone, &bench);
    for (nth, forged) in (1..).zip(&forged) {
        for sequence in [0, 0, 0, 0, 0, 100, 200, 300, 400, 401, 402] {
            let datagram = key(nth * 1000 + sequence, 2, 160, 0);
            forged.socket.send_to(&datagram, port).unwrap();
        }
        // Our sound goes there: the first, at least, was taken in; then all were.
        forged.hear();
        silence(forged, &bench);
        assert!(bench.reports.is_empty());
    }
    phone.press(port, 3);
    assert_eq!(bench.digit(), '3');
    phone.hear();
    assert!(bench.reports.is_empty());
}

#[test]
fn a_party_whose_nat_gives_it_another_port_loses_no_key() {
    let mut phone = Phone::at("127.0.41.164", Law::Pcma);
    let [first, mut second] = [(); 2].map(|()| Phone::at("127.0.41.164", Law::Pcma));
    let mut bench = Bench::at("127.0.41.163");
    let port = bench.open(1, &[]);
    bench.agree(1, phone.format());
    phone.hear();
    phone.press(port, 1);
    assert_eq!(bench.digit(), '1');
    silence(&phone, &bench);
    // The shortest press there is, and nothing else.
    for (sequence, duration, end) in [(7, 160, 0), (8, 320, 0x80), (9, 320, 0x80), (10, 320, 0x80)]
    {
        first.socket.send_to(&key(sequence, 2, duration, end), port).unwrap();
    }
    assert_eq!(bench.digit(), '2');
    silence(&first, &bench);
    second.press(port, 3);
    second.press(port, 4);
    assert_eq!((bench.digit(), bench.digit()), ('3', '4'));
    second.hear();
    assert!(bench.reports.is_empty(), "each once");
}

#[test]
fn the_first_packet_of_a_party_behind_a_nat_may_be_a_key() {
    let named = Phone::at("127.0.41.166", Law::Pcma);
    let hidden = Phone::at("127.0.41.166", Law::Pcma);
    let mut bench = Bench::at("127.0.41.165");
    let port = bench.open(1, &[]);
    bench.agree(1, named.format());
    named.hear();
    silence(&named, &bench);
    hidden.socket.send_to(&key(1, 6, 160, 0), port).unwrap();
    assert_eq!(bench.digit(), '6');
    hidden.hear();
}
