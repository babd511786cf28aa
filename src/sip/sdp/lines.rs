//! The lines of a session description that are used, well-formed.
//!
//! The library refuses a whole description for one line it cannot read, be it a bandwidth,
//! a session version beyond 64 bits or the NUL at the end of a C string. No such line may
//! lose a caller: what we do not use, and what we cannot read, is left out before.
//!
//! Law: of every `m=` a stream is left, in order, because each has to be answered
//! (RFC 3264 §6); one that cannot be read is a stream that is switched off.

/// Writes anew what is used of a description: `c=`, `t=`, `a=` and `m=`. `None` when it
/// has neither a version nor a stream.
pub(super) fn used(text: &str) -> Option<String> {
    let mut kept = String::with_capacity(text.len() + 64);
    // Whatever version it says it is: there is no other (RFC 8866 §5.1).
    line(&mut kept, "v=0");
    let mut found = Found { version: false, stream: false, connection: false, time: false };
    // A lone CR ends a line, too (old gateways); an empty line says nothing.
    for part in text.split(['\r', '\n']) {
        // U+FEFF, the mark some editors begin a text with, is no control character.
        let part = part.trim_matches(|c: char| c == ' ' || c == '\u{feff}' || c.is_control());
        let Some((key, value)) = part.split_once('=') else { continue };
        found.keep(&mut kept, key, value);
    }
    (found.version || found.stream).then_some(kept)
}

/// What was met so far, of the description or of the stream that is being read.
struct Found {
    version: bool,
    stream: bool,
    connection: bool,
    time: bool,
}

impl Found {
    fn keep(&mut self, kept: &mut String, key: &str, value: &str) {
        match key {
            "v" => self.version = true,
            "m" => {
                (self.stream, self.connection) = (true, false);
                stream(kept, value);
            }
            // The first holds.
            "c" if !self.connection => self.connection = connection(kept, value),
            "t" if !self.stream && !self.time => self.time = time(kept, value),
            "a" if !value.contains('\0') => {
                kept.push_str("a=");
                line(kept, value);
            }
            _ => {}
        }
    }
}

/// `m=audio 4000/2 RTP/AVP 8 0`, with any blanks between.
fn stream(kept: &mut String, value: &str) {
    let mut rest = value;
    let [media, port, proto] = [(); 3].map(|()| word(&mut rest));
    let formats = rest.trim();
    let port = port.split('/').next().and_then(|port| port.parse::<u16>().ok());
    let whole = ![media, proto, formats].contains(&"") && !value.contains('\0');
    if whole {
        line(kept, &format!("m={media} {} {proto} {formats}", port.unwrap_or(0)));
    } else {
        line(kept, "m=audio 0 RTP/AVP 0");
    }
}

/// `c=IN IP4 192.0.2.1`; whether it is one.
fn connection(kept: &mut String, value: &str) -> bool {
    let mut words = value.split_whitespace();
    // What kind of address it is, the address says itself.
    let Some(address) = words.nth(2).filter(|address| !address.contains('\0')) else {
        return false;
    };
    line(kept, &format!("c=IN IP4 {address}"));
    true
}

/// `t=0 0`; whether it is one.
fn time(kept: &mut String, value: &str) -> bool {
    let mut words = value.split_whitespace().map(str::parse::<u64>);
    let (Some(Ok(start)), Some(Ok(stop))) = (words.next(), words.next()) else { return false };
    line(kept, &format!("t={start} {stop}"));
    true
}

/// Takes the next word off.
fn word<'t>(rest: &mut &'t str) -> &'t str {
    let text = rest.trim_start();
    let (word, after) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
    *rest = after;
    word
}

/// Ends a line as RFC 8866 §5 does.
pub(super) fn line(text: &mut String, content: &str) {
    text.push_str(content);
    text.push_str("\r\n");
}
