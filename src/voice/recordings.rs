//! The recordings a service has.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::check::{Spoken, listen};
use super::place::Place;
use super::render::read_texts;
use super::texts::is_id;
use super::{Defect, Entry, Fault, RATE, Texts, wav};
use crate::words::{Language, PromptId};

/// Every recording with its text: those in the binary, and what a folder puts in
/// their place.
#[derive(Debug, Clone)]
pub struct Recordings {
    samples: BTreeMap<(Language, PromptId), Vec<i16>>,
    texts: BTreeMap<Language, Texts>,
    /// What a folder put in the place of the program's, or added.
    own: BTreeSet<(Language, PromptId)>,
}

/// Whose a recording is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The service's own.
    Own,
    /// The program's.
    Program,
}

/// One line of the list of prompts.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// Its name.
    pub id: PromptId,
    /// Its language.
    pub language: Language,
    /// How long it lasts.
    pub seconds: f64,
    /// Its words; `None` for a sound, or for a recording whose words nobody wrote down.
    pub text: Option<String>,
    /// Whose it is.
    pub origin: Origin,
}

impl Recordings {
    /// The recordings in the binary.
    pub fn embedded() -> Self {
        let mut recordings =
            Self { samples: BTreeMap::new(), texts: BTreeMap::new(), own: BTreeSet::new() };
        for language in Language::ALL {
            // What is wrong with them `check_embedded` says, and a test.
            let (texts, _) = read_texts(Place::Binary, language);
            for entry in texts.iter() {
                let file = Place::Binary.read(language, &format!("{}.wav", entry.id));
                if let Some(Ok(samples)) = file.map(|bytes| wav::parse(&bytes)) {
                    recordings.samples.insert((language, entry.id.clone()), samples);
                }
            }
            recordings.texts.insert(language, texts);
        }
        recordings
    }

    /// With every playable `<language>/<id>.wav` of `folder` in place of the embedded
    /// one, or added to them. A `<language>/texts.toml` beside them says their words.
    ///
    /// What cannot be played is reported and replaces nothing; what is only too quiet,
    /// clipped or the like is reported and used: its owner chose it.
    pub fn with_overrides(mut self, folder: &Path) -> (Self, Vec<Defect>) {
        let mut defects = Vec::new();
        for language in Language::ALL {
            let place = Place::Folder(folder);
            let file = place.file(language, "texts.toml");
            let own = place.read_text(language, "texts.toml").unwrap_or_default();
            let (own, problems) = Texts::read(&file, language, &own);
            defects.extend(problems);
            for id in place.recordings(language) {
                defects.extend(self.replace(language, &id, place, &own));
            }
        }
        (self, defects)
    }

    /// The recordings, 8 kHz mono.
    pub fn iter(&self) -> impl Iterator<Item = (Language, PromptId, &[i16])> {
        self.samples
            .iter()
            .map(|((language, id), samples)| (*language, id.clone(), samples.as_slice()))
    }

    /// The names a language has.
    pub fn ids(&self, language: Language) -> BTreeSet<PromptId> {
        let of_language = self.samples.keys().filter(|(its, _)| *its == language);
        of_language.map(|(_, id)| id.clone()).collect()
    }

    /// The words of a prompt; `None` for a sound or an unknown name.
    pub fn text(&self, language: Language, id: &PromptId) -> Option<&str> {
        self.entry(language, id).and_then(Entry::text)
    }

    /// A recording as a WAV file, 8 kHz mono 16 bit; `None` for an unknown name.
    pub fn wav(&self, language: Language, id: &PromptId) -> Option<Vec<u8>> {
        wav::bytes(self.samples.get(&(language, id.clone()))?, RATE).ok()
    }

    /// All prompts for people to read, in the order of the texts.
    pub fn list(&self) -> Vec<Listed> {
        let mut rows = Vec::new();
        for language in Language::ALL {
            let mut rest = self.ids(language);
            let written = self.texts.get(&language).into_iter().flat_map(Texts::iter);
            let known: Vec<_> = written.map(|entry| entry.id.clone()).collect();
            for id in known.into_iter().filter(|id| rest.remove(id)).collect::<Vec<_>>() {
                rows.extend(self.row(language, id));
            }
            rows.extend(rest.into_iter().filter_map(|id| self.row(language, id)));
        }
        rows
    }

    fn row(&self, language: Language, id: PromptId) -> Option<Listed> {
        let samples = self.samples.get(&(language, id.clone()))?;
        let text = self.text(language, &id).map(str::to_owned);
        let seconds = samples.len() as f64 / f64::from(RATE);
        let own = self.own.contains(&(language, id.clone()));
        let origin = if own { Origin::Own } else { Origin::Program };
        Some(Listed { id, language, seconds, text, origin })
    }

    fn entry(&self, language: Language, id: &PromptId) -> Option<&Entry> {
        self.texts.get(&language)?.get(id)
    }

    /// Puts one file in the place of a recording, unless it cannot be played.
    fn replace(
        &mut self,
        language: Language,
        id: &PromptId,
        place: Place<'_>,
        own: &Texts,
    ) -> Vec<Defect> {
        let name = format!("{id}.wav");
        let file = place.file(language, &name);
        let because = |fault| Defect::of(&file, fault);
        if !is_id(id.as_str()) {
            return vec![because(Fault::BadId(id.as_str().to_owned()))];
        }
        let read = place.read(language, &name).ok_or(Fault::Unreadable);
        let samples = match read.and_then(|bytes| wav::parse(&bytes)) {
            Ok(samples) => samples,
            Err(fault) => return vec![because(fault)],
        };
        let entry = own.get(id).or_else(|| self.entry(language, id)).cloned();
        let mut faults = listen(&samples, Spoken::of(entry.as_ref()));
        let refused = faults.iter().any(Fault::refuses);
        if entry.is_none() {
            faults.push(Fault::Orphan(id.clone()));
        }
        if !refused {
            self.samples.insert((language, id.clone()), samples);
            self.own.insert((language, id.clone()));
            if let Some(entry) = entry {
                self.texts.entry(language).or_default().put(entry);
            }
        }
        faults.into_iter().map(because).collect()
    }
}
