//! Session timers (RFC 4028) in both roles: agreed, refreshed, and what ends a call.

use polaris::sip::{Config, Credentials, DialogId, Event, Message, Sound, Transport};
use polaris::words::Moment;

use crate::bench::{Link, Pair, SDP, Wire, from_phone, outgoing, request, response, secs, summary};

/// A call to us, answered, with these fields in its INVITE; our 200.
fn called(wire: &mut Wire, fields: &str) -> (DialogId, Message) {
    let fields = format!("{fields}\r\nMax-Forwards");
    wire.receive(&request("INVITE", 1, "inv", "", SDP).replacen("Max-Forwards", &fields, 1));
    let Some(Event::Invited { dialog, .. }) = wire.us.poll_event() else { panic!("no call") };
    wire.us.answer(wire.now, dialog, SDP.into());
    let ok = wire.sent().remove(1);
    wire.receive(&request("ACK", 1, "ack", &our_tag(&ok), ""));
    assert_eq!(wire.events(), [Event::Confirmed { dialog, sdp: None }]);
    (dialog, ok)
}

fn our_tag(ok: &Message) -> String {
    ok.header("To").unwrap().split("tag=").nth(1).unwrap().to_owned()
}

/// A call of ours, answered with these fields; its INVITE.
fn calling(wire: &mut Wire, fields: &str) -> (DialogId, Message) {
    let mut call = outgoing(wire.route);
    let (username, password) = ("polaris".to_owned(), "secret".to_owned());
    call.credentials = Some(Credentials { username, password, realm: None });
    let dialog = wire.us.invite(wire.now, call).unwrap();
    let invite = wire.sent().remove(0);
    wire.receive(&response(&invite, 200, "phone", fields, SDP));
    assert_eq!(wire.summary(), ["ACK"]);
    wire.events();
    (dialog, invite)
}

const WE_REFRESH: &str = "Allow: INVITE, UPDATE\r\nSession-Expires: 1800;refresher=uac\r\n";
const THEY_REFRESH: &str = "Allow: INVITE, UPDATE\r\nSession-Expires: 1800;refresher=uas\r\n";

#[test]
fn our_call_offers_timers_and_acknowledged_progress() {
    let mut wire = Wire::new();
    let (_, invite) = calling(&mut wire, "");
    assert_eq!(invite.header("Supported"), Some("100rel, timer"));
    assert_eq!(invite.header("Session-Expires"), Some("1800;refresher=uac"));
    wire.pass(secs(100_000));
    assert_eq!(wire.summary(), [""; 0], "who knows no timers is asked nothing");
}

#[test]
fn we_refresh_at_half_the_interval_by_update() {
    let mut wire = Wire::new();
    let (dialog, _) = calling(&mut wire, WE_REFRESH);
    for cseq in 2..6 {
        wire.pass(secs(899));
        assert_eq!(wire.summary(), [""; 0]);
        wire.pass(secs(1));
        let update = wire.sent().remove(0);
        assert_eq!(update.header("CSeq"), Some(format!("{cseq} UPDATE").as_str()));
        assert_eq!(update.header("Session-Expires"), Some("1800;refresher=uac"));
        assert!(update.body.is_empty() && update.header("Contact").is_some());
        wire.receive(&response(&update, 200, "", WE_REFRESH, ""));
    }
    wire.us.hang_up(wire.now, dialog);
    let bye = wire.sent().remove(0);
    wire.receive(&response(&bye, 200, "", "", ""));
    wire.pass(secs(64));
    wire.assert_empty();
}

#[test]
fn the_called_side_refreshes_too_and_a_shorter_interval_is_obeyed() {
    let mut wire = Wire::new();
    let (_, ok) = called(&mut wire, "Allow: UPDATE\r\nk: timer\r\nx: 90");
    assert_eq!(ok.header("Session-Expires"), Some("90;refresher=uas"));
    assert_eq!(ok.header("Require"), Some("timer"));
    wire.pass(secs(45));
    let update = wire.sent().remove(0);
    assert_eq!(summary(&update), "UPDATE");
    wire.receive(&response(&update, 200, "", "Session-Expires: 90;refresher=uac\r\n", ""));
    wire.pass(secs(45));
    assert_eq!(wire.summary(), ["UPDATE"]);
}

#[test]
fn who_does_not_take_updates_gets_a_reinvite_with_the_same_description() {
    for allow in ["", "Allow: INVITE, ACK, BYE\r\n"] {
        let mut wire = Wire::new();
        let fields = format!("{allow}Session-Expires: 1800;refresher=uac\r\n");
        let (dialog, invite) = calling(&mut wire, &fields);
        wire.pass(secs(900));
        let again = wire.sent().remove(0);
        assert_eq!(summary(&again), "INVITE");
        assert_eq!((&again.body, again.header("CSeq")), (&invite.body, Some("2 INVITE")));
        assert!(again.header("To").unwrap().ends_with("tag=phone"));
        wire.receive(&response(&again, 100, "", "", ""));
        let ok = response(&again, 200, "", &fields, SDP);
        wire.receive(&ok);
        wire.receive(&ok);
        let acks = wire.sent();
        assert_eq!((acks.len(), acks[0].header("CSeq")), (2, Some("2 ACK")));
        assert_eq!(wire.events(), [Event::OfferAnswered { dialog, sdp: Some(SDP.into()) }]);
        wire.pass(secs(900));
        assert_eq!(wire.summary(), ["INVITE"]);
    }
}

#[test]
fn an_update_that_is_not_served_after_all_becomes_a_reinvite() {
    for status in [405, 501] {
        let mut wire = Wire::new();
        calling(&mut wire, WE_REFRESH);
        wire.pass(secs(900));
        let update = wire.sent().remove(0);
        wire.receive(&response(&update, status, "", "", ""));
        let again = wire.sent().remove(0);
        assert_eq!(again.header("CSeq"), Some("3 INVITE"));
        wire.receive(&response(&again, 488, "", "", ""));
        assert_eq!(wire.summary(), ["ACK"]);
        assert_eq!((wire.events(), wire.us.open_dialogs()), (vec![], 1));
    }
}

/// What a refresh of ours gets, and what becomes of the call: what is sent within 40 s.
const FAILURES: [(u16, bool, &[&str]); 9] = [
    (481, true, &[]),
    (408, true, &["BYE"]),
    (0, true, &["UPDATE", "BYE"]),
    (400, false, &["UPDATE"]),
    (403, false, &["UPDATE"]),
    (488, false, &["UPDATE"]),
    (500, false, &["UPDATE"]),
    (503, false, &["UPDATE"]),
    (603, false, &["UPDATE"]),
];

#[test]
fn only_silence_and_what_says_that_the_dialog_is_gone_end_it() {
    for (status, lost, then) in FAILURES {
        let mut wire = Wire::new();
        let (dialog, _) = calling(&mut wire, WE_REFRESH);
        wire.pass(secs(900));
        let update = wire.sent().remove(0);
        if status > 0 {
            wire.receive(&response(&update, status, "", "", ""));
        }
        wire.pass(secs(33));
        let mut sent = wire.summary();
        sent.dedup();
        assert_eq!(sent, then, "{status}");
        let over = vec![Event::HungUp { dialog, lost: true }];
        assert_eq!(wire.events(), if lost { over } else { vec![] }, "{status}");
    }
}

#[test]
fn who_is_heard_is_not_hung_up_on_for_silence_but_for_saying_that_the_call_is_gone() {
    for fields in [WE_REFRESH, THEY_REFRESH, "Session-Expires: 1800;refresher=uac\r\n"] {
        let mut wire = Wire::new();
        let (dialog, _) = calling(&mut wire, fields);
        wire.us.hears(dialog, Sound::Arrives);
        wire.pass(secs(900));
        let mut asked = Vec::new();
        for _ in 0..3_600 {
            wire.pass(secs(1));
            asked.extend(
                wire.sent().into_iter().filter_map(|m| m.header("CSeq").map(str::to_owned)),
            );
        }
        asked.dedup();
        assert!((30..=125).contains(&asked.len()), "asked again and again: {asked:?}");
        assert!(!asked.iter().any(|cseq| cseq.ends_with("BYE")), "{asked:?}");
        assert_eq!((wire.events(), wire.us.open_dialogs()), (vec![], 1));
        // Now nothing is heard either.
        wire.us.hears(dialog, Sound::Silent);
        wire.pass(secs(64));
        assert_eq!(wire.events(), [Event::HungUp { dialog, lost: true }]);
        assert_eq!(wire.summary().last().unwrap(), "BYE");
    }
    for status in [408, 481] {
        let mut wire = Wire::new();
        let (dialog, _) = calling(&mut wire, WE_REFRESH);
        wire.us.hears(dialog, Sound::Arrives);
        wire.pass(secs(900));
        let update = wire.sent().remove(0);
        wire.receive(&response(&update, status, "", "", ""));
        let over = vec![Event::HungUp { dialog, lost: true }];
        assert_eq!(wire.events(), if status == 481 { over } else { vec![] }, "{status}");
    }
}

#[test]
fn who_was_silent_for_a_while_and_answers_again_is_refreshed_as_before() {
    let mut wire = Wire::new();
    let (dialog, _) = calling(&mut wire, WE_REFRESH);
    wire.us.hears(dialog, Sound::Arrives);
    wire.pass(secs(900));
    wire.pass(secs(70));
    let update = wire.sent().pop().unwrap();
    wire.receive(&response(&update, 200, "", WE_REFRESH, ""));
    wire.us.hears(dialog, Sound::Silent);
    wire.pass(secs(899));
    assert_eq!((wire.summary(), wire.events()), (vec![], vec![]));
    wire.pass(secs(1));
    assert_eq!(wire.summary(), ["UPDATE"]);
}

#[test]
fn a_refresh_that_fails_for_ever_is_tried_twice_a_minute_and_ends_nothing() {
    let mut wire = Wire::new();
    calling(&mut wire, WE_REFRESH);
    let mut tries = 0;
    for _ in 0..3_600 {
        wire.pass(secs(1));
        for update in wire.sent() {
            assert_eq!(summary(&update), "UPDATE");
            wire.receive(&response(&update, 500, "", "", ""));
            tries += 1;
        }
    }
    assert!((80..=91).contains(&tries), "{tries}");
    assert_eq!((wire.events(), wire.us.open_dialogs()), (vec![], 1));
}

#[test]
fn glare_is_waited_out_longer_by_who_made_the_call_id() {
    let mut waits = [Vec::new(), Vec::new()];
    for _ in 0..20 {
        for (side, waits) in waits.iter_mut().enumerate() {
            let mut wire = Wire::new();
            if side == 0 {
                calling(&mut wire, WE_REFRESH);
            } else {
                called(&mut wire, "Allow: UPDATE\r\nSupported: timer");
            }
            // Another seed for another wait.
            wire.pass(secs(900));
            let update = wire.sent().remove(0);
            wire.receive(&response(&update, 491, "", "", ""));
            let due = wire.us.poll_timeout().unwrap().since(wire.now);
            wire.pass(due);
            assert_eq!(wire.summary(), ["UPDATE"]);
            waits.push(due.as_millis());
        }
    }
    let [ours, theirs] = waits;
    assert!(ours.iter().all(|wait| (2_100..=4_000).contains(wait)), "{ours:?}");
    assert!(theirs.iter().all(|wait| *wait <= 2_000), "{theirs:?}");
}

#[test]
fn a_challenged_refresh_is_sent_again_once() {
    let mut wire = Wire::new();
    calling(&mut wire, WE_REFRESH);
    wire.pass(secs(900));
    let update = wire.sent().remove(0);
    let challenge = "WWW-Authenticate: Digest realm=\"t\", nonce=\"n\", qop=\"auth\"\r\n";
    wire.receive(&response(&update, 401, "", challenge, ""));
    let again = wire.sent().remove(0);
    assert!(again.header("Authorization").unwrap().contains("response="));
    assert_eq!(again.header("CSeq"), Some("3 UPDATE"));
    wire.receive(&response(&again, 401, "", challenge, ""));
    assert_eq!((wire.summary(), wire.us.open_dialogs()), (vec![], 1));
}

#[test]
fn a_refresh_that_does_not_come_is_asked_for_and_its_silence_ends_the_call() {
    let mut wire = Wire::new();
    let (dialog, _) = calling(&mut wire, THEY_REFRESH);
    wire.pass(secs(1_767));
    assert_eq!(wire.summary(), [""; 0]);
    wire.pass(secs(1));
    assert_eq!(wire.summary(), ["UPDATE"], "32 s before the end");
    wire.pass(secs(32));
    assert_eq!(wire.events(), [Event::HungUp { dialog, lost: true }]);
    assert_eq!(wire.summary().last().unwrap(), "BYE");
    wire.pass(secs(64));
    wire.assert_empty();
}

#[test]
fn a_short_session_that_nobody_refreshes_ends_with_its_interval() {
    let mut wire = Wire::new();
    let (dialog, ok) = called(&mut wire, "k: timer\r\nx: 90;refresher=uac\r\nAllow: UPDATE");
    assert_eq!(ok.header("Session-Expires"), Some("90;refresher=uac"));
    wire.pass(secs(60));
    assert_eq!(wire.summary(), ["UPDATE"]);
    wire.pass(secs(29));
    assert_eq!(wire.events(), []);
    wire.pass(secs(1));
    assert_eq!(wire.events(), [Event::HungUp { dialog, lost: true }]);
}

#[test]
fn who_forgot_to_refresh_and_is_there_keeps_the_call() {
    let mut wire = Wire::new();
    calling(&mut wire, THEY_REFRESH);
    for _ in 0..5 {
        wire.pass(secs(1_768));
        let update = wire.sent().remove(0);
        assert_eq!(update.header("Session-Expires"), Some("1800;refresher=uac"));
        wire.receive(&response(&update, 200, "", "Session-Expires: 1800;refresher=uas\r\n", ""));
    }
    assert_eq!((wire.events(), wire.us.open_dialogs()), (vec![], 1));
}

#[test]
fn their_refresh_moves_the_end() {
    let mut wire = Wire::new();
    let (_, invite) = calling(&mut wire, THEY_REFRESH);
    for cseq in 1..6 {
        wire.pass(secs(1_000));
        let timer = "Supported: timer\r\nSession-Expires: 1800;refresher=uac\r\nMax-Forwards";
        let update = from_phone(&invite, "UPDATE", cseq, "phone", "");
        wire.receive(&update.replacen("Max-Forwards", timer, 1));
        let ok = wire.sent().remove(0);
        assert_eq!(ok.header("Session-Expires"), Some("1800;refresher=uac"));
        assert_eq!(ok.header("Require"), Some("timer"));
    }
    wire.pass(secs(1_767));
    assert_eq!(wire.summary(), [""; 0]);
    wire.pass(secs(1));
    assert_eq!(wire.summary(), ["UPDATE"]);
}

#[test]
fn their_reinvite_is_a_refresh_too_and_ours_waits_for_its_end() {
    let mut wire = Wire::new();
    let (dialog, ok) = called(&mut wire, "Supported: timer");
    let tag = our_tag(&ok);
    wire.pass(secs(899));
    let timer = "Supported: timer\r\nMax-Forwards";
    let reinvite = request("INVITE", 2, "re", &tag, SDP).replacen("Max-Forwards", timer, 1);
    wire.receive(&reinvite);
    wire.pass(secs(1));
    assert_eq!(wire.summary(), ["100/INVITE"], "two INVITEs at once are none");
    wire.us.accept_offer(wire.now, dialog, SDP.into());
    let ok = wire.sent().remove(0);
    assert_eq!(ok.header("Session-Expires"), Some("1800;refresher=uas"));
    wire.receive(&request("ACK", 2, "ack2", &tag, ""));
    wire.pass(secs(899));
    assert_eq!(wire.summary(), [""; 0]);
    wire.pass(secs(1));
    assert_eq!(wire.summary(), ["INVITE"]);
}

#[test]
fn while_our_reinvite_is_under_way_theirs_is_glare() {
    let mut wire = Wire::new();
    let (dialog, ok) = called(&mut wire, "Supported: timer");
    let tag = our_tag(&ok);
    wire.pass(secs(900));
    let ours = wire.sent().remove(0);
    wire.receive(&request("INVITE", 2, "re", &tag, SDP));
    wire.receive(&request("UPDATE", 3, "up", &tag, SDP));
    assert_eq!(wire.summary(), ["100/INVITE", "491/INVITE", "491/UPDATE"]);
    wire.receive(&request("UPDATE", 4, "up4", &tag, ""));
    assert_eq!(wire.summary(), ["200/UPDATE"], "what offers nothing meets nothing");
    wire.receive(&response(&ours, 200, "", "", SDP));
    assert_eq!(wire.events(), [Event::OfferAnswered { dialog, sdp: Some(SDP.into()) }]);
}

#[test]
fn a_late_200_to_our_reinvite_is_acknowledged_after_the_call() {
    let mut wire = Wire::new();
    let (_, ok) = called(&mut wire, "Supported: timer");
    wire.pass(secs(900));
    let ours = wire.sent().remove(0);
    wire.receive(&request("BYE", 2, "bye", &our_tag(&ok), ""));
    wire.receive(&response(&ours, 200, "", "", SDP));
    assert_eq!(wire.summary(), ["200/BYE", "ACK"]);
    wire.pass(secs(64));
    wire.assert_empty();
}

#[test]
fn a_422_is_met_with_the_interval_it_asks() {
    let mut wire = Wire::new();
    let dialog = wire.us.invite(wire.now, outgoing(wire.route)).unwrap();
    let mut invite = wire.sent().remove(0);
    for least in [2_400, 3_600, 7_200] {
        wire.receive(&response(&invite, 422, "x", &format!("Min-SE: {least}\r\n"), ""));
        let sent = wire.sent();
        assert_eq!(sent.iter().map(summary).collect::<Vec<_>>(), ["ACK", "INVITE"]);
        assert_eq!(sent[1].header("Call-ID"), invite.header("Call-ID"));
        assert_ne!(sent[1].header("CSeq"), invite.header("CSeq"));
        assert_eq!(sent[1].header("Min-SE"), Some(least.to_string().as_str()));
        assert_eq!(sent[1].all("Session-Expires").count(), 1);
        let wanted = format!("{least};refresher=uac");
        assert_eq!(sent[1].header("Session-Expires"), Some(wanted.as_str()));
        invite = sent[1].clone();
    }
    wire.receive(&response(&invite, 422, "x", "Min-SE: 9000\r\n", ""));
    assert_eq!(wire.events(), [Event::Failed { dialog, status: 422 }], "not without end");
}

#[test]
fn a_422_to_a_refresh_is_met_too() {
    let mut wire = Wire::new();
    calling(&mut wire, WE_REFRESH);
    wire.pass(secs(900));
    let update = wire.sent().remove(0);
    wire.receive(&response(&update, 422, "", "Min-SE: 3600\r\n", ""));
    let again = wire.sent().remove(0);
    assert_eq!(again.header("Session-Expires"), Some("3600;refresher=uac"));
    assert_eq!(again.header("Min-SE"), Some("3600"));
}

#[test]
fn a_caller_that_asks_for_too_little_may_call_again_with_more() {
    let mut wire = Wire::new();
    let fields = |seconds: u32| format!("k: timer\r\nx: {seconds}\r\nMax-Forwards");
    let first = request("INVITE", 1, "a", "", SDP).replacen("Max-Forwards", &fields(30), 1);
    wire.receive(&first);
    let refused = wire.sent().remove(0);
    assert_eq!((refused.status(), refused.header("Min-SE")), (Some(422), Some("90")));
    assert_eq!(wire.us.poll_refused().map(|refused| refused.status), Some(422));
    let again = request("INVITE", 2, "b", "", SDP).replacen("Max-Forwards", &fields(90), 1);
    wire.receive(&again);
    assert!(matches!(wire.events().as_slice(), [Event::Invited { .. }]));
}

#[test]
fn a_short_interval_in_a_refresh_of_theirs_is_refused_and_the_call_goes_on() {
    let mut wire = Wire::new();
    let (_, ok) = called(&mut wire, "Supported: timer");
    let short = "Supported: timer\r\nSession-Expires: 5\r\nMax-Forwards";
    let update = request("UPDATE", 2, "up", &our_tag(&ok), "");
    wire.receive(&update.replacen("Max-Forwards", short, 1));
    assert_eq!(wire.summary(), ["422/UPDATE"]);
    assert_eq!((wire.events(), wire.us.open_dialogs()), (vec![], 1));
}

#[test]
fn a_refresh_over_a_connection_that_closed_goes_over_a_new_one() {
    let mut wire = Wire::over(Transport::Tcp, Config::default());
    let (_, _) = calling(&mut wire, WE_REFRESH);
    wire.pass(secs(900));
    assert_eq!(wire.summary(), ["UPDATE"]);
    wire.us.connection_closed(wire.now, wire.route);
    assert_eq!(wire.summary(), ["UPDATE"]);
    wire.us.transport_failed(wire.now, wire.route);
    assert_eq!((wire.events(), wire.us.open_dialogs()), (vec![], 1), "tried again later");
    wire.pass(secs(30));
    assert_eq!(wire.summary(), ["UPDATE"]);
}

#[test]
fn a_reinvite_that_was_heard_is_sent_again_and_ends_no_call_with_its_connection() {
    let mut wire = Wire::over(Transport::Tcp, Config::default());
    let (dialog, _) = calling(&mut wire, "Session-Expires: 1800;refresher=uac\r\n");
    wire.pass(secs(900));
    let again = wire.sent().remove(0);
    wire.receive(&response(&again, 100, "", "", ""));
    wire.us.connection_closed(wire.now, wire.route);
    assert_eq!(wire.summary(), ["INVITE"]);
    wire.us.transport_failed(wire.now, wire.route);
    assert_eq!((wire.events(), wire.us.open_dialogs()), (vec![], 1));
    wire.pass(secs(30));
    let later = wire.sent().remove(0);
    wire.receive(&response(&later, 200, "", "", SDP));
    assert_eq!(wire.events(), [Event::OfferAnswered { dialog, sdp: Some(SDP.into()) }]);
}

/// Two of us talk for `hours` over a bad link; how many sides have lost the other.
fn talk(seed: u64, loss: u8, hours: u64, cut_after: Option<u64>) -> usize {
    let mut pair = Pair::new(seed, Link { loss, duplication: 10, delay_ms_max: 700 });
    pair.sides[0].invite(pair.now, outgoing(Pair::route(0))).unwrap();
    pair.collect();
    let at = |seconds: u64| Moment::START + secs(seconds);
    let (mut seen, mut cut) = (0, cut_after);
    while let Some(next) = pair.next().filter(|next| *next <= at(hours * 3_600)) {
        if let Some(seconds) = cut.filter(|seconds| next >= at(*seconds)) {
            pair.now = at(seconds);
            pair.cut();
            cut = None;
        }
        pair.advance(next);
        let invited = pair.events[1].get(seen..).unwrap_or_default().iter().find_map(|e| match e {
            Event::Invited { dialog, .. } => Some(*dialog),
            _ => None,
        });
        seen = pair.events[1].len();
        if let Some(dialog) = invited {
            let now = pair.now;
            pair.sides[1].answer(now, dialog, SDP.into());
            pair.collect();
        }
    }
    pair.events.iter().flatten().filter(|e| matches!(e, Event::HungUp { lost: true, .. })).count()
}

#[test]
fn a_bad_link_ends_no_call_and_a_dead_one_ends_it_on_both_sides() {
    for seed in 0..40 {
        assert_eq!(talk(seed, 20, 6, None), 0, "seed {seed}");
        assert_eq!(talk(seed, 0, 6, Some(5_000)), 2, "seed {seed}");
    }
}
