//! Twenty thousand datagrams nobody should send.

use std::fs;
use std::net::UdpSocket;

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::messages::messages;
use crate::support::service::{NUMBER, Service};
use crate::{a_call_goes_through, socket};

/// Datagrams from the operator's network, and as many from a stranger.
const DATAGRAMS: usize = 10_000;
/// Sent before the service is asked whether it has kept up.
const BURST: usize = 100;
/// Six bytes of the branch and of the Call-ID that are different in every datagram.
const MARK: &[u8] = b"abcdef";
/// How many different marks there are: far fewer than the calls a service takes at once.
const CALLS: u32 = 100;
/// What the service may have grown by, in KiB: hundreds of calls that were never meant,
/// each with its recordings' places, and the allocator's leftovers.
const GROWTH_KIB: u64 = 100 * 1024;

#[test]
fn garbage_neither_stops_the_service_nor_fills_its_memory() {
    let service = Service::start(&[]);
    let seeds = seeds();
    let mut rng = SmallRng::seed_from_u64(4475);
    let before = resident_kib(&service);
    for address in [service.ground.caller, service.ground.stranger] {
        let from = socket(address);
        // Whether the service keeps up is asked by somebody it knows.
        let asks = socket(service.ground.caller);
        for _ in 0..DATAGRAMS / BURST {
            for _ in 0..BURST {
                send_mutated(&service, &from, &seeds, &mut rng);
            }
            assert!((0..20).any(|_| service.answers_options_on(&asks)), "the service lives");
        }
    }
    let after = resident_kib(&service);
    println!("resident: {before} KiB before, {after} KiB after {} datagrams", 2 * DATAGRAMS);
    assert!(after < before + GROWTH_KIB, "{before} KiB before, {after} KiB after");
    a_call_goes_through(&service);
    let calls = service.calls();
    assert_eq!(calls.len(), service.cases().len(), "one call, one case");
    println!("{} calls were opened by mutated INVITEs", calls.len() - 1);
    assert!(calls.len() > 10, "mutations leave some INVITEs whole");
    service.log_names_nobody();
}

/// The torture messages if they are there, and in any case a call and an OPTIONS.
fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![invite(), invite().replace("INVITE", "OPTIONS"), "\r\n\r\n".to_owned()];
    seeds.push(invite().replace("INVITE", "BYE"));
    let mut seeds: Vec<Vec<u8>> = seeds.into_iter().map(String::into_bytes).collect();
    seeds.extend(messages().into_iter().flatten().map(|(_, bytes)| bytes));
    seeds
}

fn invite() -> String {
    let body = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                m=audio 40000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\n";
    format!(
        "INVITE sip:{NUMBER}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;rport;branch=\
         z9hG4bKabcdef\r\nMax-Forwards: 70\r\nFrom: \"Rosa Bianchi\" <sip:+390831555555@x>;tag=1\r\n\
         To: <sip:{NUMBER}@127.0.0.1>\r\nCall-ID: abcdefgh@x\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:me@127.0.0.1:9>\r\nContent-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn send_mutated(service: &Service, from: &UdpSocket, seeds: &[Vec<u8>], rng: &mut SmallRng) {
    let mut bytes = seeds[rng.random_range(0..seeds.len())].clone();
    let another = format!("{:06x}", rng.random_range(0..CALLS));
    replace_all(&mut bytes, MARK, another.as_bytes());
    for _ in 0..rng.random_range(0..8) {
        mutate(&mut bytes, rng);
    }
    bytes.truncate(60_000);
    // The kernel may be out of room for a moment: that datagram is lost, as others are.
    let _ = from.send_to(&bytes, service.ground.server());
}

/// Makes the request another one: a copy of one seen before opens no second call.
fn replace_all(bytes: &mut [u8], what: &[u8], with: &[u8]) {
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(what)).collect();
    for place in places {
        bytes[place..place + what.len()].copy_from_slice(with);
    }
}

fn mutate(bytes: &mut Vec<u8>, rng: &mut SmallRng) {
    if bytes.is_empty() {
        bytes.push(rng.random());
    }
    let place = rng.random_range(0..bytes.len());
    match rng.random_range(0..6) {
        0 => bytes[place] = rng.random(),
        1 => bytes[place] ^= 1 << rng.random_range(0..8),
        2 => bytes.truncate(place),
        3 => bytes.insert(place, b"\r\n:;<>\"%\0\xff"[rng.random_range(0..10)]),
        4 => {
            let end = (place + rng.random_range(1..64)).min(bytes.len());
            let piece = bytes[place..end].repeat(rng.random_range(1..40));
            bytes.splice(place..place, piece);
        }
        _ => bytes.swap(place, 0),
    }
}

/// `VmRSS` of the service's process.
fn resident_kib(service: &Service) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", service.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
