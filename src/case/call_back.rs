//! What comes of a call-back that is owed.

use serde::{Deserialize, Serialize};

/// What came of calling back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallBackResult {
    /// The case was archived as a duplicate: what is owed to the caller, the other says.
    Duplicate,
    /// Nobody answered: it is still owed.
    NoAnswer,
    /// A coordinator decided that nobody calls.
    NotToBeCalled,
    /// Somebody talked with the person.
    Spoken,
    /// The case was archived as a test, or as a wrong number.
    Test,
}

impl CallBackResult {
    /// Those people choose from; the others follow from how a case is archived.
    pub const CHOICES: [Self; 3] = [Self::Spoken, Self::NoAnswer, Self::NotToBeCalled];

    /// The word used in forms.
    pub fn word(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::NoAnswer => "no_answer",
            Self::NotToBeCalled => "not_to_be_called",
            Self::Spoken => "spoken",
            Self::Test => "test",
        }
    }

    /// In Italian.
    pub fn label(self) -> &'static str {
        match self {
            Self::Duplicate => "qui non è più dovuta, la scheda è un doppione",
            Self::NoAnswer => "non ha risposto nessuno",
            Self::NotToBeCalled => "si è deciso di non richiamare",
            Self::Spoken => "si è parlato con la persona",
            Self::Test => "non è più dovuta, era una prova o un errore",
        }
    }
}
