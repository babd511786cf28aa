//! What a field of the scheda is.

use super::Choice;

/// A block of the form. Block 1, the call, writes itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Block {
    /// 2: who reports.
    Segnalante,
    /// 3: whom it is about; repeats, and may be nobody known.
    Persona,
    /// 4: the need.
    Bisogno,
    /// 5: what was done.
    Intervento,
    /// 6: to whom it was handed.
    Esito,
}

impl Block {
    /// All of them, in the order of the form.
    pub const ALL: [Self; 5] =
        [Self::Segnalante, Self::Persona, Self::Bisogno, Self::Intervento, Self::Esito];

    /// Its number on the form.
    pub fn number(self) -> u8 {
        match self {
            Self::Segnalante => 2,
            Self::Persona => 3,
            Self::Bisogno => 4,
            Self::Intervento => 5,
            Self::Esito => 6,
        }
    }

    /// Its title on the form.
    pub fn title(self) -> &'static str {
        match self {
            Self::Segnalante => "Segnalante",
            Self::Persona => "Persone",
            Self::Bisogno => "Bisogno",
            Self::Intervento => "Intervento",
            Self::Esito => "Esito e invio",
        }
    }

    /// The fields of this block, in the order of the form.
    pub fn fields(self) -> impl Iterator<Item = &'static Field> {
        super::FIELDS.iter().filter(move |field| field.block == self)
    }
}

/// One field of the scheda.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name: `bisogno.priorita`. Of a person's field, the name without the number:
    /// `persona.nome` is posted as `persona.2.nome`.
    pub name: &'static str,
    /// In Italian.
    pub label: &'static str,
    /// What to write there, in Italian; may be empty.
    pub hint: &'static str,
    /// Where it stands.
    pub block: Block,
    /// What it holds.
    pub kind: Kind,
    /// Whether what it holds may be read beside the case's history.
    pub privacy: Privacy,
}

impl Field {
    /// Whether there is one for each person.
    pub fn repeats(&self) -> bool {
        self.block == Block::Persona
    }

    /// The name a form posts; `person` counts from 1 and is of no matter to a field that
    /// does not repeat.
    pub fn form_name(&self, person: u8) -> String {
        match self.name.strip_prefix("persona.") {
            Some(rest) => format!("persona.{person}.{rest}"),
            None => self.name.to_owned(),
        }
    }
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Yes, no, or not known.
    Answer,
    /// One of some named values.
    Choice(&'static [Choice]),
    /// Any of some named values.
    Choices(&'static [Choice]),
    /// A Comune.
    Comune(Elsewhere),
    /// A day.
    Date,
    /// A codice fiscale; a wrong one is remarked on, and kept.
    Fiscal,
    /// One line, at most [`Kind::LINE_MAX`] characters.
    Line,
    /// A whole number within bounds, both included.
    Number {
        /// The least.
        min: u32,
        /// The most.
        max: u32,
        /// In Italian, plural; may be empty.
        unit: &'static str,
    },
    /// A number one may dial.
    Phone,
    /// Several lines, at most [`Kind::TEXT_MAX`] characters.
    Text,
    /// Day and time, civil time of the service.
    Time,
}

impl Kind {
    /// The longest line, in characters.
    pub const LINE_MAX: usize = 200;
    /// The longest text, in characters.
    pub const TEXT_MAX: usize = 10_000;
}

/// Whether a Comune may be one the service does not serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elsewhere {
    /// One of the service's, or [`Elsewhere::WORDS`] for any other.
    Named,
    /// Any Comune.
    Taken,
}

impl Elsewhere {
    /// What stands for every Comune that the service does not serve.
    pub const WORDS: &'static str = "fuori ambito";
}

/// Who may read what a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privacy {
    /// It says something about a person: never in clear text on the disk, in a list or a
    /// message.
    Personal,
    /// It may stand in lists and in the history's text.
    Plain,
}
