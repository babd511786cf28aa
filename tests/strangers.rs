//! Who is no trunk costs nothing: the allocator of this whole program counts.
//!
//! One test alone, because the count is the program's.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use std::alloc::System;
use std::hint::black_box;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use polaris::sip::{Bucket, Buckets, Rate, refuse_stranger};
use polaris::words::Moment;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What scanners send, and what nobody should.
const QUESTIONS: [&[u8]; 5] = [
    b"REGISTER sip:203.0.113.5 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.9:5071;rport;branch=z9\r\n\
      From: <sip:100@203.0.113.5>;tag=1\r\nTo: <sip:100@203.0.113.5>\r\nCall-ID: 1\r\n\
      CSeq: 1 REGISTER\r\nMax-Forwards: 70\r\nContact: <sip:100@198.51.100.9>\r\n\
      User-Agent: friendly-scanner\r\nContent-Length: 0\r\n\r\n",
    b"INVITE sip:900442012345678@203.0.113.5 SIP/2.0\r\nv: SIP/2.0/TCP [2001:db8::1]\r\n\
      f: <sip:1@a>\r\nt: <sip:2@b>;tag=no\r\ni: 1\r\nCSeq: 1 INVITE\r\n\
      Subject: a long one, so that there is room for the answer below it\r\n\r\nbody",
    b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a\r\n\r\n",
    b"SIP/2.0 200 OK\r\n\r\n",
    b"\xff\x00\r\n:\r\n \r\n",
];

fn main() {
    a_stranger_is_turned_away_without_an_allocation();
    println!("test result: ok. 1 passed; 0 failed");
}

fn a_stranger_is_turned_away_without_an_allocation() {
    let rate = Rate { burst: 4, each: Duration::from_secs(1) };
    let (mut each, mut all) = (Buckets::new(rate, 7), Bucket::default());
    let mut paper = vec![0; 4096];
    let (mut answers, mut permitted) = (0, 0);
    let region = Region::new(COUNTING);
    for round in 0..20_000_u32 {
        let source = SocketAddr::new(IpAddr::from((round / 10).to_be_bytes()), 5060);
        let question = QUESTIONS[round as usize % QUESTIONS.len()];
        permitted += u32::from(each.take(Moment::START, source.ip()));
        black_box(all.take(Moment::START, rate));
        if let Some(answer) = refuse_stranger(question, source, &mut paper) {
            assert!(answer.len() <= question.len(), "no amplification");
            answers += 1;
        }
    }
    let change = region.change();
    assert_eq!((change.allocations, change.reallocations), (0, 0));
    assert_eq!(answers, 8_000);
    // Some of two thousand sources find their places in the table taken.
    assert!((7_000..=8_000).contains(&permitted), "{permitted}");
}
