//! From one party's codec to the other's.
//!
//! The same codec is passed on byte by byte: so two parties with G.722 hear each other in
//! full width.

use crate::rtp::{LONGEST_PAYLOAD, WideDecoder, WideEncoder, convert, decode, encode};
use crate::words::Codec;

/// The states of a bridge between G.722 and G.711, towards one of the two.
#[derive(Debug, Default)]
pub(super) struct Recoder {
    decoder: WideDecoder,
    encoder: WideEncoder,
}

/// Fills `target` with what `coded` holds; both are of the same length. A recoder is made
/// with the first packet that needs one.
pub(super) fn recode(
    recoder: &mut Option<Box<Recoder>>,
    from: Codec,
    to: Codec,
    coded: &[u8],
    target: &mut [u8],
) {
    let mut room = [0; LONGEST_PAYLOAD];
    let length = coded.len().min(target.len()).min(LONGEST_PAYLOAD);
    let (coded, target, samples) = (&coded[..length], &mut target[..length], &mut room[..length]);
    match (from, to) {
        (Codec::G711(from), Codec::G711(to)) => convert(from, to, coded, target),
        (Codec::G722, Codec::G722) => target.copy_from_slice(coded),
        (Codec::G722, Codec::G711(law)) => {
            recoder.get_or_insert_default().decoder.decode(coded, samples);
            for (byte, sample) in target.iter_mut().zip(samples) {
                *byte = encode(law, *sample);
            }
        }
        (Codec::G711(law), Codec::G722) => {
            for (slot, sample) in samples.iter_mut().zip(decode(law, coded)) {
                *slot = sample;
            }
            recoder.get_or_insert_default().encoder.encode(samples, target);
        }
    }
}
