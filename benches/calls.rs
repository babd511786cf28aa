//! What whole calls cost: `polaris serve` as it is installed, over real SIP and RTP.
//!
//! Time from INVITE to 200 with the case on disk; CPU-ms per call-second; memory a
//! call. The telephones are another process (this program again, with `--load`), so
//! that only the service is counted. Loopback only; about a minute and a half. One scenario
//! alone: `cargo bench --bench calls -- answering`, `playing` or `bridged`.

#[path = "calls/load.rs"]
mod load;
#[path = "calls/message.rs"]
mod message;
#[path = "shared/process.rs"]
mod process;
#[path = "calls/service.rs"]
mod service;
#[path = "calls/telephone.rs"]
mod telephone;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use service::Service;

/// Citizens hear welcome, notice and menu; operators are rung through at once.
const CITIZENS: &str = "+390831000000";
const OPERATORS: &str = "+390831000009";
/// How long a steady state is watched, seconds.
const WATCHED: u32 = 10;

fn main() -> anyhow::Result<()> {
    if std::env::args().any(|argument| argument == "--load") {
        return load::run();
    }
    println!("load average before: {}", load_average()?);
    let named: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let wanted = |name: &str| named.is_empty() || named.iter().any(|wanted| wanted == name);
    if wanted("answering") {
        answering()?;
    }
    if wanted("playing") {
        playing()?;
    }
    if wanted("bridged") {
        bridged()?;
    }
    println!("load average after: {}", load_average()?);
    Ok(())
}

/// INVITE to 200, each case committed before its 200. Calls come on schedule, whether
/// the earlier ones were answered or not.
fn answering() -> anyhow::Result<()> {
    println!("\nINVITE to 200, the case on disk (target: p99 under 20 ms)");
    let (service, mut load) = start()?;
    println!("  1 call/s:   {}", load.ask(&format!("calls 20 1 1000 answered {CITIZENS}"))?);
    println!("  50 calls/s: {}", load.ask(&format!("calls 500 50 2000 answered {CITIZENS}"))?);
    load.finish()?;
    service.stop()
}

fn playing() -> anyhow::Result<()> {
    println!("\ncalls hearing a prompt (target: 0.54 CPU-ms per call-second, 60 KB a call)");
    let (service, mut load) = start()?;
    let empty = service.memory_kb()?;
    println!("  0 calls: {empty} KB");
    let mut calls = 0;
    for more in [100, 300] {
        load.ask(&format!("calls {more} 100 0 answered {CITIZENS}"))?;
        calls += more;
        watch(&service, &mut load, calls, empty)?;
    }
    load.finish()?;
    service.stop()
}

fn bridged() -> anyhow::Result<()> {
    println!("\nbridged calls, a person at each end (target: 0.9 CPU-ms per call-second)");
    let (service, mut load) = start()?;
    let empty = service.memory_kb()?;
    println!("  until all talk: {}", load.ask(&format!("calls 100 20 0 bridged {OPERATORS}"))?);
    watch(&service, &mut load, 100, empty)?;
    load.finish()?;
    service.stop()
}

/// Watches a steady state: CPU time, memory, and whether all the sound was there.
fn watch(service: &Service, load: &mut Load, calls: u32, empty: u64) -> anyhow::Result<()> {
    let before = service.cpu_ms()?;
    let sound = load.ask(&format!("watch {WATCHED}"))?;
    let cost = (service.cpu_ms()? - before) / f64::from(calls * WATCHED);
    let memory = service.memory_kb()?;
    let each = memory.saturating_sub(empty) as f64 / f64::from(calls);
    println!("  {calls} calls: {cost:.3} CPU-ms per call-second; {memory} KB, {each:.1} KB a call");
    println!("      {sound}");
    Ok(())
}

fn start() -> anyhow::Result<(Service, Load)> {
    let mut load = Load::start()?;
    let trunk = load.line()?.parse()?;
    let service = Service::start(trunk)?;
    load.tell(&service.address.to_string())?;
    Ok((service, load))
}

fn load_average() -> anyhow::Result<String> {
    Ok(std::fs::read_to_string("/proc/loadavg")?.trim().to_owned())
}

/// The other process, and what is said to it.
struct Load {
    process: Child,
    tell: ChildStdin,
    hear: BufReader<ChildStdout>,
}

impl Load {
    fn start() -> anyhow::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("--load")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let missing = || anyhow::anyhow!("the load has no pipe");
        let tell = process.stdin.take().ok_or_else(missing)?;
        let hear = BufReader::new(process.stdout.take().ok_or_else(missing)?);
        Ok(Self { process, tell, hear })
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        anyhow::ensure!(self.hear.read_line(&mut line)? > 0, "the load has ended");
        Ok(line.trim().to_owned())
    }

    fn tell(&mut self, line: &str) -> anyhow::Result<()> {
        Ok(writeln!(self.tell, "{line}")?)
    }

    fn ask(&mut self, line: &str) -> anyhow::Result<String> {
        self.tell(line)?;
        self.line()
    }

    /// Every telephone hangs up.
    fn finish(mut self) -> anyhow::Result<()> {
        let ended = self.ask("end")?;
        anyhow::ensure!(self.process.wait()?.success(), "the load failed: {ended}");
        Ok(())
    }
}
