//! What the kernel alone takes for bridged calls: each packet read and sent on.
//!
//! Nothing in it looks into a packet, knows a call or keeps a clock: whatever relays these
//! packets through a socket for each telephone does at least this. The thread is of this
//! process, which does nothing else meanwhile.

use std::convert::Infallible;
use std::net::UdpSocket;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

use super::cost::{self, CALLS, Cost};
use super::process::memory_kb;
use super::service::HERE;
use super::telephones::Load;

/// How often it looks for packets: as often as the service does while anybody is bridged.
const LOOK: Duration = Duration::from_millis(5);
const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// Relays the sound of the calls of a comparison, between telephones like theirs.
pub(crate) fn measure() -> anyhow::Result<Cost> {
    let this = std::process::id();
    let empty = memory_kb(this)?;
    let sockets: Vec<UdpSocket> =
        (0..2 * CALLS).map(|_| UdpSocket::bind((HERE, 0))).collect::<Result<_, _>>()?;
    let addresses: Vec<_> = sockets.iter().map(UdpSocket::local_addr).collect::<Result<_, _>>()?;
    let ((), mut load) = Load::with(|_| Ok(((), addresses[0])))?;
    let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    let telephones = load.ask(&format!("lines {}", addresses.join(" ")))?;
    for (socket, telephone) in sockets.iter().zip(telephones.split(' ')) {
        socket.connect(telephone)?;
    }
    let (going_on, until) = channel();
    let relay = std::thread::spawn(move || relay(&sockets, &until));
    let cost = cost::watch(this, &mut load, CALLS, empty)?;
    drop(going_on);
    relay.join().map_err(|_| anyhow::anyhow!("the relay panicked"))??;
    load.put_down()?;
    anyhow::ensure!(cost.whole(), "sound is missing, no figure counts: {cost}");
    Ok(cost)
}

/// What comes to a socket goes out of its neighbour, until nobody wants that any more.
fn relay(sockets: &[UdpSocket], until: &Receiver<Infallible>) -> anyhow::Result<()> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    for (place, socket) in (0..).zip(sockets) {
        epoll::add(&epoll, socket, epoll::EventData::new_u64(place), epoll::EventFlags::IN)?;
    }
    let mut named: Vec<epoll::Event> = Vec::with_capacity(sockets.len());
    let mut packet = [0; 2048];
    while until.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        named.clear();
        epoll::wait(&epoll, spare_capacity(&mut named), Some(&AT_ONCE))?;
        for event in &named {
            let place = event.data.u64() as usize;
            let (length, _) = sockets[place].recv_from(&mut packet)?;
            let _ = sockets[place ^ 1].send(&packet[..length]);
        }
    }
    Ok(())
}
