//! Signalling over connections: where answers go, also once the connection is gone, and what
//! a message that is too long does to the calls beside it.

use std::net::SocketAddr;

use polaris::sip::{Framer, Transport};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, UdpSocket};

use crate::CALLER;
use crate::line_support::authority::Authority;
use crate::line_support::border::acceptor;
use crate::line_support::exchange::{header, reply};
use crate::line_support::service::Service;
use crate::line_support::{CITIZENS, Place, lane, soon};
use crate::tls::{NAME, greets_from};

/// Who calls over connections.
const HOST: u8 = 25;
/// The port its Via names, and the one of its Contact.
const VIA: u16 = 5070;
const CONTACT: u16 = 5071;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A service that listens on every transport, and a trunk at [`HOST`] that it believes under
/// its name.
fn place(authority: &Authority) -> Place {
    let place = Place::new(lane(), &[]);
    let (service, host) = (place.net.ip(1), place.net.ip(HOST));
    let trunk = format!(
        "[[trunk]]\nname = \"cifrato\"\norder = 9\nproxy = \"tls:{host}:5061\"\nprobe = false\n\
         accept_from = [\"{host}\"]\ncertificate_name = \"{NAME}\"\nca_file = \"ca.pem\"\n"
    );
    let listen = format!(
        ", \"tcp:{service}:5060\", \"tls:{service}:5061\"]\ncertificate = \"c.pem\"\nkey = \
         \"k.pem\"\n[rtp]"
    );
    place.write("polaris.toml", &place.config(&trunk).replacen("]\n[rtp]", &listen, 1));
    place.write("ca.pem", &authority.pem);
    authority.signs(NAME).write(&place.path("c.pem"), &place.path("k.pem"));
    place
}

/// One end of a connection.
struct Talker {
    stream: Box<dyn Stream>,
    framer: Framer,
}

impl Talker {
    fn new(stream: impl Stream + 'static) -> Self {
        Self { stream: Box::new(stream), framer: Framer::new() }
    }

    /// Opens a connection to the service.
    async fn connects(place: &Place, over: Transport, authority: &Authority) -> Self {
        if over == Transport::Tls {
            return Self::new(greets_from(HOST, place, authority).await.unwrap());
        }
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(place.net.ip(HOST), 0)).unwrap();
        Self::new(socket.connect(SocketAddr::new(place.net.ip(1), 5060)).await.unwrap())
    }

    /// Takes the connection that the service opens.
    async fn is_called(listener: &TcpListener, over: Transport, authority: &Authority) -> Self {
        let (stream, _) = soon("a connection", listener.accept()).await.unwrap();
        match over {
            Transport::Tls => {
                let shown = acceptor(&authority.signs(NAME)).accept(stream);
                Self::new(soon("a greeting", shown).await.unwrap())
            }
            _ => Self::new(stream),
        }
    }

    async fn says(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// The next message that begins so.
    async fn hears(&mut self, beginning: &str) -> String {
        let mut buffer = vec![0; 8_192];
        loop {
            while let Some(Ok(message)) = self.framer.next() {
                let text = String::from_utf8_lossy(&message).into_owned();
                if text.starts_with(beginning) {
                    return text;
                }
            }
            let length = soon(beginning, self.stream.read(&mut buffer)).await.unwrap();
            assert!(length > 0, "closed before {beginning} came");
            self.framer.push(&buffer[..length]);
        }
    }
}

/// A caller's requests in one call.
struct Writer {
    at: SocketAddr,
    over: Transport,
    call: String,
    tag: String,
}

impl Writer {
    fn new(place: &Place, over: Transport) -> Self {
        let at = SocketAddr::new(place.net.ip(HOST), VIA);
        Self { at, over, call: format!("{:x}", rand::random::<u64>()), tag: String::new() }
    }

    fn request(&self, method: &str, cseq: u32, body: &str) -> String {
        let (at, call, ip) = (self.at, &self.call, self.at.ip());
        let over = self.over.as_str();
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} sip:{CITIZENS}@h SIP/2.0\r\nVia: SIP/2.0/{over} {at};branch=z9hG4bK{call}\
             {cseq}{method};rport\r\nMax-Forwards: 70\r\nFrom: <sip:{CALLER}@h>;tag=1\r\nTo: \
             <sip:{CITIZENS}@h>{}\r\nCall-ID: {call}\r\nCSeq: {cseq} {method}\r\nContact: \
             <sip:x@{ip}:{CONTACT};transport={}>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
            self.tag,
            over.to_lowercase(),
            body.len()
        )
    }

    fn invite(&self) -> String {
        let ip = self.at.ip();
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio 40000 \
             RTP/AVP 8\r\n"
        );
        self.request("INVITE", 1, &sdp)
    }

    fn learns(&mut self, ok: &str) {
        let to = header(ok, "To:").unwrap();
        self.tag = format!(";tag={}", to.split("tag=").nth(1).unwrap());
    }
}

/// RFC 3261 §18.2.2: over the same connection; once that is closed, over one to the address
/// it came from and the port its Via names. What we ask goes to the Contact.
async fn is_answered_over(over: Transport) {
    let authority = Authority::new();
    let place = place(&authority);
    let at = |port| TcpListener::bind(SocketAddr::new(place.net.ip(HOST), port));
    let (via, contact) = (at(VIA).await.unwrap(), at(CONTACT).await.unwrap());
    let service = Service::start(&place).await;
    let mut writer = Writer::new(&place, over);
    let mut first = Talker::connects(&place, over, &authority).await;
    first.says(&writer.invite()).await;
    first.hears("SIP/2.0 200").await;
    // Its ACK is never sent: it hangs up on the connection, not on the call.
    drop(first);
    let mut second = Talker::is_called(&via, over, &authority).await;
    let ok = second.hears("SIP/2.0 200").await;
    let answered = header(&ok, "Via:").unwrap();
    assert!(answered.contains(&format!(";received={}", place.net.ip(HOST))), "{answered}");
    assert!(!answered.contains(&format!("rport={VIA}")), "where it really came from: {answered}");
    writer.learns(&ok);
    second.says(&writer.request("ACK", 1, "")).await;
    service.step("call_answered").await;
    // Nobody is on duty and nobody says anything: in the end it is we who hang up.
    let mut third = Talker::is_called(&contact, over, &authority).await;
    let bye = third.hears("BYE ").await;
    third.says(&reply(&bye, "200 OK")).await;
    service.step("ended").await;
    service.stop().await;
    assert_eq!(place.calls().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn over_tcp_an_answer_goes_back_over_its_connection_or_to_where_its_via_says() {
    is_answered_over(Transport::Tcp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn over_tls_an_answer_goes_back_over_its_connection_or_to_where_its_via_says() {
    is_answered_over(Transport::Tls).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_message_that_is_too_long_gets_513_and_the_calls_beside_it_go_on() {
    let authority = Authority::new();
    let place = place(&authority);
    let service = Service::start(&place).await;
    for over in [Transport::Tcp, Transport::Tls] {
        let mut talker = Talker::connects(&place, over, &authority).await;
        let mut writer = Writer::new(&place, over);
        talker.says(&writer.invite()).await;
        writer.learns(&talker.hears("SIP/2.0 200").await);
        talker.says(&writer.request("ACK", 1, "")).await;
        let long = Writer::new(&place, over).request("INVITE", 1, &"x".repeat(200_000));
        talker.says(&long).await;
        let refused = talker.hears("SIP/2.0 5").await;
        assert!(refused.starts_with("SIP/2.0 513 Message Too Large\r\n"), "{refused}");
        talker.says(&writer.request("BYE", 2, "")).await;
        talker.hears("SIP/2.0 200").await;
    }
    service.says(&["refused", "sip.status=513", "a message longer than 64 KiB"]).await;
    // A datagram cannot be that long; what it carries can be too long for an INVITE.
    let caller = UdpSocket::bind((place.net.ip(HOST), 0)).await.unwrap();
    let long = Writer::new(&place, Transport::Udp).request("INVITE", 1, &"x".repeat(40_000));
    caller.send_to(long.as_bytes(), place.net.service()).await.unwrap();
    let mut buffer = vec![0; 65_535];
    let length = soon("an answer", caller.recv(&mut buffer)).await.unwrap();
    assert!(buffer[..length].starts_with(b"SIP/2.0 513 "));
    service.says_times(2, &["step=\"ended\""]).await;
    service.stop().await;
    assert_eq!(place.calls().len(), 2, "what was refused left nothing");
}
