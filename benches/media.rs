//! What the sound costs: CPU-ms per call-second, memory a call, delay of the relay.
//!
//! The telephones are another process (this program again, with `--load`), so that
//! only the engine is counted. Loopback only; about ten seconds.

#[expect(unreachable_pub, reason = "a bench is nobody's library")]
#[path = "media/load.rs"]
mod load;
#[path = "shared/process.rs"]
mod process;

use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, SocketAddr};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use polaris::media::{Engine, Order, Ports, Repeat, Sound, StreamId, builtin};
use polaris::words::{
    Clock, Codec, ControlPath, Direction, Law, PlayId, Protection, StreamFormat, SystemClock,
};
use process::{memory_kb, threads_cpu_ms};

const HERE: &str = "127.0.50.1";

/// What the calls of one measurement do.
#[derive(Clone, Copy)]
struct Scenario {
    name: &'static str,
    calls: u64,
    bridged: bool,
    laws: [Law; 2],
    target: f64,
}

fn main() -> anyhow::Result<()> {
    if std::env::args().any(|argument| argument == "--load") {
        return load::run();
    }
    let playing = Scenario {
        name: "playing",
        calls: 100,
        bridged: false,
        laws: [Law::Pcma; 2],
        target: 0.54,
    };
    let bridged = Scenario { name: "bridged", bridged: true, target: 0.9, ..playing };
    let laws = [Law::Pcma, Law::Pcmu];
    for scenario in [
        playing,
        Scenario { calls: 400, ..playing },
        bridged,
        Scenario { name: "bridged, A-law to µ-law", laws, ..bridged },
    ] {
        measure(&scenario)?;
    }
    Ok(())
}

fn measure(scenario: &Scenario) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let this = std::process::id();
    let before = memory_kb(this)?;
    let (engine, _reports) = Engine::start(1, Arc::clone(&clock))?;
    let mut ports = Ports::new(HERE.parse()?, 20_000..=29_999);
    let legs = if scenario.bridged { 2 * scenario.calls } else { scenario.calls };
    // A stamp in the sound survives only where no law is converted.
    let stamped = scenario.bridged && scenario.laws[0] == scenario.laws[1];
    let mut load = Load::start(stamped)?;
    let mut numbers = Vec::new();
    let mut open = Vec::new();
    for _ in 0..legs {
        let port = ports.bind()?;
        numbers.push(port.local().port());
        open.push(port);
    }
    let phones = load.tell_ports(&numbers)?;
    let hold = Arc::new(Sound::from_pcm(&builtin::hold()));
    let trusted: Arc<[IpAddr]> = Arc::new([]);
    for ((nth, port), phone) in (0..).zip(open).zip(phones) {
        let stream = StreamId(nth);
        engine.order(Order::Open { stream, shard: 0, port, trusted: Arc::clone(&trusted) });
        engine.order(Order::Agree { stream, format: format(scenario, nth, phone)? });
        if scenario.bridged && nth % 2 == 1 {
            engine.order(Order::Bridge { a: StreamId(nth - 1), b: stream });
        } else if !scenario.bridged {
            let sounds = vec![Arc::clone(&hold)];
            let play = PlayId(1);
            engine.order(Order::Play { stream, play, sounds, repeat: Repeat::Forever });
        }
    }
    load.go()?;
    let (cpu, at) = (threads_cpu_ms(this)?, clock.now());
    let report = load.finish()?;
    let (cpu, took) = (threads_cpu_ms(this)? - cpu, clock.now() - at);
    let memory = memory_kb(this)?.saturating_sub(before) as f64 / scenario.calls as f64;
    print(scenario, cpu / took.as_secs_f64() / scenario.calls as f64, memory, &report);
    Ok(())
}

fn print(scenario: &Scenario, cost: f64, memory: f64, report: &str) {
    let verdict = if cost <= scenario.target { "within" } else { "OVER" };
    println!("{} calls {}: {cost:.3} CPU-ms per call-second", scenario.calls, scenario.name);
    println!("    {verdict} the target of {}; {memory:.1} KB more memory a call", scenario.target);
    println!("    {report}");
}

fn format(scenario: &Scenario, nth: u64, phone: u16) -> anyhow::Result<StreamFormat> {
    let codec = Codec::from(scenario.laws[usize::from(nth % 2 == 1)]);
    let remote: SocketAddr = format!("{}:{phone}", load::HERE).parse()?;
    Ok(StreamFormat {
        remote,
        codec,
        payload_type: codec.payload_type(),
        telephone_event: Some(101),
        comfort_noise: None,
        ptime_ms: 20,
        direction: Direction::SendRecv,
        // They do not listen to reports.
        control: ControlPath::Separate(SocketAddr::new(remote.ip(), 0)),
        protection: Protection::None,
    })
}

/// The other process, and what is said to it.
struct Load {
    process: Child,
    tell: ChildStdin,
    hear: BufReader<ChildStdout>,
}

impl Load {
    fn start(stamped: bool) -> anyhow::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["--load", if stamped { "stamped" } else { "unstamped" }])
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

    fn tell_ports(&mut self, ports: &[u16]) -> anyhow::Result<Vec<u16>> {
        let words: Vec<String> = ports.iter().map(u16::to_string).collect();
        writeln!(self.tell, "{}", words.join(" "))?;
        Ok(self.line()?.split(' ').map(str::parse).collect::<Result<_, _>>()?)
    }

    /// Lets the telephones speak; returns when they have settled.
    fn go(&mut self) -> anyhow::Result<()> {
        writeln!(self.tell, "go")?;
        anyhow::ensure!(self.line()? == "settled", "the load did not settle");
        Ok(())
    }

    fn finish(mut self) -> anyhow::Result<String> {
        let report = self.line()?;
        self.process.wait()?;
        Ok(report)
    }
}
