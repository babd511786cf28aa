//! Kamailio as the operator: registrar and proxy, both with digest.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::secure::{all_over_tls, papers};
use crate::sipp::{Sipp, Way};
use crate::support::files::{OnDuty, configuration};
use crate::support::ground::{Ground, SIP};
use crate::support::interop::{Peer, saw};
use crate::support::service::{DIRECT, Service};
use crate::support::wait::{show_if_failing, wait_for, wait_for_end};

/// Registered again after a failed try (30 s at most) and a slow start.
const LONGEST: Duration = Duration::from_secs(45);
/// Picks up and presses 1.
const ON_DUTY: &[OnDuty] = &[(1, "Fabio Tondo", "+393330002000")];

/// How it and the service talk; over TLS it shows what is there.
#[derive(Clone, Copy)]
pub enum Over<'a> {
    Tcp,
    Tls(&'a Path),
    Udp,
}

impl Over<'_> {
    /// The port of SIP over it, and how an address says that it is meant.
    pub fn place(self) -> &'static str {
        match self {
            Self::Tcp => "5060;transport=tcp",
            Self::Tls(_) => "5061;transport=tls",
            Self::Udp => "5060",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Tls(_) => "TLS",
            Self::Udp => "UDP",
        }
    }
}

/// A running Kamailio. Dropped, it is told to end, with its children.
pub struct Kamailio {
    child: Child,
    said: PathBuf,
}

impl Kamailio {
    /// Starts it as the trunk of this service.
    pub fn start(service: &Service, algorithm: &str) -> Self {
        Self::start_as_a_trunk(service, algorithm, Over::Udp)
    }

    fn start_as_a_trunk(service: &Service, algorithm: &str, over: Over<'_>) -> Self {
        let Ground { service: own, proxy, caller, stranger } = service.ground;
        let papers = match over {
            Over::Tls(papers) => Some(papers),
            Over::Tcp | Over::Udp => None,
        };
        let places = [
            ("{{algorithm}}", algorithm.to_owned()),
            ("{{proxy}}", proxy.to_string()),
            ("{{caller}}", caller.to_string()),
            ("{{phones}}", stranger.to_string()),
            ("{{service}}", own.to_string()),
            ("{{service-port}}", over.place().to_owned()),
            ("{{tls-listen}}", papers.map_or_else(String::new, |_| tls_listen(proxy))),
            ("{{tls-module}}", papers.map_or_else(String::new, tls_module)),
        ];
        Self::start_with(service, include_str!("scenarios/kamailio.cfg"), &places)
    }

    /// Starts it with a configuration of its own and what belongs in its places.
    pub fn start_with(service: &Service, text: &str, places: &[(&str, String)]) -> Self {
        let folder = service.folder("kamailio");
        let text = places.iter().fold(text.to_owned(), |t, (place, value)| t.replace(place, value));
        fs::write(folder.join("kamailio.cfg"), text).unwrap();
        let said = fs::File::create(folder.join("said")).unwrap();
        let child = Command::new("kamailio")
            .args(["-f", "kamailio.cfg", "-DD", "-E", "-m", "32", "-M", "4", "-Y"])
            .arg(&folder)
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said)
            .spawn()
            .unwrap_or_else(|e| panic!("kamailio cannot be started ({e}): run tests/setup"));
        Self { child, said: folder.join("said") }
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        // Killed outright it would leave its children behind.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
        show_if_failing(&self.said);
    }
}

fn tls_listen(proxy: IpAddr) -> String {
    format!("enable_tls=yes\nlisten=tls:{proxy}:5061")
}

/// Its side of TLS: what it shows is `telephone.pem`.
pub fn tls_module(papers: &Path) -> String {
    let paper = papers.join("telephone.pem");
    let paper = paper.display();
    format!(
        "loadmodule \"tls.so\"\nmodparam(\"tls\", \"tls_method\", \"TLSv1.2+\")\n\
         modparam(\"tls\", \"certificate\", \"{paper}\")\n\
         modparam(\"tls\", \"private_key\", \"{paper}\")"
    )
}

fn registered(text: &str) -> String {
    text.replace(
        "probe = false\n",
        "register = true\nuser = \"polaris\"\npassword = \"segreto\"\ndomain = \"trunk.test\"\n",
    )
}

/// Registers, is called at its Contact, calls a phone through the challenging proxy,
/// takes its leave.
fn is_a_trunk(algorithm: &str, over: Over<'_>, scenario: &str) {
    let transport = over.name().to_lowercase();
    let files = |ground: &Ground| registered(&configuration(ground, &transport));
    is_the_trunk_of(Service::start_configured(files, ON_DUTY), algorithm, over, scenario);
}

fn is_the_trunk_of(service: Service, algorithm: &str, over: Over<'_>, scenario: &str) {
    // The trunk is not there when the service starts.
    wait_for("the service says so", LONGEST, || service.logged("not registered").then_some(()));
    let kamailio = Kamailio::start_as_a_trunk(&service, algorithm, over);
    wait_for("registered", LONGEST, || {
        let trunk = service.trunks().into_iter().next()?;
        (trunk["registration"] == "registered" && trunk["state"] == "well").then_some(())
    });
    let phones = Sipp::phones_at(&service, service.ground.stranger, "udp", 1);
    let way = Way { number: DIRECT, ..Way::udp(&service) };
    let operator = (service.ground.proxy, SIP).into();
    let caller = Sipp::call_at(&service, operator, way, "waits-for-bye", &[]);
    let rung = phones.finish();
    let heard = caller.finish();
    assert!(heard.received().any(|m| m.contains("<sip:polaris@")), "our Contact");
    let invite = rung.received().find(|m| m.starts_with("INVITE")).unwrap();
    assert!(invite.contains("@trunk.test"), "{invite}");
    let record = service.the_one_call();
    assert_eq!((record.outcome(), record.attempts()), ("accepted", vec!["accepted".to_owned()]));
    let outcome = record.outcome();
    wait_for("the case is closed", LONGEST, || service.logged("the call is over").then_some(()));
    service.stop_after(|service| {
        let what = "the binding is ended";
        wait_for(what, LONGEST, || service.logged("no longer registered").then_some(()));
    });
    let came = format!("registered, called, called out: {}; de-registered", outcome);
    saw(Peer::Kamailio, over.name(), scenario, &came);
    drop(kamailio);
}

/// 10 seconds.
pub fn a_registrar_and_proxy_with_md5() {
    is_a_trunk("", Over::Udp, "registrar and challenging proxy, digest with MD5");
}

/// 10 seconds.
pub fn a_registrar_and_proxy_with_sha_256() {
    is_a_trunk("SHA-256", Over::Udp, "registrar and challenging proxy, digest with SHA-256");
}

/// 10 seconds.
pub fn a_registrar_and_proxy_over_tcp() {
    is_a_trunk("SHA-256", Over::Tcp, "registrar and challenging proxy, digest with SHA-256");
}

/// 10 seconds.
pub fn a_registrar_and_proxy_over_tls() {
    let ground = Ground::fresh();
    let papers = papers(ground.service);
    let files = |ground: &Ground| registered(&all_over_tls(ground, papers.path()));
    let service = Service::start_at(ground, files, ON_DUTY);
    let scenario = "registrar and challenging proxy, digest with SHA-256";
    is_the_trunk_of(service, "SHA-256", Over::Tls(papers.path()), scenario);
}

#[test]
fn kamailio_takes_its_configuration() {
    let text = include_str!("scenarios/kamailio.cfg")
        .replace("{{algorithm}}", "")
        .replace("{{tls-listen}}", "")
        .replace("{{tls-module}}", "")
        .replace("{{service-port}}", "5060")
        .replace("{{proxy}}", "127.0.0.1")
        .replace("{{caller}}", "127.0.0.2")
        .replace("{{phones}}", "127.0.0.3")
        .replace("{{service}}", "127.0.0.4");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kamailio.cfg");
    fs::write(&file, text).unwrap();
    let mut check = Command::new("kamailio")
        .args(["-c", "-f"])
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|e| panic!("kamailio cannot be started ({e}): run tests/setup"));
    assert!(wait_for_end("kamailio reads", LONGEST, &mut check).success());
}
