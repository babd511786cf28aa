//! An operator's switch that is told each word it says, and every word it hears.

use std::net::{IpAddr, SocketAddr};

use tokio::net::UdpSocket;

use super::exchange::{header, reply};
use super::soon;

pub struct RawOperator {
    signals: UdpSocket,
    sound: UdpSocket,
    /// The last INVITE, for requests in its dialog, and their number.
    invite: String,
    from: Option<SocketAddr>,
    cseq: u32,
}

impl RawOperator {
    pub async fn open(ip: IpAddr) -> Self {
        let signals = UdpSocket::bind((ip, 5060)).await.unwrap();
        let sound = UdpSocket::bind((ip, 0)).await.unwrap();
        Self { signals, sound, invite: String::new(), from: None, cseq: 0 }
    }

    /// The next request with this method; OPTIONS are answered, everything else passed over.
    pub async fn request(&mut self, method: &str) -> String {
        let begins = format!("{method} ");
        loop {
            let text = self.next(method).await;
            if text.starts_with("OPTIONS ") {
                self.answer(&text, "200 OK", "").await;
            } else if text.starts_with(&begins) {
                if method == "INVITE" {
                    self.invite.clone_from(&text);
                }
                return text;
            }
        }
    }

    async fn next(&mut self, what: &str) -> String {
        let mut buffer = vec![0; 65_535];
        let waiting = self.signals.recv_from(&mut buffer);
        let (length, from) = soon(&format!("{what} comes"), waiting).await.unwrap();
        self.from = Some(from);
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    /// The next datagram, whatever it is.
    pub async fn datagram(&mut self, what: &str) -> String {
        self.next(what).await
    }

    async fn send(&self, text: &str) {
        self.signals.send_to(text.as_bytes(), self.from.expect("somebody spoke")).await.unwrap();
    }

    pub async fn answer(&self, request: &str, status: &str, fields: &str) {
        self.answer_with(request, status, fields, "").await;
    }

    /// The same, with where sound is wanted.
    pub async fn answer_with_sound(&self, request: &str, status: &str, fields: &str) {
        self.answer_with(request, status, fields, &sound_at(&self.sound)).await;
    }

    /// Wants the sound elsewhere, by UPDATE; the answer's text, and where it then comes.
    pub async fn moves_its_sound(&mut self) -> (String, UdpSocket) {
        let elsewhere = UdpSocket::bind((self.sound.local_addr().unwrap().ip(), 0)).await.unwrap();
        let kind = "Content-Type: application/sdp\r\n";
        let answer = self.says("UPDATE", kind, &sound_at(&elsewhere)).await;
        (answer, elsewhere)
    }

    async fn answer_with(&self, request: &str, status: &str, fields: &str, body: &str) {
        let contact = format!("Contact: <sip:{}>\r\n", self.signals.local_addr().unwrap());
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let length = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        let text = reply(request, status)
            .replace("Content-Length: 0\r\n\r\n", &format!("{contact}{kind}{fields}{length}"));
        let tagged = text.lines().map(|line| match line {
            to if to.starts_with("To:") && !to.contains("tag=") => format!("{to};tag=raw\r\n"),
            line => format!("{line}\r\n"),
        });
        self.send(&tagged.collect::<String>()).await;
    }

    /// Says something in the dialog of the last INVITE; the answer's text.
    pub async fn says(&mut self, method: &str, fields: &str, body: &str) -> String {
        self.cseq += 1;
        let field = |name: &str| header(&self.invite, name).unwrap();
        let (local, cseq) = (self.signals.local_addr().unwrap(), self.cseq);
        let target = field("Contact:").trim_matches(['<', '>']).to_owned();
        let text = format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bKraw{cseq}\r\n\
             Max-Forwards: 70\r\nFrom: {};tag=raw\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} \
             {method}\r\n{fields}Content-Length: {}\r\n\r\n{body}",
            field("To:"),
            field("From:"),
            field("Call-ID:"),
            body.len()
        );
        self.send(&text).await;
        loop {
            let answer = self.next(&format!("the answer to {method}")).await;
            let own = header(&answer, "CSeq:").is_some_and(|own| own == format!("{cseq} {method}"));
            if answer.starts_with("SIP/2.0 ") && own {
                return answer;
            }
        }
    }
}

/// A description that wants A-law there.
fn sound_at(socket: &UdpSocket) -> String {
    let local = socket.local_addr().unwrap();
    let (ip, port) = (local.ip(), local.port());
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} \
         RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
    )
}
