//! The recordings a plan may name, and the words each of them says.

use std::collections::BTreeMap;

use crate::words::{Language, PromptId};

use super::read_value::nearest;

/// What can be played, by language. The texts may be unknown (empty).
#[derive(Debug, Clone, Default)]
pub struct Recordings(BTreeMap<Language, BTreeMap<PromptId, String>>);

impl Recordings {
    /// Adds a recording and what it says; an empty text is an unknown one.
    pub fn add(&mut self, language: Language, id: PromptId, text: &str) {
        self.0.entry(language).or_default().insert(id, text.to_owned());
    }

    /// Whether `id` can be played in `language`.
    pub fn has(&self, language: Language, id: &PromptId) -> bool {
        self.0.get(&language).is_some_and(|known| known.contains_key(id))
    }

    /// Whether `language` has any recording.
    pub fn speaks(&self, language: Language) -> bool {
        self.0.get(&language).is_some_and(|known| !known.is_empty())
    }

    /// What `id` says in `language`; `None` when that is not known.
    pub fn text(&self, language: Language, id: &PromptId) -> Option<&str> {
        let text = self.0.get(&language)?.get(id)?;
        (!text.is_empty()).then_some(text.as_str())
    }

    /// The recording of `language` whose name looks most like `id`.
    pub(super) fn nearest(&self, language: Language, id: &PromptId) -> Option<&str> {
        nearest(id.as_str(), self.0.get(&language)?.keys().map(PromptId::as_str))
    }
}
