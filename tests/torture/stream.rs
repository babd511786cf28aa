//! The same messages over TCP, where what follows a message is the next one.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use polaris::sip::{Framer, Message};
use socket2::{Domain, Socket, Type};

use crate::messages::Torture;
use crate::support::service::Service;

/// What came back on a connection.
#[derive(Debug, Default)]
struct Came {
    /// Statuses of answers to the message, in order.
    statuses: Vec<u16>,
    /// What was asked after the message was answered.
    next_answered: bool,
    /// The service closed it.
    closed: bool,
}

/// Whether the message got on a connection what its note permits there: an answer, or
/// where the stream cannot be read on, its end; or patience where more must come.
pub(crate) fn judge(service: &Service, torture: &Torture, bytes: &[u8]) -> Result<(), String> {
    let came = came(service, bytes);
    let judged = torture.judge(&came.statuses).map_err(|why| format!("{why}, {came:?}"));
    let unanswered = came.statuses.is_empty();
    match torture.tcp.as_deref() {
        Some("wait") if unanswered && !came.closed => Ok(()),
        // RFC 3261 §18.3: where the next message begins is not known.
        Some("close") | None if came.closed && breaks(bytes) && unanswered => Ok(()),
        Some("close") | None if came.closed => judged,
        None if came.next_answered => judged,
        _ => Err(format!("{came:?}")),
    }
}

/// Whether a stream cannot be read on after this, or in it.
fn breaks(bytes: &[u8]) -> bool {
    let mut framer = Framer::new();
    framer.push(bytes);
    framer.any(|message| message.is_err())
}

/// Sends the message and an OPTIONS behind it; reads until that is answered, the service
/// closes, or nothing comes for a while.
fn came(service: &Service, bytes: &[u8]) -> Came {
    let mut stream = connect(service);
    let local = stream.local_addr().unwrap();
    let next = format!(
        "OPTIONS sip:{0} SIP/2.0\r\nVia: SIP/2.0/TCP {local};branch=z9hG4bKnext;rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:trunk@{local}>;tag=1\r\nTo: <sip:{0}>\r\n\
         Call-ID: next-{local}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
        service.ground.server()
    );
    let first = first_number(bytes);
    // It may have closed already.
    let _ = stream.write_all(bytes).and_then(|()| stream.write_all(next.as_bytes()));
    let (mut came, mut framer, mut buffer) = (Came::default(), Framer::new(), [0; 65_535]);
    loop {
        while let Some(Ok(answer)) = framer.next() {
            let answer = Message::parse(&answer).expect("what the service sends can be read");
            let Some(status) = answer.status() else { continue };
            if answer.header("Call-ID").is_some_and(|id| id.starts_with("next-")) {
                came.next_answered = true;
                return came;
            }
            // Octets after the body are the next request on a stream, and answered as such.
            let number = answer.header("CSeq").map(squeezed);
            if first.is_none() || number == first {
                came.statuses.push(status);
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) => came.closed = true,
            Ok(length) => framer.push(&buffer[..length]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return came,
            Err(_) => came.closed = true,
        }
        if came.closed {
            return came;
        }
    }
}

/// The `CSeq` of the message, where it can be read as one.
fn first_number(bytes: &[u8]) -> Option<String> {
    let mut framer = Framer::new();
    framer.push(bytes);
    let first = framer.next()?.ok()?;
    Message::parse(&first).ok()?.header("CSeq").map(squeezed)
}

/// However it is written: `0009` is 9.
fn squeezed(text: &str) -> String {
    let words: Vec<&str> = text.trim_start_matches('0').split_whitespace().collect();
    words.join(" ")
}

fn connect(service: &Service) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::new(service.ground.caller, 0).into()).unwrap();
    socket.connect(&service.ground.server().into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    stream
}
