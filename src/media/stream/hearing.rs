//! What a stream hears, and what it passes on from the other party of a bridge.

use std::net::SocketAddr;

use crate::rtp::{
    HEADER_LEN, Header, Heard, OFFERED_TELEPHONE_EVENT, Packet, Standing, Timing, is_report,
};
use crate::words::{Codec, Moment, StreamFormat};

use super::recode::recode;
use super::{PACKET_LEN, Report, Reports, Stream, listens, send};

/// The static payload type of comfort noise (RFC 3389 §4).
const COMFORT_NOISE: u8 = 13;

/// What a packet holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::media) enum Content {
    Key,
    /// Comfort noise (RFC 3389): a party that is there and silent.
    Noise,
    Sound(Codec),
}

impl Stream {
    /// Whether a packet from `from`, not heard before, would be taken for this leg's.
    pub(in crate::media) fn would_learn(&self, from: SocketAddr, now: Moment) -> bool {
        self.agreed.as_ref().is_some_and(|agreed| agreed.source.would_learn(from, now))
    }

    /// Whether this leg's sound comes from `from`.
    pub(in crate::media) fn is_from(&self, from: SocketAddr) -> bool {
        self.agreed.as_ref().is_some_and(|agreed| agreed.source.is(from))
    }

    /// Takes a datagram that came from `from`; gives it back read when it is this
    /// leg's and may be passed on.
    pub(in crate::media) fn hear<'p>(
        &mut self,
        datagram: &'p mut [u8],
        from: SocketAddr,
        now: Moment,
        reports: &Reports,
    ) -> Option<(Content, Packet<'p>)> {
        if is_report(datagram) {
            self.hear_report_with_sound(datagram, from, now);
            return None;
        }
        let agreed = self.agreed.as_ref()?;
        // Strangers cost no cipher.
        if !agreed.source.is(from) && !agreed.source.would_learn(from, now) {
            return None;
        }
        let packet = Packet::read(self.unseal(datagram)?).ok()?;
        let agreed = self.agreed.as_mut()?;
        let content = content_of(packet.header, &agreed.format)?;
        if !listens(agreed.format.direction) || !agreed.source.accepts(from, now) {
            return None;
        }
        let standing = agreed.source.standing(packet.header);
        self.socket.hear_only(agreed.source.only(now));
        if self.watch.hear(now) == Some(Heard::Again) {
            let _ = reports.send(Report::Found { stream: self.id });
        }
        let timing = match content {
            Content::Key | Content::Noise => Timing::Untold,
            Content::Sound(_) => Timing::Spoken,
        };
        self.control.reception.hear(packet.header, timing, now);
        self.hear_key(standing, content, &packet, reports);
        // Nor does a single packet of somebody not known press a key as a tone.
        if matches!(standing, Standing::Known | Standing::Proven) {
            self.decode(content, &packet, now, reports);
        }
        Some((content, packet))
    }

    /// Reports the keys that are told by events, as soon as their sender is known.
    fn hear_key(
        &mut self,
        standing: Standing,
        content: Content,
        packet: &Packet<'_>,
        reports: &Reports,
    ) {
        match standing {
            Standing::Known | Standing::Begins => self.held.clear(),
            Standing::Unproven => {}
            Standing::Proven => {
                for (header, event) in self.held.release() {
                    self.receive_key(&Packet { header, payload: &event }, reports);
                }
            }
        }
        match (content, standing) {
            (Content::Key, Standing::Known | Standing::Proven) => self.receive_key(packet, reports),
            (Content::Key, Standing::Begins | Standing::Unproven) => self.held.hold(packet),
            (Content::Noise | Content::Sound(_), _) => {}
        }
    }

    fn receive_key(&mut self, packet: &Packet<'_>, reports: &Reports) {
        if let Some(digit) = self.keys.receive(packet) {
            let _ = reports.send(Report::DigitPressed { stream: self.id, digit });
        }
    }

    /// What is decoded is put in order first; a packet without sound counts in it.
    fn decode(&mut self, content: Content, packet: &Packet<'_>, now: Moment, reports: &Reports) {
        let Some(ear) = &mut self.ear else { return };
        let (codec, packet) = match content {
            Content::Sound(codec) => (codec, *packet),
            Content::Key | Content::Noise => (Codec::PCMA, Packet { payload: &[], ..*packet }),
        };
        let stream = self.id;
        ear.take(codec, &packet, &mut self.recording, now, |digit| {
            let _ = reports.send(Report::DigitPressed { stream, digit });
        });
    }

    /// Decodes what still waits for a packet that is lost.
    pub(super) fn hear_out(&mut self, now: Moment, reports: &Reports) {
        let Some(ear) = &mut self.ear else { return };
        let stream = self.id;
        ear.flush(&mut self.recording, now, |digit| {
            let _ = reports.send(Report::DigitPressed { stream, digit });
        });
    }

    /// An ear that nobody needs is given up.
    pub(super) fn free_ear(&mut self) {
        let needed = self.recording.is_some() || self.ear.as_ref().is_some_and(|e| e.hears_tones());
        self.ear = self.ear.take().filter(|_| needed);
    }

    /// Sends on what the other party of the bridge said; `room` is to build in.
    pub(in crate::media) fn pass_on(
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
            Content::Noise => agreed.format.comfort_noise,
            Content::Sound(_) => Some(agreed.format.payload_type),
        };
        let Some(payload_type) = payload_type else {
            self.relay.omit(theirs.header);
            return;
        };
        let length = theirs.payload.len().min(PACKET_LEN - HEADER_LEN);
        let samples = if matches!(content, Content::Sound(_)) { length } else { 0 };
        let header = Header { payload_type, ..theirs.header };
        let Some(ours) = self.relay.restamp(header, samples, &mut agreed.pacer, now) else {
            return;
        };
        let packet = &mut room[..HEADER_LEN + length];
        match content {
            // Bytes that are no samples.
            Content::Key | Content::Noise => {
                packet[HEADER_LEN..].copy_from_slice(&theirs.payload[..length]);
            }
            Content::Sound(codec) => {
                let target = &mut packet[HEADER_LEN..];
                recode(&mut self.recoder, codec, agreed.format.codec, theirs.payload, target);
            }
        }
        self.control.sent(length);
        send(&self.socket, &mut self.guard, ours, packet, target);
    }
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
    // Taken from whoever sends it, offered or not.
    if pt == COMFORT_NOISE || Some(pt) == format.comfort_noise {
        return Some(Content::Noise);
    }
    // The static types (RFC 3551 §6): a peer may change to the other law at will.
    [Codec::PCMA, Codec::PCMU]
        .into_iter()
        .find(|codec| codec.payload_type() == pt)
        .map(Content::Sound)
}
