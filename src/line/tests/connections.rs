use std::net::IpAddr;

use tokio::io::AsyncReadExt;

use super::super::{Gate, Seen, Strangers};
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
    let doorway = Doorway { gate, public: Seen::default(), tls };
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
async fn a_first_message_must_be_whole_within_the_time_of_its_first_byte() {
    let patience = Patience { first: SHORT, message: LONG, silence: LONG };
    let (stream, _inbox) = connected(patience).await;
    assert!(dribble(stream, &[b'a'; 200]).await > 1);
}

#[test]
fn a_connection_that_never_says_a_whole_thing_lasts_thirty_seconds() {
    let patience = Patience::default();
    let most = Duration::from_secs(30);
    assert!(patience.first <= most && patience.message <= most);
    let (after, every, times) = KEEPALIVE;
    assert!(after + every * times <= most, "who is gone without a word");
    assert!(WRITE_MAX <= most);
}

#[tokio::test]
async fn the_kernel_asks_on_both_kinds_of_connections_whether_anybody_is_there() {
    let listener = TcpListener::bind(SocketAddr::new(here(), 0)).await.unwrap();
    let (opened, accepted) =
        tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
    for stream in [opened.unwrap(), accepted.unwrap().0] {
        let stream = settled(stream);
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        let asks = (
            socket.tcp_keepalive_time().unwrap(),
            socket.tcp_keepalive_interval().unwrap(),
            socket.tcp_keepalive_retries().unwrap(),
        );
        assert_eq!(asks, KEEPALIVE);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(WRITE_MAX));
    }
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

/// Opens a connection from there; whether it was let in.
async fn comes_in(from: [u8; 4], to: SocketAddr) -> Option<TcpStream> {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(IpAddr::from(from), 0)).unwrap();
    let mut stream = socket.connect(to).await.unwrap();
    // Closed at once, perhaps before this is written.
    let _ = stream.write_all(b"\r\n\r\n").await;
    let mut pong = [0; 2];
    timeout(LONG, stream.read_exact(&mut pong)).await.unwrap().is_ok().then_some(stream)
}

#[tokio::test]
async fn one_trunk_has_so_many_connections_and_leaves_room_for_others_and_for_us() {
    let trunks = [[127, 0, 0, 1], [127, 0, 0, 2], [127, 0, 0, 3]];
    let (arrived, mut inbox) = mpsc::channel(16);
    let gate = Gate::new(trunks.map(IpAddr::from), Strangers::Refuse);
    let doorway = Doorway { gate, public: Seen::default(), tls: None };
    let connections = Connections::new(arrived, doorway);
    let local = connections.listen(Transport::Tcp, SocketAddr::new(here(), 0)).await.unwrap();
    let mut streams = Vec::new();
    for (trunk, times) in [(0, CALLERS_FROM_ONE_MAX), (1, CALLERS_MAX - CALLERS_FROM_ONE_MAX)] {
        for _ in 0..times {
            streams.push(comes_in(trunks[trunk], local).await.expect("there is room"));
        }
        assert!(comes_in(trunks[0], local).await.is_none(), "it has as many as it may");
    }
    assert_eq!(connections.lock().len(), CALLERS_MAX);
    assert!(comes_in(trunks[2], local).await.is_none(), "what is left is ours");
    // We open one all the same, and whoever hangs up makes room.
    let trunk = TcpListener::bind(SocketAddr::new(here(), 0)).await.unwrap();
    let remote = trunk.local_addr().unwrap();
    connections.send(Route { transport: Transport::Tcp, local, remote }, HEAD.to_vec());
    let (mut ours, _) = timeout(LONG, trunk.accept()).await.unwrap().unwrap();
    timeout(LONG, ours.read_exact(&mut [0; HEAD.len()])).await.unwrap().unwrap();
    streams.clear();
    for _ in 0..CALLERS_MAX {
        let closed = timeout(LONG, inbox.recv()).await.unwrap();
        assert!(matches!(closed, Some(Arrived::Closed { .. })), "{closed:?}");
    }
    assert!(comes_in(trunks[2], local).await.is_some());
}
