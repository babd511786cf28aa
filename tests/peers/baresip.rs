//! baresip as a peer: a telephone that says a tone and keeps what it hears.

use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::conversations::Phone;
use crate::hearing::sine;
use crate::support::ground::SIP;
use crate::support::service::Service;
use crate::support::wait::{show_if_failing, wait_for};

/// Where baresip takes keys, as if typed.
const KEYS: u16 = 5555;
/// Where it takes commands and tells what happens.
const CONTROL: u16 = 4444;
/// Its own mark for a key let go.
const RELEASE: u8 = 4;
/// Longer than any conversation here.
const TONE_SECONDS: usize = 90;
/// Bytes before the samples of a WAV.
const WAV_HEAD: u64 = 44;

/// Where Debian keeps the modules, on every architecture.
const MODULES: &str = "/usr/lib/baresip/modules";

/// What a telephone does when it rings.
#[derive(Clone, Copy)]
pub enum WhenRung {
    /// Picks up.
    Answers,
    /// Nothing: it only calls.
    Rings,
}

/// A running baresip. Dropped, it is killed.
pub struct Telephone {
    child: Child,
    control: TcpStream,
    keys: UdpSocket,
    told: String,
    folder: PathBuf,
}

impl Telephone {
    /// A telephone with this number that says a tone of `hertz` in every call.
    pub fn plug_in(
        service: &Service,
        address: IpAddr,
        number: &str,
        hertz: f64,
        when_rung: WhenRung,
    ) -> Self {
        let account = format!("<sip:{number}@{address}>;regint=0");
        Self::plug_in_with(service, address, &account, hertz, when_rung, None)
    }

    /// The same with an account of its own, and what it needs for TLS if it speaks that.
    pub fn plug_in_with(
        service: &Service,
        address: IpAddr,
        account: &str,
        hertz: f64,
        when_rung: WhenRung,
        papers: Option<&Path>,
    ) -> Self {
        let folder = service.folder(&format!("telephone-{hertz}"));
        sine(&folder.join("tone.wav"), hertz, TONE_SECONDS);
        let papers = papers.map_or_else(String::new, |papers| {
            let papers = papers.display();
            format!("sip_certificate {papers}/telephone.pem\nsip_cafile {papers}/ca.pem\n")
        });
        fs::write(folder.join("config"), configuration(address, &folder) + &papers).unwrap();
        let mode = match when_rung {
            WhenRung::Answers => "auto",
            WhenRung::Rings => "manual",
        };
        let account = format!("{account};answermode={mode};audio_codecs=pcma\n");
        fs::write(folder.join("accounts"), account).unwrap();
        fs::write(folder.join("contacts"), "").unwrap();
        let said = fs::File::create(folder.join("said")).unwrap();
        let mut child = Command::new("baresip")
            .arg("-f")
            .arg(&folder)
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn()
            .unwrap_or_else(|error| panic!("baresip cannot be started ({error}): run tests/setup"));
        let control = wait_for("baresip takes commands", Duration::from_secs(20), || {
            let said = || fs::read_to_string(folder.join("said")).unwrap_or_default();
            assert!(child.try_wait().unwrap().is_none(), "baresip ended:\n{}", said());
            TcpStream::connect(SocketAddr::new(address, CONTROL)).ok()
        });
        control.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let keys = UdpSocket::bind((address, 0)).unwrap();
        keys.connect((address, KEYS)).unwrap();
        Self { child, control, keys, told: String::new(), folder }
    }

    fn type_in(&self, keys: &[u8]) {
        self.keys.send(keys).unwrap();
    }

    /// Waits until baresip tells of an event, for example `CALL_ESTABLISHED`.
    fn wait_for(&mut self, event: &str) {
        let event = format!("\"type\":\"{event}\"");
        wait_for(&event, Duration::from_secs(30), || {
            let mut buffer = [0; 4096];
            if let Ok(length) = self.control.read(&mut buffer) {
                self.told += &String::from_utf8_lossy(&buffer[..length]);
            }
            self.told.contains(&event).then_some(())
        });
    }

    /// Waits until its registrar has taken it: that may be before it takes commands.
    pub fn wait_until_registered(&self) {
        wait_for("baresip is registered", Duration::from_secs(30), || {
            let said = fs::read_to_string(self.folder.join("said")).unwrap();
            said.contains(" 200 OK ").then_some(())
        });
    }

    fn recording(&self) -> Option<PathBuf> {
        let files = fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().path());
        files.into_iter().find(|file| file.to_string_lossy().ends_with("-dec.wav"))
    }
}

impl Phone for Telephone {
    fn dial(&mut self, server: SocketAddr, number: &str, transport: &str) {
        let callee = format!("sip:{number}@{server};transport={transport}");
        let order = format!(r#"{{"command":"dial","params":"{callee}"}}"#);
        // https://cr.yp.to/proto/netstrings.txt
        self.control.write_all(format!("{}:{order},", order.len()).as_bytes()).unwrap();
    }

    fn wait_until_talking(&mut self) {
        self.wait_for("CALL_ESTABLISHED");
    }

    fn wait_until_over(&mut self) {
        self.wait_for("CALL_CLOSED");
    }

    fn press(&mut self, key: char) {
        self.type_in(&[u8::try_from(key).unwrap(), RELEASE]);
    }

    fn hold(&mut self) {
        self.type_in(b"x");
    }

    fn resume(&mut self) {
        self.type_in(b"X");
    }

    fn hang_up(&mut self) {
        self.type_in(b"b");
    }

    fn listen(&self, span: Duration) {
        let samples = u64::try_from(span.as_millis()).unwrap() * 8;
        let length = || self.recording().and_then(|file| fs::metadata(file).ok()).map(|m| m.len());
        let enough = length().unwrap_or(WAV_HEAD) + 2 * samples;
        wait_for("sound arrives", span + Duration::from_secs(10), || {
            length().filter(|length| *length >= enough)
        });
    }

    fn heard(&self) -> Vec<i16> {
        let file = self.recording().expect("baresip recorded the call");
        let mut wav = hound::WavReader::open(file).unwrap();
        let spec = wav.spec();
        assert_eq!((spec.sample_rate, spec.channels, spec.bits_per_sample), (8000, 1, 16));
        wav.samples().map(Result::unwrap).collect()
    }
}

impl Drop for Telephone {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        show_if_failing(&self.folder.join("said"));
    }
}

/// No sound card: the tone comes from a file, what is heard goes to another.
fn configuration(address: IpAddr, folder: &Path) -> String {
    let folder = folder.display();
    let modules = ["g711", "srtp", "sndfile", "aubridge", "aufile", "cons"];
    let modules: String = modules.iter().map(|name| format!("module {name}.so\n")).collect();
    format!(
        "poll_method epoll\nsip_listen {address}:{SIP}\nnet_interface {address}\n\
         audio_player aubridge,nil\naudio_alert aubridge,nil\naudio_path /nonexistent\n\
         audio_source aufile,{folder}/tone.wav\naudio_buffer 20-160\njitter_buffer_delay 1-2\n\
         module_path {MODULES}\n{modules}module_tmp account.so\n\
         module_app menu.so\nmodule_app ctrl_tcp.so\n\
         cons_listen {address}:{KEYS}\nctrl_tcp_listen {address}:{CONTROL}\n\
         snd_path {folder}\nmenu_bell no\nringback_disabled yes\n"
    )
}
