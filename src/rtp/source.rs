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
        if !self.is(from) && !self.would_learn(from, now) {
            return false;
        }
        self.current = from;
        self.last = now;
        self.heard = true;
        true
    }

    /// Whether `from` is the named address, or the one learned.
    pub fn is(&self, from: SocketAddr) -> bool {
        from == self.named || from == self.current
    }

    /// Whether a packet from `from`, an address not known, would be believed at `now`.
    pub fn would_learn(&self, from: SocketAddr, now: Moment) -> bool {
        let silent = now.since(self.last) >= SILENCE;
        !self.is(from) && silent && self.trusted.contains(&from.ip())
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
        let held = self.named.ip().is_unspecified();
        (!held && is_somebody(self.current)).then_some(self.current)
    }

    /// Where our reports go, when the SDP named `named` for them: there, until the sound
    /// was found to come from elsewhere; then to the port after that (RFC 3550 §11).
    pub fn control_target(&self, named: SocketAddr) -> Option<SocketAddr> {
        let target = if self.current == self.named {
            named
        } else {
            SocketAddr::new(self.current.ip(), self.current.port().checked_add(1)?)
        };
        is_somebody(target).then_some(target)
    }

    /// Whether a report that came from `from` may be this leg's: only its host counts,
    /// because nothing but the record hangs on it.
    pub fn may_report(&self, from: SocketAddr) -> bool {
        from.ip() == self.current.ip() || from.ip() == self.named.ip()
    }
}

/// Whether one host can be sent to at this address.
fn is_somebody(address: SocketAddr) -> bool {
    let ip = address.ip();
    !(ip.is_unspecified()
        || ip.is_multicast()
        || ip == IpAddr::V4(std::net::Ipv4Addr::BROADCAST)
        || address.port() == 0)
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
    fn reports_follow_the_sound_behind_its_nat() {
        let mut source = source();
        let named = address("192.0.2.1:4001");
        assert_eq!(source.control_target(named), Some(named));
        assert!(source.accepts(address(BEHIND_NAT), at(200)));
        assert_eq!(source.control_target(named), Some(address("192.0.2.9:61001")));
        assert!(source.may_report(address("192.0.2.9:7")) && source.may_report(named));
        assert!(!source.may_report(address(STRANGER)));
        assert_eq!(source.control_target(address("192.0.2.1:0")), Some(address("192.0.2.9:61001")));
        source.rename(address("192.0.2.1:6000"), at(300));
        assert_eq!(source.control_target(address("0.0.0.0:6001")), None);
    }

    #[test]
    fn nothing_is_sent_to_nobody() {
        for nobody in ["0.0.0.0:4000", "224.0.0.1:4000", "255.255.255.255:9", "192.0.2.1:0"] {
            let source = Source::new(Arc::new([]), address(nobody), at(0));
            assert_eq!(source.target(), None, "{nobody}");
        }
    }
}
