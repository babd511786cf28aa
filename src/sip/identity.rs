//! Who is called and who calls: from what a trunk sends, and for what it is sent.
//!
//! Source: RFC 3261, RFC 3325 (P-Asserted-Identity), RFC 3323 (Privacy),
//! RFC 7315 §4.2 (P-Called-Party-ID), RFC 5806 (Diversion), RFC 7044 (History-Info).

use super::endpoint::Outgoing;
use super::headers::{NameAddr, parameter};
use super::message::Message;
use super::peer::{CalledIn, HiddenCallers, Peer};
use super::uri::Uri;

/// The candidates for the number called, best first, without repetitions: where the peer
/// writes it, then every other place: a call with a strange form is a call all the same.
pub(crate) fn called(message: &Message, first: &[CalledIn]) -> Vec<String> {
    let mut candidates = Vec::new();
    let others = CalledIn::USUAL.iter().filter(|place| !first.contains(place));
    for place in first.iter().chain(others) {
        let found = match place {
            CalledIn::Diversion => parties(message, "Diversion"),
            CalledIn::PCalledPartyId => parties(message, "P-Called-Party-ID"),
            CalledIn::RequestUri => {
                let uri = Uri::parse(message.request_uri()).ok();
                uri.and_then(|uri| uri.party()).into_iter().collect()
            }
            CalledIn::To => message.header("To").and_then(party).into_iter().collect(),
        };
        for candidate in found {
            if !candidates.contains(&candidate) {
                candidates.push(candidate);
            }
        }
    }
    candidates
}

/// The caller's number and whether it is hidden; a hidden one is not even read out, unless
/// the peer's agreement says so.
pub(crate) fn caller(message: &Message, peer: &Peer) -> (Option<String>, bool) {
    let places = peer.caller_in.iter().map(|place| place.field());
    let values = || places.clone().flat_map(|field| message.list(field));
    let network = ["P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID"];
    let unnamed = network.iter().filter(|field| places.clone().any(|place| place == **field));
    let unnamed = unnamed.flat_map(|field| message.list(field)).any(|v| is_anonymous(Some(v)));
    let withheld = places.clone().any(|place| place == "Remote-Party-ID")
        && message.list("Remote-Party-ID").into_iter().any(is_withheld);
    let from = is_anonymous(message.header("From"));
    let hidden = is_private(message) || from || unnamed || withheld;
    if hidden && peer.hidden == HiddenCallers::Hidden {
        return (None, true);
    }
    // RFC 3325 §9.1: there may be two, of which one is a number and the other a name.
    let parties = || {
        let shown = values().filter(|value| !is_anonymous(Some(value))).filter_map(party);
        shown.filter(|party| !is_one_of(party, &UNKNOWN))
    };
    (parties().find(|party| is_number(party)).or_else(|| parties().next()), hidden)
}

/// Writes who calls a responder: our own number, vouched for; with an agreement, the
/// caller's own in From, and that the call was passed on (RFC 5806, RFC 7044).
pub(crate) fn present(invite: &mut Message, outgoing: &Outgoing, target: &str) {
    let forwarding = &outgoing.forwarding;
    let own = format!("sip:{}@{};user=phone", outgoing.from_number, outgoing.from_host);
    invite.push("P-Asserted-Identity", format!("<{own}>"));
    if forwarding.diversion {
        invite.push("Diversion", format!("<{own}>;reason=unconditional"));
    }
    if forwarding.history_info {
        // RFC 4458 §2: 302 is «unconditional».
        let passed = format!("<{target};cause=302>;index=1.1;mp=1");
        invite.push("History-Info", format!("<{own}>;index=1, {passed}"));
    }
}

/// From of a call to a responder, without its tag.
pub(crate) fn from(outgoing: &Outgoing) -> String {
    let number = outgoing.forwarding.caller.as_ref().unwrap_or(&outgoing.from_number);
    format!("<sip:{number}@{};user=phone>", outgoing.from_host)
}

fn parties(message: &Message, field: &str) -> Vec<String> {
    message.list(field).into_iter().filter_map(party).collect()
}

fn party(value: &str) -> Option<String> {
    Uri::parse(&NameAddr::parse(value)?.uri).ok()?.party()
}

fn is_one_of(party: &str, words: &[&str]) -> bool {
    words.iter().any(|word| party.eq_ignore_ascii_case(word))
}

fn is_number(party: &str) -> bool {
    let digits = party.strip_prefix('+').unwrap_or(party);
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit() || b"-.()".contains(&byte))
}

/// RFC 3323 §4.2 and RFC 3325 §9.3: any of these asks that the number stay hidden.
fn is_private(message: &Message) -> bool {
    message.all("Privacy").flat_map(|value| value.split([';', ','])).any(|word| {
        let word = word.trim().to_ascii_lowercase();
        matches!(word.as_str(), "id" | "user" | "header" | "full")
    })
}

/// What Remote-Party-ID had in place of a Privacy field: `privacy=full`.
fn is_withheld(value: &str) -> bool {
    let party = NameAddr::parse(value);
    let asked = party.as_ref().and_then(|party| parameter(&party.parameters, "privacy"));
    asked.is_some_and(|asked| asked.split('-').any(|word| matches!(word, "full" | "uri")))
}

/// RFC 3323 §4.1.1.3: `"Anonymous" <sip:anonymous@anonymous.invalid>`, or half of it, or a word
/// that gateways write in place of a number nobody may see.
fn is_anonymous(value: Option<&str>) -> bool {
    let uri = value.and_then(NameAddr::parse).and_then(|from| Uri::parse(&from.uri).ok());
    uri.is_some_and(|uri| {
        uri.host.eq_ignore_ascii_case("anonymous.invalid")
            || uri.party().is_some_and(|party| is_one_of(&party, &WITHHELD))
    })
}

const WITHHELD: [&str; 3] = ["anonymous", "private", "restricted"];
const UNKNOWN: [&str; 2] = ["unavailable", "unknown"];

#[cfg(test)]
mod tests {
    use super::super::peer::CallerIn;
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
        let usual = ["+390831000009", "0831000000", "registered", "800093470"];
        assert_eq!(called(&message, &CalledIn::USUAL), usual);
        let own = called(&message, &[CalledIn::Diversion, CalledIn::RequestUri]);
        assert_eq!(own, ["800093470", "registered", "+390831000009", "0831000000"]);
    }

    #[test]
    fn the_callers_number_is_looked_for_only_where_the_peer_writes_it() {
        let message = invite(
            "From: <sip:1@h>;tag=1\r\nP-Asserted-Identity: <sip:2@h>\r\n\
             P-Preferred-Identity: <sip:3@h>\r\nRemote-Party-ID: <sip:4@h>;party=calling\r\n",
        );
        use CallerIn::{From, PAssertedIdentity, PPreferredIdentity, RemotePartyId};
        for (places, number) in [
            (vec![PAssertedIdentity, From], Some("2")),
            (vec![From], Some("1")),
            (vec![PPreferredIdentity, From], Some("3")),
            (vec![RemotePartyId], Some("4")),
            (vec![], None),
        ] {
            let peer = Peer { caller_in: places, ..Peer::default() };
            assert_eq!(caller(&message, &peer).0.as_deref(), number);
        }
    }

    #[test]
    fn a_hidden_number_is_shown_only_where_that_was_agreed() {
        let message = invite(
            "From: \"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1\r\nPrivacy: id\r\n\
             P-Asserted-Identity: <sip:+393331234567@h>\r\n",
        );
        let shown = Peer { hidden: HiddenCallers::Shown, ..Peer::default() };
        assert_eq!(caller(&message, &shown), (Some("+393331234567".into()), true));
        assert_eq!(caller(&message, &Peer::default()), (None, true));
        let full = invite("From: <sip:1@h>\r\nRemote-Party-ID: <sip:2@h>;privacy=full\r\n");
        let old = Peer { caller_in: vec![CallerIn::RemotePartyId], ..Peer::default() };
        assert_eq!(caller(&full, &old), (None, true));
    }

    #[test]
    fn the_asserted_number_wins_over_from() {
        let message = invite(
            "From: \"X\" <sip:100@pbx>;tag=1\r\n\
             P-Asserted-Identity: \"Rossi, A\" <sip:+393331234567@h>, <tel:+390831111111>\r\n",
        );
        assert_eq!(caller(&message, &Peer::default()), (Some("+393331234567".into()), false));
        for (party, number) in [
            ("<sip:foo@x>, <tel:+39-333-1234567>", Some("+39-333-1234567")),
            ("<sip:foo@x>", Some("foo")),
            ("<sip:unavailable@x>", None),
            ("<sip:Restricted@x>", None),
        ] {
            let message =
                invite(&format!("From: <sip:Unknown@h>\r\nP-Asserted-Identity: {party}\r\n"));
            let hidden = party.contains("Restricted");
            let told = caller(&message, &Peer::default());
            assert_eq!((told.0.as_deref(), told.1), (number, hidden), "{party}");
        }
        let message = invite("From: <sip:+393331234567@h;user=phone>;tag=1\r\n");
        assert_eq!(caller(&message, &Peer::default()), (Some("+393331234567".into()), false));
    }

    #[test]
    fn a_hidden_caller_has_no_number() {
        let pai = "P-Asserted-Identity: <sip:+393331234567@h>\r\n";
        for fields in [
            "From: <sip:1@h>;tag=1\r\nPrivacy: id\r\n",
            "From: <sip:1@h>;tag=1\r\nPrivacy: critical; USER\r\n",
            "From: \"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1\r\n",
            "From: <sip:Anonymous@trunk.it>;tag=1\r\n",
            "From: <sip:restricted@trunk.it>;tag=1\r\n",
            "From: <sip:x@anonymous.invalid>\r\n",
        ] {
            assert_eq!(
                caller(&invite(&format!("{fields}{pai}")), &Peer::default()),
                (None, true),
                "{fields}"
            );
        }
        let none = invite("From: <sip:1@h>\r\nPrivacy: none\r\n");
        assert_eq!(caller(&none, &Peer::default()), (Some("1".into()), false));
    }
}
