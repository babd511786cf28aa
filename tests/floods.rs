//! Strangers at full rate, and more calls than the service takes: nobody it accepted is lost.
//!
//! Bounded: seconds, and 10,000 connections. How fast it answers meanwhile is measured by
//! `cargo bench --bench calls -- flood overload`, with the same telephones.

#[path = "../benches/shared/flood.rs"]
mod flood;
#[path = "../benches/calls/load.rs"]
mod load;
#[path = "../benches/calls/message.rs"]
mod message;
#[path = "../benches/shared/process.rs"]
mod process;
#[path = "../benches/calls/service.rs"]
mod service;
#[path = "../benches/calls/siege.rs"]
mod siege;
#[path = "../benches/calls/telephone.rs"]
mod telephone;
#[path = "../benches/calls/telephones.rs"]
mod telephones;

use telephones::Load;

const CITIZENS: &str = "+390831000000";
const OPERATORS: &str = "+390831000009";
/// What 50 calls and everything strangers did may cost, KB.
const MEMORY_KB: u64 = 60_000;

fn main() -> anyhow::Result<()> {
    if std::env::args().any(|argument| argument == "--load") {
        return load::run();
    }
    strangers_at_full_rate_cost_no_call()?;
    twice_the_calls_it_takes_are_served_as_well_as_once()?;
    println!("test result: ok. 2 passed; 0 failed");
    Ok(())
}

fn strangers_at_full_rate_cost_no_call() -> anyhow::Result<()> {
    let (service, load) = Load::with_service(1_000)?;
    let flooded = siege::flooded(&service, load, 50, OPERATORS)?;
    println!("{flooded}");
    let calls = service.stop_and_tell(&["calls", "--json"])?;
    assert_eq!(flooded.sent.connections, 10_000, "the flood was what it should be");
    assert!(flooded.calls.starts_with("50 of 50 answered, "), "every call is answered");
    assert!(flooded.calls.ends_with("100 of 100 hear a person"), "everybody is put through");
    let packets: Vec<f64> = flooded.sound.split([' ', ',']).flat_map(str::parse).collect();
    let [spoken, heard] = packets[..] else { anyhow::bail!("no packets: {}", flooded.sound) };
    assert!(heard > 0.97 * spoken, "what people say arrives: {}", flooded.sound);
    assert!(flooded.grown_kb < MEMORY_KB, "memory is bounded: {} KB more", flooded.grown_kb);
    assert_eq!(calls.lines().count(), 50, "no stranger made a call:\n{calls}");
    assert_eq!(calls.matches(r#""outcome":"accepted""#).count(), 50, "{calls}");
    Ok(())
}

fn twice_the_calls_it_takes_are_served_as_well_as_once() -> anyhow::Result<()> {
    let (service, load) = Load::with_service(siege::CAPACITY)?;
    let said = siege::overloaded(load, 2 * siege::CAPACITY, CITIZENS)?;
    println!("  {said}");
    let calls = service.stop_and_tell(&["calls", "--json"])?;
    let numbers: Vec<usize> = said.split([' ', ',']).flat_map(str::parse).collect();
    let [answered, offered, refused] = numbers[..] else { anyhow::bail!("no numbers: {said}") };
    assert_eq!(answered + refused, offered, "each is answered or told to come back: {said}");
    assert!(answered >= offered / 2, "as many are served as it takes: {said}");
    assert_eq!(calls.lines().count(), answered, "a case for each, and for nobody else");
    Ok(())
}
