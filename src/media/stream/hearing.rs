//! What a stream hears, and what it passes on from the other party of a bridge.

use std::net::SocketAddr;

use crate::rtp::{HEADER_LEN, Header, Heard, OFFERED_TELEPHONE_EVENT, Packet, convert, decode};
use crate::words::{Codec, Digit, Moment, StreamFormat};

use super::{PACKET_LEN, Report, Reports, Stream, listens, send};

/// What a packet holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::media) enum Content {
    Key,
    Sound(Codec),
}

impl Stream {
    /// Takes a datagram that came from `from`; gives it back read when it is this
    /// leg's and may be passed on.
    pub(in crate::media) fn hear<'p>(
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
        self.socket.hear_only(agreed.source.only(now));
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
