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
use tokio::time::{Instant, timeout, timeout_at};

use super::{Arrived, Gate, Seen};
use crate::sip::{Framer, Route, Transport};

/// Connections at once, in both directions.
const CONNECTIONS_MAX: usize = 256;
/// Messages that may wait to be written to one connection.
const WAITING_MAX: usize = 256;
/// How long a connection may take to open.
const CONNECT_MAX: Duration = Duration::from_secs(4);
/// How long a write may take.
const WRITE_MAX: Duration = Duration::from_secs(30);
/// A pause after a connection that could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// RFC 5626 §3.5.1: the answer to a keep-alive.
const PONG: &[u8] = b"\r\n";

/// How long the other side may take its time.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// Until the first message begins, on a connection we were called on; keep-alives
    /// are no message.
    first: Duration,
    /// From a message's first byte to its last, however many reads bring it.
    message: Duration,
    /// Between messages.
    silence: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(30),
            message: Duration::from_secs(30),
            silence: Duration::from_secs(3600),
        }
    }
}

/// Who opened a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opener {
    They,
    We,
}

/// The open connections, by the other side's address.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    open: Arc<Mutex<HashMap<SocketAddr, mpsc::Sender<Vec<u8>>>>>,
    arrived: mpsc::Sender<Arrived>,
    gate: Gate,
    seen: Seen,
    patience: Patience,
}

impl Connections {
    pub(super) fn new(arrived: mpsc::Sender<Arrived>, gate: Gate, seen: Seen) -> Self {
        Self { open: Arc::default(), arrived, gate, seen, patience: Patience::default() }
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
                        tokio::spawn(self.clone().serve(stream, route, waiting, Opener::They));
                    }
                }
                // A stranger's connection is dropped: nothing is read.
                Ok((_, remote)) => {
                    self.gate.turn_away(remote, "a stranger's connection was closed");
                }
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
            Ok(Ok(stream)) => self.serve(stream, route, waiting, Opener::We).await,
            _ => {
                self.leave(route);
                self.failed(route);
            }
        }
    }

    async fn serve(
        self,
        stream: TcpStream,
        route: Route,
        waiting: mpsc::Receiver<Vec<u8>>,
        opener: Opener,
    ) {
        let _ = stream.set_nodelay(true);
        let (reading, writing) = stream.into_split();
        tokio::select! {
            () = self.read(reading, route, opener) => {}
            () = write(writing, waiting) => {}
        }
        self.leave(route);
        // Whoever waits for something on it must hear: no message is dropped for this.
        let _ = self.arrived.send(Arrived::Closed { route }).await;
    }

    async fn read(&self, mut stream: OwnedReadHalf, route: Route, opener: Opener) {
        let patience = self.patience;
        let mut framer = Framer::new();
        let mut buffer = vec![0; 16 * 1024];
        let mut limit = Instant::now()
            + match opener {
                Opener::They => patience.first,
                Opener::We => patience.silence,
            };
        let mut spoke = opener == Opener::We;
        let mut between = true;
        loop {
            let length = match timeout_at(limit, stream.read(&mut buffer)).await {
                Ok(Ok(length)) if length > 0 => length,
                Err(_) => {
                    self.gate.tell(route.remote, "a slow connection was closed");
                    return;
                }
                _ => return,
            };
            framer.push(buffer.get(..length).unwrap_or_default());
            let mut whole = false;
            for message in framer.by_ref() {
                whole = true;
                let Ok(bytes) = message else {
                    self.gate.tell(route.remote, "a connection that is no SIP was closed");
                    return;
                };
                if self.arrived.send(Arrived::Message { route, bytes }).await.is_err() {
                    return;
                }
            }
            spoke |= whole;
            let begins = !framer.is_between() && (between || whole);
            between = framer.is_between();
            if begins {
                limit = Instant::now() + patience.message;
            } else if between && spoke {
                limit = Instant::now() + patience.silence;
            }
            self.answer_pings(&mut framer, route);
        }
    }

    fn answer_pings(&self, framer: &mut Framer, route: Route) {
        if framer.take_pings() > 0 {
            let sender = self.lock().get(&route.remote).cloned();
            let _ = sender.map(|sender| sender.try_send(PONG.to_vec()));
        }
    }

    /// Makes room for a connection; `None` when there are too many.
    fn enter(&self, remote: SocketAddr) -> Option<mpsc::Receiver<Vec<u8>>> {
        let mut open = self.lock();
        if open.len() >= CONNECTIONS_MAX {
            self.gate.tell(remote, "too many TCP connections: one was refused");
            return None;
        }
        let (sender, waiting) = mpsc::channel(WAITING_MAX);
        open.insert(remote, sender);
        Some(waiting)
    }

    fn leave(&self, route: Route) {
        self.lock().remove(&route.remote);
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
        if !matches!(timeout(WRITE_MAX, stream.write_all(&bytes)).await, Ok(Ok(()))) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Strangers;
    use super::*;

    const SHORT: Duration = Duration::from_millis(300);
    const LONG: Duration = Duration::from_secs(20);
    const HEAD: &[u8] = b"OPTIONS sip:a SIP/2.0\r\nl: 4\r\n\r\n";

    /// A listener with this patience, and a connection to it.
    async fn connected(patience: Patience) -> (TcpStream, mpsc::Receiver<Arrived>) {
        let (arrived, inbox) = mpsc::channel(16);
        let here = "127.0.0.1".parse().unwrap();
        let mut connections =
            Connections::new(arrived, Gate::new([here], Strangers::Refuse), Seen { public: None });
        connections.patience = patience;
        let local = connections.listen(SocketAddr::new(here, 0)).await.unwrap();
        (TcpStream::connect(local).await.unwrap(), inbox)
    }

    /// Sends `text` a byte at a time, faster than any single wait allows, until cut off.
    async fn dribble(mut stream: TcpStream, text: &[u8]) -> usize {
        let mut tick = tokio::time::interval(SHORT / 10);
        for (sent, byte) in text.iter().cycle().take(200).enumerate() {
            tick.tick().await;
            if stream.write_all(&[*byte]).await.is_err() {
                return sent;
            }
        }
        panic!("it was never hung up on");
    }

    #[tokio::test]
    async fn who_says_nothing_or_only_keeps_alive_is_hung_up_on() {
        let patience = Patience { first: SHORT, message: LONG, silence: LONG };
        let (mut stream, mut inbox) = connected(patience).await;
        let mut byte = [0];
        assert_eq!(timeout(LONG, stream.read(&mut byte)).await.unwrap().unwrap(), 0);
        assert!(matches!(inbox.recv().await, Some(Arrived::Closed { .. })));
        let (stream, _inbox) = connected(patience).await;
        assert!(dribble(stream, b"\r\n").await > 1);
    }

    #[tokio::test]
    async fn a_message_has_one_deadline_however_many_reads_bring_it() {
        let patience = Patience { first: LONG, message: SHORT, silence: LONG };
        let (stream, _inbox) = connected(patience).await;
        assert!(dribble(stream, &[b'a'; 200]).await > 1);
    }

    #[tokio::test]
    async fn the_next_message_has_a_deadline_of_its_own_and_whole_ones_are_kept() {
        let patience = Patience { first: LONG, message: SHORT, silence: LONG };
        let (mut stream, mut inbox) = connected(patience).await;
        // The second message begins in the read that ends the first.
        stream.write_all(&[HEAD, b"body", HEAD].concat()).await.unwrap();
        assert!(matches!(inbox.recv().await, Some(Arrived::Message { .. })));
        let mut byte = [0];
        assert_eq!(timeout(LONG, stream.read(&mut byte)).await.unwrap().unwrap(), 0);
        assert!(matches!(inbox.recv().await, Some(Arrived::Closed { .. })));
    }
}
