//! What whole calls cost: `polaris serve` as it is installed, over real SIP and RTP.
//!
//! Time from INVITE to 200 with the case on disk; CPU-ms per call-second; memory a
//! call. The telephones are another process (this program again, with `--load`), so
//! that only the service is counted. Loopback only; about a minute and a half. One scenario
//! alone: `cargo bench --bench calls -- answering`, `playing` or `bridged`. Only where it is
//! named: `floor`, the service in turn with the kernel alone, and `asterisk FOLDER`, with
//! Asterisk too.

#[path = "calls/asterisk.rs"]
mod asterisk;
#[path = "calls/cost.rs"]
mod cost;
#[path = "shared/flood.rs"]
mod flood;
#[path = "calls/floor.rs"]
mod floor;
#[path = "calls/load.rs"]
mod load;
#[path = "calls/message.rs"]
mod message;
#[path = "shared/process.rs"]
mod process;
#[path = "calls/rounds.rs"]
mod rounds;
#[path = "calls/service.rs"]
mod service;
#[path = "calls/siege.rs"]
mod siege;
#[path = "calls/telephone.rs"]
mod telephone;
#[path = "calls/telephones.rs"]
mod telephones;

use std::time::Duration;

use anyhow::Context as _;
use asterisk::Installed;
use cost::{CALLS, Cost, Doing};
use process::load_average;
use rounds::{Comparison, Serving};
use service::Service;
use telephones::Load;

/// Citizens hear welcome, notice and menu; operators are rung through at once.
const CITIZENS: &str = "+390831000000";
const OPERATORS: &str = "+390831000009";
/// New calls a second, where they are not what is measured.
const UNBOUNDED: u32 = 1_000;

fn main() -> anyhow::Result<()> {
    if std::env::args().any(|argument| argument == "--load") {
        return load::run();
    }
    println!("load average before: {}", load_average()?);
    let named: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let asked_for = |name: &str| named.iter().any(|wanted| wanted == name);
    let wanted = |name: &str| named.is_empty() || asked_for(name);
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
    if asked_for("floor") {
        beside_the_kernel()?;
    }
    if asked_for("asterisk") {
        let folder = named.iter().find(|argument| argument.contains('/'));
        beside_asterisk(&Installed::find(folder.map(String::as_str))?)?;
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
    let empty = process::settled_kb(service.id())?;
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
    let empty = process::settled_kb(service.id())?;
    println!("  until all talk: {}", load.ask(&format!("calls 100 20 0 bridged {OPERATORS}"))?);
    let ours = watch(&service, &mut load, 100, empty)?;
    load.finish()?;
    service.stop()?;
    let floor = floor::measure()?;
    println!("  the kernel alone, the same packets: {floor}");
    println!("  POLARIS: {:.2} times the kernel's own work", ours.cpu_ms / floor.cpu_ms);
    Ok(())
}

/// Fifty calls while strangers do what they can.
fn flooded() -> anyhow::Result<()> {
    println!("\nbridged calls under a flood (target: none lost, p99 under 100 ms)");
    let (service, load) = Load::with_service(UNBOUNDED)?;
    let flooded = siege::flooded(&service, load, 50, OPERATORS)?;
    println!("{flooded}");
    service.stop()?;
    let p99 = flooded.p99().context("no p99 was told")?;
    anyhow::ensure!(p99 < Duration::from_millis(100), "the target is missed: p99 {p99:?}");
    Ok(())
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

/// In turn with the least that the packets of bridged calls can cost.
fn beside_the_kernel() -> anyhow::Result<()> {
    println!("\nbeside the kernel alone, {CALLS} calls");
    let kernel = Serving { name: "the kernel alone", measure: &floor::measure };
    let ours = &|| by_the_service(Doing::Bridged);
    rounds::run(&[Comparison { calls: "bridged", ours, others: &[kernel] }])
}

/// In turn with the kernel alone and with Asterisk.
fn beside_asterisk(installed: &Installed) -> anyhow::Result<()> {
    println!("\nbeside {}, {CALLS} calls", installed.version);
    let kernel = Serving { name: "the kernel alone", measure: &floor::measure };
    let bridging = Serving { name: "Asterisk", measure: &|| installed.measure(Doing::Bridged) };
    let playing = Serving { name: "Asterisk", measure: &|| installed.measure(Doing::Playing) };
    rounds::run(&[
        Comparison {
            calls: "bridged",
            ours: &|| by_the_service(Doing::Bridged),
            others: &[kernel, bridging],
        },
        Comparison {
            calls: "playing",
            ours: &|| by_the_service(Doing::Playing),
            others: &[playing],
        },
    ])
}

fn by_the_service(doing: Doing) -> anyhow::Result<Cost> {
    let (service, mut load) = Load::with_service(UNBOUNDED)?;
    let cost = cost::of_calls(service.id(), &mut load, doing)?;
    load.finish()?;
    service.stop()?;
    Ok(cost)
}

/// Watches a steady state: CPU time, memory, and whether all the sound was there.
fn watch(service: &Service, load: &mut Load, calls: u32, empty: u64) -> anyhow::Result<Cost> {
    let cost = cost::watch(service.id(), load, calls, empty)?;
    let Cost { cpu_ms, memory_kb, each_kb, sent, heard } = cost;
    print!("  {calls} calls: {cpu_ms:.3} CPU-ms per call-second; ");
    println!("{memory_kb} KB, {each_kb:.1} KB a call");
    println!("      packets to the service {sent}, from the service {heard}");
    Ok(cost)
}
