//! What the columns of a case say about calling back: no key has to be there for it.

use crate::case::contact::{Known, Number, Said};
use crate::case::scheda::Answer;
use crate::store::{CaseRow, NumberState};

impl CaseRow {
    /// What is known about calling this caller back; which hours they named, the scheda
    /// alone says.
    pub fn contact(&self) -> Known {
        Known {
            category: self.category,
            minors: self.heard.minors.as_deref().and_then(answer),
            silent: self.heard.silent,
            said: self.said(),
            told: self.heard.told.clone(),
            hours: String::new(),
            number: match (self.caller_state, self.callback_state) {
                (NumberState::Known | NumberState::Sealed, _)
                | (_, NumberState::Known | NumberState::Sealed) => Number::Known,
                _ => Number::Hidden,
            },
        }
    }

    /// That it was silence is told apart where the timeline was read, too.
    fn said(&self) -> Said {
        let asked = self.entries.iter().rev().find(|entry| entry.kind == "call_back_answered");
        match (self.callback_safe, asked) {
            (Some(true), _) => Said::Yes,
            (Some(false), Some(entry)) if entry.text.contains("silenzio") => Said::Silence,
            (Some(false), _) => Said::No,
            (None, _) => Said::NotAsked,
        }
    }
}

fn answer(word: &str) -> Option<Answer> {
    Answer::ALL.into_iter().find(|answer| answer.word() == word)
}
