//! The two laws of ITU-T G.711: samples to bytes, bytes to samples, law to law.
//!
//! The coding itself is `audio-codec-algorithms`; here it becomes tables, so that
//! the relay costs one look-up a byte.

use std::sync::LazyLock;

use audio_codec_algorithms as codec;

use crate::words::Law;

static PCMA_SAMPLES: LazyLock<[i16; 256]> = LazyLock::new(|| table(codec::decode_alaw));
static PCMU_SAMPLES: LazyLock<[i16; 256]> = LazyLock::new(|| table(codec::decode_ulaw));
// ITU-T G.711 tables 3 and 4: not the same as decoding and coding again.
static PCMA_TO_PCMU: LazyLock<[u8; 256]> = LazyLock::new(|| table(codec::convert_alaw_to_ulaw));
static PCMU_TO_PCMA: LazyLock<[u8; 256]> = LazyLock::new(|| table(codec::convert_ulaw_to_alaw));

/// The byte that is silence in `law`.
pub fn silence(law: Law) -> u8 {
    match law {
        Law::Pcma => 0xd5,
        Law::Pcmu => 0xff,
    }
}

/// Codes one 16-bit sample.
pub fn encode(law: Law, sample: i16) -> u8 {
    match law {
        Law::Pcma => codec::encode_alaw(sample),
        Law::Pcmu => codec::encode_ulaw(sample),
    }
}

/// The 16-bit samples of `coded`, in order.
pub fn decode(law: Law, coded: &[u8]) -> impl ExactSizeIterator<Item = i16> + '_ {
    let samples: &'static [i16; 256] = match law {
        Law::Pcma => &PCMA_SAMPLES,
        Law::Pcmu => &PCMU_SAMPLES,
    };
    coded.iter().map(move |byte| samples[usize::from(*byte)])
}

/// Copies `coded` to `target`, from one law to the other where they differ; as
/// many bytes as the shorter of the two has.
pub fn convert(from: Law, to: Law, coded: &[u8], target: &mut [u8]) {
    let table: &[u8; 256] = match (from, to) {
        (Law::Pcma, Law::Pcmu) => &PCMA_TO_PCMU,
        (Law::Pcmu, Law::Pcma) => &PCMU_TO_PCMA,
        _ => {
            let length = coded.len().min(target.len());
            target[..length].copy_from_slice(&coded[..length]);
            return;
        }
    };
    for (out, byte) in target.iter_mut().zip(coded) {
        *out = table[usize::from(*byte)];
    }
}

fn table<T: Copy + Default>(entry: impl Fn(u8) -> T) -> [T; 256] {
    let mut table = [T::default(); 256];
    for (byte, slot) in (0..=u8::MAX).zip(table.iter_mut()) {
        *slot = entry(byte);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coding_keeps_every_sample_within_a_step_of_its_law() {
        for law in [Law::Pcma, Law::Pcmu] {
            for sample in i16::MIN..=i16::MAX {
                let back = decode(law, &[encode(law, sample)]).next().unwrap();
                let error = (i32::from(sample) - i32::from(back)).abs();
                assert!(error <= 16 + i32::from(sample).abs() / 16, "{law:?} {sample} {back}");
            }
        }
    }

    #[test]
    fn converting_between_laws_keeps_the_sound() {
        for (from, to) in [(Law::Pcma, Law::Pcmu), (Law::Pcmu, Law::Pcma)] {
            let all: Vec<u8> = (0..=255).collect();
            let mut converted = [0; 256];
            convert(from, to, &all, &mut converted);
            for (before, after) in decode(from, &all).zip(decode(to, &converted)) {
                let error = (i32::from(before) - i32::from(after)).abs();
                assert!(error <= 16 + i32::from(before).abs() / 16, "{before} {after}");
            }
        }
    }

    #[test]
    fn the_same_law_is_copied_and_the_shorter_side_decides() {
        let mut target = [0; 2];
        convert(Law::Pcma, Law::Pcma, &[1, 2, 3], &mut target);
        assert_eq!(target, [1, 2]);
        let mut target = [9; 3];
        convert(Law::Pcmu, Law::Pcma, &[0xff], &mut target);
        assert_eq!(target, [silence(Law::Pcma), 9, 9]);
    }

    #[test]
    fn silence_is_the_smallest_sample() {
        for law in [Law::Pcma, Law::Pcmu] {
            assert!(decode(law, &[silence(law)]).next().unwrap().abs() <= 8);
        }
    }
}
