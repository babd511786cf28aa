//! The calling party: responders rung, cancelled, forked, challenged, lost.

use polaris::sip::{Config, Credentials, DialogId, Event, Message, PlaceCallError, Transport};

use crate::bench::{SDP, Wire, from_phone, outgoing, request, response, secs};

fn placed(wire: &mut Wire) -> (DialogId, Message) {
    let dialog = wire.us.invite(wire.now, outgoing(wire.route)).unwrap();
    let mut sent = wire.sent();
    assert_eq!(sent.len(), 1);
    (dialog, sent.remove(0))
}

fn open(wire: &mut Wire) -> (DialogId, Message) {
    let (dialog, invite) = placed(wire);
    wire.receive(&response(&invite, 200, "phone", "", SDP));
    assert_eq!(wire.summary(), ["ACK"]);
    assert_eq!(wire.events(), [Event::Answered { dialog, sdp: Some(SDP.into()) }]);
    (dialog, invite)
}

#[test]
fn a_responder_rings_and_answers() {
    let mut wire = Wire::new();
    let (dialog, invite) = placed(&mut wire);
    assert_eq!(invite.request_uri(), "sip:+393330000001@192.0.2.9:5062;user=phone");
    let own = "<sip:+390831000000@192.0.2.1;user=phone>";
    assert!(invite.header("From").unwrap().starts_with(own));
    assert_eq!(invite.header("P-Asserted-Identity"), Some(own));
    wire.receive(&response(&invite, 100, "", "", ""));
    for _ in 0..2 {
        wire.receive(&response(&invite, 180, "phone", "", ""));
    }
    let ok = response(&invite, 200, "phone", "Record-Route: <sip:p1;lr>, <sip:p2;lr>\r\n", SDP);
    wire.receive(&ok);
    wire.receive(&ok);
    let sent = wire.sent();
    assert_eq!(sent.len(), 2, "every 200 gets its ACK");
    assert_eq!(sent[0], sent[1]);
    assert_eq!(sent[0].request_uri(), "sip:phone@192.0.2.9:5062");
    assert_eq!(sent[0].list("Route"), ["<sip:p2;lr>", "<sip:p1;lr>"]);
    assert_eq!(sent[0].header("CSeq"), Some("1 ACK"));
    let answered = Event::Answered { dialog, sdp: Some(SDP.into()) };
    assert_eq!(wire.events(), [Event::Ringing { dialog }, answered]);
    wire.us.hang_up(wire.now, dialog);
    let bye = wire.sent().remove(0);
    assert_eq!(bye.header("CSeq"), Some("2 BYE"));
    wire.receive(&response(&bye, 200, "", "", ""));
    wire.pass(secs(64));
    assert_eq!(wire.events(), []);
    wire.assert_empty();
}

#[test]
fn sdp_of_early_media_serves_a_200_without() {
    let mut wire = Wire::new();
    let (dialog, invite) = placed(&mut wire);
    wire.receive(&response(&invite, 183, "phone", "", SDP));
    wire.receive(&response(&invite, 200, "phone", "", ""));
    let answered = Event::Answered { dialog, sdp: Some(SDP.into()) };
    assert_eq!(wire.events(), [Event::Ringing { dialog }, answered]);
}

#[test]
fn a_busy_responder_is_reported_at_once_and_acknowledged() {
    let mut wire = Wire::new();
    let (dialog, invite) = placed(&mut wire);
    let busy = response(&invite, 486, "phone", "", "");
    wire.receive(&busy);
    wire.receive(&busy);
    assert_eq!(wire.events(), [Event::Failed { dialog, status: 486 }]);
    let sent = wire.sent();
    assert_eq!(sent.len(), 2);
    assert_eq!(
        sent[0].header("Via"),
        invite.header("Via"),
        "the ACK of a refusal keeps its branch"
    );
    assert_eq!(wire.us.open_dialogs(), 0);
    wire.pass(secs(64));
    wire.assert_empty();
}

#[test]
fn a_silent_trunk_is_given_up() {
    let mut wire = Wire::new();
    let (dialog, _) = placed(&mut wire);
    wire.pass(secs(32));
    assert_eq!(wire.events(), [Event::Failed { dialog, status: 408 }]);
    assert_eq!(wire.summary().len(), 6);
    wire.assert_empty();
}

#[test]
fn a_refused_socket_fails_the_call_at_once() {
    let mut wire = Wire::new();
    let (dialog, _) = placed(&mut wire);
    wire.us.transport_failed(wire.now, wire.route);
    assert_eq!(wire.events(), [Event::Failed { dialog, status: 503 }]);
    wire.assert_empty();
    let (_, invite) = placed(&mut wire);
    wire.receive(&response(&invite, 180, "phone", "", ""));
    wire.events();
    wire.us.transport_failed(wire.now, wire.route);
    assert_eq!(wire.events(), [], "a phone that rings is not given up for one datagram");
}

#[test]
fn a_cancel_waits_for_the_first_sign_of_life() {
    let mut wire = Wire::new();
    let (dialog, invite) = placed(&mut wire);
    wire.us.hang_up(wire.now, dialog);
    assert_eq!(wire.summary(), [""; 0]);
    wire.receive(&response(&invite, 180, "phone", "", ""));
    wire.receive(&response(&invite, 180, "phone", "", ""));
    let sent = wire.sent();
    assert_eq!(sent.len(), 1);
    let cancel = &sent[0];
    assert_eq!(cancel.header("Via"), invite.header("Via"));
    assert_eq!(cancel.header("CSeq"), Some("1 CANCEL"));
    wire.receive(&response(cancel, 200, "phone", "", ""));
    wire.receive(&response(&invite, 487, "phone", "", ""));
    assert_eq!(wire.summary(), ["ACK"]);
    assert_eq!(wire.events(), [], "nothing is reported after hanging up");
    wire.pass(secs(64));
    wire.assert_empty();
}

#[test]
fn an_answer_that_crosses_the_cancel_is_acknowledged_and_ended() {
    let mut wire = Wire::new();
    let (dialog, invite) = placed(&mut wire);
    wire.receive(&response(&invite, 180, "phone", "", ""));
    wire.us.hang_up(wire.now, dialog);
    wire.receive(&response(&invite, 200, "phone", "", SDP));
    assert_eq!(wire.summary(), ["CANCEL", "ACK", "BYE"]);
    assert_eq!(wire.events(), [Event::Ringing { dialog }]);
    wire.pass(secs(96));
    wire.assert_empty();
}

#[test]
fn a_cancelled_invite_that_nobody_ends_is_forgotten() {
    let mut wire = Wire::new();
    let (dialog, invite) = placed(&mut wire);
    wire.receive(&response(&invite, 180, "phone", "", ""));
    wire.us.hang_up(wire.now, dialog);
    wire.pass(secs(64));
    wire.assert_empty();
}

#[test]
fn a_second_fork_that_answers_is_hung_up() {
    let mut wire = Wire::new();
    let (dialog, invite) = placed(&mut wire);
    wire.receive(&response(&invite, 200, "first", "", SDP));
    wire.receive(&response(&invite, 200, "second", "", SDP));
    let sent = wire.sent();
    let told: Vec<String> = sent.iter().map(crate::bench::summary).collect();
    assert_eq!(told, ["ACK", "ACK", "BYE"]);
    assert!(sent[2].header("To").unwrap().ends_with("second"));
    assert_eq!(wire.events(), [Event::Answered { dialog, sdp: Some(SDP.into()) }]);
    wire.receive(&response(&invite, 200, "second", "", SDP));
    assert_eq!(wire.summary(), ["ACK"], "one BYE is enough");
    assert_eq!(wire.us.open_dialogs(), 1);
}

#[test]
fn a_phone_that_sends_the_call_elsewhere_has_failed() {
    for status in [300, 301, 302, 305, 380] {
        let mut wire = Wire::new();
        let (dialog, invite) = placed(&mut wire);
        let moved = response(&invite, status, "phone", "", "");
        wire.receive(&moved.replace("<sip:phone@", "<sip:+39899000000@"));
        assert_eq!(wire.summary(), ["ACK"], "nobody else is called");
        assert_eq!(wire.events(), [Event::Failed { dialog, status }]);
    }
}

#[test]
fn a_phone_that_wants_to_transfer_us_is_refused_and_the_call_goes_on() {
    let mut wire = Wire::new();
    let (_, invite) = open(&mut wire);
    let refer = from_phone(&invite, "REFER", 1, "phone", "");
    let to = "Refer-To: <sip:+39899000000@192.0.2.66>\r\nMax-Forwards";
    wire.receive(&refer.replacen("Max-Forwards", to, 1));
    assert_eq!(wire.summary(), ["603/REFER"]);
    assert_eq!((wire.events(), wire.us.open_dialogs()), (vec![], 1));
    assert_eq!(wire.us.poll_refused().map(|refused| refused.status), Some(603));
}

#[test]
fn more_forks_than_can_be_honest_are_not_heard() {
    let mut wire = Wire::new();
    let (_, invite) = placed(&mut wire);
    for fork in 0..100 {
        wire.receive(&response(&invite, 200, &format!("fork{fork}"), "", SDP));
    }
    let byes = wire.summary().iter().filter(|sent| *sent == "BYE").count();
    assert_eq!((byes, wire.us.open_dialogs(), wire.events().len()), (15, 1, 1));
}

#[test]
fn a_challenge_is_met_once() {
    for (status, asked, given) in [
        (401, "WWW-Authenticate", "Authorization"),
        (407, "Proxy-Authenticate", "Proxy-Authorization"),
    ] {
        let mut wire = Wire::new();
        let mut call = outgoing(wire.route);
        let (username, password) = ("polaris".to_owned(), "secret".to_owned());
        call.credentials = Some(Credentials { username, password, realm: None });
        let dialog = wire.us.invite(wire.now, call).unwrap();
        let first = wire.sent().remove(0);
        let challenge = format!("{asked}: Digest realm=\"t\", nonce=\"n\", qop=\"auth\"\r\n");
        wire.receive(&response(&first, status, "x", &challenge, ""));
        let sent = wire.sent();
        assert_eq!(sent.len(), 2, "ACK, and the INVITE again");
        let again = &sent[1];
        assert!(again.header(given).unwrap().contains("response="));
        assert_eq!(again.header("CSeq"), Some("2 INVITE"));
        assert_eq!(again.header("Call-ID"), first.header("Call-ID"));
        assert_ne!(again.header("Via"), first.header("Via"));
        assert_eq!((again.body.as_slice(), again.all("Contact").count()), (SDP.as_bytes(), 1));
        wire.receive(&response(again, status, "x", &challenge, ""));
        assert_eq!(wire.events(), [Event::Failed { dialog, status }]);
    }
}

#[test]
fn a_probe_finds_a_dead_dialog() {
    for (status, lost) in [(200, false), (405, false), (481, true)] {
        let mut wire = Wire::new();
        let (dialog, _) = open(&mut wire);
        wire.us.probe(wire.now, dialog);
        let options = wire.sent().remove(0);
        wire.receive(&response(&options, status, "", "", ""));
        assert_eq!(wire.us.open_dialogs(), usize::from(!lost), "{status}");
        assert_eq!(wire.events().len(), usize::from(lost));
    }
}

#[test]
fn two_silent_probes_in_a_row_lose_a_dialog_and_one_does_not() {
    let mut wire = Wire::new();
    let (dialog, _) = open(&mut wire);
    let silent = |wire: &mut Wire| {
        wire.us.probe(wire.now, dialog);
        wire.pass(secs(33));
        wire.events()
    };
    assert_eq!(silent(&mut wire), [], "some networks drop OPTIONS");
    wire.us.still_there(dialog);
    assert_eq!(silent(&mut wire), [], "another sign of life counts");
    assert_eq!(silent(&mut wire), [Event::HungUp { dialog, lost: true }]);
    assert!(wire.summary().contains(&"BYE".to_owned()), "it may still hear us");
    wire.pass(secs(64));
    wire.assert_empty();
}

#[test]
fn a_responder_hangs_up() {
    let mut wire = Wire::new();
    let (dialog, invite) = open(&mut wire);
    let bye = request("BYE", 1, "b", "x", "")
        .replace("Call-ID: one", &format!("Call-ID: {}", invite.header("Call-ID").unwrap()))
        .replace("tag=caller", "tag=phone")
        .replace("tag=x", invite.header("From").unwrap().split(';').next_back().unwrap());
    wire.receive(&bye.replace("tag=phone", "tag=stranger"));
    assert_eq!(wire.summary(), ["481/BYE"], "not who we called");
    wire.receive(&bye);
    assert_eq!(wire.summary(), ["200/BYE"]);
    assert_eq!(wire.events(), [Event::HungUp { dialog, lost: false }]);
}

#[test]
fn what_cannot_be_dialled_is_not_sent() {
    let mut wire = Wire::over(Transport::Udp, Config { max_dialogs: 1, ..Config::default() });
    for to in ["", "+", "12x", "1@evil.it", "+39 333", "1\r\nRoute: x"] {
        let call = polaris::sip::Outgoing { to: to.into(), ..outgoing(wire.route) };
        assert_eq!(wire.us.invite(wire.now, call), Err(PlaceCallError::NotDiallable), "{to}");
    }
    placed(&mut wire);
    let full = wire.us.invite(wire.now, outgoing(wire.route));
    assert_eq!(full, Err(PlaceCallError::TooManyDialogs));
    assert_eq!(wire.summary(), [""; 0]);
}

#[test]
fn a_challenged_bye_is_sent_again() {
    let mut wire = Wire::new();
    let mut call = outgoing(wire.route);
    let (username, password) = ("polaris".to_owned(), "secret".to_owned());
    call.credentials = Some(Credentials { username, password, realm: None });
    let dialog = wire.us.invite(wire.now, call).unwrap();
    let invite = wire.sent().remove(0);
    wire.receive(&response(&invite, 200, "phone", "", SDP));
    wire.us.hang_up(wire.now, dialog);
    let bye = wire.sent().remove(1);
    let challenge = "WWW-Authenticate: Digest realm=\"t\", nonce=\"n\", algorithm=SHA-256\r\n";
    wire.receive(&response(&bye, 401, "", challenge, ""));
    let again = wire.sent().remove(0);
    assert_eq!(again.header("CSeq"), Some("3 BYE"));
    assert!(again.header("Authorization").unwrap().contains("algorithm=SHA-256"));
    wire.receive(&response(&again, 401, "", challenge, ""));
    wire.pass(secs(64));
    wire.assert_empty();
}
