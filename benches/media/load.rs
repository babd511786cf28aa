//! The telephones of the measurement: they speak every 20 ms and hear everything.

use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::time::Duration;

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};
use polaris::rtp::{HEADER_LEN, Header};
use polaris::words::{Clock, Moment, SystemClock};

/// Where the telephones are.
pub const HERE: &str = "127.0.50.2";
const ENGINE: &str = "127.0.50.1";
const PTIME: Duration = Duration::from_millis(20);
const SETTLE: Duration = Duration::from_millis(500);
const MEASURE: Duration = Duration::from_secs(2);

struct Telephone {
    socket: UdpSocket,
    engine: SocketAddr,
    due: Moment,
    sequence: u16,
}

/// Speaks the parent's protocol on standard input and output.
pub fn run() -> anyhow::Result<()> {
    let stamped = std::env::args().any(|argument| argument == "stamped");
    let mut poll = Poll::new()?;
    let clock = SystemClock::start();
    let mut telephones = ring(&poll)?;
    let stdin = std::io::stdin();
    stdin.lock().read_line(&mut String::new())?;
    let start = clock.now();
    let count = telephones.len() as u32;
    for (nth, telephone) in (0..).zip(&mut telephones) {
        telephone.due = start + PTIME * nth / count;
    }
    let mut events = Events::with_capacity(1024);
    let mut delays: Vec<Duration> = Vec::with_capacity(1 << 16);
    let mut settled = false;
    let (mut sent, mut heard) = (0_u32, 0_u32);
    loop {
        let now = clock.now();
        if now >= start + SETTLE + MEASURE {
            break;
        }
        if !settled && now >= start + SETTLE {
            settled = true;
            say("settled")?;
        }
        let mut next = now + PTIME;
        for telephone in &mut telephones {
            if telephone.due <= now {
                telephone.speak(clock.now());
                sent += u32::from(settled);
            }
            next = next.min(telephone.due);
        }
        // Whole milliseconds: a poll cannot wait for less.
        poll.poll(&mut events, Some(next - clock.now())).ok();
        for event in events.iter() {
            telephones[event.token().0].hear(|stamp| {
                heard += u32::from(settled);
                let delay = clock.now().since(Moment::after_start(stamp));
                // Zero: not a stamp but the engine's own silence.
                if stamped && settled && !delay.is_zero() {
                    delays.push(delay);
                }
            });
        }
    }
    report(&mut delays, sent, heard)
}

fn report(delays: &mut [Duration], sent: u32, heard: u32) -> anyhow::Result<()> {
    delays.sort_unstable();
    let at = |share: f64| delays.get((delays.len() as f64 * share) as usize);
    match (at(0.5), at(0.99)) {
        (Some(half), Some(most)) => {
            say(&format!("relay delay p50 {half:?} p99 {most:?}; sent {sent} heard {heard}"))
        }
        _ => say(&format!("sent {sent} heard {heard}")),
    }
}

fn say(line: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")?;
    Ok(stdout.flush()?)
}

/// One telephone for each port of the engine that the parent names.
fn ring(poll: &Poll) -> anyhow::Result<Vec<Telephone>> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let mut telephones = Vec::new();
    let mut ports = Vec::new();
    for port in line.split_whitespace() {
        let mut socket = UdpSocket::bind(format!("{HERE}:0").parse()?)?;
        poll.registry().register(&mut socket, Token(telephones.len()), Interest::READABLE)?;
        ports.push(socket.local_addr()?.port().to_string());
        let engine = format!("{ENGINE}:{port}").parse()?;
        telephones.push(Telephone { socket, engine, due: Moment::START, sequence: 0 });
    }
    say(&ports.join(" "))?;
    Ok(telephones)
}

impl Telephone {
    /// One packet; its first eight samples say when it left.
    fn speak(&mut self, now: Moment) {
        let mut packet = [0xd5; HEADER_LEN + 160];
        let stamp = now.since_start().as_nanos() as u64;
        packet[HEADER_LEN..HEADER_LEN + 8].copy_from_slice(&stamp.to_be_bytes());
        let header = Header {
            payload_type: 8,
            marker: false,
            sequence: self.sequence,
            timestamp: u32::from(self.sequence) * 160,
            ssrc: 1,
        };
        header.write(&mut packet);
        let _ = self.socket.send_to(&packet, self.engine);
        self.sequence = self.sequence.wrapping_add(1);
        self.due = self.due + PTIME;
    }

    fn hear(&self, mut heard: impl FnMut(Duration)) {
        let mut packet = [0; 2048];
        while let Ok((length, _)) = self.socket.recv_from(&mut packet) {
            let stamp = packet.get(HEADER_LEN..length).and_then(|payload| payload.first_chunk());
            if let Some(stamp) = stamp {
                heard(Duration::from_nanos(u64::from_be_bytes(*stamp)));
            }
        }
    }
}
