//! Reliable provisional answers (RFC 3262): acknowledged in order, whatever the network does.

use polaris::sip::{Credentials, DialogId, Event, Message, OfferedBy};

use crate::bench::{SDP, Wire, from_phone, outgoing, request, response, secs, summary};

fn placed(wire: &mut Wire) -> (DialogId, Message) {
    let mut call = outgoing(wire.route);
    let (username, password) = ("polaris".to_owned(), "secret".to_owned());
    call.credentials = Some(Credentials { username, password, realm: None });
    let dialog = wire.us.invite(wire.now, call).unwrap();
    (dialog, wire.sent().remove(0))
}

fn reliable(invite: &Message, status: u16, tag: &str, number: u32, body: &str) -> String {
    response(invite, status, tag, &format!("Require: 100rel\r\nRSeq: {number}\r\n"), body)
}

/// `RAck` and `CSeq` of everything sent since the last look.
fn acknowledged(wire: &mut Wire) -> Vec<(String, String)> {
    let text = |message: &Message, name| message.header(name).unwrap_or_default().to_owned();
    wire.sent().iter().map(|sent| (text(sent, "RAck"), text(sent, "CSeq"))).collect()
}

fn rack(rack: &str, cseq: &str) -> (String, String) {
    (rack.to_owned(), cseq.to_owned())
}

#[test]
fn progress_is_acknowledged_in_order_once() {
    let mut wire = Wire::new();
    let (dialog, invite) = placed(&mut wire);
    let first = reliable(&invite, 183, "phone", 7, SDP);
    wire.receive(&first);
    let prack = wire.sent().remove(0);
    assert_eq!(prack.header("RAck"), Some("7 1 INVITE"));
    assert_eq!(prack.header("CSeq"), Some("2 PRACK"));
    assert_eq!(prack.request_uri(), "sip:phone@192.0.2.9:5062");
    assert!(prack.header("To").unwrap().ends_with("tag=phone") && prack.body.is_empty());
    wire.receive(&first);
    wire.receive(&reliable(&invite, 180, "phone", 9, ""));
    assert_eq!(acknowledged(&mut wire), [], "a copy, and one that came too early");
    wire.receive(&reliable(&invite, 180, "phone", 8, ""));
    wire.receive(&reliable(&invite, 180, "phone", 9, ""));
    let told = [rack("8 1 INVITE", "3 PRACK"), rack("9 1 INVITE", "4 PRACK")];
    assert_eq!(acknowledged(&mut wire), told);
    wire.receive(&response(&prack, 200, "", "", ""));
    wire.receive(&response(&invite, 200, "phone", "", ""));
    let ack = wire.sent().remove(0);
    assert_eq!(ack.header("CSeq"), Some("1 ACK"));
    let answered = Event::Answered { dialog, sdp: Some(SDP.into()) };
    assert_eq!(wire.events(), [Event::Ringing { dialog }, answered], "early media is not heard");
    wire.us.hang_up(wire.now, dialog);
    assert_eq!(wire.sent()[0].header("CSeq"), Some("5 BYE"), "the numbers go on");
}

#[test]
fn an_offer_after_the_acknowledged_answer_is_judged_and_outlives_the_200() {
    let mut wire = Wire::new();
    let (dialog, invite) = placed(&mut wire);
    wire.receive(&response(&invite, 183, "other", "", SDP));
    wire.receive(&from_phone(&invite, "UPDATE", 1, "other", SDP));
    assert_eq!(wire.summary(), ["491/UPDATE"], "nobody acknowledged that answer");
    wire.receive(&reliable(&invite, 180, "phone", 1, ""));
    wire.receive(&from_phone(&invite, "UPDATE", 2, "phone", SDP));
    assert_eq!(wire.summary(), ["PRACK", "491/UPDATE"], "that had no answer in it");
    wire.receive(&reliable(&invite, 183, "phone", 2, SDP));
    for (cseq, offer) in [(3, SDP), (4, "")] {
        wire.sent();
        wire.receive(&from_phone(&invite, "INVITE", cseq, "phone", offer));
        assert_eq!(wire.summary(), ["100/INVITE", "491/INVITE"], "ours is under way");
    }
    wire.receive(&from_phone(&invite, "UPDATE", 5, "phone", SDP));
    assert_eq!(wire.summary(), [""; 0], "the application judges");
    wire.us.accept_offer(wire.now, dialog, SDP.into());
    assert_eq!(wire.summary(), ["200/UPDATE"]);
    let by = OfferedBy::Update;
    let offered = Event::Offered { dialog, sdp: SDP.into(), by };
    assert_eq!(wire.events(), [Event::Ringing { dialog }, offered]);
    wire.receive(&response(&invite, 200, "phone", "", SDP));
    assert_eq!(wire.events(), [Event::Answered { dialog, sdp: None }], "older than the UPDATE");
}

#[test]
fn another_fork_answers_with_its_own_words() {
    let mut wire = Wire::new();
    let (dialog, invite) = placed(&mut wire);
    wire.receive(&reliable(&invite, 183, "phone", 1, SDP));
    wire.receive(&from_phone(&invite, "UPDATE", 1, "phone", SDP));
    wire.us.accept_offer(wire.now, dialog, SDP.into());
    wire.receive(&reliable(&invite, 183, "other", 1, SDP));
    wire.sent();
    wire.receive(&from_phone(&invite, "UPDATE", 2, "other", SDP));
    assert_eq!(wire.summary(), ["491/UPDATE"], "one fork at a time");
    wire.events();
    wire.receive(&response(&invite, 200, "other", "", SDP));
    assert_eq!(wire.events(), [Event::Answered { dialog, sdp: Some(SDP.into()) }]);
}

#[test]
fn a_lost_prack_is_repeated_by_itself() {
    let mut wire = Wire::new();
    let (dialog, invite) = placed(&mut wire);
    wire.receive(&reliable(&invite, 183, "phone", 1, ""));
    wire.pass(secs(4));
    assert_eq!(wire.summary(), ["PRACK"; 4], "0, 0.5, 1.5 and 3.5 s");
    wire.pass(secs(60));
    assert_eq!(wire.events(), [Event::Ringing { dialog }], "and its silence ends nothing");
    assert_eq!(wire.us.open_dialogs(), 1);
}

#[test]
fn each_fork_has_numbers_of_its_own() {
    let mut wire = Wire::new();
    let (dialog, invite) = placed(&mut wire);
    wire.receive(&reliable(&invite, 180, "a", 100, ""));
    wire.receive(&reliable(&invite, 180, "b", 3, ""));
    wire.receive(&reliable(&invite, 180, "a", 101, ""));
    let told =
        [("100 1 INVITE", "2 PRACK"), ("3 1 INVITE", "2 PRACK"), ("101 1 INVITE", "3 PRACK")];
    assert_eq!(acknowledged(&mut wire), told.map(|(number, cseq)| rack(number, cseq)));
    wire.receive(&response(&invite, 200, "b", "", SDP));
    wire.sent();
    wire.us.hang_up(wire.now, dialog);
    assert_eq!(wire.sent()[0].header("CSeq"), Some("3 BYE"));
}

#[test]
fn a_flood_of_forks_is_bounded() {
    let mut wire = Wire::new();
    let (_, invite) = placed(&mut wire);
    for fork in 0..1_000 {
        wire.receive(&reliable(&invite, 180, &format!("fork{fork}"), 1, ""));
    }
    assert_eq!(wire.summary().len(), 16);
}

#[test]
fn what_does_not_ask_for_it_is_not_acknowledged() {
    let mut wire = Wire::new();
    let (dialog, invite) = placed(&mut wire);
    for fields in ["RSeq: 1\r\n", "Require: 100rel\r\n", "Require: 100rel\r\nRSeq: x\r\n"] {
        wire.receive(&response(&invite, 180, "phone", fields, ""));
    }
    wire.receive(&reliable(&invite, 100, "phone", 1, ""));
    wire.receive(&reliable(&invite, 180, "", 1, ""));
    assert_eq!(wire.summary(), [""; 0]);
    assert_eq!(wire.events(), [Event::Ringing { dialog }]);
}

#[test]
fn the_prack_follows_the_recorded_route() {
    let mut wire = Wire::new();
    let (_, invite) = placed(&mut wire);
    let fields = "Require: 100rel\r\nRSeq: 1\r\nRecord-Route: <sip:p1;lr>, <sip:p2;lr>\r\n";
    wire.receive(&response(&invite, 183, "phone", fields, ""));
    assert_eq!(wire.sent()[0].list("Route"), ["<sip:p2;lr>", "<sip:p1;lr>"]);
}

#[test]
fn a_challenged_prack_is_sent_again_once() {
    let mut wire = Wire::new();
    let (_, invite) = placed(&mut wire);
    wire.receive(&reliable(&invite, 183, "phone", 1, ""));
    let prack = wire.sent().remove(0);
    let challenge = "Proxy-Authenticate: Digest realm=\"t\", nonce=\"n\", qop=\"auth\"\r\n";
    wire.receive(&response(&prack, 407, "", challenge, ""));
    let again = wire.sent().remove(0);
    assert_eq!(again.header("RAck"), prack.header("RAck"));
    assert!(again.header("Proxy-Authorization").unwrap().contains("response="));
    wire.receive(&response(&again, 407, "", challenge, ""));
    assert_eq!(wire.summary(), [""; 0]);
}

#[test]
fn after_our_cancel_nothing_is_acknowledged_but_the_end() {
    let mut wire = Wire::new();
    let (dialog, invite) = placed(&mut wire);
    wire.us.hang_up(wire.now, dialog);
    wire.receive(&reliable(&invite, 183, "phone", 1, ""));
    wire.receive(&response(&invite, 487, "phone", "", ""));
    assert_eq!(wire.summary(), ["CANCEL", "ACK"]);
    wire.pass(secs(64));
    wire.assert_empty();
}

#[test]
fn a_prack_to_us_matches_nothing() {
    let mut wire = Wire::new();
    let required = "Require: 100rel\r\nMax-Forwards";
    wire.receive(&request("INVITE", 1, "i", "", SDP).replacen("Max-Forwards", required, 1));
    let Some(Event::Invited { dialog, .. }) = wire.us.poll_event() else { panic!("no call") };
    wire.us.answer(wire.now, dialog, SDP.into());
    let ok = wire.sent().remove(1);
    let tag = ok.header("To").unwrap().split("tag=").nth(1).unwrap();
    let prack = request("PRACK", 2, "p", tag, "")
        .replace("Max-Forwards", "RAck: 1 1 INVITE\r\nMax-Forwards");
    wire.receive(&prack);
    assert_eq!(wire.summary(), ["481/PRACK"]);
    assert_eq!(wire.us.poll_refused().map(|refused| refused.why), Some("a PRACK of nothing"));
    let (_, invite) = placed(&mut wire);
    wire.receive(&response(&invite, 180, "phone", "", ""));
    wire.receive(&from_phone(&invite, "PRACK", 1, "phone", ""));
    assert_eq!(summary(&wire.sent()[0]), "481/PRACK");
    assert_eq!(wire.us.open_dialogs(), 2, "neither call minds");
}
