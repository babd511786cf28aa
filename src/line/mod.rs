//! The telephone line: sockets under `sip`.
//!
//! It carries whole messages and knows nothing of what they say. Strangers are
//! turned away here, before anything is allocated for them.

mod certificate;
mod connections;
mod dns;
mod gate;
mod pulse;
mod reading;
mod tls;
mod udp;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::sync::mpsc;

pub use certificate::{CertificateFiles, ReadCertificateError, read_authorities};
pub use dns::{Dns, LocateError, Located, NamedPeer, Target};
pub use gate::{Gate, Strangers};
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
    pub public: Public,
    /// Our side of TLS, where it is spoken.
    pub tls: Option<Tls>,
}

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

impl Doorway {
    /// Our address as `remote` should write to it.
    fn seen_by(&self, bound: SocketAddr, remote: SocketAddr) -> SocketAddr {
        let public = self.public.towards(remote.ip());
        let address = public.unwrap_or_else(|| gate::own_address(bound.ip(), remote));
        SocketAddr::new(address, bound.port())
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
        Ok((line, inbox))
    }

    /// Where a message to `remote` leaves from, if this transport is open.
    pub fn route_to(&self, transport: Transport, remote: SocketAddr) -> Option<Route> {
        let fits = |local: &SocketAddr| local.is_ipv4() == remote.is_ipv4();
        let udp = self.udp.iter().map(udp::Place::local).find(fits);
        let local = match transport {
            Transport::Udp => udp?,
            Transport::Tcp | Transport::Tls => {
                let same = self.listeners.iter().filter(|(known, _)| *known == transport);
                // A connection needs no listener to be opened.
                same.map(|(_, local)| *local).find(fits).or(udp)?
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
                let fits = |place: &&udp::Place| place.local().is_ipv4() == remote.is_ipv4();
                let mut places = self.udp.iter().filter(fits);
                // A public address is no place of ours; its port is.
                let exact = places.clone().find(|place| place.local() == local);
                let from = exact
                    .or_else(|| places.clone().find(|place| place.local().port() == local.port()));
                if let Some(place) = from.or_else(|| places.next()) {
                    place.send(remote, &transmit.bytes);
                }
            }
            Transport::Tcp | Transport::Tls => {
                self.connections.send(transmit.route, transmit.bytes);
            }
        }
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
