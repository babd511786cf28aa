//! How loud: the active speech level of ITU-T P.56, and the peak.
//!
//! Samples are fractions of full scale. Levels are in dBov (0 dBov: the power of a
//! full-scale square wave, ITU-T G.100.1), so a full-scale sine is at −3.01 dBov;
//! peaks are in dBFS (0: the largest sample).

/// The level of the active part of `samples` in dBov, by method B of ITU-T P.56
/// (12/2011) §7: pauses over 200 ms do not count.
///
/// `None` for silence, or for something that is never active, such as clicks.
pub fn active_level(samples: &[f64], rate: u32) -> Option<f64> {
    let activity = Activity::measure(samples, f64::from(rate));
    activity.level()
}

/// The largest sample in dBFS; −120 for digital silence.
pub fn peak(samples: &[f64]) -> f64 {
    let largest = samples.iter().fold(0.0_f64, |largest, sample| largest.max(sample.abs()));
    20.0 * largest.max(SILENCE).log10()
}

/// The power of all of `samples` in dBov; −120 for silence.
pub fn power(samples: &[f64]) -> f64 {
    let sum: f64 = samples.iter().map(|sample| sample * sample).sum();
    let mean = sum / (samples.len().max(1) as f64);
    10.0 * mean.max(SILENCE * SILENCE).log10()
}

/// Samples as fractions of full scale.
pub fn fractions(samples: &[i16]) -> Vec<f64> {
    samples.iter().map(|sample| f64::from(*sample) / FULL_SCALE).collect()
}

/// How much energy there is, and for how many samples the envelope was above each
/// threshold.
struct Activity {
    energy: f64,
    active: [u64; THRESHOLDS],
}

impl Activity {
    /// P.56 §7.3.1: a two-stage exponential envelope against thresholds one octave
    /// (6.02 dB) apart; a threshold stays active for the hangover time after it.
    fn measure(samples: &[f64], rate: f64) -> Self {
        let smoothing = (-1.0 / (rate * TIME_CONSTANT_S)).exp();
        let hangover = (rate * HANGOVER_S).ceil() as u64;
        let (mut first, mut envelope, mut energy) = (0.0, 0.0, 0.0);
        let mut active = [0_u64; THRESHOLDS];
        let mut since = [hangover; THRESHOLDS];
        for sample in samples {
            energy += sample * sample;
            first = smoothing * first + (1.0 - smoothing) * sample.abs();
            envelope = smoothing * envelope + (1.0 - smoothing) * first;
            for (index, (active, since)) in active.iter_mut().zip(&mut since).enumerate() {
                if envelope >= threshold(index) {
                    *active += 1;
                    *since = 0;
                } else if *since < hangover {
                    *active += 1;
                    *since += 1;
                }
            }
        }
        Self { energy, active }
    }

    /// P.56 §7.3.2: the level at which the active power lies the margin above its
    /// threshold, interpolated in decibels between two thresholds.
    fn level(&self) -> Option<f64> {
        let mut below: Option<(f64, f64)> = None;
        for (index, active) in self.active.iter().enumerate() {
            if *active == 0 || self.energy <= 0.0 {
                return None;
            }
            let level = 10.0 * (self.energy / *active as f64).log10();
            let margin = level - 20.0 * threshold(index).log10();
            if margin <= MARGIN_DB {
                return Some(match below {
                    Some((level_below, margin_below)) => {
                        let share = (margin_below - MARGIN_DB) / (margin_below - margin);
                        level_below + share * (level - level_below)
                    }
                    None => level,
                });
            }
            below = Some((level, margin));
        }
        None
    }
}

/// The threshold of an index, as a fraction of full scale: 2⁻¹⁶ … 2⁻¹.
fn threshold(index: usize) -> f64 {
    0.5_f64.powi((THRESHOLDS - index) as i32)
}

/// What a full-scale 16-bit sample is divided by.
pub(super) const FULL_SCALE: f64 = 32_768.0;
/// The smallest amplitude a logarithm is taken of: −120 dB.
const SILENCE: f64 = 1e-6;
/// P.56 table 1: T.
const TIME_CONSTANT_S: f64 = 0.03;
/// P.56 table 1: H.
const HANGOVER_S: f64 = 0.2;
/// P.56 table 1: M.
const MARGIN_DB: f64 = 15.9;
/// One per bit of a sample.
const THRESHOLDS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(level_dbov: f64, seconds: f64, rate: u32) -> Vec<f64> {
        let amplitude = 10_f64.powf(level_dbov / 20.0) * 2_f64.sqrt();
        (0..(seconds * f64::from(rate)) as usize)
            .map(|n| amplitude * (n as f64 * 440.0 * std::f64::consts::TAU / f64::from(rate)).sin())
            .collect()
    }

    #[test]
    fn a_steady_tone_measures_its_own_power() {
        for rate in [8_000, 16_000] {
            for level in [-50.0, -35.0, -26.0, -20.0, -10.0] {
                let measured = active_level(&sine(level, 5.0, rate), rate).unwrap();
                assert!((measured - level).abs() < 0.1, "{level} measured as {measured}");
            }
        }
    }

    #[test]
    fn a_long_pause_does_not_lower_the_level() {
        let mut samples = sine(-20.0, 4.0, 8_000);
        samples.extend(vec![0.0; 8_000 * 20]);
        let measured = active_level(&samples, 8_000).unwrap();
        // 4 s of tone are counted with 0.2 s of hangover and some decay of the envelope.
        assert!((-20.5..-20.0).contains(&measured), "{measured}");
        assert!(power(&samples) < -27.0);
    }

    #[test]
    fn talk_spurts_count_with_their_hangover() {
        let mut samples = Vec::new();
        for _ in 0..10 {
            samples.extend(sine(-20.0, 1.0, 8_000));
            samples.extend(vec![0.0; 8_000]);
        }
        // 1 s of energy over 1 s + 0.2 s of hangover + the envelope's decay of 15.9 dB.
        let measured = active_level(&samples, 8_000).unwrap();
        assert!((-21.6..-20.7).contains(&measured), "{measured}");
    }

    #[test]
    fn a_pause_shorter_than_the_hangover_is_speech() {
        let mut samples = Vec::new();
        for _ in 0..20 {
            samples.extend(sine(-20.0, 0.1, 8_000));
            samples.extend(vec![0.0; 800]);
        }
        let measured = active_level(&samples, 8_000).unwrap();
        assert!((measured - power(&samples)).abs() < 0.3, "{measured}");
    }

    #[test]
    fn twice_the_amplitude_is_six_decibels() {
        let quiet = sine(-30.0, 3.0, 8_000);
        let loud: Vec<f64> = quiet.iter().map(|sample| sample * 2.0).collect();
        let step = active_level(&loud, 8_000).unwrap() - active_level(&quiet, 8_000).unwrap();
        assert!((step - 6.02).abs() < 0.01, "{step}");
    }

    #[test]
    fn silence_and_clicks_have_no_speech_level() {
        assert_eq!(active_level(&[], 8_000), None);
        assert_eq!(active_level(&[0.0; 8_000], 8_000), None);
        let mut click = vec![0.0; 8_000];
        click[4_000] = 1.0;
        assert_eq!(active_level(&click, 8_000), None);
    }
}
