//! Which addresses are one peer: an answer may come from any host of whom we asked, and its
//! calls are counted together.
//!
//! It admits nobody: the line has turned strangers away before.

use std::collections::BTreeSet;
use std::net::IpAddr;

/// The hosts of each peer that has several.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    peers: Vec<BTreeSet<IpAddr>>,
}

impl Hosts {
    /// Learns the hosts of a peer; what was known of it is a part of them, or stays.
    pub(super) fn learn(&mut self, addresses: &BTreeSet<IpAddr>) {
        let addresses: BTreeSet<IpAddr> = addresses.iter().map(IpAddr::to_canonical).collect();
        if self.peers.iter().any(|known| addresses.is_subset(known)) {
            return;
        }
        self.peers.retain(|known| !known.is_subset(&addresses));
        self.peers.push(addresses);
    }

    /// Whether both are the same host, or hosts of one peer.
    pub(super) fn are_one(&self, one: IpAddr, other: IpAddr) -> bool {
        let (one, other) = (one.to_canonical(), other.to_canonical());
        let mut peers = self.peers.iter();
        one == other || peers.any(|peer| peer.contains(&one) && peer.contains(&other))
    }

    /// The address that stands for all hosts of a peer.
    pub(super) fn first(&self, host: IpAddr) -> IpAddr {
        let host = host.to_canonical();
        let peer = self.peers.iter().find(|peer| peer.contains(&host));
        peer.and_then(BTreeSet::first).copied().unwrap_or(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(addresses: &[&str]) -> BTreeSet<IpAddr> {
        addresses.iter().map(|address| ip(address)).collect()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn hosts_are_one_where_any_peer_has_both_and_a_peer_that_grows_is_kept_once() {
        let mut hosts = Hosts::default();
        hosts.learn(&set(&["192.0.2.1", "192.0.2.2"]));
        hosts.learn(&set(&["192.0.2.2", "2001:db8::1"]));
        let one = |hosts: &Hosts, a, b| hosts.are_one(ip(a), ip(b));
        assert!(one(&hosts, "192.0.2.1", "::ffff:192.0.2.2"));
        assert!(one(&hosts, "2001:db8::1", "192.0.2.2"));
        assert!(!one(&hosts, "2001:db8::1", "192.0.2.1"), "two operators with one border");
        assert!(one(&hosts, "198.51.100.1", "198.51.100.1"));
        assert!(!one(&hosts, "198.51.100.1", "198.51.100.2"));
        for _ in 0..2 {
            hosts.learn(&set(&["192.0.2.1", "192.0.2.2", "192.0.2.3"]));
        }
        hosts.learn(&set(&["192.0.2.1"]));
        assert_eq!(hosts.peers.len(), 2);
        assert_eq!(hosts.first(ip("192.0.2.3")), ip("192.0.2.1"));
        assert_eq!(hosts.first(ip("198.51.100.1")), ip("198.51.100.1"));
    }
}
