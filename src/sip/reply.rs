//! Building a response from the request it answers (RFC 3261 §8.2.6).

use std::net::SocketAddr;

use super::headers::{NameAddr, Via};
use super::message::Message;

/// A response with the fields every response copies.
///
/// `to_tag` is added when the request's To has none; the source goes into the
/// first Via (RFC 3581), because the response returns to where the request came from.
pub(crate) fn reply(
    request: &Message,
    status: u16,
    to_tag: Option<&str>,
    source: SocketAddr,
) -> Message {
    let mut response = Message::response(status);
    let mut first = true;
    for header in &request.headers {
        match header.name.to_ascii_lowercase().as_str() {
            "via" => {
                let mut header = header.clone();
                if std::mem::take(&mut first) {
                    header.value = marked(&header.value, source);
                }
                response.headers.push(header);
            }
            "from" | "call-id" | "cseq" => response.headers.push(header.clone()),
            "to" => {
                let mut header = header.clone();
                let tagged = NameAddr::parse(&header.value).is_some_and(|to| to.tag().is_some());
                if let Some(tag) = to_tag.filter(|_| !tagged) {
                    header.value = format!("{};tag={tag}", header.value);
                }
                response.headers.push(header);
            }
            // RFC 3261 §12.1.1: what makes the route of a dialog.
            "record-route" if (101..300).contains(&status) => {
                response.headers.push(header.clone());
            }
            "timestamp" if status == 100 => response.headers.push(header.clone()),
            _ => {}
        }
    }
    response
}

/// The first element marked, the others as they came.
fn marked(line: &str, source: SocketAddr) -> String {
    let (first, rest) = match line.split_once(',') {
        Some((first, rest)) => (first, Some(rest)),
        None => (line, None),
    };
    let Some(mut via) = Via::parse(first.trim()) else {
        return line.to_owned();
    };
    via.mark_source(source);
    match rest {
        Some(rest) => format!("{via}, {}", rest.trim()),
        None => via.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_copies_what_it_must_and_nothing_else() {
        let request = Message::parse(
            b"INVITE sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h;rport;branch=z9hG4bKa, SIP/2.0/UDP i\r\n\
              Via: SIP/2.0/UDP j\r\nFrom: <sip:f>;tag=1\r\nTo: \"tag=x\" <sip:t;tag=no>\r\n\
              Call-ID: c\r\nCSeq: 1 INVITE\r\nSubject: secret\r\nRecord-Route: <sip:p;lr>\r\n\r\n",
        )
        .unwrap();
        let response = reply(&request, 180, Some("me"), "192.0.2.7:5070".parse().unwrap());
        assert_eq!(
            response.list("Via"),
            [
                "SIP/2.0/UDP h;rport=5070;branch=z9hG4bKa;received=192.0.2.7",
                "SIP/2.0/UDP i",
                "SIP/2.0/UDP j"
            ]
        );
        assert_eq!(response.header("To"), Some("\"tag=x\" <sip:t;tag=no>;tag=me"));
        assert_eq!(response.header("Record-Route"), Some("<sip:p;lr>"));
        assert_eq!(response.header("Subject"), None);
    }
}
