//! One leg's sound: what it sends us, and what we send it.

mod control;
mod ear;
mod hearing;
mod recode;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use crate::rtp::{
    HEADER_LEN, Header, Heard, KeyReceiver, LONGEST_PAYLOAD, Pacer, Relay, Source, ToneDetector,
    Watch, fill_silence,
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
    /// Present when something is decoded: keys as tones, a recording.
    ear: Option<Box<Ear>>,
    watch: Watch,
    recording: Option<Recording>,
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
            control: Control::new(port.control, now),
            trusted,
            agreed: None,
            outlet: None,
            peer: None,
            relay: Relay::default(),
            recoder: None,
            keys: KeyReceiver::default(),
            ear: None,
            watch: Watch::new(now),
            recording: None,
        }
    }

    /// Begins, or goes on under a new SDP: our numbers go on either way. `tick` is
    /// the moment of the thread's grid at or before `now`: the first packet is due.
    pub(super) fn agree(&mut self, format: StreamFormat, tick: Moment, now: Moment) {
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
                self.agreed = Some(Agreed {
                    format,
                    source: Source::new(trusted, format.remote, now),
                    pacer: Pacer::new(rand::random(), tick, format.ptime_ms),
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

    pub(super) fn play(&mut self, outlet: Outlet) {
        self.outlet = Some(outlet);
        if let Some(agreed) = &mut self.agreed {
            agreed.pacer.mark();
        }
    }

    pub(super) fn stop_play(&mut self) {
        self.outlet = None;
    }

    /// When its next packet is due; never before it is agreed.
    pub(super) fn due(&self) -> Moment {
        self.agreed.as_ref().map_or(Moment::after_start(Duration::MAX), |agreed| agreed.pacer.due())
    }

    /// Sends every packet due at `now`, three at most; `packet` is room to build in.
    pub(super) fn speak(&mut self, packet: &mut [u8; PACKET_LEN], now: Moment, reports: &Reports) {
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
            send(&self.socket, header, &mut packet[..length], target);
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

fn send(socket: &Socket, header: Header, packet: &mut [u8], target: SocketAddr) {
    if header.write(packet) {
        socket.send(packet, target);
    }
}
