//! `polaris serve` in a folder of its own, and what its record says.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::ground::{Ground, SIP};
use super::log::indiscretions;
use super::wait::{wait_for, wait_for_end};

/// The program.
const POLARIS: &str = env!("CARGO_BIN_EXE_polaris");
/// The citizens' number of the service.
pub const NUMBER: &str = "+390831777000";
/// Its number for police and operators.
pub const DIRECT: &str = "+390831777009";
/// Who calls, as the network tells it.
pub const CALLER: &str = "+390831555555";
/// The machine is slow when every scenario starts at once.
const START: Duration = Duration::from_secs(30);
/// From the last BYE to the last row.
const RECORDED: Duration = Duration::from_secs(10);
/// Dialogs may wait 32 s for an ACK.
const DRAIN: Duration = Duration::from_secs(45);

/// A person on duty: step of the roster, name, phone.
pub type OnDuty = (u32, &'static str, &'static str);

/// A running service. Dropped, it is killed.
pub struct Service {
    /// Who has which address.
    pub ground: Ground,
    folder: TempDir,
    child: Child,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Service {
    /// Starts a service with these people on duty and waits until it answers OPTIONS.
    pub fn start(on_duty: &[OnDuty]) -> Self {
        Self::start_with_proxy_over("udp", on_duty)
    }

    /// The same, with calls to responders sent over `udp` or `tcp`.
    pub fn start_with_proxy_over(transport: &str, on_duty: &[OnDuty]) -> Self {
        let ground = Ground::fresh();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("polaris.toml"), configuration(&ground, transport)).unwrap();
        fs::write(folder.path().join("plan.kdl"), plan()).unwrap();
        fs::write(folder.path().join("roster.csv"), roster(on_duty)).unwrap();
        if !on_duty.is_empty() {
            let imported = polaris(folder.path(), &["roster", "import", "roster.csv"]);
            assert!(imported.contains("importati"), "{imported}");
        }
        let mut child = command(folder.path(), &["serve"])
            .env("POLARIS_LOG", "trace")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let shared = log.clone();
        let reader = thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                *shared.lock().unwrap() += &(line + "\n");
            }
        });
        let mut service = Self { ground, folder, child, log, reader: Some(reader) };
        service.wait_until_it_answers();
        service
    }

    fn wait_until_it_answers(&mut self) {
        wait_for("the service answers OPTIONS", START, || {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the service ended with {status}:\n{}", self.log.lock().unwrap());
            }
            self.answers_options().then_some(())
        });
    }

    /// Whether an OPTIONS from the operator's network gets a 200 at once.
    pub fn answers_options(&self) -> bool {
        let socket = UdpSocket::bind((self.ground.caller, 0)).unwrap();
        self.answers_options_on(&socket)
    }

    /// The same from `socket`.
    pub fn answers_options_on(&self, socket: &UdpSocket) -> bool {
        self.answers_before_options(socket).is_some()
    }

    /// Sends OPTIONS from `socket`; every datagram that comes there before its 200, or
    /// `None` if that does not come. Datagrams of one address are taken in order: what was
    /// sent from there before has been looked at by then.
    pub fn answers_before_options(&self, socket: &UdpSocket) -> Option<Vec<String>> {
        let options = options(self.ground.server(), socket.local_addr().unwrap());
        socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        socket.send_to(options.as_bytes(), self.ground.server()).ok()?;
        let mut before = Vec::new();
        let mut buffer = [0; 65_535];
        while let Ok(length) = socket.recv(&mut buffer) {
            let reply = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if reply.contains("are-you-there") {
                return reply.starts_with("SIP/2.0 200").then_some(before);
            }
            before.push(reply);
        }
        None
    }

    /// The service's process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The database's file.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join("data/polaris.db")
    }

    /// A folder beside the service's, for a peer's files.
    pub fn folder(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// `polaris calls --json`.
    pub fn calls(&self) -> Vec<Value> {
        rows(&polaris(self.folder.path(), &["calls", "--json"]))
    }

    /// `polaris cases --json`.
    pub fn cases(&self) -> Vec<Value> {
        rows(&polaris(self.folder.path(), &["cases", "--json"]))
    }

    /// `polaris case NUMBER --json`.
    pub fn case(&self, number: &str) -> Value {
        let mut found = rows(&polaris(self.folder.path(), &["case", number, "--json"]));
        assert_eq!(found.len(), 1, "one case {number}");
        found.remove(0)
    }

    /// The only call there was, once it has ended, and its only case.
    pub fn the_one_call(&self) -> Record {
        let call = wait_for("the call is on record as ended", RECORDED, || {
            self.calls().into_iter().find(|call| call["outcome"] != "in_progress")
        });
        self.record(call)
    }

    /// The call and its case, when the case has an entry of this kind.
    pub fn wait_for_entry(&self, kind: &str, bound: Duration) -> Record {
        wait_for(&format!("«{kind}» is on the timeline"), bound, || {
            let call = self.calls().into_iter().next()?;
            Some(self.record(call)).filter(|record| record.kinds().contains(&kind.to_owned()))
        })
    }

    fn record(&self, call: Value) -> Record {
        let calls = self.calls();
        assert_eq!(calls.len(), 1, "one call: {calls:#?}");
        assert_eq!(self.cases().len(), 1, "one case");
        let case = self.case(call["case"].as_str().unwrap());
        assert_eq!(case["call"], call["call"], "the case is the call's");
        Record { call, case }
    }

    /// SIGTERM: it ends by itself, with 0, and its log named nobody.
    pub fn stop(mut self) {
        let pid = self.pid().to_string();
        assert!(Command::new("kill").arg(&pid).status().unwrap().success());
        let status = wait_for_end("the service ends", DRAIN, &mut self.child);
        self.reader.take().unwrap().join().unwrap();
        self.log_names_nobody();
        let log = self.log.lock().unwrap();
        assert!(status.success(), "the service ended with {status}:\n{log}");
        assert!(log.contains("every call has ended"), "the log is whole");
    }

    /// No number and no name is in what the service wrote, at its most talkative.
    pub fn log_names_nobody(&self) {
        let indiscreet = indiscretions(&self.log.lock().unwrap());
        assert!(indiscreet.is_empty(), "the log names somebody:\n{}", indiscreet.join("\n"));
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is on record of a call.
#[derive(Debug)]
pub struct Record {
    /// Its row.
    pub call: Value,
    /// Its case.
    pub case: Value,
}

impl Record {
    /// The kinds of the timeline's entries, in order.
    pub fn kinds(&self) -> Vec<String> {
        words(&self.case["entries"], "kind")
    }

    /// How each ring ended, in order.
    pub fn attempts(&self) -> Vec<String> {
        words(&self.case["attempts"], "outcome")
    }

    /// How the call ended.
    pub fn outcome(&self) -> &str {
        self.call["outcome"].as_str().unwrap()
    }

    /// The keys that were pressed.
    pub fn keys(&self) -> &str {
        self.call["keys"].as_str().unwrap()
    }

    /// Who is in need, the same on call and case.
    pub fn category(&self) -> &str {
        assert_eq!(self.call["category"], self.case["category"]);
        self.call["category"].as_str().unwrap()
    }
}

fn words(list: &Value, field: &str) -> Vec<String> {
    let list = list.as_array().unwrap();
    list.iter().map(|item| item[field].as_str().unwrap_or("open").to_owned()).collect()
}

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(POLARIS);
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command
}

fn polaris(folder: &Path, arguments: &[&str]) -> String {
    let output = command(folder, arguments).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

/// A telephone's RTP socket is bound to no address, so its packets come from 127.0.0.1.
fn configuration(ground: &Ground, transport: &str) -> String {
    let Ground { service, proxy, caller, .. } = ground;
    format!(
        "data_dir = \"data\"\n\
         [sip]\nlisten = [\"udp:{service}:{SIP}\", \"tcp:{service}:{SIP}\"]\n\
         [rtp]\nports = \"20000-29999\"\n\
         [[trunk]]\nname = \"operatore\"\nproxy = \"{transport}:{proxy}:{SIP}\"\n\
         accept_from = [\"{proxy}\", \"{caller}\", \"127.0.0.1\"]\n\
         [[service]]\ndialplan = \"plan.kdl\"\n"
    )
}

/// The shipped plan, at any hour, with numbers of its own and little patience.
fn plan() -> String {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("dialplans/polaris-br4.kdl");
    fs::read_to_string(shipped)
        .unwrap()
        .replace("\nhours {", "\nhours always {")
        .replace("+390831000", "+390831777")
        .replace("each=\"25s\"", "each=\"5s\"")
        .replace("for=\"40s\"", "for=\"5s\"")
}

fn roster(on_duty: &[OnDuty]) -> String {
    let mut csv = "service,equipe,step,person,phone,from,until\n".to_owned();
    for (step, person, phone) in on_duty {
        csv += &format!(
            "polaris-br4,equipe,{step},{person},{phone},2026-01-01T00:00,2046-01-01T00:00\n"
        );
    }
    csv
}

fn options(server: SocketAddr, local: SocketAddr) -> String {
    format!(
        "OPTIONS sip:{server} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bK{};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:trunk@{local}>;tag=1\r\nTo: <sip:{server}>\r\n\
         Call-ID: are-you-there-{local}-{}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
        next(),
        next(),
    )
}

/// A number no request had before.
fn next() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}
