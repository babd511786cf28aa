//! The core under the messages of RFC 4475 and RFC 5118: permitted answers, right frames.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

#[path = "torture/messages.rs"]
mod messages;

use messages::{Torture, messages};
use polaris::sip::{Config, Endpoint, Event, Framer, Message, Route, Transport};
use polaris::words::Moment;

/// What the application does with a call.
#[derive(Clone, Copy, Debug)]
enum Application {
    Refuses,
    Answers,
}

fn route() -> Route {
    let local = "192.0.2.1:5060".parse().unwrap();
    let remote = "192.0.2.200:5060".parse().unwrap();
    Route { transport: Transport::Udp, local, remote }
}

/// Sends the message twice and gives every reply of the first second.
fn replies(bytes: &[u8], application: Application) -> Vec<Message> {
    let now = Moment::START;
    let mut us = Endpoint::new(Config::default(), 3);
    us.receive(now, route(), bytes);
    us.receive(now, route(), bytes);
    let mut invited = 0;
    while let Some(event) = us.poll_event() {
        let Event::Invited { dialog, .. } = event else { continue };
        invited += 1;
        match application {
            Application::Refuses => us.refuse(now, dialog, 404),
            Application::Answers => us.answer(now, dialog, b"v=0\r\n".to_vec()),
        }
    }
    assert!(invited <= 1, "one call");
    std::iter::from_fn(|| us.poll_transmit())
        .inspect(|transmit| assert_eq!(transmit.route, route(), "back to the source, nowhere else"))
        .map(|transmit| Message::parse(&transmit.bytes).unwrap())
        .collect()
}

fn check(case: &Torture, bytes: &[u8], application: Application) -> Result<(), String> {
    let replies = replies(bytes, application);
    let statuses: Vec<u16> = replies.iter().filter_map(Message::status).collect();
    case.judge(&statuses)?;
    for reply in &replies {
        let cseq = reply.header("CSeq").unwrap_or_default();
        if case.name == "dblreq" && cseq.ends_with(" INVITE") {
            return Err("a reply to the octets after the body".into());
        }
    }
    Ok(())
}

#[test]
fn every_torture_message_gets_a_permitted_answer() {
    let Some(cases) = messages() else { return };
    let mut wrong = Vec::new();
    for (case, bytes) in &cases {
        for application in [Application::Refuses, Application::Answers] {
            if let Err(why) = check(case, bytes, application) {
                wrong.push(format!("{} ({application:?}): {why}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_torture_message_is_framed_as_its_note_says() {
    let Some(cases) = messages() else { return };
    for (case, bytes) in cases {
        let mut framer = Framer::new();
        framer.push(&bytes);
        let first = framer.next();
        match case.tcp.as_deref() {
            Some("wait") => assert!(first.is_none(), "{}", case.name),
            Some("close") => assert!(matches!(first, Some(Err(_))), "{}", case.name),
            _ => {}
        }
        if case.name == "dblreq" {
            assert_eq!(framer.filter(Result::is_ok).count(), 1, "two requests on a stream");
        }
    }
}
