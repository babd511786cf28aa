//! Looks over a set of prompts.

use std::collections::BTreeSet;
use std::path::Path;

use super::ledger::Ledger;
use super::level::{active_level, fractions, power};
use super::place::Place;
use super::render::read_texts;
use super::{Defect, Entry, Fault, RATE, Texts, for_responders_only, wav};
use crate::words::{Language, PromptId};

/// What a look over a set of prompts found.
#[derive(Debug)]
pub struct Checked {
    /// How many recordings were looked at.
    pub recordings: usize,
    /// Everything wrong with texts and recordings, and the ones without the other.
    pub defects: Vec<Defect>,
}

/// Looks over the prompts of `folder`.
pub fn check(folder: &Path) -> Checked {
    look_over(Place::Folder(folder))
}

/// Looks over the prompts in the binary.
pub fn check_embedded() -> Checked {
    look_over(Place::Binary)
}

fn look_over(place: Place<'_>) -> Checked {
    let read = |language| (language, read_texts(place, language));
    let sets: Vec<_> = Language::ALL.into_iter().map(read).collect();
    let every: BTreeSet<PromptId> = sets.iter().flat_map(|(_, (texts, _))| texts.ids()).collect();
    let mut checked = Checked { recordings: 0, defects: Vec::new() };
    for (language, (texts, problems)) in sets {
        checked.recordings += place.recordings(language).len();
        checked.defects.extend(problems);
        if !texts.ids().is_empty() {
            checked.defects.extend(missing_texts(place, language, &texts, &every));
        }
        checked.defects.extend(recordings(place, language, &texts));
        checked.defects.extend(orphans(place, language, &texts));
    }
    checked
}

/// What is wrong with the sound of `samples`, 8 kHz mono; `spoken` says whether they
/// must be as loud as speech.
pub(super) fn listen(samples: &[i16], spoken: Spoken) -> Vec<Fault> {
    let sound = fractions(samples);
    let seconds = samples.len() as f64 / f64::from(RATE);
    let mut faults = Vec::new();
    if seconds > SECONDS_MAX {
        faults.push(Fault::TooLong(seconds));
    }
    let level = match spoken {
        Spoken::Yes => active_level(&sound, RATE).unwrap_or_else(|| power(&sound)),
        Spoken::No => power(&sound),
    };
    match spoken {
        _ if level < INAUDIBLE_DBOV => faults.push(Fault::Inaudible),
        Spoken::Yes if level < QUIETEST_DBOV => faults.push(Fault::TooQuiet(level)),
        Spoken::Yes | Spoken::No if level > LOUDEST_DBOV => faults.push(Fault::TooLoud(level)),
        Spoken::Yes | Spoken::No => {}
    }
    let clipped = clipped(samples);
    if clipped > 0 {
        faults.push(Fault::Clipped(clipped));
    }
    let middle = sound.iter().sum::<f64>() / (sound.len().max(1) as f64) * 100.0;
    if middle.abs() > DIRECT_CURRENT_PERCENT {
        faults.push(Fault::DirectCurrent(middle));
    }
    let silence = longest_silence(&sound);
    if silence > SILENCE_S {
        faults.push(Fault::LongSilence(silence));
    }
    faults
}

/// Whether a recording holds speech.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spoken {
    /// It does.
    Yes,
    /// It is a tone or music.
    No,
}

impl Spoken {
    /// What a prompt holds; speech where no text says otherwise.
    pub(super) fn of(entry: Option<&Entry>) -> Self {
        if entry.is_some_and(|entry| entry.text().is_none()) { Self::No } else { Self::Yes }
    }
}

/// The texts every language needs, and this one has not.
fn missing_texts(
    place: Place<'_>,
    language: Language,
    texts: &Texts,
    every: &BTreeSet<PromptId>,
) -> Vec<Defect> {
    let file = place.file(language, "texts.toml");
    let own = texts.ids();
    every
        .difference(&own)
        .filter(|id| language == Language::It || !for_responders_only(id))
        .map(|id| Defect::of(&file, Fault::MissingText { id: id.clone(), language }))
        .collect()
}

/// What is wrong with the recording of each text.
fn recordings(place: Place<'_>, language: Language, texts: &Texts) -> Vec<Defect> {
    let ledger = place.read_text(language, "rendered.toml").unwrap_or_default();
    let ledger = Ledger::read(&ledger);
    let mut defects = Vec::new();
    for entry in texts.iter() {
        let name = format!("{}.wav", entry.id);
        let file = place.file(language, &name);
        let Some(bytes) = place.read(language, &name) else {
            defects.push(Defect::of(&file, Fault::MissingRecording(entry.id.clone())));
            continue;
        };
        if ledger.is_stale(&entry.id, &entry.content) {
            defects.push(Defect::of(&file, Fault::Stale(entry.id.clone())));
        }
        let faults = match wav::parse(&bytes) {
            Ok(samples) => listen(&samples, Spoken::of(Some(entry))),
            Err(fault) => vec![fault],
        };
        defects.extend(faults.into_iter().map(|fault| Defect::of(&file, fault)));
    }
    defects
}

/// Recordings nobody plays.
fn orphans(place: Place<'_>, language: Language, texts: &Texts) -> Vec<Defect> {
    let ids = place.recordings(language);
    ids.into_iter()
        .filter(|id| texts.get(id).is_none())
        .map(|id| {
            let file = place.file(language, &format!("{id}.wav"));
            Defect::of(&file, Fault::Orphan(id))
        })
        .collect()
}

/// How often the sound stays at full scale for at least three samples.
fn clipped(samples: &[i16]) -> usize {
    samples
        .chunk_by(|one, other| one == other)
        .filter(|run| run.len() >= 3 && run.first().is_some_and(|s| s.unsigned_abs() > FULL))
        .count()
}

/// The longest pause between two sounds, in seconds.
fn longest_silence(sound: &[f64]) -> f64 {
    let heard: Vec<usize> = sound
        .chunks(WINDOW)
        .enumerate()
        .filter(|(_, window)| power(window) > SILENCE_DBOV)
        .map(|(index, _)| index)
        .collect();
    let gap = |pair: &[usize]| match pair {
        [before, after] => after - before - 1,
        _ => 0,
    };
    let longest = heard.windows(2).map(gap).max().unwrap_or(0);
    (longest * WINDOW) as f64 / f64::from(RATE)
}

const SECONDS_MAX: f64 = 30.0;
const QUIETEST_DBOV: f64 = -26.0;
const LOUDEST_DBOV: f64 = -16.0;
const INAUDIBLE_DBOV: f64 = -45.0;
const DIRECT_CURRENT_PERCENT: f64 = 1.0;
const SILENCE_S: f64 = 2.0;
const SILENCE_DBOV: f64 = -55.0;
/// 20 ms.
const WINDOW: usize = 160;
/// A sample this large is full scale; some converters stop short of it.
const FULL: u16 = 32_700;
