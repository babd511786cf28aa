use super::*;
use crate::sip::route::Transport;

fn route() -> Route {
    let local = "192.0.2.1:5060".parse().unwrap();
    Route { transport: Transport::Udp, local, remote: "192.0.2.9:5060".parse().unwrap() }
}

fn outgoing() -> Outgoing {
    Outgoing {
        route: route(),
        to: "+393330000001".into(),
        to_host: None,
        from_number: "+390831000000".into(),
        from_host: "192.0.2.1".into(),
        sdp: Vec::new(),
        credentials: None,
        forwarding: Forwarding::default(),
        outbound_proxy: None,
        service_route: Vec::new(),
    }
}

fn invite(us: &mut Endpoint, now: Moment, call: usize) {
    let text = format!(
        "INVITE sip:x@h SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK{call}\r\n\
         From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: {call}\r\nCSeq: 1 INVITE\r\n\r\n"
    );
    us.receive(now, route(), text.as_bytes());
}

fn size(us: &Endpoint) -> usize {
    us.usages.len()
        + us.by_local_tag.len()
        + us.transactions.len()
        + us.transactions.keys()
        + us.seen.len()
        + us.wakeups.len()
}

#[test]
fn no_table_keeps_anything_of_a_call_that_is_over() {
    let config = Config { calls_per_second: 300, ..Config::default() };
    let mut us = Endpoint::new(config, 1);
    for call in 0..300 {
        let now = us.poll_timeout().unwrap_or_default();
        invite(&mut us, now, call);
        let Some(Event::Invited { dialog, .. }) = us.poll_event() else { panic!("call {call}") };
        match call % 3 {
            0 => us.answer(now, dialog, Vec::new()),
            1 => us.refuse(now, dialog, 486),
            _ => us.hang_up(now, dialog),
        }
        let placed = us.invite(now, outgoing()).unwrap();
        if call % 2 == 0 {
            us.hang_up(now, placed);
        }
    }
    while let Some(at) = us.poll_timeout() {
        us.handle_timeout(at);
        while us.poll_transmit().is_some() || us.poll_event().is_some() {}
    }
    assert_eq!(size(&us), 0);
}

#[test]
fn a_flood_of_new_calls_is_bounded() {
    let config = Config { max_dialogs: 10, max_transactions: 40, ..Config::default() };
    let mut us = Endpoint::new(config, 1);
    for call in 0..1_000 {
        invite(&mut us, Moment::START, call);
        if let Some(Event::Invited { dialog, .. }) = us.poll_event() {
            us.refuse(Moment::START, dialog, 404);
        }
        while us.poll_transmit().is_some() {}
    }
    assert!(us.transactions.len() <= 40 && us.seen.len() <= 80, "{}", size(&us));
}
