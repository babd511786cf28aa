//! Two benches: one endpoint and a scripted peer; two endpoints and a bad link.

use std::collections::BTreeMap;
use std::time::Duration;

use polaris::sip::{Config, Endpoint, Event, Forwarding, Message, Outgoing, Route, Transport};
use polaris::words::Moment;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

pub(crate) const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\n\
                              c=IN IP4 192.0.2.9\r\nt=0 0\r\n\
                       m=audio 4000 RTP/AVP 8\r\n";

/// Our route: 192.0.2.1 is us, 192.0.2.9 the peer.
pub(crate) fn route(transport: Transport) -> Route {
    let local = "192.0.2.1:5060".parse().unwrap();
    Route { transport, local, remote: "192.0.2.9:5062".parse().unwrap() }
}

pub(crate) fn outgoing(route: Route) -> Outgoing {
    Outgoing {
        route,
        to: "+393330000001".into(),
        to_host: None,
        from_number: "+390831000000".into(),
        from_host: "192.0.2.1".into(),
        sdp: SDP.into(),
        credentials: None,
        forwarding: Forwarding::default(),
        outbound_proxy: None,
        service_route: Vec::new(),
    }
}

/// One endpoint, spoken to in text.
pub(crate) struct Wire {
    pub(crate) us: Endpoint,
    pub(crate) now: Moment,
    pub(crate) route: Route,
}

impl Wire {
    pub(crate) fn new() -> Self {
        Self::over(Transport::Udp, Config::default())
    }

    pub(crate) fn over(transport: Transport, config: Config) -> Self {
        Self { us: Endpoint::new(config, 7), now: Moment::START, route: route(transport) }
    }

    pub(crate) fn receive(&mut self, text: &str) {
        self.us.receive(self.now, self.route, text.as_bytes());
    }

    /// Everything sent since the last look.
    pub(crate) fn sent(&mut self) -> Vec<Message> {
        std::iter::from_fn(|| self.us.poll_transmit())
            .map(|transmit| Message::parse(&transmit.bytes).unwrap())
            .collect()
    }

    /// Status or method of everything sent since the last look, as `200/INVITE` or `BYE`.
    pub(crate) fn summary(&mut self) -> Vec<String> {
        self.sent().iter().map(summary).collect()
    }

    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.us.poll_event()).collect()
    }

    /// Lets time pass, waking the endpoint exactly when it asks.
    pub(crate) fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(at) = self.us.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.us.handle_timeout(self.now);
        }
        self.now = end;
    }

    /// Nothing is kept any more.
    pub(crate) fn assert_empty(&self) {
        assert_eq!((self.us.open_dialogs(), self.us.open_transactions()), (0, 0));
        assert_eq!(self.us.poll_timeout(), None);
    }
}

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn summary(message: &Message) -> String {
    match message.status() {
        Some(status) => {
            let cseq = message.header("CSeq").unwrap();
            format!("{status}/{}", cseq.split(' ').nth(1).unwrap())
        }
        None => message.method().unwrap().to_string(),
    }
}

/// A request of the scripted caller; `to_tag` may be empty.
pub(crate) fn request(method: &str, cseq: u32, branch: &str, to_tag: &str, body: &str) -> String {
    let tag = if to_tag.is_empty() { String::new() } else { format!(";tag={to_tag}") };
    let kind = match (body.is_empty(), method) {
        (true, _) => "",
        (false, "INFO") => "Content-Type: application/dtmf-relay\r\n",
        (false, _) => "Content-Type: application/sdp\r\n",
    };
    format!(
        "{method} sip:+390831000000@192.0.2.1 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.9:5062;branch=z9hG4bK{branch};rport\r\nMax-Forwards: 70\r\n\
         From: <sip:+393331234567@192.0.2.9>;tag=caller\r\nTo: <sip:+390831000000@x>{tag}\r\n\
         Call-ID: one\r\nCSeq: {cseq} {method}\r\nContact: <sip:c@192.0.2.9:5062>\r\n{kind}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A request of the scripted called party, inside the dialog our INVITE opened.
pub(crate) fn from_phone(
    invite: &Message,
    method: &str,
    cseq: u32,
    tag: &str,
    body: &str,
) -> String {
    let ours = invite.header("From").unwrap().split("tag=").nth(1).unwrap();
    request(method, cseq, &format!("{method}{cseq}"), ours, body)
        .replace("Call-ID: one", &format!("Call-ID: {}", invite.header("Call-ID").unwrap()))
        .replace("tag=caller", &format!("tag={tag}"))
}

/// A response of the scripted called party to a request of ours.
pub(crate) fn response(to: &Message, status: u16, tag: &str, extra: &str, body: &str) -> String {
    let mut text = format!("SIP/2.0 {status} X\r\n");
    for name in ["Via", "From", "Call-ID", "CSeq"] {
        text.push_str(&format!("{name}: {}\r\n", to.header(name).unwrap()));
    }
    let known = to.header("To").unwrap();
    let tag = if tag.is_empty() || known.contains("tag=") {
        String::new()
    } else {
        format!(";tag={tag}")
    };
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "{text}To: {known}{tag}\r\nContact: <sip:phone@192.0.2.9:5062>\r\n{kind}{extra}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// How a link spoils what it carries, percent and milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) loss: u8,
    pub(crate) duplication: u8,
    pub(crate) delay_ms_max: u64,
}

/// Two endpoints and the link between: side 0 calls, side 1 is called.
pub(crate) struct Pair {
    pub(crate) sides: [Endpoint; 2],
    pub(crate) events: [Vec<Event>; 2],
    pub(crate) now: Moment,
    pub(crate) random: StdRng,
    link: Link,
    flying: BTreeMap<(Moment, u64), (usize, Vec<u8>)>,
    sent: u64,
}

impl Pair {
    pub(crate) fn new(seed: u64, link: Link) -> Self {
        let side = |salt| Endpoint::new(Config::default(), seed.wrapping_mul(2) + salt);
        Self {
            sides: [side(0), side(1)],
            events: [Vec::new(), Vec::new()],
            now: Moment::START,
            random: StdRng::seed_from_u64(seed),
            link,
            flying: BTreeMap::new(),
            sent: 0,
        }
    }

    /// The route as seen from a side.
    pub(crate) fn route(side: usize) -> Route {
        let ours = route(Transport::Udp);
        match side {
            0 => ours,
            _ => Route { local: ours.remote, remote: ours.local, ..ours },
        }
    }

    /// Puts what the sides sent on the link, and collects what they report.
    pub(crate) fn collect(&mut self) {
        for side in 0..2 {
            while let Some(transmit) = self.sides[side].poll_transmit() {
                let copies = 1 + u8::from(self.random.random_range(0..100) < self.link.duplication);
                for _ in 0..copies {
                    if self.random.random_range(0..100) < self.link.loss {
                        continue;
                    }
                    let delay = self.random.random_range(0..=self.link.delay_ms_max);
                    let at = self.now + Duration::from_millis(delay);
                    self.sent += 1;
                    self.flying.insert((at, self.sent), (1 - side, transmit.bytes.clone()));
                }
            }
            while let Some(event) = self.sides[side].poll_event() {
                self.events[side].push(event);
            }
        }
    }

    /// From now on nothing arrives.
    pub(crate) fn cut(&mut self) {
        self.link.loss = 100;
        self.flying.clear();
    }

    /// When the next thing happens by itself.
    pub(crate) fn next(&self) -> Option<Moment> {
        let flying = self.flying.keys().next().map(|(at, _)| *at);
        let [one, two] = [0, 1].map(|side| self.sides[side].poll_timeout());
        [flying, one, two].into_iter().flatten().min()
    }

    /// Goes to `at` and does what is due there.
    pub(crate) fn advance(&mut self, at: Moment) {
        self.now = self.now.max(at);
        while let Some(entry) = self.flying.first_entry().filter(|e| e.key().0 <= self.now) {
            let (to, bytes) = entry.remove();
            self.sides[to].receive(self.now, Self::route(to), &bytes);
            self.collect();
        }
        for side in 0..2 {
            self.sides[side].handle_timeout(self.now);
        }
        self.collect();
    }
}
