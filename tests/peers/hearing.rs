//! Making tones and telling them apart; naming what was said.

use std::f64::consts::TAU;
use std::ops::Range;
use std::path::Path;

use polaris::app::recognise::Recogniser;
use polaris::rtp::encode;
use polaris::voice::Recordings;
use polaris::words::Law;

/// Samples a second.
pub const RATE: usize = 8000;

/// Writes a tone as WAV: 8 kHz, 16 bit, one channel.
pub fn sine(file: &Path, hertz: f64, seconds: usize) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(file, spec).unwrap();
    for index in 0..seconds * RATE {
        let sample = (TAU * hertz * index as f64 / RATE as f64).sin() * 12_000.0;
        wav.write_sample(sample as i16).unwrap();
    }
    wav.finalize().unwrap();
}

/// How much of the energy is at `hertz`, between 0 and 1 (Goertzel).
pub fn share_of(samples: &[i16], hertz: f64) -> f64 {
    let energy: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
    if energy < 1.0 {
        return 0.0;
    }
    let turn = 2.0 * (TAU * hertz / RATE as f64).cos();
    let (mut last, mut before) = (0.0, 0.0);
    for sample in samples {
        (last, before) = (f64::from(*sample) + turn * last - before, last);
    }
    let power = last * last + before * before - turn * last * before;
    2.0 * power / (energy * samples.len() as f64)
}

/// The mean share at `hertz` over tenths of a second: a slipped packet breaks the phase
/// of one tenth only.
pub fn mean_share(samples: &[i16], hertz: f64) -> f64 {
    let tenths = samples.chunks_exact(RATE / 10);
    let count = tenths.len().max(1) as f64;
    tenths.map(|tenth| share_of(tenth, hertz)).sum::<f64>() / count
}

/// The recordings of the service that are heard, and where each was recognised.
pub fn recordings_in(samples: &[i16]) -> Vec<(String, Range<usize>)> {
    let recordings = Recordings::embedded();
    let coded = recordings.iter().map(|(language, id, samples)| {
        (language, id, samples.iter().map(|s| encode(Law::Pcma, *s)).collect())
    });
    let mut ear = Recogniser::new(coded);
    // A recording whose first packets are lost, as at a NAT, began before this stream did.
    let silence = [encode(Law::Pcma, 0); RATE];
    assert!(ear.hear(&silence).is_empty());
    let mut named = Vec::new();
    for (index, frame) in samples.chunks(160).enumerate() {
        let frame: Vec<u8> = frame.iter().map(|s| encode(Law::Pcma, *s)).collect();
        for heard in ear.hear(&frame) {
            named.push((heard.prompt.as_str().to_owned(), index * 160..(index + 1) * 160));
        }
    }
    named
}

#[test]
fn a_tone_is_told_from_another_and_from_silence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tone.wav");
    sine(&file, 440.0, 1);
    let mut wav = hound::WavReader::open(file).unwrap();
    let samples: Vec<i16> = wav.samples().map(Result::unwrap).collect();
    assert!(mean_share(&samples, 440.0) > 0.99);
    assert!(mean_share(&samples, 880.0) < 0.01);
    assert!(mean_share(&[0; 1600], 440.0) < 0.01);
}
