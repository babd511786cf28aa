//! Talk-off: no word a person says is taken for a key.
//!
//! A caller whose offer has no telephone-event is listened to for tones while they speak.
//! Half an hour of two Italians reading telephone prompts (a woman and a man, recorded at
//! 8 kHz; `tests/setup` installs them from Debian) is put to the detector at three levels.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use std::path::{Path, PathBuf};

use polaris::rtp::ToneDetector;

const VOICES: [&str; 2] = [
    "/usr/share/asterisk/sounds/it_IT_f_Menardi", // asterisk-prompt-it-menardi-wav
    "/usr/share/asterisk/sounds/it_IT_m_Carlo",   // asterisk-core-sounds-it-wav
];
const LEVELS: [f32; 3] = [0.5, 1.0, 2.0];

#[test]
fn no_word_a_person_says_is_taken_for_a_key() {
    let mut seconds = 0.0;
    let mut taken = Vec::new();
    for voice in VOICES {
        let recordings = recordings(Path::new(voice));
        assert!(recordings.len() > 300, "{voice}: run tests/setup");
        for path in recordings {
            let samples = samples(&path);
            seconds += samples.len() as f64 / 8000.0;
            for level in LEVELS {
                let mut detector = ToneDetector::default();
                let louder = samples.iter().map(|sample| (f32::from(*sample) * level) as i16);
                let keys = louder.filter_map(|sample| detector.hear(sample)).count();
                if keys > 0 {
                    taken.push(format!("{} at {level}: {keys}", path.display()));
                }
            }
        }
    }
    assert!(seconds > 1800.0, "only {seconds} s were listened to");
    assert_eq!(taken, Vec::<String>::new());
}

/// Every recording of a voice, those of its subfolders (digits, letters …) too.
fn recordings(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(recordings(&path));
        } else if path.extension().is_some_and(|extension| extension == "wav") {
            found.push(path);
        }
    }
    found
}

fn samples(path: &Path) -> Vec<i16> {
    let mut reader = hound::WavReader::open(path).unwrap();
    assert_eq!(reader.spec().sample_rate, 8_000, "{}", path.display());
    reader.samples::<i16>().map(Result::unwrap).collect()
}
