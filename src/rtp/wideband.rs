//! ITU-T G.722 at 64 kbit/s, as far as we need it: its lower half.
//!
//! Two parties that both have it get each other's packets untouched, whole. Where one has
//! G.711, and for recordings, keys as tones and what we say ourselves, sound is narrowband:
//! 8 kHz samples are interpolated to be coded, and only the lower band is decoded.
//!
//! The coding itself is `audio-codec`; its 8 kHz mode decodes, but does not code (0.4.13).
//! Both directions have a state; one object a stream.

use std::fmt;

use audio_codec::g722::{Bitrate, G722Decoder, G722Encoder};
use audio_codec::{Decoder as _, Encoder as _};

use crate::words::Codec;

use super::g711::silence;

/// Samples coded in one go.
const PIECE: usize = 160;
/// Half-way between two samples, from the four on either side, in 32,768ths: a windowed
/// sinc, flat to 3 kHz.
const HALF_WAY: [i32; 8] = [-344, 1524, -4997, 20_201, 20_201, -4997, 1524, -344];

/// A byte over and over that decodes to silence: the smallest step up in the lower band,
/// and in the upper one.
const SILENCE: u8 = 0xfd;

/// Fills `target` with silence in `codec`.
pub fn fill_silence(codec: Codec, target: &mut [u8]) {
    target.fill(match codec {
        Codec::G711(law) => silence(law),
        Codec::G722 => SILENCE,
    });
}

/// Samples of one stream to G.722.
pub struct WideEncoder {
    coder: G722Encoder,
    /// The last samples, oldest first.
    last: [i16; 8],
}

/// G.722 of one stream to samples.
pub struct WideDecoder(G722Decoder);

impl WideEncoder {
    /// Codes 8 kHz samples, a byte each, half a millisecond later than they come; as many as
    /// the shorter of the two has.
    pub fn encode(&mut self, samples: &[i16], target: &mut [u8]) {
        for (samples, target) in samples.chunks(PIECE).zip(target.chunks_mut(PIECE)) {
            let length = samples.len().min(target.len());
            let mut doubled = [0; 2 * PIECE];
            for (sample, pair) in samples.iter().zip(doubled.chunks_exact_mut(2)) {
                self.last.rotate_left(1);
                self.last[7] = *sample;
                pair.copy_from_slice(&[self.last[3], self.half_way()]);
            }
            // There is room: it refuses nothing else.
            let _ = self.coder.encode_into(&doubled[..2 * length], &mut target[..length]);
        }
    }

    fn half_way(&self) -> i16 {
        let sum: i32 =
            self.last.iter().zip(HALF_WAY).map(|(sample, part)| i32::from(*sample) * part).sum();
        (sum >> 15).clamp(i16::MIN.into(), i16::MAX.into()) as i16
    }
}

impl WideDecoder {
    /// Decodes to 8 kHz samples, one a byte; as many as the shorter of the two has.
    pub fn decode(&mut self, coded: &[u8], target: &mut [i16]) {
        let length = coded.len().min(target.len());
        // There is room: it refuses nothing else.
        let _ = self.0.decode_into(&coded[..length], &mut target[..length]);
    }
}

impl Default for WideEncoder {
    fn default() -> Self {
        Self { coder: G722Encoder::new(), last: [0; 8] }
    }
}

impl Default for WideDecoder {
    fn default() -> Self {
        Self(G722Decoder::with_options(Bitrate::Mode1_64000, false, true))
    }
}

impl fmt::Debug for WideEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WideEncoder")
    }
}

impl fmt::Debug for WideDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WideDecoder")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tone(frequency: f32) -> Vec<i16> {
        (0..8000)
            .map(|nth| 8000.0 * (std::f32::consts::TAU * frequency * nth as f32 / 8000.0).sin())
            .map(|sample| sample as i16)
            .collect()
    }

    /// Energy a sample, and which part of it is at `frequency` of `rate`.
    fn heard(samples: &[i16], frequency: f64, rate: f64) -> (f64, f64) {
        let (mut real, mut imaginary, mut total) = (0.0, 0.0, 0.0);
        for (nth, sample) in samples.iter().enumerate() {
            let (sine, cosine) = (std::f64::consts::TAU * frequency * nth as f64 / rate).sin_cos();
            let sample = f64::from(*sample);
            real += sample * cosine;
            imaginary += sample * sine;
            total += sample * sample;
        }
        let count = samples.len() as f64;
        (total / count, 2.0 * (real * real + imaginary * imaginary) / (total * count))
    }

    #[test]
    fn a_tone_comes_back_much_as_it_was_in_half_the_band_and_in_the_whole() {
        for frequency in [300.0_f32, 1000.0, 2500.0, 3000.0] {
            let samples = tone(frequency);
            let (mut coded, mut back, mut wide) = ([0; 8000], [0; 8000], vec![0; 16_000]);
            WideEncoder::default().encode(&samples, &mut coded);
            WideDecoder::default().decode(&coded, &mut back);
            G722Decoder::new().decode_into(&coded, &mut wide).unwrap();
            let (before, _) = heard(&samples, frequency.into(), 8000.0);
            for (energy, share) in [
                heard(&back[400..], frequency.into(), 8000.0),
                heard(&wide[800..], frequency.into(), 16_000.0),
            ] {
                assert!((0.7..1.4).contains(&(energy / before)), "{frequency}: {energy}");
                assert!(share > 0.97, "{frequency}: {share}");
            }
        }
    }

    #[test]
    fn what_was_coded_in_the_whole_band_is_decoded_in_its_half() {
        let wide: Vec<i16> = (0..16_000)
            .map(|nth| 8000.0 * (std::f32::consts::TAU * 1000.0 * nth as f32 / 16_000.0).sin())
            .map(|sample| sample as i16)
            .collect();
        let (mut coded, mut back) = (vec![0; 8000], [0; 8000]);
        G722Encoder::new().encode_into(&wide, &mut coded).unwrap();
        WideDecoder::default().decode(&coded, &mut back);
        assert!(heard(&back[400..], 1000.0, 8000.0).1 > 0.97);
    }

    #[test]
    fn its_silence_is_silent_in_half_the_band_and_in_the_whole_also_after_a_sound() {
        let mut coded = vec![0; 8000];
        WideEncoder::default().encode(&tone(1000.0), &mut coded);
        let mut silent = [0; 4000];
        fill_silence(Codec::G722, &mut silent);
        coded.extend(silent);
        let (mut back, mut wide) = ([0; 12_000], vec![0; 24_000]);
        WideDecoder::default().decode(&coded, &mut back);
        G722Decoder::new().decode_into(&coded, &mut wide).unwrap();
        let loudest = |samples: &[i16]| samples.iter().map(|s| s.unsigned_abs()).max().unwrap();
        // What is left does not move: it cannot be heard.
        for rest in [&back[10_000..], &wide[20_000..]] {
            assert!(loudest(rest) <= 64, "{}", loudest(rest));
            assert!(rest.iter().all(|sample| sample.abs_diff(rest[0]) <= 2));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_can_panic_the_decoder(
            coded in prop::collection::vec(any::<u8>(), 0..2000),
            room in 0_usize..2000,
        ) {
            WideDecoder::default().decode(&coded, &mut vec![0; room]);
        }

        #[test]
        fn no_samples_can_panic_the_encoder(
            samples in prop::collection::vec(any::<i16>(), 0..2000),
            room in 0_usize..2000,
        ) {
            WideEncoder::default().encode(&samples, &mut vec![0; room]);
        }
    }
}
