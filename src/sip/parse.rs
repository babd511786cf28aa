//! The reader: bytes to [`Message`], as tolerant as a lost caller needs.
//!
//! It takes folded lines, compact names, blanks before the colon, bare line
//! feeds, missing terminators and Latin-1. What it cannot repair but can still
//! answer it marks as a [`Fault`]; it refuses only what is no SIP message at all.
//! Source: RFC 3261 §7, §25; RFC 4475.

use std::borrow::Cow;

use super::message::{Fault, Header, LINE_MAX, MAX_HEADERS, MAX_VIAS, Message, StartLine};
use super::method::Method;
use super::stream::LONGEST;

/// The bytes are no SIP message: nothing can be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseMessageError {
    /// Only line ends: a keep-alive (RFC 5626 §3.5.1).
    #[error("an empty datagram")]
    Empty,
    /// The first line is neither a request nor a response of SIP.
    #[error("the first line is not SIP")]
    NotSip,
    /// A response whose status is outside 100–699.
    #[error("the status is outside 100 to 699")]
    Status,
    /// More octets than any message of ours.
    #[error("a message is longer than {LONGEST} octets")]
    TooLong,
}

impl Message {
    /// Reads one datagram, or one message a stream's framing cut out.
    ///
    /// # Errors
    /// Only when there is nobody to answer; see [`ParseMessageError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseMessageError> {
        if bytes.len() > LONGEST {
            return Err(ParseMessageError::TooLong);
        }
        let start = bytes.iter().position(|b| !matches!(b, b'\r' | b'\n'));
        let bytes = &bytes[start.ok_or(ParseMessageError::Empty)?..];
        let (head, rest) = split_head(bytes);
        let (first, lines) = head.split_first().ok_or(ParseMessageError::Empty)?;
        let start = start_line(&decode(first).0)?;
        let (lines, fault) = unfold(lines);
        let mut message = Self { start, headers: fields(&lines), body: Vec::new(), fault };
        if first.len() > LINE_MAX {
            message.fault = Some(Fault::UriTooLong);
        } else if message.all("Via").map(|line| line.split(',').count()).sum::<usize>() > MAX_VIAS {
            message.fault = Some(Fault::TooManyVias);
        }
        match body_length(&message, bytes.len() - rest.len(), rest.len()) {
            Ok(length) => message.body = rest.get(..length).unwrap_or_default().to_vec(),
            Err(fault) => message.fault = message.fault.or(Some(fault)),
        }
        Ok(message)
    }
}

/// What the fields called `Content-Length` say, of a head that begins a SIP message: all
/// that the framing of a stream wants to know of it.
///
/// # Errors
/// As [`Message::parse`].
pub(super) fn told_lengths(head: &[u8]) -> Result<Vec<String>, ParseMessageError> {
    let (lines, _) = split_head(head);
    let (first, lines) = lines.split_first().ok_or(ParseMessageError::Empty)?;
    start_line(&decode(first).0)?;
    let lines = unfold(lines).0;
    let lengths = lines.iter().filter_map(|line| name_and_value(line)).filter(|(name, _)| {
        name.eq_ignore_ascii_case(b"Content-Length") || name.eq_ignore_ascii_case(b"l")
    });
    Ok(lengths.map(|(_, value)| decode(value).0.into_owned()).collect())
}

/// Cuts the lines of the head from the rest; a head without its empty line is whole.
fn split_head(bytes: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let mut lines = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = rest.iter().position(|b| *b == b'\n');
        let line = &rest[..end.unwrap_or(rest.len())];
        rest = end.and_then(|at| rest.get(at + 1..)).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    (lines, rest)
}

/// UTF-8 where it is, Latin-1 where it is not (second value true).
fn decode(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), false),
        Err(_) => (bytes.iter().copied().map(char::from).collect(), true),
    }
}

fn start_line(line: &str) -> Result<StartLine, ParseMessageError> {
    let line = line.trim();
    let (first, rest) = line.split_once([' ', '\t']).ok_or(ParseMessageError::NotSip)?;
    if is_version(first) {
        let rest = rest.trim_start();
        let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
        let status = code.parse().ok().filter(|code| (100..700).contains(code));
        let status = status.ok_or(ParseMessageError::Status)?;
        return Ok(StartLine::Response { status, reason: reason.to_owned() });
    }
    let (uri, version) =
        rest.trim_start().rsplit_once([' ', '\t']).ok_or(ParseMessageError::NotSip)?;
    if !is_token(first) || !is_version(version) {
        return Err(ParseMessageError::NotSip);
    }
    Ok(StartLine::Request {
        method: Method::new(first),
        uri: uri.trim().to_owned(),
        version: version.to_ascii_uppercase(),
    })
}

fn is_version(text: &str) -> bool {
    text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("SIP/"))
}

/// RFC 3261 §25.1 `token`.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b))
}

/// The lines of the fields, unfolded, and what is wrong with them: those too long are left
/// out, and what comes after too many.
fn unfold<'a>(lines: &[&'a [u8]]) -> (Vec<Cow<'a, [u8]>>, Option<Fault>) {
    let mut folded: Vec<Cow<'a, [u8]>> = Vec::new();
    let mut fault = None;
    for line in lines {
        // RFC 3261 §7.3.1: a line that begins with a blank continues the one before.
        let continues = matches!(line.first(), Some(b' ' | b'\t'));
        if let Some(last) = folded.last_mut().filter(|_| continues) {
            if last.len() + line.len() > LINE_MAX {
                fault = Some(Fault::LineTooLong);
                continue;
            }
            let last = last.to_mut();
            last.push(b' ');
            last.extend_from_slice(line.trim_ascii());
        } else if line.len() > LINE_MAX {
            fault = Some(Fault::LineTooLong);
        } else if folded.len() < MAX_HEADERS {
            folded.push(Cow::Borrowed(line));
        } else {
            return (folded, Some(Fault::TooManyHeaders));
        }
    }
    (folded, fault)
}

/// A line without a colon is no field and is passed over: one bad line loses no call.
fn fields(lines: &[Cow<'_, [u8]>]) -> Vec<Header> {
    let fields = lines.iter().filter_map(|line| name_and_value(line));
    fields
        .map(|(name, value)| {
            let (value, latin1) = decode(value);
            Header { name: canonical_name(&decode(name).0), value: value.into_owned(), latin1 }
        })
        .collect()
}

fn name_and_value(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|b| *b == b':')?;
    let name = line[..colon].trim_ascii();
    (!name.is_empty()).then(|| (name, line[colon + 1..].trim_ascii()))
}

/// The long form of a compact name (RFC 3261 §20, RFC 4028, RFC 3841, RFC 8224).
fn canonical_name(name: &str) -> String {
    let compact = name.as_bytes().first().filter(|_| name.len() == 1);
    let long = match compact.map(u8::to_ascii_lowercase) {
        Some(b'c') => "Content-Type",
        Some(b'd') => "Request-Disposition",
        Some(b'e') => "Content-Encoding",
        Some(b'f') => "From",
        Some(b'i') => "Call-ID",
        Some(b'k') => "Supported",
        Some(b'l') => "Content-Length",
        Some(b'm') => "Contact",
        Some(b'o') => "Event",
        Some(b'r') => "Refer-To",
        Some(b's') => "Subject",
        Some(b't') => "To",
        Some(b'u') => "Allow-Events",
        Some(b'v') => "Via",
        Some(b'x') => "Session-Expires",
        _ => name,
    };
    long.to_owned()
}

/// RFC 3261 §18.3: over UDP a missing length means «to the end of the datagram».
fn body_length(message: &Message, head: usize, available: usize) -> Result<usize, Fault> {
    let mut lengths = message.all("Content-Length");
    let Some(length) = lengths.next() else {
        return Ok(available);
    };
    match (length.parse::<usize>(), lengths.next()) {
        (Ok(length), None) if length <= available => Ok(length),
        (Ok(length), None) if head.saturating_add(length) > LONGEST => Err(Fault::TooLong),
        _ => Err(Fault::ContentLength),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Message {
        Message::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn compact_folded_and_spaced_headers_are_read() {
        let message = parse(
            "INVITE tel:+390831000000 SIP/2.0\r\nv : SIP/2.0/UDP a;branch=z9hG4bKa,\r\n  \
             SIP/2.0/UDP b\r\nFrom :\r\n <sip:a@b>;tag=1\r\nI: x\r\n\r\nbody",
        );
        assert_eq!(message.list("via"), ["SIP/2.0/UDP a;branch=z9hG4bKa", "SIP/2.0/UDP b"]);
        assert_eq!(message.header("from"), Some("<sip:a@b>;tag=1"));
        assert_eq!(message.header("Call-ID"), Some("x"));
        assert_eq!(message.request_uri(), "tel:+390831000000");
        assert_eq!(message.body, b"body", "a missing Content-Length takes the datagram");
    }

    #[test]
    fn latin1_comes_back_as_the_same_bytes() {
        let bytes = b"INVITE sip:a SIP/2.0\r\nFrom: \"Niccol\xf2\" <sip:a@b>\r\n\r\n";
        let message = Message::parse(bytes).unwrap();
        assert_eq!(message.header("From"), Some("\"Niccolò\" <sip:a@b>"));
        let written = message.to_bytes();
        assert!(written.windows(8).any(|w| w == b"Niccol\xf2\""), "{written:?}");
    }

    #[test]
    fn octets_after_the_body_are_dropped_and_a_lying_length_is_marked() {
        assert_eq!(parse("BYE sip:a SIP/2.0\r\nl: 2\r\n\r\nabINVITE").body, b"ab");
        for bad in ["l: 9", "l: -1", "l: x", "l: 1\r\nContent-Length: 1", "l: 99999999999999999999"]
        {
            let message = parse(&format!("BYE sip:a SIP/2.0\r\n{bad}\r\n\r\nab"));
            assert_eq!(message.fault, Some(Fault::ContentLength), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_framing_and_the_reader_find_the_same_lengths(
            lines in proptest::collection::vec(proptest::sample::select(vec![
                "l: 3", "L : 4", "Content-Length:", "content-length\t:  -1", "Content-Length",
                " 3", "\t: 5", " ", "Length: 6", "Subject: l: 7", "l: \u{e8}", ": 8", "", "\r",
            ]), 0..6),
        ) {
            let head = format!("BYE sip:a SIP/2.0\r\n{}\r\n\r\n", lines.join("\r\n"));
            let message = parse(&head);
            let read: Vec<&str> = message.all("Content-Length").collect();
            proptest::prop_assert_eq!(told_lengths(head.as_bytes()).unwrap(), read);
        }
    }

    #[test]
    fn what_no_honest_message_has_is_marked_and_not_kept() {
        let long = "x".repeat(LINE_MAX);
        let folded = format!("Subject: x\r\n{}", " xxxxxxx\r\n".repeat(LINE_MAX / 8));
        for (fields, fault) in [
            ("Subject: x\r\n".repeat(MAX_HEADERS), None),
            ("Subject: x\r\n".repeat(MAX_HEADERS + 1), Some(Fault::TooManyHeaders)),
            (format!("Subject: {}\r\n", &long[9..]), None),
            (format!("Subject: {long}\r\n"), Some(Fault::LineTooLong)),
            (folded, Some(Fault::LineTooLong)),
            (format!("v: {}\r\n", vec!["SIP/2.0/UDP a"; MAX_VIAS].join(",")), None),
            ("Via: a, b\r\n".repeat(MAX_VIAS / 2 + 1), Some(Fault::TooManyVias)),
        ] {
            let message = parse(&format!("BYE sip:a SIP/2.0\r\n{fields}\r\n"));
            assert_eq!(message.fault, fault, "{:.40}", fields);
            assert!(message.headers.len() <= MAX_HEADERS);
            assert!(message.headers.iter().all(|header| header.value.len() <= LINE_MAX));
        }
        let start = parse(&format!("BYE sip:{long} SIP/2.0\r\n\r\n"));
        assert_eq!(start.fault, Some(Fault::UriTooLong));
        let whole = vec![b' '; LONGEST + 1];
        assert_eq!(Message::parse(&whole), Err(ParseMessageError::TooLong));
    }

    #[test]
    fn a_value_never_smuggles_a_line() {
        let mut message = Message::request(Method::Bye, "sip:a".into());
        message.push("Subject", "x\r\nRoute: <sip:evil>");
        let back = Message::parse(&message.to_bytes()).unwrap();
        assert_eq!(back.header("Route"), None);
    }

    #[test]
    fn what_is_not_sip_is_refused() {
        for junk in ["", "\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "x", "INVITE sip:a\r\n\r\n"] {
            assert!(Message::parse(junk.as_bytes()).is_err(), "{junk}");
        }
        assert!(Message::parse(b"SIP/2.0 4294967301 x\r\n\r\n").is_err());
    }
}
