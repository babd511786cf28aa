use super::*;

fn at(seconds: u64) -> Moment {
    Moment::START + Duration::from_secs(seconds)
}

fn registration() -> Registration {
    let credentials =
        Credentials { username: "0831".into(), password: "secret".into(), realm: None };
    let expires = Duration::from_secs(3_600);
    let account = Account { domain: "ims.example".into(), credentials, expires };
    let local = "192.0.2.1:5060".parse().unwrap();
    let remote = "192.0.2.9:5060".parse().unwrap();
    let route = Route { transport: Transport::Udp, local, remote };
    Registration::new(account, route, Moment::START, 7)
}

fn response(status: u16, fields: &[(&str, &str)]) -> Message {
    let mut message = Message::response(status);
    fields.iter().for_each(|(name, value)| message.push(name, *value));
    message
}

fn receive(us: &mut Registration, now: Moment, status: u16, fields: &[(&str, &str)]) {
    us.receive(now, status, Some(&response(status, fields)));
}

/// The next REGISTER, and when it is due.
fn next(us: &mut Registration) -> (Moment, Message) {
    let due = us.poll_timeout().unwrap();
    (due, us.poll_request(due).expect("a REGISTER is due"))
}

fn registered(granted: &str) -> (Registration, Moment) {
    let mut us = registration();
    us.poll_request(at(0)).unwrap();
    let contact = format!("<sip:0831@192.0.2.1:5060>;expires={granted}");
    receive(&mut us, at(0), 200, &[("Contact", &contact)]);
    assert_eq!(us.standing(), Registered::Yes);
    let due = us.poll_timeout().unwrap();
    (us, due)
}

fn seconds(moment: Moment) -> f64 {
    moment.since_start().as_secs_f64()
}

const MD5: &str = "Digest realm=\"r\", nonce=\"n1\", qop=\"auth\", algorithm=MD5";
const SHA: &str = "Digest realm=\"r\", nonce=\"n2\", qop=\"auth\", algorithm=SHA-256";

#[test]
fn the_first_register_is_due_at_once_and_says_who_we_are() {
    let mut us = registration();
    assert_eq!(us.standing(), Registered::NotYet);
    let (due, first) = next(&mut us);
    assert_eq!(due, Moment::START);
    assert_eq!(first.request_uri(), "sip:ims.example");
    assert_eq!(first.header("To"), Some("<sip:0831@ims.example>"));
    assert_eq!(first.header("Contact"), Some("<sip:0831@192.0.2.1:5060>;expires=3600"));
    assert_eq!(first.header("CSeq"), Some("1 REGISTER"));
    assert_eq!(us.poll_request(at(0)), None, "one at a time");
}

#[test]
fn calls_take_the_way_the_registrar_asks_for_while_the_binding_lasts() {
    let mut us = registration();
    let (now, _) = next(&mut us);
    assert_eq!(us.service_route(), [""; 0]);
    let way = ["<sip:orig@scscf.ims.example:6060;lr>", "<sip:as.ims.example;lr>"];
    let fields = [("Expires", "3600"), ("Service-Route", &way.join(", "))];
    receive(&mut us, now, 200, &fields);
    assert_eq!(us.service_route(), way);
    // A refusal leaves what stands; the next 200 says it anew, or is silent.
    let (now, _) = next(&mut us);
    receive(&mut us, now, 503, &[("Service-Route", "<sip:no;lr>")]);
    assert_eq!(us.service_route(), way);
    let (now, _) = next(&mut us);
    receive(&mut us, now, 200, &[("Service-Route", "<sip:b;lr>"), ("Service-Route", way[1])]);
    assert_eq!(us.service_route(), ["<sip:b;lr>", way[1]]);
    let (now, _) = next(&mut us);
    receive(&mut us, now, 200, &[("Expires", "3600")]);
    assert_eq!(us.service_route(), [""; 0]);
    // It ends with the binding.
    let (now, _) = next(&mut us);
    receive(&mut us, now, 200, &fields);
    us.handle_timeout(now + Duration::from_secs(3_601));
    assert_eq!(us.service_route(), [""; 0]);
}

#[test]
fn a_way_that_is_too_long_or_no_loose_routers_is_not_taken_by_half() {
    let long = |octets: usize| format!("<sip:{};lr>", "a".repeat(octets - "<sip:;lr>".len()));
    let many = |count| vec!["<sip:a;lr>"; count].join(", ");
    for (way, taken) in [
        (many(8), 8),
        (many(9), 0),
        (long(1_024), 1),
        (long(1_025), 0),
        ("<sip:a;lr>, <sip:strict>".to_owned(), 0),
        ("sip:a;lr".to_owned(), 0),
        ("<tel:1;lr>".to_owned(), 0),
        ("<sip:a;lr".to_owned(), 0),
        (String::new(), 0),
    ] {
        let mut us = registration();
        let (now, _) = next(&mut us);
        receive(&mut us, now, 200, &[("Service-Route", &way)]);
        assert_eq!(us.service_route().len(), taken, "{} octets", way.len());
        assert_eq!(us.standing(), Registered::Yes);
    }
}

#[test]
fn both_kinds_of_challenge_are_met_with_the_strongest_algorithm() {
    for (status, asked, given) in [
        (401, "WWW-Authenticate", "Authorization"),
        (407, "Proxy-Authenticate", "Proxy-Authorization"),
    ] {
        let mut us = registration();
        let (_, first) = next(&mut us);
        receive(&mut us, at(0), status, &[(asked, MD5), (asked, SHA)]);
        let again = us.poll_request(at(0)).unwrap();
        let answer = again.header(given).unwrap();
        assert!(answer.contains("algorithm=SHA-256") && answer.contains("nc=00000001"), "{answer}");
        assert_eq!(again.header("Call-ID"), first.header("Call-ID"));
        assert_eq!(again.header("CSeq"), Some("2 REGISTER"));
        receive(&mut us, at(0), 200, &[("Expires", "600")]);
        assert_eq!(us.standing(), Registered::Yes);
    }
}

#[test]
fn a_refresh_uses_the_nonce_again_and_counts_until_it_is_stale() {
    let mut us = registration();
    next(&mut us);
    receive(&mut us, at(0), 401, &[("WWW-Authenticate", MD5)]);
    us.poll_request(at(0)).unwrap();
    receive(&mut us, at(0), 200, &[("Expires", "600")]);
    let (due, refresh) = next(&mut us);
    let answer = refresh.header("Authorization").unwrap();
    assert!(answer.contains("nonce=\"n1\"") && answer.contains("nc=00000002"), "{answer}");
    let stale = "Digest realm=\"r\", nonce=\"n3\", qop=\"auth\", stale=TRUE";
    for _ in 0..2 {
        receive(&mut us, due, 401, &[("WWW-Authenticate", stale)]);
        let again = us.poll_request(due).unwrap();
        let answer = again.header("Authorization").unwrap();
        assert!(answer.contains("nonce=\"n3\"") && answer.contains("nc=00000001"), "{answer}");
    }
    receive(&mut us, due, 200, &[("Expires", "600")]);
    assert_eq!(us.standing(), Registered::Yes);
}

#[test]
fn stale_for_ever_is_no_endless_loop() {
    let mut us = registration();
    next(&mut us);
    let stale = "Digest realm=\"r\", nonce=\"n\", stale=true";
    let mut tries = 0;
    while us.poll_timeout() <= Some(at(0)) || tries == 0 {
        receive(&mut us, at(0), 401, &[("WWW-Authenticate", stale)]);
        tries += usize::from(us.poll_request(at(0)).is_some());
        assert!(tries <= 3);
    }
    assert_eq!((tries, us.standing()), (3, Registered::No(401)));
}

#[test]
fn a_wrong_password_is_tried_again_rarely() {
    for status in [401, 403] {
        let mut us = registration();
        next(&mut us);
        receive(&mut us, at(0), 401, &[("WWW-Authenticate", MD5)]);
        us.poll_request(at(0)).unwrap();
        receive(&mut us, at(0), status, &[("WWW-Authenticate", MD5)]);
        assert_eq!(us.standing(), Registered::No(status));
        let pause = seconds(us.poll_timeout().unwrap());
        assert!((15.0..=30.0).contains(&pause), "{pause}");
    }
}

#[test]
fn silence_and_server_trouble_are_met_with_growing_jittered_pauses() {
    for status in [408, 500, 503] {
        let mut us = registration();
        let mut now = at(0);
        let mut pauses = Vec::new();
        for _ in 0..8 {
            us.poll_request(now).unwrap();
            us.receive(now, status, None);
            let due = us.poll_timeout().unwrap();
            pauses.push(seconds(due) - seconds(now));
            now = due;
        }
        for (pause, whole) in pauses.iter().zip([2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 30.0]) {
            assert!((whole / 2.0..=whole).contains(pause), "{pauses:?}");
        }
        assert_ne!(pauses[6], pauses[7], "jittered");
        assert_eq!(us.standing(), Registered::No(status));
    }
}

#[test]
fn too_brief_an_interval_is_lengthened_once() {
    let mut us = registration();
    next(&mut us);
    receive(&mut us, at(0), 423, &[("Min-Expires", "7200")]);
    let again = us.poll_request(at(0)).unwrap();
    assert_eq!(again.header("Expires"), Some("7200"));
    receive(&mut us, at(0), 423, &[("Min-Expires", "7200")]);
    assert_eq!(us.standing(), Registered::No(423));
    for nonsense in ["", "x", "-1", "99999999999999999999", "10"] {
        let mut us = registration();
        next(&mut us);
        receive(&mut us, at(0), 423, &[("Min-Expires", nonsense)]);
        assert_eq!(us.standing(), Registered::No(423), "{nonsense}");
    }
}

#[test]
fn a_binding_is_renewed_before_its_end_however_short_it_was_made() {
    for granted in [10, 30, 60, 300, 3_600, 86_400] {
        let (_, due) = registered(&granted.to_string());
        let (due, granted) = (seconds(due), f64::from(granted));
        assert!(due <= granted - (granted / 2.0).min(70.0), "{due} of {granted}");
        assert!(due >= granted * 0.45, "{due} of {granted}");
    }
    let (_, due) = registered("0");
    assert!(seconds(due) >= 4.0, "we do not ask every second");
}

#[test]
fn what_is_granted_is_found_wherever_it_stands() {
    let other = "<sip:x@192.0.2.77>;expires=120";
    for (fields, granted) in [
        (vec![("Contact", "<sip:0831@192.0.2.1>;expires=200"), ("Expires", "9")], 200),
        (vec![("Contact", other), ("Contact", "<sip:0831@192.0.2.1:5060>;expires=200")], 200),
        // Rewritten by a border controller: believed when it is the only one.
        (vec![("Contact", "<sip:0831@10.0.0.1:6060>;expires=120")], 120),
        (vec![("Contact", other), ("Contact", "<sip:y@h>;expires=1"), ("Expires", "300")], 300),
        (vec![("Expires", "300")], 300),
        (vec![("Expires", "x")], 3_600),
        (vec![], 3_600),
    ] {
        let message = response(200, &fields);
        assert_eq!(registration().granted(&message).as_secs(), granted, "{fields:?}");
    }
}

#[test]
fn a_binding_outlives_a_failed_refresh_and_ends_when_it_ends() {
    let (mut us, due) = registered("300");
    us.poll_request(due).unwrap();
    us.receive(due, 408, None);
    assert_eq!(us.standing(), Registered::Yes, "calls still reach us");
    us.handle_timeout(at(299));
    assert_eq!(us.standing(), Registered::Yes);
    us.handle_timeout(at(300));
    assert_eq!(us.standing(), Registered::No(408));
    let (now, _) = next(&mut us);
    receive(&mut us, now.max(at(300)), 200, &[("Expires", "300")]);
    assert_eq!(us.standing(), Registered::Yes);
}

#[test]
fn leaving_ends_the_binding_with_the_challenge_met() {
    let (mut us, _) = registered("300");
    us.leave(at(10));
    let bye = us.poll_request(at(10)).unwrap();
    assert_eq!(bye.header("Expires"), Some("0"));
    assert_eq!(bye.header("Contact"), Some("<sip:0831@192.0.2.1:5060>;expires=0"));
    receive(&mut us, at(10), 401, &[("WWW-Authenticate", MD5)]);
    assert!(us.poll_request(at(10)).unwrap().header("Authorization").is_some());
    receive(&mut us, at(10), 200, &[]);
    assert_eq!((us.standing(), us.is_over(), us.poll_timeout()), (Registered::Left, true, None));
}

#[test]
fn leaving_while_a_register_is_under_way_waits_for_it() {
    let mut us = registration();
    us.poll_request(at(0)).unwrap();
    us.leave(at(1));
    assert!(!us.is_over());
    receive(&mut us, at(2), 200, &[("Expires", "300")]);
    assert_eq!(us.poll_request(at(2)).unwrap().header("Expires"), Some("0"));
    us.receive(at(34), 408, None);
    assert!(us.is_over());
    let mut never = registration();
    never.leave(at(0));
    assert!(never.is_over(), "there is nothing to end");
    let mut failed = registration();
    failed.poll_request(at(0)).unwrap();
    failed.leave(at(1));
    failed.receive(at(2), 408, None);
    assert!(failed.is_over());
}
