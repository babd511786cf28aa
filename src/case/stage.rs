//! The phases of a case, as printed in the public notice.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a case stands.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The report came in.
    #[default]
    Segnalazione,
    /// It is being evaluated.
    Valutazione,
    /// Somebody is being made safe.
    Intervento,
    /// It is being handed to the territorial service.
    Invio,
    /// The receiving service has taken it over.
    PresaInCarico,
    /// Closed without a taking over.
    Archiviata,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [
        Self::Segnalazione,
        Self::Valutazione,
        Self::Intervento,
        Self::Invio,
        Self::PresaInCarico,
        Self::Archiviata,
    ];

    /// The word used in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Segnalazione => "segnalazione",
            Self::Valutazione => "valutazione",
            Self::Intervento => "intervento",
            Self::Invio => "invio",
            Self::PresaInCarico => "presa_in_carico",
            Self::Archiviata => "archiviata",
        }
    }
}

impl FromStr for Stage {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|stage| stage.word() == word).ok_or(())
    }
}
