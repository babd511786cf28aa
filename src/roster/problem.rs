//! Why records do not make a roster, said in Italian to who wrote them.

use std::fmt;

use super::MAX_STEP;

/// The tables of the roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Who is away.
    Absences,
    /// One person for another.
    Overrides,
    /// Who may be rung.
    People,
    /// How équipes are rung.
    Policies,
    /// What responders should have.
    Requirements,
    /// Turns by rule.
    Rotations,
    /// Single turns.
    Shifts,
    /// Turns given to another.
    Swaps,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Absences,
        Self::Overrides,
        Self::People,
        Self::Policies,
        Self::Requirements,
        Self::Rotations,
        Self::Shifts,
        Self::Swaps,
    ];

    /// Its word in commands and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Absences => "absences",
            Self::Overrides => "overrides",
            Self::People => "people",
            Self::Policies => "policies",
            Self::Requirements => "requirements",
            Self::Rotations => "rotations",
            Self::Shifts => "shifts",
            Self::Swaps => "swaps",
        }
    }

    /// Its name, for people to read.
    pub fn italian(self) -> &'static str {
        match self {
            Self::Absences => "assenze",
            Self::Overrides => "sostituzioni",
            Self::People => "persone",
            Self::Policies => "regole di squillo",
            Self::Requirements => "requisiti",
            Self::Rotations => "rotazioni",
            Self::Shifts => "turni",
            Self::Swaps => "scambi",
        }
    }
}

/// One record that breaks a law of the roster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}, riga {}: {conflict}", .table.italian(), .row + 1)]
pub struct RosterProblem {
    /// Where the record stands.
    pub table: Table,
    /// Its place in the table, from 0.
    pub row: usize,
    /// What is wrong with it.
    pub conflict: Conflict,
}

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// A rotation whose last day comes before its first.
    EndsFirst,
    /// Somebody would replace themselves.
    Itself,
    /// A name that is empty.
    NoName,
    /// A rotation without people.
    NoPeople,
    /// A ladder that would be gone through no time.
    NoRounds,
    /// A phone that would not ring at all.
    NoTime,
    /// A window on no day of the week.
    NoWeekday,
    /// Two overrides of one person at the same time: two answers to one question.
    Overlaps {
        /// Who would be replaced twice.
        person: String,
        /// The row of the other, from 0.
        other: usize,
    },
    /// A turn of no days.
    Pattern,
    /// The step is no number from 1.
    Step,
    /// Another row says the same thing, or another of the same name.
    Twice {
        /// The name.
        name: String,
        /// The row of the other, from 0.
        other: usize,
    },
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndsFirst => {
                f.write_str("l'ultimo giorno viene prima del primo: correggere uno dei due")
            }
            Self::Itself => {
                f.write_str("una persona non sostituisce sé stessa: indicarne un'altra")
            }
            Self::NoName => f.write_str("il nome è vuoto: scriverlo"),
            Self::NoPeople => f.write_str("la rotazione non ha persone: elencarne almeno una"),
            Self::NoRounds => f.write_str("i giri sono almeno 1: correggerli o lasciarli vuoti"),
            Self::NoTime => f.write_str("un telefono squilla almeno un secondo: correggere"),
            Self::NoWeekday => {
                f.write_str("la fascia oraria non ha giorni: scriverli, per esempio lun-ven")
            }
            Self::Overlaps { person, other } => write!(
                f,
                "{person} è già sostituito in quel periodo (riga {}): accorciare una delle due \
                 sostituzioni",
                other + 1
            ),
            Self::Pattern => {
                f.write_str("ogni turno dura almeno un giorno: scrivere per esempio 7 oppure 4+3")
            }
            Self::Step => {
                write!(f, "il livello è un numero da 1 a {MAX_STEP}; 1 squilla per primo")
            }
            Self::Twice { name, other } => write!(
                f,
                "«{name}» c'è già alla riga {}: toglierne una o cambiarle nome",
                other + 1
            ),
        }
    }
}
