//! Whose packets count: the address the SDP named, or a host of the trunk.
//!
//! A stranger's packet changes nothing. A trunk behind a NAT may send from a port
//! its SDP does not name: another address of the trunk's hosts is taken only after
//! [`SILENCE`] without a legitimate packet, so nobody can push in while the party
//! speaks; and the named address, once it speaks, always wins.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::words::Moment;

/// How long the current address must be silent before another is believed.
const SILENCE: Duration = Duration::from_millis(200);

/// Where one leg's packets come from, and where ours go.
#[derive(Clone, Debug)]
pub struct Source {
    trusted: Arc<[IpAddr]>,
    named: SocketAddr,
    current: SocketAddr,
    last: Moment,
    heard: bool,
}

impl Source {
    /// The source of a leg whose SDP named `named`; `trusted` are the trunk's hosts.
    pub fn new(trusted: Arc<[IpAddr]>, named: SocketAddr, now: Moment) -> Self {
        Self { trusted, named, current: named, last: now, heard: false }
    }

    /// A later SDP named `named`: the same address changes nothing, another one is
    /// believed at once and what was learned is forgotten.
    pub fn rename(&mut self, named: SocketAddr, now: Moment) {
        if named != self.named {
            *self = Self::new(Arc::clone(&self.trusted), named, now);
        }
    }

    /// Whether a well-formed packet that came from `from` is this leg's.
    pub fn accepts(&mut self, from: SocketAddr, now: Moment) -> bool {
        if from != self.named && from != self.current {
            let silent = now.since(self.last) >= SILENCE;
            if !silent || !self.trusted.contains(&from.ip()) {
                return false;
            }
        }
        self.current = from;
        self.last = now;
        self.heard = true;
        true
    }

    /// The one address whose packets count at `now`: the named one, while it speaks.
    pub fn only(&self, now: Moment) -> Option<SocketAddr> {
        let speaks = self.heard && self.current == self.named && now.since(self.last) < SILENCE;
        speaks.then_some(self.named)
    }

    /// Where our packets go: to the address the last legitimate packet came from
    /// (symmetric RTP, RFC 4961), until then to the named one.
    ///
    /// `None` when that cannot be sent to: the `0.0.0.0` of an old hold
    /// (RFC 3264 §8.4), a group, port 0.
    pub fn target(&self) -> Option<SocketAddr> {
        let ip = self.current.ip();
        let nobody = self.named.ip().is_unspecified()
            || ip.is_unspecified()
            || ip.is_multicast()
            || ip == IpAddr::V4(std::net::Ipv4Addr::BROADCAST)
            || self.current.port() == 0;
        (!nobody).then_some(self.current)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMED: &str = "192.0.2.1:4000";
    const BEHIND_NAT: &str = "192.0.2.9:61000";
    const STRANGER: &str = "198.51.100.7:4000";

    fn at(ms: u64) -> Moment {
        Moment::after_start(Duration::from_millis(ms))
    }

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn source() -> Source {
        let trusted: Arc<[IpAddr]> = Arc::new([address(BEHIND_NAT).ip()]);
        Source::new(trusted, address(NAMED), at(0))
    }

    #[test]
    fn a_strangers_packet_changes_nothing_however_long_the_silence() {
        let mut source = source();
        assert!(!source.accepts(address(STRANGER), at(60_000)));
        assert_eq!(source.target(), Some(address(NAMED)));
        assert!(!source.accepts(address("192.0.2.1:4001"), at(60_000)), "another port");
    }

    #[test]
    fn a_new_port_of_the_trunk_is_learned_only_after_silence() {
        let mut source = source();
        assert!(source.accepts(address(NAMED), at(100)));
        assert!(!source.accepts(address(BEHIND_NAT), at(299)));
        assert!(source.accepts(address(BEHIND_NAT), at(300)));
        assert_eq!(source.target(), Some(address(BEHIND_NAT)));
    }

    #[test]
    fn the_named_address_wins_when_it_speaks() {
        let mut source = source();
        assert!(source.accepts(address(BEHIND_NAT), at(200)));
        assert!(source.accepts(address(NAMED), at(210)));
        assert!(!source.accepts(address(BEHIND_NAT), at(220)));
        assert_eq!(source.target(), Some(address(NAMED)));
    }

    #[test]
    fn only_the_named_address_counts_while_it_speaks() {
        let mut source = source();
        assert_eq!(source.only(at(0)), None, "it has not spoken yet");
        assert!(source.accepts(address(NAMED), at(100)));
        assert_eq!(source.only(at(299)), Some(address(NAMED)));
        assert_eq!(source.only(at(300)), None, "silent: a port behind a NAT may be learned");
        assert!(source.accepts(address(BEHIND_NAT), at(300)));
        assert_eq!(source.only(at(300)), None, "the named one may speak again");
    }

    #[test]
    fn a_new_sdp_address_forgets_what_was_learned_the_same_one_keeps_it() {
        let mut source = source();
        assert!(source.accepts(address(BEHIND_NAT), at(200)));
        source.rename(address(NAMED), at(300));
        assert_eq!(source.target(), Some(address(BEHIND_NAT)));
        source.rename(address("192.0.2.1:5000"), at(300));
        assert_eq!(source.target(), Some(address("192.0.2.1:5000")));
        assert!(!source.accepts(address(BEHIND_NAT), at(400)));
    }

    #[test]
    fn nothing_is_sent_to_nobody() {
        for nobody in ["0.0.0.0:4000", "224.0.0.1:4000", "255.255.255.255:9", "192.0.2.1:0"] {
            let source = Source::new(Arc::new([]), address(nobody), at(0));
            assert_eq!(source.target(), None, "{nobody}");
        }
    }
}
