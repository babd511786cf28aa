//! What whole calls cost: `polaris serve` as it is installed, over real SIP and RTP.
//!
//! Time from INVITE to 200 with the case on disk; CPU-ms per call-second; memory a
//! call. The telephones are another process (this program again, with `--load`), so
//! that only the service is counted. Loopback only; about a minute and a half. One scenario
//! alone: `cargo bench --bench calls -- answering`, `playing` or `bridged`.

#[path = "shared/flood.rs"]
mod flood;
#[path = "calls/load.rs"]
mod load;
#[path = "calls/message.rs"]
mod message;
#[path = "shared/process.rs"]
mod process;
#[path = "calls/service.rs"]
mod service;
#[path = "calls/siege.rs"]
mod siege;
#[path = "calls/telephone.rs"]
mod telephone;
#[path = "calls/telephones.rs"]
mod telephones;

use service::Service;
use telephones::Load;

/// Citizens hear welcome, notice and menu; operators are rung through at once.
const CITIZENS: &str = "+390831000000";
const OPERATORS: &str = "+390831000009";
/// New calls a second, where they are not what is measured.
const UNBOUNDED: u32 = 1_000;
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
    if wanted("flood") {
        flooded()?;
    }
    if wanted("overload") {
        overloaded()?;
    }
    println!("load average after: {}", load_average()?);
    Ok(())
}

/// INVITE to 200, each case committed before its 200. Calls come on schedule, whether
/// the earlier ones were answered or not.
fn answering() -> anyhow::Result<()> {
    println!("\nINVITE to 200, the case on disk (target: p99 under 20 ms)");
    let (service, mut load) = Load::with_service(UNBOUNDED)?;
    println!("  1 call/s:   {}", load.ask(&format!("calls 20 1 1000 answered {CITIZENS}"))?);
    println!("  50 calls/s: {}", load.ask(&format!("calls 500 50 2000 answered {CITIZENS}"))?);
    load.finish()?;
    service.stop()
}

fn playing() -> anyhow::Result<()> {
    println!("\ncalls hearing a prompt (target: 0.54 CPU-ms per call-second, 60 KB a call)");
    let (service, mut load) = Load::with_service(UNBOUNDED)?;
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
    let (service, mut load) = Load::with_service(UNBOUNDED)?;
    let empty = service.memory_kb()?;
    println!("  until all talk: {}", load.ask(&format!("calls 100 20 0 bridged {OPERATORS}"))?);
    watch(&service, &mut load, 100, empty)?;
    load.finish()?;
    service.stop()
}

/// Fifty calls while strangers do what they can.
fn flooded() -> anyhow::Result<()> {
    println!("\nbridged calls under a flood (target: none lost, p99 under 100 ms)");
    let (service, load) = Load::with_service(UNBOUNDED)?;
    println!("{}", siege::flooded(&service, load, 50, OPERATORS)?);
    service.stop()
}

/// As many calls as it takes, and twice as many.
fn overloaded() -> anyhow::Result<()> {
    println!("\ntwice the calls it takes (target: as many are served)");
    for rate in [siege::CAPACITY, 2 * siege::CAPACITY] {
        let (service, load) = Load::with_service(siege::CAPACITY)?;
        println!("  {rate} calls/s: {}", siege::overloaded(load, rate, CITIZENS)?);
        service.stop()?;
    }
    Ok(())
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

fn load_average() -> anyhow::Result<String> {
    Ok(std::fs::read_to_string("/proc/loadavg")?.trim().to_owned())
}
