//! The answer to a stranger: 403, without memory, never longer than the question.
//!
//! It reads no message into anything: it walks over the octets and writes the answer on
//! paper it is given. What is no request to answer gets none.
//!
//! Law: nothing is allocated, and at most one answer no longer than what came is made:
//! a forged source must gain nothing by us.

use std::fmt::{self, Write as _};
use std::net::SocketAddr;

use super::parse::is_token;

/// A 403 for a request from an address that is no trunk's, written on `paper`.
///
/// `None` for an ACK, a response or what is no SIP, for a request without the fields an
/// answer repeats, and whenever the answer would be longer than the request.
pub fn refuse_stranger<'a>(
    bytes: &[u8],
    source: SocketAddr,
    paper: &'a mut [u8],
) -> Option<&'a [u8]> {
    let mut lines = Lines { rest: bytes };
    let first = lines.find(|line| !line.is_empty())?;
    if !wants_an_answer(first) {
        return None;
    }
    let room = bytes.len().min(paper.len());
    let mut sheet = Sheet { paper: paper.get_mut(..room)?, used: 0 };
    sheet.put(b"SIP/2.0 403 Forbidden\r\n")?;
    let mut copied = Copied::default();
    while let Some((name, value)) = lines.field() {
        sheet.copy(&mut copied, name, value, source)?;
    }
    if copied != Copied::WHOLE {
        return None;
    }
    sheet.put(b"Content-Length: 0\r\n\r\n")?;
    let used = sheet.used;
    paper.get(..used)
}

/// Whether it is the first line of a request other than ACK.
fn wants_an_answer(line: &[u8]) -> bool {
    let mut words = line.trim_ascii().split(|byte| matches!(byte, b' ' | b'\t'));
    let method = words.next().and_then(|word| std::str::from_utf8(word).ok());
    let version = words.next_back().unwrap_or_default();
    let sip = |word: &[u8]| word.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/"));
    method.is_some_and(|method| is_token(method) && method != "ACK") && sip(version)
}

/// The fields an answer repeats (RFC 3261 §8.2.6.2), each the times it has been met.
#[derive(Debug, Default, PartialEq, Eq)]
struct Copied {
    via: bool,
    from: u8,
    to: u8,
    call_id: u8,
    cseq: u8,
}

impl Copied {
    const WHOLE: Self = Self { via: true, from: 1, to: 1, call_id: 1, cseq: 1 };
}

/// The answer, as far as it is written.
struct Sheet<'a> {
    paper: &'a mut [u8],
    used: usize,
}

impl Sheet<'_> {
    fn put(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.used.checked_add(bytes.len())?;
        self.paper.get_mut(self.used..end)?.copy_from_slice(bytes);
        self.used = end;
        Some(())
    }

    /// Writes a field if the answer repeats it; `None` when there is no more room.
    fn copy(
        &mut self,
        copied: &mut Copied,
        name: &[u8],
        value: &[u8],
        source: SocketAddr,
    ) -> Option<()> {
        let is = |long: &str, short: u8| {
            name.eq_ignore_ascii_case(long.as_bytes()) || name.eq_ignore_ascii_case(&[short])
        };
        let (via, to) = (is("Via", b'v'), is("To", b't'));
        let count = match () {
            () if via => None,
            () if to => Some(&mut copied.to),
            () if is("From", b'f') => Some(&mut copied.from),
            () if is("Call-ID", b'i') => Some(&mut copied.call_id),
            () if name.eq_ignore_ascii_case(b"CSeq") => Some(&mut copied.cseq),
            () => return Some(()),
        };
        if let Some(count) = count {
            *count = count.saturating_add(1);
        }
        self.put(name)?;
        self.put(b": ")?;
        if via && !std::mem::replace(&mut copied.via, true) {
            self.mark(value, source)?;
        } else {
            self.put(value)?;
        }
        if to && !is_tagged(value) {
            self.put(b";tag=x")?;
        }
        self.put(b"\r\n")
    }

    /// The first Via with where it really came from (RFC 3581 §4).
    fn mark(&mut self, value: &[u8], source: SocketAddr) -> Option<()> {
        let end = value.iter().position(|byte| *byte == b',').unwrap_or(value.len());
        let (first, others) = value.split_at_checked(end)?;
        for (nth, part) in first.split(|byte| *byte == b';').map(<[u8]>::trim_ascii).enumerate() {
            let key = part.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii();
            match nth {
                0 => self.put(part)?,
                _ if key.eq_ignore_ascii_case(b"received") => {}
                _ if key.eq_ignore_ascii_case(b"rport") => {
                    write!(self, ";rport={}", source.port()).ok()?;
                }
                _ => {
                    self.put(b";")?;
                    self.put(part)?;
                }
            }
        }
        write!(self, ";received={}", source.ip().to_canonical()).ok()?;
        self.put(others)
    }
}

impl fmt::Write for Sheet<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.put(text.as_bytes()).ok_or(fmt::Error)
    }
}

/// Whether a To has its tag: a parameter of the field, not of the address.
fn is_tagged(value: &[u8]) -> bool {
    let after = value.iter().rposition(|byte| *byte == b'>').map_or(0, |at| at + 1);
    let parameters = value.get(after..).unwrap_or_default().split(|byte| *byte == b';').skip(1);
    let mut keys = parameters.filter_map(|parameter| parameter.split(|byte| *byte == b'=').next());
    keys.any(|key| key.trim_ascii().eq_ignore_ascii_case(b"tag"))
}

/// The lines of a head, without their ends.
struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.iter().position(|byte| *byte == b'\n');
        let line = self.rest.get(..end.unwrap_or(self.rest.len()))?;
        self.rest = end.and_then(|at| self.rest.get(at + 1..)).unwrap_or_default();
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

impl<'a> Lines<'a> {
    /// The next field, with the lines it is folded over; `None` after the last.
    fn field(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        loop {
            let whole = self.rest;
            self.next().filter(|line| !line.is_empty())?;
            while self.rest.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
                self.next()?;
            }
            let field = whole.get(..whole.len() - self.rest.len())?;
            let Some(colon) = field.iter().position(|byte| *byte == b':') else { continue };
            let (name, value) = field.split_at_checked(colon)?;
            return Some((name.trim_ascii(), value.get(1..)?.trim_ascii()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::Message;
    use super::*;

    const INVITE: &str = "INVITE sip:900442012345678@203.0.113.5 SIP/2.0\r\n\
        Via: SIP/2.0/UDP 198.51.100.9:5071;branch=z9hG4bK1;rport\r\nMax-Forwards: 70\r\n\
        From: \"sipvicious\" <sip:100@1.1.1.1>;tag=1\r\nTo: <sip:100@1.1.1.1>\r\n\
        Call-ID: 1\r\nCSeq: 1 INVITE\r\nContact: <sip:100@198.51.100.9:5071>\r\n\
        User-Agent: friendly-scanner\r\nContent-Length: 0\r\n\r\n";

    fn answer(text: &str) -> Option<String> {
        let mut paper = [0; 4096];
        let source = "198.51.100.9:5071".parse().unwrap();
        let answer = refuse_stranger(text.as_bytes(), source, &mut paper)?;
        assert!(answer.len() <= text.len(), "no amplification");
        Some(String::from_utf8(answer.to_vec()).unwrap())
    }

    #[test]
    fn a_stranger_gets_403_and_no_amplification() {
        assert_eq!(
            answer(INVITE).unwrap(),
            "SIP/2.0 403 Forbidden\r\n\
             Via: SIP/2.0/UDP 198.51.100.9:5071;branch=z9hG4bK1;rport=5071;received=198.51.100.9\
             \r\nFrom: \"sipvicious\" <sip:100@1.1.1.1>;tag=1\r\nTo: <sip:100@1.1.1.1>;tag=x\r\n\
             Call-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
        );
        let tiny = "OPTIONS sip:a SIP/2.0\r\nv: SIP/2.0/UDP a;rport\r\nf: <sip:a>\r\n\
                    t: <sip:a>\r\ni: 1\r\nCSeq: 1 OPTIONS\r\n\r\n";
        assert_eq!(answer(tiny), None, "the answer would be longer");
    }

    #[test]
    fn what_a_stranger_folds_and_repeats_comes_back_as_it_was() {
        let folded = INVITE
            .replace("To: <sip:100@1.1.1.1>", "t :\r\n <sip:100@1.1.1.1;tag=no>\r\n ;tag=y")
            .replace(";rport", ";received=192.0.2.66, SIP/2.0/UDP b");
        let message = Message::parse(answer(&folded).unwrap().as_bytes()).unwrap();
        assert_eq!(message.header("To"), Some("<sip:100@1.1.1.1;tag=no> ;tag=y"));
        let first = "SIP/2.0/UDP 198.51.100.9:5071;branch=z9hG4bK1;received=198.51.100.9";
        assert_eq!(message.list("Via"), [first, "SIP/2.0/UDP b"]);
    }

    #[test]
    fn no_answer_to_what_wants_none() {
        let twice = INVITE.replace("Max-Forwards: 70", "Call-ID: 2");
        let without = INVITE.replace("CSeq", "Seq");
        for text in [&INVITE.replace("INVITE", "ACK"), &twice, &without] {
            assert_eq!(answer(text), None, "{text}");
        }
        for text in ["SIP/2.0 200 OK\r\n\r\n", "\r\n\r\n", "", "\0", "INVITE sip:a SIP/2.0"] {
            assert_eq!(answer(text), None, "{text}");
        }
    }
}
