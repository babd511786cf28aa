//! The way of every message: recorded routes, loose and strict; answers where they belong.

use std::net::SocketAddr;

use polaris::sip::{Event, Message};

use crate::bench::{SDP, Wire, outgoing, request, response, secs, summary};

/// A call of ours that was answered through this recorded route, and everything it sends.
fn requests_over(record_route: &str) -> Vec<Message> {
    let mut wire = Wire::new();
    let dialog = wire.us.invite(wire.now, outgoing(wire.route)).unwrap();
    let invite = wire.sent().remove(0);
    let early = format!("Require: 100rel\r\nRSeq: 1\r\nRecord-Route: {record_route}\r\n");
    wire.receive(&response(&invite, 183, "phone", &early, ""));
    let fields = format!(
        "Record-Route: {record_route}\r\nAllow: UPDATE\r\nSession-Expires: 90;refresher=uac\r\n"
    );
    wire.receive(&response(&invite, 200, "phone", &fields, SDP));
    wire.us.probe(wire.now, dialog);
    let mut sent = wire.sent();
    wire.pass(secs(45));
    sent.extend(wire.sent().into_iter().filter(|m| summary(m) == "UPDATE").take(1));
    wire.us.hang_up(wire.now, dialog);
    sent.extend(wire.sent());
    sent
}

#[test]
fn every_request_of_a_dialog_follows_the_recorded_route() {
    let sent = requests_over("<sip:near;lr>, <sip:far;lr>");
    let kinds: Vec<String> = sent.iter().map(summary).collect();
    assert_eq!(kinds, ["PRACK", "ACK", "OPTIONS", "UPDATE", "BYE"]);
    for request in sent {
        assert_eq!(request.request_uri(), "sip:phone@192.0.2.9:5062");
        assert_eq!(request.list("Route"), ["<sip:far;lr>", "<sip:near;lr>"]);
    }
}

#[test]
fn a_strict_router_gets_what_it_understands_in_every_request() {
    let sent = requests_over("<sip:near;lr>, <sip:strict>");
    assert_eq!(sent.len(), 5);
    for request in sent {
        assert_eq!(request.request_uri(), "sip:strict");
        assert_eq!(request.list("Route"), ["<sip:near;lr>", "<sip:phone@192.0.2.9:5062>"]);
    }
}

#[test]
fn answers_go_back_to_the_port_the_request_came_from() {
    let behind_nat: SocketAddr = "203.0.113.77:40123".parse().unwrap();
    for text in [
        request("OPTIONS", 1, "o", "", ""),
        request("REGISTER", 1, "r", "", ""),
        request("INVITE", 1, "i", "", SDP),
    ] {
        for rport in [";rport", ""] {
            let mut wire = Wire::new();
            wire.route.remote = behind_nat;
            wire.receive(&text.replace(";rport", rport));
            let transmit = wire.us.poll_transmit().expect("an answer");
            assert_eq!(transmit.route.remote, behind_nat, "{text}");
            let answer = Message::parse(&transmit.bytes).unwrap();
            let via = answer.header("Via").unwrap();
            assert!(via.contains("received=203.0.113.77"), "{via}");
            assert_eq!(via.contains("rport=40123"), rport == ";rport", "{via}");
        }
    }
}

#[test]
fn a_caller_that_moved_behind_its_nat_is_followed() {
    let mut wire = Wire::new();
    wire.receive(&request("INVITE", 1, "i", "", SDP));
    let Some(Event::Invited { dialog, .. }) = wire.us.poll_event() else { panic!("no call") };
    wire.us.answer(wire.now, dialog, SDP.into());
    let ok = wire.sent().remove(1);
    let tag = ok.header("To").unwrap().split("tag=").nth(1).unwrap().to_owned();
    wire.receive(&request("ACK", 1, "a", &tag, ""));
    wire.route.remote = "192.0.2.9:33333".parse().unwrap();
    wire.receive(&request("OPTIONS", 2, "o", &tag, ""));
    wire.us.hang_up(wire.now, dialog);
    let to: Vec<u16> = std::iter::from_fn(|| wire.us.poll_transmit())
        .map(|transmit| transmit.route.remote.port())
        .collect();
    assert_eq!(to, [33_333, 33_333], "the answer, and the BYE");
}
