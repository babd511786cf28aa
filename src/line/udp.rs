//! SIP over UDP.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use super::{Arrived, Doorway};
use crate::sip::{Route, Transport, refuse_stranger};

/// RFC 3261 §18.1.1: the largest datagram there can be.
const DATAGRAM_MAX: usize = 65_535;
/// The longest answer a stranger may get: what is longer was no honest question.
const ANSWER_MAX: usize = 4096;
/// Room for a burst of calls while we are busy elsewhere.
const RECEIVE_BUFFER: usize = 1 << 20;

/// One UDP address we listen at.
///
/// Beside the socket for everybody there is one for each peer we send to, bound to
/// the same address and connected: the kernel gives it that peer's datagrams, and
/// only a connected socket is told that nobody listens on the other side.
#[derive(Debug)]
pub(super) struct Place {
    local: SocketAddr,
    everybody: Arc<UdpSocket>,
    peers: Vec<(SocketAddr, Arc<UdpSocket>)>,
    reader: Reader,
}

impl Place {
    pub(super) fn open(
        address: SocketAddr,
        peers: &[SocketAddr],
        doorway: &Doorway,
        arrived: &mpsc::Sender<Arrived>,
    ) -> io::Result<Self> {
        // A shared port would hide that another program has it: ask for it alone first.
        let alone = std::net::UdpSocket::from(socket(address, Sharing::Alone)?);
        let local = alone.local_addr()?;
        drop(alone);
        let everybody = Arc::new(bind(local)?);
        let reader = Reader { local, doorway: doorway.clone(), arrived: arrived.clone() };
        let mut place =
            Self { local, everybody: everybody.clone(), peers: Vec::new(), reader: reader.clone() };
        tokio::spawn(reader.clone().read_everybody(everybody));
        for peer in peers.iter().filter(|peer| peer.is_ipv4() == local.is_ipv4()) {
            if place.peers.iter().any(|(known, _)| known == peer) {
                continue;
            }
            let socket = match connect(local, *peer) {
                Ok(socket) => Arc::new(socket),
                Err(error) => {
                    // Another place may lead there; the line says so when none does.
                    tracing::debug!(sip.local = %local, sip.remote = %peer, %error, "no way");
                    continue;
                }
            };
            tokio::spawn(reader.clone().read_peer(socket.clone(), *peer));
            place.peers.push((*peer, socket));
        }
        Ok(place)
    }

    pub(super) fn local(&self) -> SocketAddr {
        self.local
    }

    /// Whether it is of the family of `remote`.
    pub(super) fn serves(&self, remote: SocketAddr) -> bool {
        self.local.is_ipv4() == remote.is_ipv4()
    }

    /// Whether there was a way to a peer when it was opened.
    pub(super) fn is_connected(&self, peer: SocketAddr) -> bool {
        self.peers.iter().any(|(known, _)| *known == peer)
    }

    pub(super) fn send(&self, remote: SocketAddr, bytes: &[u8]) {
        let connected = self.peers.iter().find(|(peer, _)| *peer == remote);
        let send = || match connected {
            Some((_, socket)) => socket.try_send(bytes),
            None => self.everybody.try_send_to(bytes, remote),
        };
        let mut sent = send();
        if sent.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
            // The refusal of an earlier datagram: this one has not been sent yet.
            self.reader.refused(remote);
            sent = send();
        }
        if let Err(error) = sent {
            tracing::debug!(sip.remote = %remote, %error, "a datagram was not sent");
            if leads_nowhere(&error) {
                self.reader.doorway.gate.tell_unsent(remote, &error);
            }
        }
    }
}

/// Whether nothing can be sent there from here, today: `EINVAL` is what Linux says of loopback.
fn leads_nowhere(error: &io::Error) -> bool {
    use io::ErrorKind::{AddrNotAvailable, HostUnreachable, InvalidInput, NetworkUnreachable};
    let kind = error.kind();
    matches!(kind, AddrNotAvailable | HostUnreachable | InvalidInput | NetworkUnreachable)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sharing {
    Alone,
    WithOurs,
}

fn socket(local: SocketAddr, sharing: Sharing) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_port(sharing == Sharing::WithOurs)?;
    socket.set_nonblocking(true)?;
    if local.is_ipv6() {
        // Beside it there may be one for IPv4 on the same port.
        socket.set_only_v6(true)?;
    }
    // Smaller is no failure: the kernel caps it.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    socket.bind(&local.into())?;
    Ok(socket)
}

fn bind(local: SocketAddr) -> io::Result<UdpSocket> {
    UdpSocket::from_std(socket(local, Sharing::WithOurs)?.into())
}

fn connect(local: SocketAddr, peer: SocketAddr) -> io::Result<UdpSocket> {
    let socket = socket(local, Sharing::WithOurs)?;
    socket.connect(&peer.into())?;
    UdpSocket::from_std(socket.into())
}

#[derive(Debug, Clone)]
struct Reader {
    local: SocketAddr,
    doorway: Doorway,
    arrived: mpsc::Sender<Arrived>,
}

impl Reader {
    async fn read_everybody(self, socket: Arc<UdpSocket>) {
        let mut buffer = vec![0; DATAGRAM_MAX];
        let mut paper = vec![0; ANSWER_MAX];
        loop {
            match socket.recv_from(&mut buffer).await {
                Ok((length, remote)) => {
                    let bytes = buffer.get(..length).unwrap_or_default();
                    if self.doorway.gate.admits(remote.ip()) {
                        self.pass(remote, bytes);
                    } else {
                        self.turn_away(&socket, remote, bytes, &mut paper);
                    }
                }
                Err(error) => tracing::debug!(%error, "receiving a datagram failed"),
            }
            if self.arrived.is_closed() {
                return;
            }
        }
    }

    async fn read_peer(self, socket: Arc<UdpSocket>, peer: SocketAddr) {
        let mut buffer = vec![0; DATAGRAM_MAX];
        loop {
            match socket.recv(&mut buffer).await {
                Ok(length) => self.pass(peer, buffer.get(..length).unwrap_or_default()),
                Err(error) => {
                    tracing::debug!(sip.remote = %peer, %error, "the peer is not there");
                    self.refused(peer);
                }
            }
            if self.arrived.is_closed() {
                return;
            }
        }
    }

    fn route(&self, remote: SocketAddr) -> Route {
        Route { transport: Transport::Udp, local: self.doorway.seen_by(self.local, remote), remote }
    }

    /// Nobody listens over there.
    fn refused(&self, peer: SocketAddr) {
        let _ = self.arrived.try_send(Arrived::Failed { route: self.route(peer) });
    }

    fn pass(&self, remote: SocketAddr, bytes: &[u8]) {
        let message = Arrived::Message { route: self.route(remote), bytes: bytes.to_vec() };
        if self.arrived.try_send(message).is_err() {
            self.doorway.gate.tell(remote, "too many messages at once: some were dropped");
        }
    }

    /// Nothing is allocated here, and nothing is kept.
    fn turn_away(&self, socket: &UdpSocket, remote: SocketAddr, bytes: &[u8], paper: &mut [u8]) {
        self.doorway.gate.turn_away(remote, "a stranger was turned away");
        if self.doorway.gate.answers(remote.ip())
            && let Some(refusal) = refuse_stranger(bytes, remote, paper)
        {
            let _ = socket.try_send_to(refusal, remote);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Gate, Seen, Strangers};
    use super::*;

    #[tokio::test]
    async fn a_peer_there_is_no_way_to_stops_nothing() {
        let doorway =
            Doorway { gate: Gate::new([], Strangers::Ignore), public: Seen::default(), tls: None };
        let (arrived, _inbox) = mpsc::channel(1);
        // From loopback there is no way to anywhere else; asking sends nothing.
        let peers = ["192.0.2.1:5060".parse().unwrap(), "127.0.0.44:5060".parse().unwrap()];
        let here = "127.0.0.43:0".parse().unwrap();
        let place = Place::open(here, &peers, &doorway, &arrived).unwrap();
        let connected: Vec<SocketAddr> = place.peers.iter().map(|(peer, _)| *peer).collect();
        assert_eq!(connected, peers[1..]);
    }
}
