//! Which sockets have packets.
//!
//! Level-triggered: a socket is named for as long as it has packets, so one read for
//! each time it is named is enough, and no read comes back empty. Edge-triggered, every
//! packet costs a second read that only finds out that there is no second packet.

use std::io;
use std::net::UdpSocket;
use std::os::fd::OwnedFd;

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

/// Sockets named at once, at most; the others are named the next time.
const NAMED_MAX: usize = 1024;
const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// Which of a stream's two sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Reports,
    Sound,
}

/// The sockets that are listened to, each under the number of its place.
#[derive(Debug)]
pub(super) struct Ready {
    epoll: OwnedFd,
}

/// The places of the sockets that had packets at the last look.
pub(super) struct Named(Vec<epoll::Event>);

impl Ready {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { epoll: epoll::create(epoll::CreateFlags::CLOEXEC)? })
    }

    /// Listens to a socket, until it is closed.
    pub(super) fn listen(
        &self,
        socket: &UdpSocket,
        place: usize,
        channel: Channel,
    ) -> io::Result<()> {
        let low = u64::from(channel == Channel::Reports);
        let data = epoll::EventData::new_u64((place as u64) << 1 | low);
        Ok(epoll::add(&self.epoll, socket, data, epoll::EventFlags::IN)?)
    }

    /// Looks which sockets have packets now. Never waits.
    pub(super) fn look(&self, named: &mut Named) {
        named.0.clear();
        // An interrupted look names none; the next one does.
        let _ = epoll::wait(&self.epoll, spare_capacity(&mut named.0), Some(&AT_ONCE));
    }
}

impl Named {
    pub(super) fn none() -> Self {
        Self(Vec::with_capacity(NAMED_MAX))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn places(&self) -> impl Iterator<Item = (usize, Channel)> {
        self.0.iter().filter_map(|event| {
            let data = event.data.u64();
            let channel = if data & 1 == 1 { Channel::Reports } else { Channel::Sound };
            Some((usize::try_from(data >> 1).ok()?, channel))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_named_until_its_last_packet_is_read_and_never_after_it_is_closed() {
        let socket = UdpSocket::bind("127.0.0.42:0").unwrap();
        let (ready, mut named) = (Ready::new().unwrap(), Named::none());
        let mut look = || {
            ready.look(&mut named);
            named.places().collect::<Vec<_>>()
        };
        ready.listen(&socket, 7, Channel::Reports).unwrap();
        assert!(look().is_empty());
        for _ in 0..2 {
            socket.send_to(b"a", socket.local_addr().unwrap()).unwrap();
        }
        for _ in 0..2 {
            assert_eq!(look(), [(7, Channel::Reports)]);
            socket.recv_from(&mut [0; 4]).unwrap();
        }
        assert!(look().is_empty());
        socket.send_to(b"a", socket.local_addr().unwrap()).unwrap();
        drop(socket);
        assert!(look().is_empty());
    }
}
