//! The name of one field of one scheda, with the person's number where it repeats.

use std::fmt;

use super::FIELDS;
use super::field::{Block, Field};

/// The most persons of one scheda.
pub const PERSONS_MAX: u8 = 20;

/// Names a field that exists; keys sort as the form reads, persons one after another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    block: Block,
    /// From 1; 0 for what does not repeat.
    person: u8,
    place: u16,
}

/// The name of no field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAKey {
    /// A person beyond the last there can be.
    #[error("una scheda ha al massimo {PERSONS_MAX} persone: apra una seconda scheda")]
    Person,
    /// No field of the table.
    #[error("questo campo non esiste nella scheda: ricarichi la pagina")]
    Unknown,
}

impl Key {
    /// Reads a form name: `bisogno.priorita`, `persona.2.nome`.
    ///
    /// # Errors
    /// When it names no field, or a person beyond the last.
    pub fn parse(name: &str) -> Result<Self, NotAKey> {
        let Some((number, rest)) =
            name.strip_prefix("persona.").and_then(|rest| rest.split_once('.'))
        else {
            return Self::of(name, 0);
        };
        let digits = !number.starts_with('0') && number.bytes().all(|byte| byte.is_ascii_digit());
        if number.is_empty() || !digits {
            return Err(NotAKey::Unknown);
        }
        match number.parse() {
            Ok(person @ 1..=PERSONS_MAX) => Self::of(&format!("persona.{rest}"), person),
            _ => Err(NotAKey::Person),
        }
    }

    fn of(name: &str, person: u8) -> Result<Self, NotAKey> {
        let repeats = person > 0;
        let fields = (0..).zip(FIELDS);
        fields
            .into_iter()
            .find(|(_, field)| field.name == name && field.repeats() == repeats)
            .map(|(place, field)| Self { block: field.block, person, place })
            .ok_or(NotAKey::Unknown)
    }

    /// The field.
    pub fn field(self) -> &'static Field {
        // A key is made of a place in the table.
        &FIELDS[usize::from(self.place)]
    }

    /// Which person, from 1; `None` for what does not repeat.
    pub fn person(self) -> Option<u8> {
        (self.person > 0).then_some(self.person)
    }

    /// What people call it: «Priorità», «Persona 2, cognome».
    pub fn label(self) -> String {
        let label = self.field().label;
        match self.person() {
            None => label.to_owned(),
            Some(person) => {
                let mut letters = label.chars();
                let first: String =
                    letters.next().into_iter().flat_map(char::to_lowercase).collect();
                format!("Persona {person}, {first}{}", letters.as_str())
            }
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.field().form_name(self.person))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
