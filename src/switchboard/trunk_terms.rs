//! What was agreed with the operator of a trunk: how numbers are written, whose number is
//! shown, how many calls there may be, how sound is protected.
//!
//! Law: a caller's number leaves this house only by a trunk that permits it, and never
//! when the caller asked to stay unknown. Keys of sound go over TLS alone.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::sip::sdp::{OurKeys, Security};
use crate::sip::{Endpoint, Forwarding, Peer, Transport};
use crate::words::{NumberFormat, PhoneNumber};

/// Whether the sound of a trunk's calls is protected (SRTP).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SoundProtection {
    /// Calls that come are answered as they offer; calls to responders are plain.
    #[default]
    InKind,
    /// The same, but calls to responders are offered protected; who refuses that is offered
    /// plain sound, and the log says so.
    Offered,
    /// Nothing plain is sent or heard.
    Required,
}

/// The agreement about one trunk.
#[derive(Debug, Clone, Default)]
pub struct TrunkTerms {
    /// Whose calls are its.
    pub addresses: BTreeSet<IpAddr>,
    /// How its calls are read.
    pub peer: Peer,
    /// How it wants numbers written.
    pub numbers_out: NumberFormat,
    /// How it writes callers' numbers; `None`: as it likes.
    pub numbers_in: Option<NumberFormat>,
    /// Whether RFC 5806 tells it that a call to a responder was passed on.
    pub diversion: bool,
    /// Whether RFC 7044 tells it.
    pub history_info: bool,
    /// Whether a responder may see the caller's own number.
    pub forward_caller: bool,
    /// The most calls at once, in both directions together.
    pub calls_max: Option<usize>,
    /// How often the way to us is kept open, once registered over UDP; `None`: every 25 s.
    pub keep_alive: Option<Duration>,
    /// The address of a proxy that everything passes first.
    pub outbound_proxy: Option<String>,
    /// How sound is protected.
    pub protection: SoundProtection,
}

impl TrunkTerms {
    /// The hosts sound of its calls may come from.
    pub(super) fn hosts(&self) -> Arc<[IpAddr]> {
        self.addresses.iter().copied().collect()
    }

    /// Tells the signals whose calls are read how.
    pub(super) fn introduce(&self, endpoint: &mut Endpoint) {
        let peer = Arc::new(self.peer.clone());
        for address in &self.addresses {
            endpoint.know(*address, peer.clone());
        }
        endpoint.know_together(&self.addresses);
    }

    /// What a call to a responder tells the network of where it comes from; `caller` is
    /// none for a caller who asked to stay unknown.
    pub(super) fn forwarding(&self, caller: Option<&PhoneNumber>) -> Forwarding {
        let caller = caller.filter(|caller| self.forward_caller && caller.is_international());
        Forwarding {
            caller: caller.map(|caller| caller.written(self.numbers_out)),
            diversion: self.diversion,
            history_info: self.history_info,
        }
    }

    /// What sound a call may have that comes over `transport`; `None`: none at all.
    pub(super) fn taken_over(&self, transport: Transport) -> Option<Security> {
        let keys = fresh_keys();
        let security = match self.protection {
            SoundProtection::InKind | SoundProtection::Offered => Security::InKind(keys),
            SoundProtection::Required => Security::Required(keys),
        };
        security.over(transport)
    }

    /// What sound a call to a responder is offered over `transport`; `None`: none at all.
    pub(super) fn offered_over(&self, transport: Transport) -> Option<Security> {
        match self.protection {
            SoundProtection::InKind => Some(Security::Plain),
            SoundProtection::Offered | SoundProtection::Required => {
                Security::Required(fresh_keys()).over(transport)
            }
        }
    }

    /// A caller's number, as this trunk writes it.
    pub(super) fn caller(&self, raw: &str) -> PhoneNumber {
        PhoneNumber::from_trunk(raw, self.numbers_in)
    }
}

/// Keys that nothing else uses, from the system's generator.
fn fresh_keys() -> OurKeys {
    OurKeys::from_random(std::array::from_fn(|_| std::array::from_fn(|_| rand::random())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_go_over_tls_alone_and_who_requires_them_gets_nothing_else() {
        let of = |protection| TrunkTerms { protection, ..TrunkTerms::default() };
        let in_kind = of(SoundProtection::InKind);
        assert!(matches!(in_kind.taken_over(Transport::Tls), Some(Security::InKind(_))));
        assert_eq!(in_kind.taken_over(Transport::Udp), Some(Security::Plain));
        assert_eq!(in_kind.offered_over(Transport::Tls), Some(Security::Plain));
        let offered = of(SoundProtection::Offered);
        assert!(matches!(offered.taken_over(Transport::Tls), Some(Security::InKind(_))));
        assert!(matches!(offered.offered_over(Transport::Tls), Some(Security::Required(_))));
        let required = of(SoundProtection::Required);
        for transport in [Transport::Tcp, Transport::Udp] {
            assert_eq!(required.taken_over(transport), None);
            assert_eq!(required.offered_over(transport), None);
        }
        let first = required.taken_over(Transport::Tls);
        assert!(matches!(first, Some(Security::Required(_))));
        assert_ne!(first, required.taken_over(Transport::Tls), "each call has keys of its own");
    }

    #[test]
    fn a_callers_number_leaves_only_where_the_trunk_permits_it() {
        let caller = PhoneNumber::from_network("+393331234567");
        let closed = TrunkTerms { diversion: true, history_info: true, ..TrunkTerms::default() };
        assert_eq!(closed.forwarding(Some(&caller)).caller, None);
        let open = TrunkTerms { forward_caller: true, ..TrunkTerms::default() };
        assert_eq!(open.forwarding(Some(&caller)).caller.as_deref(), Some("+393331234567"));
        assert_eq!(open.forwarding(None).caller, None, "a caller who stays unknown");
        let name = PhoneNumber::from_network("anonymous");
        assert_eq!(open.forwarding(Some(&name)).caller, None, "what is no number");
    }
}
