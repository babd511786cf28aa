//! Whose packets count: the address the SDP named, or a host of the trunk.
//!
//! A stranger's packet changes nothing, nor another trunk's. A party behind a NAT may send
//! from a port its SDP does not name: another port of the named host, and another address
//! of the trunk's hosts, is taken only after [`SILENCE`] without a legitimate packet, so
//! nobody can push in while the party speaks; and the named address, once it speaks, always
//! wins. What one learned so presses counts only once it is known ([`Standing`]).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::words::Moment;

use super::newcomer::{Newcomer, Standing};
use super::packet::Header;

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
    /// Present once another was learned after somebody had been heard.
    newcomer: Option<Newcomer>,
}

impl Source {
    /// The source of a leg whose SDP named `named`; `trusted` are the trunk's hosts.
    pub fn new(trusted: Arc<[IpAddr]>, named: SocketAddr, now: Moment) -> Self {
        Self { trusted, named, current: named, last: now, heard: false, newcomer: None }
    }

    /// A later SDP named `named`: the same address changes nothing, another one is
    /// believed at once and what was learned is forgotten.
    pub fn rename(&mut self, named: SocketAddr, now: Moment) {
        if named != self.named {
            *self = Self::new(Arc::clone(&self.trusted), named, now);
        }
    }

    /// From now on `hosts` are the trunk's; what was learned stays.
    pub fn trust(&mut self, hosts: Arc<[IpAddr]>) {
        self.trusted = hosts;
    }

    /// Whether a well-formed packet that came from `from` is this leg's.
    pub fn accepts(&mut self, from: SocketAddr, now: Moment) -> bool {
        if !self.is(from) && !self.would_learn(from, now) {
            return false;
        }
        if from == self.named {
            self.newcomer = self.newcomer.filter(Newcomer::is_proven);
        } else if from != self.current && self.heard {
            let old = self.newcomer.filter(|old| old.address == from);
            self.newcomer = Some(old.unwrap_or_else(|| Newcomer::at(from)));
        }
        self.current = from;
        self.last = now;
        self.heard = true;
        true
    }

    /// How far the sender of the packet just accepted is known.
    pub fn standing(&mut self, header: Header) -> Standing {
        let current = self.current;
        let newcomer = self.newcomer.as_mut().filter(|newcomer| newcomer.address == current);
        newcomer.map_or(Standing::Known, |newcomer| newcomer.hear(header))
    }

    /// Whether `from` is the named address, or the one learned.
    pub fn is(&self, from: SocketAddr) -> bool {
        from == self.named || from == self.current
    }

    /// Whether a packet from `from`, an address not known, would be believed at `now`.
    pub fn would_learn(&self, from: SocketAddr, now: Moment) -> bool {
        let silent = now.since(self.last) >= SILENCE;
        let of_theirs = from.ip() == self.named.ip() || self.trusted.contains(&from.ip());
        !self.is(from) && silent && of_theirs
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
    }

    /// It was refused once, for fear of a neighbour's stream. But a NAT that gives the
    /// party another port than its SDP says would then make it deaf and mute for the whole
    /// call; a neighbour's stream is kept out by the silence, and by whose it is already.
    #[test]
    fn another_port_of_the_named_host_is_learned_after_silence() {
        let mut source = source();
        let behind = address("192.0.2.1:4002");
        assert!(!source.accepts(behind, at(199)), "it may still speak");
        assert!(source.accepts(behind, at(200)));
        assert_eq!(source.target(), Some(behind));
        assert!(source.accepts(address(NAMED), at(210)));
        assert!(!source.accepts(behind, at(220)));
        let held: SocketAddr = address("0.0.0.0:4000");
        let mut source = Source::new(Arc::new([]), held, at(0));
        assert!(!source.accepts(behind, at(60_000)), "nobody is named");
    }

    #[test]
    fn who_is_learned_in_the_middle_has_to_show_a_stream_the_first_heard_has_not() {
        let header =
            |sequence| Header { payload_type: 101, marker: false, sequence, timestamp: 0, ssrc: 1 };
        let mut first = source();
        assert!(first.accepts(address(BEHIND_NAT), at(200)));
        assert_eq!(first.standing(header(1)), Standing::Known);
        let mut source = source();
        assert!(source.accepts(address(NAMED), at(0)));
        assert_eq!(source.standing(header(1)), Standing::Known);
        assert!(source.accepts(address(BEHIND_NAT), at(200)));
        assert_eq!(source.standing(header(1)), Standing::Begins);
        assert!(source.accepts(address(NAMED), at(210)));
        assert_eq!(source.standing(header(2)), Standing::Known);
        let mut standing = Standing::Known;
        for sequence in 2..6 {
            assert!(source.accepts(address(BEHIND_NAT), at(410 + u64::from(sequence))));
            standing = source.standing(header(sequence));
        }
        assert_eq!(standing, Standing::Proven, "from anew: the packet before does not count");
        assert!(source.accepts(address(NAMED), at(420)));
        assert!(source.accepts(address(BEHIND_NAT), at(620)));
        assert_eq!(source.standing(header(900)), Standing::Known, "proven once");
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
