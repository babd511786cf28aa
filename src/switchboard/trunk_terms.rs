//! What was agreed with the operator of a trunk: how numbers are written, whose number is
//! shown, how many calls there may be.
//!
//! Law: a caller's number leaves this house only by a trunk that permits it, and never
//! when the caller asked to stay unknown.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use crate::sip::{Endpoint, Forwarding, Peer};
use crate::words::{NumberFormat, PhoneNumber};

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
    /// The address of a proxy that everything passes first.
    pub outbound_proxy: Option<String>,
}

impl TrunkTerms {
    /// Tells the signals whose calls are read how.
    pub(super) fn introduce(&self, endpoint: &mut Endpoint) {
        let peer = Arc::new(self.peer.clone());
        for address in &self.addresses {
            endpoint.know(*address, peer.clone());
        }
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

    /// A caller's number, as this trunk writes it.
    pub(super) fn caller(&self, raw: &str) -> PhoneNumber {
        PhoneNumber::from_trunk(raw, self.numbers_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
