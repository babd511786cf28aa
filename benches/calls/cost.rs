//! What calls that are up and speaking cost a process: CPU time and memory.
//!
//! It makes the calls of a comparison, and knows nothing of who serves them.

use std::fmt;

use super::process::{cpu_ms, memory_kb, settled_kb};
use super::telephones::Load;
use super::{CITIZENS, OPERATORS};

/// Calls of a comparison.
pub(crate) const CALLS: u32 = 100;
/// How long a steady state is watched, seconds.
const WATCHED: u32 = 10;
/// Packets heard for each that was sent, at least: with fewer, no figure counts.
const WHOLE: f64 = 0.97;

/// What the calls of a comparison do.
#[derive(Clone, Copy)]
pub(crate) enum Doing {
    /// A person at each end.
    Bridged,
    /// A person hears a prompt.
    Playing,
}

#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// CPU-ms per call-second.
    pub(crate) cpu_ms: f64,
    /// Resident memory of the process, KB.
    pub(crate) memory_kb: u64,
    /// What each call adds to it, KB.
    pub(crate) each_kb: f64,
    /// Packets of the telephones.
    pub(crate) sent: u64,
    pub(crate) heard: u64,
}

/// Makes the calls, all of them or it is an error, and watches them.
pub(crate) fn of_calls(process: u32, load: &mut Load, doing: Doing) -> anyhow::Result<Cost> {
    let empty = settled_kb(process)?;
    let (until, number) = match doing {
        Doing::Bridged => ("bridged", OPERATORS),
        Doing::Playing => ("answered", CITIZENS),
    };
    let said = load.ask(&format!("calls {CALLS} 20 0 {until} {number}"))?;
    let people = format!("{0} of {0} hear a person", 2 * CALLS);
    let all = said.starts_with(&format!("{CALLS} of {CALLS} answered"))
        && (matches!(doing, Doing::Playing) || said.ends_with(&people));
    anyhow::ensure!(all, "not every call is up: {said}");
    let cost = watch(process, load, CALLS, empty)?;
    anyhow::ensure!(cost.whole(), "sound is missing, no figure counts: {cost}");
    Ok(cost)
}

/// Watches calls that are up. `empty_kb` is the memory of the process before them.
pub(crate) fn watch(
    process: u32,
    load: &mut Load,
    calls: u32,
    empty_kb: u64,
) -> anyhow::Result<Cost> {
    let before = cpu_ms(process)?;
    let sound = load.ask(&format!("watch {WATCHED}"))?;
    let spent = cpu_ms(process)? - before;
    let memory_kb = memory_kb(process)?;
    let packets: Vec<u64> = sound.split([' ', ',']).flat_map(str::parse).collect();
    let [sent, heard] = packets[..] else { anyhow::bail!("no packets: {sound}") };
    Ok(Cost {
        cpu_ms: spent / f64::from(calls * WATCHED),
        memory_kb,
        each_kb: memory_kb.saturating_sub(empty_kb) as f64 / f64::from(calls),
        sent,
        heard,
    })
}

impl Cost {
    /// Whether all the sound was there: no other figure counts.
    pub(crate) fn whole(&self) -> bool {
        self.share_heard() > WHOLE
    }

    /// Packets heard for each that was sent: one, if none is missing.
    fn share_heard(&self) -> f64 {
        self.heard as f64 / self.sent as f64
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cpu_ms, each_kb, .. } = self;
        let heard = 100.0 * self.share_heard();
        write!(f, "{cpu_ms:.3} CPU-ms per call-second, {each_kb:.1} KB a call, {heard:.1} % heard")
    }
}
