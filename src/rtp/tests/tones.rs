use super::*;

/// One key as a telephone sounds it; levels are amplitudes, lengths milliseconds.
#[derive(Clone, Copy)]
struct Sounded {
    low: f32,
    high: f32,
    detune: f32,
    on: usize,
    off: usize,
}

const USUAL: Sounded = Sounded { low: 6000.0, high: 6000.0, detune: 1.0, on: 100, off: 100 };

fn sound(keys: &str, how: Sounded) -> Vec<i16> {
    let mut samples = vec![0; 333];
    for key in keys.bytes() {
        let (row, column) = place_of(key);
        samples.extend((0..how.on * 8).map(|nth| {
            let turn = std::f32::consts::TAU * nth as f32 / 8000.0 * how.detune;
            (how.low * (turn * ROWS[row]).sin() + how.high * (turn * COLUMNS[column]).sin()) as i16
        }));
        samples.extend(std::iter::repeat_n(0, how.off * 8));
    }
    samples
}

fn place_of(key: u8) -> (usize, usize) {
    KEYPAD
        .iter()
        .enumerate()
        .find_map(|(row, keys)| Some((row, keys.iter().position(|other| *other == key)?)))
        .unwrap()
}

fn heard(samples: &[i16]) -> String {
    let mut detector = ToneDetector::default();
    samples.iter().filter_map(|sample| detector.hear(*sample)).map(Digit::as_char).collect()
}

/// Noise of a fixed seed, uniform in ±`peak`.
fn noise(peak: f32) -> impl FnMut() -> f32 {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state as i32) as f32 / i32::MAX as f32 * peak
    }
}

const ALL_KEYS: &str = "1234567890*#1155";

#[test]
fn every_key_is_heard_once_a_press() {
    assert_eq!(heard(&sound(ALL_KEYS, USUAL)), ALL_KEYS);
}

#[test]
fn the_shortest_tone_and_pause_of_the_standard_are_enough() {
    for shift in 0..80 {
        let mut samples = vec![0; shift];
        samples.extend(sound(ALL_KEYS, Sounded { on: 40, off: 40, ..USUAL }));
        assert_eq!(heard(&samples), ALL_KEYS, "{shift}");
    }
}

#[test]
fn a_click_of_twenty_milliseconds_is_no_key() {
    for shift in 0..80 {
        let mut samples = vec![0; shift];
        samples.extend(sound(ALL_KEYS, Sounded { on: 20, ..USUAL }));
        assert_eq!(heard(&samples), "", "{shift}");
    }
}

#[test]
fn a_dropout_of_ten_milliseconds_is_no_second_press() {
    for shift in 0..80 {
        let mut samples = sound("5", Sounded { on: 200, ..USUAL });
        samples[333 + 700 + shift..][..80].fill(0);
        assert_eq!(heard(&samples), "5", "{shift}");
    }
}

#[test]
fn twist_and_detuning_within_the_standard_are_heard() {
    let db = |level: f32| 6000.0 * 10_f32.powf(level / 20.0);
    for (low, high) in [(0.0, -8.0), (0.0, -4.0), (-4.0, 0.0)] {
        for detune in [0.985, 1.0, 1.015] {
            let how = Sounded { low: db(low), high: db(high), detune, ..USUAL };
            assert_eq!(heard(&sound(ALL_KEYS, how)), ALL_KEYS, "{low} {high} {detune}");
        }
    }
}

#[test]
fn a_tone_outside_the_standard_is_no_key() {
    let none = [
        Sounded { high: 300.0, ..USUAL },
        Sounded { low: 800.0, ..USUAL },
        Sounded { detune: 1.06, ..USUAL },
        Sounded { low: 100.0, high: 100.0, ..USUAL },
    ];
    for how in none {
        assert_eq!(heard(&sound(ALL_KEYS, how)), "");
    }
}

#[test]
fn weak_loud_and_noisy_keys_are_heard_through_the_codec() {
    for level in [500.0, 2000.0, 14_000.0] {
        let how = Sounded { low: level, high: level, ..USUAL };
        let mut hiss = noise(level * 0.3);
        let law = crate::words::Law::Pcma;
        let coded: Vec<u8> = sound(ALL_KEYS, how)
            .into_iter()
            .map(|sample| super::super::encode(law, (f32::from(sample) + hiss()) as i16))
            .collect();
        let samples: Vec<i16> = super::super::decode(law, &coded).collect();
        assert_eq!(heard(&samples), ALL_KEYS, "{level}");
    }
}

/// Voices: a pitch that glides through the range of men, women and children, four
/// formants that wander, with vibrato and breath; ten minutes.
#[test]
fn no_synthetic_voice_is_taken_for_a_key() {
    let mut breath = noise(1.0);
    let mut phase = 0.0_f32;
    let mut formants = [[0.0_f32; 2]; 4];
    let mut detector = ToneDetector::default();
    let mut loud = 0.0_f64;
    let length = 600 * 8000;
    for nth in 0..length {
        let second = nth as f32 / 8000.0;
        let pitch = 170.0 + 90.0 * (second * 0.9).sin() + 60.0 * (second * 0.13).sin();
        phase += pitch / 8000.0;
        let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
        phase = phase.fract();
        let places = [
            550.0 + 300.0 * (second * 2.3).sin(),
            1400.0 + 600.0 * (second * 1.7).sin(),
            2500.0 + 300.0 * (second * 1.1).sin(),
            3400.0,
        ];
        let mut sample = 0.0;
        for (state, (place, width)) in
            formants.iter_mut().zip(places.into_iter().zip([60.0, 90.0, 120.0, 150.0_f32]))
        {
            let radius = (-std::f32::consts::PI * width / 8000.0).exp();
            let turn = 2.0 * radius * (std::f32::consts::TAU * place / 8000.0).cos();
            let out = pulse + 0.01 * breath() + turn * state[0] - radius * radius * state[1];
            *state = [out, state[0]];
            sample += out;
        }
        let sample = (sample * 2500.0).clamp(-32_000.0, 32_000.0) as i16;
        loud += f64::from(sample).powi(2);
        assert_eq!(detector.hear(sample).map(Digit::as_char), None, "at {second} s");
    }
    assert!((loud / f64::from(length)).sqrt() > 800.0, "the voice must be loud enough to matter");
}

/// `tests/media/speech.wav`: Italian and English sentences of a speech synthesiser.
#[test]
fn no_spoken_sentence_is_taken_for_a_key() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/media/speech.wav");
    let mut reader = hound::WavReader::open(path).unwrap();
    let samples: Vec<i16> = reader.samples::<i16>().map(Result::unwrap).collect();
    assert!(samples.len() > 30 * 8000);
    for gain in [0.5, 1.0, 3.0] {
        let louder: Vec<i16> =
            samples.iter().map(|sample| (f32::from(*sample) * gain) as i16).collect();
        assert_eq!(heard(&louder), "", "gain {gain}");
    }
}
