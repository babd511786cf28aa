//! One leg's sound: what it sends us, and what we send it.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use mio::net::UdpSocket;
use tokio::sync::mpsc::UnboundedSender;

use crate::rtp::{
    HEADER_LEN, Header, Heard, KeyReceiver, OFFERED_TELEPHONE_EVENT, Pacer, Packet, Relay, Source,
    ToneDetector, Watch, convert, decode, silence,
};
use crate::words::{Codec, Digit, Direction, Moment, StreamFormat};

use super::order::{Report, StreamId};
use super::outlet::Outlet;
use super::record::Recording;

/// The longest packet we build: header and 200 ms of sound (RFC 3551 §4.2).
pub(super) const PACKET_LEN: usize = HEADER_LEN + 1600;

pub(super) type Reports = UnboundedSender<Report>;

#[derive(Debug)]
pub(super) struct Stream {
    id: StreamId,
    pub(super) socket: UdpSocket,
    trusted: Arc<[IpAddr]>,
    agreed: Option<Agreed>,
    outlet: Option<Outlet>,
    /// Who it is bridged to: a place among the streams of the thread.
    pub(super) peer: Option<usize>,
    relay: Relay,
    keys: KeyReceiver,
    /// Present when the leg has no telephone-event.
    tones: Option<Box<ToneDetector>>,
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

/// What a packet holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Key,
    Sound(Codec),
}

impl Stream {
    pub(super) fn new(
        id: StreamId,
        socket: UdpSocket,
        trusted: Arc<[IpAddr]>,
        now: Moment,
    ) -> Self {
        Self {
            id,
            socket,
            trusted,
            agreed: None,
            outlet: None,
            peer: None,
            relay: Relay::default(),
            keys: KeyReceiver::default(),
            tones: None,
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
                agreed.pacer.set_ptime(format.ptime_ms);
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
        if format.telephone_event.is_some() {
            self.tones = None;
        } else if self.tones.is_none() {
            self.tones = Some(Box::default());
        }
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
            let plays = self
                .outlet
                .as_mut()
                .is_some_and(|outlet| outlet.fill(agreed.format.codec, payload));
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
                payload.fill(silence(agreed.format.codec));
            }
            self.relay.interrupt();
            let header = agreed.pacer.take(agreed.format.payload_type);
            send(&self.socket, header, &mut packet[..length], target);
        }
    }

    /// Takes a datagram that came from `from`; gives it back read when it is this
    /// leg's and may be passed on.
    pub(super) fn hear<'p>(
        &mut self,
        datagram: &'p [u8],
        from: SocketAddr,
        now: Moment,
        reports: &Reports,
    ) -> Option<(Content, Packet<'p>)> {
        let agreed = self.agreed.as_mut()?;
        let packet = Packet::read(datagram).ok()?;
        let content = content_of(packet.header, &agreed.format)?;
        if !listens(agreed.format.direction) || !agreed.source.accepts(from, now) {
            return None;
        }
        if self.watch.hear(now) == Some(Heard::Again) {
            let _ = reports.send(Report::Found { stream: self.id });
        }
        match content {
            Content::Key => {
                if let Some(digit) = self.keys.receive(&packet) {
                    self.report_digit(digit, reports);
                }
            }
            Content::Sound(law) => self.hear_sound(law, &packet, now, reports),
        }
        Some((content, packet))
    }

    fn hear_sound(&mut self, law: Codec, packet: &Packet<'_>, now: Moment, reports: &Reports) {
        if let Some(tones) = &mut self.tones {
            for sample in decode(law, packet.payload) {
                if let Some(digit) = tones.hear(sample) {
                    let _ = reports.send(Report::DigitPressed { stream: self.id, digit });
                }
            }
        }
        if let Some(recording) = &mut self.recording {
            recording.take(law, packet, now);
        }
    }

    fn report_digit(&self, digit: Digit, reports: &Reports) {
        let _ = reports.send(Report::DigitPressed { stream: self.id, digit });
    }

    /// Sends on what the other party of the bridge said; `room` is to build in.
    pub(super) fn pass_on(
        &mut self,
        content: Content,
        theirs: &Packet<'_>,
        room: &mut [u8; PACKET_LEN],
        now: Moment,
    ) {
        let Some(agreed) = &mut self.agreed else { return };
        // A play is heard instead of the other party.
        let (None, Some(target)) = (&self.outlet, agreed.target()) else { return };
        let payload_type = match content {
            Content::Key => agreed.format.telephone_event,
            Content::Sound(_) => Some(agreed.format.payload_type),
        };
        let Some(payload_type) = payload_type else {
            self.relay.omit(theirs.header);
            return;
        };
        let length = theirs.payload.len().min(PACKET_LEN - HEADER_LEN);
        let (law, samples) = match content {
            Content::Key => (agreed.format.codec, 0),
            Content::Sound(law) => (law, length),
        };
        let header = Header { payload_type, ..theirs.header };
        let Some(ours) = self.relay.restamp(header, samples, &mut agreed.pacer, now) else {
            return;
        };
        let packet = &mut room[..HEADER_LEN + length];
        convert(law, agreed.format.codec, theirs.payload, &mut packet[HEADER_LEN..]);
        send(&self.socket, ours, packet, target);
    }

    /// Nobody is passed on to this stream any more.
    pub(super) fn part(&mut self) {
        self.peer = None;
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
        self.stop_record(reports);
        match Recording::begin(self.id, path, max, now, reports.clone()) {
            Ok((recording, writer)) => {
                self.recording = Some(recording);
                Some(writer)
            }
            Err(why) => {
                let _ = reports.send(Report::RecordFailed { stream: self.id, why });
                None
            }
        }
    }

    /// Hands the rest of a recording to its writer, who reports its end.
    pub(super) fn stop_record(&mut self, reports: &Reports) {
        if let Some(mut recording) = self.recording.take()
            && let Err(Some(why)) = recording.hand_over()
        {
            let _ = reports.send(Report::RecordFailed { stream: self.id, why });
        }
    }

    /// Now and then: is the other side still there, is a recording to be written?
    pub(super) fn look_after(&mut self, now: Moment, reports: &Reports) {
        if self.watch.look(now) == Some(Heard::Lost) {
            let _ = reports.send(Report::Lost { stream: self.id });
        }
        let Some(recording) = &mut self.recording else { return };
        let failed = recording.hand_over().err();
        if failed.is_some() || recording.is_full(now) {
            self.recording = None;
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

/// What the payload type says, `None` for what nobody agreed to.
fn content_of(header: Header, format: &StreamFormat) -> Option<Content> {
    let pt = header.payload_type;
    if pt == format.payload_type {
        return Some(Content::Sound(format.codec));
    }
    let offered = format.telephone_event.is_some() && pt == OFFERED_TELEPHONE_EVENT;
    if Some(pt) == format.telephone_event || offered {
        return Some(Content::Key);
    }
    // The static types (RFC 3551 §6): a peer may change to the other law at will.
    [Codec::Pcma, Codec::Pcmu]
        .into_iter()
        .find(|codec| codec.payload_type() == pt)
        .map(Content::Sound)
}

/// A packet the network refuses is a packet lost: sound has no second attempt.
fn send(socket: &UdpSocket, header: Header, packet: &mut [u8], target: SocketAddr) {
    if header.write(packet)
        && let Err(error) = socket.send_to(packet, target)
    {
        tracing::trace!(%error, "a sound packet was not sent");
    }
}
