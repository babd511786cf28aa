//! Offers inside a dialog: hold, address change, T.38, glare.

use polaris::sip::{DialogId, Event, OfferedBy};

use crate::bench::{SDP, Wire, request, secs};

fn open(wire: &mut Wire) -> (DialogId, String) {
    wire.receive(&request("INVITE", 1, "inv", "", SDP));
    let events = wire.events();
    let [Event::Invited { dialog, .. }] = events.as_slice() else {
        panic!("{events:?}");
    };
    wire.us.answer(wire.now, *dialog, SDP.into());
    let sent = wire.sent();
    let tag = sent[1].header("To").unwrap().split("tag=").nth(1).unwrap().to_owned();
    wire.receive(&request("ACK", 1, "ack", &tag, ""));
    wire.events();
    (*dialog, tag)
}

#[test]
fn a_reinvite_is_accepted_and_its_200_repeated_until_the_ack() {
    let mut wire = Wire::new();
    let (dialog, tag) = open(&mut wire);
    let hold = request("INVITE", 2, "re", &tag, SDP).replace("sip:c@192.0.2.9:5062", "sip:c@new");
    wire.receive(&hold);
    let offered = Event::Offered { dialog, sdp: SDP.into(), by: OfferedBy::ReInvite };
    assert_eq!(wire.events(), [offered]);
    wire.us.accept_offer(wire.now, dialog, SDP.into());
    wire.pass(secs(1));
    assert_eq!(wire.summary(), ["100/INVITE", "200/INVITE", "200/INVITE"]);
    wire.receive(&request("ACK", 2, "ack2", &tag, ""));
    wire.pass(secs(3));
    assert_eq!(wire.summary(), [""; 0]);
    assert_eq!(wire.events(), []);
    wire.us.hang_up(wire.now, dialog);
    assert_eq!(wire.sent()[0].request_uri(), "sip:c@new", "the target was refreshed");
}

#[test]
fn a_refused_offer_leaves_the_call_as_it_was() {
    let mut wire = Wire::new();
    let (dialog, tag) = open(&mut wire);
    wire.receive(&request("INVITE", 2, "re", &tag, SDP));
    wire.us.refuse_offer(wire.now, dialog, 488);
    wire.receive(&request("ACK", 2, "re", &tag, ""));
    assert_eq!(wire.summary(), ["100/INVITE", "488/INVITE"]);
    wire.receive(&request("UPDATE", 3, "up", &tag, SDP));
    wire.pass(secs(5));
    assert_eq!(wire.summary(), ["488/UPDATE"], "nobody judged it in five seconds");
    wire.us.accept_offer(wire.now, dialog, SDP.into());
    assert_eq!(wire.summary(), [""; 0], "too late");
    assert_eq!(wire.us.open_dialogs(), 1);
}

#[test]
fn an_update_is_accepted() {
    let mut wire = Wire::new();
    let (dialog, tag) = open(&mut wire);
    wire.receive(&request("UPDATE", 2, "up", &tag, SDP));
    wire.us.accept_offer(wire.now, dialog, SDP.into());
    let sent = wire.sent();
    assert_eq!((sent[0].status(), sent[0].body.as_slice()), (Some(200), SDP.as_bytes()));
    wire.receive(&request("UPDATE", 3, "refresh", &tag, ""));
    assert_eq!(wire.summary(), ["200/UPDATE"], "a session refresh asks nothing");
}

#[test]
fn a_reinvite_without_offer_gets_ours() {
    let mut wire = Wire::new();
    let (dialog, tag) = open(&mut wire);
    wire.receive(&request("INVITE", 2, "re", &tag, ""));
    assert_eq!(wire.events(), [Event::OfferWanted { dialog }]);
    wire.us.accept_offer(wire.now, dialog, SDP.into());
    wire.receive(&request("ACK", 2, "ack2", &tag, SDP));
    assert_eq!(wire.events(), [Event::OfferAnswered { dialog, sdp: Some(SDP.into()) }]);
}

#[test]
fn offers_that_meet_are_sent_away() {
    let mut wire = Wire::new();
    let (dialog, tag) = open(&mut wire);
    wire.receive(&request("INVITE", 2, "re", &tag, SDP));
    wire.receive(&request("INVITE", 3, "re3", &tag, SDP));
    wire.receive(&request("UPDATE", 4, "up", &tag, SDP));
    let sent = wire.sent();
    let told: Vec<String> = sent.iter().map(crate::bench::summary).collect();
    assert_eq!(told, ["100/INVITE", "100/INVITE", "500/INVITE", "500/UPDATE"]);
    for refused in &sent[2..] {
        let wait: u8 = refused.header("Retry-After").unwrap().parse().unwrap();
        assert!(wait <= 10, "RFC 3261 §14.2");
    }
    wire.us.accept_offer(wire.now, dialog, SDP.into());
    wire.receive(&request("INVITE", 5, "re5", &tag, SDP));
    assert_eq!(wire.summary(), ["200/INVITE", "100/INVITE", "491/INVITE"], "our 200 has no ACK");
}

#[test]
fn a_refusal_inside_a_call_is_told_with_its_reason() {
    let mut wire = Wire::new();
    let (dialog, tag) = open(&mut wire);
    let told = |wire: &mut Wire| {
        wire.sent();
        let refused = std::iter::from_fn(|| wire.us.poll_refused());
        refused.map(|refused| (refused.status, refused.why)).collect::<Vec<_>>()
    };
    wire.receive(&request("INVITE", 2, "re", &tag, SDP));
    wire.receive(&request("INVITE", 3, "re3", &tag, SDP));
    assert_eq!(told(&mut wire), [(500, "their last offer is not judged yet")]);
    wire.pass(secs(5));
    assert_eq!(told(&mut wire), [(488, "nobody judged the offered sound in time")]);
    wire.receive(&request("INFO", 2, "old", &tag, "Signal=1"));
    wire.receive(&request("INFO", 2, "old", &tag, "Signal=1"));
    assert_eq!(told(&mut wire), [(500, "a request in a dialog has an old number")], "once");
    wire.receive(&request("INVITE", 4, "re4", &tag, SDP));
    wire.us.accept_offer(wire.now, dialog, SDP.into());
    wire.receive(&request("INVITE", 5, "re5", &tag, SDP));
    assert_eq!(told(&mut wire), [(491, "an exchange of ours is under way")]);
    wire.us.hang_up(wire.now, dialog);
    wire.receive(&request("INFO", 6, "late", &tag, "Signal=1"));
    assert_eq!(told(&mut wire), [(481, "the dialog is over")]);
}

#[test]
fn a_cancelled_reinvite_keeps_the_call() {
    let mut wire = Wire::new();
    let (dialog, tag) = open(&mut wire);
    wire.receive(&request("INVITE", 2, "re", &tag, SDP));
    wire.receive(&request("CANCEL", 2, "re", &tag, ""));
    assert_eq!(wire.summary(), ["100/INVITE", "200/CANCEL", "487/INVITE"]);
    wire.us.accept_offer(wire.now, dialog, SDP.into());
    assert_eq!(wire.summary(), [""; 0]);
    assert_eq!(wire.us.open_dialogs(), 1);
}

#[test]
fn a_bye_ends_an_unjudged_offer_too() {
    let mut wire = Wire::new();
    let (dialog, tag) = open(&mut wire);
    wire.receive(&request("INVITE", 2, "re", &tag, SDP));
    wire.events();
    wire.receive(&request("BYE", 3, "bye", &tag, ""));
    assert_eq!(wire.summary(), ["100/INVITE", "200/BYE", "487/INVITE"]);
    assert_eq!(wire.events(), [Event::HungUp { dialog, lost: false }]);
}
