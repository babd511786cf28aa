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
///
/// Between square brackets stand the sounds of a word in X-SAMPA, where the engine
/// would stress it wrongly: `San ["dO.na.tSi]`.
pub fn speak(text: &str, voice: Language) -> Result<Vec<i16>, SpeakError> {
    if !plain(text).chars().any(char::is_alphanumeric) {
        return Err(SpeakError::NothingToSay);
    }
    let order = format!("<speed level=\"{SPEED_PERCENT}\">{}</speed>", pronounced(text));
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

/// The text with its bracketed words as the engine's own markup. Only letters, dots and
/// stress marks make a word; other brackets vanish like any other sign.
fn pronounced(text: &str) -> String {
    let mut order = String::new();
    let mut rest = text;
    while let Some((before, (sounds, after))) =
        rest.split_once('[').and_then(|(before, inside)| Some((before, inside.split_once(']')?)))
    {
        let known = |c: char| c.is_ascii_alphabetic() || c == '.' || c == '"';
        join(&mut order, &plain(before));
        if (1..=SOUNDS_MAX).contains(&sounds.len()) && sounds.chars().all(known) {
            join(&mut order, &format!("<phoneme alphabet=\"xsampa\" ph='{sounds}'/>"));
        } else {
            join(&mut order, &plain(sounds));
        }
        rest = after;
    }
    join(&mut order, &plain(rest));
    order
}

/// Adds a piece, after a space unless it begins with a sign.
fn join(order: &mut String, piece: &str) {
    if !order.is_empty() && !piece.starts_with(|c: char| ".,;:!?".contains(c)) {
        order.push(' ');
    }
    order.push_str(piece);
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
/// The engine's arena. One voice needs 4 MB of it, but the engine reads memory it never
/// wrote, so that in a used block the same text gives other samples. Above 32 MB the
/// allocator always maps fresh pages, which are zero, and those not touched cost nothing
/// (mallopt(3), `M_MMAP_THRESHOLD`).
const ENGINE_BYTES: usize = 40 * 1024 * 1024;
/// The longest word in X-SAMPA.
const SOUNDS_MAX: usize = 40;
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
    fn only_a_word_in_brackets_becomes_markup() {
        let donaci = "San <phoneme alphabet=\"xsampa\" ph='\"dO.na.tSi'/>.";
        assert_eq!(pronounced("San [\"dO.na.tSi]."), donaci);
        for text in ["[", "]", "a [b", "[<x>]", "[a'/><y]", "[[a]", "[]"] {
            let order = pronounced(text);
            let tags = order.matches("<phoneme alphabet=\"xsampa\" ph='").count();
            assert_eq!(order.matches('<').count(), tags, "{order}");
            assert_eq!(order.matches('>').count(), tags, "{order}");
        }
    }

    #[test]
    fn nothing_to_say_is_said_so() {
        for nothing in ["", " ", "…", "<>", "😀", "?!"] {
            assert!(matches!(speak(nothing, Language::It), Err(SpeakError::NothingToSay)));
        }
    }

    #[test]
    fn the_engine_repeats_itself_whatever_it_said_before() {
        let say = |text| speak(text, Language::It).unwrap();
        let once = say("Scheda quattro, uno, sette.");
        for other in ["Casa.", "Resti in linea.", "Il titolare dei dati è l'Ambito di Lecce."] {
            say(other);
            assert!(once == say("Scheda quattro, uno, sette."), "changed after «{other}»");
        }
    }
}
