//! Our re-INVITE that meets a 100 and nothing after it: bounded, and one at a time.

use polaris::sip::{DialogId, Event, Message, Sound};

use crate::bench::{SDP, Wire, outgoing, request, response, secs, summary};

/// A call of ours whose re-INVITE has met a 100; that re-INVITE.
fn undecided(wire: &mut Wire) -> (DialogId, Message) {
    let dialog = wire.us.invite(wire.now, outgoing(wire.route)).unwrap();
    let invite = wire.sent().remove(0);
    wire.receive(&response(&invite, 200, "phone", "Session-Expires: 90;refresher=uac\r\n", SDP));
    wire.pass(secs(45));
    let again = wire.sent().pop().unwrap();
    assert_eq!(summary(&again), "INVITE");
    wire.receive(&response(&again, 100, "", "", ""));
    wire.events();
    (dialog, again)
}

#[test]
fn of_a_silent_peer_nothing_is_left() {
    let mut wire = Wire::new();
    let (dialog, _) = undecided(&mut wire);
    wire.pass(secs(45));
    assert_eq!(wire.events(), [Event::HungUp { dialog, lost: true }]);
    assert_eq!(wire.summary(), ["BYE"]);
    wire.pass(secs(32));
    wire.assert_empty();
}

#[test]
fn of_a_call_that_ends_meanwhile_nothing_is_left() {
    for they in [true, false] {
        let mut wire = Wire::new();
        let (dialog, again) = undecided(&mut wire);
        if they {
            let bye = crate::bench::from_phone(&again, "BYE", 2, "phone", "");
            wire.receive(&bye);
            assert_eq!(wire.summary(), ["200/BYE"]);
        } else {
            wire.us.hang_up(wire.now, dialog);
            let bye = wire.sent().remove(0);
            wire.receive(&response(&bye, 200, "", "", ""));
        }
        assert_eq!(wire.us.open_dialogs(), 0);
        // What crossed the BYE gets its ACK all the same.
        wire.receive(&response(&again, 487, "", "", ""));
        assert_eq!(wire.summary(), ["ACK"]);
        wire.pass(secs(33));
        wire.assert_empty();
    }
}

#[test]
fn a_peer_that_is_heard_is_asked_again_and_one_record_is_kept() {
    let mut wire = Wire::new();
    let (dialog, _) = undecided(&mut wire);
    wire.us.hears(dialog, Sound::Arrives);
    let mut asked = 0;
    for _ in 0..360 {
        wire.pass(secs(10));
        let sent = wire.sent();
        // One of each is enough: the rest are its copies until the 100.
        if let Some(again) = sent.iter().rfind(|message| summary(message) == "INVITE") {
            asked += 1;
            wire.receive(&response(again, 100, "", "", ""));
        }
        assert!(wire.us.open_transactions() <= 1, "{}", wire.us.open_transactions());
    }
    assert_eq!((wire.events(), wire.us.open_dialogs()), (vec![], 1), "who talks is not lost");
    assert!((8..=16).contains(&asked), "an hour of it: {asked}");
    // The sound stops: that is the end, and nothing is left.
    wire.us.hears(dialog, Sound::Silent);
    wire.pass(secs(90));
    assert_eq!(wire.events(), [Event::HungUp { dialog, lost: true }]);
    wire.pass(secs(64));
    wire.assert_empty();
}

#[test]
fn a_late_answer_is_taken_as_long_as_it_is_awaited() {
    let mut wire = Wire::new();
    let (dialog, again) = undecided(&mut wire);
    wire.us.hears(dialog, Sound::Arrives);
    wire.pass(secs(200));
    wire.sent();
    wire.receive(&response(&again, 200, "", "Session-Expires: 90;refresher=uac\r\n", SDP));
    assert_eq!(wire.summary(), ["ACK"]);
    assert_eq!(wire.events(), [Event::OfferAnswered { dialog, sdp: Some(SDP.into()) }]);
    wire.pass(secs(45));
    assert_eq!(wire.summary(), ["INVITE"], "refreshed as before");
}

#[test]
fn who_refreshes_meanwhile_is_not_lost_for_an_answer_nobody_gives() {
    let mut wire = Wire::new();
    let (dialog, again) = undecided(&mut wire);
    wire.us.hears(dialog, Sound::Arrives);
    wire.pass(secs(46));
    assert_eq!(wire.summary(), [""; 0]);
    // On hold from now on: not heard, but refreshing.
    wire.us.hears(dialog, Sound::Silent);
    for cseq in 2..12 {
        let update = crate::bench::from_phone(&again, "UPDATE", cseq, "phone", "");
        let fields = "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\nMax-Forwards";
        wire.receive(&update.replacen("Max-Forwards", fields, 1));
        assert_eq!(wire.summary(), ["200/UPDATE"]);
        wire.pass(secs(40));
    }
    assert_eq!((wire.events(), wire.us.open_dialogs()), (vec![], 1));
    assert_eq!(wire.us.open_transactions(), 0);
}

#[test]
fn a_caller_of_ours_is_kept_so_too() {
    let mut wire = Wire::new();
    let fields = "Supported: timer\r\nSession-Expires: 90\r\nMax-Forwards";
    wire.receive(&request("INVITE", 1, "inv", "", SDP).replacen("Max-Forwards", fields, 1));
    let Some(Event::Invited { dialog, .. }) = wire.us.poll_event() else { panic!("no call") };
    wire.us.answer(wire.now, dialog, SDP.into());
    let ok = wire.sent().remove(1);
    let tag = ok.header("To").unwrap().split("tag=").nth(1).unwrap().to_owned();
    wire.receive(&request("ACK", 1, "ack", &tag, ""));
    wire.pass(secs(45));
    let again = wire.sent().pop().unwrap();
    wire.receive(&response(&again, 100, "", "", ""));
    wire.receive(&request("BYE", 2, "bye", &tag, ""));
    wire.pass(secs(64));
    wire.assert_empty();
}
