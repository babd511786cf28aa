use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::*;
use crate::dialplan;
use crate::line::{Arrived, Doorway, Gate, Line, Public, Strangers, Target};
use crate::media::{Engine, Ports, Report, Shelf};
use crate::roster::Roster;
use crate::sip::{self, Endpoint, Rate, Route, Transport};
use crate::store::Store;
use crate::switchboard::{Directory, Parts, Settings, Sight, TrunkRoute, TrunkTerms};
use crate::voice::Recordings;
use crate::words::{CallId, SystemClock};

const INVITE: &str = "INVITE sip:+390831000009@127.0.0.1 SIP/2.0\r\n\
    Via: SIP/2.0/UDP 127.0.0.1:5999;branch=z9hG4bKx\r\nFrom: <sip:anonymous@a>;tag=1\r\n\
    To: <sip:+390831000009@127.0.0.1>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\
    Contact: <sip:a@127.0.0.1:5999>\r\nContent-Type: application/sdp\r\n\r\n\
    v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
    m=audio 40000 RTP/AVP 8\r\n";

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
        public: Public::default(),
        voicemail_dir: folder.to_owned(),
        trunks: vec![trunk],
        trunk_hosts: [here(0).ip()].into(),
    }
}

/// A switchboard, and what keeps it alive.
struct Bench {
    board: Switchboard,
    sights: UnboundedReceiver<Sight>,
    route: Route,
    _reports: UnboundedReceiver<Report>,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn set() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = SystemClock::start();
        let gate = Gate::new([here(0).ip()], Strangers::Ignore);
        let doorway = Doorway { gate, public: Public::default(), tls: None };
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
        Self { board, sights, route, _reports: reports, _folder: folder }
    }

    /// A call comes in and is answered.
    async fn call(&mut self) -> CallId {
        let bytes = INVITE.as_bytes().to_vec();
        self.board.arrived(Arrived::Message { route: self.route, bytes });
        self.board.signals();
        let mut opened = self.board.opened_inbox.take().unwrap();
        let (id, case) = opened.recv().await.unwrap();
        self.board.case_opened(id, case);
        id
    }

    /// What has been noted since the last look.
    fn noted(&mut self) -> Vec<&'static str> {
        std::iter::from_fn(|| self.sights.try_recv().ok()).map(|sight| sight.fact.kind()).collect()
    }

    fn fails(&mut self, call: CallId) {
        self.board.with_call(call, |_, _| panic!("planted"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_step_fails_keeps_its_caller_and_rings_anew() {
    let mut bench = Bench::set().await;
    let call = bench.call().await;
    let before = bench.noted();
    assert!(before.contains(&"call_answered"), "{before:?}");
    bench.fails(call);
    let after = bench.noted();
    assert!(after.starts_with(&["step_failed"]) && after.contains(&"rang"), "{after:?}");
    let live = bench.board.calls.get(&call).unwrap();
    assert!(live.legs.contains_key(&LegId::CALLER) && live.due.is_some());
    let dialogs = bench.board.dialogs.len();
    // The phone that rings is let go, and rung again.
    bench.fails(call);
    let again = bench.noted();
    assert!(again.starts_with(&["step_failed", "attempt_ended"]), "{again:?}");
    assert!(again.contains(&"rang"), "{again:?}");
    assert_eq!(bench.board.dialogs.len(), dialogs, "nothing is left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_fails_again_and_again_is_marked_for_call_back() {
    let mut bench = Bench::set().await;
    let call = bench.call().await;
    for _ in 0..=RESCUES_MAX {
        bench.fails(call);
    }
    assert_eq!(bench.noted().last(), Some(&"ended"));
    let board = &bench.board;
    assert!(board.calls.is_empty() && board.dialogs.is_empty() && board.streams.is_empty());
    assert!(board.due.is_empty());
}
