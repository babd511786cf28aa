//! Renders texts into recordings.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::ledger::Ledger;
use super::level::{active_level, fractions, peak, power};
use super::place::Place;
use super::speak::{SpeakError, speak};
use super::{Content, Defect, Entry, Fault, MASTER_RATE, RATE, Texts, chain, wav};
use crate::words::{Language, PromptId};

/// A recording that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// Its name.
    pub id: PromptId,
    /// Its language.
    pub language: Language,
    /// How long it lasts.
    pub seconds: f64,
    /// Its active speech level, ITU-T P.56.
    pub level_dbov: f64,
    /// Its largest sample.
    pub peak_dbfs: f64,
}

/// Why nothing, or not everything, was rendered. Displays in Italian.
#[derive(Debug, thiserror::Error)]
pub enum RenderPromptsError {
    /// The texts have problems: all of them.
    #[error("{}", lines(.0))]
    Texts(Vec<Defect>),
    /// No text has this name.
    #[error("nessun testo si chiama «{0}». I nomi si vedono con: polaris prompts list")]
    UnknownPrompt(PromptId),
    /// The engine failed on one text.
    #[error("«{id}» ({language}) non è stato reso. Prova a cambiarne il testo")]
    Speak {
        /// The prompt.
        id: PromptId,
        /// Its language.
        language: Language,
        /// What happened.
        #[source]
        source: SpeakError,
    },
    /// A file could not be written.
    #[error("{} non si può scrivere. Controlla spazio e permessi", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What happened.
        #[source]
        source: io::Error,
    },
}

/// Renders the prompts of `folder` into `<language>/<id>.wav`, 8 kHz mono 16 bit.
///
/// With an empty `only` all prompts, with no `language` all languages the folder has.
/// Everything is spoken before anything is written, and every file appears whole or
/// not at all.
pub fn render(
    folder: &Path,
    only: &[PromptId],
    language: Option<Language>,
) -> Result<Vec<Rendered>, RenderPromptsError> {
    let sets = sets(folder, only, language)?;
    let mut rendered = Vec::new();
    for set in &sets {
        let made = set.make(chain::telephone)?;
        let place = folder.join(set.language.code());
        let path = place.join("rendered.toml");
        let mut ledger = Ledger::read(&fs::read_to_string(&path).unwrap_or_default());
        for (entry, samples) in made {
            set.write(&place, entry, &samples, RATE)?;
            let measured = measure(&entry.id, set.language, &samples, RATE);
            ledger.note(&measured, &entry.content);
            rendered.push(measured);
        }
        ledger.keep(|id| set.texts.get(id).is_some());
        ledger.write(&path).map_err(|source| RenderPromptsError::Write { path, source })?;
    }
    Ok(rendered)
}

/// Renders the spoken prompts of `folder` as 16 kHz masters into
/// `<masters>/<language>/<id>.wav`, for wide-band lines and for editing by hand.
pub fn render_masters(
    folder: &Path,
    masters: &Path,
    only: &[PromptId],
    language: Option<Language>,
) -> Result<Vec<Rendered>, RenderPromptsError> {
    let mut rendered = Vec::new();
    for set in &sets(folder, only, language)? {
        let place = masters.join(set.language.code());
        fs::create_dir_all(&place)
            .map_err(|source| RenderPromptsError::Write { path: place.clone(), source })?;
        for (entry, samples) in set.make(chain::master)? {
            if entry.text().is_some() {
                set.write(&place, entry, &samples, MASTER_RATE)?;
                rendered.push(measure(&entry.id, set.language, &samples, MASTER_RATE));
            }
        }
    }
    Ok(rendered)
}

/// Reads the texts of one language of a folder.
pub(super) fn read_texts(place: Place<'_>, language: Language) -> (Texts, Vec<Defect>) {
    let file = place.file(language, "texts.toml");
    match place.read_text(language, "texts.toml") {
        Some(source) => Texts::read(&file, language, &source),
        None => (Texts::default(), vec![Defect::of(&file, Fault::NoTexts)]),
    }
}

/// What is to be rendered in one language.
struct Set {
    language: Language,
    texts: Texts,
    only: Vec<PromptId>,
}

impl Set {
    /// Speaks what is asked for and puts it through a chain.
    fn make(
        &self,
        chain: fn(&[i16]) -> Vec<i16>,
    ) -> Result<Vec<(&Entry, Vec<i16>)>, RenderPromptsError> {
        let asked = |entry: &&Entry| self.only.is_empty() || self.only.contains(&entry.id);
        self.texts
            .iter()
            .filter(asked)
            .map(|entry| {
                let samples = match &entry.content {
                    Content::Sound(sound) => sound.samples(),
                    Content::Speech { text, say, voice } => {
                        let spoken = speak(say.as_deref().unwrap_or(text), *voice);
                        chain(&spoken.map_err(|source| RenderPromptsError::Speak {
                            id: entry.id.clone(),
                            language: self.language,
                            source,
                        })?)
                    }
                };
                Ok((entry, samples))
            })
            .collect()
    }

    /// Writes one recording.
    fn write(
        &self,
        place: &Path,
        entry: &Entry,
        samples: &[i16],
        rate: u32,
    ) -> Result<(), RenderPromptsError> {
        let path = place.join(format!("{}.wav", entry.id));
        wav::write(&path, samples, rate)
            .map_err(|source| RenderPromptsError::Write { path, source })
    }
}

/// The sets of a folder, once every text is right and every name asked for is known.
fn sets(
    folder: &Path,
    only: &[PromptId],
    language: Option<Language>,
) -> Result<Vec<Set>, RenderPromptsError> {
    let asked = Language::ALL.into_iter().filter(|each| language.is_none_or(|l| l == *each));
    let mut defects = Vec::new();
    let mut sets = Vec::new();
    for language in asked {
        let (texts, problems) = read_texts(Place::Folder(folder), language);
        defects.extend(problems);
        sets.push(Set { language, texts, only: only.to_vec() });
    }
    if !defects.is_empty() {
        return Err(RenderPromptsError::Texts(defects));
    }
    let known = |id: &&PromptId| sets.iter().any(|set| set.texts.get(id).is_some());
    match only.iter().find(|id| !known(id)) {
        Some(id) => Err(RenderPromptsError::UnknownPrompt(id.clone())),
        None => Ok(sets),
    }
}

fn measure(id: &PromptId, language: Language, samples: &[i16], rate: u32) -> Rendered {
    let fractions = fractions(samples);
    Rendered {
        id: id.clone(),
        language,
        seconds: samples.len() as f64 / f64::from(rate),
        level_dbov: active_level(&fractions, rate).unwrap_or_else(|| power(&fractions)),
        peak_dbfs: peak(&fractions),
    }
}

fn lines(defects: &[Defect]) -> String {
    defects.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
