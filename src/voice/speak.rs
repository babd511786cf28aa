//! The speech engine: text in, samples at 16 kHz out, or an error within a deadline.
//!
//! The engine is SVOX Pico, old C code: every text is reduced to letters, digits and
//! plain punctuation before it gets there (an unclosed markup tag has been seen to
//! hang it), and it runs on a thread of its own that the caller stops waiting for
//! after two seconds. It is never run for a call in progress.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use ttspico::{Engine, EngineStatus, PicoError, System, Voice};

use super::texts::TEXT_LENGTH_MAX;
use super::{MASTER_RATE, PROMPTS};
use crate::words::Language;

/// Why a text was not spoken. Displays in Italian.
#[derive(Debug, thiserror::Error)]
pub enum SpeakError {
    /// No letter or digit is in it.
    #[error("il testo non ha nulla da pronunciare")]
    NothingToSay,
    /// The voice could not be put where the engine reads it.
    #[error("i file della voce non si possono scrivere nella cartella temporanea")]
    VoiceFiles(#[source] std::io::Error),
    /// The thread could not be started.
    #[error("il sintetizzatore non parte")]
    NoThread(#[source] std::io::Error),
    /// The engine refused; its own status code.
    #[error("il sintetizzatore ha dato l'errore {0}")]
    Engine(i32),
    /// The engine gave no end within the deadline, or speech without end.
    #[error("il sintetizzatore non ha finito in tempo")]
    TooSlow,
    /// The thread ended without an answer.
    #[error("il sintetizzatore si è interrotto")]
    Stopped,
}

impl From<PicoError> for SpeakError {
    fn from(error: PicoError) -> Self {
        Self::Engine(error.code)
    }
}

/// Speaks `text` with the voice of a language: samples at 16 kHz, as the engine gives
/// them. Returns within about two seconds whatever the text.
pub fn speak(text: &str, voice: Language) -> Result<Vec<i16>, SpeakError> {
    let words = plain(text);
    if !words.chars().any(char::is_alphanumeric) {
        return Err(SpeakError::NothingToSay);
    }
    let order = format!("<speed level=\"{SPEED_PERCENT}\">{words}</speed>");
    let abandoned = Arc::new(AtomicBool::new(false));
    let (answer, wait) = mpsc::channel();
    let stop = Arc::clone(&abandoned);
    thread::Builder::new()
        .name("speak".to_owned())
        .spawn(move || answer.send(run(&order, voice, &stop)))
        .map_err(SpeakError::NoThread)?;
    match wait.recv_timeout(DEADLINE) {
        Ok(spoken) => spoken,
        Err(RecvTimeoutError::Timeout) => {
            abandoned.store(true, Ordering::Relaxed);
            Err(SpeakError::TooSlow)
        }
        Err(RecvTimeoutError::Disconnected) => Err(SpeakError::Stopped),
    }
}

/// What decides how a text sounds, besides the text: part of a recording's fingerprint.
pub(super) fn manner(voice: Language) -> String {
    format!("pico {} {SPEED_PERCENT}", voice_files(voice)[1])
}

/// Only what the engine is known to read: Latin letters, digits, plain punctuation.
fn plain(text: &str) -> String {
    let kept: String = text
        .chars()
        .take(TEXT_LENGTH_MAX)
        .map(|c| match c {
            '’' => '\'',
            _ if c.is_ascii_alphanumeric() || ".,;:!?'".contains(c) => c,
            // Latin-1 and Latin Extended-A, without × and ÷.
            'À'..='ž' if c.is_alphabetic() => c,
            _ => ' ',
        })
        .collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The engine's whole life: one system a thread, as its interface asks.
fn run(order: &str, voice: Language, stop: &AtomicBool) -> Result<Vec<i16>, SpeakError> {
    let mut engine = engine(voice)?;
    let mut speech = Vec::new();
    let mut text = order.as_bytes();
    let mut buffer = [0_i16; 1_024];
    while !text.is_empty() {
        let taken = engine.put_text(text)?;
        text = text.get(taken..).unwrap_or_default();
        if taken == 0 {
            drain(&mut engine, &mut buffer, &mut speech, stop)?;
        }
    }
    engine.flush()?;
    drain(&mut engine, &mut buffer, &mut speech, stop)?;
    Ok(speech)
}

/// Takes speech until the engine has no more.
fn drain(
    engine: &mut Engine,
    buffer: &mut [i16],
    speech: &mut Vec<i16>,
    stop: &AtomicBool,
) -> Result<(), SpeakError> {
    loop {
        let (count, status) = engine.get_data(&mut *buffer)?;
        speech.extend_from_slice(buffer.get(..count).unwrap_or_default());
        if status == EngineStatus::Idle {
            return Ok(());
        }
        if stop.load(Ordering::Relaxed) || speech.len() > SPEECH_MAX {
            return Err(SpeakError::TooSlow);
        }
    }
}

/// An engine that speaks with the voice of a language.
fn engine(language: Language) -> Result<Engine, SpeakError> {
    let folder = VoiceFolder::write(language).map_err(SpeakError::VoiceFiles)?;
    let system = System::new(ENGINE_BYTES)?;
    let voice = System::create_voice(Rc::clone(&system), "polaris")?;
    for name in voice_files(language) {
        let path = folder.0.join(name);
        let resource = System::load_resource(Rc::clone(&system), path.to_string_lossy())?;
        voice.borrow_mut().add_resource(resource)?;
    }
    #[expect(
        unsafe_code,
        reason = "the crate marks this unsafe for voices without resources; both were added above"
    )]
    // SAFETY: text analysis and speech generation were added to this voice, or we left with `?`.
    let engine = unsafe { Voice::create_engine(voice) }?;
    Ok(engine)
}

/// The text analysis and the speech generation of a voice.
fn voice_files(language: Language) -> [&'static str; 2] {
    match language {
        Language::It => ["it-IT_ta.bin", "it-IT_cm0_sg.bin"],
        Language::En => ["en-GB_ta.bin", "en-GB_kh0_sg.bin"],
    }
}

/// The voice on disk for as long as the engine loads it: it takes paths only.
struct VoiceFolder(PathBuf);

impl VoiceFolder {
    fn write(language: Language) -> std::io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("polaris-voice-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        // What a process of the same number left behind when it was killed.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder)?;
        let folder = Self(folder);
        for name in voice_files(language) {
            let file = PROMPTS
                .get_file(Path::new("voices").join(name))
                .ok_or(std::io::ErrorKind::NotFound)?;
            fs::write(folder.0.join(name), file.contents())?;
        }
        Ok(folder)
    }
}

impl Drop for VoiceFolder {
    fn drop(&mut self) {
        // A folder left in the temporary place harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Clearer than the voice's own pace, and still short enough before the menu.
const SPEED_PERCENT: u32 = 92;
const DEADLINE: Duration = Duration::from_secs(2);
/// Enough for one voice; the engine allocates nothing else.
const ENGINE_BYTES: usize = 4 * 1024 * 1024;
/// Two minutes: no text allowed lasts as long.
const SPEECH_MAX: usize = MASTER_RATE as usize * 120;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_voices_speak() {
        for (text, voice) in [("Resti in linea.", Language::It), ("Hold on.", Language::En)] {
            let speech = speak(text, voice).unwrap();
            assert!(speech.len() > 8_000, "{} samples", speech.len());
            assert!(speech.iter().any(|sample| sample.abs() > 1_000));
        }
    }

    #[test]
    fn markup_never_reaches_the_engine() {
        assert_eq!(plain("a <phoneme ph=\"b\"> c"), "a phoneme ph b c");
        assert_eq!(plain("l’uno\u{0}\u{1b}😀 due—tre\n"), "l'uno due tre");
        assert_eq!(plain("Può, sì: città"), "Può, sì: città");
    }

    #[test]
    fn nothing_to_say_is_said_so() {
        for nothing in ["", " ", "…", "<>", "😀", "?!"] {
            assert!(matches!(speak(nothing, Language::It), Err(SpeakError::NothingToSay)));
        }
    }

    #[test]
    fn the_engine_repeats_itself_exactly() {
        let once = speak("Scheda quattro, uno, sette.", Language::It).unwrap();
        assert_eq!(once, speak("Scheda quattro, uno, sette.", Language::It).unwrap());
    }
}
