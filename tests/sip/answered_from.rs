//! Whose answers are taken: those of whom we asked, over the way on which we asked.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use polaris::sip::{Config, Event, Message, Route, Transport};
use proptest::prelude::*;

use crate::bench::{SDP, Wire, outgoing, response};

/// A trunk asked at 192.0.2.9:5062, with two other hosts.
fn wire(transport: Transport) -> Wire {
    let mut wire = Wire::over(transport, Config::default());
    wire.us.know_together(&hosts(&["192.0.2.9", "192.0.2.10", "2001:db8::9"]));
    // Another operator.
    wire.us.know_together(&hosts(&["198.51.100.1", "198.51.100.2"]));
    wire
}

fn hosts(addresses: &[&str]) -> BTreeSet<IpAddr> {
    addresses.iter().map(|address| address.parse().unwrap()).collect()
}

fn hear(wire: &mut Wire, transport: Transport, from: &str, text: &str) {
    let route = Route { transport, remote: from.parse().unwrap(), ..wire.route };
    wire.us.receive(wire.now, route, text.as_bytes());
}

fn invited(wire: &mut Wire) -> Message {
    wire.us.invite(wire.now, outgoing(wire.route)).unwrap();
    wire.sent().remove(0)
}

/// Over what it was asked, over what it is answered, from where; whether it is taken.
const ANSWERS: [(Transport, Transport, &str, bool); 11] = [
    (Transport::Udp, Transport::Udp, "192.0.2.9:5062", true),
    // A border's other port, its other host, the other family.
    (Transport::Udp, Transport::Udp, "192.0.2.9:5070", true),
    (Transport::Udp, Transport::Udp, "192.0.2.10:5060", true),
    (Transport::Udp, Transport::Udp, "[2001:db8::9]:5060", true),
    (Transport::Udp, Transport::Udp, "[::ffff:192.0.2.9]:5062", true),
    // Another operator, and somebody nobody knows.
    (Transport::Udp, Transport::Udp, "198.51.100.1:5060", false),
    (Transport::Udp, Transport::Udp, "203.0.113.5:5062", false),
    // RFC 3261 §18.2.2: an answer takes the transport of its request; over a stream it may
    // come over a new connection.
    (Transport::Udp, Transport::Tcp, "192.0.2.9:5062", false),
    (Transport::Tls, Transport::Tcp, "192.0.2.9:5062", false),
    (Transport::Tls, Transport::Tls, "192.0.2.9:40123", true),
    (Transport::Tcp, Transport::Tcp, "198.51.100.2:5060", false),
];

#[test]
fn an_answer_is_taken_from_the_hosts_of_whom_we_asked_over_the_same_transport() {
    for (asked, answered, from, taken) in ANSWERS {
        let what = format!("{asked:?} answered over {answered:?} from {from}");
        let mut wire = wire(asked);
        let invite = invited(&mut wire);
        hear(&mut wire, answered, from, &response(&invite, 200, "phone", "", SDP));
        let open = wire.events().iter().any(|event| matches!(event, Event::Answered { .. }));
        assert_eq!(open, taken, "{what}");
        let mut told = std::iter::from_fn(|| wire.us.poll_refused()).map(|refused| refused.why);
        assert_eq!(told.any(|why| why.contains("not asked")), !taken, "{what}");
        // The same of a question outside any call.
        let query = wire.us.ping(wire.now, wire.route, "h", None);
        let options = wire.sent().pop().unwrap();
        hear(&mut wire, answered, from, &response(&options, 200, "h", "", ""));
        let reply = wire.us.poll_reply().filter(|reply| reply.query == query);
        assert_eq!(reply.is_some(), taken, "{what}");
    }
}

#[test]
fn a_forged_refusal_ends_no_call_and_the_real_answer_is_heard_after_it() {
    let mut wire = wire(Transport::Udp);
    let invite = invited(&mut wire);
    for status in [401, 486, 503, 603] {
        let forged = response(&invite, status, "phone", "", "");
        hear(&mut wire, Transport::Udp, "198.51.100.1:5060", &forged);
    }
    assert_eq!((wire.summary(), wire.events().len()), (vec![], 0));
    wire.receive(&response(&invite, 200, "phone", "", SDP));
    assert_eq!(wire.summary(), ["ACK"]);
    let Some(Event::Answered { dialog, .. }) = wire.events().pop() else { panic!("no answer") };
    wire.us.hang_up(wire.now, dialog);
    let bye = wire.sent().remove(0);
    hear(&mut wire, Transport::Udp, "203.0.113.5:5062", &response(&bye, 200, "", "", ""));
    assert_eq!(wire.us.open_dialogs(), 1, "its end is still awaited");
    wire.receive(&response(&bye, 200, "", "", ""));
    assert_eq!(wire.us.open_dialogs(), 0);
}

fn transport() -> impl Strategy<Value = Transport> {
    prop_oneof![Just(Transport::Udp), Just(Transport::Tcp), Just(Transport::Tls)]
}

proptest! {
    #[test]
    fn the_asked_host_is_heard_whatever_its_port_and_nobody_else_by_any(
        asked in transport(),
        answered in transport(),
        host in prop::sample::select(vec![[192, 0, 2, 9], [192, 0, 2, 10], [198, 51, 100, 1]]),
        port in 1..u16::MAX,
        status in 200..700u16,
    ) {
        let mut wire = wire(asked);
        let invite = invited(&mut wire);
        let from = SocketAddr::new(IpAddr::from(host), port).to_string();
        hear(&mut wire, answered, &from, &response(&invite, status, "phone", "", SDP));
        let may = asked == answered && host[0] == 192;
        prop_assert_eq!(!wire.events().is_empty(), may);
        prop_assert_eq!(!wire.sent().is_empty(), may);
    }
}
