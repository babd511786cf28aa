//! Who is called and who calls, from what a trunk sends.
//!
//! Source: RFC 3261, RFC 3325 (P-Asserted-Identity), RFC 3323 (Privacy),
//! RFC 3455 §4.2 (P-Called-Party-ID), RFC 5806 (Diversion).

use super::headers::NameAddr;
use super::message::Message;
use super::uri::Uri;

/// The candidates for the number called, best first, without repetitions:
/// P-Called-Party-ID, To, Request-URI, Diversion.
pub(crate) fn called(message: &Message) -> Vec<String> {
    let mut candidates = Vec::new();
    let fields =
        message.list("P-Called-Party-ID").into_iter().chain(message.header("To")).filter_map(party);
    let request_uri = Uri::parse(message.request_uri()).ok().and_then(|uri| uri.party());
    let diverted = message.list("Diversion").into_iter().filter_map(party);
    for candidate in fields.chain(request_uri).chain(diverted) {
        if !candidates.contains(&candidate) {
            candidates.push(candidate);
        }
    }
    candidates
}

/// The caller's number and whether it is hidden; a hidden one is not even read out.
pub(crate) fn caller(message: &Message) -> (Option<String>, bool) {
    let hidden = is_private(message) || is_anonymous(message.header("From"));
    if hidden {
        return (None, true);
    }
    let asserted = message.list("P-Asserted-Identity");
    if asserted.iter().any(|value| is_anonymous(Some(value))) {
        return (None, true);
    }
    let found = asserted.into_iter().find_map(party).or_else(|| party(message.header("From")?));
    (found, false)
}

fn party(value: &str) -> Option<String> {
    Uri::parse(&NameAddr::parse(value)?.uri).ok()?.party()
}

/// RFC 3323 §4.2 and RFC 3325 §9.3: any of these asks that the number stay hidden.
fn is_private(message: &Message) -> bool {
    message.all("Privacy").flat_map(|value| value.split([';', ','])).any(|word| {
        let word = word.trim().to_ascii_lowercase();
        matches!(word.as_str(), "id" | "user" | "header" | "full")
    })
}

/// RFC 3323 §4.1.1.3: `"Anonymous" <sip:anonymous@anonymous.invalid>`, or half of it.
fn is_anonymous(value: Option<&str>) -> bool {
    let uri = value.and_then(NameAddr::parse).and_then(|from| Uri::parse(&from.uri).ok());
    uri.is_some_and(|uri| {
        uri.host.eq_ignore_ascii_case("anonymous.invalid")
            || uri.party().is_some_and(|party| party.eq_ignore_ascii_case("anonymous"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invite(fields: &str) -> Message {
        let text = format!("INVITE sip:registered@host SIP/2.0\r\n{fields}\r\n");
        Message::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn the_called_number_is_looked_for_in_order() {
        let message = invite(
            "To: <tel:0831000000;phone-context=+39>\r\nDiversion: <sip:800093470@x>;reason=unknown\
             \r\nP-Called-Party-ID: <sip:+390831000009@h>\r\n",
        );
        assert_eq!(called(&message), ["+390831000009", "0831000000", "registered", "800093470"]);
    }

    #[test]
    fn the_asserted_number_wins_over_from() {
        let message = invite(
            "From: \"X\" <sip:100@pbx>;tag=1\r\n\
             P-Asserted-Identity: \"Rossi, A\" <sip:+393331234567@h>, <tel:+390831111111>\r\n",
        );
        assert_eq!(caller(&message), (Some("+393331234567".into()), false));
        let message = invite("From: <sip:+393331234567@h;user=phone>;tag=1\r\n");
        assert_eq!(caller(&message), (Some("+393331234567".into()), false));
    }

    #[test]
    fn a_hidden_caller_has_no_number() {
        let pai = "P-Asserted-Identity: <sip:+393331234567@h>\r\n";
        for fields in [
            "From: <sip:1@h>;tag=1\r\nPrivacy: id\r\n",
            "From: <sip:1@h>;tag=1\r\nPrivacy: critical; USER\r\n",
            "From: \"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1\r\n",
            "From: <sip:Anonymous@trunk.it>;tag=1\r\n",
            "From: <sip:x@anonymous.invalid>\r\n",
        ] {
            assert_eq!(caller(&invite(&format!("{fields}{pai}"))), (None, true), "{fields}");
        }
        let none = invite("From: <sip:1@h>\r\nPrivacy: none\r\n");
        assert_eq!(caller(&none), (Some("1".into()), false));
    }
}
