//! A whole service on loopback: the real program on a folder of its own, telephones
//! around it, short recordings in place of the real ones so that a call takes a second.
//!
//! Nothing here waits for time to pass: everything waits for a fact, with a bound.

#![allow(dead_code, reason = "each test uses its part of the bench")]
#![allow(unreachable_pub, reason = "a bench has no outside")]

pub mod authority;
pub mod border;
pub mod exchange;
pub mod leaks;
pub mod names;
pub mod operator;
pub mod person;
pub mod raw;
pub mod service;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::Duration;

use polaris::app::recognise::Recogniser;
use polaris::rtp::encode;
use polaris::store::{Folder, Keyring, read_sealed_file};
use polaris::voice::Recordings;
use polaris::words::{Language, Law, PromptId};
use serde_json::Value;
use tempfile::TempDir;

/// How long anything that must happen may take, on a machine with other work to do.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// The citizens' number of the plan.
pub const CITIZENS: &str = "+390831000000";
/// The number for police and operators.
pub const DIRECT: &str = "+390831000009";
/// Ada's and Bruno's telephones, as the roster has them, and the coordinator's.
pub const ADA: &str = "+393330000001";
pub const BRUNO: &str = "+393330000002";
pub const COORDINATOR: &str = "+390831000001";
pub const OFFICE: &str = "+390831000002";
/// Samples of one short recording: 0.4 s.
const SHORT: usize = 3_200;

/// Waits for something, but not for ever.
pub async fn soon<T>(what: &str, wait: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, wait).await {
        Ok(value) => value,
        Err(_) => panic!("not within {PATIENCE:?}: {what}"),
    }
}

/// Addresses of one test: nobody else's, not even another run's on this machine.
#[derive(Debug, Clone, Copy)]
pub struct Net {
    lane: u8,
    family: Family,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    V4,
    /// Everybody is at `::1`, and has a port of their own.
    V6,
}

impl Net {
    pub fn new(lane: u8) -> Self {
        Self { lane, family: Family::V4 }
    }
    pub fn over_ipv6(lane: u8) -> Self {
        Self { lane, family: Family::V6 }
    }
    pub fn ip(self, host: u8) -> IpAddr {
        let run = 40 + (std::process::id() % 200) as u8;
        match self.family {
            Family::V4 => Ipv4Addr::new(127, run, self.lane, host).into(),
            Family::V6 => Ipv6Addr::LOCALHOST.into(),
        }
    }
    /// The port of SIP at a host; at `::1` one that no other test has.
    fn port(self, host: u16) -> u16 {
        let run = (std::process::id() % 90) as u16;
        match self.family {
            Family::V4 => 5060,
            Family::V6 => 10_000 + run * 100 + u16::from(self.lane % 25) * 4 + host,
        }
    }
    pub fn service(self) -> SocketAddr {
        SocketAddr::new(self.ip(1), self.port(1))
    }
    pub fn caller(self) -> SocketAddr {
        SocketAddr::new(self.ip(2), 0)
    }
    /// Where the service sends its calls.
    pub fn trunk(self) -> SocketAddr {
        SocketAddr::new(self.ip(3), self.port(3))
    }
    /// Further telephones.
    pub fn phone(self, nth: u8) -> SocketAddr {
        SocketAddr::new(self.ip(10 + nth), 0)
    }
}

/// The folder of one service.
pub struct Place {
    pub dir: TempDir,
    pub net: Net,
}

impl Place {
    /// A service with a short plan for all hours; on duty are these, each on a step.
    pub fn new(lane: u8, on_duty: &[(&str, &str)]) -> Self {
        Self::at(Net::new(lane), on_duty)
    }

    /// The same, on this net.
    pub fn at(net: Net, on_duty: &[(&str, &str)]) -> Self {
        let steps = on_duty.iter().enumerate().map(|(nth, (name, phone))| (nth + 1, *name, *phone));
        Self::on(net, steps)
    }

    /// The same, with steps given.
    pub fn with_roster<'a>(
        lane: u8,
        on_duty: impl IntoIterator<Item = (usize, &'a str, &'a str)>,
    ) -> Self {
        Self::on(Net::new(lane), on_duty)
    }

    fn on<'a>(net: Net, on_duty: impl IntoIterator<Item = (usize, &'a str, &'a str)>) -> Self {
        let place = Self { dir: tempfile::tempdir().unwrap(), net };
        place.write("plan.kdl", &short_plan());
        place.write("polaris.toml", &place.config(""));
        let mut csv = "service,equipe,step,person,phone,from,until\n".to_owned();
        for (step, person, phone) in on_duty {
            let times = "2020-01-01T00:00,2090-01-01T00:00";
            writeln!(csv, "polaris-br4,equipe,{step},{person},{phone},{times}").unwrap();
        }
        place.write("turni.csv", &csv);
        if csv.lines().count() > 1 {
            let imported = place.run(&["roster", "import", "turni.csv"]);
            assert!(imported.status.success(), "{}", errors(&imported));
        }
        place
    }

    pub fn config(&self, more: &str) -> String {
        let net = self.net;
        let (service, trunk) = (net.service(), net.trunk());
        let accepted: Vec<String> = (2..=20).map(|host| format!("\"{}\"", net.ip(host))).collect();
        format!(
            "data_dir = \"data\"\n[sip]\nlisten = [\"udp:{service}\"]\n[rtp]\nports = \
             \"20000-20999\"\n[[trunk]]\nname = \"prova\"\nproxy = \"{trunk}\"\naccept_from = \
             [{}]\n[store]\nurl = \"sqlite:data/polaris.db\"\n[prompts]\noverrides = \"{}\"\n\
             [[service]]\ndialplan = \"plan.kdl\"\n{more}",
            accepted.join(", "),
            short_recordings().display(),
        )
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Rewrites the plan.
    pub fn edit_plan(&self, from: &str, to: &str) {
        let plan = self.read("plan.kdl");
        assert!(plan.contains(from), "the plan has no «{from}»");
        self.write("plan.kdl", &plan.replace(from, to));
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_polaris"));
        command.current_dir(self.dir.path()).args(arguments).env_remove("POLARIS_LOG");
        command
    }

    /// Runs a command of the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        // The telephones of the test live on the other threads meanwhile.
        tokio::task::block_in_place(|| self.command(arguments).output().unwrap())
    }

    fn json(&self, command: &str) -> Vec<Value> {
        let output = self.run(&[command, "--json"]);
        assert!(output.status.success(), "{command}: {}", errors(&output));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What `polaris calls --json` tells.
    pub fn calls(&self) -> Vec<Value> {
        self.json("calls")
    }

    /// What `polaris cases --json` tells.
    pub fn cases(&self) -> Vec<Value> {
        self.json("cases")
    }

    /// The only case there is.
    pub fn only_case(&self) -> Value {
        let mut cases = self.cases();
        assert_eq!(cases.len(), 1, "{cases:#?}");
        cases.remove(0)
    }

    /// The only call there is.
    pub fn only_call(&self) -> Value {
        let mut calls = self.calls();
        assert_eq!(calls.len(), 1, "{calls:#?}");
        calls.remove(0)
    }

    /// The names of the messages on the disk, sealed or not yet.
    pub fn voicemail(&self) -> BTreeSet<String> {
        let folder = std::fs::read_dir(self.path("data/voicemail"));
        let names = folder.into_iter().flatten().map(|entry| entry.unwrap().file_name());
        let names = names.map(|name| name.into_string().unwrap());
        names
            .filter(|name| !name.ends_with(".new"))
            .map(|name| name.trim_end_matches(".sealed").to_owned())
            .collect()
    }

    /// What is in the message of this name.
    pub fn message(&self, name: &str) -> Vec<u8> {
        let keyring = Keyring::new(&self.path("schede.key"));
        read_sealed_file(&self.path("data"), Folder::Voicemail, name, &keyring).unwrap()
    }
}

/// What a command said on standard error.
pub fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The kinds of a case's entries, in order.
pub fn kinds(case: &Value) -> Vec<&str> {
    case["entries"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect()
}

/// The shipped plan, for all hours and with the shortest rings there may be.
pub fn short_plan() -> String {
    let plan = include_str!("../../dialplans/polaris-br4.kdl");
    let (before, rest) = plan.split_once("\nhours {").unwrap();
    let (_, after) = rest.split_once("\n}\n").unwrap();
    let hours = "\nhours always { comune \"074010\" \"Mesagne\" { patron none; }; }\n";
    let mut plan = format!("{before}{hours}{after}");
    for (from, to) in [
        ("each=\"25s\" rounds=2 accept=\"10s\"", "each=\"5s\" rounds=1 accept=\"5s\""),
        ("for=\"40s\" accept=\"10s\"", "for=\"5s\" accept=\"5s\""),
        ("for=\"25s\" taken-by", "for=\"5s\" taken-by"),
        ("wait=\"5s\"", "wait=\"3s\""),
    ] {
        assert!(plan.contains(from), "{from}");
        plan = plan.replace(from, to);
    }
    plan
}

/// Every recording of the program, 0.4 s of a noise of its own.
fn noises() -> &'static Vec<(Language, PromptId, Vec<i16>)> {
    static NOISES: OnceLock<Vec<(Language, PromptId, Vec<i16>)>> = OnceLock::new();
    NOISES.get_or_init(|| {
        let recordings = Recordings::embedded();
        let ids = recordings.iter().map(|(language, id, _)| (language, id));
        ids.zip(1..).map(|((language, id), seed)| (language, id, noise(seed))).collect()
    })
}

fn noise(seed: u32) -> Vec<i16> {
    let mut state = seed.wrapping_mul(2_654_435_761);
    (0..SHORT)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((state >> 16) as i16) / 5
        })
        .collect()
}

/// The folder of short recordings, made once for all tests of this program.
fn short_recordings() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        for (language, id, samples) in noises() {
            let place = folder.path().join(language.code());
            std::fs::create_dir_all(&place).unwrap();
            write_wav(&place.join(format!("{id}.wav")), samples);
        }
        folder
    });
    folder.path()
}

pub fn write_wav(file: &Path, samples: &[i16]) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(file, spec).unwrap();
    samples.iter().for_each(|sample| wav.write_sample(*sample).unwrap());
    wav.finalize().unwrap();
}

/// An ear that knows the short recordings.
pub fn ear() -> Recogniser {
    Recogniser::new(noises().iter().map(|(language, id, samples)| {
        let coded = samples.iter().map(|sample| encode(Law::Pcma, *sample)).collect();
        (*language, id.clone(), coded)
    }))
}

/// A tone, amplitude 8000.
pub fn tone(frequency: f64, samples: usize) -> Vec<i16> {
    (0..samples)
        .map(|nth| {
            (8_000.0 * (std::f64::consts::TAU * frequency * nth as f64 / 8_000.0).sin()) as i16
        })
        .collect()
}

/// Which part of the energy of some sound is at `frequency`, 0 to 1.
pub fn share(samples: &[i16], frequency: f64) -> f64 {
    let (mut real, mut imaginary, mut total) = (0.0, 0.0, 1.0);
    for (nth, sample) in samples.iter().enumerate() {
        let (sine, cosine) = (std::f64::consts::TAU * frequency * nth as f64 / 8_000.0).sin_cos();
        let sample = f64::from(*sample);
        real += sample * cosine;
        imaginary += sample * sine;
        total += sample * sample;
    }
    2.0 * (real * real + imaginary * imaginary) / (total * samples.len() as f64)
}

/// How many tenths of a second are nearly all this tone.
pub fn tenths_of(samples: &[i16], frequency: f64) -> usize {
    samples.chunks_exact(800).filter(|tenth| share(tenth, frequency) > 0.9).count()
}

/// A lane nobody else of this program has.
pub fn lane() -> u8 {
    static NEXT: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(130);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

/// A recording no call plays by itself: who says it is recognised at the other end.
pub const MARK: &str = "comune.075083";

/// Two seconds of [`MARK`].
pub fn mark() -> Vec<i16> {
    let (_, _, samples) = noises().iter().find(|(_, id, _)| id.as_str() == MARK).unwrap();
    samples.repeat(5)
}

/// Seconds since this program began.
pub fn seconds() -> f64 {
    use polaris::words::{Clock, SystemClock};
    static CLOCK: OnceLock<SystemClock> = OnceLock::new();
    CLOCK.get_or_init(SystemClock::start).now().since_start().as_secs_f64()
}
