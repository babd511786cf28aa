//! The service with more upon it than it wants: strangers, and too many calls.

use std::fmt;
use std::time::Duration;

use super::flood::{Flood, Sent, Target};
use super::service::{SOUND_PORTS, Service, strangers};
use super::telephones::Load;

/// New calls a second that the overloaded service declares it takes.
pub(crate) const CAPACITY: u32 = 20;
/// How long calls keep coming, seconds.
const SECONDS: u32 = 6;
/// How long people talk under a flood, seconds.
const TALK: u32 = 4;

/// What became of the calls under a flood.
pub(crate) struct Flooded {
    /// How they were answered, in the telephones' words.
    pub(crate) calls: String,
    /// Packets the people sent each other, and heard.
    pub(crate) sound: String,
    /// What the service's memory grew by, KB.
    pub(crate) grown_kb: u64,
    pub(crate) sent: Sent,
}

/// Sets up `calls` calls, ten a second, while the flood is on, and lets them talk in it.
pub(crate) fn flooded(
    service: &Service,
    mut load: Load,
    calls: u32,
    number: &str,
) -> anyhow::Result<Flooded> {
    let before = service.memory_kb()?;
    let sound = (*SOUND_PORTS.start()..SOUND_PORTS.start() + 200).collect();
    let flood = Flood::start(&Target { sip: service.address, sound, strangers: strangers() });
    let calls = load.ask(&format!("calls {calls} 10 0 bridged {number}"))?;
    let sound = load.ask(&format!("watch {TALK}"))?;
    let grown_kb = service.memory_kb()?.saturating_sub(before);
    let sent = flood.stop()?;
    load.finish()?;
    Ok(Flooded { calls, sound, grown_kb, sent })
}

impl Flooded {
    /// How long the slowest of a hundred calls waited for its 200.
    #[allow(dead_code, reason = "a test does not measure")]
    pub(crate) fn p99(&self) -> Option<Duration> {
        let told = self.calls.split("p99 ").nth(1)?.split([' ', ';']).next()?;
        let at = told.find(|c: char| c != '.' && !c.is_ascii_digit())?;
        let (number, unit) = told.split_at(at);
        let seconds = match unit {
            "ms" => 1e-3,
            "µs" => 1e-6,
            "s" => 1.0,
            _ => return None,
        };
        Some(Duration::from_secs_f64(number.parse::<f64>().ok()? * seconds))
    }
}

impl fmt::Display for Flooded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sent { invites, registers, junk, connections, seconds } = &self.sent;
        let rate = |count: usize| count as f64 / seconds;
        writeln!(
            f,
            "  flood: {:.0} INVITE/s, {:.0} REGISTER/s, {:.0} datagrams of junk/s, \
             {connections} connections in {seconds:.1} s",
            rate(*invites),
            rate(*registers),
            rate(*junk)
        )?;
        writeln!(f, "  {}", self.calls)?;
        writeln!(f, "  {}", self.sound)?;
        write!(f, "  {} KB more", self.grown_kb)
    }
}

/// Calls of a second each, for six seconds; how many were served, in the telephones' words.
pub(crate) fn overloaded(mut load: Load, rate: u32, number: &str) -> anyhow::Result<String> {
    let said = load.ask(&format!("calls {} {rate} 1000 answered {number}", rate * SECONDS))?;
    load.finish()?;
    Ok(said)
}
