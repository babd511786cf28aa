//! Whom the call is about.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::PromptId;

/// The groups the two services serve (POLARIS has six, Lecce the first four), and
/// `Unspecified` for a caller who did not say.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Minors at risk or abandoned.
    Minors,
    /// Women who suffer violence, or are in danger.
    Violence,
    /// People without a home, or in extreme poverty.
    Homeless,
    /// Old people alone; for Lecce also disabled people.
    Elderly,
    /// Families in grave difficulty.
    Families,
    /// Psychological or social fragility.
    Frailty,
    /// The caller did not say.
    #[default]
    Unspecified,
}

impl Category {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Minors,
        Self::Violence,
        Self::Homeless,
        Self::Elderly,
        Self::Families,
        Self::Frailty,
        Self::Unspecified,
    ];

    /// The word used in dialplans, tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Minors => "minors",
            Self::Violence => "violence",
            Self::Homeless => "homeless",
            Self::Elderly => "elderly",
            Self::Families => "families",
            Self::Frailty => "frailty",
            Self::Unspecified => "unspecified",
        }
    }

    /// The recording that says it to a responder, where a plan names no other.
    pub fn brief(self) -> PromptId {
        PromptId::new(&format!("category.{self}"))
    }

    /// What users read.
    pub fn italian(self) -> &'static str {
        match self {
            Self::Minors => "minori",
            Self::Violence => "violenza sulle donne",
            Self::Homeless => "persone senza casa",
            Self::Elderly => "anziani soli",
            Self::Families => "famiglie in difficoltà",
            Self::Frailty => "disagio psicologico o sociale",
            Self::Unspecified => "non indicata",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The word names no category.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("«{0}» is no category")]
pub struct UnknownCategory(pub String);

impl FromStr for Category {
    type Err = UnknownCategory;

    fn from_str(word: &str) -> Result<Self, UnknownCategory> {
        Self::ALL
            .into_iter()
            .find(|category| category.word() == word)
            .ok_or_else(|| UnknownCategory(word.to_owned()))
    }
}
