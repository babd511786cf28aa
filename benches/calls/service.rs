//! The service that is measured: a folder of its own, and the process.

use std::io::{BufRead, BufReader};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::Context;
use chrono::TimeDelta;
use polaris::words::{Clock, SystemClock};

use crate::process;

/// Where the service answers, and where its telephones are.
pub(crate) const HERE: &str = "127.0.50.1";
pub(crate) const TELEPHONES: &str = "127.0.50.2";
/// Where it receives sound.
pub(crate) const SOUND_PORTS: RangeInclusive<u16> = 20_000..=29_999;

/// Addresses that are nobody's trunk.
#[allow(dead_code, reason = "not every measurement has strangers")]
pub(crate) fn strangers() -> Vec<IpAddr> {
    (100..120).map(|host| IpAddr::from([127, 0, 50, host])).collect()
}

const PLAN: &str = include_str!("../../dialplans/polaris-br4.kdl");
/// More responders than calls: a phone serves one call at a time.
const RESPONDERS: u32 = 120;
/// Nothing here takes longer to start or to stop.
const BOUND: Duration = Duration::from_secs(60);

/// `polaris serve`, and where it answers.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    process: Child,
    /// Lines of its log that are no ordinary step of a call.
    complaints: Receiver<String>,
    folder: tempfile::TempDir,
}

impl Service {
    /// Starts it with an empty database and a full roster; calls to responders go to
    /// `trunk`.
    pub(crate) fn start(trunk: SocketAddr, calls_per_second: u32) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::write(
            folder.path().join("polaris.toml"),
            configuration(trunk, calls_per_second)?,
        )?;
        std::fs::write(folder.path().join("plan.kdl"), always_active(PLAN)?)?;
        std::fs::write(folder.path().join("roster.csv"), roster())?;
        let imported = polaris(folder.path(), &["roster", "import", "roster.csv"]).output()?;
        anyhow::ensure!(imported.status.success(), "the roster was refused: {imported:?}");
        let mut process = polaris(folder.path(), &["serve"]).stderr(Stdio::piped()).spawn()?;
        let log = process.stderr.take().context("the service has no log")?;
        let (address, complaints) = listen(log);
        let address = address.recv_timeout(BOUND).context("the service does not start")?;
        let address =
            address.map_err(|said| anyhow::anyhow!("the service did not start:\n{said}"))?;
        Ok(Self { address, process, complaints, folder })
    }

    /// The number of its process.
    #[allow(dead_code, reason = "not every measurement counts what it uses")]
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn memory_kb(&self) -> anyhow::Result<u64> {
        process::memory_kb(self.process.id())
    }

    /// Stops it; what a command of the program then prints about its calls.
    #[allow(dead_code, reason = "a measurement looks at no call")]
    pub(crate) fn stop_and_tell(mut self, arguments: &[&str]) -> anyhow::Result<String> {
        self.end()?;
        let output = polaris(self.folder.path(), arguments).output()?;
        anyhow::ensure!(output.status.success(), "{arguments:?}: {output:?}");
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Stops it as an operator would, and says what it complained of.
    #[allow(dead_code, reason = "not every use of it is a measurement")]
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        self.end()
    }

    fn end(&mut self) -> anyhow::Result<()> {
        Command::new("kill").arg(self.process.id().to_string()).status()?;
        // The log ends with the process.
        let complaints: Vec<String> = self.complaints.iter().collect();
        let status = self.process.wait()?;
        if let Some(first) = complaints.first() {
            println!("  complaints: {}, the first: {first}", complaints.len());
        }
        anyhow::ensure!(status.success(), "the service ended with {status}");
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn polaris(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_polaris"));
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1");
    command
}

/// Reads the log to its end; gives the first address, or all that was said in its
/// place, and later what is a warning or worse.
fn listen(log: ChildStderr) -> (Receiver<Result<SocketAddr, String>>, Receiver<String>) {
    let (found, address) = channel();
    let (complain, complaints) = channel();
    std::thread::spawn(move || {
        let mut lines = BufReader::new(log).lines().map_while(Result::ok);
        let mut said = String::new();
        let listening = lines.find_map(|line| {
            said += &format!("{line}\n");
            line.split_once("sip.listen=")?.1.parse().ok()
        });
        let _ = found.send(listening.ok_or(said));
        let severe = |line: &String| ["WARN", "ERROR"].iter().any(|level| line.contains(level));
        for line in lines.filter(severe) {
            let _ = complain.send(line);
        }
    });
    (address, complaints)
}

fn configuration(trunk: SocketAddr, calls_per_second: u32) -> anyhow::Result<String> {
    // One port for UDP and TCP, and nobody else's.
    let port = UdpSocket::bind((HERE, 0))?.local_addr()?.port();
    let (first, last) = (SOUND_PORTS.start(), SOUND_PORTS.end());
    Ok(format!(
        r#"
        data_dir = "data"
        [sip]
        calls_per_second = {calls_per_second}
        outbound_per_minute = 100000
        listen = ["udp:{HERE}:{port}", "tcp:{HERE}:{port}"]
        [rtp]
        address = "{HERE}"
        ports = "{first}-{last}"
        [[trunk]]
        name = "operatore"
        proxy = "{trunk}"
        accept_from = ["{TELEPHONES}"]
        [[service]]
        dialplan = "plan.kdl"
        "#
    ))
}

/// The shipped plan as it is at night, at any hour.
fn always_active(plan: &str) -> anyhow::Result<String> {
    let (before, rest) = plan.split_once("hours {").context("the plan has no hours")?;
    let (_, after) = rest.split_once("\n}\n").context("the hours do not end")?;
    let comune = r#"comune "074010" "Mesagne" { patron day=16 month=7; }"#;
    Ok(format!("{before}hours always {{\n    {comune}\n}}\n{after}"))
}

/// Everybody is on duty from the day before yesterday until the day after tomorrow.
fn roster() -> String {
    let today = SystemClock::start().wall().date_naive();
    let (from, until) = (today - TimeDelta::days(2), today + TimeDelta::days(2));
    let mut rows = "service,equipe,step,person,phone,from,until\n".to_owned();
    for nth in 0..RESPONDERS {
        let phone = 3_930_000_000_u64 + u64::from(nth);
        rows +=
            &format!("polaris-br4,equipe,1,Persona {nth},+39{phone},{from}T12:00,{until}T12:00\n");
    }
    rows
}
