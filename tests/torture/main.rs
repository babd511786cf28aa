//! The running service under the messages of RFC 4475 and RFC 5118, and under garbage.
//!
//! The core alone is held against them in `sip_torture.rs`.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]
#![allow(unreachable_pub, reason = "a test is nobody's library")]
#![allow(dead_code, reason = "the support is shared with the other peers")]

mod garbage;
mod messages;
mod stream;
#[path = "../peers/support/mod.rs"]
mod support;

use std::net::{IpAddr, UdpSocket};
use std::time::Duration;

use messages::messages;
use support::interop::saw_among;
use support::service::{NUMBER, Service};

fn socket(address: IpAddr) -> UdpSocket {
    UdpSocket::bind((address, 0)).unwrap()
}

#[test]
fn every_torture_message_gets_a_permitted_answer_from_the_running_service() {
    let Some(messages) = messages() else { return };
    let service = Service::start(&[]);
    let mut wrong = Vec::new();
    for (torture, bytes) in &messages {
        // Each from a port of its own: what comes back there answers it.
        let socket = socket(service.ground.caller);
        socket.send_to(bytes, service.ground.server()).unwrap();
        if let Err(why) = torture.judge(&statuses(&service, &socket)) {
            wrong.push(format!("{}: {why}", torture.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    a_call_goes_through(&service);
    assert_eq!(service.the_one_call().outcome(), "abandoned");
    told("UDP", messages.len());
    service.stop();
}

#[test]
fn every_torture_message_gets_a_permitted_answer_over_a_connection_too() {
    let Some(messages) = messages() else { return };
    let service = Service::start(&[]);
    let mut wrong = Vec::new();
    for (torture, bytes) in &messages {
        // Each on a connection of its own.
        if let Err(why) = stream::judge(&service, torture, bytes) {
            wrong.push(format!("{}: {why}", torture.name));
        }
        assert!(service.answers_options(), "the service is silent after {}", torture.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    a_call_goes_through(&service);
    assert_eq!(service.the_one_call().outcome(), "abandoned");
    told("TCP", messages.len());
    service.stop();
}

fn told(over: &str, messages: usize) {
    let scenario = "every message of the torture folder, then a call";
    let came = format!("{messages} messages: only permitted answers; the call is answered");
    saw_among("RFC 4475 and RFC 5118", over, scenario, &came);
}

/// Every status that came back before an OPTIONS that was sent after the message.
fn statuses(service: &Service, socket: &UdpSocket) -> Vec<u16> {
    let answers = service.answers_before_options(socket).expect("the service answers OPTIONS");
    answers.iter().filter_map(|answer| answer.split(' ').nth(1)?.parse().ok()).collect()
}

/// INVITE, 200, ACK, BYE, 200.
fn a_call_goes_through(service: &Service) {
    let socket = socket(service.ground.caller);
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let server = service.ground.server();
    let local = socket.local_addr().unwrap();
    let request = |method: &str, number: u8, tag: &str, body: &str| {
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} sip:{NUMBER}@{server} SIP/2.0\r\nVia: SIP/2.0/UDP {local};rport;branch=\
             z9hG4bKcall-{method}\r\nMax-Forwards: 70\r\nFrom: <sip:anonymous@{local}>;tag=me\r\n\
             To: <sip:{NUMBER}@{server}>{tag}\r\nCall-ID: afterwards@{local}\r\n\
             CSeq: {number} {method}\r\nContact: <sip:me@{local}>\r\n{kind}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let offer = format!(
        "v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\n\
         m=audio 40000 RTP/AVP 8\r\n",
        local.ip()
    );
    let send = |text: String| socket.send_to(text.as_bytes(), server).unwrap();
    send(request("INVITE", 1, "", &offer));
    let answer = receive_until(&socket, "SIP/2.0 200");
    let to = answer.lines().find(|line| line.starts_with("To:")).unwrap();
    let tag = format!(";tag={}", to.split_once(";tag=").unwrap().1);
    send(request("ACK", 1, &tag, ""));
    send(request("BYE", 2, &tag, ""));
    let goodbye = receive_until(&socket, "SIP/2.0 200");
    assert!(goodbye.contains("2 BYE"), "{goodbye}");
}

fn receive_until(socket: &UdpSocket, beginning: &str) -> String {
    let mut buffer = [0; 65_535];
    loop {
        let length = socket.recv(&mut buffer).expect("an answer comes");
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if text.starts_with(beginning) {
            return text;
        }
    }
}
