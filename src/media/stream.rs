//! One leg's sound: what it sends us, and what we send it.

mod control;
mod ear;
mod guarded;
mod hearing;
mod recode;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use crate::rtp::{
    Guard, HEADER_LEN, Header, Heard, HeldKeys, KeyReceiver, LONGEST_PAYLOAD, Pacer, Relay, Source,
    ToneDetector, Watch, fill_silence,
};
use crate::words::{Direction, Moment, StreamFormat};

use super::order::{Report, StreamId};
use super::outlet::Outlet;
use super::port::Port;
use super::record::Recording;
use super::socket::Socket;
use control::Control;
use ear::Ear;
use recode::Recoder;

/// The longest packet we build: header and 200 ms of sound (RFC 3551 §4.2).
pub(super) const PACKET_LEN: usize = HEADER_LEN + LONGEST_PAYLOAD;

pub(super) type Reports = UnboundedSender<Report>;

#[derive(Debug)]
pub(super) struct Stream {
    id: StreamId,
    pub(super) socket: Socket,
    /// Present on a protected stream (SRTP).
    guard: Option<Box<Guard>>,
    /// Reports, both ways.
    pub(super) control: Control,
    trusted: Arc<[IpAddr]>,
    agreed: Option<Agreed>,
    outlet: Option<Outlet>,
    /// Who it is bridged to: a place among the streams of the thread.
    pub(super) peer: Option<usize>,
    relay: Relay,
    /// Present while a bridge needs one.
    recoder: Option<Box<Recoder>>,
    keys: KeyReceiver,
    /// Keys of a source that is not known yet.
    held: HeldKeys,
    /// Present when something is decoded: keys as tones, a recording.
    ear: Option<Box<Ear>>,
    watch: Watch,
    recording: Option<Recording>,
    pub(super) failures: Failures,
    #[cfg(test)]
    pub(super) planted: super::studio::Planted,
}

/// What broke of a stream.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// Packets that could not be taken in.
    pub(super) heard: u8,
    /// It could not be looked after, and that was written down.
    pub(super) unkempt: bool,
    /// It could not speak or obey, and that was told.
    pub(super) silent: bool,
}

/// What exists once the other side's SDP is known.
#[derive(Debug)]
struct Agreed {
    format: StreamFormat,
    source: Source,
    pacer: Pacer,
}

impl Stream {
    pub(super) fn new(id: StreamId, port: Port, trusted: Arc<[IpAddr]>, now: Moment) -> Self {
        Self {
            id,
            socket: Socket::new(port.socket),
            guard: None,
            control: Control::new(port.control, now),
            trusted,
            agreed: None,
            outlet: None,
            peer: None,
            relay: Relay::default(),
            recoder: None,
            keys: KeyReceiver::default(),
            held: HeldKeys::default(),
            ear: None,
            watch: Watch::new(now),
            recording: None,
            failures: Failures::default(),
            #[cfg(test)]
            planted: super::studio::Planted::default(),
        }
    }

    pub(super) fn id(&self) -> StreamId {
        self.id
    }

    /// Begins, or goes on under a new SDP: our numbers go on either way. `tick` is
    /// the moment of the thread's grid at or before `now`: the first packet is due.
    pub(super) fn agree(&mut self, format: StreamFormat, tick: Moment, now: Moment) {
        if let Err(error) = self.protect(format.protection) {
            // Better no sound than sound everybody can hear.
            tracing::error!(%error, "a stream that was to be protected is silent");
            self.agreed = None;
            return;
        }
        match &mut self.agreed {
            Some(agreed) => {
                agreed.source.rename(format.remote, now);
                self.socket.hear_only(agreed.source.only(now));
                agreed.pacer.set_ptime(format.ptime_ms);
                agreed.pacer.mark();
                agreed.format = format;
            }
            None => {
                let trusted = Arc::clone(&self.trusted);
                // RFC 4568 §6.4: far from the wrap, which a receiver that misses the
                // first packets could not count.
                let seed = rand::random::<u64>() & !0x8000;
                self.agreed = Some(Agreed {
                    format,
                    source: Source::new(trusted, format.remote, now),
                    pacer: Pacer::new(seed, tick, format.ptime_ms),
                });
            }
        }
        let hears_tones = self.ear.as_ref().is_some_and(|ear| ear.hears_tones());
        if hears_tones == format.telephone_event.is_some() {
            let tones = (!hears_tones).then(ToneDetector::default);
            self.ear.get_or_insert_default().set_tones(tones);
        }
        self.free_ear();
        self.watch.expect(listens(format.direction), now);
    }

    /// From now on these hosts are its trunk's.
    pub(super) fn trust(&mut self, hosts: Arc<[IpAddr]>) {
        if let Some(agreed) = &mut self.agreed {
            agreed.source.trust(Arc::clone(&hosts));
        }
        self.trusted = hosts;
    }

    pub(super) fn play(&mut self, outlet: Outlet) {
        self.failures.silent = false;
        self.outlet = Some(outlet);
        if let Some(agreed) = &mut self.agreed {
            agreed.pacer.mark();
        }
    }

    pub(super) fn stop_play(&mut self) {
        #[cfg(test)]
        self.planted.bursts("order");
        self.outlet = None;
    }

    /// When its next packet is due; never before it is agreed.
    pub(super) fn due(&self) -> Moment {
        self.agreed.as_ref().map_or(Moment::after_start(Duration::MAX), |agreed| agreed.pacer.due())
    }

    /// Sends every packet due at `now`, three at most; `packet` is room to build in.
    pub(super) fn speak(&mut self, packet: &mut [u8; PACKET_LEN], now: Moment, reports: &Reports) {
        #[cfg(test)]
        self.planted.bursts("speak");
        let Some(agreed) = &mut self.agreed else { return };
        agreed.pacer.catch_up(now);
        while agreed.pacer.due() <= now {
            let length = HEADER_LEN + agreed.pacer.samples();
            let payload = &mut packet[HEADER_LEN..length];
            let codec = agreed.format.codec;
            let plays = self.outlet.as_mut().is_some_and(|outlet| outlet.fill(codec, payload));
            if !plays && let Some(ended) = self.outlet.take() {
                let report = Report::PlayFinished { stream: self.id, play: ended.play };
                let _ = reports.send(report);
            }
            let target = agreed.target();
            let (false, Some(target)) = (!plays && self.relay.is_flowing(now), target) else {
                agreed.pacer.skip();
                continue;
            };
            if !plays {
                fill_silence(codec, payload);
            }
            self.relay.interrupt();
            let header = agreed.pacer.take(agreed.format.payload_type);
            self.control.sent(length - HEADER_LEN);
            send(&self.socket, &mut self.guard, header, &mut packet[..length], target);
        }
    }

    /// Nobody is passed on to this stream any more.
    pub(super) fn part(&mut self) {
        self.peer = None;
        self.recoder = None;
        self.relay.interrupt();
        if let Some(agreed) = &mut self.agreed {
            agreed.pacer.mark();
        }
    }

    /// Begins a recording; the thread that writes it, to be waited for at the end.
    pub(super) fn record(
        &mut self,
        path: PathBuf,
        max: Duration,
        now: Moment,
        reports: &Reports,
    ) -> Option<JoinHandle<()>> {
        self.stop_record(now, reports);
        match Recording::begin(self.id, path, max, now, reports.clone()) {
            Ok((recording, writer)) => {
                self.recording = Some(recording);
                self.ear.get_or_insert_default();
                Some(writer)
            }
            Err(why) => {
                let _ = reports.send(Report::RecordFailed { stream: self.id, why });
                None
            }
        }
    }

    /// Hands the rest of a recording to its writer, who reports its end.
    pub(super) fn stop_record(&mut self, now: Moment, reports: &Reports) {
        if self.recording.is_some() {
            self.hear_out(now, reports);
        }
        if let Some(mut recording) = self.recording.take()
            && let Err(Some(why)) = recording.hand_over()
        {
            let _ = reports.send(Report::RecordFailed { stream: self.id, why });
        }
        self.free_ear();
    }

    /// Now and then: is the other side still there, is a recording to be written?
    pub(super) fn look_after(&mut self, now: Moment, reports: &Reports) {
        #[cfg(test)]
        self.planted.bursts("look after");
        if self.watch.look(now) == Some(Heard::Lost) {
            let _ = reports.send(Report::Lost { stream: self.id });
        }
        if let Some(agreed) = &self.agreed {
            self.socket.hear_only(agreed.source.only(now));
        }
        let Some(recording) = &mut self.recording else { return };
        let failed = recording.hand_over().err();
        if failed.is_some() || recording.is_full(now) {
            self.recording = None;
            self.free_ear();
        }
        if let Some(Some(why)) = failed {
            let _ = reports.send(Report::RecordFailed { stream: self.id, why });
        }
    }
}

impl Agreed {
    /// Where packets may be sent now; nowhere on hold.
    fn target(&self) -> Option<SocketAddr> {
        let may = matches!(self.format.direction, Direction::SendRecv | Direction::SendOnly);
        self.source.target().filter(|_| may)
    }
}

fn listens(direction: Direction) -> bool {
    matches!(direction, Direction::SendRecv | Direction::RecvOnly)
}

fn send(
    socket: &Socket,
    guard: &mut Option<Box<Guard>>,
    header: Header,
    packet: &mut [u8],
    target: SocketAddr,
) {
    if !header.write(packet) {
        return;
    }
    match guard {
        None => socket.send(packet, target),
        Some(guard) => {
            if let Some(sealed) = guard.seal(packet) {
                socket.send(&sealed, target);
            }
        }
    }
}
