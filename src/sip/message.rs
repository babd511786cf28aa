//! Requests and responses: a byte-tolerant reader's result, and a strict writer.
//!
//! Header values are kept as text; those that were not UTF-8 are read as
//! Latin-1 and written back as the same bytes, so that what is echoed in a
//! response is what came. The writer computes `Content-Length` itself and lets
//! no line break through inside a value.

use std::fmt;

use super::headers;
use super::method::Method;

/// The first line of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartLine {
    /// `INVITE sip:… SIP/2.0`
    Request {
        /// What is asked.
        method: Method,
        /// The Request-URI, unread.
        uri: String,
        /// `SIP/2.0`, or what stood in its place.
        version: String,
    },
    /// `SIP/2.0 200 OK`
    Response {
        /// 100–699.
        status: u16,
        /// Free text.
        reason: String,
    },
}

/// One header field, its name in the long canonical form.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    /// `Call-ID`, whatever `i`, `call-id` or `CALL-ID` stood on the wire.
    pub name: String,
    /// The value, unfolded and trimmed.
    pub value: String,
    /// The bytes were Latin-1, not UTF-8.
    pub(crate) latin1: bool,
}

/// What is wrong with a message's framing, when its headers could still be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `Content-Length` is not a number, is there twice, or exceeds the datagram.
    ContentLength,
    /// A field, unfolded, is longer than 8 KiB; it was left out.
    LineTooLong,
    /// Head and body are longer than 64 KiB; there is no body.
    TooLong,
    /// More header fields than can be honest (128).
    TooManyHeaders,
    /// More Via elements than a message can have passed (64).
    TooManyVias,
    /// The first line is longer than 8 KiB.
    UriTooLong,
}

impl Fault {
    /// What its sender hears (RFC 3261 §21.4), and why.
    pub(crate) fn refusal(self) -> (u16, &'static str) {
        match self {
            Self::ContentLength => (400, "Content-Length is not the body's"),
            Self::LineTooLong => (400, "a header field is longer than 8 KiB"),
            Self::TooLong => (513, "a message longer than 64 KiB"),
            Self::TooManyHeaders => (400, "more than 128 header fields"),
            Self::TooManyVias => (400, "more than 64 Via"),
            Self::UriTooLong => (414, "the first line is longer than 8 KiB"),
        }
    }
}

/// A SIP message: start line, header fields in order, body.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Request or response line.
    pub start: StartLine,
    /// Fields in the order they came.
    pub headers: Vec<Header>,
    /// The body; octets beyond `Content-Length` are gone.
    pub body: Vec<u8>,
    /// Set when the framing contradicts itself: to be answered 400, never obeyed.
    pub fault: Option<Fault>,
}

impl Message {
    /// An empty request.
    pub(crate) fn request(method: Method, uri: String) -> Self {
        let start = StartLine::Request { method, uri, version: "SIP/2.0".into() };
        Self { start, headers: Vec::new(), body: Vec::new(), fault: None }
    }

    /// An empty response with the usual reason phrase.
    pub(crate) fn response(status: u16) -> Self {
        let start = StartLine::Response { status, reason: reason_phrase(status).into() };
        Self { start, headers: Vec::new(), body: Vec::new(), fault: None }
    }

    /// The method, when this is a request.
    pub fn method(&self) -> Option<&Method> {
        match &self.start {
            StartLine::Request { method, .. } => Some(method),
            StartLine::Response { .. } => None,
        }
    }

    /// The status, when this is a response.
    pub fn status(&self) -> Option<u16> {
        match self.start {
            StartLine::Request { .. } => None,
            StartLine::Response { status, .. } => Some(status),
        }
    }

    /// The Request-URI as it stood; empty for a response.
    pub fn request_uri(&self) -> &str {
        match &self.start {
            StartLine::Request { uri, .. } => uri,
            StartLine::Response { .. } => "",
        }
    }

    /// The first value of a field; `name` in any case, long form.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every value of a field, one for each line.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.as_str())
    }

    /// Every element of a comma-separated field, over all its lines, in order.
    pub fn list(&self, name: &str) -> Vec<&str> {
        self.all(name).flat_map(headers::split_list).collect()
    }

    /// Adds a field at the end.
    pub(crate) fn push(&mut self, name: &str, value: impl Into<String>) {
        self.headers.push(Header { name: name.into(), value: value.into(), latin1: false });
    }

    /// Sets the body and its type.
    pub(crate) fn set_body(&mut self, content_type: &str, body: Vec<u8>) {
        self.push("Content-Type", content_type);
        self.body = body;
    }

    /// The wire form: CRLF line ends, `Content-Length` last and true.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512 + self.body.len());
        match &self.start {
            StartLine::Request { method, uri, version } => {
                write_value(&mut out, &format!("{method} {uri} {version}"), false);
            }
            StartLine::Response { status, reason } => {
                write_value(&mut out, &format!("SIP/2.0 {status:03} {reason}"), false);
            }
        }
        out.extend_from_slice(b"\r\n");
        for header in &self.headers {
            if header.name.eq_ignore_ascii_case("Content-Length") {
                continue;
            }
            write_value(&mut out, &header.name, false);
            out.extend_from_slice(b": ");
            write_value(&mut out, &header.value, header.latin1);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(format!("Content-Length: {}\r\n\r\n", self.body.len()).as_bytes());
        out.extend_from_slice(&self.body);
        out
    }
}

impl fmt::Debug for Message {
    /// The kind of message only: the rest names people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.start {
            StartLine::Request { method, .. } => write!(f, "Message({method})"),
            StartLine::Response { status, .. } => write!(f, "Message({status})"),
        }
    }
}

/// Writes text as UTF-8, or as the Latin-1 it was read from; line breaks become spaces.
fn write_value(out: &mut Vec<u8>, text: &str, latin1: bool) {
    for character in text.chars() {
        match character {
            '\r' | '\n' => out.push(b' '),
            _ if latin1 => out.push(u8::try_from(u32::from(character)).unwrap_or(b'?')),
            _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// The reason phrases of RFC 3261 §21 and its extensions that we send.
pub(crate) fn reason_phrase(status: u16) -> &'static str {
    match status {
        100 => "Trying",
        180 => "Ringing",
        183 => "Session Progress",
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        422 => "Session Interval Too Small",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        491 => "Request Pending",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        600 => "Busy Everywhere",
        603 => "Decline",
        606 => "Not Acceptable",
        _ => "Unspecified",
    }
}

/// Header fields one message may carry; no honest one comes near.
pub(crate) const MAX_HEADERS: usize = 128;
/// Via elements one message may carry; Max-Forwards ends honest ways before.
pub(crate) const MAX_VIAS: usize = 64;
/// Octets of one line, or of one field unfolded.
pub(crate) const LINE_MAX: usize = 8 * 1024;
