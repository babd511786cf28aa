//! Addresses: `sip:`, `sips:` and `tel:` URIs (RFC 3261 §19.1, RFC 3966).

use super::headers::{Parameter, lenient_parameters};

/// What an address begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:`
    Tel,
    /// Anything else: parsed no further.
    Other,
}

/// A parsed address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uri {
    /// How to read the rest.
    pub scheme: Scheme,
    /// The user part as it stood (for `tel:`, the number), escapes and all; may be empty.
    pub user: String,
    /// Host name, IPv4 or bracketed IPv6; empty for `tel:`.
    pub host: String,
    /// The port, when given.
    pub port: Option<u16>,
    /// Parameters of the address.
    pub parameters: Vec<Parameter>,
    /// Whether header fields hang on it (`?Route=…`): never to be obeyed.
    pub has_headers: bool,
}

/// The text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseUriError {
    /// No scheme, or a character no address may hold.
    #[error("not an address")]
    Malformed,
    /// The host is empty or has a character no host may hold.
    #[error("not a host")]
    Host,
}

impl Uri {
    /// Reads an address.
    ///
    /// # Errors
    /// When it has no scheme, holds a blank, quote or bracket, or has no valid host.
    pub fn parse(text: &str) -> Result<Self, ParseUriError> {
        let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"');
        let (scheme, rest) = text.split_once(':').ok_or(ParseUriError::Malformed)?;
        let letters = scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        if scheme.is_empty() || !letters || rest.is_empty() || text.contains(odd) {
            return Err(ParseUriError::Malformed);
        }
        match scheme.to_ascii_lowercase().as_str() {
            "sip" => Self::parse_sip(Scheme::Sip, rest),
            "sips" => Self::parse_sip(Scheme::Sips, rest),
            "tel" => Ok(Self::bare(Scheme::Tel, rest)),
            _ => Ok(Self::bare(Scheme::Other, rest)),
        }
    }

    fn bare(scheme: Scheme, rest: &str) -> Self {
        let (user, parameters) = rest.split_once(';').unwrap_or((rest, ""));
        Self {
            scheme,
            user: user.to_owned(),
            host: String::new(),
            port: None,
            parameters: lenient_parameters(parameters),
            has_headers: false,
        }
    }

    fn parse_sip(scheme: Scheme, rest: &str) -> Result<Self, ParseUriError> {
        // An @ must be escaped in the user part, but ; and ? need not: cut at the @ first.
        let (user, rest) = rest.split_once('@').unwrap_or(("", rest));
        let (rest, headers) = match rest.split_once('?') {
            Some((rest, _)) => (rest, true),
            None => (rest, false),
        };
        let (host_port, parameters) = rest.split_once(';').unwrap_or((rest, ""));
        let (host, port) = split_host_port(host_port).ok_or(ParseUriError::Host)?;
        Ok(Self {
            scheme,
            user: user.to_owned(),
            host: host.to_owned(),
            port,
            parameters: lenient_parameters(parameters),
            has_headers: headers,
        })
    }

    /// The number or name called: the user part without password and parameters
    /// (`;phone-context`), unescaped once and once only; `None` when empty.
    pub fn party(&self) -> Option<String> {
        let user = match self.scheme {
            Scheme::Sip | Scheme::Sips => self.user.split(';').next()?.split(':').next()?,
            Scheme::Tel => self.user.as_str(),
            Scheme::Other => return None,
        };
        let party = unescape(user);
        (!party.is_empty()).then_some(party)
    }
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`; `None` when it is none of these.
pub(crate) fn split_host_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = if text.starts_with('[') {
        let end = text.find(']')?;
        let (host, rest) = text.split_at(end + 1);
        let inner = host.get(1..end)?;
        let v6 = inner.bytes().all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'));
        if !v6 || !inner.contains(':') {
            return None;
        }
        (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
    } else {
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        };
        let named = host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        if host.is_empty() || !named {
            return None;
        }
        (host, port)
    };
    match port {
        Some(port) => Some((host, Some(port.parse().ok()?))),
        None => Some((host, None)),
    }
}

/// Replaces each `%HH` once; a `%` that is no escape stays.
fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = text.get(at + 1..at + 3).filter(|_| *byte == b'%');
        match escaped.filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit())) {
            Some(hex) => {
                out.push(u8::from_str_radix(hex, 16).unwrap_or(b'?'));
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// An address as the host of a SIP address (RFC 3261 §25.1): IPv6 in brackets.
pub fn host(address: std::net::IpAddr) -> String {
    match address {
        std::net::IpAddr::V4(address) => address.to_string(),
        std::net::IpAddr::V6(address) => format!("[{address}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parties_are_read_from_every_form_a_trunk_sends() {
        for (text, party) in [
            ("sip:+390831000000@host", "+390831000000"),
            ("sip:+390831000000;phone-context=x@host;user=phone", "+390831000000"),
            ("sips:0831%20000000@[2001:db8::1]:5061", "0831 000000"),
            ("tel:+39-0831-000000;ext=5", "+39-0831-000000"),
            ("TEL:0831000000", "0831000000"),
            ("sip:sips%3Auser%40example.com@example.net", "sips:user@example.com"),
            ("sip:a%2541@h", "a%41"),
            ("sip:user:secret@h", "user"),
            ("sip:user;par=u%40example.net@example.com", "user"),
        ] {
            assert_eq!(Uri::parse(text).unwrap().party().as_deref(), Some(party), "{text}");
        }
        assert_eq!(Uri::parse("sip:host:5060").unwrap().party(), None);
    }

    #[test]
    fn malformed_addresses_are_refused() {
        for text in [
            "",
            "sip:",
            "a@b",
            "sip:a b@c",
            "<sip:a@b>",
            "sip:2001:db8::10",
            "sip:a@",
            "sip:a@b:x",
            "sip:a@[::1",
            "sip:a@b:70000",
            "sip:a@[x]",
        ] {
            assert!(Uri::parse(text).is_err(), "{text}");
        }
        assert_eq!(Uri::parse("soap.beep://192.0.2.103:3002").unwrap().scheme, Scheme::Other);
    }
}
