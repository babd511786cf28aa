//! The telephone line: sockets under `sip`.
//!
//! It carries whole messages and knows nothing of what they say. Strangers are
//! turned away here, before anything is allocated for them.

mod certificate;
mod connections;
mod dns;
mod gate;
mod own;
mod pulse;
mod reading;
mod tls;
mod udp;

use std::net::{IpAddr, SocketAddr};

use tokio::sync::mpsc;

pub use certificate::{
    CertificateFiles, ReadCertificateError, read_authorities, system_authorities,
};
pub use dns::{Dns, Learnt, LocateError, Located, NamedPeer, Target};
pub use gate::{Gate, Strangers};
pub use own::{Public, Seen, fitting};
pub use tls::{Distrust, PeerSeen, Reread, Tls, TlsPeer};

use crate::sip::{Route, Transmit, Transport};

/// Something that came in from the network.
#[derive(Debug)]
pub enum Arrived {
    /// A whole message of somebody who may talk to us.
    Message {
        /// Where from, where to.
        route: Route,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// A connection that was open is closed.
    Closed {
        /// Which.
        route: Route,
    },
    /// Nothing can be sent there now: refused, or no connection could be opened.
    Failed {
        /// Where.
        route: Route,
    },
}

/// Messages that may wait to be read; beyond, UDP repeats and TCP waits.
const WAITING_MAX: usize = 4096;

/// Why the line cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenLineError {
    /// Another program listens there.
    #[error("la porta {address} ({transport}) è già in uso: forse un altro polaris è in funzione")]
    InUse {
        /// The address.
        address: SocketAddr,
        /// UDP, TCP or TLS.
        transport: &'static str,
    },
    /// The machine refuses.
    #[error("non si può ascoltare su {address} ({transport})")]
    Refused {
        /// The address.
        address: SocketAddr,
        /// UDP, TCP or TLS.
        transport: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl OpenLineError {
    fn new(address: SocketAddr, transport: &'static str, source: std::io::Error) -> Self {
        match source.kind() {
            std::io::ErrorKind::AddrInUse => Self::InUse { address, transport },
            _ => Self::Refused { address, transport, source },
        }
    }
}

/// Who comes in, and how we are seen.
#[derive(Debug, Clone)]
pub struct Doorway {
    /// Who may talk to us.
    pub gate: Gate,
    /// Our addresses as peers see them.
    pub public: Seen,
    /// Our side of TLS, where it is spoken.
    pub tls: Option<Tls>,
}

impl Doorway {
    /// Our address as `remote` should write to it.
    fn seen_by(&self, bound: SocketAddr, remote: SocketAddr) -> SocketAddr {
        let public = self.public_for(remote.ip()).towards(remote.ip());
        let address = public.unwrap_or_else(|| own::own_address(bound.ip(), remote));
        SocketAddr::new(address, bound.port())
    }

    /// Our public addresses, for the trunk that `peer` is a host of.
    fn public_for(&self, peer: IpAddr) -> Public {
        if self.public.trunks.is_empty() {
            return self.public.usual;
        }
        let trunk = self.gate.trunk_at(peer);
        let own = trunk.and_then(|trunk| self.public.trunks.get(&trunk));
        own.copied().unwrap_or(self.public.usual)
    }
}

/// The open sockets.
#[derive(Debug)]
pub struct Line {
    udp: Vec<udp::Place>,
    connections: connections::Connections,
    listeners: Vec<(Transport, SocketAddr)>,
    doorway: Doorway,
}

impl Line {
    /// Opens every listener.
    ///
    /// `peers` are the addresses we send to first: a UDP peer that is not there is
    /// then reported at once ([`Arrived::Failed`]) and not after a timeout.
    ///
    /// # Errors
    /// Says which address cannot be listened on; nothing stays open then.
    pub async fn open(
        listen: &[(Transport, SocketAddr)],
        peers: &[(Transport, SocketAddr)],
        doorway: Doorway,
    ) -> Result<(Self, mpsc::Receiver<Arrived>), OpenLineError> {
        let (arrived, inbox) = mpsc::channel(WAITING_MAX);
        let connections = connections::Connections::new(arrived.clone(), doorway.clone());
        let mut line = Self { udp: Vec::new(), connections, listeners: Vec::new(), doorway };
        for (transport, address) in listen.iter().copied() {
            let failed = |source| OpenLineError::new(address, transport.as_str(), source);
            if transport == Transport::Udp {
                let peers = peers.iter().filter(|(transport, _)| *transport == Transport::Udp);
                let peers: Vec<SocketAddr> = peers.map(|(_, address)| *address).collect();
                let place = udp::Place::open(address, &peers, &line.doorway, &arrived);
                line.udp.push(place.map_err(failed)?);
            } else {
                let local = line.connections.listen(transport, address).await.map_err(failed)?;
                line.listeners.push((transport, local));
            }
        }
        line.tell_of_unreached(peers);
        Ok((line, inbox))
    }

    /// No way there now, as before a default route is set: the socket for everybody reaches a
    /// peer once there is one.
    fn tell_of_unreached(&self, peers: &[(Transport, SocketAddr)]) {
        let udp = peers.iter().filter(|(transport, _)| *transport == Transport::Udp);
        for (_, peer) in udp.filter(|(_, peer)| self.udp.iter().any(|place| place.serves(*peer))) {
            if !self.udp.iter().any(|place| place.is_connected(*peer)) {
                tracing::error!(sip.remote = %peer, "a trunk cannot be reached yet");
            }
        }
    }

    /// Where a message to `remote` leaves from, if this transport is open.
    pub fn route_to(&self, transport: Transport, remote: SocketAddr) -> Option<Route> {
        let serves = |local: &SocketAddr| local.is_ipv4() == remote.is_ipv4();
        let best = |places: Vec<SocketAddr>| fitting(places.into_iter(), SocketAddr::ip, remote);
        let udp = || best(self.udp.iter().map(udp::Place::local).filter(serves).collect());
        let local = match transport {
            Transport::Udp => udp()?,
            Transport::Tcp | Transport::Tls => {
                let same = self.listeners.iter().filter(|(known, _)| *known == transport);
                let same = same.map(|(_, local)| *local).filter(serves).collect();
                // A connection needs no listener to be opened.
                best(same).or_else(udp)?
            }
        };
        Some(Route { transport, local: self.doorway.seen_by(local, remote), remote })
    }

    /// Sends one message. Never blocks: what cannot be sent now is lost as a datagram
    /// is, and the sender's timers repeat it.
    pub fn send(&self, transmit: Transmit) {
        match transmit.route.transport {
            Transport::Udp => {
                let Route { local, remote, .. } = transmit.route;
                if let Some(place) = self.place_of(local, remote) {
                    place.send(remote, &transmit.bytes);
                }
            }
            Transport::Tcp | Transport::Tls => {
                self.connections.send(transmit.route, transmit.bytes);
            }
        }
    }

    /// The place that is seen as `local`. A public address is no place of ours; its port is.
    fn place_of(&self, local: SocketAddr, remote: SocketAddr) -> Option<&udp::Place> {
        let places = self.udp.iter().filter(|place| place.serves(remote));
        let port = places.clone().filter(|place| place.local().port() == local.port());
        let ip = |place: &&udp::Place| place.local().ip();
        let best = |places: Vec<_>| fitting(places.into_iter(), ip, remote);
        let exact = places.clone().find(|place| place.local() == local);
        exact.or_else(|| best(port.collect())).or_else(|| best(places.collect()))
    }

    /// Our public addresses, as `peer` sees them.
    pub fn public_for(&self, peer: IpAddr) -> Public {
        self.doorway.public_for(peer)
    }

    /// The UDP addresses that are open, ports resolved.
    pub fn udp_addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.udp.iter().map(udp::Place::local)
    }

    /// The TCP and TLS addresses that are listened on, ports resolved.
    pub fn listeners(&self) -> impl Iterator<Item = (Transport, SocketAddr)> {
        self.listeners.iter().copied()
    }
}
