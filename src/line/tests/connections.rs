use std::net::IpAddr;

use tokio::io::AsyncReadExt;

use super::super::{Gate, Public, Strangers};
use super::*;

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(20);
const HEAD: &[u8] = b"OPTIONS sip:a SIP/2.0\r\nl: 4\r\n\r\n";

pub(crate) fn here() -> IpAddr {
    "127.0.0.1".parse().unwrap()
}

/// Nobody's connections yet; whoever is here may connect.
pub(crate) fn connections(
    tls: Option<super::super::Tls>,
    patience: Patience,
) -> (Connections, mpsc::Receiver<Arrived>) {
    let (arrived, inbox) = mpsc::channel(16);
    let gate = Gate::new([here()], Strangers::Refuse);
    let doorway = Doorway { gate, public: Public::default(), tls };
    let mut connections = Connections::new(arrived, doorway);
    connections.patience = patience;
    (connections, inbox)
}

/// A listener with this patience, and a connection to it.
async fn connected(patience: Patience) -> (TcpStream, mpsc::Receiver<Arrived>) {
    let (connections, inbox) = connections(None, patience);
    let local = connections.listen(Transport::Tcp, SocketAddr::new(here(), 0)).await.unwrap();
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

#[tokio::test]
async fn a_ping_is_answered() {
    let (mut stream, _inbox) = connected(Patience::default()).await;
    stream.write_all(b"\r\n\r\n").await.unwrap();
    let mut pong = [0; 2];
    timeout(LONG, stream.read_exact(&mut pong)).await.unwrap().unwrap();
    assert_eq!(&pong, b"\r\n");
}

#[tokio::test]
async fn ten_thousand_strangers_are_closed_and_leave_nothing() {
    let (connections, _inbox) = connections(None, Patience::default());
    let local = connections.listen(Transport::Tcp, SocketAddr::new(here(), 0)).await.unwrap();
    let stranger: SocketAddr = "127.0.0.9:0".parse().unwrap();
    for _ in 0..10_000 {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(stranger).unwrap();
        let mut stream = socket.connect(local).await.unwrap();
        let mut byte = [0];
        // Closed in order or reset: either way nothing is said.
        let read = timeout(LONG, stream.read(&mut byte)).await.unwrap();
        assert!(matches!(read, Ok(0) | Err(_)));
    }
    assert!(connections.lock().is_empty());
}

#[tokio::test]
async fn trunks_have_so_many_connections_and_no_more() {
    let (connections, _inbox) = connections(None, Patience::default());
    let local = connections.listen(Transport::Tcp, SocketAddr::new(here(), 0)).await.unwrap();
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        let mut stream = TcpStream::connect(local).await.unwrap();
        stream.write_all(b"\r\n\r\n").await.unwrap();
        let mut pong = [0; 2];
        timeout(LONG, stream.read_exact(&mut pong)).await.unwrap().unwrap();
        streams.push(stream);
    }
    let mut late = TcpStream::connect(local).await.unwrap();
    let read = timeout(LONG, late.read(&mut [0])).await.unwrap();
    assert!(matches!(read, Ok(0) | Err(_)));
    assert_eq!(connections.lock().len(), CONNECTIONS_MAX);
}
