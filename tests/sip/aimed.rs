//! Where requests inside a dialog go over UDP: by Route and Contact, as far as they are believed.

use std::collections::BTreeSet;
use std::net::IpAddr;

use polaris::sip::{Event, Message, Route};

use crate::bench::{SDP, Wire, from_phone, outgoing, request, response, secs, summary};

/// A trunk at 192.0.2.9, with another host; 192.0.2.50 is nobody's.
fn wire() -> Wire {
    let mut wire = Wire::new();
    let hosts =
        ["192.0.2.9", "192.0.2.10", "127.0.0.1"].map(|host| host.parse::<IpAddr>().unwrap());
    wire.us.know_together(&BTreeSet::from(hosts));
    wire
}

/// Everything sent since the last look, and where to.
fn sent_to(wire: &mut Wire) -> Vec<(Message, String)> {
    let parsed = |bytes: &[u8]| Message::parse(bytes).unwrap();
    let sent = std::iter::from_fn(|| wire.us.poll_transmit());
    sent.map(|sent| (parsed(&sent.bytes), sent.route.remote.to_string())).collect()
}

fn from(wire: &Wire, remote: &str) -> Route {
    Route { remote: remote.parse().unwrap(), ..wire.route }
}

/// A call to us from 192.0.2.9:40123, answered; our tag and its dialog.
fn called(wire: &mut Wire, contact: &str, fields: &str) -> (polaris::sip::DialogId, String) {
    wire.route = from(wire, "192.0.2.9:40123");
    let invite = request("INVITE", 1, "i", "", SDP)
        .replace("<sip:c@192.0.2.9:5062>", contact)
        .replacen("Max-Forwards", &format!("{fields}Max-Forwards"), 1);
    wire.receive(&invite);
    let Some(Event::Invited { dialog, .. }) = wire.us.poll_event() else { panic!("no call") };
    wire.us.answer(wire.now, dialog, SDP.into());
    let ok = wire.sent().remove(1);
    let tag = ok.header("To").unwrap().split("tag=").nth(1).unwrap().to_owned();
    let ack = request("ACK", 1, "a", &tag, "").replace("<sip:c@192.0.2.9:5062>", contact);
    wire.receive(&ack);
    wire.events();
    (dialog, tag)
}

/// Contact, the fields beside it, and where a BYE goes then.
const NEXT: [(&str, &str, &str); 14] = [
    // The host that spoke, at the port it listens on; or another of its trunk.
    ("<sip:c@192.0.2.9:5080>", "", "192.0.2.9:5080"),
    ("<sip:c@192.0.2.9>", "", "192.0.2.9:5060"),
    ("<sip:c@192.0.2.9;transport=UDP>", "", "192.0.2.9:5060"),
    ("<sip:c@192.0.2.10:5080>", "", "192.0.2.10:5080"),
    ("<sip:c@phone.example>", "Record-Route: <sip:192.0.2.10;lr>\r\n", "192.0.2.10:5060"),
    // A recorded route comes before the Contact.
    ("<sip:c@192.0.2.9:5080>", "Record-Route: <sip:192.0.2.50;lr>\r\n", "192.0.2.9:40123"),
    // Behind a NAT, a name, another host, another transport, nothing: back to the source.
    ("<sip:c@192.168.1.4:5060>", "", "192.0.2.9:40123"),
    ("<sip:c@gateway.example:5060>", "", "192.0.2.9:40123"),
    ("<sip:c@192.0.2.50:5060>", "", "192.0.2.9:40123"),
    ("<sip:c@192.0.2.9:5080;transport=tcp>", "", "192.0.2.9:40123"),
    ("<sips:c@192.0.2.9:5061>", "", "192.0.2.9:40123"),
    ("<sip:c@192.0.2.9:5080;maddr=192.0.2.50>", "", "192.0.2.9:40123"),
    ("<sip:c@192.0.2.9:0>", "", "192.0.2.9:40123"),
    ("<sip:c@127.0.0.1:5060>", "", "192.0.2.9:40123"),
];

#[test]
fn a_caller_is_written_to_where_it_says_if_that_is_its_host_or_its_trunks() {
    for (contact, fields, to) in NEXT {
        for rport in [";rport", ""] {
            let mut wire = wire();
            let (dialog, tag) = called(&mut wire, contact, fields);
            let info = request("INFO", 2, "f", &tag, "Signal=1").replace(";rport", rport);
            wire.receive(&info);
            sent_to(&mut wire);
            wire.us.hang_up(wire.now, dialog);
            let sent = sent_to(&mut wire);
            assert_eq!(summary(&sent[0].0), "BYE");
            assert_eq!(sent[0].1, to, "{contact} {fields}");
        }
    }
}

#[test]
fn our_own_address_is_nobody_to_write_to() {
    let mut wire = wire();
    let us = wire.route.local;
    wire.us.know_together(&BTreeSet::from([us.ip(), "192.0.2.9".parse().unwrap()]));
    let (dialog, _) = called(&mut wire, &format!("<sip:c@{us}>"), "");
    wire.us.hang_up(wire.now, dialog);
    assert_eq!(sent_to(&mut wire)[0].1, "192.0.2.9:40123");
}

#[test]
fn a_caller_behind_a_nat_is_followed_and_one_that_listens_elsewhere_is_not() {
    for (contact, to) in
        [("<sip:c@192.168.1.4:5060>", "192.0.2.9:40999"), ("<sip:c@192.0.2.9>", "192.0.2.9:5060")]
    {
        let mut wire = wire();
        let (dialog, tag) = called(&mut wire, contact, "");
        wire.route = from(&wire, "192.0.2.9:40999");
        wire.receive(&request("INFO", 2, "f", &tag, "Signal=1"));
        sent_to(&mut wire);
        wire.us.hang_up(wire.now, dialog);
        assert_eq!(sent_to(&mut wire)[0].1, to, "{contact}");
    }
}

#[test]
fn a_new_contact_is_followed_and_a_refused_one_is_not() {
    for (accepted, to) in [(true, "192.0.2.10:5070"), (false, "192.0.2.9:5080")] {
        let mut wire = wire();
        let (dialog, tag) = called(&mut wire, "<sip:c@192.0.2.9:5080>", "");
        let update = request("UPDATE", 2, "u", &tag, SDP);
        wire.receive(&update.replace("<sip:c@192.0.2.9:5062>", "<sip:c@192.0.2.10:5070>"));
        match accepted {
            true => wire.us.accept_offer(wire.now, dialog, SDP.into()),
            false => wire.us.refuse_offer(wire.now, dialog, 488),
        }
        sent_to(&mut wire);
        wire.us.hang_up(wire.now, dialog);
        assert_eq!(sent_to(&mut wire)[0].1, to);
    }
}

/// A call of ours to 192.0.2.9:5062: where its PRACK, ACK, the ACK of a copy, and BYE go.
fn placed(contact: &str, fields: &str, answers_from: &str) -> Vec<(String, String)> {
    let mut wire = wire();
    let dialog = wire.us.invite(wire.now, outgoing(wire.route)).unwrap();
    let invite = wire.sent().remove(0);
    let answers = from(&wire, answers_from);
    let text = |status, more: &str| {
        let fields = format!("{fields}{more}");
        let body = if status == 200 { SDP } else { "" };
        response(&invite, status, "phone", &fields, body)
            .replace("<sip:phone@192.0.2.9:5062>", contact)
    };
    let early = text(183, "Require: 100rel\r\nRSeq: 1\r\n");
    wire.us.receive(wire.now, answers, early.as_bytes());
    for _ in 0..2 {
        wire.us.receive(wire.now, answers, text(200, "").as_bytes());
    }
    wire.us.hang_up(wire.now, dialog);
    sent_to(&mut wire).into_iter().map(|(message, to)| (summary(&message), to)).collect()
}

#[test]
fn the_called_side_is_written_to_where_it_says_if_that_is_its_host_or_its_trunks() {
    let routed = "Record-Route: <sip:far.example;lr>, <sip:192.0.2.10:5071;lr>\r\n";
    for (contact, fields, answers_from, to) in [
        ("<sip:p@192.0.2.9:5080>", "", "192.0.2.9:5062", "192.0.2.9:5080"),
        ("<sip:p@192.0.2.10:5080>", "", "192.0.2.10:5080", "192.0.2.10:5080"),
        ("<sip:p@192.0.2.9:5080>", routed, "192.0.2.9:5062", "192.0.2.10:5071"),
        ("<sip:p@10.0.0.7:5060>", "", "192.0.2.9:5062", "192.0.2.9:5062"),
        ("<sip:p@phone.example>", "", "192.0.2.10:5080", "192.0.2.9:5062"),
        ("<sip:p@192.0.2.50>", "", "192.0.2.9:5062", "192.0.2.9:5062"),
    ] {
        let sent = placed(contact, fields, answers_from);
        let kinds: Vec<&str> = sent.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds, ["PRACK", "ACK", "ACK", "BYE"]);
        for (kind, went) in sent {
            assert_eq!(went, to, "{kind}: {contact} {fields}");
        }
    }
}

#[test]
fn the_ack_of_our_reinvite_goes_where_its_answer_says() {
    let mut wire = wire();
    wire.us.invite(wire.now, outgoing(wire.route)).unwrap();
    let invite = wire.sent().remove(0);
    let fields = "Session-Expires: 90;refresher=uac\r\n";
    wire.receive(&response(&invite, 200, "phone", fields, SDP));
    wire.receive(&from_phone(&invite, "INFO", 2, "phone", "Signal=1"));
    wire.pass(secs(45));
    let again = sent_to(&mut wire).pop().unwrap();
    assert_eq!((summary(&again.0).as_str(), again.1.as_str()), ("INVITE", "192.0.2.9:5062"));
    let moved = response(&again.0, 200, "", fields, SDP)
        .replace("<sip:phone@192.0.2.9:5062>", "<sip:phone@192.0.2.10:5077>");
    wire.receive(&moved);
    wire.receive(&moved);
    let acks = sent_to(&mut wire);
    assert_eq!(acks.iter().map(|(_, to)| to.as_str()).collect::<Vec<_>>(), ["192.0.2.10:5077"; 2]);
    wire.pass(secs(45));
    assert_eq!(sent_to(&mut wire)[0].1, "192.0.2.10:5077");
}
