//! The calling party: INVITE out, CANCEL out.

use std::collections::BTreeMap;

use super::transactions::{ClientMachine, ClientRecord, Purpose};
use super::uas::UNANSWERED;
use super::usage::{Calling, Stage};
use super::*;
use crate::sip::client_invite::ClientInvite;
use crate::sip::dialog::contact;
use crate::sip::headers::NameAddr;
use crate::sip::identity;
use crate::sip::route::Transport;
use crate::sip::sanity::SDP;
use crate::sip::session::Wish;
use crate::sip::uri::{Uri, split_host_port};

impl Endpoint {
    /// Places a call.
    ///
    /// # Errors
    /// When a table is full or the number cannot stand in an address; nothing is sent.
    pub fn invite(&mut self, now: Moment, outgoing: Outgoing) -> Result<DialogId, PlaceCallError> {
        let digits = outgoing.to.strip_prefix('+').unwrap_or(&outgoing.to);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(PlaceCallError::NotDiallable);
        }
        if self.usages.len() >= self.config.max_dialogs {
            return Err(PlaceCallError::TooManyDialogs);
        }
        if self.transactions.len() >= self.config.max_transactions {
            return Err(PlaceCallError::TooManyTransactions);
        }
        let route = outgoing.route;
        let host = outgoing.to_host.clone().unwrap_or_else(|| route.remote.to_string());
        let target = format!("sip:{}@{host};user=phone", outgoing.to);
        let base = Dialog {
            call_id: format!("{}@{}", self.new_token() + &self.new_token(), route.local.ip()),
            local_tag: self.new_token(),
            remote_tag: String::new(),
            local_party: identity::from(&outgoing),
            remote_party: format!("<{target}>"),
            local_cseq: 0,
            remote_cseq: None,
            route_set: way(&outgoing),
            remote_target: target.clone(),
            route,
        };
        let mut invite = Message::request(Method::Invite, String::new());
        invite.push("Contact", contact(route));
        identity::present(&mut invite, &outgoing, &target);
        invite.push("Allow", ALLOW);
        let known = match outgoing.forwarding.history_info {
            true => "100rel, timer, histinfo",
            false => "100rel, timer",
        };
        invite.push("Supported", known);
        Wish::default().write(&mut invite);
        invite.push("User-Agent", self.config.user_agent.clone());
        invite.set_body(SDP, outgoing.sdp.clone());
        let calling = Calling {
            client: 0,
            ringing: false,
            early_sdp: None,
            early: BTreeMap::new(),
            challenged: false,
            cancelled: false,
            until: now + UNANSWERED,
        };
        let mut usage = Usage::new(base, Stage::Calling(calling));
        usage.credentials = outgoing.credentials;
        usage.own_sdp = outgoing.sdp;
        usage.home = Some(route.remote);
        let dialog = self.open_usage(usage);
        self.send_invite(now, dialog, &invite);
        Ok(dialog)
    }

    /// Sends the INVITE of a dialog: `template` gives what does not depend on the try.
    pub(super) fn send_invite(&mut self, now: Moment, dialog: DialogId, template: &Message) {
        let branch = self.new_branch();
        let Some(usage) = self.usages.get_mut(&dialog) else {
            return;
        };
        let mut request = usage.dialog.request(Method::Invite, &branch);
        request.headers.extend(template.headers.iter().cloned());
        request.body = template.body.clone();
        let route = usage.dialog.route;
        let base = Box::new(usage.dialog.clone());
        let machine = ClientInvite::new(now, route.transport.is_reliable());
        let client = self.open_client(ClientRecord {
            bytes: request.to_bytes(),
            request,
            route,
            dialog: Some(dialog),
            purpose: Purpose::Invite { base, acks: BTreeMap::new() },
            machine: ClientMachine::Invite(machine),
            branch,
            sent_again: false,
            refused: None,
        });
        if let Some(Usage { stage: Stage::Calling(calling), .. }) = self.usages.get_mut(&dialog) {
            calling.client = client;
            // Another INVITE, another set of early dialogs.
            calling.early.clear();
        }
    }

    /// Sends a request and waits for its answer.
    pub(super) fn open_client(&mut self, record: ClientRecord) -> u64 {
        self.send(record.route, record.bytes.clone());
        let at = record.machine.poll_timeout();
        let id = self.transactions.add_client(record);
        self.wakeups.set(Owner::Client(id), at);
        id
    }

    /// Withdraws our INVITE, now that something has come back (RFC 3261 §9.1).
    pub(super) fn cancel(&mut self, now: Moment, dialog: DialogId) {
        let Some(usage) = self.usages.get_mut(&dialog) else {
            return;
        };
        let Stage::Calling(calling) = &mut usage.stage else {
            return;
        };
        if std::mem::replace(&mut calling.cancelled, true) {
            return;
        }
        calling.until = now + crate::sip::timers::GIVE_UP;
        let client = calling.client;
        self.rearm(dialog);
        let Some(record) = self.transactions.clients.get(&client) else {
            return;
        };
        let request = derived(&record.request, Method::Cancel, None);
        let (route, branch) = (record.route, record.branch.clone());
        let machine = crate::sip::client::Client::new(now, route.transport.is_reliable());
        self.open_client(ClientRecord {
            bytes: request.to_bytes(),
            request,
            route,
            dialog: None,
            purpose: Purpose::Cancel,
            machine: ClientMachine::Other(machine),
            branch,
            sent_again: false,
            refused: None,
        });
    }
}

/// The Route elements of a new call: the proxy that everything passes, then what the registrar
/// asked for, which may begin with that proxy.
fn way(outgoing: &Outgoing) -> Vec<String> {
    let asked = &outgoing.service_route;
    let named = asked.first().and_then(|first| NameAddr::parse(first));
    let named = named.and_then(|first| Uri::parse(&first.uri).ok());
    let first = outgoing.outbound_proxy.as_deref().filter(|proxy| {
        let (host, port) = split_host_port(proxy).unwrap_or((proxy, None));
        let usual = outgoing.route.transport.default_port();
        !named.as_ref().is_some_and(|uri| {
            uri.host.eq_ignore_ascii_case(host)
                && uri.port.unwrap_or(usual) == port.unwrap_or(usual)
        })
    });
    let first = first.map(|proxy| preloaded(proxy, outgoing.route));
    first.into_iter().chain(asked.iter().cloned()).collect()
}

/// The Route that leads everything over a proxy first (RFC 3261 §8.1.2).
pub(super) fn preloaded(proxy: &str, route: Route) -> String {
    match route.transport {
        Transport::Udp => format!("<sip:{proxy};lr>"),
        transport => {
            let name = transport.as_str().to_ascii_lowercase();
            format!("<sip:{proxy};transport={name};lr>")
        }
    }
}

/// An ACK or CANCEL made of its INVITE: same Request-URI, Via, Route, From, Call-ID, number.
pub(super) fn derived(invite: &Message, method: Method, to: Option<&str>) -> Message {
    let mut message = Message::request(method.clone(), invite.request_uri().to_owned());
    for header in &invite.headers {
        match header.name.as_str() {
            "Via" | "Max-Forwards" | "Route" | "From" | "Call-ID" => {
                message.headers.push(header.clone());
            }
            "To" => message.push("To", to.unwrap_or(&header.value)),
            "CSeq" => {
                let number = header.value.split(' ').next().unwrap_or_default();
                message.push("CSeq", format!("{number} {method}"));
            }
            "Authorization" | "Proxy-Authorization" if method == Method::Ack => {
                message.headers.push(header.clone());
            }
            _ => {}
        }
    }
    message
}
