//! Where sound is decoded: recordings, and keys as tones.
//!
//! It exists only on a stream that needs it. Packets are put in order first; the relay
//! never passes through here.

use crate::rtp::{Header, LONGEST_PAYLOAD, Packet, Reorder, ToneDetector, WideDecoder, decode};
use crate::words::{Codec, Digit, Moment};

use super::super::record::Recording;

/// The longest gap that is let be between two packets, samples: 60 ms. A key shall not
/// become two by a lost packet, so a short gap is closed; after a longer one the key is
/// over.
const CLOSED_GAP: u32 = 480;

/// What decodes one stream.
#[derive(Debug, Default)]
pub(super) struct Ear {
    order: Reorder,
    /// Present when the leg has no telephone-event.
    tones: Option<ToneDetector>,
    /// Whose samples the detector heard last, and the timestamp after them.
    heard: Option<(u32, u32)>,
    /// Present once G.722 was heard.
    wide: Option<Box<WideDecoder>>,
}

impl Ear {
    /// Keys come as tones from now on, or (the leg has telephone-events) do not.
    pub(super) fn set_tones(&mut self, tones: Option<ToneDetector>) {
        self.tones = tones;
        self.heard = None;
    }

    pub(super) fn hears_tones(&self) -> bool {
        self.tones.is_some()
    }

    /// Takes a packet as it came; says which keys it showed.
    pub(super) fn take(
        &mut self,
        codec: Codec,
        packet: &Packet<'_>,
        recording: &mut Option<Recording>,
        now: Moment,
        mut pressed: impl FnMut(Digit),
    ) {
        let mut order = std::mem::take(&mut self.order);
        order.take(codec, packet, now, |codec, packet| {
            self.hear(codec, packet, recording, now, &mut pressed);
        });
        self.order = order;
    }

    /// Hears what still waits for a packet that is lost.
    pub(super) fn flush(
        &mut self,
        recording: &mut Option<Recording>,
        now: Moment,
        mut pressed: impl FnMut(Digit),
    ) {
        std::mem::take(&mut self.order).flush(|codec, packet| {
            self.hear(codec, packet, recording, now, &mut pressed);
        });
    }

    fn hear(
        &mut self,
        codec: Codec,
        packet: &Packet<'_>,
        recording: &mut Option<Recording>,
        now: Moment,
        pressed: &mut impl FnMut(Digit),
    ) {
        let mut room = [0; LONGEST_PAYLOAD];
        let length = packet.payload.len().min(LONGEST_PAYLOAD);
        if length == 0 {
            return;
        }
        match codec {
            Codec::G711(law) => {
                for (sample, slot) in decode(law, packet.payload).zip(&mut room) {
                    *slot = sample;
                }
            }
            Codec::G722 => self.wide.get_or_insert_default().decode(packet.payload, &mut room),
        }
        let samples = &room[..length];
        if let Some(tones) = &mut self.tones {
            let pause = gap(self.heard, packet.header);
            for sample in std::iter::repeat_n(0, pause).chain(samples.iter().copied()) {
                if let Some(digit) = tones.hear(sample) {
                    pressed(digit);
                }
            }
            let end = packet.header.timestamp.wrapping_add(length as u32);
            self.heard = Some((packet.header.ssrc, end));
        }
        if let Some(recording) = recording {
            recording.take(packet.header, samples, now);
        }
    }
}

/// How much silence the detector hears before a packet, samples: none, or enough for a
/// key to be over.
fn gap(heard: Option<(u32, u32)>, header: Header) -> usize {
    let gap = heard
        .filter(|(ssrc, _)| *ssrc == header.ssrc)
        .map(|(_, end)| header.timestamp.wrapping_sub(end));
    let long = gap.is_some_and(|gap| gap > CLOSED_GAP && gap < 1 << 31);
    if long { CLOSED_GAP as usize } else { 0 }
}
