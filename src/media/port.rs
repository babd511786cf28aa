//! UDP ports for sound: even ones, in turn, from the configured range; each with the
//! odd one after it, for reports (RFC 3550 §11).

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;

use socket2::{Domain, Protocol, Socket, Type};

/// DSCP "expedited forwarding" (RFC 3246; RFC 4594 §4.1), as the TOS byte.
const EXPEDITED: u32 = 46 << 2;

/// Gives out the ports of one address, one after another, so that a port that was
/// released rests until all others have had their turn.
#[derive(Debug)]
pub struct Ports {
    address: IpAddr,
    /// Even ports; the front has rested longest.
    turn: VecDeque<u16>,
}

/// No port for a call's sound.
#[derive(Debug, thiserror::Error)]
pub enum BindPortError {
    /// The address is not this machine's, or no socket may be opened.
    #[error("no sound port can be opened on {address}")]
    Address {
        /// The configured address.
        address: IpAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Every even port of the range is in use.
    #[error("all {tried} sound ports of {address} are in use: widen [rtp] ports")]
    Exhausted {
        /// The configured address.
        address: IpAddr,
        /// How many even ports the range has.
        tried: usize,
    },
}

impl Ports {
    /// The even ports of `range` on `address` whose next one lies in it, too.
    pub fn new(address: IpAddr, range: RangeInclusive<u16>) -> Self {
        let high = *range.end();
        let turn = range.filter(|port| port % 2 == 0 && *port > 0 && *port < high).collect();
        Self { address, turn }
    }

    /// The address they are of.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Binds the next free port.
    ///
    /// # Errors
    /// When all are in use, or the address cannot be bound at all.
    pub fn bind(&mut self) -> Result<Port, BindPortError> {
        let tried = self.turn.len();
        for _ in 0..tried {
            self.turn.rotate_left(1);
            let Some(port) = self.turn.back() else { break };
            match open(SocketAddr::new(self.address, *port)) {
                Ok(port) => return Ok(port),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(source) => {
                    return Err(BindPortError::Address { address: self.address, source });
                }
            }
        }
        Err(BindPortError::Exhausted { address: self.address, tried })
    }
}

fn open(local: SocketAddr) -> io::Result<Port> {
    let socket = bind(local)?;
    let control = bind(SocketAddr::new(local.ip(), local.port() | 1))?;
    Ok(Port { local, socket, control })
}

fn bind(local: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    // A wish: some containers refuse it, and sound goes on without.
    if local.is_ipv4() {
        let _ = socket.set_tos_v4(EXPEDITED);
    }
    socket.bind(&local.into())?;
    Ok(socket.into())
}

/// A bound port and the one after it; dropping it releases both.
#[derive(Debug)]
pub struct Port {
    local: SocketAddr,
    pub(super) socket: UdpSocket,
    /// For reports: the port after it.
    pub(super) control: UdpSocket,
}

impl Port {
    /// What to write into our SDP.
    pub fn local(&self) -> SocketAddr {
        self.local
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 41));

    #[test]
    fn ports_are_even_come_in_turn_and_rest_after_use() {
        let mut ports = Ports::new(HERE, 41_001..=41_007);
        let numbers: Vec<u16> = (0..6).map(|_| ports.bind().unwrap().local().port()).collect();
        assert_eq!(numbers, [41_002, 41_004, 41_006, 41_002, 41_004, 41_006]);
    }

    #[test]
    fn a_port_in_use_is_passed_over_and_a_full_range_says_so() {
        let mut ports = Ports::new(HERE, 41_010..=41_013);
        let first = ports.bind().unwrap();
        let second = ports.bind().unwrap();
        assert!(matches!(ports.bind(), Err(BindPortError::Exhausted { tried: 2, .. })));
        drop(first);
        assert_eq!(ports.bind().unwrap().local().port(), 41_010);
        drop(second);
    }

    #[test]
    fn an_address_that_is_not_ours_is_named() {
        let mut ports = Ports::new("192.0.2.1".parse().unwrap(), 41_020..=41_021);
        assert!(matches!(ports.bind(), Err(BindPortError::Address { .. })));
    }
}
