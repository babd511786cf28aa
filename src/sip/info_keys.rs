//! Keys that arrive in SIP INFO requests.

use crate::words::Digit;

/// The key of an INFO body, if it carries one.
///
/// `application/dtmf-relay` has lines `Signal=5` and `Duration=160`;
/// `application/dtmf` has the key alone. Both are older than RFC 6086 and were
/// never written down as a standard.
pub fn read_key(content_type: &str, body: &[u8]) -> Option<Digit> {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let text = std::str::from_utf8(body.get(..body.len().min(256))?).ok()?;
    let signal = if media_type.eq_ignore_ascii_case("application/dtmf-relay") {
        text.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            name.trim().eq_ignore_ascii_case("signal").then_some(value)
        })?
    } else if media_type.eq_ignore_ascii_case("application/dtmf") {
        text.split_once('=').map_or(text, |(_, value)| value)
    } else {
        return None;
    };
    one_key(signal.trim())
}

/// `5`, `*`, or the event code `10`, `11` some phones write for `*` and `#`.
fn one_key(signal: &str) -> Option<Digit> {
    let mut characters = signal.chars();
    match (characters.next(), characters.next()) {
        (Some(key), None) => Digit::try_from(key).ok(),
        _ => signal.parse().ok().filter(|code| *code >= 10).and_then(Digit::from_event),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_body_carry_a_key() {
        let key = |kind: &str, body: &str| read_key(kind, body.as_bytes()).map(Digit::as_char);
        assert_eq!(key("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n"), Some('5'));
        assert_eq!(key("Application/DTMF-Relay; x=1", "signal= *\nDuration=100"), Some('*'));
        assert_eq!(key("application/dtmf-relay", "Signal=11\r\nDuration=160"), Some('#'));
        assert_eq!(key("application/dtmf", "1"), Some('1'));
        assert_eq!(key("application/dtmf", "1\r\n"), Some('1'));
        assert_eq!(key("application/dtmf", "55"), None);
        assert_eq!(key("application/dtmf-relay", "Duration=160"), None);
        assert_eq!(key("text/plain", "1"), None);
        assert_eq!(read_key("application/dtmf", &[0xff, 0xfe]), None);
    }
}
