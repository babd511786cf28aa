//! What it takes to read 64 KiB of the worst the network can send, and the longest session
//! description that is read at all. The aim is 1 ms each; it ends with an error when one is
//! slower. Files of the service's own, plans and rosters, have no aim: nobody sends them.
//!
//! The best of many runs: what the machine does besides is not measured. The third column
//! is the same for a quarter of the size; four times is linear, sixteen times is not. What
//! «the endpoint» reads is answered, too: everything a message can cost is in it.

#![allow(clippy::disallowed_methods, reason = "time is what it measures")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use polaris::dialplan::{self, Recordings};
use polaris::roster::{Known, Records, read_csv, read_rows};
use polaris::rtp::{Packet, read_report};
use polaris::sip::{
    Config, Endpoint, Framer, Message, Route, Transport, read_key, refuse_stranger, sdp,
};
use polaris::words::Moment;

const WHOLE: usize = 64 * 1024;
/// Beyond this a description is refused unread.
const DESCRIPTION: usize = 16 * 1024;
const AIM: Duration = Duration::from_millis(1);
const RUNS: usize = 50;

const START: &[u8] = b"INVITE sip:+390831000000@192.0.2.1 SIP/2.0\r\n";
/// What makes an INVITE of the first line.
const FIELDS: &[u8] = b"Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx\r\nMax-Forwards: 70\r\n\
    From: <sip:+390831777001@192.0.2.9>;tag=1\r\nTo: <sip:+390831000000@192.0.2.1>\r\n\
    Call-ID: x\r\nCSeq: 1 INVITE\r\nContact: <sip:a@192.0.2.9>\r\n";
const SESSION: &[u8] = b"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n";

fn main() -> ExitCode {
    let mut table = Table { slowest: Duration::ZERO, aim: Some(AIM) };
    head("64 KiB of");
    alone(&mut table);
    from_a_stranger(&mut table);
    through_the_endpoint(&mut table);
    in_a_stream(&mut table);
    table.row("SDP attributes", SESSION, b"a=x:y\r\n", b"", &answer);
    sound_and_keys(&mut table);
    head("16 KiB of");
    descriptions(&mut table);
    let slowest = table.slowest;
    let verdict = if slowest < AIM { "met" } else { "MISSED" };
    println!("the slowest {slowest:.1?}: the aim of {AIM:?} is {verdict}");
    head("64 KiB of a file of one's own:");
    table.aim = None;
    own_files(&mut table);
    if slowest < AIM { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What comes on the ports of sound, and keys as text.
fn sound_and_keys(table: &mut Table) {
    let sound = |bytes: &[u8]| {
        let _ = black_box(Packet::read(bytes));
    };
    table.row("a packet of sound", b"\x8f\x08", b"\0\x01\x02\x03", b"", &sound);
    let report = |bytes: &[u8]| {
        let _ = black_box(read_report(bytes, 1));
    };
    table.row("reports on sound", b"", b"\x80\xc9\0\x01\0\0\0\x01", b"", &report);
    let key = |bytes: &[u8]| {
        let _ = black_box(read_key("application/dtmf-relay", bytes));
    };
    table.row("keys as text", b"", b"Signal=\r\n", b"Signal=1\r\n", &key);
}

fn own_files(table: &mut Table) {
    let plan = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        drop(black_box(dialplan::read("plan.kdl", &text, &Recordings::default())));
    };
    table.row("a plan, nodes nobody knows", b"service \"x\" {\n", b"a \"b\"\n", b"}\n", &plan);
    let (records, zones) = (Records::default(), BTreeMap::new());
    let known = Known { records: &records, zones: &zones, zone: chrono_tz::Europe::Rome };
    let head = b"service,equipe,step,person,phone,from,until\n";
    let good = b"a,e,1,Ada,+393331112223,2026-12-01T08:00,2026-12-01T20:00\n";
    let rows = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        drop(black_box(read_csv(&text, known.zone)));
        drop(black_box(read_rows(&text, &known)));
    };
    table.row("a roster", head, good, b"", &rows);
    table.row("a roster, every row bad", head, b"a,b\n", b"", &rows);
}

/// Parsed, and nothing else.
fn alone(table: &mut Table) {
    let read = |bytes: &[u8]| drop(black_box(Message::parse(bytes)));
    table.row("an INVITE with a long body", START, b"v=0 ", b"", &read);
    table.row("header fields", START, b"a:b\r\n", b"\r\n", &read);
    table.row("folded lines of one field", START, b"\r\n x", b"\r\n\r\n", &read);
    table.row("Via elements", START, b"Via: a,b,c,d\r\n", b"\r\n", &read);
    table.row("line ends", b"", b"\r\n", b"", &read);
    table.row("Latin-1", START, b"X: \xe0\xe8\r\n", b"\r\n", &read);
}

fn from_a_stranger(table: &mut Table) {
    let refuse = |bytes: &[u8]| {
        let from = SocketAddr::from(([198, 51, 100, 7], 5060));
        let _ = black_box(refuse_stranger(bytes, from, &mut [0; 4096]));
    };
    table.row("Via elements, a stranger's", START, b"Via: a,b,c,d\r\n", b"\r\n", &refuse);
    table.row("quotes, a stranger's", START, b"From: \"\\\"<>;,\r\n", b"\r\n", &refuse);
}

/// As a trunk's INVITE: what is at the limits is let in, what is beyond is refused.
fn through_the_endpoint(table: &mut Table) {
    let invite = &[START, FIELDS].concat();
    let long = |name: &str, element: &str| {
        let field = format!("{name}: {}", element.repeat(490 / element.len()));
        format!("{}\r\n", field.trim_end_matches(',')).into_bytes()
    };
    for (what, again) in [
        ("short header fields", b"a:b\r\n".to_vec()),
        ("header fields of 500 octets", long("Subject", "\\\"<;,")),
        ("Via of 500 octets", long("Via", "SIP/2.0/UDP h;branch=z9hG4bKy,")),
        ("Record-Route of 500 octets", long("Record-Route", "<sip:p;lr>,")),
        ("P-Asserted-Identity of 500 octets", long("P-Asserted-Identity", "<sip:+39@h>,")),
        ("Supported of 500 octets", long("Supported", "a,")),
        ("Require of 500 octets", long("Require", "timer,")),
        ("Route of 500 octets", long("Route", "\"\\\"\" <sip:p;lr>,")),
    ] {
        let what = format!("{what}, to the endpoint");
        table.row(&what, invite, &again, b"\r\n", &receive);
    }
    let described = &[&invite[..], b"Content-Type: application/sdp\r\n\r\n", SESSION].concat();
    table.row("an INVITE and its body, to the endpoint", described, b"a=x:y\r\n", b"", &receive);
}

fn in_a_stream(table: &mut Table) {
    let cut = |bytes: &[u8]| {
        let mut framer = Framer::new();
        for piece in bytes.chunks(1_400) {
            framer.push(piece);
            black_box(framer.by_ref().map_while(Result::ok).count());
        }
    };
    table.row("a message in pieces of 1,400 octets", START, b"a:b\r\n", b"\r\n", &cut);
    table.row("double line ends in a stream", b"", b"\r\n\r\n", b"", &cut);
    let short = b"BYE sip:a SIP/2.0\r\nl: 0\r\n\r\n";
    table.row("short messages in a stream", b"", short, b"", &cut);
}

fn descriptions(table: &mut Table) {
    let mut described = |what, head: &[u8], again, tail| {
        table.of(DESCRIPTION, what, head, again, tail, &answer);
    };
    let audio = [SESSION, &b"m=audio 4 RTP/AVP"[..]].concat();
    described("SDP attributes", SESSION, b"a=x:y\r\n", b"");
    described("SDP attributes of a stream", &[&audio[..], b" 8\r\n"].concat(), b"a=x:y\r\n", b"");
    described("SDP streams", SESSION, b"m=audio 4 RTP/AVP 8 0\r\n", b"");
    described("SDP formats", &audio, b" 97", b"\r\n");
    let many = [&audio[..], &b" 97".repeat(1_000), b"\r\n"].concat();
    described("SDP formats and their names", &many, b"a=rtpmap:97 X/8000\r\n", b"");
    let keys = b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n";
    described("keys", &[&audio[..], b" 8\r\n"].concat(), keys, b"");
}

fn answer(bytes: &[u8]) {
    let local = sdp::LocalSound {
        address: [192, 0, 2, 1].into(),
        port: 4000,
        session: 1,
        version: 1,
        width: sdp::Width::Wide,
        security: sdp::Security::Plain,
    };
    drop(black_box(sdp::answer(bytes, &local)));
}

/// Takes a message, answers it, and forgets everything.
fn receive(bytes: &[u8]) {
    let mut us = Endpoint::new(Config::default(), 7);
    let [local, remote] = [1, 9].map(|host| SocketAddr::from(([192, 0, 2, host], 5060)));
    us.receive(Moment::START, Route { transport: Transport::Udp, local, remote }, bytes);
    let answers = std::iter::from_fn(|| us.poll_transmit()).count();
    assert!(answers > 0, "it is answered, whatever it is");
    black_box(us.poll_event());
}

fn head(what: &str) {
    println!("{what:<56} {:>10} {:>8}  aim", "time", "growth");
}

/// What was measured, printed as it comes.
struct Table {
    slowest: Duration,
    aim: Option<Duration>,
}

impl Table {
    fn row(&mut self, what: &str, head: &[u8], again: &[u8], tail: &[u8], read: &dyn Fn(&[u8])) {
        self.of(WHOLE, what, head, again, tail, read);
    }

    /// `head`, then `again` as often as it fits, then `tail`: how long, and how it grows.
    fn of(
        &mut self,
        size: usize,
        what: &str,
        head: &[u8],
        again: &[u8],
        tail: &[u8],
        read: &dyn Fn(&[u8]),
    ) {
        // What nobody sends may take its time.
        let runs = if self.aim.is_some() { RUNS } else { 3 };
        let of = |length: usize| {
            let times = length.saturating_sub(head.len() + tail.len()) / again.len();
            let bytes = [head, &again.repeat(times), tail].concat();
            let run = |_| {
                let begun = Instant::now();
                read(&bytes);
                begun.elapsed()
            };
            (0..runs).map(run).min().unwrap_or(Duration::ZERO)
        };
        let (quarter, whole) = (of(size / 4), of(size));
        let growth = whole.as_secs_f64() / quarter.as_secs_f64();
        let aim = match self.aim {
            Some(aim) if whole < aim => "met",
            Some(_) => "MISSED",
            None => "",
        };
        println!("{what:<56} {whole:>10.1?} {growth:>7.1}x  {aim}");
        self.slowest = self.slowest.max(whole);
    }
}
