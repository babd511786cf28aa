//! A TCP trunk whose connection closes or is refused, and a UDP one of which that is only said.

use std::net::SocketAddr;

use polaris::sip::{Config, DialogId, Event, Message, Route, Transport};

use crate::bench::{SDP, Wire, outgoing, request, response, secs, summary};

fn wire() -> Wire {
    Wire::over(Transport::Tcp, Config::default())
}

/// Everything sent since the last look, and where to.
fn sent_to(wire: &mut Wire) -> Vec<(String, SocketAddr)> {
    std::iter::from_fn(|| wire.us.poll_transmit())
        .map(|t| (summary(&Message::parse(&t.bytes).unwrap()), t.route.remote))
        .collect()
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// A call of ours that rings.
fn ringing(wire: &mut Wire) -> (DialogId, Message) {
    let dialog = wire.us.invite(wire.now, outgoing(wire.route)).unwrap();
    let invite = wire.sent().remove(0);
    wire.receive(&response(&invite, 180, "phone", "", ""));
    assert_eq!(wire.events(), [Event::Ringing { dialog }]);
    (dialog, invite)
}

/// A call to us from a port that exists for one connection only, answered.
fn called(wire: &mut Wire, fields: &str) -> DialogId {
    wire.route = Route { remote: address("192.0.2.9:41234"), ..wire.route };
    let invite = request("INVITE", 1, "i", "", SDP).replace("Max-Forwards: 70\r\n", fields);
    wire.receive(&invite);
    let Some(Event::Invited { dialog, .. }) = wire.us.poll_event() else { panic!("no call") };
    wire.us.answer(wire.now, dialog, SDP.into());
    let ok = wire.sent().remove(1);
    let tag = ok.header("To").unwrap().split("tag=").nth(1).unwrap().to_owned();
    wire.receive(&request("ACK", 1, "a", &tag, ""));
    wire.events();
    dialog
}

#[test]
fn a_phone_that_rings_is_told_to_stop_over_a_new_connection() {
    let mut wire = wire();
    let (dialog, invite) = ringing(&mut wire);
    wire.us.connection_closed(wire.now, wire.route);
    assert_eq!(wire.events(), [Event::Failed { dialog, status: 503 }]);
    let cancel = wire.sent().remove(0);
    assert_eq!(summary(&cancel), "CANCEL");
    wire.receive(&response(&cancel, 200, "phone", "", ""));
    wire.receive(&response(&invite, 487, "phone", "", ""));
    assert_eq!(wire.summary(), ["ACK"]);
    wire.pass(secs(64));
    wire.assert_empty();
}

#[test]
fn an_answer_that_crosses_the_closing_is_acknowledged_and_ended() {
    let mut wire = wire();
    let (_, invite) = ringing(&mut wire);
    wire.us.connection_closed(wire.now, wire.route);
    wire.receive(&response(&invite, 200, "phone", "", SDP));
    assert_eq!(wire.summary(), ["CANCEL", "ACK", "BYE"]);
}

#[test]
fn when_no_new_connection_can_be_opened_nothing_is_kept() {
    let mut wire = wire();
    let (dialog, _) = ringing(&mut wire);
    wire.us.connection_closed(wire.now, wire.route);
    wire.us.transport_failed(wire.now, wire.route);
    assert_eq!(wire.events(), [Event::Failed { dialog, status: 503 }]);
    assert_eq!(wire.summary(), ["CANCEL"]);
    wire.assert_empty();
}

#[test]
fn a_cancel_lost_with_its_connection_is_sent_again_once() {
    let mut wire = wire();
    let (dialog, _) = ringing(&mut wire);
    wire.us.hang_up(wire.now, dialog);
    assert_eq!(wire.summary(), ["CANCEL"]);
    wire.us.connection_closed(wire.now, wire.route);
    assert_eq!(wire.summary(), ["CANCEL"]);
    wire.us.connection_closed(wire.now, wire.route);
    assert_eq!(wire.summary(), [""; 0]);
    wire.pass(secs(64));
    wire.assert_empty();
}

#[test]
fn an_invite_without_an_answer_is_sent_again_once() {
    let mut wire = wire();
    let dialog = wire.us.invite(wire.now, outgoing(wire.route)).unwrap();
    wire.us.connection_closed(wire.now, wire.route);
    assert_eq!(wire.summary(), ["INVITE", "INVITE"]);
    wire.us.connection_closed(wire.now, wire.route);
    assert_eq!(wire.events(), [Event::Failed { dialog, status: 503 }]);
    wire.assert_empty();
}

#[test]
fn a_call_to_us_goes_on_and_is_ended_at_the_contact() {
    let mut wire = wire();
    let dialog = called(&mut wire, "");
    wire.us.connection_closed(wire.now, wire.route);
    assert_eq!(wire.events(), [], "the sound has a way of its own");
    wire.us.hang_up(wire.now, dialog);
    assert_eq!(sent_to(&mut wire), [("BYE".into(), address("192.0.2.9:5062"))]);
}

#[test]
fn the_recorded_route_comes_before_the_contact() {
    let mut wire = wire();
    let dialog = called(&mut wire, "Record-Route: <sip:192.0.2.77;lr>\r\n");
    wire.us.hang_up(wire.now, dialog);
    assert_eq!(sent_to(&mut wire), [("BYE".into(), address("192.0.2.9:41234"))], "while open");
    wire.us.connection_closed(wire.now, wire.route);
    assert_eq!(sent_to(&mut wire), [("BYE".into(), address("192.0.2.77:5060"))], "once more");
}

#[test]
fn a_call_of_ours_goes_back_to_the_proxy_it_came_from() {
    let mut wire = wire();
    let (dialog, invite) = ringing(&mut wire);
    wire.receive(&response(&invite, 200, "phone", "", SDP));
    wire.sent();
    let proxy = wire.route;
    // The phone asks something over a connection of its own, which closes.
    wire.route = Route { remote: address("192.0.2.9:45678"), ..proxy };
    let tag = invite.header("From").unwrap().split(';').next_back().unwrap();
    let info = request("OPTIONS", 1, "o", "x", "")
        .replace("Call-ID: one", &format!("Call-ID: {}", invite.header("Call-ID").unwrap()))
        .replace("tag=caller", "tag=phone")
        .replace("tag=x", tag);
    wire.receive(&info);
    assert_eq!(wire.summary(), ["200/OPTIONS"]);
    wire.us.connection_closed(wire.now, wire.route);
    wire.us.hang_up(wire.now, dialog);
    assert_eq!(sent_to(&mut wire), [("BYE".into(), proxy.remote)]);
}

#[test]
fn a_late_answer_goes_to_the_port_the_via_names() {
    let mut wire = wire();
    wire.route = Route { remote: address("192.0.2.9:41234"), ..wire.route };
    wire.receive(&request("INVITE", 1, "i", "", SDP));
    let Some(Event::Invited { dialog, .. }) = wire.us.poll_event() else { panic!("no call") };
    wire.sent();
    wire.us.connection_closed(wire.now, wire.route);
    wire.us.answer(wire.now, dialog, SDP.into());
    assert_eq!(sent_to(&mut wire), [("200/INVITE".into(), address("192.0.2.9:5062"))]);
}

/// A call of ours over UDP that begins, and a question beside it.
fn asked(wire: &mut Wire) -> DialogId {
    let dialog = wire.us.invite(wire.now, outgoing(wire.route)).unwrap();
    wire.us.ping(wire.now, wire.route, "192.0.2.9", None);
    assert_eq!(wire.summary(), ["INVITE", "OPTIONS"]);
    dialog
}

#[test]
fn a_peer_that_spoke_lately_is_there_whatever_an_icmp_packet_says() {
    let mut wire = Wire::new();
    wire.receive(&request("OPTIONS", 1, "o", "", ""));
    wire.sent();
    wire.pass(secs(34));
    let dialog = asked(&mut wire);
    wire.us.transport_failed(wire.now, wire.route);
    assert_eq!((wire.events(), wire.us.poll_reply()), (vec![], None), "it may be forged");
    wire.pass(secs(1));
    assert_eq!(wire.summary(), ["INVITE", "OPTIONS"], "sent again");
    // It has said nothing for 35 seconds: now it is believed that nobody is there.
    wire.us.transport_failed(wire.now, wire.route);
    assert_eq!(wire.events(), [Event::Failed { dialog, status: 503 }]);
    assert_eq!(wire.us.poll_reply().map(|reply| reply.status), Some(503));
    wire.assert_empty();
}

#[test]
fn a_peer_that_spoke_and_is_gone_is_believed_gone_at_the_second_refusal() {
    for answers in [false, true] {
        let mut wire = Wire::new();
        wire.receive(&request("OPTIONS", 1, "o", "", ""));
        wire.sent();
        wire.pass(secs(10));
        let dialog = asked(&mut wire);
        wire.us.transport_failed(wire.now, wire.route);
        assert_eq!(wire.events(), []);
        if answers {
            wire.receive(&request("OPTIONS", 2, "p", "", ""));
            wire.sent();
        }
        wire.pass(secs(1));
        wire.sent();
        wire.us.transport_failed(wire.now, wire.route);
        let failed = [Event::Failed { dialog, status: 503 }];
        assert_eq!(wire.events(), if answers { &[][..] } else { &failed[..] });
    }
}

#[test]
fn another_port_of_the_same_host_does_not_speak_for_it() {
    let mut wire = Wire::new();
    let proxy = wire.route;
    wire.route = Route { remote: address("192.0.2.9:5999"), ..proxy };
    wire.receive(&request("OPTIONS", 1, "o", "", ""));
    wire.sent();
    wire.route = proxy;
    let dialog = asked(&mut wire);
    wire.us.transport_failed(wire.now, wire.route);
    assert_eq!(wire.events(), [Event::Failed { dialog, status: 503 }]);
}

#[test]
fn what_ends_a_call_is_said_again_though_it_was_refused() {
    let mut wire = Wire::new();
    let (dialog, invite) = ringing(&mut wire);
    wire.pass(secs(60));
    wire.us.hang_up(wire.now, dialog);
    assert_eq!(wire.summary(), ["CANCEL"]);
    wire.us.transport_failed(wire.now, wire.route);
    wire.pass(secs(1));
    let cancel = wire.sent().remove(0);
    assert_eq!(summary(&cancel), "CANCEL");
    wire.receive(&response(&cancel, 200, "phone", "", ""));
    wire.receive(&response(&invite, 487, "phone", "", ""));
    assert_eq!(wire.summary(), ["ACK"]);

    let mut wire = Wire::new();
    let (dialog, invite) = ringing(&mut wire);
    wire.receive(&response(&invite, 200, "phone", "", SDP));
    wire.pass(secs(60));
    wire.sent();
    wire.us.hang_up(wire.now, dialog);
    assert_eq!(wire.summary(), ["BYE"]);
    wire.us.transport_failed(wire.now, wire.route);
    wire.pass(secs(1));
    let bye = wire.sent().remove(0);
    assert_eq!(summary(&bye), "BYE");
    wire.receive(&response(&bye, 200, "phone", "", ""));
    wire.events();
    wire.pass(secs(64));
    wire.assert_empty();
}
