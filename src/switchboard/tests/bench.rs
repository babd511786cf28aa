//! A switchboard with a line, sound and a store of its own, to be spoken to without a socket.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::{Directory, Parts, Settings, Sight, Switchboard, TrunkRoute, TrunkTerms};
use crate::dialplan;
use crate::line::{Arrived, Doorway, Gate, Line, Seen, Strangers, Target};
use crate::media::{Engine, Ports, Report, Shelf};
use crate::roster::Roster;
use crate::sip::{self, Endpoint, Rate, Route, Transport};
use crate::store::Store;
use crate::voice::Recordings;
use crate::words::{CallId, SystemClock};

/// Sound both ways.
pub(super) const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n\
    t=0 0\r\nm=audio 40000 RTP/AVP 8\r\n";

fn here(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::from([127, 0, 0, 1]), port)
}

/// The service's first plan, nobody on duty: the coordinator is rung.
fn directory() -> Directory {
    let mut known = dialplan::Recordings::default();
    for (language, id, _) in Recordings::embedded().iter() {
        known.add(language, id, "");
    }
    let text = include_str!("../../../dialplans/polaris-br4.kdl");
    let (plan, problems) = dialplan::read("polaris-br4.kdl", text, &known);
    Directory::new(vec![Arc::new(plan.unwrap_or_else(|| panic!("{problems:?}")))]).unwrap()
}

fn settings(folder: &Path) -> Settings {
    let trunk = TrunkRoute {
        name: "operatore".into(),
        places: vec![Target { transport: Transport::Udp, address: here(5998) }],
        order: 1,
        weight: 1,
        probe: false,
        domain: None,
        credentials: None,
        account: None,
        terms: TrunkTerms::default(),
    };
    Settings {
        calls_max: 10,
        outbound_rate: Rate::per_minute(100),
        outbound_countries: vec!["39".into()],
        voicemail_dir: folder.to_owned(),
        trunks: vec![trunk],
    }
}

/// A switchboard, and what keeps it alive.
pub(super) struct Bench {
    pub(super) board: Switchboard,
    sights: UnboundedReceiver<Sight>,
    pub(super) route: Route,
    /// Ours, in the caller's dialog.
    tag: Option<String>,
    _reports: UnboundedReceiver<Report>,
    _folder: tempfile::TempDir,
}

impl Bench {
    pub(super) async fn set() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = SystemClock::start();
        let gate = Gate::new([here(0).ip()], Strangers::Ignore);
        let doorway = Doorway { gate, public: Seen::default(), tls: None };
        let listen = [(Transport::Udp, here(0))];
        let (line, _) = Line::open(&listen, &[], doorway).await.unwrap();
        let local = line.udp_addresses().next().unwrap();
        let url = format!("sqlite:{}", folder.path().join("polaris.db").display());
        let (store, _) = Store::open_or_journal(&url, folder.path()).await.unwrap();
        let (media, reports) = Engine::start(1, Arc::new(clock)).unwrap();
        let parts = Parts {
            clock,
            endpoint: Endpoint::new(sip::Config::default(), 7),
            line,
            media,
            ports: vec![Ports::new(here(0).ip(), 21_000..=21_999)],
            shelf: Arc::new(Shelf::new([])),
            store: Arc::new(store),
            directory: directory(),
            roster: Some(Arc::new(Roster::from_shifts(Vec::new()))),
        };
        let mut board = Switchboard::new(settings(folder.path()), parts);
        let (watcher, sights) = mpsc::unbounded_channel();
        board.watch(watcher);
        let route = Route { transport: Transport::Udp, local, remote: here(5999) };
        Self { board, sights, route, tag: None, _reports: reports, _folder: folder }
    }

    /// A call comes in and is answered.
    pub(super) async fn call(&mut self) -> CallId {
        self.call_with("").await
    }

    /// The same, with these fields in its INVITE.
    pub(super) async fn call_with(&mut self, fields: &str) -> CallId {
        self.asks("INVITE", 1, fields, SDP);
        let mut opened = self.board.opened_inbox.take().unwrap();
        let (id, case) = opened.recv().await.unwrap();
        self.board.case_opened(id, case);
        id
    }

    /// The caller says this; what comes of it is done, and waits to be sent.
    pub(super) fn asks(&mut self, method: &str, cseq: u32, fields: &str, sdp: &str) {
        let tag = self.tag.as_ref().map(|tag| format!(";tag={tag}")).unwrap_or_default();
        let kind = if sdp.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let text = format!(
            "{method} sip:+390831000009@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5999;\
             branch=z9hG4bK{cseq}{method}\r\nFrom: <sip:anonymous@a>;tag=1\r\nTo: \
             <sip:+390831000009@127.0.0.1>{tag}\r\nCall-ID: 1\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:a@127.0.0.1:5999>\r\n{fields}{kind}\r\n{sdp}"
        );
        self.board.arrived(Arrived::Message { route: self.route, bytes: text.into_bytes() });
        self.board.signals();
    }

    /// What there was to send since the last look: the first line of each message.
    pub(super) fn sent(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(transmit) = self.board.parts.endpoint.poll_transmit() {
            let message = sip::Message::parse(&transmit.bytes).unwrap();
            let to = message.header("To").unwrap_or_default();
            if message.status() == Some(200) && self.tag.is_none() {
                self.tag = to.split("tag=").nth(1).map(str::to_owned);
            }
            let text = String::from_utf8_lossy(&transmit.bytes).into_owned();
            lines.extend(text.lines().next().map(str::to_owned));
        }
        lines
    }

    /// What has been noted since the last look.
    pub(super) fn noted(&mut self) -> Vec<&'static str> {
        std::iter::from_fn(|| self.sights.try_recv().ok()).map(|sight| sight.fact.kind()).collect()
    }
}
