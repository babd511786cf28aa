//! What is fuzzed, and what must hold for every input: beyond not panicking.

#![allow(dead_code, reason = "each fuzzing binary takes one of them")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use polaris::dialplan::{self, Recordings};
use polaris::roster::{Known, Records, read_csv, read_rows};
use polaris::rtp::{
    CONTROL_LEN, Gaps, Guard, KeyReceiver, Packet, Reception, Relay, Reorder, Timing, ToneDetector,
    decode, read_report, write_report,
};
use polaris::sip::{
    Config, Endpoint, Event, Framer, Message, Route, Transport, read_key, refuse_stranger, sdp,
};
use polaris::words::{Codec, Law, MasterKey, Moment, Protection, Suite};

/// What parts the messages of one input for [`endpoint`] from one another.
pub(crate) const NEXT: &[u8] = b"\n%%\n";

/// Roster files, as one sheet of any table and as shifts.
pub(crate) fn csv(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.split(['\n', '\r']).count() as u64 + 1;
    let (records, zones) = (Records::default(), BTreeMap::new());
    let known = Known { records: &records, zones: &zones, zone: chrono_tz::Europe::Rome };
    let refused = [read_csv(&text, known.zone).err(), read_rows(&text, &known).err()];
    for problems in refused.into_iter().flatten() {
        assert!(!problems.is_empty(), "a file is refused for a reason");
        for problem in problems {
            assert!((1..=lines).contains(&problem.line), "{problem}");
        }
    }
}

/// Messages from a trunk, one after another, and then nothing for a long time.
pub(crate) fn endpoint(bytes: &[u8]) {
    let mut us = Endpoint::new(Config::default(), 7);
    let route = Route {
        transport: Transport::Udp,
        local: SocketAddr::from(([192, 0, 2, 1], 5060)),
        remote: SocketAddr::from(([192, 0, 2, 9], 5060)),
    };
    let mut now = Moment::START;
    for message in split(bytes, NEXT).take(32) {
        us.receive(now, route, message);
        settle(&mut us, now);
        now = now + Duration::from_millis(100);
    }
    // Whatever came: a call nobody speaks in is over once it is hung up on, and nothing of
    // it stays. Every turn lets the next timer ring.
    for dialog in answered(&mut us, now) {
        us.hang_up(now, dialog);
    }
    for _ in 0..20_000 {
        settle(&mut us, now);
        let Some(at) = us.poll_timeout() else { break };
        now = now.max(at);
        us.handle_timeout(now);
    }
    assert_eq!(us.open_dialogs(), 0, "a dialog stays");
    assert_eq!(us.open_transactions(), 0, "a transaction stays");
}

/// Answers who calls, refuses what is asked besides, and reads what is sent.
fn settle(us: &mut Endpoint, now: Moment) {
    while let Some(event) = us.poll_event() {
        match event {
            Event::Invited { dialog, .. } => us.answer(now, dialog, SDP.to_vec()),
            Event::Offered { dialog, .. } => us.accept_offer(now, dialog, SDP.to_vec()),
            Event::OfferWanted { dialog } => us.refuse_offer(now, dialog, 488),
            _ => {}
        }
    }
    while let Some(transmit) = us.poll_transmit() {
        Message::parse(&transmit.bytes).expect("what we send can be read");
    }
}

/// The dialogs there may be: they are numbered from 1.
fn answered(us: &mut Endpoint, now: Moment) -> Vec<polaris::sip::DialogId> {
    settle(us, now);
    (0..64).map(polaris::sip::DialogId).collect()
}

/// What any stranger may send: the refusal, the parser, the cutting of a stream.
pub(crate) fn gate(bytes: &[u8]) {
    let from = SocketAddr::from(([198, 51, 100, 7], 5060));
    if let Some(answer) = refuse_stranger(bytes, from, &mut [0; 4096]) {
        assert!(answer.len() <= bytes.len(), "no amplification");
    }
    // A first line with a lone CR or the like is answered, and written by nobody.
    let clean = |message: &Message| !format!("{:?}", message.start).contains('\\');
    if let Some(message) = Message::parse(bytes).ok().filter(clean) {
        let written = message.to_bytes();
        let again = Message::parse(&written).expect("what we write can be read");
        assert_eq!(again.to_bytes(), written, "written again it is the same");
    }
    // A stream cut into messages is the same however it arrives.
    let cut = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let mut framer = Framer::new();
        let mut cut: Vec<Vec<u8>> = Vec::new();
        for piece in pieces {
            framer.push(piece);
            cut.extend(framer.by_ref().map_while(Result::ok));
        }
        cut
    };
    assert_eq!(cut(&mut std::iter::once(bytes)), cut(&mut bytes.chunks(7)));
}

/// Bodies of SIP INFO.
pub(crate) fn info(bytes: &[u8]) {
    for kind in ["application/dtmf-relay", "application/dtmf; x=1", "text/plain"] {
        let key = read_key(kind, bytes);
        assert!(key.is_none() || kind != "text/plain");
    }
}

/// Dialplans, whole and with `bytes` in place of the sections of a good one.
pub(crate) fn kdl(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (plan, problems) = dialplan::read("fuzz.kdl", &text, &Recordings::default());
    assert!(plan.is_some() || !problems.is_empty(), "a plan is refused for a reason");
    for problem in problems {
        assert!(problem.span.start <= problem.span.end, "{}", problem.what);
        assert!(text.get(problem.span).is_some(), "it lies in the file: {}", problem.what);
    }
}

/// RFC 4733: packets of a few bytes each, which are put behind a true RTP header.
pub(crate) fn keys(bytes: &[u8]) {
    let mut keys = KeyReceiver::default();
    let mut pressed = 0;
    let mut packets = 0;
    // Two bytes choose the header, four are the event.
    for piece in bytes.chunks(6).take(2_000) {
        let [sequence, time, event @ ..] = piece else { continue };
        let mut packet = vec![0x80, 101, 0, *sequence, 0, 0, *time, 0, 0, 0, 0, 1];
        packet.extend_from_slice(event);
        if let Ok(packet) = Packet::read(&packet) {
            packets += 1;
            pressed += u32::from(keys.receive(&packet).is_some());
        }
    }
    assert!(pressed <= packets);
}

/// One datagram after another on a sound port, each with its length before it.
pub(crate) fn rtp(bytes: &[u8]) {
    let (mut keys, mut gaps) = (KeyReceiver::default(), Gaps::default());
    let (mut tones, mut relay) = (ToneDetector::default(), Relay::default());
    let (mut reception, mut order) = (Reception::default(), Reorder::default());
    let mut now = Moment::START;
    let mut rest = bytes;
    while let [length, after @ ..] = rest {
        let (datagram, after) = after.split_at(usize::from(*length).min(after.len()));
        rest = after;
        now = now + Duration::from_millis(20);
        let _ = read_report(datagram, 1);
        let Ok(packet) = Packet::read(datagram) else { continue };
        assert!(packet.payload.len() + 12 <= datagram.len());
        let _ = keys.receive(&packet);
        let _ = gaps.place(packet.header, packet.payload.len(), now);
        reception.hear(packet.header, Timing::Spoken, now);
        assert!(reception.quality().is_some_and(|quality| quality.loss_permille <= 1000));
        order.take(Codec::PCMA, &packet, now, |_, packet| {
            for sample in decode(Law::Pcma, packet.payload) {
                let _ = tones.hear(sample);
            }
        });
        relay.omit(packet.header);
    }
}

/// One datagram after another on a port of reports, each with its length before it: read as
/// they are, and as protected ones, whose keys only we have.
pub(crate) fn rtcp(bytes: &[u8]) {
    let key = |suite, seed| MasterKey::from_random(suite, [seed; MasterKey::LONGEST]);
    let guard = |suite, ours, theirs| Guard::new(suite, key(suite, ours), key(suite, theirs));
    let mut ends: Vec<_> = Suite::ALL
        .map(|suite| (guard(suite, 1, 2).expect("keys"), guard(suite, 2, 1).expect("keys")))
        .into();
    let mut rest = bytes;
    // No more sources than one stream may have.
    for _ in 0..60 {
        let [length, after @ ..] = rest else { break };
        let (datagram, after) = after.split_at(usize::from(*length).min(after.len()));
        rest = after;
        let told = read_report(datagram, 1);
        assert!(told.is_none() || matches!(datagram, [0x80..=0x9f, 200 | 201, ..]));
        if let Some(block) = told.and_then(|told| told.ours) {
            assert_eq!(block.ssrc, 1, "only what is said of us is taken");
            let mut room = [0; CONTROL_LEN];
            let length = write_report(&mut room, 9, &[b'x'; 24], None, Some(block));
            let again = read_report(&room[..length], 1).expect("what we write can be read");
            assert_eq!(again.ours, Some(block));
        }
        for (here, there) in &mut ends {
            assert!(there.open_report(datagram).is_none(), "nobody has our keys");
            assert!(there.open(datagram).is_none(), "nobody has our keys");
            if let Some(sealed) = here.seal_report(datagram) {
                assert_eq!(there.open_report(&sealed).as_deref(), Some(datagram));
                assert!(there.open_report(&sealed).is_none(), "a copy is nothing");
            }
        }
    }
}

/// Offers and answers: what we answer to an offer is an answer we would take.
pub(crate) fn sdp(bytes: &[u8]) {
    let keys = |seed| sdp::OurKeys::from_random([[seed; MasterKey::LONGEST]; Suite::ALL.len()]);
    let (ours, theirs) = (keys(1), keys(2));
    for security in
        [sdp::Security::Plain, sdp::Security::InKind(ours), sdp::Security::Required(ours)]
    {
        let local = sdp::LocalSound {
            address: [192, 0, 2, 1].into(),
            port: 4000,
            session: 1,
            version: 1,
            width: sdp::Width::Wide,
            security,
        };
        let _ = sdp::accept(bytes, &local);
        let Ok((format, answer)) = sdp::answer(bytes, &local) else { continue };
        let after = security.after(format.protection);
        let offerer = match format.protection {
            Protection::None => sdp::Security::Plain,
            // Who made the offer has a line with that number and suite.
            Protection::Srtp { .. } => sdp::Security::Required(theirs).after(format.protection),
        };
        let read = sdp::accept(&answer, &sdp::LocalSound { security: offerer, ..local });
        let read = read.expect("our own answer can be read");
        assert_eq!(read.codec, format.codec);
        assert_eq!(read.protection == Protection::None, format.protection == Protection::None);
        assert!((10..=60).contains(&format.ptime_ms) && format.ptime_ms.is_multiple_of(10));
        assert!(format.payload_type < 128);
        if format.protection != Protection::None {
            assert!(matches!(after, sdp::Security::Required(_)), "no way back to plain");
        }
    }
}

const SDP: &[u8] = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 8\r\n";

fn split<'a>(bytes: &'a [u8], mark: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let all = rest?;
        match all.windows(mark.len()).position(|window| window == mark) {
            Some(at) => {
                rest = Some(&all[at + mark.len()..]);
                Some(&all[..at])
            }
            None => rest.take(),
        }
    })
}
