//! The recordings at hand, by language and name; never an empty hand.

use std::collections::HashMap;
use std::sync::Arc;

use crate::words::{Language, PromptId};

use super::builtin;
use super::sound::Sound;

/// All recordings, coded and shared.
#[derive(Clone, Debug)]
pub struct Shelf {
    sounds: HashMap<(Language, PromptId), Arc<Sound>>,
    fallback: Arc<Sound>,
}

/// What the shelf gave; there is always something to play.
#[derive(Clone, Debug)]
pub enum Shelved {
    /// The recording asked for.
    Found(Arc<Sound>),
    /// It does not exist at all: the built-in two-tone.
    Missing(Arc<Sound>),
    /// It exists only in another language.
    OtherLanguage(Arc<Sound>),
}

impl Shelf {
    /// Codes every recording (16-bit samples at 8 kHz).
    pub fn new(recordings: impl IntoIterator<Item = (Language, PromptId, Vec<i16>)>) -> Self {
        let sounds = recordings
            .into_iter()
            .map(|(language, id, samples)| ((language, id), Arc::new(Sound::from_pcm(&samples))))
            .collect();
        Self { sounds, fallback: Arc::new(Sound::from_pcm(&builtin::fallback())) }
    }

    /// The recording `id` in `language`, else in another one, else the fallback.
    pub fn get(&self, language: Language, id: &PromptId) -> Shelved {
        let find = |language| self.sounds.get(&(language, id.clone())).map(Arc::clone);
        if let Some(sound) = find(language) {
            return Shelved::Found(sound);
        }
        Language::ALL
            .into_iter()
            .find_map(find)
            .map_or_else(|| Shelved::Missing(Arc::clone(&self.fallback)), Shelved::OtherLanguage)
    }
}

impl Shelved {
    /// What to play, whatever was found.
    pub fn sound(self) -> Arc<Sound> {
        match self {
            Self::Found(sound) | Self::Missing(sound) | Self::OtherLanguage(sound) => sound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_something_to_play() {
        let both = PromptId::new("welcome");
        let italian = PromptId::new("hold.1");
        let shelf = Shelf::new([
            (Language::It, both.clone(), vec![1; 80]),
            (Language::En, both.clone(), vec![1; 160]),
            (Language::It, italian.clone(), vec![1; 240]),
        ]);
        let length = |shelved: Shelved| shelved.sound().duration().as_millis();
        assert!(matches!(shelf.get(Language::En, &both), Shelved::Found(_)));
        assert_eq!(length(shelf.get(Language::En, &both)), 20);
        assert!(matches!(shelf.get(Language::En, &italian), Shelved::OtherLanguage(_)));
        assert_eq!(length(shelf.get(Language::En, &italian)), 30);
        let missing = shelf.get(Language::It, &PromptId::new("no.such"));
        assert!(matches!(missing, Shelved::Missing(_)));
        assert!(length(missing) > 200);
    }
}
