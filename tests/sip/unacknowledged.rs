//! A 200 of ours whose ACK does not come: who is heard is talking, who is silent is gone; and
//! where it is repeated when its connection is closed.

use polaris::sip::{Config, DialogId, Event, OfferedBy, Sound, Transport};

use crate::bench::{SDP, Wire, request, secs};

/// A call to us that we have answered; the tag we gave it.
fn answered(wire: &mut Wire, offer: &str) -> (DialogId, String) {
    wire.receive(&request("INVITE", 1, "inv", "", offer));
    let Some(Event::Invited { dialog, .. }) = wire.us.poll_event() else { panic!("no call") };
    wire.us.answer(wire.now, dialog, SDP.into());
    let ok = wire.sent().remove(1);
    (dialog, ok.header("To").unwrap().split("tag=").nth(1).unwrap().to_owned())
}

/// The same, acknowledged; then a re-INVITE that we accept, with this body.
fn reinvited(wire: &mut Wire, offer: &str) -> (DialogId, String) {
    let (dialog, tag) = answered(wire, SDP);
    wire.receive(&request("ACK", 1, "ack", &tag, ""));
    assert_eq!(wire.events(), [Event::Confirmed { dialog, sdp: None }]);
    wire.receive(&request("INVITE", 2, "re", &tag, offer));
    let by = OfferedBy::ReInvite;
    let offered = match offer.is_empty() {
        true => Event::OfferWanted { dialog },
        false => Event::Offered { dialog, sdp: offer.into(), by },
    };
    assert_eq!(wire.events(), [offered]);
    wire.us.accept_offer(wire.now, dialog, SDP.into());
    assert_eq!(wire.summary(), ["100/INVITE", "200/INVITE"]);
    (dialog, tag)
}

#[test]
fn whose_ack_of_a_reinvite_is_lost_talks_on_while_they_are_heard() {
    for (offer, then) in [(SDP, false), ("", true)] {
        let mut wire = Wire::new();
        let (dialog, tag) = reinvited(&mut wire, offer);
        wire.us.hears(dialog, Sound::Arrives);
        wire.pass(secs(32));
        let sent = wire.summary();
        assert!(sent.len() == 10 && sent.iter().all(|sent| sent == "200/INVITE"), "{sent:?}");
        // What was offered in the 200 was never answered: the sound stays as it was.
        let unanswered = vec![Event::OfferAnswered { dialog, sdp: None }];
        assert_eq!(wire.events(), if then { unanswered } else { vec![] });
        wire.pass(secs(3_600));
        assert_eq!((wire.summary(), wire.events(), wire.us.open_dialogs()), (vec![], vec![], 1));
        // It comes very late after all; the next exchange finds nothing in its way.
        wire.receive(&request("ACK", 2, "ack2", &tag, ""));
        wire.receive(&request("INVITE", 3, "re3", &tag, SDP));
        assert!(matches!(wire.events().as_slice(), [Event::Offered { .. }]));
    }
}

#[test]
fn whose_ack_of_a_reinvite_is_lost_and_who_is_silent_is_gone() {
    let mut wire = Wire::new();
    let (dialog, _) = reinvited(&mut wire, SDP);
    wire.us.hears(dialog, Sound::Arrives);
    wire.pass(secs(20));
    wire.us.hears(dialog, Sound::Silent);
    wire.pass(secs(12));
    assert_eq!(wire.events(), [Event::HungUp { dialog, lost: true }]);
    assert_eq!(wire.summary().last().unwrap(), "BYE");
    wire.pass(secs(64));
    wire.assert_empty();
}

#[test]
fn who_talks_has_read_our_answer_and_is_connected_without_an_ack() {
    let mut wire = Wire::new();
    let (dialog, tag) = answered(&mut wire, SDP);
    wire.us.hears(dialog, Sound::Arrives);
    wire.pass(secs(32));
    assert_eq!(wire.events(), [Event::Confirmed { dialog, sdp: None }]);
    wire.pass(secs(3_600));
    assert!(wire.summary().iter().all(|sent| sent == "200/INVITE"));
    assert_eq!((wire.events(), wire.us.open_dialogs()), (vec![], 1));
    wire.receive(&request("BYE", 2, "bye", &tag, ""));
    assert_eq!(wire.summary(), ["200/BYE"]);
    wire.pass(secs(64));
    wire.assert_empty();
}

#[test]
fn who_was_hung_up_on_before_the_ack_is_not_kept_for_being_heard() {
    let mut wire = Wire::new();
    let (dialog, _) = answered(&mut wire, SDP);
    wire.us.hears(dialog, Sound::Arrives);
    wire.us.hang_up(wire.now, dialog);
    wire.pass(secs(32));
    assert_eq!((wire.events(), wire.summary().last().unwrap().as_str()), (vec![], "BYE"));
    wire.pass(secs(64));
    wire.assert_empty();
}

#[test]
fn over_a_connection_that_closed_the_200_goes_where_the_via_of_its_invite_says() {
    let mut wire = Wire::over(Transport::Tcp, Config::default());
    // It called from a port that was its connection's alone; its Via names 5062, and its
    // Contact a third.
    let elsewhere = |text: String| text.replace("<sip:c@192.0.2.9:5062>", "<sip:c@192.0.2.9:5071>");
    wire.route.remote = "192.0.2.9:41000".parse().unwrap();
    wire.receive(&elsewhere(request("INVITE", 1, "inv", "", SDP)));
    let Some(Event::Invited { dialog, .. }) = wire.us.poll_event() else { panic!("no call") };
    wire.us.answer(wire.now, dialog, SDP.into());
    let ports = |wire: &mut Wire| -> Vec<u16> {
        let sent = std::iter::from_fn(|| wire.us.poll_transmit());
        sent.map(|transmit| transmit.route.remote.port()).collect()
    };
    assert_eq!(ports(&mut wire), [41_000, 41_000], "100 and 200, as long as it is open");
    wire.us.connection_closed(wire.now, wire.route);
    wire.pass(secs(2));
    assert_eq!(ports(&mut wire), [5_062, 5_062]);
    wire.us.hears(dialog, Sound::Arrives);
    wire.pass(secs(31));
    ports(&mut wire);
    wire.us.hang_up(wire.now, dialog);
    assert_eq!(ports(&mut wire), [5_071], "requests go to the Contact");
}
