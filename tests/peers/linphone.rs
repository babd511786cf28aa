//! linphone as a peer: a telephone in a house of its own, without a sound card, that says a
//! tone from a file and keeps what it hears in another.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::conversations::{CALLER_SAYS, ON_DUTY, Phone, RESPONDER_SAYS, converse};
use crate::hearing::sine;
use crate::secure::{SIPS, listening, papers};
use crate::support::files::configuration;
use crate::support::ground::{Ground, SIP};
use crate::support::hosts::Host;
use crate::support::interop::{Peer, saw};
use crate::support::service::{CALLER, Service};
use crate::support::wait::{show_if_failing, wait_for};

const SERVICE: &str = "10.9.0.1";
/// The caller's house and the responder's.
const HOUSES: [&str; 2] = ["10.1.0", "10.2.0"];
/// Longer than any conversation here.
const TONE_SECONDS: usize = 90;
/// Bytes before the samples of a WAV.
const WAV_HEAD: usize = 44;
/// Anything a telephone does is done by then.
const LONGEST: Duration = Duration::from_secs(30);

/// A running linphone. Dropped, it is killed.
struct Linphone {
    child: Child,
    folder: PathBuf,
}

impl Linphone {
    /// Installs one with this number, that says a tone of `hertz` and picks up by itself.
    fn plug_in(
        service: &Service,
        address: IpAddr,
        number: &str,
        hertz: f64,
        (papers, also): (&Path, &str),
    ) -> Self {
        let folder = service.folder(&format!("linphone-{hertz}"));
        for needed in [".local/share/linphone", ".config/linphone"] {
            fs::create_dir_all(folder.join(needed)).unwrap();
        }
        sine(&folder.join("tone.wav"), hertz, TONE_SECONDS);
        let settings = settings(number, address, &folder, papers).replacen(
            "[sip]\n",
            &format!("[sip]\n{also}"),
            1,
        );
        fs::write(folder.join("settings"), settings).unwrap();
        let said = File::create(folder.join("said")).unwrap();
        let child = Command::new("linphonec")
            .args(["-a", "-c", "settings"])
            .current_dir(&folder)
            .env("HOME", &folder)
            .stdin(Stdio::piped())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn()
            .unwrap_or_else(|e| panic!("linphonec cannot be started ({e}): run tests/setup"));
        let mut phone = Self { child, folder };
        for order in ["soundcard use files", "record heard.wav", "play tone.wav"] {
            phone.order(order);
        }
        phone.wait_until("play tone.wav");
        phone
    }

    fn order(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Waits until its console has this.
    fn wait_until(&self, words: &str) {
        wait_for(&format!("linphone: {words}"), LONGEST, || {
            let said = fs::read(self.folder.join("said")).unwrap();
            String::from_utf8_lossy(&said).contains(words).then_some(())
        });
    }

    fn samples(&self) -> Vec<i16> {
        let wav = fs::read(self.folder.join("heard.wav")).unwrap_or_default();
        let (pairs, _) = wav.get(WAV_HEAD..).unwrap_or_default().as_chunks::<2>();
        pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect()
    }
}

impl Phone for Linphone {
    fn dial(&mut self, server: SocketAddr, number: &str, transport: &str) {
        self.order(&format!("call sip:{number}@{server};transport={transport}"));
    }

    fn wait_until_talking(&mut self) {
        self.wait_until("Media streams established");
    }

    fn wait_until_over(&mut self) {
        self.wait_until(" ended (");
    }

    fn press(&mut self, key: char) {
        self.order(&key.to_string());
    }

    fn hold(&mut self) {
        self.order("pause");
    }

    fn resume(&mut self) {
        self.order("resume");
    }

    fn hang_up(&mut self) {
        self.order("terminate");
    }

    fn listen(&self, span: Duration) {
        let enough = self.samples().len() + usize::try_from(span.as_millis()).unwrap() * 8;
        wait_for("sound arrives", span + LONGEST, || {
            (self.samples().len() >= enough).then_some(())
        });
    }

    fn heard(&self) -> Vec<i16> {
        self.samples()
    }
}

impl Drop for Linphone {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        show_if_failing(&self.folder.join("said"));
    }
}

/// Its own number and address, and nothing that would touch the sound.
fn settings(number: &str, address: IpAddr, folder: &Path, papers: &Path) -> String {
    format!(
        "[sip]\nsip_port={SIP}\nsip_tcp_port={SIP}\ncontact=\"{number}\" <sip:{number}@{address}>\n\
         use_rfc2833=1\nuse_info=0\nsip_tls_port={SIPS}\n\
         root_ca={}/ca.pem\nverify_server_certs=1\nverify_server_cn=0\n\
         [sound]\nechocancellation=0\n\
         [storage]\nuri={}/db\n",
        papers.display(),
        folder.display()
    )
}

const SCENARIO: &str =
    "opus offered, A-law chosen, RFC 4733, hold and resume; both ends are linphone";
const CALLER_OVER_TLS: &str =
    "the same, the responder's over UDP: a linphone has no certificate to show";

const CALLER_PROTECTED: &str =
    "the caller's sound SRTP and nothing else, the responder's plain over UDP, hold and resume";

/// 25 seconds.
pub fn two_linphones_talk_over_udp() {
    talk("udp", "udp", "", SCENARIO);
}

/// 25 seconds.
pub fn two_linphones_talk_over_tcp() {
    talk("tcp", "tcp", "", SCENARIO);
}

/// 25 seconds.
pub fn a_linphone_calls_over_tls() {
    talk("tls", "udp", "", CALLER_OVER_TLS);
}

/// 25 seconds.
pub fn a_linphone_calls_with_protected_sound() {
    let srtp = "media_encryption=srtp\nmedia_encryption_mandatory=1\n";
    talk("tls", "udp", srtp, CALLER_PROTECTED);
}

/// The caller's telephone and the responder's, each over its transport; `also` stands among
/// the caller's settings.
fn talk(calling_over: &str, rung_over: &str, also: &str, scenario: &str) {
    let mut exchange = Host::boot();
    exchange.run(&format!("ip address add {SERVICE}/32 dev lo"));
    let houses = HOUSES.map(|net| house(&mut exchange, net));
    let [calling, rung] = HOUSES.map(|net| -> IpAddr { format!("{net}.2").parse().unwrap() });
    let own: IpAddr = SERVICE.parse().unwrap();
    // Only the service itself sends from its own address: to ask whether it is up.
    let ground = Ground { service: own, proxy: rung, caller: own, stranger: rung };
    let papers = papers(own);
    let files = |ground: &Ground| {
        let text = configuration(ground, rung_over);
        let text = text.replace("\"127.0.0.1\"", &format!("\"{calling}\""));
        listening(&text, ground, papers.path())
    };
    let service = exchange.inside(|| Service::start_at(ground, files, ON_DUTY));
    let subscriber = CALLER.trim_start_matches("+39");
    let plug_in = |address, number, hertz, also| {
        Linphone::plug_in(&service, address, number, hertz, (papers.path(), also))
    };
    let mut caller = houses[0].inside(|| plug_in(calling, subscriber, CALLER_SAYS, also));
    let mut responder = houses[1].inside(|| plug_in(rung, ON_DUTY[0].2, RESPONDER_SAYS, ""));
    let port = if calling_over == "tls" { SIPS } else { SIP };
    let server = SocketAddr::new(own, port);
    let record =
        converse(&service, &mut caller, &mut responder, (server, calling_over), |_, responder| {
            responder.hang_up();
        });
    let came = format!("{}, key {}, sound both ways", record.outcome(), record.keys());
    saw(Peer::Linphone, &calling_over.to_uppercase(), scenario, &came);
    service.stop();
}

fn house(exchange: &mut Host, net: &str) -> Host {
    let mut house = Host::boot();
    house.lay_cable(&format!("{net}.2/24"), exchange, &format!("{net}.1/24"));
    house.run(&format!("ip route add default via {net}.1"));
    house
}
