//! Where requests inside a dialog go (RFC 3261 §12.2.1.1, §8.1.2).
//!
//! Over a connection they stay on it. Over UDP a peer is written to at the address its Route or
//! Contact gives, where that is the host that spoke to us, or another of its trunk; a name, a
//! private address behind a NAT and every other host give way to the address that is known to
//! work: the one that was asked, or that the last request came from.
//!
//! Law: no request leaves for a host that is neither the known one nor of its trunk.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::hosts::Hosts;
use super::usage::Usage;
use crate::sip::dialog::Dialog;
use crate::sip::headers::Via;
use crate::sip::message::Message;
use crate::sip::route::{Route, Transport};

impl Hosts {
    /// Aims a dialog; `known` is a way to the other side that works.
    pub(super) fn aim(&self, dialog: &mut Dialog, known: Route) {
        dialog.route = known;
        if let Some(hop) = dialog.next_hop().filter(|hop| self.is_open(*hop, known)) {
            dialog.route.remote = hop;
        }
    }

    /// A request inside a dialog came from `source`.
    ///
    /// Who sends from where it is written to, and asks to be answered there, may have moved
    /// behind its NAT: it is followed. Anybody else is where its Route or Contact says.
    pub(super) fn follow(&self, usage: &mut Usage, source: Route, request: &Message) {
        let before = std::mem::replace(&mut usage.source, source);
        let via = request.list("Via").first().and_then(|element| Via::parse(element));
        let same =
            usage.dialog.route.remote == before.remote && before.remote.ip() == source.remote.ip();
        if same && via.is_some_and(|via| via.asks_for_source()) {
            usage.dialog.route = source;
        } else {
            self.aim(&mut usage.dialog, source);
        }
    }

    /// A target refresh: a new Contact may lead elsewhere, the same one changes nothing.
    pub(super) fn refresh(&self, dialog: &mut Dialog, known: Route, message: &Message) {
        let before = dialog.next_hop();
        dialog.refresh(message);
        if dialog.next_hop() != before {
            self.aim(dialog, known);
        }
    }

    /// Whether a next hop may be written to in place of `known`.
    fn is_open(&self, hop: SocketAddr, known: Route) -> bool {
        known.transport == Transport::Udp
            && hop.port() != 0
            && hop != known.local
            && hop.is_ipv4() == known.remote.is_ipv4()
            && self.are_one(hop.ip(), known.remote.ip())
            // What a telephone writes that does not know its own address.
            && (!is_localhost(hop.ip()) || is_localhost(known.remote.ip()))
    }
}

fn is_localhost(address: IpAddr) -> bool {
    let address = address.to_canonical();
    address == Ipv4Addr::LOCALHOST || address == Ipv6Addr::LOCALHOST
}
