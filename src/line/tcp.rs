//! SIP over TCP.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{Arrived, Gate, Seen};
use crate::sip::{Framer, Route, Transport};

/// Connections at once, in both directions.
const CONNECTIONS_MAX: usize = 256;
/// Messages that may wait to be written to one connection.
const WAITING_MAX: usize = 256;
/// How long a connection may take to open.
const CONNECT_MAX: Duration = Duration::from_secs(4);
/// How long a message may take from its first byte to its last, and a write to end.
const MESSAGE_MAX: Duration = Duration::from_secs(30);
/// How long a connection may be silent.
const SILENCE_MAX: Duration = Duration::from_secs(3600);
/// A pause after a connection that could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// RFC 5626 §3.5.1: the answer to a keep-alive.
const PONG: &[u8] = b"\r\n";

/// The open connections, by the other side's address.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    open: Arc<Mutex<HashMap<SocketAddr, mpsc::Sender<Vec<u8>>>>>,
    arrived: mpsc::Sender<Arrived>,
    gate: Gate,
    seen: Seen,
}

impl Connections {
    pub(super) fn new(arrived: mpsc::Sender<Arrived>, gate: Gate, seen: Seen) -> Self {
        Self { open: Arc::default(), arrived, gate, seen }
    }

    pub(super) async fn listen(&self, address: SocketAddr) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind(address).await?;
        let local = listener.local_addr()?;
        tokio::spawn(self.clone().accept(listener, local));
        Ok(local)
    }

    async fn accept(self, listener: TcpListener, local: SocketAddr) {
        while !self.arrived.is_closed() {
            match listener.accept().await {
                Ok((stream, remote)) if self.gate.admits(remote.ip()) => {
                    if let Some(waiting) = self.enter(remote) {
                        let route = self.route(local, remote);
                        tokio::spawn(self.clone().serve(stream, route, waiting));
                    }
                }
                // A stranger's connection is dropped: nothing is read.
                Ok((_, remote)) => tracing::debug!(sip.remote = %remote, "a stranger hung up on"),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    // Out of file descriptors, say: what waits will still be waiting.
                    let _ = timeout(ACCEPT_PAUSE, std::future::pending::<()>()).await;
                }
            }
        }
    }

    pub(super) fn send(&self, route: Route, bytes: Vec<u8>) {
        let existing = self.lock().get(&route.remote).cloned();
        let waiting = existing.or_else(|| self.open(route));
        let sent = waiting.is_some_and(|waiting| waiting.try_send(bytes).is_ok());
        if !sent {
            self.failed(route);
        }
    }

    fn open(&self, route: Route) -> Option<mpsc::Sender<Vec<u8>>> {
        let waiting = self.enter(route.remote)?;
        let sender = self.lock().get(&route.remote).cloned();
        tokio::spawn(self.clone().connect(route, waiting));
        sender
    }

    async fn connect(self, route: Route, waiting: mpsc::Receiver<Vec<u8>>) {
        match timeout(CONNECT_MAX, TcpStream::connect(route.remote)).await {
            Ok(Ok(stream)) => self.serve(stream, route, waiting).await,
            _ => self.leave(route),
        }
    }

    async fn serve(self, stream: TcpStream, route: Route, waiting: mpsc::Receiver<Vec<u8>>) {
        let _ = stream.set_nodelay(true);
        let (reading, writing) = stream.into_split();
        tokio::select! {
            () = self.read(reading, route) => {}
            () = write(writing, waiting) => {}
        }
        self.leave(route);
    }

    async fn read(&self, mut stream: OwnedReadHalf, route: Route) {
        let mut framer = Framer::new();
        let mut buffer = vec![0; 16 * 1024];
        let mut between = true;
        loop {
            let limit = if between { SILENCE_MAX } else { MESSAGE_MAX };
            let length = match timeout(limit, stream.read(&mut buffer)).await {
                Ok(Ok(length)) if length > 0 => length,
                _ => return,
            };
            framer.push(buffer.get(..length).unwrap_or_default());
            between = false;
            for message in framer.by_ref() {
                between = true;
                let Ok(bytes) = message else { return };
                if self.arrived.send(Arrived::Message { route, bytes }).await.is_err() {
                    return;
                }
            }
            if framer.take_pings() > 0 {
                let sender = self.lock().get(&route.remote).cloned();
                let _ = sender.map(|sender| sender.try_send(PONG.to_vec()));
            }
        }
    }

    /// Makes room for a connection; `None` when there are too many.
    fn enter(&self, remote: SocketAddr) -> Option<mpsc::Receiver<Vec<u8>>> {
        let mut open = self.lock();
        if open.len() >= CONNECTIONS_MAX {
            tracing::warn!("too many TCP connections: one was refused");
            return None;
        }
        let (sender, waiting) = mpsc::channel(WAITING_MAX);
        open.insert(remote, sender);
        Some(waiting)
    }

    fn leave(&self, route: Route) {
        self.lock().remove(&route.remote);
        self.failed(route);
    }

    fn failed(&self, route: Route) {
        let _ = self.arrived.try_send(Arrived::Failed { route });
    }

    fn route(&self, local: SocketAddr, remote: SocketAddr) -> Route {
        Route { transport: Transport::Tcp, local: self.seen.by(local, remote), remote }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SocketAddr, mpsc::Sender<Vec<u8>>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write(mut stream: OwnedWriteHalf, mut waiting: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = waiting.recv().await {
        if !matches!(timeout(MESSAGE_MAX, stream.write_all(&bytes)).await, Ok(Ok(()))) {
            return;
        }
    }
}
