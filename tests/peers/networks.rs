//! A service in two networks, an operator in each: every leg leaves where its operator is, and
//! is heard there.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use crate::support::ground::{Ground, SIP};
use crate::support::hosts::Host;
use crate::support::service::{CALLER, DIRECT, Service};
use crate::support::wait::wait_for;

/// The service and the operator in the private network.
const NEAR: [&str; 2] = ["10.77.0.1", "10.77.0.2"];
/// The same in the other one.
const FAR: [&str; 2] = ["10.78.0.1", "10.78.0.2"];
/// As the far operator sees the service, through a NAT that stands for itself.
const PUBLIC: &str = "203.0.113.7";
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody's switch, told each word it says.
struct Switch(UdpSocket);

impl Switch {
    fn open(host: &Host, address: &str) -> Self {
        let socket = host.inside(|| UdpSocket::bind((address, SIP)).unwrap());
        socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        Self(socket)
    }

    /// The next message that begins so, and who sent it; all others are passed over.
    fn hears(&self, begins: &str) -> (String, SocketAddr) {
        let mut buffer = [0; 65_535];
        wait_for(begins, PATIENCE, || {
            let (length, from) = self.0.recv_from(&mut buffer).ok()?;
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            text.starts_with(begins).then_some((text, from))
        })
    }

    fn says(&self, text: &str, to: &str) {
        self.0.send_to(text.as_bytes(), (to, SIP)).unwrap();
    }

    fn refuses(&self, invite: &str, status: &str, to: &str) {
        let echoed = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
        let echoed = invite.lines().filter(|l| echoed.iter().any(|name| l.starts_with(name)));
        let echoed: String = echoed.map(|line| format!("{line}\r\n")).collect();
        let echoed = echoed.replacen("\r\nCall-ID:", ";tag=far\r\nCall-ID:", 1);
        self.says(&format!("SIP/2.0 {status}\r\n{echoed}Content-Length: 0\r\n\r\n"), to);
    }
}

fn field<'a>(text: &'a str, name: &str) -> &'a str {
    text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim()
}

fn configuration(_: &Ground) -> String {
    let [near, near_operator] = NEAR;
    let [far, far_operator] = FAR;
    format!(
        "data_dir = \"data\"\n[sip]\npublic_address = \"{PUBLIC}\"\n\
         listen = [\"udp:127.0.0.1:{SIP}\", \"udp:{near}:{SIP}\", \"udp:{far}:{SIP}\"]\n\
         [rtp]\nports = \"20000-29999\"\n\
         [[trunk]]\nname = \"vicino\"\nproxy = \"{near_operator}:{SIP}\"\nprobe = false\n\
         accept_from = [\"{near}\"]\npublic_address = \"none\"\n\
         [[trunk]]\nname = \"lontano\"\nproxy = \"{far_operator}:{SIP}\"\nprobe = false\n\
         [[service]]\ndialplan = \"plan.kdl\"\n"
    )
}

/// What a message of the service says of where it is: in SIP, and for sound.
fn is_seen_at(message: &str, address: &str) -> u16 {
    assert_eq!(field(message, "Contact:"), format!("<sip:polaris@{address}:{SIP}>"), "{message}");
    assert_eq!(field(message, "c="), format!("IN IP4 {address}"), "{message}");
    field(message, "m=audio ").split(' ').next().unwrap().parse().unwrap()
}

/// Whether the service hears sound there.
fn is_heard(service: &Host, address: &str, port: u16) -> bool {
    let tried = service.inside(|| UdpSocket::bind((address, port)));
    tried.is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}

#[test]
fn each_trunk_is_reached_from_the_network_it_is_in() {
    let [mut house, mut near_host, mut far_host] = [(); 3].map(|()| Host::boot());
    house.lay_cable(&format!("{}/24", NEAR[0]), &mut near_host, &format!("{}/24", NEAR[1]));
    house.lay_cable(&format!("{}/24", FAR[0]), &mut far_host, &format!("{}/24", FAR[1]));
    let near = Switch::open(&near_host, NEAR[1]);
    let far = Switch::open(&far_host, FAR[1]);
    let [own, operator] = NEAR.map(|address| address.parse().unwrap());
    let ground = Ground { service: own, proxy: operator, caller: own, stranger: operator };
    let on_duty = [(1, "Ada Greco", "+393330000001")];
    let service = house.inside(|| Service::start_at(ground, configuration, &on_duty));
    // A call comes in from the far operator.
    let sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n",
        FAR[1]
    );
    let ask = |method: &str, tag: &str, body: &str| {
        format!(
            "{method} sip:{DIRECT}@{0} SIP/2.0\r\nVia: SIP/2.0/UDP {1};branch=z9hG4bK{method}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{CALLER}@{1}>;tag=far\r\nTo: <sip:{DIRECT}@{0}>{tag}\
             \r\nCall-ID: far\r\nCSeq: 1 {method}\r\nContact: <sip:{1}>\r\nContent-Type: \
             application/sdp\r\nContent-Length: {2}\r\n\r\n{body}",
            FAR[0],
            FAR[1],
            body.len()
        )
    };
    far.says(&ask("INVITE", "", &sdp), FAR[0]);
    let (ok, _) = far.hears("SIP/2.0 200");
    let caller = is_seen_at(&ok, PUBLIC);
    assert!(is_heard(&house, FAR[0], caller));
    let tag = field(&ok, "To:").split_once(";tag=").unwrap().1.to_owned();
    far.says(&ask("ACK", &format!(";tag={tag}"), ""), FAR[0]);
    // The responder is rung through the near one, from its network and without the NAT.
    let (invite, from) = near.hears("INVITE ");
    assert_eq!(from.to_string(), format!("{}:{SIP}", NEAR[0]));
    assert!(field(&invite, "Via:").contains(&format!(" {}:{SIP};", NEAR[0])), "{invite}");
    let sound = is_seen_at(&invite, NEAR[0]);
    assert!(is_heard(&house, NEAR[0], sound));
    // It is out of order: the other one is tried, from the other network, its sound with it.
    near.refuses(&invite, "503 Service Unavailable", NEAR[0]);
    let (invite, from) = far.hears("INVITE ");
    assert_eq!(from.to_string(), format!("{}:{SIP}", FAR[0]));
    assert!(field(&invite, "Via:").contains(&format!(" {PUBLIC}:{SIP};")), "{invite}");
    let moved = is_seen_at(&invite, PUBLIC);
    assert!(is_heard(&house, FAR[0], moved) && !is_heard(&house, NEAR[0], moved));
    wait_for("the port left behind is free", PATIENCE, || {
        (!is_heard(&house, NEAR[0], sound)).then_some(())
    });
    assert!(!service.logged("no way to a peer"));
}

/// 30 seconds.
pub fn a_host_that_vanishes_keeps_no_connection() {
    let [mut house, mut switch] = [(); 2].map(|()| Host::boot());
    let [own, operator] = NEAR;
    house.lay_cable(&format!("{own}/24"), &mut switch, &format!("{operator}/24"));
    let listen = format!("listen = [\"udp:{own}:{SIP}\", \"tcp:{own}:{SIP}\"]\n");
    let written = format!(
        "data_dir = \"data\"\n[sip]\n{listen}[[trunk]]\nname = \"vicino\"\nprobe = false\n\
         proxy = \"tcp:{operator}:{SIP}\"\naccept_from = [\"{own}\"]\n\
         [[service]]\ndialplan = \"plan.kdl\"\n"
    );
    let [service, proxy] = NEAR.map(|address| address.parse().unwrap());
    let ground = Ground { service, proxy, caller: service, stranger: proxy };
    let service = house.inside(|| Service::start_at(ground, |_| written.clone(), &[]));
    let mut connection = switch.inside(|| TcpStream::connect((own, SIP))).unwrap();
    let port = connection.local_addr().unwrap().port();
    let options = format!(
        "OPTIONS sip:{own} SIP/2.0\r\nVia: SIP/2.0/TCP {operator}:{port};branch=z9hG4bKup\r\n\
         Max-Forwards: 70\r\nFrom: <sip:up@{operator}>;tag=up\r\nTo: <sip:{own}>\r\n\
         Call-ID: up\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    );
    connection.write_all(options.as_bytes()).unwrap();
    let mut answer = [0; 11];
    connection.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"SIP/2.0 200");
    assert!(is_open(&house, port));
    // No FIN, no RST: what is sent to it is gone from now on.
    switch.run("iptables -A INPUT -j DROP");
    // The kernel asks three times, and gives up after 30 s.
    wait_for("the connection is closed", Duration::from_secs(45), || {
        (!is_open(&house, port)).then_some(())
    });
    drop(connection);
    service.stop();
}

/// Whether a host keeps a connection with that port of another.
fn is_open(house: &Host, port: u16) -> bool {
    let table = house.inside(|| fs::read_to_string("/proc/thread-self/net/tcp").unwrap());
    let theirs = format!(":{port:04X}");
    table.lines().any(|line| line.split_whitespace().nth(2).is_some_and(|at| at.ends_with(&theirs)))
}
