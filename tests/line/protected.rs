//! Protected sound (SRTP): keys over TLS alone, nothing plain where it is required, and no
//! downgrade that is not told.

use std::net::SocketAddr;

use polaris::app::phone::{Do, Told};
use polaris::rtp::{Guard, HEADER_LEN, Header, Packet};
use polaris::sip::Framer;
use polaris::words::{MasterKey, Suite};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio_rustls::client::TlsStream;

use crate::line_support::authority::Authority;
use crate::line_support::border::Border;
use crate::line_support::exchange::header;
use crate::line_support::raw::RawCaller;
use crate::line_support::{ADA, CITIZENS, Place, lane, soon};
use crate::tls::{NAME, greets_from};
use crate::{CALLER, Scene};

/// Who calls over the protected trunk.
const HOST: u8 = 25;
/// 30 bytes of key and salt, in base64.
const KEY: [u8; 30] = *b"thirty bytes of key and a salt";

/// A service whose first trunk is reached over TLS, with `srtp` as written.
fn place(authority: &Authority, srtp: &str) -> (Place, SocketAddr) {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let border = SocketAddr::new(place.net.ip(20), 5061);
    let (service, host) = (place.net.ip(1), place.net.ip(HOST));
    let trunk = format!(
        "[[trunk]]\nname = \"primo\"\norder = 0\nproxy = \"tls:{border}\"\naccept_from = \
         [\"{host}\"]\ncertificate_name = \"{NAME}\"\nca_file = \"ca.pem\"\nsrtp = \"{srtp}\"\n"
    );
    let tls = format!(", \"tls:{service}:5061\"]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n[rtp]");
    place.write("polaris.toml", &place.config(&trunk).replacen("]\n[rtp]", &tls, 1));
    place.write("ca.pem", &authority.pem);
    authority.signs(NAME).write(&place.path("c.pem"), &place.path("k.pem"));
    (place, border)
}

fn no_key_is_in(log: &str) {
    assert!(!log.contains("inline") && !log.contains("crypto:"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_refuses_protected_sound_is_offered_plain_where_that_is_agreed_and_the_log_says_so() {
    let authority = Authority::new();
    let (place, border) = place(&authority, "offered");
    let mut scene = Scene::set_on(place).await;
    let numbers = [(ADA, scene.ada.phone.address)];
    let border = Border::open(border, Some(&authority.signs(NAME)), &numbers).await;
    scene.service.says(&["trunk.name=\"primo\"", "a trunk is well"]).await;
    scene.call(CITIZENS);
    scene.caller.told(Told::Answered).await;
    scene.caller.presses("2");
    // Ada's telephone knows no SRTP.
    scene.ada.told(Told::Incoming).await;
    scene.ada.does(Do::Answer);
    scene.ada.told(Told::Failed(488)).await;
    crate::accept(&mut scene.ada).await;
    scene.service.step("bridged").await;
    scene.service.says(&["WARN", "protected sound was refused", "in the clear"]).await;
    let invites = border.requests("INVITE ");
    assert_eq!(invites.len(), 2);
    assert!(invites[0].contains(" RTP/SAVP ") && invites[0].matches("a=crypto:").count() == 4);
    assert!(invites[1].contains(" RTP/AVP ") && !invites[1].contains("a=crypto:"));
    no_key_is_in(&scene.service.log());
    let place = scene.hang_up().await;
    assert_eq!(place.only_call()["outcome"], "accepted");
}

/// A caller over TLS that writes its own SIP and SRTP.
struct TlsCaller {
    stream: TlsStream<TcpStream>,
    framer: Framer,
    sound: UdpSocket,
    call: String,
    to_tag: String,
    cseq: u32,
}

impl TlsCaller {
    async fn new(place: &Place, authority: &Authority) -> Self {
        let stream = greets_from(HOST, place, authority).await.unwrap();
        let sound = UdpSocket::bind((place.net.ip(HOST), 0)).await.unwrap();
        let call = format!("{:x}", rand::random::<u64>());
        Self { stream, framer: Framer::new(), sound, call, to_tag: String::new(), cseq: 0 }
    }

    /// Sends a request; its final answer.
    async fn asks(&mut self, method: &str, sdp: &str) -> String {
        self.cseq += u32::from(method != "ACK");
        let (local, cseq, call) =
            (self.stream.get_ref().0.local_addr().unwrap(), self.cseq, &self.call);
        let tag = if self.to_tag.is_empty() { "" } else { &format!(";tag={}", self.to_tag) };
        let text = format!(
            "{method} sip:{CITIZENS}@h SIP/2.0\r\nVia: SIP/2.0/TLS {local};branch=z9hG4bK{call}\
             {method}{cseq};rport\r\nMax-Forwards: 70\r\nFrom: <sip:{CALLER}@h>;tag=1\r\nTo: \
             <sip:{CITIZENS}@h>{tag}\r\nCall-ID: {call}\r\nCSeq: {cseq} {method}\r\nContact: \
             <sip:x@{local};transport=tls>\r\nContent-Type: application/sdp\r\nContent-Length: \
             {}\r\n\r\n{sdp}",
            sdp.len()
        );
        self.stream.write_all(text.as_bytes()).await.unwrap();
        if method == "ACK" { String::new() } else { self.hears_answer(method).await }
    }

    async fn hears_answer(&mut self, method: &str) -> String {
        let mut buffer = vec![0; 8_192];
        loop {
            while let Some(Ok(message)) = self.framer.next() {
                let text = String::from_utf8_lossy(&message).into_owned();
                let ours = header(&text, "CSeq:").is_some_and(|cseq| cseq.ends_with(method));
                if ours && text.starts_with("SIP/2.0 ") && !text.starts_with("SIP/2.0 1") {
                    let to = header(&text, "To:").unwrap();
                    if text.starts_with("SIP/2.0 2") {
                        self.to_tag = to.split("tag=").nth(1).unwrap_or_default().to_owned();
                    }
                    return text;
                }
            }
            let length = soon("an answer", self.stream.read(&mut buffer)).await.unwrap();
            assert!(length > 0, "the connection was closed");
            self.framer.push(&buffer[..length]);
        }
    }

    fn offer(&self, kind: &str) -> String {
        let at = self.sound.local_addr().unwrap();
        let key = if kind == "RTP/SAVP" { &line(7, &KEY) } else { "" };
        format!(
            "v=0\r\no=- 1 {} IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {} {kind} 8 \
             101\r\na=rtpmap:101 telephone-event/8000\r\n{key}",
            self.cseq + 1,
            at.port(),
            ip = at.ip()
        )
    }
}

fn line(tag: u32, key: &[u8]) -> String {
    use base64::Engine as _;
    let key = base64::engine::general_purpose::STANDARD.encode(key);
    format!("a=crypto:{tag} AES_CM_128_HMAC_SHA1_80 inline:{key}|2^31\r\n")
}

/// The keys of a call: what the caller wrote, and what it was answered.
fn guard(answer: &str) -> Guard {
    use base64::Engine as _;
    let suite = Suite::AesCm128HmacSha1;
    let written = header(answer, "a=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:").expect("our line");
    let theirs = base64::engine::general_purpose::STANDARD.decode(written.trim()).unwrap();
    let key = |bytes: &[u8]| MasterKey::of(suite, bytes).unwrap();
    Guard::new(suite, key(&KEY), key(&theirs)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_trunk_that_requires_protection_is_sent_nothing_plain_and_nothing_plain_is_taken() {
    let authority = Authority::new();
    let (place, border) = place(&authority, "required");
    let scene = Scene::set_on(place).await;
    let numbers = [(ADA, scene.ada.phone.address)];
    let border = Border::open(border, Some(&authority.signs(NAME)), &numbers).await;
    scene.service.says(&["trunk.name=\"primo\"", "a trunk is well"]).await;
    let net = scene.place.net;
    let host = SocketAddr::new(net.ip(HOST), 0);
    for protected in [false, true] {
        let mut raw = RawCaller::new(host, net.service(), CALLER, CITIZENS).await;
        let offer = raw.sdp(true, "sendrecv");
        let secret = offer.replace("RTP/AVP", "RTP/SAVP") + &line(7, &KEY);
        raw.invite(if protected { &secret } else { &offer }).await;
        let refused = raw.status(488).await;
        assert!(!refused.contains("a=crypto"), "{refused}");
    }
    let mut caller = TlsCaller::new(&scene.place, &authority).await;
    let plain = caller.asks("INVITE", &caller.offer("RTP/AVP")).await;
    assert!(plain.starts_with("SIP/2.0 488"), "{plain}");
    caller.call.push('b');
    let answer = caller.asks("INVITE", &caller.offer("RTP/SAVP")).await;
    assert!(answer.starts_with("SIP/2.0 200") && answer.contains(" RTP/SAVP 8 101"), "{answer}");
    caller.asks("ACK", "").await;
    let mut guard = guard(&answer);
    let mut datagram = [0; 2_048];
    let hears = soon("sound", caller.sound.recv_from(&mut datagram)).await.unwrap();
    let (length, from) = hears;
    let opened = guard.open(&datagram[..length]).expect("sound under the agreed key");
    assert_eq!(Packet::read(&opened).unwrap().header.payload_type, 8);
    let refused = caller.asks("INVITE", &caller.offer("RTP/AVP")).await;
    assert!(refused.starts_with("SIP/2.0 488"), "no way back to plain: {refused}");
    for (sequence, payload) in [[2, 10, 0, 160], [2, 0x8a, 1, 64]].iter().enumerate() {
        let mut packet = [&[0; HEADER_LEN][..], payload].concat();
        let (payload_type, marker) = (101, sequence == 0);
        let sequence = sequence as u16;
        let header = Header { payload_type, marker, sequence, timestamp: 1_000, ssrc: 9 };
        assert!(header.write(&mut packet));
        caller.sound.send_to(&guard.seal(&packet).unwrap(), from).await.unwrap();
    }
    // Ada's telephone knows no SRTP: she cannot be rung, and is not rung in the clear.
    let mut ada = scene.ada;
    ada.told(Told::Incoming).await;
    ada.does(Do::Answer);
    ada.told(Told::Failed(488)).await;
    scene.service.says(&["a ring failed", "sip.status=488"]).await;
    let bye = caller.asks("BYE", "").await;
    assert!(bye.starts_with("SIP/2.0 200"), "{bye}");
    scene.service.step("ended").await;
    let invites = border.requests("INVITE ");
    assert!(!invites.is_empty() && invites.iter().all(|text| text.contains(" RTP/SAVP ")));
    assert!(
        scene.exchange.invited().is_empty(),
        "488 is the phone's word: no other trunk is tried"
    );
    no_key_is_in(&scene.service.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_calls_over_tls_is_answered_in_kind_and_what_is_protected_stays_it() {
    let authority = Authority::new();
    let (place, _) = place(&authority, "offered");
    let scene = Scene::set_on(place).await;
    let mut caller = TlsCaller::new(&scene.place, &authority).await;
    for kind in ["RTP/AVP", "RTP/SAVP"] {
        (caller.call, caller.to_tag) = (format!("{:x}", rand::random::<u64>()), String::new());
        let answer = caller.asks("INVITE", &caller.offer(kind)).await;
        assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
        assert!(answer.contains(&format!(" {kind} 8 101")), "{answer}");
        assert_eq!(answer.contains("a=crypto:7"), kind == "RTP/SAVP", "{answer}");
        caller.asks("ACK", "").await;
        let plain = caller.asks("INVITE", &caller.offer("RTP/AVP")).await;
        let expected = if kind == "RTP/SAVP" { "SIP/2.0 488" } else { "SIP/2.0 200" };
        assert!(plain.starts_with(expected), "{kind}: {plain}");
        caller.asks("ACK", "").await;
        assert!(caller.asks("BYE", "").await.starts_with("SIP/2.0 200"));
        scene.service.step("ended").await;
    }
    no_key_is_in(&scene.service.log());
    scene.service.stop().await;
}

#[test]
fn what_is_wrong_with_srtp_in_the_configuration_is_said_at_once() {
    let place = Place::new(lane(), &[]);
    let tls = "proxy = \"tls:127.0.0.1:5061\"\n";
    let wrong = [
        ("proxy = \"127.0.0.1:5061\"\nsrtp = \"required\"", "vale solo con proxy = \"tls:…\""),
        ("proxy = \"tcp:127.0.0.1:5061\"\nsrtp = \"offered\"", "avrebbe anche le chiavi"),
        (&*format!("{tls}srtp = \"si\""), "«si» in «srtp» non si capisce: scrivi \"required\""),
        (&*format!("{tls}srtp = \"required\""), "aggiungi un indirizzo \"tls:…\" a «listen»"),
    ];
    let trunk =
        |(nth, (text, _)): (usize, &(&str, _))| format!("[[trunk]]\nname = \"t{nth}\"\n{text}\n");
    let trunks: String = wrong.iter().enumerate().map(trunk).collect();
    place.write("polaris.toml", &place.config(&trunks));
    let checked = place.command(&["check"]).output().unwrap();
    assert_eq!(checked.status.code(), Some(1));
    let text = String::from_utf8_lossy(&checked.stdout).into_owned();
    for (nth, (_, said)) in wrong.iter().enumerate() {
        let mut lines = text.lines().filter(|line| line.contains(&format!("trunk «t{nth}»")));
        assert!(lines.any(|line| line.contains(said)), "{said}: {text}");
    }
    let beside = "trunk «prova»: chi entra cifrato dal trunk «t0»";
    assert!(text.contains(beside), "{text}");
}
