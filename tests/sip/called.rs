//! The called party: one INVITE, one call, whatever happens to the datagrams.

use polaris::sip::{Config, DialogId, Event, Transport};

use crate::bench::{SDP, Wire, request, secs};

fn invited(wire: &mut Wire) -> DialogId {
    wire.receive(&request("INVITE", 1, "inv", "", SDP));
    match wire.events().as_slice() {
        [Event::Invited { dialog, .. }] => *dialog,
        other => panic!("{other:?}"),
    }
}

/// Invited and answered; gives the dialog and our tag.
fn answered(wire: &mut Wire) -> (DialogId, String) {
    let dialog = invited(wire);
    wire.us.answer(wire.now, dialog, SDP.into());
    let sent = wire.sent();
    let to = sent.last().unwrap().header("To").unwrap();
    (dialog, to.split("tag=").nth(1).unwrap().to_owned())
}

fn open(wire: &mut Wire) -> (DialogId, String) {
    let (dialog, tag) = answered(wire);
    wire.receive(&request("ACK", 1, "ack", &tag, ""));
    assert_eq!(wire.events(), [Event::Confirmed { dialog, sdp: None }]);
    (dialog, tag)
}

#[test]
fn a_call_is_answered_and_ended() {
    let mut wire = Wire::new();
    let dialog = invited(&mut wire);
    assert_eq!(wire.summary(), ["100/INVITE"], "before the application does anything");
    wire.us.ring(wire.now, dialog);
    wire.us.answer(wire.now, dialog, SDP.into());
    let sent = wire.sent();
    assert_eq!(sent[1].body, SDP.as_bytes());
    assert_eq!(sent[0].header("To"), sent[1].header("To"), "one tag for the dialog");
    assert_eq!(sent[1].header("Contact"), Some("<sip:polaris@192.0.2.1:5060>"));
    let tag = sent[1].header("To").unwrap().split("tag=").nth(1).unwrap().to_owned();
    wire.receive(&request("ACK", 1, "ack", &tag, ""));
    wire.receive(&request("BYE", 2, "bye", &tag, ""));
    assert_eq!(wire.summary(), ["200/BYE"]);
    let over = Event::HungUp { dialog, lost: false };
    assert_eq!(wire.events(), [Event::Confirmed { dialog, sdp: None }, over]);
    wire.receive(&request("BYE", 2, "bye", &tag, ""));
    assert_eq!(wire.summary(), ["200/BYE"], "a copy gets the same answer");
    wire.pass(secs(64));
    wire.assert_empty();
}

#[test]
fn a_late_invite_never_opens_a_second_call() {
    let mut wire = Wire::new();
    let invite = request("INVITE", 1, "inv", "", SDP);
    let dialog = invited(&mut wire);
    wire.receive(&invite);
    assert_eq!(wire.summary(), ["100/INVITE", "100/INVITE"]);
    wire.us.answer(wire.now, dialog, SDP.into());
    let to = wire.sent()[0].header("To").unwrap().to_owned();
    let tag = to.split("tag=").nth(1).unwrap();
    wire.receive(&invite);
    assert_eq!(wire.summary(), ["200/INVITE"], "unconfirmed: the 200 again");
    wire.receive(&request("ACK", 1, "ack", tag, ""));
    // Inside the call, also beyond the 32 s of the transaction, and after its end.
    for wait in [1, 20, 20, 60] {
        wire.pass(secs(wait));
        wire.receive(&invite);
    }
    wire.receive(&request("BYE", 2, "bye", tag, ""));
    for wait in [0, 1, 30] {
        wire.pass(secs(wait));
        wire.receive(&invite);
    }
    let invitations =
        wire.events().iter().filter(|event| matches!(event, Event::Invited { .. })).count();
    assert_eq!((invitations, wire.summary()), (0, vec!["200/BYE".to_owned()]));
    wire.pass(secs(64));
    wire.assert_empty();
}

#[test]
fn a_200_without_ack_is_repeated_and_then_ended() {
    let mut wire = Wire::new();
    let (dialog, _) = answered(&mut wire);
    wire.pass(secs(31));
    let repeated = wire.summary();
    assert_eq!(repeated.len(), 9, "{repeated:?}");
    assert!(repeated.iter().all(|sent| sent == "200/INVITE"));
    assert_eq!(wire.events(), []);
    wire.pass(secs(1));
    assert_eq!(wire.events(), [Event::NeverConfirmed { dialog }]);
    assert_eq!(wire.summary().last().unwrap(), "BYE");
    wire.pass(secs(64));
    wire.assert_empty();
}

#[test]
fn a_cancelled_call_gets_487() {
    let mut wire = Wire::new();
    let dialog = invited(&mut wire);
    wire.us.ring(wire.now, dialog);
    wire.receive(&request("CANCEL", 1, "inv", "", ""));
    assert_eq!(wire.events(), [Event::Cancelled { dialog }]);
    assert_eq!(wire.summary(), ["100/INVITE", "180/INVITE", "200/CANCEL", "487/INVITE"]);
    wire.us.answer(wire.now, dialog, SDP.into());
    assert_eq!(wire.summary(), [""; 0], "too late");
    wire.receive(&request("ACK", 1, "inv", "x", ""));
    wire.pass(secs(4));
    assert_eq!(wire.summary(), [""; 0], "the ACK stopped the 487");
    wire.pass(secs(64));
    wire.assert_empty();
}

#[test]
fn a_cancel_that_crosses_the_answer_changes_nothing() {
    let mut wire = Wire::new();
    let (_, _) = answered(&mut wire);
    wire.receive(&request("CANCEL", 1, "inv", "", ""));
    assert_eq!(wire.summary(), ["200/CANCEL"]);
    assert_eq!(wire.events(), []);
    assert_eq!(wire.us.open_dialogs(), 1);
}

#[test]
fn a_refusal_is_repeated_until_its_ack() {
    let mut wire = Wire::new();
    let dialog = invited(&mut wire);
    wire.us.refuse(wire.now, dialog, 404);
    wire.pass(secs(2));
    assert_eq!(wire.summary(), ["100/INVITE", "404/INVITE", "404/INVITE", "404/INVITE"]);
    assert_eq!(wire.us.open_dialogs(), 0);
    wire.pass(secs(64));
    wire.assert_empty();
}

#[test]
fn the_same_invite_by_another_path_is_a_loop() {
    let mut wire = Wire::new();
    invited(&mut wire);
    wire.receive(&request("INVITE", 1, "other", "", SDP));
    assert_eq!(wire.summary(), ["100/INVITE", "482/INVITE"]);
    assert_eq!(wire.events(), []);
}

#[test]
fn an_invite_without_branch_makes_one_call_too() {
    let mut wire = Wire::new();
    let invite = request("INVITE", 1, "inv", "", SDP).replace(";branch=z9hG4bKinv", "");
    wire.receive(&invite);
    wire.receive(&invite);
    assert_eq!(wire.events().len(), 1);
    assert_eq!(wire.summary(), ["100/INVITE", "100/INVITE"]);
    wire.receive(&request("CANCEL", 1, "inv", "", "").replace(";branch=z9hG4bKinv", ""));
    assert_eq!(wire.summary(), ["200/CANCEL", "487/INVITE"]);
}

#[test]
fn an_invite_that_cannot_be_read_is_answered_all_the_same() {
    let mut wire = Wire::new();
    for (from, to, status) in [
        ("Call-ID: one\r\n", "", "400/INVITE"),
        ("CSeq: 1 INVITE", "CSeq: 1 BYE", "400/BYE"),
        ("sip:+390831000000@192.0.2.1 SIP", "sip:a b SIP", "400/INVITE"),
        ("SIP/2.0\r\nVia", "SIP/3.0\r\nVia", "505/INVITE"),
        ("application/sdp", "text/html", "415/INVITE"),
        ("Max-Forwards: 70", "Require: precondition", "420/INVITE"),
        ("From: <", "From: \"<", "400/INVITE"),
    ] {
        let invite = request("INVITE", 1, "inv", "", SDP).replacen(from, to, 1);
        wire.receive(&invite);
        wire.receive(&invite);
        assert_eq!(wire.summary(), [status, status], "{to}");
    }
    assert_eq!(wire.events(), []);
    wire.assert_empty();
}

#[test]
fn a_latin1_name_and_a_tel_uri_lose_no_call() {
    let mut wire = Wire::new();
    let text = request("INVITE", 1, "inv", "", SDP)
        .replace("From: <", "f : \"Niccol\u{f2}, \\\"B\\\"\" <")
        .replace("sip:+390831000000@192.0.2.1 SIP", "tel:+39-0831-000000 SIP");
    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    wire.us.receive(wire.now, wire.route, &bytes);
    let events = wire.events();
    let [Event::Invited { invitation, .. }] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(invitation.caller.as_deref(), Some("+393331234567"));
    assert_eq!(invitation.called, ["+390831000000", "+39-0831-000000"]);
    assert_eq!(invitation.sdp.as_deref(), Some(SDP.as_bytes()));
}

#[test]
fn strays_are_answered_or_dropped_as_they_deserve() {
    let mut wire = Wire::new();
    for (method, tag, answer) in [
        ("OPTIONS", "", vec!["200/OPTIONS"]),
        ("BYE", "nobody", vec!["481/BYE"]),
        ("BYE", "", vec!["481/BYE"]),
        ("CANCEL", "", vec!["481/CANCEL"]),
        ("INVITE", "nobody", vec!["481/INVITE"]),
        ("REFER", "", vec!["603/REFER"]),
        ("REGISTER", "", vec!["405/REGISTER"]),
        ("BREW", "", vec!["501/BREW"]),
        ("ACK", "nobody", vec![]),
        ("ACK", "", vec![]),
    ] {
        wire.receive(&request(method, 1, "x", tag, ""));
        assert_eq!(wire.summary(), answer, "{method} {tag}");
    }
    wire.receive(
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\nCSeq: 1 BYE\r\n\r\n",
    );
    wire.receive("\r\n\r\n");
    assert_eq!(wire.summary(), [""; 0]);
    wire.assert_empty();
}

#[test]
fn a_full_endpoint_refuses_without_keeping_anything() {
    let config = Config { max_dialogs: 1, ..Config::default() };
    let mut wire = Wire::over(Transport::Udp, config);
    invited(&mut wire);
    wire.sent();
    let before = wire.us.open_transactions();
    wire.receive(&request("INVITE", 1, "two", "", SDP).replace("Call-ID: one", "Call-ID: two"));
    let sent = wire.sent();
    assert_eq!((sent[0].status(), sent[0].header("Retry-After")), (Some(503), Some("5")));
    assert_eq!((wire.us.open_dialogs(), wire.us.open_transactions()), (1, before));
}

#[test]
fn a_key_in_an_info_is_reported_once() {
    let mut wire = Wire::new();
    let (dialog, tag) = open(&mut wire);
    let info = request("INFO", 2, "info", &tag, "Signal=5\r\n");
    wire.receive(&info);
    wire.receive(&info);
    let content_type = "application/dtmf-relay".to_owned();
    let body = b"Signal=5\r\n".to_vec();
    assert_eq!(wire.events(), [Event::InfoReceived { dialog, content_type, body }]);
    assert_eq!(wire.summary(), ["200/INFO", "200/INFO"]);
    wire.receive(&request("INFO", 2, "again", &tag, "Signal=5\r\n"));
    assert_eq!(wire.summary(), ["500/INFO"], "an old number is no new key");
    assert_eq!(wire.events(), []);
}

#[test]
fn hanging_up_before_the_ack_waits_for_it() {
    let mut wire = Wire::new();
    let (dialog, tag) = answered(&mut wire);
    wire.us.hang_up(wire.now, dialog);
    assert_eq!(wire.summary(), [""; 0]);
    wire.receive(&request("ACK", 1, "ack", &tag, ""));
    let sent = wire.sent();
    assert_eq!(sent[0].request_uri(), "sip:c@192.0.2.9:5062");
    assert_eq!(sent[0].header("From").unwrap(), format!("<sip:+390831000000@x>;tag={tag}"));
    assert_eq!(wire.events(), []);
    wire.receive(&crate::bench::response(&sent[0], 200, "", "", ""));
    wire.pass(secs(64));
    wire.assert_empty();
}

#[test]
fn an_answer_with_our_offer_brings_theirs_in_the_ack() {
    let mut wire = Wire::new();
    wire.receive(&request("INVITE", 1, "inv", "", ""));
    let events = wire.events();
    let [Event::Invited { dialog, invitation }] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(invitation.sdp, None);
    wire.us.answer(wire.now, *dialog, SDP.into());
    let sent = wire.sent();
    let tag = sent[1].header("To").unwrap().split("tag=").nth(1).unwrap().to_owned();
    wire.receive(&request("ACK", 1, "ack", &tag, SDP));
    assert_eq!(wire.events(), [Event::Confirmed { dialog: *dialog, sdp: Some(SDP.into()) }]);
}

#[test]
fn a_stream_repeats_no_refusal_but_repeats_the_200() {
    let mut wire = Wire::over(Transport::Tcp, Config::default());
    let (_, _) = answered(&mut wire);
    wire.pass(secs(2));
    assert_eq!(wire.summary(), ["200/INVITE", "200/INVITE"]);
    let mut wire = Wire::over(Transport::Tcp, Config::default());
    let dialog = invited(&mut wire);
    wire.us.refuse(wire.now, dialog, 486);
    wire.pass(secs(20));
    assert_eq!(wire.summary(), ["100/INVITE", "486/INVITE"]);
}

#[test]
fn a_forgotten_call_is_refused_in_the_end() {
    let mut wire = Wire::new();
    let dialog = invited(&mut wire);
    wire.pass(secs(300));
    assert_eq!(wire.summary(), ["100/INVITE", "480/INVITE"]);
    assert_eq!(wire.events(), [Event::HungUp { dialog, lost: true }]);
    wire.pass(secs(64));
    wire.assert_empty();
}

#[test]
fn a_dialog_of_an_earlier_run_can_be_ended() {
    let mut wire = Wire::new();
    let (dialog, tag) = open(&mut wire);
    let saved = serde_json::to_string(&wire.us.saved(dialog).unwrap()).unwrap();
    let mut next = Wire::new();
    let adopted = next.us.adopt(serde_json::from_str(&saved).unwrap());
    next.us.hang_up(next.now, adopted);
    let sent = next.sent();
    assert_eq!(sent[0].header("CSeq"), Some("1001 BYE"));
    assert!(sent[0].header("From").unwrap().ends_with(&tag));
}

#[test]
fn what_is_reported_prints_no_number_and_no_key() {
    let mut wire = Wire::new();
    let (_, tag) = answered(&mut wire);
    wire.receive(&request("ACK", 1, "ack", &tag, ""));
    wire.receive(&request("INFO", 2, "info", &tag, "Signal=5\r\n"));
    wire.receive(&request("INVITE", 1, "n", "", SDP).replace("Call-ID: one", "Call-ID: two"));
    let text = format!("{:?}", wire.events());
    assert!(text.contains("InfoReceived") && text.contains("Invited"), "{text}");
    for secret in ["3331234567", "0831", "Signal", "83, 105", "4000"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn a_caller_that_wants_its_ringing_confirmed_is_answered_without_any() {
    let mut wire = Wire::new();
    let required = "Max-Forwards: 70\r\nRequire: 100rel";
    wire.receive(&request("INVITE", 1, "i", "", SDP).replace("Max-Forwards: 70", required));
    let Some(Event::Invited { dialog, .. }) = wire.us.poll_event() else { panic!("no call") };
    wire.us.ring(wire.now, dialog);
    wire.us.answer(wire.now, dialog, SDP.into());
    assert_eq!(wire.summary(), ["100/INVITE", "200/INVITE"]);
}
