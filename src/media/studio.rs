//! The thread that serves the streams, tick by tick.
//!
//! Between ticks it waits for orders; at a tick it reads every socket that has
//! packets, then sends every packet that is due. All due moments lie on the grid of
//! ticks, so one wake serves many streams. Without streams it sleeps for an order.
//!
//! Law: a panic in one stream's work ends no other's sound. What it heard is left out, and
//! what it reports of its quality; that it does not speak or obey is told once for each thing
//! to be played ([`Report::Broken`]).

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::words::{Clock, Moment};

use super::grid::Grid;
use super::order::{Order, Report, StreamId};
use super::outlet::Outlet;
use super::ready::{Channel, Named, Ready};
use super::stream::{PACKET_LEN, Reports, Stream};

/// How often streams are looked after besides.
const ROUND: Duration = Duration::from_millis(250);
/// Packets taken from one socket in one tick: a flood on it delays nobody else.
const READS: usize = 8;
/// After so many packets that broke something, a stream hears no more: it is under attack.
const FAILURES_MAX: u8 = 50;
/// How long a stream whose sending failed pauses.
const PAUSE: Duration = Duration::from_secs(1);
/// Longer datagrams are no sound of ours.
const DATAGRAM_LEN: usize = 2048;

pub(super) struct Studio {
    clock: Arc<dyn Clock>,
    ready: Ready,
    reports: Reports,
    streams: Vec<Option<Stream>>,
    /// When the stream at the same place is due; scanned at every tick.
    due: Vec<Moment>,
    places: HashMap<StreamId, usize>,
    writers: Vec<JoinHandle<()>>,
    grid: Grid,
    next_round: Moment,
    datagram: [u8; DATAGRAM_LEN],
    packet: [u8; PACKET_LEN],
}

impl Studio {
    pub(super) fn new(clock: Arc<dyn Clock>, reports: Reports) -> io::Result<Self> {
        Ok(Self {
            clock,
            ready: Ready::new()?,
            reports,
            streams: Vec::new(),
            due: Vec::new(),
            places: HashMap::new(),
            writers: Vec::new(),
            grid: Grid::new(false),
            next_round: Moment::START,
            datagram: [0; DATAGRAM_LEN],
            packet: [0; PACKET_LEN],
        })
    }

    /// Serves until nobody can give orders any more; finishes the recordings.
    pub(super) fn run(mut self, orders: &Receiver<Order>) {
        let mut named = Named::none();
        let mut next_tick = self.clock.now();
        loop {
            let now = self.clock.now();
            if now >= next_tick && !self.places.is_empty() {
                self.tick(&mut named, now);
                next_tick = self.grid.after(now);
                continue;
            }
            let order = if self.places.is_empty() {
                orders.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                orders.recv_timeout(next_tick.since(now))
            };
            match order {
                Ok(order) => self.obey_guarded(order),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        for mut stream in std::mem::take(&mut self.streams).into_iter().flatten() {
            stream.stop_record(self.clock.now(), &self.reports);
        }
        for writer in self.writers.drain(..) {
            let _ = writer.join();
        }
    }

    fn tick(&mut self, named: &mut Named, now: Moment) {
        for _ in 0..READS {
            self.ready.look(named);
            if named.is_empty() {
                break;
            }
            for (place, channel) in named.places() {
                let read = AssertUnwindSafe(|| match channel {
                    Channel::Reports => self.read_report(place, now),
                    Channel::Sound => self.read(place, now),
                });
                if catch_unwind(read).is_err() {
                    self.heard_badly(place);
                }
            }
        }
        for place in 0..self.due.len() {
            if self.due[place] <= now
                && let Some(Some(stream)) = self.streams.get_mut(place)
            {
                let reports = &self.reports;
                let speak = AssertUnwindSafe(|| stream.speak(&mut self.packet, now, reports));
                self.due[place] = match catch_unwind(speak) {
                    Ok(()) => stream.due(),
                    Err(_) => {
                        stream.is_silent(reports);
                        now + PAUSE
                    }
                };
            }
        }
        if now >= self.next_round {
            self.next_round = now + ROUND;
            let wall = self.clock.wall();
            for stream in self.streams.iter_mut().flatten() {
                let reports = &self.reports;
                let look = AssertUnwindSafe(|| {
                    stream.look_after(now, reports);
                    stream.tell(now, wall);
                });
                if catch_unwind(look).is_err()
                    && !std::mem::replace(&mut stream.failures.unkempt, true)
                {
                    tracing::error!("a stream of sound is not looked after: it goes on");
                }
            }
        }
    }

    /// Reads one packet of a stream, and passes on to its peer.
    fn read(&mut self, place: usize, now: Moment) {
        let Some(Some(stream)) = self.streams.get_mut(place) else { return };
        let Ok((length, from)) = stream.socket.udp.recv_from(&mut self.datagram) else { return };
        if stream.failures.heard >= FAILURES_MAX {
            return;
        }
        #[cfg(test)]
        stream.planted.bursts("hear");
        if stream.would_learn(from, now) && self.is_anothers(from) {
            return;
        }
        let Some(Some(stream)) = self.streams.get_mut(place) else { return };
        let datagram = &mut self.datagram[..length];
        let peer = stream.peer;
        let heard = stream.hear(datagram, from, now, &self.reports);
        if let (Some((content, packet)), Some(peer)) = (heard, peer)
            && let Some(Some(other)) = self.streams.get_mut(peer)
        {
            other.pass_on(content, &packet, &mut self.packet, now);
        }
    }

    fn read_report(&mut self, place: usize, now: Moment) {
        let Some(Some(stream)) = self.streams.get_mut(place) else { return };
        let Ok((length, from)) = stream.control.socket.recv_from(&mut self.datagram) else {
            return;
        };
        if stream.failures.heard < FAILURES_MAX {
            stream.hear_report(&self.datagram[..length], from, now);
        }
    }

    /// A packet broke something: it is left out.
    fn heard_badly(&mut self, place: usize) {
        let Some(Some(stream)) = self.streams.get_mut(place) else { return };
        stream.failures.heard = stream.failures.heard.saturating_add(1);
        match stream.failures.heard {
            1 => tracing::error!("a packet of sound could not be taken in: it is left out"),
            FAILURES_MAX => {
                tracing::error!("too many packets broke something: no more are heard");
                stream.is_silent(&self.reports);
            }
            _ => {}
        }
    }

    /// Whether sound from there is some stream's already: a crossed line at the trunk
    /// must not let one call hear another.
    fn is_anothers(&self, from: SocketAddr) -> bool {
        self.streams.iter().flatten().any(|stream| stream.is_from(from))
    }

    fn obey_guarded(&mut self, order: Order) {
        let id = order.stream();
        if catch_unwind(AssertUnwindSafe(|| self.obey(order))).is_err() {
            let place = self.places.get(&id).copied();
            let stream =
                place.and_then(|place| self.streams.get_mut(place)).and_then(Option::as_mut);
            match stream {
                Some(stream) => stream.is_silent(&self.reports),
                None => broken(id, &self.reports),
            }
        }
    }

    fn obey(&mut self, order: Order) {
        let now = self.clock.now();
        match order {
            Order::Agree { stream, format } => {
                let tick = self.grid.at(now);
                self.with(stream, |stream, _| stream.agree(format, tick, now));
            }
            Order::Bridge { a, b } => self.bridge(a, b),
            Order::Close { stream } => self.close(stream),
            Order::Open { stream, port, trusted, .. } => {
                self.open(stream, Stream::new(stream, port, trusted, now));
            }
            Order::Play { stream, play, sounds, repeat } => {
                let outlet = Outlet::new(play, sounds, repeat);
                self.with(stream, |stream, _| stream.play(outlet));
            }
            Order::Record { stream, path, max } => {
                self.writers.retain(|writer| !writer.is_finished());
                let record =
                    |stream: &mut Stream, reports: &Reports| stream.record(path, max, now, reports);
                let writer = self.with(stream, record).flatten();
                self.writers.extend(writer);
            }
            Order::StopPlay { stream } => {
                self.with(stream, |stream, _| stream.stop_play());
            }
            Order::StopRecord { stream } => {
                self.with(stream, |stream, reports| stream.stop_record(now, reports));
            }
            Order::Trust { stream, hosts } => {
                self.with(stream, |stream, _| stream.trust(hosts));
            }
            Order::Unbridge { a, b } => self.unbridge(a, b),
        }
    }

    /// Acts on an open stream; an order about any other comes too late, and is let be.
    fn with<T>(&mut self, id: StreamId, act: impl FnOnce(&mut Stream, &Reports) -> T) -> Option<T> {
        let place = *self.places.get(&id)?;
        let stream = self.streams.get_mut(place)?.as_mut()?;
        let done = act(stream, &self.reports);
        self.due[place] = stream.due();
        Some(done)
    }

    fn open(&mut self, id: StreamId, stream: Stream) {
        self.close(id);
        let place = self.streams.iter().position(Option::is_none).unwrap_or(self.streams.len());
        let listened = self
            .ready
            .listen(&stream.socket.udp, place, Channel::Sound)
            .and_then(|()| self.ready.listen(&stream.control.socket, place, Channel::Reports));
        if let Err(error) = listened {
            tracing::error!(%error, "a stream cannot be listened to, only spoken to");
        }
        if place == self.streams.len() {
            self.streams.push(None);
            self.due.push(stream.due());
        }
        self.due[place] = stream.due();
        self.streams[place] = Some(stream);
        self.places.insert(id, place);
    }

    fn close(&mut self, id: StreamId) {
        let Some(place) = self.places.remove(&id) else { return };
        self.part(place);
        if let Some(mut stream) = self.streams[place].take() {
            stream.stop_record(self.clock.now(), &self.reports);
            stream.say_farewell(&self.reports);
        }
        self.due[place] = Moment::after_start(Duration::MAX);
    }

    fn bridge(&mut self, a: StreamId, b: StreamId) {
        let Some((a, b)) = self.two(a, b).filter(|(a, b)| a != b) else {
            tracing::warn!("a bridge was ordered between streams that are not both open here");
            return;
        };
        for (place, peer) in [(a, b), (b, a)] {
            self.part(place);
            if let Some(Some(stream)) = self.streams.get_mut(place) {
                stream.peer = Some(peer);
            }
        }
        self.grid = Grid::new(true);
    }

    fn unbridge(&mut self, a: StreamId, b: StreamId) {
        let Some((a, b)) = self.two(a, b) else { return };
        if self.streams[a].as_ref().is_some_and(|stream| stream.peer == Some(b)) {
            self.part(a);
        }
    }

    fn two(&self, a: StreamId, b: StreamId) -> Option<(usize, usize)> {
        Some((*self.places.get(&a)?, *self.places.get(&b)?))
    }

    /// Ends the bridge the stream at `place` is in.
    fn part(&mut self, place: usize) {
        let peer = self.streams.get(place).and_then(|s| s.as_ref()).and_then(|s| s.peer);
        for place in [Some(place), peer].into_iter().flatten() {
            if let Some(Some(stream)) = self.streams.get_mut(place) {
                stream.part();
            }
        }
        let bridged = self.streams.iter().flatten().any(|stream| stream.peer.is_some());
        self.grid = Grid::new(bridged);
    }
}

impl Stream {
    /// It does not do what it should: told once, until something else is to be played.
    fn is_silent(&mut self, reports: &Reports) {
        if !std::mem::replace(&mut self.failures.silent, true) {
            broken(self.id(), reports);
        }
    }
}

fn broken(stream: StreamId, reports: &Reports) {
    tracing::error!("something of one stream of sound failed");
    let _ = reports.send(Report::Broken { stream });
}

/// Where a test wants something to break, each time.
#[cfg(test)]
#[derive(Debug, Default)]
pub(super) struct Planted(Option<&'static str>);

#[cfg(test)]
impl Planted {
    pub(super) fn bursts(&self, here: &str) {
        assert!(self.0.is_none_or(|planted| planted != here), "planted: {here}");
    }
}

#[cfg(test)]
#[path = "tests/studio.rs"]
mod tests;
