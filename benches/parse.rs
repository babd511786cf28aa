//! What it takes to read 64 KiB of the worst the network can send (aim: under 1 ms each).
//!
//! The best of many runs: what the machine does besides is not measured. The last column
//! is the same for a quarter of the size; four times is linear, sixteen times is not.

#![allow(clippy::disallowed_methods, reason = "time is what it measures")]

use std::hint::black_box;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use polaris::sip::{Framer, Message, refuse_stranger, sdp};

const WHOLE: usize = 64 * 1024;
const RUNS: usize = 50;

fn main() {
    println!("{:<52} {:>10} {:>8}", "64 KiB of", "time", "growth");
    let start = b"INVITE sip:+390831000000@192.0.2.1 SIP/2.0\r\n";
    let read = |bytes: &[u8]| drop(black_box(Message::parse(bytes)));
    let answer = |bytes: &[u8]| {
        let local = sdp::LocalSound {
            address: [192, 0, 2, 1].into(),
            port: 4000,
            session: 1,
            version: 1,
            width: sdp::Width::Wide,
        };
        drop(black_box(sdp::answer(bytes, &local)));
    };
    let refuse = |bytes: &[u8]| {
        let from = SocketAddr::from(([198, 51, 100, 7], 5060));
        let _ = black_box(refuse_stranger(bytes, from, &mut [0; 4096]));
    };
    let cut = |bytes: &[u8]| {
        let mut framer = Framer::new();
        for piece in bytes.chunks(1_400) {
            framer.push(piece);
            black_box(framer.by_ref().map_while(Result::ok).count());
        }
    };
    row("an INVITE with a long body", start, b"v=0 ", b"", &read);
    row("header fields", start, b"a:b\r\n", b"\r\n", &read);
    row("folded lines of one field", start, b"\r\n x", b"\r\n\r\n", &read);
    row("Via elements", start, b"Via: a,b,c,d\r\n", b"\r\n", &read);
    row("line ends", b"", b"\r\n", b"", &read);
    row("Latin-1", start, b"X: \xe0\xe8\r\n", b"\r\n", &read);
    row("the same, from a stranger", start, b"Via: a,b,c,d\r\n", b"\r\n", &refuse);
    row("quotes, from a stranger", start, b"From: \"\\\"<>;,\r\n", b"\r\n", &refuse);
    row("a message in pieces of 1,400 octets", start, b"a:b\r\n", b"\r\n", &cut);
    row("double line ends in a stream", b"", b"\r\n\r\n", b"", &cut);
    let session = b"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n";
    row("SDP attributes", session, b"a=x:y\r\n", b"", &answer);
    row("SDP streams", session, b"m=audio 4 RTP/AVP 8 0\r\n", b"", &answer);
    row("SDP formats", &[session, &b"m=audio 4 RTP/AVP"[..]].concat(), b" 97", b"\r\n", &answer);
}

/// `head`, then `again` as often as it fits, then `tail`: how long, and how it grows.
fn row(what: &str, head: &[u8], again: &[u8], tail: &[u8], read: &dyn Fn(&[u8])) {
    let of = |length: usize| {
        let times = (length - head.len() - tail.len()) / again.len();
        let bytes = [head, &again.repeat(times), tail].concat();
        let run = |_| {
            let begun = Instant::now();
            read(&bytes);
            begun.elapsed()
        };
        (0..RUNS).map(run).min().unwrap_or(Duration::ZERO)
    };
    let (quarter, whole) = (of(WHOLE / 4), of(WHOLE));
    let growth = whole.as_secs_f64() / quarter.as_secs_f64();
    println!("{what:<52} {whole:>10.1?} {growth:>7.1}x");
}
