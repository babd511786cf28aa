//! A caller that writes its own SIP and RTP: what a telephone of ours never does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use super::exchange::{header, reply};
use super::{PATIENCE, soon};

pub struct RawCaller {
    signals: UdpSocket,
    sound: Arc<UdpSocket>,
    server: SocketAddr,
    /// Where the service wants our sound.
    pub sound_to: Option<SocketAddr>,
    call_id: String,
    from: String,
    to: String,
    to_tag: String,
    cseq: u32,
    invite_cseq: u32,
    packets: u16,
    /// What stands in its Via, when that is not its address.
    pub via: Option<String>,
}

/// What came from the service.
#[derive(Debug)]
pub struct Came {
    pub status: u16,
    pub text: String,
}

impl RawCaller {
    pub async fn new(host: SocketAddr, server: SocketAddr, from: &str, to: &str) -> Self {
        let signals = UdpSocket::bind(host).await.unwrap();
        let sound = UdpSocket::bind(host).await.unwrap();
        let call_id =
            format!("{}-{:x}", signals.local_addr().unwrap().port(), rand::random::<u64>());
        Self {
            signals,
            sound: Arc::new(sound),
            server,
            sound_to: None,
            call_id,
            from: from.to_owned(),
            to: to.to_owned(),
            to_tag: String::new(),
            cseq: 0,
            invite_cseq: 0,
            packets: 0,
            via: None,
        }
    }

    /// The port it really sends from.
    pub fn port(&self) -> u16 {
        self.signals.local_addr().unwrap().port()
    }

    /// An offer; `events` says whether telephone-event is in it.
    pub fn sdp(&self, events: bool, direction: &str) -> String {
        let (ip, port) = {
            let local = self.sound.local_addr().unwrap();
            (local.ip(), local.port())
        };
        let (list, map) =
            if events { (" 101", "a=rtpmap:101 telephone-event/8000\r\n") } else { ("", "") };
        format!(
            "v=0\r\no=- 1 {} IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} \
             RTP/AVP 8{list}\r\na=rtpmap:8 PCMA/8000\r\n{map}a={direction}\r\n",
            self.cseq + 1
        )
    }

    fn request(&self, method: &str, cseq: u32, extra: &str, body: &str) -> String {
        let local = self.signals.local_addr().unwrap();
        let (from, to, tag) = (&self.from, &self.to, &self.to_tag);
        let server = self.server;
        let via = self.via.clone().unwrap_or_else(|| local.to_string());
        let tag = if tag.is_empty() { String::new() } else { format!(";tag={tag}") };
        let branch = format!("z9hG4bK{}{cseq}{method}", self.call_id);
        // RFC 3261 §9.1: a CANCEL has the branch of its INVITE.
        let branch = branch.replace("CANCEL", "INVITE");
        format!(
            "{method} sip:{to}@{server} SIP/2.0\r\nVia: SIP/2.0/UDP {via};branch={branch};rport\
             \r\nMax-Forwards: 70\r\nFrom: <sip:{from}@{local}>;tag=raw\r\nTo: <sip:{to}@{server}>\
             {tag}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\nContact: <sip:{from}@{local}>\r\n\
             {extra}Content-Length: {}\r\n\r\n{body}",
            self.call_id,
            body.len()
        )
    }

    async fn send(&self, text: &str) {
        self.signals.send_to(text.as_bytes(), self.server).await.unwrap();
    }

    /// Sends an INVITE; answers are awaited with [`Self::status`].
    pub async fn invite(&mut self, sdp: &str) {
        self.invite_with("", sdp).await;
    }

    /// The same, with further fields.
    pub async fn invite_with(&mut self, fields: &str, sdp: &str) {
        self.cseq += 1;
        self.invite_cseq = self.cseq;
        let extra = format!("{fields}Content-Type: application/sdp\r\n");
        self.send(&self.request("INVITE", self.cseq, &extra, sdp)).await;
    }

    /// The last INVITE was refused: the next is a call of its own.
    pub fn forget_answer(&mut self) {
        self.to_tag.clear();
    }

    /// The next message from the service. A request of its is answered with 200.
    pub async fn next(&mut self) -> Came {
        let mut buffer = vec![0; 65_535];
        let waiting = self.signals.recv_from(&mut buffer);
        let (length, from) = soon("the service sends something", waiting).await.unwrap();
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let status = text.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)?.parse().ok());
        if let Some(status) = status {
            self.learn(&text);
            return Came { status, text };
        }
        let answer = reply(&text, "200 OK");
        self.signals.send_to(answer.as_bytes(), from).await.unwrap();
        Came { status: 0, text }
    }

    fn learn(&mut self, text: &str) {
        let to = header(text, "To:").unwrap_or_default();
        if let Some((_, tag)) = to.split_once("tag=") {
            self.to_tag = tag.split(';').next().unwrap_or_default().to_owned();
        }
        let ip = header(text, "c=IN IP4 ");
        let port = header(text, "m=audio ");
        let port = port.and_then(|m| m.split(' ').next()?.parse::<u16>().ok());
        if let (Some(ip), Some(port)) = (ip, port) {
            self.sound_to = Some(SocketAddr::new(ip.parse().unwrap(), port));
        }
    }

    /// Waits for a response with this status; its text.
    pub async fn status(&mut self, wanted: u16) -> String {
        let mut seen = Vec::new();
        let waiting = async {
            loop {
                let came = self.next().await;
                if came.status == wanted {
                    return came.text;
                }
                seen.push(came.status);
            }
        };
        let got = tokio::time::timeout(PATIENCE, waiting).await;
        got.unwrap_or_else(|_| panic!("no {wanted} came, but {seen:?}"))
    }

    /// Waits until the service hangs up; its BYE.
    pub async fn hung_up(&mut self) -> String {
        loop {
            let came = self.next().await;
            if came.text.starts_with("BYE ") {
                return came.text;
            }
        }
    }

    pub async fn ack(&self) {
        self.send(&self.request("ACK", self.invite_cseq, "", "")).await;
    }

    /// Calls and is answered.
    pub async fn is_answered(&mut self, events: bool) {
        let sdp = self.sdp(events, "sendrecv");
        self.invite(&sdp).await;
        self.status(200).await;
        self.ack().await;
    }

    pub async fn cancel(&self) {
        self.send(&self.request("CANCEL", self.invite_cseq, "", "")).await;
    }

    pub async fn bye(&mut self) {
        self.cseq += 1;
        self.send(&self.request("BYE", self.cseq, "", "")).await;
    }

    /// A key in a SIP INFO.
    pub async fn info(&mut self, content_type: &str, body: &str) {
        self.cseq += 1;
        let extra = format!("Content-Type: {content_type}\r\n");
        self.send(&self.request("INFO", self.cseq, &extra, body)).await;
        self.status(200).await;
    }

    /// An UPDATE that offers nothing; the answer's text.
    pub async fn refreshes(&mut self, fields: &str) -> String {
        self.cseq += 1;
        self.send(&self.request("UPDATE", self.cseq, fields, "")).await;
        self.status(200).await
    }

    /// Holds (`sendonly`) or takes back (`sendrecv`); the answer's text.
    pub async fn reinvite(&mut self, direction: &str) -> String {
        let sdp = self.sdp(true, direction);
        self.invite(&sdp).await;
        let text = self.status(200).await;
        self.ack().await;
        text
    }

    /// Says by re-INVITE that its sound is at another port from now on; the socket it had.
    pub async fn moves(&mut self) -> Arc<UdpSocket> {
        let host = self.sound.local_addr().unwrap().ip();
        let sound = Arc::new(UdpSocket::bind((host, 0)).await.unwrap());
        let old = std::mem::replace(&mut self.sound, sound);
        self.reinvite("sendrecv").await;
        old
    }

    /// Sends this sound as packets of 20 ms, in their time.
    pub async fn says(&mut self, samples: &[i16]) {
        let to = self.sound_to.expect("the service has named its address");
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        for frame in samples.chunks_exact(160) {
            tick.tick().await;
            self.packets += 1;
            self.sound.send_to(&packet(self.packets, frame), to).await.unwrap();
        }
    }

    /// Says something from now on without an end, whatever else happens; nothing else may be
    /// said meanwhile.
    pub fn talks_on(&self) -> JoinHandle<()> {
        let to = self.sound_to.expect("the service has named its address");
        let (sound, mut packets) = (self.sound.clone(), self.packets);
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(Duration::from_millis(20));
            loop {
                tick.tick().await;
                packets = packets.wrapping_add(1);
                // Nobody may listen any more.
                let _ = sound.send_to(&packet(packets, &[1_000; 160]), to).await;
            }
        })
    }

    /// Waits so long for a request of the service with this method; what else it asks is
    /// answered with 200, what it answers is passed over, and BYE is the end of the test.
    pub async fn is_asked(&self, method: &str, within: Duration) -> String {
        let begins = format!("{method} ");
        let waiting = async {
            let mut buffer = vec![0; 65_535];
            loop {
                let (length, from) = self.signals.recv_from(&mut buffer).await.unwrap();
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                assert!(!text.starts_with("BYE "), "it hung up");
                if text.starts_with(&begins) {
                    return text;
                }
                if !text.starts_with("SIP/2.0") {
                    let answer = reply(&text, "200 OK");
                    self.signals.send_to(answer.as_bytes(), from).await.unwrap();
                }
            }
        };
        let asked = tokio::time::timeout(within, waiting).await;
        asked.unwrap_or_else(|_| panic!("no {method} within {within:?}"))
    }

    /// Answers a request of the service's with 200 and these fields.
    pub async fn agrees(&self, request: &str, fields: &str) {
        let answer = reply(request, "200 OK");
        let answer = answer.replacen("Content-Length", &format!("{fields}Content-Length"), 1);
        self.signals.send_to(answer.as_bytes(), self.server).await.unwrap();
    }

    /// One packet of the service's sound: its A-law codes.
    pub async fn hears(&self) -> Vec<u8> {
        let mut buffer = vec![0; 2_048];
        let (length, _) = soon("sound", self.sound.recv_from(&mut buffer)).await.unwrap();
        buffer.get(12..length).unwrap_or_default().to_vec()
    }
}

impl RawCaller {
    /// The same INVITE, once more.
    pub async fn invite_again(&mut self, sdp: &str) {
        self.cseq = 0;
        self.invite(sdp).await;
    }
}

/// A packet of 20 ms, A-law.
fn packet(sequence: u16, frame: &[i16]) -> Vec<u8> {
    let mut datagram = vec![0x80, 8];
    datagram.extend(sequence.to_be_bytes());
    datagram.extend((u32::from(sequence) * 160).to_be_bytes());
    datagram.extend(0x1234_5678_u32.to_be_bytes());
    let coded = |sample: &i16| polaris::rtp::encode(polaris::words::Law::Pcma, *sample);
    datagram.extend(frame.iter().map(coded));
    datagram
}
