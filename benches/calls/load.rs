//! The telephones of the measurement: they call, are called, speak and hear.
//!
//! Speaks the parent's protocol on standard input and output: `calls COUNT RATE
//! HOLD_MS answered|bridged NUMBER`, `lines ADDRESS ...`, `watch SECONDS`, `end`; one line
//! answers each. Ends by itself when the parent is gone.

mod report;

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token, Waker};
use polaris::words::{Clock, Moment, SystemClock};

use super::message::{Message, Request, description};
use super::service::TELEPHONES;
use super::telephone::{PTIME, Telephone};

const SIGNALS: Token = Token(usize::MAX);
const COMMANDS: Token = Token(usize::MAX - 1);
const EXCHANGE: Token = Token(usize::MAX - 2);
/// What has not happened by then never will.
const PATIENCE: Duration = Duration::from_secs(20);
/// How soon a BYE nobody answered is said again.
const AGAIN: Duration = Duration::from_secs(2);

/// One call of ours, or one to us.
struct Leg {
    call_id: String,
    /// We are being called.
    responder: bool,
    telephone: Telephone,
    /// When it was to be sent, when it was sent, when the 200 came.
    invited: (Moment, Moment),
    answered: Option<Moment>,
    /// From, To, target of requests within the dialog.
    dialog: Option<(String, String, String)>,
    hang_up: Option<Moment>,
    refused: bool,
    over: bool,
}

/// What the parent has asked for last.
enum Task {
    Idle,
    Calls(Calls),
    Watch { until: Moment, sent: u64, heard: u64 },
    End { until: Moment, again: Moment },
}

/// Which telephones a request is for.
#[derive(Clone, Copy)]
enum Side {
    Callers,
    Responders,
}

struct Calls {
    start: Moment,
    count: u32,
    rate: u32,
    begun: u32,
    hold: Option<Duration>,
    bridged: bool,
    number: String,
    /// Legs from here on are of this task.
    first: usize,
}

struct Load {
    clock: SystemClock,
    poll: Poll,
    /// Callers' signals: an operator's, but from another port than its proxy's.
    signals: UdpSocket,
    here: SocketAddr,
    /// The operator's proxy, which rings responders.
    exchange: UdpSocket,
    proxy: SocketAddr,
    service: SocketAddr,
    legs: Vec<Leg>,
    by_call_id: HashMap<String, usize>,
    task: Task,
}

/// Runs until told to end.
pub(crate) fn run() -> anyhow::Result<()> {
    let poll = Poll::new()?;
    let mut signals = UdpSocket::bind(format!("{TELEPHONES}:0").parse()?)?;
    poll.registry().register(&mut signals, SIGNALS, Interest::READABLE)?;
    let here = signals.local_addr()?;
    let mut exchange = UdpSocket::bind(format!("{TELEPHONES}:0").parse()?)?;
    poll.registry().register(&mut exchange, EXCHANGE, Interest::READABLE)?;
    let proxy = exchange.local_addr()?;
    say(&proxy.to_string())?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let mut load = Load {
        clock: SystemClock::start(),
        signals,
        here,
        exchange,
        proxy,
        service: line.trim().parse()?,
        legs: Vec::new(),
        by_call_id: HashMap::new(),
        task: Task::Idle,
        poll,
    };
    let commands = commands(Waker::new(load.poll.registry(), COMMANDS)?);
    load.live(&commands)
}

/// Reads standard input apart, so that the telephones never wait for it.
fn commands(waker: Waker) -> Receiver<String> {
    let (give, commands) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let _ = give.send(line);
            let _ = waker.wake();
        }
    });
    commands
}

fn say(line: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")?;
    Ok(stdout.flush()?)
}

impl Load {
    fn live(&mut self, commands: &Receiver<String>) -> anyhow::Result<()> {
        let mut events = Events::with_capacity(1024);
        loop {
            match commands.try_recv() {
                Ok(command) => self.obey(&command)?,
                Err(TryRecvError::Disconnected) => return Ok(()),
                Err(TryRecvError::Empty) => {}
            }
            if self.go_on()? {
                return Ok(());
            }
            let next = self.speak();
            // Whole milliseconds: a poll cannot wait for less.
            let wait = next - self.clock.now();
            self.poll.poll(&mut events, Some(wait)).ok();
            if events.iter().any(|event| [SIGNALS, EXCHANGE].contains(&event.token())) {
                self.receive();
            }
        }
    }

    fn obey(&mut self, command: &str) -> anyhow::Result<()> {
        let now = self.clock.now();
        let words: Vec<&str> = command.split_whitespace().collect();
        self.task = match words[..] {
            ["calls", count, rate, hold, until, number] => Task::Calls(Calls {
                start: now,
                count: count.parse()?,
                rate: rate.parse()?,
                begun: 0,
                hold: Some(Duration::from_millis(hold.parse()?)).filter(|hold| !hold.is_zero()),
                bridged: until == "bridged",
                number: number.to_owned(),
                first: self.legs.len(),
            }),
            ["lines", ref addresses @ ..] => {
                self.put_through(addresses)?;
                Task::Idle
            }
            ["watch", seconds] => {
                let (sent, heard) = self.sound();
                Task::Watch { until: now + Duration::from_secs(seconds.parse()?), sent, heard }
            }
            ["end"] => Task::End { until: now + PATIENCE, again: now },
            _ => anyhow::bail!("the load does not understand {command}"),
        };
        Ok(())
    }

    /// Does what is due, and tells the parent when it is done; whether that was all.
    fn go_on(&mut self) -> anyhow::Result<bool> {
        let now = self.clock.now();
        for nth in 0..self.legs.len() {
            if self.legs[nth].hang_up.is_some_and(|due| due <= now) {
                self.hang_up(nth);
            }
        }
        match std::mem::replace(&mut self.task, Task::Idle) {
            Task::Idle => {}
            Task::Calls(mut calls) => {
                self.begin_due(&mut calls, now)?;
                if self.done(&calls, now) {
                    say(&self.report(&calls))?;
                } else {
                    self.task = Task::Calls(calls);
                }
            }
            Task::Watch { until, sent, heard } if until <= now => {
                let (all_sent, all_heard) = self.sound();
                let (sent, heard) = (all_sent - sent, all_heard - heard);
                say(&format!("packets to the service {sent}, from the service {heard}"))?;
            }
            Task::End { until, again } if again <= now => {
                // A datagram may be lost: whoever is not sure of the end says it again.
                for nth in 0..self.legs.len() {
                    self.hang_up(nth);
                }
                self.task = Task::End { until, again: now + AGAIN };
            }
            Task::End { until, .. } if until <= now || self.legs.iter().all(|leg| leg.over) => {
                let open = self.legs.iter().filter(|leg| !leg.over).count();
                say(&format!("{open} legs did not end"))?;
                anyhow::ensure!(open == 0, "{open} legs did not end");
                return Ok(true);
            }
            waiting => self.task = waiting,
        }
        Ok(false)
    }

    /// Packets sent and heard so far.
    fn sound(&self) -> (u64, u64) {
        let telephones = self.legs.iter().map(|leg| &leg.telephone);
        telephones.fold((0, 0), |(sent, heard), t| (sent + t.sent, heard + t.heard))
    }

    /// Lets every telephone speak; when the next thing is due.
    fn speak(&mut self) -> Moment {
        let now = self.clock.now();
        let mut next = now + PTIME;
        for leg in self.legs.iter_mut().filter(|leg| !leg.over) {
            leg.telephone.speak(now);
            if leg.telephone.remote.is_some() {
                next = next.min(leg.telephone.due);
            }
        }
        if let Task::Calls(calls) = &self.task
            && calls.begun < calls.count
        {
            next = next.min(calls.due());
        }
        next
    }

    fn begin_due(&mut self, calls: &mut Calls, now: Moment) -> anyhow::Result<()> {
        while calls.begun < calls.count && calls.due() <= now {
            let nth = self.new_leg(self.fresh_call_id(), false)?;
            let sound = self.legs[nth].telephone.socket.local_addr()?;
            let leg = &self.legs[nth];
            let invite = Request {
                method: "INVITE",
                target: &format!("sip:{}@{}", calls.number, self.service),
                from: &self.caller(nth),
                to: &format!("<sip:{}@{}>", calls.number, self.service),
                call_id: &leg.call_id,
                sequence: 1,
                contact: self.here,
                body: &description(sound),
            };
            let bytes = invite.write();
            self.legs[nth].invited = (calls.due(), self.clock.now());
            let _ = self.signals.send_to(bytes.as_bytes(), self.service);
            self.legs[nth].hang_up = calls.hold.map(|hold| now + hold);
            calls.begun += 1;
        }
        Ok(())
    }

    /// A telephone for each address, speaking to it at once, without any signalling.
    fn put_through(&mut self, addresses: &[&str]) -> anyhow::Result<()> {
        let mut own = Vec::new();
        for address in addresses {
            let nth = self.new_leg(self.fresh_call_id(), false)?;
            let telephone = &mut self.legs[nth].telephone;
            telephone.remote = Some(address.parse()?);
            telephone.due = self.clock.now() + phase(nth);
            own.push(telephone.socket.local_addr()?.to_string());
        }
        say(&own.join(" "))
    }

    /// Of letters that a branch may have too (RFC 3261, 25.1: `token`).
    fn fresh_call_id(&self) -> String {
        format!("{}-{}", self.legs.len(), self.here.port())
    }

    fn caller(&self, nth: usize) -> String {
        format!("<sip:+390831{:06}@{}>;tag=c{nth}", 200_000 + nth, self.here)
    }

    fn new_leg(&mut self, call_id: String, responder: bool) -> anyhow::Result<usize> {
        let nth = self.legs.len();
        let socket = std::net::UdpSocket::bind((TELEPHONES, 0))?;
        socket.set_nonblocking(true)?;
        self.by_call_id.insert(call_id.clone(), nth);
        self.legs.push(Leg {
            call_id,
            responder,
            telephone: Telephone::new(socket),
            invited: (Moment::START, Moment::START),
            answered: None,
            dialog: None,
            hang_up: None,
            refused: false,
            over: false,
        });
        Ok(nth)
    }

    fn done(&self, calls: &Calls, now: Moment) -> bool {
        if calls.begun < calls.count {
            return false;
        }
        let legs = || self.legs.iter().skip(calls.first);
        let arrived = |leg: &Leg| match (calls.hold, calls.bridged) {
            (Some(_), _) => leg.over,
            (None, true) => leg.telephone.hears_person,
            (None, false) => leg.answered.is_some(),
        };
        let too_late = calls.due() + calls.hold.unwrap_or_default() + PATIENCE < now;
        too_late || legs().all(arrived)
    }

    fn receive(&mut self) {
        let mut buffer = vec![0; 65_535];
        while let Ok((length, from)) = self.signals.recv_from(&mut buffer) {
            let text = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default());
            let message = Message(&text);
            match message.status() {
                Some(status) => self.response(message, status),
                None => self.request(message, from, Side::Callers),
            }
        }
        while let Ok((length, from)) = self.exchange.recv_from(&mut buffer) {
            let text = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default());
            let message = Message(&text);
            if message.status().is_none() {
                self.request(message, from, Side::Responders);
            }
        }
    }

    fn response(&mut self, message: Message<'_>, status: u16) {
        let Some(nth) = self.by_call_id.get(message.header("Call-ID")).copied() else { return };
        let now = self.clock.now();
        let leg = &mut self.legs[nth];
        match (message.method(), status) {
            ("INVITE", 200) => {
                if leg.answered.is_none() {
                    leg.answered = Some(now);
                    leg.telephone.remote = message.sound();
                    leg.telephone.due = now + phase(nth);
                    let parties = (message.header("From"), message.header("To"));
                    leg.dialog =
                        Some((parties.0.into(), parties.1.into(), message.target().into()));
                }
                self.send_within(nth, "ACK", 1);
            }
            ("BYE", 200..) => leg.over = true,
            ("INVITE", 300..) => {
                leg.refused = leg.answered.is_none();
                leg.over = true;
            }
            _ => {}
        }
    }

    fn send_within(&self, nth: usize, method: &str, sequence: u32) {
        let leg = &self.legs[nth];
        let Some((from, to, target)) = &leg.dialog else { return };
        let request = Request {
            method,
            target,
            from,
            to,
            call_id: &leg.call_id,
            sequence,
            contact: self.here,
            body: "",
        };
        let _ = self.signals.send_to(request.write().as_bytes(), self.service);
    }

    fn request(&mut self, message: Message<'_>, from: SocketAddr, side: Side) {
        let contact = match side {
            Side::Callers => self.here,
            Side::Responders => self.proxy,
        };
        let known = self.by_call_id.get(message.header("Call-ID")).copied();
        let answer = match (message.method(), known) {
            ("ACK", Some(nth)) => return self.confirmed(nth),
            ("ACK", None) => return,
            ("INVITE", None) => self.ring(message),
            ("BYE", Some(nth)) => {
                self.legs[nth].over = true;
                Some(message.response("200 OK", "r", contact, ""))
            }
            _ => Some(message.response("200 OK", "r", contact, "")),
        };
        let Some(answer) = answer else { return };
        let _ = match side {
            Side::Callers => self.signals.send_to(answer.as_bytes(), from),
            Side::Responders => self.exchange.send_to(answer.as_bytes(), from),
        };
    }

    /// A responder is rung, and picks up at once.
    fn ring(&mut self, message: Message<'_>) -> Option<String> {
        let nth = self.new_leg(message.header("Call-ID").to_owned(), true).ok()?;
        let telephone = &mut self.legs[nth].telephone;
        telephone.remote = message.sound();
        telephone.due = self.clock.now() + phase(nth);
        let body = description(telephone.socket.local_addr().ok()?);
        Some(message.response("200 OK", &format!("r{nth}"), self.proxy, &body))
    }

    /// The responder presses 1 half a second after picking up.
    fn confirmed(&mut self, nth: usize) {
        let leg = &mut self.legs[nth];
        if leg.responder && leg.answered.is_none() {
            leg.answered = Some(self.clock.now());
            leg.telephone.pressing = Some(0);
        }
    }

    /// The caller hangs up; a responder is hung up on.
    fn hang_up(&mut self, nth: usize) {
        self.legs[nth].hang_up = None;
        if !self.legs[nth].responder && !self.legs[nth].over {
            self.send_within(nth, "BYE", 2);
        }
    }
}

/// People do not speak in step: each telephone's packets leave at another moment.
fn phase(nth: usize) -> Duration {
    PTIME / 20 * u32::try_from(nth * 7 % 20).unwrap_or(0)
}

impl Calls {
    /// When the next call is to be made.
    fn due(&self) -> Moment {
        self.start + Duration::from_secs(1) * self.begun / self.rate
    }
}
