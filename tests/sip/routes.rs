//! The way of every message: recorded routes, loose and strict; answers where they belong.

use std::net::SocketAddr;

use polaris::sip::{Credentials, Event, Message};

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
fn answers_go_where_the_request_came_from_when_its_via_names_another_host() {
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
fn a_gateway_that_sends_from_one_port_and_listens_at_another_hears_everything() {
    let mut wire = Wire::new();
    let without = |text: String| text.replace(";rport", "");
    wire.route.remote = "192.0.2.9:40123".parse().unwrap();
    let invite = without(request("INVITE", 1, "i", "", SDP));
    wire.receive(&invite);
    let Some(Event::Invited { dialog, .. }) = wire.us.poll_event() else { panic!("no call") };
    wire.us.ring(wire.now, dialog);
    wire.receive(&invite);
    wire.us.answer(wire.now, dialog, SDP.into());
    // The 200 again, by itself and for a copy.
    wire.pass(secs(1));
    wire.receive(&invite);
    let mut sent: Vec<_> = std::iter::from_fn(|| wire.us.poll_transmit()).collect();
    let ok = Message::parse(&sent.last().unwrap().bytes).unwrap();
    let tag = ok.header("To").unwrap().split("tag=").nth(1).unwrap().to_owned();
    wire.route.remote = "192.0.2.9:40124".parse().unwrap();
    wire.receive(&without(request("ACK", 1, "a", &tag, "")));
    wire.receive(&without(request("INFO", 2, "f", &tag, "Signal=1")));
    wire.receive(&without(request("CANCEL", 1, "x", "", "")));
    wire.us.probe(wire.now, dialog);
    wire.us.hang_up(wire.now, dialog);
    wire.receive(&without(request("BYE", 3, "b", "nobody", "")));
    sent.extend(std::iter::from_fn(|| wire.us.poll_transmit()));
    let kinds: Vec<String> =
        sent.iter().map(|sent| summary(&Message::parse(&sent.bytes).unwrap())).collect();
    assert_eq!(
        kinds,
        [
            "100/INVITE",
            "180/INVITE",
            "180/INVITE",
            "200/INVITE",
            "200/INVITE",
            "200/INVITE",
            "200/INFO",
            "481/CANCEL",
            "OPTIONS",
            "BYE",
            "481/BYE"
        ]
    );
    for (sent, kind) in sent.iter().zip(kinds) {
        assert_eq!(sent.route.remote, "192.0.2.9:5062".parse().unwrap(), "{kind}");
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

/// The outbound proxy, the way the registrar asks for, and the Route of a call.
type Way<'a> = (Option<&'a str>, &'a [&'a str], &'a [&'a str]);

#[test]
fn a_new_call_takes_the_way_its_registrar_asks_for_and_leaves_for_its_trunk() {
    let (orig, second) = ("<sip:orig@scscf.ims.example:6060;lr>", "<sip:as.ims.example;lr>");
    let ways: [Way<'_>; 6] = [
        (None, &[], &[]),
        (None, &[orig, second], &[orig, second]),
        (Some("p.example:5070"), &[], &["<sip:p.example:5070;lr>"]),
        (Some("p.example:5070"), &[orig], &["<sip:p.example:5070;lr>", orig]),
        // It begins with the proxy that everything passes: once is enough.
        (Some("scscf.ims.example:6060"), &[orig, second], &[orig, second]),
        (Some("AS.ims.example:5060"), &[second], &[second]),
    ];
    for (proxy, asked, wanted) in ways {
        let mut wire = Wire::new();
        let mut call = outgoing(wire.route);
        call.outbound_proxy = proxy.map(str::to_owned);
        call.service_route = asked.iter().map(|element| (*element).to_owned()).collect();
        let (username, password) = ("polaris".to_owned(), "secret".to_owned());
        call.credentials = Some(Credentials { username, password, realm: None });
        let dialog = wire.us.invite(wire.now, call).unwrap();
        let transmit = wire.us.poll_transmit().unwrap();
        assert_eq!(transmit.route, wire.route, "whatever the way, it leaves for the trunk");
        let invite = Message::parse(&transmit.bytes).unwrap();
        assert_eq!(invite.request_uri(), "sip:+393330000001@192.0.2.9:5062;user=phone");
        assert_eq!(invite.list("Route"), wanted);
        let challenge = "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n";
        wire.receive(&response(&invite, 407, "x", challenge, ""));
        let again = wire.sent().pop().unwrap();
        assert_eq!((summary(&again).as_str(), again.list("Route")), ("INVITE", wanted.to_vec()));
        wire.receive(&response(&again, 200, "phone", "", SDP));
        wire.us.hang_up(wire.now, dialog);
        let sent = wire.sent();
        assert_eq!(sent.iter().map(summary).collect::<Vec<_>>(), ["ACK", "BYE"]);
        assert!(sent.iter().all(|request| request.list("Route").is_empty()), "recorded by nobody");
    }
}
