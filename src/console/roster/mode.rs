//! How a turn changes hands: given away, exchanged, taken.

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Change,
    Give,
    Take,
}

impl Mode {
    pub(super) fn of(word: &str) -> Self {
        match word {
            "scambio" => Self::Change,
            "prendo" => Self::Take,
            _ => Self::Give,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Change => "scambio",
            Self::Give => "cedo",
            Self::Take => "prendo",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Change => "Scambio un turno",
            Self::Give => "Cedo un turno",
            Self::Take => "Prendo un turno",
        }
    }

    pub(super) fn gives(self) -> bool {
        self != Self::Take
    }

    pub(super) fn takes(self) -> bool {
        self != Self::Give
    }
}
