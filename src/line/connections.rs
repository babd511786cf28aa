//! SIP over TCP and TLS: the connections that are open.
//!
//! It reads no message itself (`reading` does) and verifies nobody (`tls` does).
//!
//! Law: a stranger's connection costs nothing: it is closed before anything is read, a TLS
//! handshake included. No trunk takes the connections of another, nor those that we open.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use super::reading::{Opener, Patience, Reading};
use super::{Arrived, Doorway};
use crate::sip::{Route, Transport};

/// Connections at once, in both directions.
const CONNECTIONS_MAX: usize = 256;
/// Those of them that others opened: the rest is kept for the ones we open.
const CALLERS_MAX: usize = 192;
/// Those that one address opened. A trunk needs one; some open one a call.
const CALLERS_FROM_ONE_MAX: usize = 128;
/// Messages that may wait to be written to one connection.
const WAITING_MAX: usize = 256;
/// How long a connection may take to open, a TLS handshake included.
const CONNECT_MAX: Duration = Duration::from_secs(4);
/// How long a write may take, and how long what was written may go unacknowledged.
const WRITE_MAX: Duration = Duration::from_secs(30);
/// How long nothing may come before the other side is asked whether it is there, how often it
/// is asked, and how many times in vain: who is gone without a word is noticed after 30 s.
const KEEPALIVE: (Duration, Duration, u32) = (Duration::from_secs(15), Duration::from_secs(5), 3);
/// How long the other side may take to hear that we hang up.
const FAREWELL_MAX: Duration = Duration::from_secs(1);
/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;
/// A pause after a connection that could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The open connections, by the other side's address.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    open: Arc<Mutex<Table>>,
    arrived: mpsc::Sender<Arrived>,
    doorway: Doorway,
    patience: Patience,
}

type Table = HashMap<(Transport, SocketAddr), Open>;

/// A connection that is open, or is being opened.
#[derive(Debug)]
struct Open {
    writes: mpsc::Sender<Vec<u8>>,
    /// Whoever opened it came from there; `None`: we did.
    caller: Option<IpAddr>,
}

impl Connections {
    pub(super) fn new(arrived: mpsc::Sender<Arrived>, doorway: Doorway) -> Self {
        Self { open: Arc::default(), arrived, doorway, patience: Patience::default() }
    }

    pub(super) async fn listen(
        &self,
        transport: Transport,
        address: SocketAddr,
    ) -> io::Result<SocketAddr> {
        let listener = listener(address)?;
        let local = listener.local_addr()?;
        tokio::spawn(self.clone().accept(listener, transport, local));
        Ok(local)
    }

    async fn accept(self, listener: TcpListener, transport: Transport, local: SocketAddr) {
        let gate = &self.doorway.gate;
        while !self.arrived.is_closed() {
            match listener.accept().await {
                Ok((stream, remote)) if gate.admits(remote.ip()) => {
                    let local = self.doorway.seen_by(local, remote);
                    let route = Route { transport, local, remote };
                    if let Some(waiting) = self.enter(route, Some(remote.ip())) {
                        tokio::spawn(self.clone().welcome(stream, route, waiting));
                    }
                }
                // A stranger's connection is dropped: nothing is read.
                Ok((_, remote)) => gate.turn_away(remote, "a stranger's connection was closed"),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    // Out of file descriptors, say: what waits will still be waiting.
                    let _ = timeout(ACCEPT_PAUSE, std::future::pending::<()>()).await;
                }
            }
        }
    }

    pub(super) fn send(&self, route: Route, bytes: Vec<u8>) {
        let existing = self.writes(route);
        let waiting = existing.or_else(|| self.open(route));
        let sent = waiting.is_some_and(|waiting| waiting.try_send(bytes).is_ok());
        if !sent {
            self.failed(route);
        }
    }

    fn open(&self, route: Route) -> Option<mpsc::Sender<Vec<u8>>> {
        let waiting = self.enter(route, None)?;
        let sender = self.writes(route);
        tokio::spawn(self.clone().connect(route, waiting));
        sender
    }

    /// Somebody has called us.
    async fn welcome(self, stream: TcpStream, route: Route, waiting: mpsc::Receiver<Vec<u8>>) {
        let limit = Instant::now() + self.patience.first;
        let Some(tls) = self.doorway.tls.clone().filter(|_| route.transport == Transport::Tls)
        else {
            return self.serve(settled(stream), route, waiting, Opener::They(limit)).await;
        };
        match timeout_at(limit, tls.accept(settled(stream))).await {
            Ok(Ok(stream)) => self.serve(stream, route, waiting, Opener::They(limit)).await,
            _ => {
                self.doorway.gate.tell(route.remote, "a TLS handshake failed");
                self.closed(route).await;
            }
        }
    }

    /// We call somebody.
    async fn connect(self, route: Route, waiting: mpsc::Receiver<Vec<u8>>) {
        let limit = Instant::now() + CONNECT_MAX;
        let stream = timeout_at(limit, TcpStream::connect(route.remote)).await;
        let stream = stream.ok().and_then(Result::ok).map(settled);
        match (stream, self.doorway.tls.clone()) {
            (Some(stream), _) if route.transport == Transport::Tcp => {
                return self.serve(stream, route, waiting, Opener::We).await;
            }
            (Some(stream), Some(tls)) => {
                match timeout_at(limit, tls.greet(stream, route.remote)).await {
                    Ok(Ok(stream)) => return self.serve(stream, route, waiting, Opener::We).await,
                    Ok(Err(why)) => {
                        tracing::warn!(sip.remote = %route.remote, ?why, "a trunk is not believed");
                    }
                    Err(_) => tls.unreached(route.remote),
                }
            }
            (None, Some(tls)) => tls.unreached(route.remote),
            (_, None) => {}
        }
        self.leave(route);
        self.failed(route);
    }

    async fn serve(
        self,
        stream: impl AsyncRead + AsyncWrite,
        route: Route,
        waiting: mpsc::Receiver<Vec<u8>>,
        opener: Opener,
    ) {
        let (reading, mut writing) = tokio::io::split(stream);
        let Some(writes) = self.writes(route) else { return };
        let read = Reading {
            route,
            opener,
            patience: self.patience,
            gate: self.doorway.gate.clone(),
            arrived: self.arrived.clone(),
            writes,
        };
        tokio::select! {
            () = read.run(reading) => {}
            () = write(&mut writing, waiting) => {}
        }
        let _ = timeout(FAREWELL_MAX, writing.shutdown()).await;
        self.closed(route).await;
    }

    /// Whoever waits for something on it must hear: no message is dropped for this.
    async fn closed(&self, route: Route) {
        self.leave(route);
        let _ = self.arrived.send(Arrived::Closed { route }).await;
    }

    /// Makes room for a connection; `None` when there are too many.
    fn enter(&self, route: Route, caller: Option<IpAddr>) -> Option<mpsc::Receiver<Vec<u8>>> {
        let mut open = self.lock();
        if !has_room(&open, caller) {
            self.doorway.gate.tell(route.remote, "too many connections: one was refused");
            return None;
        }
        let (writes, waiting) = mpsc::channel(WAITING_MAX);
        open.insert(key(route), Open { writes, caller });
        Some(waiting)
    }

    fn writes(&self, route: Route) -> Option<mpsc::Sender<Vec<u8>>> {
        self.lock().get(&key(route)).map(|open| open.writes.clone())
    }

    fn leave(&self, route: Route) {
        self.lock().remove(&key(route));
    }

    fn failed(&self, route: Route) {
        let _ = self.arrived.try_send(Arrived::Failed { route });
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A listener for one family: beside it there may be another on the same port.
fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Whether another connection may be opened by this caller, or by us.
fn has_room(open: &Table, caller: Option<IpAddr>) -> bool {
    let Some(caller) = caller else { return open.len() < CONNECTIONS_MAX };
    let callers = || open.values().filter_map(|open| open.caller);
    callers().count() < CALLERS_MAX
        && callers().filter(|known| *known == caller).count() < CALLERS_FROM_ONE_MAX
}

fn key(route: Route) -> (Transport, SocketAddr) {
    (route.transport, route.remote)
}

/// A connection as we want it: nothing held back, given up when what was sent is not
/// acknowledged, and when nobody is there any more: between messages it may be silent for an
/// hour. Where the kernel refuses, our own deadlines remain.
fn settled(stream: TcpStream) -> TcpStream {
    let _ = stream.set_nodelay(true);
    let socket = SockRef::from(&stream);
    let _ = socket.set_tcp_user_timeout(Some(WRITE_MAX));
    let (after, every, times) = KEEPALIVE;
    let asks = TcpKeepalive::new().with_time(after).with_interval(every).with_retries(times);
    let _ = socket.set_tcp_keepalive(&asks);
    stream
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), mut waiting: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = waiting.recv().await {
        let written = timeout(WRITE_MAX, async {
            stream.write_all(&bytes).await?;
            // TLS holds back what is not flushed.
            stream.flush().await
        });
        if !matches!(written.await, Ok(Ok(()))) {
            return;
        }
    }
}

#[cfg(test)]
#[path = "tests/connections.rs"]
pub(super) mod tests;
