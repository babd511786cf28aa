//! The telephone line: sockets under `sip`.
//!
//! It carries whole messages and knows nothing of what they say. Strangers are
//! turned away here, before anything is allocated for them.

mod gate;
mod tcp;
mod udp;

use std::net::{IpAddr, SocketAddr};

use tokio::sync::mpsc;

pub use gate::{Gate, Strangers};

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
        /// UDP or TCP.
        transport: &'static str,
    },
    /// The machine refuses.
    #[error("non si può ascoltare su {address} ({transport})")]
    Refused {
        /// The address.
        address: SocketAddr,
        /// UDP or TCP.
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

/// The open sockets.
#[derive(Debug)]
pub struct Line {
    udp: Vec<udp::Place>,
    tcp: tcp::Connections,
    tcp_local: Option<SocketAddr>,
    seen: Seen,
}

/// How peers see us: what is written into Via and Contact.
#[derive(Debug, Clone, Copy)]
struct Seen {
    public: Option<IpAddr>,
}

impl Seen {
    /// Our address as `remote` should write to it.
    fn by(self, bound: SocketAddr, remote: SocketAddr) -> SocketAddr {
        let address = self.public.unwrap_or_else(|| gate::own_address(bound.ip(), remote));
        SocketAddr::new(address, bound.port())
    }
}

impl Line {
    /// Opens every listener.
    ///
    /// `peers` are the addresses we send to first: a UDP peer that is not there is
    /// then reported at once ([`Arrived::Failed`]) and not after a timeout. `public` is
    /// the address peers see us at, when it is not the one listened on.
    ///
    /// # Errors
    /// Says which address cannot be listened on; nothing stays open then.
    pub async fn open(
        listen: &[(Transport, SocketAddr)],
        peers: &[(Transport, SocketAddr)],
        gate: Gate,
        public: Option<IpAddr>,
    ) -> Result<(Self, mpsc::Receiver<Arrived>), OpenLineError> {
        let (arrived, inbox) = mpsc::channel(WAITING_MAX);
        let seen = Seen { public };
        let tcp = tcp::Connections::new(arrived.clone(), gate.clone(), seen);
        let mut line = Self { udp: Vec::new(), tcp, tcp_local: None, seen };
        for (transport, address) in listen {
            match transport {
                Transport::Udp => {
                    let peers = peers.iter().filter(|(transport, _)| *transport == Transport::Udp);
                    let peers: Vec<SocketAddr> = peers.map(|(_, address)| *address).collect();
                    let place = udp::Place::open(*address, &peers, &gate, seen, &arrived)
                        .map_err(|source| OpenLineError::new(*address, "udp", source))?;
                    line.udp.push(place);
                }
                Transport::Tcp => {
                    let local = line
                        .tcp
                        .listen(*address)
                        .await
                        .map_err(|source| OpenLineError::new(*address, "tcp", source))?;
                    line.tcp_local.get_or_insert(local);
                }
            }
        }
        Ok((line, inbox))
    }

    /// Where a message to `remote` leaves from, if this transport is open.
    pub fn route_to(&self, transport: Transport, remote: SocketAddr) -> Option<Route> {
        let local = match transport {
            Transport::Udp => {
                let fits = |place: &&udp::Place| place.local().is_ipv4() == remote.is_ipv4();
                self.udp.iter().find(fits)?.local()
            }
            Transport::Tcp => self.tcp_local.or_else(|| Some(self.udp.first()?.local()))?,
        };
        Some(Route { transport, local: self.seen.by(local, remote), remote })
    }

    /// Sends one message. Never blocks: what cannot be sent now is lost as a datagram
    /// is, and the sender's timers repeat it.
    pub fn send(&self, transmit: Transmit) {
        match transmit.route.transport {
            Transport::Udp => {
                let local = transmit.route.local;
                // A public address is no place of ours; its port is.
                let exact = self.udp.iter().find(|place| place.local() == local);
                let from =
                    exact.or_else(|| self.udp.iter().find(|p| p.local().port() == local.port()));
                if let Some(place) = from.or_else(|| self.udp.first()) {
                    place.send(transmit.route.remote, &transmit.bytes);
                }
            }
            Transport::Tcp => self.tcp.send(transmit.route, transmit.bytes),
        }
    }

    /// The UDP addresses that are open, ports resolved.
    pub fn udp_addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.udp.iter().map(udp::Place::local)
    }
}
