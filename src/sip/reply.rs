//! Building a response from the request it answers (RFC 3261 §8.2.6), and where it goes.

use std::net::{IpAddr, SocketAddr};

use super::headers::{NameAddr, Via};
use super::message::Message;
use super::route::Route;
use super::uri::split_host_port;

/// A response with the fields every response copies.
///
/// `to_tag` is added when the request's To has none; the source goes into the
/// first Via (RFC 3581).
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

/// The way of every answer to a request that came by `source` (RFC 3261 §18.2.2, RFC 3581 §4):
/// a connection leads back by itself; a datagram goes to the port it came from where its Via
/// asks for that (`rport`) or names another host, else to the port the Via names.
///
/// Always to the host it came from, whatever the Via says: a forged one shall aim us at nobody.
pub(crate) fn way_back(request: &Message, source: Route) -> Route {
    let asked = || Via::parse(request.list("Via").first()?).filter(|via| !via.asks_for_source());
    match asked().filter(|_| !source.transport.is_reliable()) {
        Some(via) if is_itself(&via, source.remote.ip()) => named_port(&via, source),
        _ => source,
    }
}

/// The same once the connection it came over is closed: over another, to the port its Via names.
pub(crate) fn new_way_back(request: &Message, source: Route) -> Route {
    let via = request.list("Via").first().and_then(|element| Via::parse(element));
    via.map_or(source, |via| named_port(&via, source))
}

fn named_port(via: &Via, source: Route) -> Route {
    let named = split_host_port(&via.sent_by).and_then(|(_, port)| port);
    match named.unwrap_or_else(|| source.transport.default_port()) {
        0 => source,
        port => Route { remote: SocketAddr::new(source.remote.ip(), port), ..source },
    }
}

/// Whether the sender writes the address that it has for us. One that writes another is behind
/// something that translates, or is a name: the only port known to be open is the source's.
fn is_itself(via: &Via, source: IpAddr) -> bool {
    let host = split_host_port(&via.sent_by).map_or("", |(host, _)| host);
    let named = host.trim_matches(['[', ']']).parse::<IpAddr>();
    named.is_ok_and(|named| named.to_canonical() == source.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::super::route::Transport;
    use super::*;

    /// Where the Via was read, over what, whence, and the port its answers go to.
    const BACK: &str = "
UDP 192.0.2.7:5070;branch=z9hG4bKa          | udp | 192.0.2.7:40000    | 5070
UDP 192.0.2.7;branch=z9hG4bKa               | udp | 192.0.2.7:40000    | 5060
UDP gw.example:5080;branch=z9hG4bKa         | udp | 192.0.2.7:40000    | 40000
UDP 192.0.2.7:5070;branch=z9hG4bKa;rport    | udp | 192.0.2.7:40000    | 40000
UDP 192.0.2.7:5070;RPort=9;branch=z9hG4bKa  | udp | 192.0.2.7:40000    | 40000
UDP 203.0.113.9:5070;branch=z9hG4bKa        | udp | 192.0.2.7:40000    | 40000
UDP 192.0.2.7;maddr=203.0.113.9;received=203.0.113.9;branch=z | udp | 192.0.2.7:40000 | 5060
UDP 192.0.2.7:0;branch=z9hG4bKa             | udp | 192.0.2.7:40000    | 40000
UDP 192.0.2.7:x;branch=z9hG4bKa             | udp | 192.0.2.7:40000    | 40000
UDP [2001:db8::7]:5070;branch=z9hG4bKa      | udp | [2001:db8::7]:40000 | 5070
UDP 192.168.1.4:5070;branch=z9hG4bKa        | udp | 192.0.2.7:40000    | 40000
UDP 100.64.0.4:5070;branch=z9hG4bKa         | udp | 192.0.2.7:40000    | 40000
UDP 192.168.1.4:5070;branch=z9hG4bKa        | udp | 192.168.1.4:40000  | 5070
UDP 10.0.0.4:5070;branch=z9hG4bKa           | udp | 127.0.0.78:40000   | 40000
TCP 192.0.2.7:5070;branch=z9hG4bKa          | tcp | 192.0.2.7:40000    | 40000
TLS 192.0.2.7;branch=z9hG4bKa               | tls | 192.0.2.7:40000    | 40000
";

    #[test]
    fn an_answer_goes_to_its_questions_host_and_to_the_port_that_was_asked() {
        for row in BACK.lines().filter(|row| !row.is_empty()) {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let text = format!("OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/{}\r\n\r\n", cells[0]);
            let request = Message::parse(text.as_bytes()).unwrap();
            let transport = match cells[1] {
                "udp" => Transport::Udp,
                "tcp" => Transport::Tcp,
                _ => Transport::Tls,
            };
            let remote: SocketAddr = cells[2].parse().unwrap();
            let source = Route { transport, local: "192.0.2.1:5060".parse().unwrap(), remote };
            let back = way_back(&request, source);
            assert_eq!(back.remote.ip(), remote.ip(), "{row}");
            assert_eq!(back.remote.port().to_string(), cells[3], "{row}");
        }
    }

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
