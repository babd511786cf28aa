//! Who may talk to us at all.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Arc, PoisonError, RwLock};

/// The addresses of our trunks; everybody else is a stranger. Its copies are one gate.
#[derive(Debug, Clone)]
pub struct Gate {
    admitted: Arc<RwLock<BTreeSet<IpAddr>>>,
}

impl Gate {
    /// A gate that lets these addresses in.
    pub fn new(admitted: impl IntoIterator<Item = IpAddr>) -> Self {
        let admitted = admitted.into_iter().map(|address| address.to_canonical()).collect();
        Self { admitted: Arc::new(RwLock::new(admitted)) }
    }

    /// Whether packets from there are read.
    pub fn admits(&self, address: IpAddr) -> bool {
        let admitted = self.admitted.read().unwrap_or_else(PoisonError::into_inner);
        admitted.contains(&address.to_canonical())
    }

    /// Lets an address in from now on.
    pub fn admit(&self, address: IpAddr) {
        let mut admitted = self.admitted.write().unwrap_or_else(PoisonError::into_inner);
        admitted.insert(address.to_canonical());
    }
}

/// The address peers see us at: the one bound, or the one the machine's routes choose.
pub(super) fn own_address(bound: IpAddr, remote: SocketAddr) -> IpAddr {
    if !bound.is_unspecified() {
        return bound;
    }
    // A connected UDP socket sends nothing; it only asks the routing table.
    UdpSocket::bind(SocketAddr::new(bound, 0))
        .and_then(|socket| socket.connect(remote).and_then(|()| socket.local_addr()))
        .map_or(bound, |address| address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trunks_are_admitted_in_whatever_form_their_address_comes() {
        let gate = Gate::new(["127.0.0.78".parse().unwrap()]);
        assert!(gate.admits("127.0.0.78".parse().unwrap()));
        assert!(gate.admits("::ffff:127.0.0.78".parse().unwrap()));
        let late = "127.0.0.79".parse().unwrap();
        assert!(!gate.admits(late));
        gate.clone().admit(late);
        assert!(gate.admits(late));
    }
}
