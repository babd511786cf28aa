//! Where datagrams come from and go to.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// How a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Transport {
    /// Datagrams: the core repeats what may be lost.
    Udp,
    /// A stream: the transport repeats, the core does not.
    Tcp,
    /// The same, encrypted, with a peer whose certificate was verified.
    Tls,
}

impl Transport {
    /// The word of the Via header.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }

    /// The parameter of an address that is reached this way (RFC 3261 §19.1.1); UDP needs
    /// none.
    pub fn parameter(self) -> &'static str {
        match self {
            Self::Udp => "",
            Self::Tcp => ";transport=tcp",
            Self::Tls => ";transport=tls",
        }
    }

    /// RFC 3261 §19.1.2: the port of an address that names none.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls => 5061,
        }
    }

    /// Whether the transport itself delivers (RFC 3261 §17).
    pub fn is_reliable(self) -> bool {
        matches!(self, Self::Tcp | Self::Tls)
    }
}

/// One path: our socket's address and theirs.
///
/// `local` is written into Via and Contact, so it must be an address the other
/// side can reach, never the unspecified one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Route {
    /// UDP, TCP or TLS.
    pub transport: Transport,
    /// Our address.
    pub local: SocketAddr,
    /// Theirs.
    pub remote: SocketAddr,
}

/// One message to put on the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct Transmit {
    /// Where to.
    pub route: Route,
    /// What.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Transmit {
    /// The route and the length only: the bytes name people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Transmit({:?}, {} bytes)", self.route, self.bytes.len())
    }
}
