//! Kamailio and rtpengine as the operator's border: two phones, each behind a router that
//! hides it, both at the same private address, talk through a service that sees neither.

use std::fs::File;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::baresip::{Telephone, WhenRung};
use crate::conversations::{CALLER_SAYS, ON_DUTY, RESPONDER_SAYS, converse};
use crate::kamailio::{Kamailio, Over, tls_module};
use crate::secure::{SIPS, all_over_tls, papers_for};
use crate::support::files::configuration;
use crate::support::ground::{Ground, SIP};
use crate::support::hosts::Host;
use crate::support::interop::{Peer, saw};
use crate::support::service::{CALLER, Service};
use crate::support::wait::show_if_failing;

/// The border as the phones know it.
const PUBLIC: &str = "10.64.0.1";
/// Every phone's own address, in its own home.
const AT_HOME: &str = "10.0.0.2";
const SERVICE: &str = "10.64.9.2";
/// The border as the service knows it.
const PROXY: &str = "10.64.9.1";

/// The hosts of the scenario. None but the homes' routers forwards anything.
struct Nets {
    border: Host,
    service: Host,
    homes: [Host; 2],
    _routers: [Host; 2],
}

impl Nets {
    fn lay() -> Self {
        let mut border = Host::boot();
        border.run(&format!("ip address add {PUBLIC}/32 dev lo"));
        let mut service = Host::boot();
        service.lay_cable(&format!("{SERVICE}/24"), &mut border, &format!("{PROXY}/24"));
        let [(first, left), (second, right)] = [1, 2].map(|street| home(&mut border, street));
        Self { border, service, homes: [first, second], _routers: [left, right] }
    }
}

/// A phone's home and its router, on a street of its own.
fn home(border: &mut Host, street: u8) -> (Host, Host) {
    let (mut home, mut router) = (Host::boot(), Host::boot());
    home.lay_cable(&format!("{AT_HOME}/24"), &mut router, "10.0.0.1/24");
    home.run("ip route add default via 10.0.0.1");
    let (end, start) = (format!("10.64.{street}.2/24"), format!("10.64.{street}.1/24"));
    router.lay_cable(&end, border, &start);
    router.run(&format!("ip route add default via 10.64.{street}.1"));
    router.hide_what_is_behind();
    (home, router)
}

/// A running rtpengine, without its kernel module. Dropped, it is killed.
struct Rtpengine {
    child: Child,
    said: PathBuf,
}

impl Rtpengine {
    fn start(service: &Service) -> Self {
        let said = service.folder("rtpengine").join("said");
        let child = Command::new("rtpengine")
            .args(["--config-file=none", "--foreground", "--log-stderr", "--log-level=5"])
            .args(["--table=-1", "--listen-ng=127.0.0.1:2223", "--num-threads=2"])
            .args(["--port-min=30000", "--port-max=30999", "--endpoint-learning=immediate"])
            .arg(format!("--interface=public/{PUBLIC}"))
            .arg(format!("--interface=core/{PROXY}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&said).unwrap())
            .spawn()
            .unwrap_or_else(|e| panic!("rtpengine cannot be started ({e}): run tests/setup"));
        Self { child, said }
    }
}

impl Drop for Rtpengine {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        show_if_failing(&self.said);
    }
}

/// 30 seconds.
pub fn two_hidden_telephones_talk_through_a_border() {
    let scenario = "two phones at one private address behind two NATs, border between";
    talk(Over::Udp, "", scenario);
}

/// 30 seconds.
pub fn two_hidden_telephones_talk_through_a_border_over_tcp() {
    let scenario = "two phones at one private address behind two NATs, border between";
    talk(Over::Tcp, "", scenario);
}

/// 30 seconds.
pub fn two_hidden_telephones_talk_through_a_border_with_protected_sound() {
    let papers = papers_for(at(SERVICE), &[PUBLIC]);
    let scenario = "the same, SRTP required of the border and by both phones";
    talk(Over::Tls(papers.path()), ";mediaenc=srtp-mand", scenario);
}

fn at(address: &str) -> IpAddr {
    address.parse().unwrap()
}

/// Everybody talks over the same transport; `also` is in the accounts of the telephones.
fn talk(over: Over<'_>, also: &str, scenario: &str) {
    let nets = Nets::lay();
    // Only the service itself sends from its own address: to ask whether it is up.
    let (service, proxy) = (at(SERVICE), at(PROXY));
    let ground = Ground { service, proxy, caller: service, stranger: proxy };
    let transport = over.name().to_lowercase();
    let files = |ground: &Ground| match over {
        Over::Tls(papers) => {
            all_over_tls(ground, papers).replace("[[trunk]]\n", "[[trunk]]\nsrtp = \"required\"\n")
        }
        Over::Tcp | Over::Udp => configuration(ground, &transport),
    };
    let service = nets.service.inside(|| Service::start_at(ground, files, ON_DUTY));
    let rtpengine = nets.border.inside(|| Rtpengine::start(&service));
    let ng = SocketAddr::new(at("127.0.0.1"), 2223);
    nets.border.wait_for_an_answer(ng, "1 d7:command4:pinge");
    let places = places(over);
    let kamailio = nets.border.inside(|| Kamailio::start_with(&service, CONFIGURATION, &places));
    let public = SocketAddr::new(at(PUBLIC), SIP);
    nets.border.wait_for_an_answer(public, OPTIONS);

    let [first, second] = &nets.homes;
    let (papers, port) = match over {
        Over::Tls(papers) => (Some(papers), SIPS),
        Over::Tcp | Over::Udp => (None, SIP),
    };
    let plug_in = |number: &str, hertz, when_rung| {
        let way = format!("{PUBLIC}:{port};transport={transport}");
        let account = format!("<sip:{number}@{way}>;regint=50;auth_pass=none{also}");
        let telephone =
            Telephone::plug_in_with(&service, at(AT_HOME), &account, hertz, when_rung, papers);
        telephone.wait_until_registered();
        telephone
    };
    let subscriber = CALLER.trim_start_matches("+39");
    let mut caller = first.inside(|| plug_in(subscriber, CALLER_SAYS, WhenRung::Rings));
    let mut responder = second.inside(|| plug_in(ON_DUTY[0].2, RESPONDER_SAYS, WhenRung::Answers));
    let server = (SocketAddr::new(at(PUBLIC), port), transport.as_str());
    let record = converse(&service, &mut caller, &mut responder, server, |caller, _| {
        caller.hang_up();
    });
    let came = format!("{}, key {}, sound both ways", record.outcome(), record.keys());
    saw(Peer::Rtpengine, over.name(), scenario, &came);
    service.stop();
    drop((kamailio, rtpengine));
}

fn places(over: Over<'_>) -> [(&'static str, String); 6] {
    let (listen, module) = match over {
        Over::Tcp => {
            (format!("listen=tcp:{PUBLIC}:{SIP}\nlisten=tcp:{PROXY}:{SIP}"), String::new())
        }
        Over::Tls(papers) => {
            let both = format!("listen=tls:{PUBLIC}:{SIPS}\nlisten=tls:{PROXY}:{SIPS}");
            (format!("enable_tls=yes\n{both}"), tls_module(papers))
        }
        Over::Udp => (String::new(), String::new()),
    };
    [
        ("{{listen}}", listen),
        ("{{tls-module}}", module),
        ("{{service-port}}", over.place().to_owned()),
        ("{{public}}", PUBLIC.into()),
        ("{{proxy}}", PROXY.into()),
        ("{{service}}", SERVICE.into()),
    ]
}

const CONFIGURATION: &str = include_str!("scenarios/border.cfg");
/// Answered by Kamailio itself.
const OPTIONS: &str = "OPTIONS sip:10.64.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {from};rport;\
                       branch=z9hG4bKup\r\nMax-Forwards: 70\r\nFrom: <sip:up@{from}>;tag=up\r\n\
                       To: <sip:10.64.0.1>\r\nCall-ID: up@{from}\r\nCSeq: 1 OPTIONS\r\n\
                       Content-Length: 0\r\n\r\n";
