//! Another parser's opinion: where `rsip` accepts a message, we read the same in it.

use polaris::sip::{
    Config, Endpoint, Message, NameAddr, Route, Transport, parse_cseq, refuse_stranger,
};
use polaris::words::Moment;
use proptest::prelude::*;
use rsip::prelude::*;

use crate::bench::{SDP, request, route};

/// What both must find.
struct Opinion {
    method: String,
    call_id: String,
    cseq: u32,
    tag: Option<String>,
    body: Vec<u8>,
}

/// The oracle's reading; `None` where it refuses.
fn oracle(bytes: &[u8]) -> Option<Opinion> {
    let request = rsip::Request::try_from(bytes).ok()?;
    let from = request.from_header().ok()?.typed().ok()?;
    Some(Opinion {
        method: request.method().to_string(),
        call_id: request.call_id_header().ok()?.value().to_owned(),
        cseq: request.cseq_header().ok()?.typed().ok()?.seq,
        tag: from.tag().map(|tag| tag.value().to_owned()),
        body: request.body().clone(),
    })
}

fn compare(bytes: &[u8]) -> bool {
    let Some(Opinion { method, call_id, cseq: seq, tag, .. }) = oracle(bytes) else {
        return false;
    };
    let ours = Message::parse(bytes).expect("the oracle reads it");
    assert_eq!(ours.method().map(ToString::to_string), Some(method));
    assert_eq!(ours.header("Call-ID").map(str::trim), Some(call_id.trim()));
    let cseq = ours.header("CSeq").and_then(parse_cseq);
    assert_eq!(cseq.map(|(number, _)| number), Some(seq));
    let from = ours.header("From").and_then(NameAddr::parse);
    if let (Some(from), Some(tag)) = (from, tag) {
        assert_eq!(from.tag(), Some(tag.as_str()));
    }
    true
}

#[test]
fn plain_messages_are_read_as_the_oracle_reads_them() {
    for method in ["INVITE", "BYE", "CANCEL", "OPTIONS", "INFO", "ACK", "UPDATE"] {
        let text = request(method, 314_159, "b", "to", SDP);
        assert!(compare(text.as_bytes()), "{method}");
        let ours = Message::parse(text.as_bytes()).unwrap();
        assert_eq!(ours.body, oracle(text.as_bytes()).unwrap().body);
        assert_eq!(Message::parse(&ours.to_bytes()).unwrap(), ours, "written as it was read");
    }
}

/// A message with a few octets changed, removed or doubled.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..3u8);
    let method = prop::sample::select(vec!["INVITE", "BYE", "ACK", "CANCEL", "INFO", "OPTIONS"]);
    (method, prop::collection::vec(change, 0..6)).prop_map(|(method, changes)| {
        let mut bytes = request(method, 1, "inv", "", SDP).into_bytes();
        for (at, byte, kind) in changes {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, bytes[at]),
            }
        }
        bytes
    })
}

fn endpoint_survives(route: Route, messages: &[Vec<u8>]) {
    let mut us = Endpoint::new(Config::default(), 1);
    for bytes in messages {
        us.receive(Moment::START, route, bytes);
        let _ = refuse_stranger(bytes, &route);
    }
    for _ in 0..10_000 {
        let Some(at) = us.poll_timeout() else { break };
        us.handle_timeout(at);
    }
    assert_eq!((us.poll_timeout(), us.open_dialogs(), us.open_transactions()), (None, 0, 0));
}

/// Whether both can hold an opinion: bare characters the grammar forbids are left out.
fn is_printable(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| matches!(b, b'\r' | b'\n' | 0x20..0x7f))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn mutated_messages_agree_with_the_oracle_or_are_refused_by_it(bytes in mutated()) {
        if is_printable(&bytes) && bytes.windows(2).filter(|w| w == b"\r\n").count() >= 11 {
            compare(&bytes);
        }
    }

    #[test]
    fn no_octets_stop_the_endpoint(
        mutants in prop::collection::vec(mutated(), 1..6),
        junk in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut messages = mutants;
        messages.push(junk);
        endpoint_survives(route(Transport::Udp), &messages);
        endpoint_survives(route(Transport::Tcp), &messages);
    }
}
