//! The little SIP the telephones of the measurement speak.
//!
//! Enough for a server that is known to be right: it is measured here, not tested.

use std::net::SocketAddr;

/// A message as it came.
#[derive(Clone, Copy)]
pub(crate) struct Message<'a>(pub(crate) &'a str);

impl<'a> Message<'a> {
    /// The status of a response; `None` of a request.
    pub(crate) fn status(self) -> Option<u16> {
        self.0.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
    }

    /// The method: of a request its own, of a response the one in its `CSeq`.
    pub(crate) fn method(self) -> &'a str {
        self.header("CSeq").split_once(' ').map_or("", |(_, method)| method)
    }

    /// The first header of this name, or nothing.
    pub(crate) fn header(self, name: &str) -> &'a str {
        let line = |line: &'a str| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        };
        self.0.lines().find_map(line).unwrap_or_default()
    }

    /// Where the body wants sound to be sent.
    pub(crate) fn sound(self) -> Option<SocketAddr> {
        let after = |mark: &str| {
            let rest = self.0.split_once(mark)?.1;
            rest.split_whitespace().next()
        };
        format!("{}:{}", after("\nc=IN IP4 ")?, after("\nm=audio ")?).parse().ok()
    }

    /// The URI that later requests of this dialog go to.
    pub(crate) fn target(self) -> &'a str {
        let contact = self.header("Contact");
        let inside = contact.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
        inside.map_or(contact, |(uri, _)| uri)
    }

    /// A response to this request. `tag` is of our side of the dialog.
    pub(crate) fn response(
        self,
        status: &str,
        tag: &str,
        contact: SocketAddr,
        body: &str,
    ) -> String {
        let tagged = self.header("To").contains(";tag=");
        let tag = if tagged { String::new() } else { format!(";tag={tag}") };
        format!(
            "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {}{tag}\r\nCall-ID: {}\r\n\
             CSeq: {}\r\nContact: <sip:{contact}>\r\n{}",
            self.header("Via"),
            self.header("From"),
            self.header("To"),
            self.header("Call-ID"),
            self.header("CSeq"),
            with_body(body)
        )
    }
}

/// A request that is sent.
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) call_id: &'a str,
    pub(crate) sequence: u32,
    pub(crate) contact: SocketAddr,
    pub(crate) body: &'a str,
}

impl Request<'_> {
    pub(crate) fn write(&self) -> String {
        let Self { method, target, from, to, call_id, sequence, contact, body } = self;
        format!(
            "{method} {target} SIP/2.0\r\n\
             Via: SIP/2.0/UDP {contact};branch=z9hG4bK-{call_id}-{method}-{sequence}\r\n\
             Max-Forwards: 70\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\n\
             CSeq: {sequence} {method}\r\nContact: <sip:{contact}>\r\n{}",
            with_body(body)
        )
    }
}

fn with_body(body: &str) -> String {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!("{kind}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// A-law and keys, as offer and as answer.
pub(crate) fn description(sound: SocketAddr) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n",
        ip = sound.ip(),
        port = sound.port()
    )
}
