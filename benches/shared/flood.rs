//! Strangers who mean no good, in a bounded number: scanners' INVITEs and REGISTERs,
//! junk for every port, connections nobody speaks on.

#![allow(clippy::disallowed_methods, reason = "a flood comes at its own pace")]

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use socket2::{Domain, Socket, Type};

/// INVITEs a second, and as many REGISTERs.
const EACH: u32 = 2_000;
/// Datagrams of junk a second.
const JUNK: u32 = 1_000;
/// Connections, in all.
const CONNECTIONS: usize = 10_000;
/// Connections a second, at most.
const CONNECTING: u32 = 2_500;
/// Connections one of them keeps open, silently.
const KEPT: usize = 200;
/// No flood lasts longer.
const LONGEST: Duration = Duration::from_secs(60);
const STEP: Duration = Duration::from_millis(5);

/// Whom the flood is for.
#[derive(Clone)]
pub(crate) struct Target {
    /// Where SIP is spoken, over UDP and TCP.
    pub(crate) sip: SocketAddr,
    /// Some ports where sound is received.
    pub(crate) sound: Vec<u16>,
    /// The strangers' own addresses.
    pub(crate) strangers: Vec<IpAddr>,
}

/// A flood in progress.
pub(crate) struct Flood {
    stop: Arc<AtomicBool>,
    begun: Instant,
    datagrams: JoinHandle<std::io::Result<[usize; 3]>>,
    connections: JoinHandle<std::io::Result<usize>>,
}

/// What was sent in all.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) invites: usize,
    pub(crate) registers: usize,
    pub(crate) junk: usize,
    pub(crate) connections: usize,
    pub(crate) seconds: f64,
}

impl Flood {
    pub(crate) fn start(target: &Target) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (mine, theirs) = (target.clone(), target.clone());
        let (first, second) = (stop.clone(), stop.clone());
        Self {
            datagrams: std::thread::spawn(move || datagrams(&mine, &first)),
            connections: std::thread::spawn(move || connections(&theirs, &second)),
            begun: Instant::now(),
            stop,
        }
    }

    /// Ends it.
    pub(crate) fn stop(self) -> std::io::Result<Sent> {
        self.stop.store(true, Ordering::Relaxed);
        let seconds = self.begun.elapsed().as_secs_f64();
        let panicked = |_| std::io::Error::other("the flood broke off");
        let [invites, registers, junk] = self.datagrams.join().map_err(panicked)??;
        let connections = self.connections.join().map_err(panicked)??;
        Ok(Sent { invites, registers, junk, connections, seconds })
    }
}

fn datagrams(target: &Target, stop: &AtomicBool) -> std::io::Result<[usize; 3]> {
    let sockets: Vec<UdpSocket> = target
        .strangers
        .iter()
        .map(|address| {
            let socket = UdpSocket::bind((*address, 0))?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        })
        .collect::<std::io::Result<_>>()?;
    let mut random = SmallRng::seed_from_u64(5060);
    let mut sent = [0; 3];
    let begun = Instant::now();
    while !stop.load(Ordering::Relaxed) && begun.elapsed() < LONGEST {
        let due = |each: u32| (begun.elapsed().as_secs_f64() * f64::from(each)) as usize;
        let due = [due(EACH), due(EACH), due(JUNK)];
        for (nth, method) in ["INVITE", "REGISTER"].into_iter().enumerate() {
            while sent[nth] < due[nth] {
                let socket = &sockets[sent[nth] % sockets.len()];
                let from = socket.local_addr()?;
                // A full queue loses it, as a network would.
                let _ = socket.send_to(&scan(method, from, target.sip, sent[nth]), target.sip);
                sent[nth] += 1;
            }
        }
        while sent[2] < due[2] {
            let mut junk = vec![0; random.random_range(0..1_400)];
            random.fill(&mut junk[..]);
            let ports = target.sound.len() + 1;
            let to = match target.sound.get(sent[2] % ports) {
                Some(port) => SocketAddr::new(target.sip.ip(), *port),
                None => target.sip,
            };
            let _ = sockets[sent[2] % sockets.len()].send_to(&junk, to);
            sent[2] += 1;
        }
        std::thread::sleep(STEP);
    }
    Ok(sent)
}

fn scan(method: &str, from: SocketAddr, to: SocketAddr, nth: usize) -> Vec<u8> {
    let number = 1_000 + nth % 9_000;
    format!(
        "{method} sip:{number}@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{nth};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:{number}@{to}>;tag={nth}\r\nTo: <sip:{number}@{to}>\r\n\
         Call-ID: {method}{nth}@{from}\r\nCSeq: 1 {method}\r\nContact: <sip:{number}@{from}>\r\n\
         User-Agent: friendly-scanner\r\nContent-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

fn connections(target: &Target, stop: &AtomicBool) -> std::io::Result<usize> {
    let mut kept: Vec<Socket> = Vec::new();
    let mut opened = 0;
    let begun = Instant::now();
    while opened < CONNECTIONS && !stop.load(Ordering::Relaxed) && begun.elapsed() < LONGEST {
        let due = (begun.elapsed().as_secs_f64() * f64::from(CONNECTING)) as usize;
        while opened < due.min(CONNECTIONS) {
            let socket = Socket::new(Domain::for_address(target.sip), Type::STREAM, None)?;
            let from = target.strangers[opened % target.strangers.len()];
            socket.bind(&SocketAddr::new(from, 0).into())?;
            socket.set_nonblocking(true)?;
            // It is on its way, or refused: either is one more knock.
            let _ = socket.connect(&target.sip.into());
            opened += 1;
            if kept.len() == KEPT {
                kept.remove(0);
            }
            kept.push(socket);
        }
        std::thread::sleep(STEP);
    }
    Ok(opened)
}
