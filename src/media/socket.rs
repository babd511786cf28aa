//! The socket of one stream.
//!
//! While the address the SDP named speaks, nobody else's packets count: the socket is
//! then connected to it, so that the kernel looks its way up once instead of for every
//! packet, and drops strangers before they cost us anything.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use rustix::net::connect_unspec;

/// A UDP socket that may be connected for a while.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) udp: UdpSocket,
    connected: Option<SocketAddr>,
}

impl Socket {
    pub(super) fn new(udp: UdpSocket) -> Self {
        Self { udp, connected: None }
    }

    /// Hears `only` this address from now on, or everybody.
    pub(super) fn hear_only(&mut self, only: Option<SocketAddr>) {
        if self.connected == only {
            return;
        }
        let done = match only {
            Some(address) => self.udp.connect(address),
            None => connect_unspec(&self.udp).map_err(io::Error::from),
        };
        match done {
            Ok(()) => self.connected = only,
            // It hears everybody, or whom it heard before: whose packets count is
            // decided for each packet all the same.
            Err(error) => tracing::debug!(%error, "a sound socket was not connected"),
        }
    }

    /// A packet the network refuses is a packet lost: sound has no second attempt.
    pub(super) fn send(&self, packet: &[u8], target: SocketAddr) {
        let sent = if self.connected == Some(target) {
            self.udp.send(packet)
        } else {
            self.udp.send_to(packet, target)
        };
        if let Err(error) = sent {
            tracing::trace!(%error, "a sound packet was not sent");
        }
    }
}
