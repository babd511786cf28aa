//! A dialog: what two parties must remember to speak to each other (RFC 3261 §12).

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::headers::{NameAddr, parameter};
use super::message::Message;
use super::method::Method;
use super::route::Route;
use super::sanity::Request;
use super::uri::{Scheme, Uri};

/// The state of one dialog, ours and theirs; it can be written to disk and read back.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialog {
    /// Call-ID of every request in it.
    pub call_id: String,
    /// Our tag.
    pub local_tag: String,
    /// Their tag; empty while unknown, or for a party that has none (RFC 2543).
    pub remote_tag: String,
    /// Our From, without its tag.
    pub local_party: String,
    /// Their To, without its tag.
    pub remote_party: String,
    /// Number of our last request.
    pub local_cseq: u32,
    /// Number of their last request, once there was one.
    pub remote_cseq: Option<u32>,
    /// Route header elements, in the order we send them.
    pub route_set: Vec<String>,
    /// Where their Contact says requests go.
    pub remote_target: String,
    /// The path of the transport.
    pub route: Route,
}

impl Dialog {
    /// The called party's side of an INVITE (RFC 3261 §12.1.1).
    pub(crate) fn called(invite: &Request, local_tag: String, route: Route) -> Self {
        let message = &invite.message;
        let routes = message.list("Record-Route").into_iter().map(str::to_owned).collect();
        Self {
            call_id: invite.call_id.clone(),
            local_tag,
            remote_tag: invite.from_tag.clone(),
            local_party: without_tag(message.header("To").unwrap_or_default()),
            remote_party: without_tag(message.header("From").unwrap_or_default()),
            local_cseq: 0,
            remote_cseq: Some(invite.cseq),
            route_set: routes,
            remote_target: contact_of(message).unwrap_or_else(|| format!("sip:{}", route.remote)),
            route,
        }
    }

    /// The calling party learns from a response with a To tag (RFC 3261 §12.1.2).
    pub(crate) fn learn(&mut self, response: &Message) {
        let to = response.header("To").unwrap_or_default();
        self.remote_tag = tag_of(to);
        self.remote_party = without_tag(to);
        self.route_set =
            response.list("Record-Route").into_iter().rev().map(str::to_owned).collect();
        if let Some(target) = contact_of(response) {
            self.remote_target = target;
        }
    }

    /// A target refresh: re-INVITE or UPDATE brought a new Contact (RFC 3261 §12.2).
    pub(crate) fn refresh(&mut self, message: &Message) {
        if let Some(target) = contact_of(message) {
            self.remote_target = target;
        }
    }

    /// Whether a request in the dialog comes after those seen (RFC 3261 §12.2.2).
    pub(crate) fn take_cseq(&mut self, cseq: u32) -> bool {
        if self.remote_cseq.is_some_and(|seen| cseq <= seen) {
            return false;
        }
        self.remote_cseq = Some(cseq);
        true
    }

    /// A new request in the dialog; ACK keeps the number of its INVITE, others count on.
    pub(crate) fn request(&mut self, method: Method, branch: &str) -> Message {
        self.local_cseq = self.local_cseq.saturating_add(1);
        self.request_numbered(method, self.local_cseq, branch)
    }

    /// A request with a given number (RFC 3261 §12.2.1.1).
    pub(crate) fn request_numbered(&self, method: Method, cseq: u32, branch: &str) -> Message {
        let (uri, routes) = self.targets();
        let mut message = Message::request(method, uri);
        push_via(&mut message, self.route, branch);
        message.push("Max-Forwards", "70");
        for route in routes {
            message.push("Route", route);
        }
        message.push("From", with_tag(&self.local_party, &self.local_tag));
        message.push("To", with_tag(&self.remote_party, &self.remote_tag));
        message.push("Call-ID", self.call_id.clone());
        let method = message.method().map_or("", Method::as_str).to_owned();
        message.push("CSeq", format!("{cseq} {method}"));
        message
    }

    /// Where a request goes when no connection is open: the first Route, else the
    /// target (RFC 3261 §8.1.2). `None` when that is a name: we have its address no more;
    /// and when it wants another transport than the dialog's.
    pub(crate) fn next_hop(&self) -> Option<SocketAddr> {
        let first = self.route_set.first().and_then(|route| NameAddr::parse(route));
        let first = first.map_or_else(|| self.remote_target.clone(), |route| route.uri);
        let uri = Uri::parse(&first).ok()?;
        let datagrams = !self.route.transport.is_reliable();
        let transport = parameter(&uri.parameters, "transport").unwrap_or("udp");
        let elsewhere = uri.scheme == Scheme::Sips
            || !transport.eq_ignore_ascii_case("udp")
            || parameter(&uri.parameters, "maddr").is_some();
        if datagrams && elsewhere {
            return None;
        }
        let address = uri.host.trim_matches(['[', ']']).parse().ok()?;
        Some(SocketAddr::new(
            address,
            uri.port.unwrap_or_else(|| self.route.transport.default_port()),
        ))
    }

    /// Request-URI and Route headers: loose routing, or strict when the first
    /// route has no `lr`.
    fn targets(&self) -> (String, Vec<String>) {
        let Some((first, others)) = self.route_set.split_first() else {
            return (self.remote_target.clone(), Vec::new());
        };
        let uri = NameAddr::parse(first).map(|route| route.uri).unwrap_or_default();
        let loose =
            Uri::parse(&uri).is_ok_and(|uri| uri.parameters.iter().any(|(name, _)| name == "lr"));
        if loose || uri.is_empty() {
            return (self.remote_target.clone(), self.route_set.clone());
        }
        let last = format!("<{}>", self.remote_target);
        (uri, others.iter().cloned().chain([last]).collect())
    }
}

impl std::fmt::Debug for Dialog {
    /// The Call-ID only: the rest names people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Dialog({})", self.call_id)
    }
}

/// Our Via, with `rport` (RFC 3581).
pub(crate) fn push_via(message: &mut Message, route: Route, branch: &str) {
    let transport = route.transport.as_str();
    message.push("Via", format!("SIP/2.0/{transport} {};branch={branch};rport", route.local));
}

/// Our Contact on a route.
pub(crate) fn contact(route: Route) -> String {
    format!("<sip:polaris@{}{}>", route.local, route.transport.parameter())
}

/// The tag of a From or To; empty when absent.
pub(crate) fn tag_of(value: &str) -> String {
    NameAddr::parse(value).and_then(|party| party.tag().map(str::to_owned)).unwrap_or_default()
}

fn contact_of(message: &Message) -> Option<String> {
    let contact = NameAddr::parse(message.list("Contact").first()?)?;
    let uri = Uri::parse(&contact.uri).ok()?;
    // A Route hidden in a Contact must never become one (RFC 4475 §3.3.14).
    let text = if uri.has_headers {
        contact.uri.split('?').next().unwrap_or_default().to_owned()
    } else {
        contact.uri
    };
    Some(text)
}

/// The party alone, bracketed, without display name or parameters.
fn without_tag(value: &str) -> String {
    NameAddr::parse(value).map_or_else(|| value.to_owned(), |party| format!("<{}>", party.uri))
}

fn with_tag(party: &str, tag: &str) -> String {
    if tag.is_empty() { party.to_owned() } else { format!("{party};tag={tag}") }
}

#[cfg(test)]
mod tests {
    use super::super::route::Transport;
    use super::*;

    fn route() -> Route {
        let local = "192.0.2.1:5060".parse().unwrap();
        Route { transport: Transport::Udp, local, remote: "192.0.2.2:5062".parse().unwrap() }
    }

    fn called(fields: &str) -> Dialog {
        let text = format!(
            "INVITE sip:x@h SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKx\r\n\
             From: \"N\" <sip:a@b>;tag=1\r\nTo: sip:c@d\r\nCall-ID: 1\r\nCSeq: 7 INVITE\r\n\
             {fields}\r\n"
        );
        let request = Request::read(Message::parse(text.as_bytes()).unwrap()).unwrap();
        Dialog::called(&request, "me".into(), route())
    }

    #[test]
    fn requests_follow_the_recorded_route() {
        let mut dialog = called(
            "Record-Route: <sip:p2;lr>, <sip:p1;lr>\r\nContact: <sip:a@10.0.0.1?Route=%3Csip:x%3E>\
             \r\n",
        );
        let bye = dialog.request(Method::Bye, "z9hG4bK1");
        assert_eq!(bye.request_uri(), "sip:a@10.0.0.1");
        assert_eq!(bye.list("Route"), ["<sip:p2;lr>", "<sip:p1;lr>"]);
        assert_eq!(bye.header("From"), Some("<sip:c@d>;tag=me"));
        assert_eq!(bye.header("To"), Some("<sip:a@b>;tag=1"));
        assert_eq!(bye.header("CSeq"), Some("1 BYE"));
    }

    #[test]
    fn a_strict_router_gets_the_request_uri() {
        let mut dialog = called("Record-Route: <sip:p1>, <sip:p2;lr>\r\nContact: <sip:a@c>\r\n");
        let bye = dialog.request(Method::Bye, "z9hG4bK1");
        assert_eq!(bye.request_uri(), "sip:p1");
        assert_eq!(bye.list("Route"), ["<sip:p2;lr>", "<sip:a@c>"]);
    }

    #[test]
    fn an_old_number_is_not_taken_twice() {
        let mut dialog = called("");
        assert!(!dialog.take_cseq(7));
        assert!(dialog.take_cseq(9));
        assert!(!dialog.take_cseq(8));
        assert_eq!(dialog.remote_target, "sip:192.0.2.2:5062", "no Contact: back to the source");
    }

    #[test]
    fn a_dialog_survives_the_disk() {
        let dialog = called("Contact: <sip:a@c>\r\n");
        let text = serde_json::to_string(&dialog).unwrap();
        assert_eq!(serde_json::from_str::<Dialog>(&text).unwrap(), dialog);
    }
}
