//! What every kind of request gets: one table, read as it stands.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use polaris::sip::{Config, Event, Message, Transport};

use crate::bench::{SDP, Wire, outgoing, request, summary};

/// A request, what is changed in a right one, and what it gets. `-Name` leaves a field out,
/// `+Name: value` adds one (`&` parts two), `Name: value` puts it in the place of the one that is there,
/// `uri` and `version` are those of the first line. `taken` is a call that reaches us.
const TABLE: &str = "
INVITE   |                                             | taken
INVITE   | -Via                                        | 400
INVITE   | -From                                       | 400
INVITE   | -To                                         | 400
INVITE   | -Call-ID                                    | 400
INVITE   | -CSeq                                       | 400
INVITE   | -Max-Forwards                               | taken
INVITE   | -Contact                                    | taken
INVITE   | Call-ID:                                    | 400
INVITE   | Via: SIP/2.0 192.0.2.9                      | 400
INVITE   | CSeq: 1 BYE                                 | 400
INVITE   | CSeq: 4294967296 INVITE                     | 400
INVITE   | +From: <sip:b@c>;tag=2                      | 400
INVITE   | +To: <sip:b@c>                              | 400
INVITE   | +Call-ID: two                               | 400
INVITE   | +CSeq: 2 INVITE                             | 400
INVITE   | +Max-Forwards: 70                           | 400
INVITE   | +Content-Type: application/sdp              | 400
INVITE   | +Content-Length: 4                          | 400
INVITE   | Content-Length: 9999                        | 400
INVITE   | Content-Length: 65536                       | 513
INVITE   | Content-Length: -1                          | 400
INVITE   | Content-Length: 1e1                         | 400
INVITE   | -Content-Length                             | taken
INVITE   | Max-Forwards: 0                             | 483
INVITE   | Max-Forwards: 00                            | 483
INVITE   | Max-Forwards: 1                             | taken
INVITE   | +Require: precondition, timer               | 420 Unsupported: precondition
INVITE   | +Require: replaces                          | 420 Unsupported: replaces
INVITE   | +Require: 100rel                            | taken
INVITE   | +Replaces: a;to-tag=b;from-tag=c            | 481
INVITE   | To: <sip:+390831000000@x>;tag=nobody        | 481
INVITE   | uri h323:+390831000000@192.0.2.1            | 416
INVITE   | uri tel:+390831000000                       | taken
INVITE   | uri sip:+390831000000@192.0.2.1?To=x        | 400
INVITE   | version SIP/3.0                             | 505
INVITE   | Content-Type: text/plain                    | 415 Accept: application/sdp
INVITE   | +Content-Encoding: gzip                     | 415 Accept-Encoding: identity
INVITE   | +Accept: text/plain                         | 406
OPTIONS  |                                             | 200 Accept: application/sdp
OPTIONS  | Max-Forwards: 0                             | 200
OPTIONS  | +Require: foo                               | 420 Unsupported: foo
OPTIONS  | uri soap.beep://192.0.2.1                   | 416
REGISTER |                                             | 405
REGISTER | +Authorization: Digest username=polaris     | 405
REGISTER | To: <sip:+390831000000@x>;tag=nobody        | 405
REFER    | +Refer-To: <sip:+39899000000@192.0.2.66>    | 603
MESSAGE  |                                             | 405
SUBSCRIBE|                                             | 405
PUBLISH  |                                             | 405
PRACK    |                                             | 481
PRACK    | To: <sip:+390831000000@x>;tag=nobody        | 481
INVITE   | +Supported: timer & Session-Expires: 60     | 422 Min-SE: 90
INVITE   | +Session-Expires: 60                        | taken
REFER    | To: <sip:+390831000000@x>;tag=nobody        | 603
REGISTER | +Expires: 3600                              | 405
BREW     |                                             | 501
invite   |                                             | 501
BYE      |                                             | 481
CANCEL   |                                             | 481
INFO     |                                             | 481
UPDATE   |                                             | 481
ACK      |                                             | silence
";

#[test]
fn every_request_gets_what_the_table_says() {
    let mut wrong = Vec::new();
    for row in TABLE.lines().filter(|row| !row.is_empty()) {
        let [method, change, answer] =
            row.splitn(3, '|').map(str::trim).collect::<Vec<_>>().try_into().unwrap();
        let got = answers(&changed(method, change), answer);
        if got != [answer, answer] {
            wrong.push(format!("{row}\n    but {got:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A right request but for one change.
fn changed(method: &str, change: &str) -> String {
    let body = if method == "INVITE" { SDP } else { "" };
    let right = request(method, 1, "b", "", body);
    if change.is_empty() {
        return right;
    }
    let (head, body) = right.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<String> = head.split("\r\n").map(str::to_owned).collect();
    let field = |name: &str| {
        let begins = format!("{name}: ");
        lines.iter().position(|line| line.starts_with(&begins)).expect(name)
    };
    let first: Vec<&str> = lines[0].split(' ').collect();
    match change.split_once(' ').unwrap_or((change, "")) {
        ("uri", uri) => lines[0] = format!("{} {uri} {}", first[0], first[2]),
        ("version", version) => lines[0] = format!("{} {} {version}", first[0], first[1]),
        (name, _) if name.starts_with('-') => drop(lines.remove(field(&name[1..]))),
        (name, _) if name.starts_with('+') => {
            lines.extend(change[1..].split(" & ").map(str::to_owned))
        }
        (name, _) => {
            let at = field(name.trim_end_matches(':'));
            lines[at] = change.to_owned();
        }
    }
    format!("{}\r\n\r\n{body}", lines.join("\r\n"))
}

/// What the request gets, and what its copy gets, with the field the table asks for.
fn answers(text: &str, wanted: &str) -> Vec<String> {
    let mut wire = Wire::new();
    (0..2)
        .map(|_| {
            wire.receive(text);
            let invited = wire.events().iter().any(|event| matches!(event, Event::Invited { .. }));
            match wire.sent().first() {
                None => "silence".to_owned(),
                Some(trying) if trying.status() == Some(100) => {
                    assert!(invited || wanted == "taken");
                    "taken".to_owned()
                }
                Some(sent) => written(sent, wanted),
            }
        })
        .collect()
}

fn written(sent: &Message, wanted: &str) -> String {
    let status = sent.status().unwrap();
    match wanted.split_once(' ').and_then(|(_, field)| field.split_once(':')) {
        Some((name, _)) => {
            format!("{status} {name}: {}", sent.header(name).unwrap_or("nothing"))
        }
        None => status.to_string(),
    }
}

#[test]
fn what_is_refused_is_told_once_with_its_reason_and_without_a_name() {
    let mut wire = Wire::new();
    for change in ["-Call-ID", "+Require: foo", "Max-Forwards: 0"] {
        wire.receive(&changed("INVITE", change));
        let refused = wire.us.poll_refused().unwrap();
        let text = format!("{refused:?}");
        assert!(!refused.why.is_empty() && refused.remote == wire.route.remote, "{text}");
        assert!(!text.contains("390831") && !text.contains("333123"), "{text}");
        assert_eq!(wire.us.poll_refused(), None);
    }
    wire.receive(&changed("OPTIONS", ""));
    assert_eq!(wire.us.poll_refused(), None, "an answer is no refusal");
    let told = |wire: &mut Wire| std::iter::from_fn(|| wire.us.poll_refused()).count();
    for _ in 0..10_000 {
        wire.receive(&changed("REGISTER", ""));
    }
    assert_eq!(told(&mut wire), 1, "a copy is answered, and not told again");
    for call in 0..10_000 {
        wire.receive(&changed("REGISTER", &format!("Call-ID: {call}")));
    }
    assert_eq!(told(&mut wire), 64, "the last few");
}

#[test]
fn our_own_call_that_comes_back_is_a_loop() {
    let mut wire = Wire::new();
    wire.us.invite(wire.now, outgoing(wire.route)).unwrap();
    let ours = wire.sent().remove(0);
    let via = format!("Via: {}\r\nMax-Forwards", ours.header("Via").unwrap());
    wire.receive(&request("INVITE", 1, "proxy", "", SDP).replacen("Max-Forwards", &via, 1));
    assert_eq!((wire.summary(), wire.events()), (vec!["482/INVITE".to_owned()], vec![]));
}

#[test]
fn nonsense_without_end_is_not_answered_without_end() {
    let mut wire = Wire::new();
    let flood = |wire: &mut Wire| {
        for _ in 0..5_000 {
            wire.receive(&changed("INVITE", "-Call-ID"));
        }
        wire.sent().len()
    };
    assert_eq!(flood(&mut wire), 100);
    wire.pass(crate::bench::secs(1));
    assert_eq!(flood(&mut wire), 50, "as many come back in a second");
    wire.receive(&changed("INVITE", ""));
    assert_eq!(wire.summary(), ["100/INVITE"], "a call from there is a call");
}

#[test]
fn a_response_that_contradicts_itself_is_discarded() {
    let mut wire = Wire::new();
    wire.us.invite(wire.now, outgoing(wire.route)).unwrap();
    let invite = wire.sent().remove(0);
    let ok = crate::bench::response(&invite, 200, "phone", "", SDP);
    wire.receive(&ok.replace("Content-Length: ", "Content-Length: 9"));
    assert_eq!((wire.summary(), wire.events()), (vec![], vec![]));
    wire.receive(&ok);
    assert_eq!(summary(&wire.sent()[0]), "ACK");
}

/// Answers to so many new calls at once: how many are taken, and what the others hear.
fn rush(wire: &mut Wire, calls: usize) -> (usize, Vec<String>) {
    for call in 0..calls {
        let mark = format!(
            "{}-{}",
            wire.now.since_start().as_millis(),
            wire.us.open_dialogs() * 1_000 + call
        );
        let invite = request("INVITE", 1, &mark, "", SDP);
        wire.receive(&invite.replace("Call-ID: one", &format!("Call-ID: {mark}")));
    }
    let sent = wire.sent();
    let (taken, refused): (Vec<_>, Vec<_>) =
        sent.iter().partition(|sent| sent.status() == Some(100));
    let mut waits: Vec<String> =
        refused.iter().map(|sent| written(sent, "503 Retry-After:")).collect();
    waits.dedup();
    (taken.len(), waits)
}

#[test]
fn calls_beyond_the_declared_rate_hear_when_to_come_again_and_leave_nothing() {
    let config = Config { calls_per_second: 10, ..Config::default() };
    let mut wire = Wire::over(Transport::Udp, config);
    let refused = vec!["503 Retry-After: 1".to_owned()];
    assert_eq!(rush(&mut wire, 500), (20, refused.clone()));
    assert_eq!((wire.us.open_dialogs(), wire.us.open_transactions()), (20, 20));
    // Twice the rate, for ten seconds: as many are taken as were declared.
    let mut taken = 0;
    for _ in 0..10 {
        wire.pass(crate::bench::secs(1));
        taken += rush(&mut wire, 20).0;
    }
    assert_eq!(taken, 100);
}

/// How many of so many new calls of this host are taken.
fn calls_of(wire: &mut Wire, host: u8, calls: usize) -> usize {
    wire.route.remote = SocketAddr::new([192, 0, 2, host].into(), 5060);
    rush(wire, calls).0
}

#[test]
fn a_trunk_that_floods_takes_no_call_of_another() {
    let config = Config { calls_per_second: 10, ..Config::default() };
    let mut wire = Wire::over(Transport::Udp, config);
    assert_eq!(calls_of(&mut wire, 8, 500), 20, "it was alone");
    let (mut flood, mut other) = (20, 0);
    for _ in 0..50 {
        wire.pass(Duration::from_millis(200));
        flood += calls_of(&mut wire, 8, 100);
        other += calls_of(&mut wire, 9, 1);
    }
    assert_eq!(other, 50, "each is taken");
    assert!(flood + other <= 20 + 10 * 10 + 10, "{flood} and {other}: no more than is declared");
    // The hosts of one trunk are one source, however many there are.
    let hosts = [8, 18, 28].map(|host| IpAddr::from([192, 0, 2, host]));
    wire.us.know_together(&BTreeSet::from(hosts));
    for _ in 0..50 {
        wire.pass(Duration::from_millis(200));
        for host in [8, 18, 28] {
            calls_of(&mut wire, host, 50);
        }
        assert_eq!(calls_of(&mut wire, 9, 1), 1);
    }
}

#[test]
fn behind_shut_doors_a_call_leaves_nothing_and_what_is_open_goes_on() {
    let mut wire = Wire::new();
    wire.receive(&request("INVITE", 1, "first", "", SDP));
    assert_eq!(wire.summary(), ["100/INVITE"]);
    wire.us.set_doors(polaris::sip::Doors::Shut);
    assert_eq!(rush(&mut wire, 3), (0, vec!["503 Retry-After: 5".to_owned()]));
    assert_eq!((wire.us.open_dialogs(), wire.us.open_transactions()), (1, 1));
    wire.receive(&request("CANCEL", 1, "first", "", ""));
    assert_eq!(wire.summary(), ["200/CANCEL", "487/INVITE"]);
    wire.us.set_doors(polaris::sip::Doors::Open);
    assert_eq!(rush(&mut wire, 1).0, 1);
}
