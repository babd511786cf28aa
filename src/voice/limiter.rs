//! A limiter that sees a peak before it comes.

/// Keeps every sample of `samples` within ±`ceiling` (a fraction of full scale).
///
/// The gain needed by each sample is held for the look-ahead before it, let go
/// slowly, and averaged over the same look-ahead: it glides down in time and never
/// has to clip.
pub(super) fn limit(samples: &mut [f64], rate: u32, ceiling: f64) {
    let ahead = (f64::from(rate) * LOOK_AHEAD_S) as usize;
    let needed: Vec<f64> = samples.iter().map(|sample| (ceiling / sample.abs()).min(1.0)).collect();
    if needed.iter().all(|gain| *gain >= 1.0) {
        return;
    }
    let held = release(&lowest_ahead(&needed, ahead), rate);
    for (index, sample) in samples.iter_mut().enumerate() {
        let from = index.saturating_sub(ahead);
        let Some(window) = held.get(from..=index) else { continue };
        // Every gain of the window has looked at this sample, so none is above its need.
        let gain = window.iter().sum::<f64>() / (window.len() as f64);
        *sample = (*sample * gain).clamp(-ceiling, ceiling);
    }
}

/// The lowest gain among each sample and the `ahead` that follow.
fn lowest_ahead(needed: &[f64], ahead: usize) -> Vec<f64> {
    (0..needed.len())
        .map(|index| {
            let until = (index + ahead + 1).min(needed.len());
            needed.get(index..until).unwrap_or(&[]).iter().copied().fold(1.0, f64::min)
        })
        .collect()
}

/// Lets the gain rise only as fast as the release time.
fn release(gains: &[f64], rate: u32) -> Vec<f64> {
    let step = 1.0 - (-1.0 / (f64::from(rate) * RELEASE_S)).exp();
    let mut current = 1.0_f64;
    gains
        .iter()
        .map(|gain| {
            current = gain.min(current + (1.0 - current) * step);
            current
        })
        .collect()
}

const LOOK_AHEAD_S: f64 = 0.005;
const RELEASE_S: f64 = 0.05;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sample_passes_the_ceiling() {
        let mut samples: Vec<f64> =
            (0..8_000).map(|n| (f64::from(n) * 0.37).sin() * f64::from(n % 900) / 450.0).collect();
        limit(&mut samples, 8_000, 0.7);
        assert!(samples.iter().all(|sample| sample.abs() <= 0.7 + 1e-12));
    }

    #[test]
    fn what_is_under_the_ceiling_is_not_touched() {
        let samples: Vec<f64> = (0..800).map(|n| (f64::from(n) * 0.1).sin() * 0.5).collect();
        let mut limited = samples.clone();
        limit(&mut limited, 8_000, 0.7);
        assert_eq!(samples, limited);
    }

    #[test]
    fn the_gain_glides_down_before_the_peak() {
        let mut samples = vec![0.1; 800];
        samples[400] = 1.0;
        limit(&mut samples, 8_000, 0.5);
        assert!(samples[350] > 0.099, "far before the peak nothing changes");
        assert!(samples[390] < 0.099, "the gain is on its way down");
        assert!((samples[400] - 0.5).abs() < 0.01);
    }
}
