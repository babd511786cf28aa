//! A recording that is tried out before anybody hears it on the telephone.
//!
//! It publishes nothing: [`OwnPrompts`](super::OwnPrompts) does. Law: what comes out can be
//! played on the line as it is, and says what is wrong with its sound.

use std::io::Cursor;

use hound::{SampleFormat, WavReader};

use super::check::{Spoken, listen};
use super::level::{active_level, fractions, peak, power};
use super::speak::{SpeakError, speak};
use super::texts::TEXT_LENGTH_MAX;
use super::{Fault, RATE, chain, filters, wav};
use crate::words::Language;

/// A recording as it would be heard.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// A WAV file: 8 kHz, mono, 16 bit.
    pub wav: Vec<u8>,
    /// How long it lasts.
    pub seconds: f64,
    /// Its active speech level, ITU-T P.56.
    pub level_dbov: f64,
    /// Its largest sample.
    pub peak_dbfs: f64,
    /// What is wrong with its sound; none of it keeps it from being played.
    pub faults: Vec<Fault>,
}

/// Why there is nothing to listen to. Displays in Italian.
#[derive(Debug, thiserror::Error)]
pub enum TryPromptError {
    /// It cannot be played.
    #[error("{0}")]
    Fault(Fault),
    /// The samples are of a kind nobody reads here.
    #[error(
        "il WAV è a {rate} Hz, {channels} canali, {bits} bit: serve un WAV non compresso a 16, 24 \
         o 32 bit, con uno o due canali, da 8000 a 96000 Hz"
    )]
    Kind {
        /// Samples per second.
        rate: u32,
        /// How many channels.
        channels: u16,
        /// Bits per sample.
        bits: u16,
    },
    /// The engine failed.
    #[error("il testo non è stato pronunciato: {0}. Prova a cambiarlo")]
    Speak(#[from] SpeakError),
    /// The text is longer than a caller can be asked to hear.
    #[error("il testo ha {0} caratteri, il massimo è {TEXT_LENGTH_MAX}: accorcialo")]
    TooLong(usize),
    /// The file could not be made.
    #[error("la registrazione non si può preparare")]
    Write(#[source] std::io::Error),
}

impl Trial {
    /// Speaks `text`, a prompt of at most 600 characters, through the chain of all prompts.
    /// Takes up to two seconds.
    ///
    /// # Errors
    /// When it is too long, has nothing to say, or the engine fails.
    pub fn of_text(text: &str, language: Language) -> Result<Self, TryPromptError> {
        let length = text.chars().count();
        if length > TEXT_LENGTH_MAX {
            return Err(TryPromptError::TooLong(length));
        }
        Self::of(&chain::telephone(&speak(text, language)?))
    }

    /// A recording somebody made, in the telephone's band, rate and level: a WAV of 8 to
    /// 96 kHz, one or two channels, 16 to 32 bits.
    ///
    /// # Errors
    /// When it is no such WAV, holds nothing, or is longer than half a minute.
    pub fn of_recording(file: &[u8]) -> Result<Self, TryPromptError> {
        Self::of(&chain::recorded(&read(file)?))
    }

    /// A recording that went through here before, as it is.
    ///
    /// # Errors
    /// When it is no recording of the line.
    pub fn of_prompt(wav: &[u8]) -> Result<Self, TryPromptError> {
        Self::of(&wav::parse(wav).map_err(TryPromptError::Fault)?)
    }

    fn of(samples: &[i16]) -> Result<Self, TryPromptError> {
        let mut faults = listen(samples, Spoken::Yes);
        if let Some(refused) = faults.iter().position(Fault::refuses) {
            return Err(TryPromptError::Fault(faults.swap_remove(refused)));
        }
        let sound = fractions(samples);
        Ok(Self {
            wav: wav::bytes(samples, RATE).map_err(TryPromptError::Write)?,
            seconds: samples.len() as f64 / f64::from(RATE),
            level_dbov: active_level(&sound, RATE).unwrap_or_else(|| power(&sound)),
            peak_dbfs: peak(&sound),
            faults,
        })
    }
}

/// The samples of a WAV at 16 kHz, its channels mixed.
fn read(file: &[u8]) -> Result<Vec<f64>, TryPromptError> {
    let unreadable = || TryPromptError::Fault(Fault::Unreadable);
    let reader = WavReader::new(Cursor::new(file)).map_err(|_| unreadable())?;
    let spec = reader.spec();
    let known = spec.sample_format == SampleFormat::Int
        && matches!(spec.bits_per_sample, 16 | 24 | 32)
        && matches!(spec.channels, 1 | 2)
        && RATES.contains(&spec.sample_rate);
    if !known {
        let (rate, channels, bits) = (spec.sample_rate, spec.channels, spec.bits_per_sample);
        return Err(TryPromptError::Kind { rate, channels, bits });
    }
    let seconds = f64::from(reader.duration()) / f64::from(spec.sample_rate);
    if seconds > SECONDS_MAX {
        return Err(TryPromptError::Fault(Fault::TooLong(seconds)));
    }
    let full = f64::from(1_u32 << (spec.bits_per_sample - 1));
    let samples: Result<Vec<i32>, _> = reader.into_samples().collect();
    let samples = samples.map_err(|_| unreadable())?;
    if samples.is_empty() {
        return Err(TryPromptError::Fault(Fault::Empty));
    }
    let channels = usize::from(spec.channels);
    let mixed: Vec<f64> = samples
        .chunks(channels)
        .map(|frame| frame.iter().copied().map(f64::from).sum::<f64>() / full / channels as f64)
        .collect();
    Ok(filters::to_master_rate(&mixed, spec.sample_rate))
}

/// What sound cards and telephones record at.
const RATES: [u32; 9] = [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];
/// As long as a prompt may be.
const SECONDS_MAX: f64 = 30.0;

#[cfg(test)]
mod tests {
    use hound::{WavSpec, WavWriter};

    use super::*;

    /// A WAV with a tone as loud as `amplitude` of full scale.
    fn tone(rate: u32, channels: u16, bits: u16, seconds: f64, amplitude: f64) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let spec = WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: bits,
            sample_format: SampleFormat::Int,
        };
        let mut writer = WavWriter::new(&mut file, spec).unwrap();
        let full = f64::from((1_u32 << (bits - 1)) - 1);
        for frame in 0..(seconds * f64::from(rate)) as u32 {
            let phase = f64::from(frame) * 440.0 * std::f64::consts::TAU / f64::from(rate);
            for _ in 0..channels {
                writer.write_sample((phase.sin() * amplitude * full) as i32).unwrap();
            }
        }
        writer.finalize().unwrap();
        file.into_inner()
    }

    #[test]
    fn a_recording_of_any_usual_kind_becomes_one_of_the_line() {
        let kinds = [(1, 24), (2, 16), (2, 32)].map(|(channels, bits)| (48_000, channels, bits));
        for (rate, channels, bits) in RATES.map(|rate| (rate, 1, 16)).into_iter().chain(kinds) {
            let trial = Trial::of_recording(&tone(rate, channels, bits, 1.0, 0.1)).unwrap();
            assert!((trial.seconds - 1.14).abs() < 0.05, "{rate}: {} s", trial.seconds);
            let loud = (trial.level_dbov - chain::LEVEL_DBOV).abs();
            assert!(loud < 0.5, "{rate} {channels} {bits}: {} dBov", trial.level_dbov);
            assert_eq!(wav::parse(&trial.wav).map(|samples| samples.is_empty()), Ok(false));
        }
    }

    #[test]
    fn what_cannot_be_a_prompt_is_refused_with_a_sentence() {
        for (file, words) in [
            (b"MThd".to_vec(), "non è un WAV intero"),
            (tone(8_000, 1, 16, 0.0, 0.1), "non contiene suono"),
            (tone(8_000, 1, 16, 30.5, 0.1), "il massimo è 30"),
            (tone(8_000, 1, 16, 2.0, 0.0), "non si sente nulla"),
            (tone(12_345, 1, 16, 1.0, 0.1), "12345 Hz"),
        ] {
            let said = Trial::of_recording(&file).unwrap_err().to_string();
            assert!(said.contains(words), "{words}: {said}");
        }
    }

    #[test]
    fn a_text_is_heard_at_the_level_of_all_prompts() {
        let trial = Trial::of_text("Resti in linea.", Language::It).unwrap();
        assert_eq!(trial.faults, Vec::new());
        assert!((trial.level_dbov - chain::LEVEL_DBOV).abs() < 0.5);
        let long = "a".repeat(TEXT_LENGTH_MAX + 1);
        for (text, words) in [("…", "nulla da pronunciare"), (long.as_str(), "il massimo è 600")]
        {
            let said = Trial::of_text(text, Language::It).unwrap_err().to_string();
            assert!(said.contains(words), "{said}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_file_is_a_recording_or_a_sentence(
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400),
            rate in 1_u32..200_000,
        ) {
            let _ = Trial::of_recording(&bytes);
            let mut named = tone(8_000, 1, 16, 0.2, 0.1);
            named.splice(24..28, rate.to_le_bytes());
            let _ = Trial::of_recording(&named);
        }
    }
}
