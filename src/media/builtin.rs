//! Sounds made by the program itself: tones of the Italian network and a soft loop.
//!
//! Each is a function without arguments that gives the same samples every time:
//! 16 bit, 8 kHz. Frequencies and cadences: ITU-T E.180 supplement 2, Italy.

use std::f64::consts::TAU;

const RATE: f64 = 8000.0;

/// Ring-back: 425 Hz, 1 s on and 4 s off; to be repeated.
pub fn ring_back() -> Vec<i16> {
    tone(425.0, 1.0, 0.1, 4.0)
}

/// Busy: 425 Hz, 0.5 s on and 0.5 s off; to be repeated.
pub fn busy() -> Vec<i16> {
    tone(425.0, 0.5, 0.1, 0.5)
}

/// The beep before a recording: 1 kHz, 0.25 s.
pub fn beep() -> Vec<i16> {
    tone(1000.0, 0.25, 0.2, 0.0)
}

/// What is played in place of a recording that is missing: a short, calm two-tone.
pub fn fallback() -> Vec<i16> {
    let mut samples = tone(523.25, 0.25, 0.12, 0.05);
    samples.extend(tone(392.0, 0.4, 0.12, 0.1));
    samples
}

/// What a caller hears while somebody is being rung: 8 s of slow chords that swell
/// and fade, at −26 dBov; the end goes over into the beginning.
pub fn hold() -> Vec<i16> {
    // Four chords of two seconds: C, A minor, F, G, around middle C.
    const CHORDS: [[f64; 3]; 4] = [
        [261.625, 329.625, 392.0],
        [220.0, 261.625, 329.625],
        [220.0, 261.625, 349.25],
        [246.9375, 293.625, 392.0],
    ];
    const BEAT: f64 = 2.0;
    let raw: Vec<f64> = (0..(4.0 * BEAT * RATE) as usize)
        .map(|nth| {
            let second = nth as f64 / RATE;
            let turn = (second / BEAT) as usize % CHORDS.len();
            let within = second / BEAT - (second / BEAT).floor();
            // A raised cosine: silent where the chord changes, so nothing clicks.
            let swell = 0.5 - 0.5 * (TAU * within).cos();
            let chord: f64 = CHORDS[turn]
                .iter()
                .map(|note| (TAU * note * second).sin() + 0.25 * (TAU * 2.0 * note * second).sin())
                .sum();
            swell * chord
        })
        .collect();
    let level = (raw.iter().map(|sample| sample * sample).sum::<f64>() / raw.len() as f64).sqrt();
    // −26 dBov: 26 dB under a full-scale square wave (ITU-T G.100.1).
    let gain = 32_768.0 * 10_f64.powf(-26.0 / 20.0) / level;
    raw.into_iter().map(|sample| (sample * gain) as i16).collect()
}

/// A tone with edges of 5 ms, then silence; lengths in seconds, amplitude of 1.
fn tone(frequency: f64, on: f64, amplitude: f64, off: f64) -> Vec<i16> {
    let sounding = (on * RATE) as usize;
    let edge = 0.005 * RATE;
    let sample = |nth: usize| {
        let inside = (nth.min(sounding - 1 - nth) as f64 / edge).min(1.0);
        let wave = (TAU * frequency * nth as f64 / RATE).sin();
        (wave * inside * amplitude * 32_767.0) as i16
    };
    (0..sounding).map(sample).chain(std::iter::repeat_n(0, (off * RATE) as usize)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dbov(samples: &[i16]) -> f64 {
        let square = samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
        20.0 * ((square / samples.len() as f64).sqrt() / 32_768.0).log10()
    }

    /// Share of the energy at `frequency`.
    fn share(samples: &[i16], frequency: f64) -> f64 {
        let (mut real, mut imaginary, mut total) = (0.0, 0.0, 0.0);
        for (nth, sample) in samples.iter().enumerate() {
            let sample = f64::from(*sample);
            let angle = TAU * frequency * nth as f64 / RATE;
            real += sample * angle.cos();
            imaginary += sample * angle.sin();
            total += sample * sample;
        }
        2.0 * (real * real + imaginary * imaginary) / (total * samples.len() as f64)
    }

    #[test]
    fn the_tones_are_those_of_the_italian_network() {
        assert_eq!(ring_back().len(), 5 * 8000);
        assert!(share(&ring_back()[..8000], 425.0) > 0.98);
        assert!(ring_back()[8000..].iter().all(|sample| *sample == 0));
        assert_eq!(busy().len(), 8000);
        assert_eq!(beep().len(), 2000);
        assert!(share(&beep(), 1000.0) > 0.95);
    }

    #[test]
    fn the_hold_sound_is_quiet_and_its_ends_meet() {
        let hold = hold();
        assert_eq!(hold.len(), 8 * 8000);
        assert!((dbov(&hold) + 26.0).abs() < 0.2, "{}", dbov(&hold));
        let step = |a: i16, b: i16| (i32::from(a) - i32::from(b)).abs();
        let steepest = hold.windows(2).map(|pair| step(pair[0], pair[1])).max().unwrap();
        assert!(step(hold[hold.len() - 1], hold[0]) < 30);
        assert!(steepest < 4000, "no click: {steepest}");
        assert!(hold.iter().all(|sample| sample.unsigned_abs() < 16_000));
    }

    #[test]
    fn every_sound_is_the_same_every_time() {
        for sound in [ring_back, busy, beep, fallback, hold] {
            assert_eq!(sound(), sound());
        }
        assert!(dbov(&fallback()) > -30.0);
    }
}
