//! Our own addresses: which one fits a peer, and which one the peer sees.
//!
//! It sends nothing and keeps nothing: each time the machine's routing table is asked, because
//! routes change.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// The addresses peers see us at, where they are not those listened on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Public {
    /// For peers over IPv4.
    pub v4: Option<Ipv4Addr>,
    /// For peers over IPv6.
    pub v6: Option<Ipv6Addr>,
}

impl Public {
    /// The address a peer sees that reaches us over the family of `peer`.
    pub fn towards(self, peer: IpAddr) -> Option<IpAddr> {
        match peer.to_canonical() {
            IpAddr::V4(_) => self.v4.map(IpAddr::V4),
            IpAddr::V6(_) => self.v6.map(IpAddr::V6),
        }
    }
}

/// What everybody sees, and what single trunks see instead.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// For all others.
    pub usual: Public,
    /// By the trunk's place in the configuration.
    pub trunks: BTreeMap<usize, Public>,
}

/// The one of `places` that is best to reach `remote` from, by their address `at`.
///
/// The first that the machine's routes lead from, or that is unspecified; else the first as far
/// away from loopback as `remote` is; else the first.
pub fn fitting<T>(
    mut places: impl Iterator<Item = T> + Clone,
    at: impl Fn(&T) -> IpAddr,
    remote: SocketAddr,
) -> Option<T> {
    let all = places.clone();
    let first = places.next()?;
    if places.next().is_none() {
        return Some(first);
    }
    let chosen = chosen_towards(unspecified(remote), remote);
    all.min_by_key(|place| misfit(at(place), chosen, remote.ip()))
}

/// How badly an address fits a peer, 0 being well.
fn misfit(address: IpAddr, chosen: Option<IpAddr>, remote: IpAddr) -> u8 {
    // The whole of loopback is one place, whichever address the kernel would prefer.
    let loops = address.is_loopback() && remote.is_loopback();
    match address.is_unspecified() || chosen == Some(address) || loops {
        true => 0,
        false => 1 + u8::from(address.is_loopback() != remote.is_loopback()),
    }
}

/// The address peers see us at: the one bound, or the one the machine's routes choose.
pub(super) fn own_address(bound: IpAddr, remote: SocketAddr) -> IpAddr {
    if !bound.is_unspecified() {
        return bound;
    }
    chosen_towards(bound, remote).unwrap_or(bound)
}

fn chosen_towards(bound: IpAddr, remote: SocketAddr) -> Option<IpAddr> {
    // A connected UDP socket sends nothing; it only asks the routing table.
    let socket = UdpSocket::bind(SocketAddr::new(bound, 0)).ok()?;
    socket.connect(remote).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

fn unspecified(remote: SocketAddr) -> IpAddr {
    match remote {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_fits_where_the_route_begins_and_loopback_leads_nowhere_else() {
        let (vlan, public, any) = (ip("10.0.0.1"), ip("192.0.2.5"), ip("0.0.0.0"));
        let (here, there) = (ip("127.0.0.1"), ip("127.7.0.1"));
        let (peer, near) = (ip("198.51.100.1"), ip("127.0.0.78"));
        let best = |list: &[IpAddr], chosen: Option<IpAddr>, remote| {
            list.iter().copied().min_by_key(|address| misfit(*address, chosen, remote)).unwrap()
        };
        assert_eq!(best(&[here, vlan, public], Some(public), peer), public);
        assert_eq!(best(&[here, vlan, public], Some(vlan), peer), vlan);
        assert_eq!(best(&[any, public], Some(public), peer), any, "the first that fits");
        // No route, or another address of ours than any that is listened on.
        assert_eq!(best(&[here, vlan, public], None, peer), vlan);
        assert_eq!(best(&[there, here, vlan], Some(here), near), there, "as it is written");
        assert_eq!(best(&[vlan, there], None, near), there);
    }

    #[test]
    fn the_machine_is_asked_which_place_leads_to_a_peer() {
        let remote = "127.0.0.78:5060".parse().unwrap();
        let places = [ip("192.0.2.5"), ip("127.9.0.1")];
        let found = |places: &[IpAddr]| fitting(places.iter().copied(), |place| *place, remote);
        assert_eq!(found(&places), Some(places[1]));
        assert_eq!(found(&places[..1]), Some(places[0]), "there is no other");
        assert_eq!(found(&[]), None);
    }
}
