//! sipp as a peer: a caller, or the phones of the people on duty.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::ground::SIP;
use crate::support::service::{NUMBER, Service};
use crate::support::wait::{wait_for, wait_for_end};

/// No scenario takes longer.
const LONGEST: Duration = Duration::from_secs(70);

/// How sipp talks to the service.
#[derive(Clone, Copy)]
pub struct Way {
    /// The address it has.
    pub from: IpAddr,
    /// `u1`: one UDP socket; `t1`: one TCP connection.
    pub transport: &'static str,
    /// The number it calls.
    pub number: &'static str,
}

impl Way {
    /// A caller in the operator's network, over UDP.
    pub fn udp(service: &Service) -> Self {
        Self { from: service.ground.caller, transport: "u1", number: NUMBER }
    }
}

/// A running sipp. Dropped, it is killed.
pub struct Sipp {
    child: Child,
    folder: PathBuf,
    name: String,
}

impl Sipp {
    /// Starts a caller; `fill` is put in the places of the scenario.
    pub fn call(service: &Service, way: Way, name: &str, fill: &[(&str, &str)]) -> Self {
        Self::call_at(service, service.ground.server(), way, name, fill)
    }

    /// The same through somebody else.
    pub fn call_at(
        service: &Service,
        server: SocketAddr,
        way: Way,
        name: &str,
        fill: &[(&str, &str)],
    ) -> Self {
        let server = server.to_string();
        Self::start(service, way, name, fill, &[&server, "-m", "1"])
    }

    /// Starts phones at the operator's proxy that take `calls` calls in all, over `udp`
    /// or `tcp`.
    pub fn phones(service: &Service, transport: &str, calls: u32) -> Self {
        Self::phones_at(service, service.ground.proxy, transport, calls)
    }

    /// The same at another address.
    pub fn phones_at(service: &Service, from: IpAddr, transport: &str, calls: u32) -> Self {
        let mode = if transport == "tcp" { "t1" } else { "u1" };
        let way = Way { from, transport: mode, number: NUMBER };
        let phones = Self::start(service, way, "responders", &[], &["-m", &calls.to_string()]);
        let listens = || is_taken(transport, from).then_some(());
        wait_for("sipp listens", Duration::from_secs(10), listens);
        phones
    }

    fn start(
        service: &Service,
        way: Way,
        name: &str,
        fill: &[(&str, &str)],
        arguments: &[&str],
    ) -> Self {
        let folder = service.folder(name);
        fs::write(folder.join("scenario.xml"), scenario(name, fill)).unwrap();
        let errors = fs::File::create(folder.join("said")).unwrap();
        let child = Command::new("sipp")
            .args(arguments)
            .args(["-sf", "scenario.xml", "-s", way.number, "-t", way.transport])
            .args(["-i", &way.from.to_string(), "-p", &SIP.to_string(), "-nostdin"])
            .args(["-timeout", "60s", "-timeout_error", "-recv_timeout", "45000"])
            .args([
                "-trace_msg",
                "-message_file",
                "messages",
                "-trace_err",
                "-error_file",
                "errors",
            ])
            .args(["-trace_logs", "-log_file", "log"])
            .current_dir(&folder)
            .env("TERM", "xterm")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .unwrap_or_else(|error| panic!("sipp cannot be started ({error}): run tests/setup"));
        Self { child, folder, name: name.to_owned() }
    }

    /// Waits until the scenario has been played to its end.
    pub fn finish(mut self) -> Trace {
        let status = wait_for_end(&self.name, LONGEST, &mut self.child);
        let read = |file: &str| read_lossily(&self.folder.join(file));
        let trace = Trace::read(&read("messages"));
        if !status.success() {
            let (errors, said) = (read("errors"), read("said"));
            panic!("sipp {}: {status}\n{errors}\n{said}\n{:#?}", self.name, trace.messages);
        }
        trace
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether SIP's port of this address is taken. The kernel is asked: taking the port
/// to see would be in the way of whoever wants it.
fn is_taken(transport: &str, address: IpAddr) -> bool {
    let IpAddr::V4(address) = address else { return false };
    // Linux writes the address as the machine's own number.
    let local = format!("{:08X}:{SIP:04X}", u32::from_ne_bytes(address.octets()));
    let sockets = fs::read_to_string(format!("/proc/net/{transport}")).unwrap();
    sockets.lines().any(|line| line.split_whitespace().nth(1) == Some(&local))
}

/// What went over the wire.
pub struct Trace {
    messages: Vec<(Seen, String)>,
}

/// Seen from sipp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Sent,
    Received,
}

impl Trace {
    fn read(text: &str) -> Self {
        let rule = "-----------------------------------------------";
        let messages = text.split(rule).filter_map(|piece| {
            let (head, message) = piece.split_once("\n\n")?;
            let way = match head {
                head if head.contains("message received") => Seen::Received,
                head if head.contains("message sent") => Seen::Sent,
                _ => return None,
            };
            Some((way, message.to_owned()))
        });
        Self { messages: messages.collect() }
    }

    /// What sipp received.
    pub fn received(&self) -> impl Iterator<Item = &str> {
        let received = self.messages.iter().filter(|(way, _)| *way == Seen::Received);
        received.map(|(_, message)| message.as_str())
    }

    /// How many of the messages received begin so.
    pub fn count(&self, beginning: &str) -> usize {
        self.received().filter(|message| message.starts_with(beginning)).count()
    }
}

/// A scenario with its parts in their places.
fn scenario(name: &str, fill: &[(&str, &str)]) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/scenarios");
    let text = fs::read_to_string(folder.join(format!("{name}.xml"))).unwrap();
    place_parts(&text, &|part| {
        let given = fill.iter().find(|(name, _)| *name == part);
        given.map_or_else(
            || fs::read_to_string(folder.join("parts").join(format!("{part}.txt"))).unwrap(),
            |(_, value)| (*value).to_owned(),
        )
    })
}

fn place_parts(text: &str, part: &dyn Fn(&str) -> String) -> String {
    let Some((before, rest)) = text.split_once("{{") else { return text.to_owned() };
    let (name, after) = rest.split_once("}}").unwrap();
    let placed = place_parts(part(name).trim_end(), part);
    format!("{before}{placed}{}", place_parts(after, part))
}

fn read_lossily(file: &Path) -> String {
    fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}
