//! The chain every rendered prompt goes through, step by step.
//!
//! 1. High-pass at 80 Hz, both ends trimmed at −50 dB, no pause longer than 0.35 s.
//! 2. For telephones: 200–3400 Hz, 8 kHz.
//! 3. 20 ms of lead, 120 ms of tail.
//! 4. Gain to −20 dBov active speech level, limiter at −3 dBFS.
//! 5. Dither from a fixed seed: the same text gives the same bytes.
//!
//! RFC 7874 §4 recommends −22 dBov for two-way speech; a prompt is heard once, in a
//! street or a hospital, and recorded packs measure about −18.

use super::filters::{halve, high_pass_80, telephone_band};
use super::level::{FULL_SCALE, active_level, fractions, power};
use super::limiter::limit;
use super::{MASTER_RATE, RATE};

/// The level of a spoken prompt.
pub const LEVEL_DBOV: f64 = -20.0;
/// The largest peak of a rendered prompt.
pub const PEAK_DBFS: f64 = -3.0;

/// Raw speech at 16 kHz becomes a telephone recording at 8 kHz.
pub fn telephone(speech: &[i16]) -> Vec<i16> {
    let mut samples = prepare(speech);
    telephone_band(&mut samples);
    finish(&halve(&samples), RATE)
}

/// Somebody's recording at 16 kHz becomes a telephone recording at 8 kHz. Its pauses are
/// the speaker's own and stay.
pub(super) fn recorded(speech: &[f64]) -> Vec<i16> {
    let mut samples = speech.to_vec();
    high_pass_80(&mut samples);
    telephone_band(&mut samples);
    finish(&halve(&samples), RATE)
}

/// Raw speech at 16 kHz becomes a master at 16 kHz.
pub fn master(speech: &[i16]) -> Vec<i16> {
    finish(&prepare(speech), MASTER_RATE)
}

/// What is common to both: no rumble, no silence beyond need.
fn prepare(speech: &[i16]) -> Vec<f64> {
    let mut samples = fractions(speech);
    high_pass_80(&mut samples);
    tighten(&samples, MASTER_RATE)
}

/// What is common to both: the ends, the level, the peak, the bits.
fn finish(samples: &[f64], rate: u32) -> Vec<i16> {
    let mut padded = vec![0.0; length(LEAD_S, rate)];
    padded.extend_from_slice(samples);
    padded.resize(padded.len() + length(TAIL_S, rate), 0.0);
    to_bits(&at_level(&padded, rate, LEVEL_DBOV))
}

/// `samples` at `target` dBov with no peak above the ceiling. Limiting costs some
/// level, so the gain is corrected until the result is right.
pub(super) fn at_level(samples: &[f64], rate: u32, target: f64) -> Vec<f64> {
    let mut gain_db = 0.0;
    let mut levelled = samples.to_vec();
    for _ in 0..CORRECTIONS {
        let Some(level) = active_level(&levelled, rate) else { break };
        if (target - level).abs() < LEVEL_TOLERANCE_DB {
            break;
        }
        gain_db += target - level;
        let gain = 10_f64.powf(gain_db / 20.0);
        levelled = samples.iter().map(|sample| sample * gain).collect();
        limit(&mut levelled, rate, ceiling());
    }
    levelled
}

/// Sixteen bits, with triangular dither of ±1 step so that fades do not grate.
pub(super) fn to_bits(samples: &[f64]) -> Vec<i16> {
    let mut noise = Noise(DITHER_SEED);
    samples
        .iter()
        .map(|sample| {
            let dither = noise.uniform() - noise.uniform();
            let step = (sample * FULL_SCALE + dither).round();
            step.clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16
        })
        .collect()
}

/// Without the silence at the ends, and with no pause longer than [`PAUSE_MAX_S`].
///
/// Silence is what lies under −50 dBov once the speech is at its level. The voice
/// pauses more than half a second at every comma, and clicks when it ends.
fn tighten(samples: &[f64], rate: u32) -> Vec<f64> {
    let Some(level) = active_level(samples, rate) else { return Vec::new() };
    let floor = level + TRIM_DBOV - LEVEL_DBOV;
    let window = length(WINDOW_S, rate);
    let windows: Vec<&[f64]> = samples.chunks(window).collect();
    let heard: Vec<bool> = windows.iter().map(|window| power(window) > floor).collect();
    let spoken = |index: usize| {
        let around = index.saturating_sub(1)..(index + 2).min(heard.len());
        heard.get(around).unwrap_or_default().iter().filter(|heard| **heard).count() > 0
    };
    // A click is a sound with nothing beside it.
    let lone = |index: usize| {
        let around = index.saturating_sub(CLICK)..(index + CLICK + 1).min(heard.len());
        heard.get(around).unwrap_or_default().iter().filter(|heard| **heard).count() <= CLICK
    };
    let kept: Vec<usize> = (0..windows.len()).filter(|n| spoken(*n) && !lone(*n)).collect();
    let mut tight = Vec::with_capacity(samples.len());
    let mut next = kept.first().copied().unwrap_or(0);
    let longest = (PAUSE_MAX_S / WINDOW_S) as usize;
    for index in kept {
        let pause = index - next;
        let from_each_side = pause.min(longest) / 2;
        let ends = (next..next + from_each_side).chain(index - from_each_side..index);
        for n in ends.chain([index]) {
            tight.extend_from_slice(windows.get(n).copied().unwrap_or_default());
        }
        next = index + 1;
    }
    tight
}

/// The ceiling as a fraction, lower by what dither and rounding may add.
fn ceiling() -> f64 {
    10_f64.powf(PEAK_DBFS / 20.0) - 2.0 / FULL_SCALE
}

fn length(seconds: f64, rate: u32) -> usize {
    (seconds * f64::from(rate)).round() as usize
}

/// `SplitMix64` (Steele, Lea, Flood 2014): small, seeded, the same on every machine.
struct Noise(u64);

impl Noise {
    /// The next number in [0, 1).
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

const LEAD_S: f64 = 0.020;
const TAIL_S: f64 = 0.120;
const TRIM_DBOV: f64 = -50.0;
/// What is looked at as one: 10 ms.
const WINDOW_S: f64 = 0.01;
/// Sounds of up to two windows alone in fifty milliseconds are clicks.
const CLICK: usize = 2;
/// Long enough to part two choices of a menu.
const PAUSE_MAX_S: f64 = 0.35;
const LEVEL_TOLERANCE_DB: f64 = 0.01;
const CORRECTIONS: usize = 12;
const DITHER_SEED: u64 = 0x504F_4C41_5249_5331;

#[cfg(test)]
mod tests {
    use super::super::level::peak;
    use super::*;

    /// Syllables of a buzz, with silence around: loud, with a high crest.
    fn speech_like() -> Vec<i16> {
        (0..48_000_i32)
            .map(|n| {
                let inside = (8_000..40_000).contains(&n);
                let syllable = (f64::from(n) / 1_600.0).sin().max(0.0);
                let pulse = (-f64::from(n % 128) / 40.0).exp() * (f64::from(n) * 0.9).cos();
                if inside { (syllable * pulse * 9_000.0) as i16 } else { 0 }
            })
            .collect()
    }

    #[test]
    fn speech_comes_out_at_its_level_and_under_its_peak() {
        for (made, rate) in
            [(telephone(&speech_like()), RATE), (master(&speech_like()), MASTER_RATE)]
        {
            let samples = fractions(&made);
            let level = active_level(&samples, rate).unwrap();
            assert!((level - LEVEL_DBOV).abs() < 0.1, "{level}");
            assert!(peak(&samples) <= PEAK_DBFS, "{}", peak(&samples));
        }
    }

    #[test]
    fn silence_around_is_cut_to_lead_and_tail() {
        let made = telephone(&speech_like());
        // 1.73 s from the first syllable to the last, less their soft edges, and 140 ms.
        assert!((13_200..15_200).contains(&made.len()), "{}", made.len());
        assert!(made[..120].iter().all(|sample| sample.abs() < 60));
        assert!(made[made.len() - 900..].iter().all(|sample| sample.abs() < 60));
    }

    #[test]
    fn a_long_pause_is_cut_and_a_short_one_is_left() {
        let tone = |n: i32| ((f64::from(n) * 0.2).sin() * 4_000.0) as i16;
        let length = |pause: usize| {
            let mut speech: Vec<i16> = (0..16_000).map(tone).collect();
            speech.extend(vec![0; pause]);
            speech.extend((0..16_000).map(tone));
            telephone(&speech).len()
        };
        // 16 samples a millisecond in, 8 out; the filters ring for some milliseconds.
        assert!(length(3_200).abs_diff(length(0) + 1_600) <= 80);
        assert!(length(32_000).abs_diff(length(0) + 2_800) <= 400);
        assert_eq!(length(32_000), length(48_000));
    }

    #[test]
    fn the_same_speech_gives_the_same_bytes() {
        assert_eq!(telephone(&speech_like()), telephone(&speech_like()));
    }

    #[test]
    fn silence_stays_silence() {
        for silence in [vec![], vec![0; 16_000]] {
            assert!(telephone(&silence).iter().all(|sample| sample.abs() <= 1));
        }
    }

    #[test]
    fn dither_is_centred_and_small() {
        let bits = to_bits(&vec![0.0; 80_000]);
        assert!(bits.iter().all(|sample| sample.abs() <= 1));
        let mean = bits.iter().map(|sample| f64::from(*sample)).sum::<f64>() / 80_000.0;
        assert!(mean.abs() < 0.01, "{mean}");
    }
}
