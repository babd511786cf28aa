//! The answer to a stranger: 403, without memory, never longer than the question.

use super::message::Message;
use super::method::Method;
use super::reply::reply;
use super::route::Route;

/// A 403 for a request from an address that is no trunk's.
///
/// `None` for an ACK, a response or what is no SIP, and whenever the answer would
/// be longer than the request: a forged source must gain nothing by us.
pub fn refuse_stranger(bytes: &[u8], route: &Route) -> Option<Vec<u8>> {
    let message = Message::parse(bytes).ok()?;
    if matches!(message.method()?, Method::Ack) {
        return None;
    }
    let mut response = reply(&message, 403, Some("x"), route.remote);
    response.headers.retain(|header| !header.name.eq_ignore_ascii_case("Record-Route"));
    let answer = response.to_bytes();
    (answer.len() <= bytes.len()).then_some(answer)
}

#[cfg(test)]
mod tests {
    use super::super::route::Transport;
    use super::*;

    const INVITE: &str = "INVITE sip:900442012345678@203.0.113.5 SIP/2.0\r\n\
        Via: SIP/2.0/UDP 198.51.100.9:5071;branch=z9hG4bK1;rport\r\nMax-Forwards: 70\r\n\
        From: \"sipvicious\" <sip:100@1.1.1.1>;tag=1\r\nTo: <sip:100@1.1.1.1>\r\n\
        Call-ID: 1\r\nCSeq: 1 INVITE\r\nContact: <sip:100@198.51.100.9:5071>\r\n\
        User-Agent: friendly-scanner\r\nContent-Length: 0\r\n\r\n";

    fn route() -> Route {
        let local = "203.0.113.5:5060".parse().unwrap();
        Route { transport: Transport::Udp, local, remote: "198.51.100.9:5071".parse().unwrap() }
    }

    #[test]
    fn a_stranger_gets_403_and_no_amplification() {
        let answer = refuse_stranger(INVITE.as_bytes(), &route()).unwrap();
        assert!(answer.starts_with(b"SIP/2.0 403 Forbidden\r\n"));
        assert!(answer.len() <= INVITE.len());
        let tiny = "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a;rport\r\n\r\n";
        assert_eq!(refuse_stranger(tiny.as_bytes(), &route()), None);
    }

    #[test]
    fn no_answer_to_what_wants_none() {
        let ack = INVITE.replace("INVITE", "ACK");
        assert_eq!(refuse_stranger(ack.as_bytes(), &route()), None);
        assert_eq!(refuse_stranger(b"SIP/2.0 200 OK\r\n\r\n", &route()), None);
        assert_eq!(refuse_stranger(b"\xff\x00", &route()), None);
    }
}
