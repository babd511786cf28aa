//! Whose calls are a trunk's: its written addresses, those its name has, and those it had before.
//!
//! It looks up no name. Law: what a name has left two moves ago is trusted no more.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::Trunks;
use crate::line::Target;
use crate::sip::Endpoint;
use crate::switchboard::TrunkRoute;

/// The hosts of one trunk.
#[derive(Debug)]
pub(super) struct Hosts {
    written: BTreeSet<IpAddr>,
    now: BTreeSet<IpAddr>,
    before: BTreeSet<IpAddr>,
}

impl Hosts {
    /// Of a trunk as it is written, or found at the start.
    pub(super) fn new(route: &mut TrunkRoute) -> Self {
        let written = route.terms.addresses.clone();
        let mut hosts = Self { written, now: BTreeSet::new(), before: BTreeSet::new() };
        hosts.follow(&route.places, &mut route.terms.addresses);
        hosts
    }

    /// It has these places now; calls of before may still be talking.
    pub(super) fn follow(&mut self, places: &[Target], addresses: &mut BTreeSet<IpAddr>) {
        let found = places.iter().map(|place| place.address.ip().to_canonical()).collect();
        self.before = std::mem::replace(&mut self.now, found);
        let all = self.written.iter().chain(&self.now).chain(&self.before);
        *addresses = all.copied().collect();
    }
}

impl Trunks {
    /// Tells the signals whose calls are read how, and nothing of what was told before.
    pub(in crate::switchboard) fn introduce(&self, endpoint: &mut Endpoint) {
        endpoint.forget_peers();
        // Where two trunks have one address, the first one's terms hold.
        self.list.iter().rev().for_each(|trunk| trunk.route.terms.introduce(endpoint));
    }
}
