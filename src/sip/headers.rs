//! The grammar inside header values: lists, parameters, `name-addr`, Via, `CSeq`.
//!
//! Quotes are honoured everywhere, backslashes inside them too: a display name
//! can hold commas, semicolons and whole false addresses (RFC 4475 §3.1.1).

use std::net::IpAddr;

use super::method::Method;

/// `name` or `name=value`, the name in lower case.
pub(crate) type Parameter = (String, Option<String>);

/// Splits at the commas outside quotes and angle brackets; elements are trimmed.
pub(crate) fn split_list(value: &str) -> Vec<&str> {
    split_outside(value, ',')
}

/// The display name, address and parameters of From, To, Contact and their like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameAddr {
    /// The display name, without its quotes; empty when there is none.
    pub display: String,
    /// The address, unread.
    pub uri: String,
    /// Parameters of the field (not of the address).
    pub parameters: Vec<Parameter>,
}

impl NameAddr {
    /// Reads one element; `None` when a quote or bracket stays open or no address is there.
    pub fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        let Some(open) = find_outside(value, '<')? else {
            let (uri, parameters) = value.split_once(';').unwrap_or((value, ""));
            let uri = uri.trim().to_owned();
            let parameters = lenient_parameters(parameters);
            return (!uri.is_empty()).then_some(Self { uri, parameters, ..Self::default() });
        };
        let (display, address) = value.split_at(open);
        let (uri, rest) = address.get(1..)?.split_once('>')?;
        let uri = uri.trim().to_owned();
        let parameters = lenient_parameters(rest);
        let display = unquote(display.trim());
        (!uri.is_empty()).then_some(Self { display, uri, parameters })
    }

    /// The `tag` parameter.
    pub fn tag(&self) -> Option<&str> {
        parameter(&self.parameters, "tag")
    }
}

/// One Via element: where a response goes (RFC 3261 §20.42).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// `UDP`, `TCP`, or whatever stood there.
    pub transport: String,
    /// Host, and port when given, as `host:port`.
    pub sent_by: String,
    /// `branch`, `rport`, `received` and the rest, in order.
    pub parameters: Vec<Parameter>,
}

impl Via {
    /// Reads one element, strictly: a response cannot be routed on a guess.
    pub fn parse(element: &str) -> Option<Self> {
        let (sent, parameters) = match find_outside(element, ';')? {
            Some(at) => (element.get(..at)?, element.get(at + 1..)?),
            None => (element, ""),
        };
        let mut parts = sent.splitn(3, '/').map(str::trim);
        let (protocol, version, rest) = (parts.next()?, parts.next()?, parts.next()?);
        let (transport, sent_by) = rest.split_once([' ', '\t'])?;
        let sent_by: String = sent_by.chars().filter(|c| !c.is_whitespace()).collect();
        let sip = protocol.eq_ignore_ascii_case("SIP") && version == "2.0";
        if !sip || super::uri::split_host_port(&sent_by).is_none() {
            return None;
        }
        let parameters =
            if parameters.is_empty() { Vec::new() } else { strict_parameters(parameters)? };
        Some(Self { transport: transport.to_owned(), sent_by, parameters })
    }

    /// The branch, unless empty.
    pub fn branch(&self) -> Option<&str> {
        parameter(&self.parameters, "branch").filter(|branch| !branch.is_empty())
    }

    /// Whether answers are wanted at the port it came from (RFC 3581 §3).
    pub(crate) fn asks_for_source(&self) -> bool {
        self.parameters.iter().any(|(name, _)| name == "rport")
    }

    /// Writes the source into the element (RFC 3261 §18.2.1, RFC 3581 §4).
    pub fn mark_source(&mut self, source: std::net::SocketAddr) {
        let asked = self.asks_for_source();
        let address = source.ip().to_canonical();
        let host = super::uri::split_host_port(&self.sent_by).map_or("", |(host, _)| host);
        let named = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        if asked {
            self.set("rport", source.port().to_string());
        }
        if asked || named.map(|ip| ip.to_canonical()) != Some(address) {
            self.set("received", address.to_string());
        }
    }

    fn set(&mut self, name: &str, value: String) {
        match self.parameters.iter_mut().find(|(known, _)| known == name) {
            Some(slot) => slot.1 = Some(value),
            None => self.parameters.push((name.to_owned(), Some(value))),
        }
    }
}

impl std::fmt::Display for Via {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SIP/2.0/{} {}", self.transport, self.sent_by)?;
        for (name, value) in &self.parameters {
            match value {
                Some(value) => write!(f, ";{name}={value}")?,
                None => write!(f, ";{name}")?,
            }
        }
        Ok(())
    }
}

/// Reads `314159 INVITE` (RFC 3261 §20.16); the number fits 32 bits or it is none.
pub fn parse_cseq(value: &str) -> Option<(u32, Method)> {
    let (number, method) = value.split_once([' ', '\t'])?;
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((number.parse().ok()?, Method::new(method.trim())))
}

/// The value of a parameter, without quotes; `None` when absent or without a value.
pub(crate) fn parameter<'a>(parameters: &'a [Parameter], name: &str) -> Option<&'a str> {
    let (_, value) = parameters.iter().find(|(known, _)| known == name)?;
    value.as_deref().map(|value| value.trim_matches('"'))
}

/// Parameters after a first `;` or without it; empty ones are passed over.
pub(crate) fn lenient_parameters(text: &str) -> Vec<Parameter> {
    split_outside(text, ';').into_iter().filter_map(one_parameter).collect()
}

/// Parameters of which none may be empty.
fn strict_parameters(text: &str) -> Option<Vec<Parameter>> {
    split_raw(text, ';').into_iter().map(one_parameter).collect()
}

fn one_parameter(text: &str) -> Option<Parameter> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.trim().to_owned())),
        None => (text, None),
    };
    let name = name.trim().to_ascii_lowercase();
    (!name.is_empty()).then_some((name, value))
}

/// Takes the quotes and backslashes off a quoted string; leaves other text alone.
pub(crate) fn unquote(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => out.extend(characters.next()),
            _ => out.push(character),
        }
    }
    out
}

/// Byte index of `wanted` outside quotes and brackets; outer `None`: a quote stays open.
fn find_outside(text: &str, wanted: char) -> Option<Option<usize>> {
    let mut scan = Scan::default();
    for (at, character) in text.char_indices() {
        if scan.outside() && character == wanted {
            return Some(Some(at));
        }
        scan.step(character);
    }
    (!scan.quoted).then_some(None)
}

fn split_outside(text: &str, separator: char) -> Vec<&str> {
    split_raw(text, separator).into_iter().filter(|part| !part.is_empty()).collect()
}

fn split_raw(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut scan = Scan::default();
    let mut from = 0;
    for (at, character) in text.char_indices() {
        if scan.outside() && character == separator {
            parts.push(text.get(from..at).unwrap_or_default().trim());
            from = at + separator.len_utf8();
        }
        scan.step(character);
    }
    parts.push(text.get(from..).unwrap_or_default().trim());
    parts
}

/// Where in a value we are: inside a quoted string, inside `<…>`, after a backslash.
#[derive(Default)]
struct Scan {
    quoted: bool,
    bracketed: bool,
    escaped: bool,
}

impl Scan {
    fn outside(&self) -> bool {
        !self.quoted && !self.bracketed
    }

    fn step(&mut self, character: char) {
        let escaped = std::mem::take(&mut self.escaped);
        match character {
            '\\' if self.quoted && !escaped => self.escaped = true,
            '"' if !escaped && !self.bracketed => self.quoted = !self.quoted,
            '<' if !self.quoted => self.bracketed = true,
            '>' if !self.quoted => self.bracketed = false,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_false_address_in_a_display_name_is_only_a_name() {
        let from = r#""x <sip:112@evil.it> \" y" <sip:+390831000001@trunk.it>;tag=9"#;
        let parsed = NameAddr::parse(from).unwrap();
        assert_eq!(parsed.uri, "sip:+390831000001@trunk.it");
        assert_eq!(parsed.display, r#"x <sip:112@evil.it> " y"#);
        assert_eq!(parsed.tag(), Some("9"));
    }

    #[test]
    fn an_open_quote_is_no_address() {
        assert_eq!(NameAddr::parse("\"Mr. J. User <sip:j.user@example.com>"), None);
        assert_eq!(NameAddr::parse("<sip:a@b"), None);
        assert_eq!(NameAddr::parse(""), None);
    }

    #[test]
    fn an_address_without_brackets_leaves_its_parameters_to_the_field() {
        let to = NameAddr::parse("sip:vivekg@example.com ;   tag    = 1918181833n").unwrap();
        assert_eq!((to.uri.as_str(), to.tag()), ("sip:vivekg@example.com", Some("1918181833n")));
    }

    #[test]
    fn via_is_read_with_its_odd_spaces_and_marked_with_the_source() {
        let mut via =
            Via::parse("SIP  / 2.0  / TCP     spindle.example.com   ; branch = z9 ;rport").unwrap();
        assert_eq!(via.branch(), Some("z9"));
        via.mark_source("192.0.2.1:5062".parse().unwrap());
        assert_eq!(
            via.to_string(),
            "SIP/2.0/TCP spindle.example.com;branch=z9;rport=5062;received=192.0.2.1"
        );
        let mut honest = Via::parse("SIP/2.0/UDP [2001:db8::9:1];branch=z").unwrap();
        honest.mark_source("[2001:db8::9:1]:5060".parse().unwrap());
        assert_eq!(honest.to_string(), "SIP/2.0/UDP [2001:db8::9:1];branch=z");
    }

    #[test]
    fn a_via_with_holes_is_refused() {
        for bad in ["SIP/2.0/UDP 192.0.2.15;;", ";", "", "SIP/2.0/UDP", "SIP/2.0/UDP a:x", "a b c"]
        {
            assert_eq!(Via::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn cseq_keeps_to_32_bits() {
        assert_eq!(parse_cseq("0009   INVITE"), Some((9, Method::Invite)));
        for bad in ["36893488147419103232 REGISTER", "-1 BYE", "+1 BYE", "1", "", "x BYE"] {
            assert_eq!(parse_cseq(bad), None, "{bad}");
        }
    }
}
