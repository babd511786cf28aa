//! TLS with telephones nobody here wrote; sound in the clear, and protected.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use tempfile::TempDir;

use crate::authority::Authority;
use crate::baresip::{Telephone, WhenRung};
use crate::conversations::{CALLER_SAYS, ON_DUTY, RESPONDER_SAYS, converse};
use crate::support::files::configuration;
use crate::support::ground::{Ground, SIP};
use crate::support::interop::{Peer, saw};
use crate::support::service::{CALLER, Service};

/// SIP's port over TLS.
pub const SIPS: u16 = 5061;
/// What the telephone that is rung, or the operator, is called.
const NAME: &str = "telefono.test";

/// An authority's certificate (`ca.pem`), and what it signed: `service.pem` and
/// `service.key` for this address, `telephone.pem`, key and all, for the telephone's name.
pub fn papers(service: IpAddr) -> TempDir {
    papers_for(service, &[])
}

/// The same, the telephone being known by these names, too.
pub fn papers_for(service: IpAddr, also: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("ca.pem"), &authority.pem).unwrap();
    authority.signs(&service.to_string()).write(&at("service.pem"), &at("service.key"));
    let telephone = authority.signs_all(&[&[NAME], also].concat());
    fs::write(at("telephone.pem"), telephone.certificate + &telephone.key).unwrap();
    folder
}

/// The configuration with TLS among what the service listens on.
pub fn listening(text: &str, ground: &Ground, papers: &Path) -> String {
    let (own, papers) = (ground.service, papers.display());
    let open = text.replace("listen = [", &format!("listen = [\"tls:{own}:{SIPS}\", "));
    let shown =
        format!("[sip]\ncertificate = \"{papers}/service.pem\"\nkey = \"{papers}/service.key\"\n");
    open.replace("[sip]\n", &shown)
}

/// The same with a trunk that is reached over TLS.
pub fn all_over_tls(ground: &Ground, papers: &Path) -> String {
    let (proxy, ca) = (ground.proxy, papers.join("ca.pem"));
    let udp = configuration(ground, "udp");
    let secure = udp.replace(
        &format!("proxy = \"udp:{proxy}:{SIP}\"\n"),
        &format!(
            "proxy = \"tls:{proxy}:{SIPS}\"\ncertificate_name = \"{NAME}\"\nca_file = {ca:?}\n"
        ),
    );
    assert_ne!(secure, udp);
    listening(&secure, ground, papers)
}

/// 20 seconds.
pub fn two_telephones_talk_over_tls() {
    talk("", "", "A-law, RFC 4733, hold and resume; the caller hangs up");
}

/// 20 seconds.
pub fn two_telephones_talk_with_protected_sound() {
    let scenario = "SRTP required of both and by both, hold and resume; the caller hangs up";
    talk("srtp = \"required\"\n", ";mediaenc=srtp-mand", scenario);
}

/// `terms` are the trunk's, `also` the accounts' of the telephones.
fn talk(terms: &str, also: &str, scenario: &str) {
    let ground = Ground::fresh();
    let papers = papers(ground.service);
    let files = |ground: &Ground| {
        let proxy = "[[trunk]]\n";
        all_over_tls(ground, papers.path()).replace(proxy, &format!("{proxy}{terms}"))
    };
    let service = Service::start_at(ground, files, ON_DUTY);
    let plug_in = |address, number: &str, hertz, when_rung| {
        let account = format!("<sip:{number}@{address};transport=tls>;regint=0{also}");
        let papers = Some(papers.path());
        Telephone::plug_in_with(&service, address, &account, hertz, when_rung, papers)
    };
    let subscriber = CALLER.trim_start_matches("+39");
    let mut caller = plug_in(ground.caller, subscriber, CALLER_SAYS, WhenRung::Rings);
    let mut responder = plug_in(ground.proxy, ON_DUTY[0].2, RESPONDER_SAYS, WhenRung::Answers);
    let server = SocketAddr::new(ground.service, SIPS);
    let record = converse(&service, &mut caller, &mut responder, (server, "tls"), |caller, _| {
        caller.hang_up();
    });
    let came = format!("{}, key {}, sound both ways", record.outcome(), record.keys());
    saw(Peer::Baresip, "TLS", scenario, &came);
    service.stop();
}
