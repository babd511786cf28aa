//! What a request must be before anyone acts on it; each fault has its status.
//!
//! Two questions: [`Request::read`], can it be understood (400, 414, 416, 501, 505);
//! [`Request::admit`], do we serve such a thing (405, 406, 415, 420, 422, 481,
//! 483, 513, 603).
//! Source: RFC 3261 §8.2, RFC 4475.

use super::headers::{NameAddr, Via, parse_cseq};
use super::message::{Fault, Message, StartLine};
use super::method::{ALLOW, Method};
use super::uri::{ParseUriError, Scheme, Uri};

/// A request whose indispensable parts were understood.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) message: Message,
    pub(crate) method: Method,
    pub(crate) cseq: u32,
    pub(crate) call_id: String,
    /// Empty when absent (RFC 2543).
    pub(crate) from_tag: String,
    pub(crate) to_tag: Option<String>,
    pub(crate) key: ServerKey,
}

/// What a request and its copies, its ACK and its CANCEL have in common.
///
/// RFC 3261 §17.2.3: branch, sent-by and method. Call-ID and `CSeq` are added, so
/// that a sender that reuses its branches confuses nobody. Without the cookie
/// (RFC 2543) the fields of the request stand in for the branch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ServerKey(String);

/// A refusal to send: status, and the fields that explain it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(&'static str, String)>,
    /// For our log.
    pub(crate) why: &'static str,
}

impl Refusal {
    pub(crate) fn new(status: u16, why: &'static str) -> Self {
        Self { status, fields: Vec::new(), why }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }
}

impl Request {
    /// Understands a request, or says which status its sender must hear.
    pub(crate) fn read(message: Message) -> Result<Self, Refusal> {
        let StartLine::Request { method, uri, version } = &message.start else {
            return Err(Refusal::new(400, "no request"));
        };
        if version != "SIP/2.0" {
            return Err(Refusal::new(505, "another version of SIP"));
        }
        if let Some((status, why)) = message.fault.map(Fault::refusal) {
            return Err(Refusal::new(status, why));
        }
        let vias: Option<Vec<Via>> = message
            .all("Via")
            .flat_map(|line| line.split(',').map(str::trim))
            .map(Via::parse)
            .collect();
        let bad = |why| move || Refusal::new(400, why);
        let vias = vias.ok_or_else(bad("a Via cannot be read"))?;
        let once = |name| message.all(name).count() <= 1;
        if !SINGLE.into_iter().all(once) {
            return Err(Refusal::new(400, "a field is there twice"));
        }
        let read = |name| message.header(name).ok_or_else(bad("a mandatory field is missing"));
        let (cseq, cseq_method) =
            parse_cseq(read("CSeq")?).ok_or_else(bad("CSeq cannot be read"))?;
        if matches!(method, Method::Unknown(_)) {
            return Err(Refusal::new(501, "an unknown method").with("Allow", ALLOW));
        }
        let call_id = read("Call-ID")?.to_owned();
        let party =
            |name| NameAddr::parse(read(name)?).ok_or_else(bad("From or To cannot be read"));
        let (from, to) = (party("From")?, party("To")?);
        let via = vias.first().ok_or_else(bad("a mandatory field is missing"))?;
        if call_id.is_empty() {
            return Err(Refusal::new(400, "a mandatory field is missing"));
        }
        if cseq_method != *method {
            return Err(Refusal::new(400, "CSeq names another method"));
        }
        check_uri(uri)?;
        let from_tag = from.tag().unwrap_or_default().to_owned();
        let to_tag = to.tag().map(str::to_owned);
        let key = ServerKey::new(method, uri, via, &[&call_id, &from_tag, &cseq.to_string()]);
        let method = method.clone();
        Ok(Self { method, cseq, call_id, from_tag, to_tag, key, message })
    }

    /// Whether we serve such a request at all.
    pub(crate) fn admit(&self) -> Result<(), Refusal> {
        match self.method {
            Method::Refer => return Err(Refusal::new(603, "REFER is never obeyed")),
            Method::Unwanted(_) => {
                return Err(Refusal::new(405, "a method not served here").with("Allow", ALLOW));
            }
            // RFC 3261 §8.2.2.3: Require does not count in these.
            Method::Ack | Method::Cancel => return Ok(()),
            _ => {}
        }
        let unknown: Vec<&str> = self
            .message
            .list("Require")
            .into_iter()
            .filter(|tag| !SERVED.iter().any(|served| tag.eq_ignore_ascii_case(served)))
            .collect();
        if !unknown.is_empty() {
            let refusal = Refusal::new(420, "an extension is required that is not served");
            return Err(refusal.with("Unsupported", unknown.join(", ")));
        }
        if self.method == Method::Invite && self.to_tag.is_none() {
            self.admit_call()?;
        }
        if matches!(self.method, Method::Invite | Method::Update) {
            super::session::too_short(&self.message).map_or(Ok(()), Err)?;
            self.admit_body()?;
        }
        Ok(())
    }

    /// A new call goes on to a responder, so it must have a hop left (RFC 3261 §16.3).
    ///
    /// It may not take over another one: for us no dialog ever matches a Replaces, and
    /// RFC 3891 §3 orders 481 for one that matches nothing (603 is for a dialog that has
    /// ended). To leave the field unread would make a second call of the first.
    fn admit_call(&self) -> Result<(), Refusal> {
        let hops = self.message.header("Max-Forwards").and_then(|hops| hops.parse::<u64>().ok());
        if hops == Some(0) {
            return Err(Refusal::new(483, "no hop is left to a call"));
        }
        if self.message.header("Replaces").is_some() {
            return Err(Refusal::new(481, "no dialog of ours is ever replaced"));
        }
        Ok(())
    }

    fn admit_body(&self) -> Result<(), Refusal> {
        if self.message.body.len() > LONGEST_BODY {
            return Err(Refusal::new(513, "a body longer than 32 KiB"));
        }
        let accepted = self.message.list("Accept");
        if !accepted.is_empty() && !accepted.iter().any(|range| takes_sdp(range)) {
            return Err(Refusal::new(406, "no SDP is accepted"));
        }
        let plain = |coding: &&str| coding.eq_ignore_ascii_case("identity");
        if !self.message.list("Content-Encoding").iter().all(plain) {
            let refusal = Refusal::new(415, "an encoded body");
            return Err(refusal.with("Accept-Encoding", "identity"));
        }
        let optional = self
            .message
            .header("Content-Disposition")
            .is_some_and(|value| value.to_ascii_lowercase().contains("handling=optional"));
        let kind = media_type(self.message.header("Content-Type").unwrap_or(SDP));
        let known = kind == SDP || kind.starts_with("multipart/");
        if !self.message.body.is_empty() && !known && !optional {
            return Err(Refusal::new(415, "a body that is no SDP").with("Accept", SDP));
        }
        Ok(())
    }

    /// The request's session description, if it carries one.
    pub(crate) fn sdp(&self) -> Option<Vec<u8>> {
        super::body::sdp_of(&self.message)
    }
}

impl ServerKey {
    fn new(method: &Method, uri: &str, via: &Via, identity: &[&str]) -> Self {
        let shared = match method {
            Method::Ack | Method::Cancel => Method::Invite.as_str(),
            other => other.as_str(),
        };
        let branch = via.branch().filter(|b| b.len() > COOKIE.len() && b.starts_with(COOKIE));
        let sent_by = via.sent_by.to_ascii_lowercase();
        let mut key = vec![shared];
        match branch {
            Some(branch) => key.extend([branch, &sent_by]),
            None => key.extend([uri, via.branch().unwrap_or_default(), &sent_by]),
        }
        key.extend(identity);
        Self(key.join("\n"))
    }
}

fn check_uri(text: &str) -> Result<(), Refusal> {
    let uri = Uri::parse(text).map_err(|problem| match problem {
        ParseUriError::Malformed | ParseUriError::Host => {
            Refusal::new(400, "the Request-URI cannot be read")
        }
    })?;
    if uri.scheme == Scheme::Other {
        return Err(Refusal::new(416, "an unknown scheme"));
    }
    // RFC 3261 §19.1.1: fields may not hang on a Request-URI.
    if uri.has_headers {
        return Err(Refusal::new(400, "fields in the Request-URI"));
    }
    Ok(())
}

fn takes_sdp(range: &str) -> bool {
    matches!(media_type(range).as_str(), "application/sdp" | "application/*" | "*/*")
}

/// `application/sdp` of `Application/SDP; charset=utf-8`.
pub(crate) fn media_type(value: &str) -> String {
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The extensions a caller may insist on: RFC 4028, and RFC 3262, which binds provisional
/// answers only, 100 not among them.
const SERVED: [&str; 2] = ["timer", "100rel"];
/// The type of a session description.
pub(crate) const SDP: &str = "application/sdp";
/// RFC 3261 §8.1.1.7: a branch that begins so is unique.
const COOKIE: &str = "z9hG4bK";
/// Longest body of an INVITE; offers of video phones stay under a fifth of it.
const LONGEST_BODY: usize = 32 * 1024;
/// Fields of which a second one is a contradiction (RFC 4475 §3.3.8).
const SINGLE: [&str; 7] =
    ["From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length", "Content-Type"];

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(method: &str, extra: &str) -> u16 {
        let text = format!(
            "{method} sip:+390831000000@h SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKx\r\n\
             From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 {method}\r\n\
             {extra}\r\n"
        );
        let message = Message::parse(text.as_bytes()).unwrap();
        match Request::read(message).and_then(|request| request.admit()) {
            Ok(()) => 200,
            Err(refusal) => refusal.status,
        }
    }

    #[test]
    fn every_kind_of_request_has_its_answer() {
        for (method, status) in [
            ("INVITE", 200),
            ("OPTIONS", 200),
            ("BYE", 200),
            ("REGISTER", 405),
            ("MESSAGE", 405),
            ("REFER", 603),
            ("invite", 501),
            ("BREW", 501),
            ("PRACK", 200),
        ] {
            assert_eq!(verdict(method, ""), status, "{method}");
        }
    }

    #[test]
    fn an_invite_is_refused_only_for_a_reason() {
        for (extra, status) in [
            ("Require: 100rel\r\n", 200),
            ("Require: 100rel, precondition\r\n", 420),
            ("Require: timer\r\nSession-Expires: 1800\r\n", 200),
            ("Supported: timer\r\nSession-Expires: 89\r\n", 422),
            ("Proxy-Require: foo\r\n", 200),
            ("Accept: text/plain\r\n", 406),
            ("Accept: application/*;q=0.5, text/plain\r\n", 200),
            ("Content-Encoding: gzip\r\n", 415),
            ("Content-Type: text/plain\r\n\r\nhello", 415),
            ("Content-Type: text/plain\r\nContent-Disposition: x;handling=optional\r\n\r\nh", 200),
            ("Content-Type: multipart/mixed;boundary=x\r\n\r\nhello", 200),
            ("To: <sip:e@f>\r\n", 400),
            ("Max-Forwards: 0\r\n", 483),
            ("Max-Forwards: 1\r\n", 200),
            ("Replaces: a;to-tag=b;from-tag=c\r\n", 481),
        ] {
            assert_eq!(verdict("INVITE", extra), status, "{extra}");
        }
    }

    #[test]
    fn a_transaction_is_recognised_with_and_without_a_branch() {
        let key = |method: &str, via: &str, cseq: u32| {
            let text = format!(
                "{method} sip:x@h SIP/2.0\r\nVia: {via}\r\nFrom: <sip:a@b>;tag=1\r\n\
                 To: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: {cseq} {method}\r\n\r\n"
            );
            Request::read(Message::parse(text.as_bytes()).unwrap()).unwrap().key
        };
        for via in
            ["SIP/2.0/UDP a;branch=z9hG4bKx", "SIP/2.0/UDP a", "SIP/2.0/UDP a;branch=z9hG4bK"]
        {
            let invite = key("INVITE", via, 1);
            assert_eq!(invite, key("ACK", via, 1));
            assert_eq!(invite, key("CANCEL", via, 1));
            assert_ne!(invite, key("INVITE", via, 2));
            assert_ne!(invite, key("BYE", via, 1));
        }
    }
}
