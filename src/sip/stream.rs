//! Cutting a byte stream into messages (RFC 3261 §18.3), without the socket.

use super::parse::told_lengths;

/// The stream can no longer be cut into messages: close the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StreamBroken {
    /// No `Content-Length`, two of them, or one that is no number.
    #[error("the length of a message cannot be known")]
    Length,
    /// A head exceeds 64 KiB, or a body any length a mistake could have.
    #[error("a message is longer than {LONGEST} octets")]
    TooLong,
    /// What came is not SIP.
    #[error("the stream does not speak SIP")]
    NotSip,
}

/// Collects octets and yields whole messages, each with its `Content-Length` honoured.
///
/// As an iterator it yields `None` when more octets are needed, and after an
/// error nothing more. Empty lines between messages are keep-alives (RFC 5626
/// §3.5.1): they are passed over and counted by [`Framer::take_pings`]. Of a message longer
/// than 64 KiB it yields the head, to be refused (513), and passes over the body without
/// keeping it: other calls on the same connection go on.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    pings: usize,
    /// Where the first line begins that has not ended: the head is not read again from its
    /// start for every piece that comes.
    searched: usize,
    /// Octets of the message that has begun, once its head has told.
    whole: Option<usize>,
    /// Octets to come of a body nobody will read.
    passed_over: usize,
    broken: bool,
}

impl Framer {
    /// Nothing received yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what a read gave. Drain the iterator after each.
    pub fn push(&mut self, bytes: &[u8]) {
        let dropped = self.passed_over.min(bytes.len());
        self.passed_over -= dropped;
        if !self.broken {
            self.buffer.extend_from_slice(bytes.get(dropped..).unwrap_or_default());
        }
    }

    /// Double line ends since the last time: each wants one CRLF in return.
    pub fn take_pings(&mut self) -> usize {
        std::mem::take(&mut self.pings)
    }

    /// Whether no message has begun that has not ended.
    pub fn is_between(&self) -> bool {
        self.passed_over == 0 && self.buffer.iter().all(|byte| matches!(byte, b'\r' | b'\n'))
    }

    fn skip_keep_alives(&mut self) {
        while self.buffer.starts_with(b"\r\n\r\n") {
            self.buffer.drain(..4);
            self.pings += 1;
        }
        // A single line end may be the first half of a ping: kept while alone.
        let ends = self.buffer.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        if ends < self.buffer.len() {
            self.buffer.drain(..ends);
        }
    }

    fn cut(&mut self) -> Result<Option<Vec<u8>>, StreamBroken> {
        let whole = match self.whole {
            Some(whole) => whole,
            None => match self.measure()? {
                Measured::Unknown => return Ok(None),
                Measured::TooLong { head, length } => return Ok(Some(self.cut_head(head, length))),
                Measured::Whole(whole) => whole,
            },
        };
        self.whole = (self.buffer.len() < whole).then_some(whole);
        Ok(self.whole.is_none().then(|| self.buffer.drain(..whole).collect()))
    }

    /// How long the message at the front of the buffer is.
    fn measure(&mut self) -> Result<Measured, StreamBroken> {
        if self.searched == 0 {
            self.skip_keep_alives();
            if self.buffer.iter().all(|b| matches!(b, b'\r' | b'\n')) {
                self.buffer.truncate(3);
                return Ok(Measured::Unknown);
            }
        }
        let Some(head) = head_length(&self.buffer, &mut self.searched) else {
            let endless = self.buffer.len() > LONGEST;
            return if endless { Err(StreamBroken::TooLong) } else { Ok(Measured::Unknown) };
        };
        self.searched = 0;
        let lengths = told_lengths(self.buffer.get(..head).unwrap_or_default());
        let lengths = lengths.map_err(|_| StreamBroken::NotSip)?;
        let [length] = lengths.as_slice() else {
            return Err(StreamBroken::Length);
        };
        let digits = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
        let length = length.parse::<usize>().ok().filter(|_| digits).ok_or(StreamBroken::Length)?;
        if length > PASSED_OVER_MAX {
            return Err(StreamBroken::TooLong);
        }
        let whole = head + length;
        Ok(if whole > LONGEST {
            Measured::TooLong { head, length }
        } else {
            Measured::Whole(whole)
        })
    }

    /// The head of a message too long to be kept.
    fn cut_head(&mut self, head: usize, length: usize) -> Vec<u8> {
        let cut = self.buffer.drain(..head).collect();
        let here = length.min(self.buffer.len());
        self.buffer.drain(..here);
        self.passed_over = length - here;
        cut
    }
}

impl Iterator for Framer {
    type Item = Result<Vec<u8>, StreamBroken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.broken {
            return None;
        }
        let cut = self.cut();
        if cut.is_err() {
            self.broken = true;
            self.buffer = Vec::new();
        }
        cut.transpose()
    }
}

/// What a head tells of its message, octets.
enum Measured {
    /// The head has not ended.
    Unknown,
    /// More than is kept: a head, and the body after it.
    TooLong { head: usize, length: usize },
    /// Head and body.
    Whole(usize),
}

/// Octets up to and including the empty line; `searched` is where to go on looking.
fn head_length(buffer: &[u8], searched: &mut usize) -> Option<usize> {
    loop {
        let line = buffer.get(*searched..)?.iter().position(|b| *b == b'\n')?;
        let empty = matches!(buffer.get(*searched..*searched + line)?, b"" | b"\r");
        *searched += line + 1;
        if empty {
            return Some(*searched);
        }
    }
}

/// Longest message taken from a stream, octets.
pub(crate) const LONGEST: usize = 64 * 1024;
/// Longest body that is passed over so that its message can be refused; who announces more
/// speaks no SIP.
const PASSED_OVER_MAX: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::super::message::Message;
    use super::*;

    const BYE: &str = "BYE sip:a SIP/2.0\r\nl : 3\r\n\r\nabc";

    #[test]
    fn messages_are_cut_however_they_arrive() {
        let text = format!("{BYE}\r\n\r\n{BYE}\r\n{BYE}");
        let mut framer = Framer::new();
        let mut found = Vec::new();
        let mut pings = 0;
        for byte in text.bytes() {
            framer.push(&[byte]);
            found.extend(framer.by_ref().map(Result::unwrap));
            pings += framer.take_pings();
        }
        assert_eq!((found.len(), pings), (3, 1));
        assert!(found.iter().all(|message| message == BYE.as_bytes()));
    }

    #[test]
    fn of_a_message_too_long_the_head_is_refused_and_the_next_is_read() {
        let length = LONGEST * 3;
        let head = format!("INVITE sip:a SIP/2.0\r\nl: {length}\r\n\r\n");
        let stream = [head.as_bytes(), &vec![b'x'; length], BYE.as_bytes()].concat();
        for step in [1_000, stream.len()] {
            let mut framer = Framer::new();
            let mut found: Vec<Vec<u8>> = Vec::new();
            for bytes in stream.chunks(step) {
                framer.push(bytes);
                found.extend(framer.by_ref().map(Result::unwrap));
                assert!(framer.buffer.len() <= LONGEST.max(step), "nothing of it is kept");
                assert!(found.len() != 1 || !framer.is_between(), "its deadline goes on");
            }
            assert_eq!(found, [head.as_bytes(), BYE.as_bytes()]);
            let fault = Message::parse(&found[0]).unwrap().fault.map(|fault| fault.refusal().0);
            assert_eq!(fault, Some(513));
        }
    }

    #[test]
    fn a_stream_without_true_lengths_is_broken_for_good() {
        for bad in [
            "BYE sip:a SIP/2.0\r\n\r\n",
            "BYE sip:a SIP/2.0\r\nl: -1\r\n\r\n",
            "BYE sip:a SIP/2.0\r\nl: +1\r\n\r\n",
            "BYE sip:a SIP/2.0\r\nl: 0\r\nContent-Length: 0\r\n\r\n",
        ] {
            let mut framer = Framer::new();
            framer.push(bad.as_bytes());
            assert_eq!(framer.next(), Some(Err(StreamBroken::Length)), "{bad}");
            framer.push(BYE.as_bytes());
            assert_eq!(framer.next(), None);
        }
        for (bad, why) in [
            (b"GET / HTTP/1.1\r\n\r\n".to_vec(), StreamBroken::NotSip),
            (vec![b'a'; LONGEST + 1], StreamBroken::TooLong),
            (b"BYE sip:a SIP/2.0\r\nl: 99999999\r\n\r\n".to_vec(), StreamBroken::TooLong),
        ] {
            let mut framer = Framer::new();
            framer.push(&bad);
            assert_eq!(framer.next(), Some(Err(why)));
        }
    }
}
