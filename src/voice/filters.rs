//! The filters of the chain, and the way from 16 to 8 kHz.

use biquad::{Biquad, Coefficients, DirectForm2Transposed, Hertz, Type};
use rubato::audioadapter_buffers::owned::InterleavedOwned;
use rubato::{Fft, FixedSync, Resampler};

use super::{MASTER_RATE, RATE};

/// Takes away what is under 80 Hz: no voice, only rumble.
pub(super) fn high_pass_80(samples: &mut [f64]) {
    run(samples, Type::HighPass, 80.0, &BUTTERWORTH_2);
}

/// Leaves the band a telephone carries, 200–3400 Hz (ITU-T G.712 keeps 300–3400).
pub(super) fn telephone_band(samples: &mut [f64]) {
    run(samples, Type::HighPass, 200.0, &BUTTERWORTH_4);
    run(samples, Type::LowPass, 3_400.0, &BUTTERWORTH_4);
}

/// Every second sample, without the frequencies that would fold back.
pub(super) fn halve(samples: &[f64]) -> Vec<f64> {
    resample(samples, MASTER_RATE, RATE)
}

/// The same sound at 16 kHz. `rate` is in hertz, and not zero.
pub(super) fn to_master_rate(samples: &[f64], rate: u32) -> Vec<f64> {
    match rate {
        MASTER_RATE => samples.to_vec(),
        rate => resample(samples, rate, MASTER_RATE),
    }
}

fn resample(samples: &[f64], from: u32, to: u32) -> Vec<f64> {
    if samples.is_empty() {
        return Vec::new();
    }
    let (from, to) = (from as usize, to as usize);
    let mut resampler = Fft::<f64>::new(from, to, CHUNK, 1, FixedSync::Both)
        .expect("two rates that are not zero are a ratio the resampler knows");
    let input = InterleavedOwned::new_from(samples.to_vec(), 1, samples.len())
        .expect("one channel has as many frames as samples");
    resampler
        .process_all(&input, samples.len(), None)
        .expect("the buffers are sized by the resampler itself")
        .take_data()
}

/// A filter at 16 kHz as a cascade of second-order sections.
fn run(samples: &mut [f64], kind: Type<f64>, corner_hz: f64, qualities: &[f64]) {
    let hertz = |value| Hertz::from_hz(value).expect("a positive frequency");
    for quality in qualities {
        let coefficients = Coefficients::from_params(
            kind,
            hertz(f64::from(MASTER_RATE)),
            hertz(corner_hz),
            *quality,
        )
        .expect("the corner is below half of 16 kHz");
        let mut section = DirectForm2Transposed::<f64>::new(coefficients);
        for sample in samples.iter_mut() {
            *sample = section.run(*sample);
        }
    }
}

const CHUNK: usize = 1_024;
/// Butterworth of order 2: 1/√2.
const BUTTERWORTH_2: [f64; 1] = [std::f64::consts::FRAC_1_SQRT_2];
/// Butterworth of order 4: 1 / (2 cos(π/8)), 1 / (2 cos(3π/8)).
const BUTTERWORTH_4: [f64; 2] = [0.541_196_100_146_197, 1.306_562_964_876_377];

#[cfg(test)]
mod tests {
    use super::super::level::power;
    use super::*;

    fn tone(hertz: f64) -> Vec<f64> {
        (0..16_000)
            .map(|n| (f64::from(n) * hertz * std::f64::consts::TAU / 16_000.0).sin())
            .collect()
    }

    fn through(filter: impl Fn(&mut [f64]), hertz: f64) -> f64 {
        let mut samples = tone(hertz);
        let before = power(&samples);
        filter(&mut samples);
        power(&samples[4_000..]) - before
    }

    #[test]
    fn rumble_goes_and_voice_stays() {
        assert!(through(high_pass_80, 25.0) < -18.0);
        assert!(through(high_pass_80, 300.0).abs() < 0.1);
    }

    #[test]
    fn the_telephone_band_has_its_corners() {
        assert!((through(telephone_band, 200.0) + 3.0).abs() < 0.2);
        assert!((through(telephone_band, 3_400.0) + 3.0).abs() < 0.2);
        assert!(through(telephone_band, 1_000.0).abs() < 0.1);
        assert!(through(telephone_band, 50.0) < -40.0);
        assert!(through(telephone_band, 6_000.0) < -25.0);
    }

    #[test]
    fn halving_keeps_length_and_pitch_and_folds_nothing_back() {
        let low = halve(&tone(1_000.0));
        assert_eq!(low.len(), 8_000);
        assert!((power(&low[800..7_200]) + 3.01).abs() < 0.05);
        let high = halve(&tone(6_000.0));
        assert!(power(&high[800..7_200]) < -60.0);
    }

    #[test]
    fn nothing_halves_to_nothing() {
        assert!(halve(&[]).is_empty());
    }
}
