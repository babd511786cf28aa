//! From what a form posts to a scheda; or, field by field, why not.
//!
//! Law: nothing typed is lost: a problem carries what was typed beside its sentence.

use std::collections::BTreeMap;
use std::fmt;

use super::Scheda;
use super::key::Key;
use super::remarks::remarks;
use super::value::{Value, tidy};

/// What a scheda is read by besides the table.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms<'a> {
    /// The names of the Comuni the service serves; none, and any Comune is taken.
    pub comuni: &'a [&'a str],
}

impl<'a> Terms<'a> {
    /// The Comune of the service that is written most like `name`, if any is.
    pub(super) fn nearest(&self, name: &str) -> Option<&'a str> {
        let likeness =
            |comune: &str| strsim::jaro_winkler(&name.to_lowercase(), &comune.to_lowercase());
        self.comuni
            .iter()
            .copied()
            .map(|comune| (likeness(comune), comune))
            .filter(|(like, _)| *like > 0.85)
            .max_by(|(a, _), (b, _)| a.total_cmp(b))
            .map(|(_, comune)| comune)
    }
}

/// A scheda, and what struck while it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// What was written.
    pub scheda: Scheda,
    /// What looks wrong and stops nothing.
    pub remarks: Vec<Remark>,
}

/// Something that looks wrong and is kept all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The form name of the field.
    pub field: String,
    /// In Italian.
    pub sentence: String,
}

/// A field that cannot be kept as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Problem {
    /// The form name of the field, as it was posted.
    pub field: String,
    /// What was typed.
    pub typed: String,
    /// What is wrong and what to do, in Italian.
    pub sentence: String,
}

impl fmt::Debug for Problem {
    /// Without what was typed, and without the sentence, which may quote it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem").field("field", &self.field).finish_non_exhaustive()
    }
}

/// Why no scheda was read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadSchedaError {
    /// Some fields cannot be kept as they are.
    #[error("{} campi da correggere", .0.len())]
    Refused(Vec<Problem>),
    /// More than any form of ours posts.
    #[error("la scheda è troppo grande: al massimo {PAIRS_MAX} campi e {BYTES_MAX} byte in tutto")]
    TooMuch,
}

impl Scheda {
    /// Reads what a form posts: every field it does not name is empty.
    ///
    /// # Errors
    /// Every field that cannot be kept, with what was typed and a sentence.
    pub fn read(pairs: &[(String, String)], terms: &Terms<'_>) -> Result<Read, ReadSchedaError> {
        Self::default().read_over(pairs, terms)
    }

    /// Reads a form that shows only some fields: those it names are as posted, all others
    /// as they are here. A field of several choices has to be named once, empty, beside
    /// them, so that taking the last away is seen.
    ///
    /// # Errors
    /// As [`Scheda::read`].
    pub fn read_over(
        &self,
        pairs: &[(String, String)],
        terms: &Terms<'_>,
    ) -> Result<Read, ReadSchedaError> {
        let bytes: usize = pairs.iter().map(|(name, typed)| name.len() + typed.len()).sum();
        if pairs.len() > PAIRS_MAX || bytes > BYTES_MAX {
            return Err(ReadSchedaError::TooMuch);
        }
        let mut problems = Vec::new();
        let mut typed: BTreeMap<Key, Vec<&str>> = BTreeMap::new();
        for (name, text) in pairs {
            match Key::parse(name) {
                Ok(key) => typed.entry(key).or_default().push(text),
                Err(unknown) => problems.push(Problem {
                    field: name.chars().take(NAME_MAX).collect(),
                    typed: text.clone(),
                    sentence: unknown.to_string(),
                }),
            }
        }
        let mut scheda = self.clone();
        for (key, texts) in typed {
            match read_field(key, &texts, terms) {
                Ok(Some(value)) => scheda.values.insert(key, value),
                Ok(None) => scheda.values.remove(&key),
                Err(sentence) => {
                    let typed = texts.join("\n");
                    problems.push(Problem { field: key.to_string(), typed, sentence });
                    None
                }
            };
        }
        if !problems.is_empty() {
            return Err(ReadSchedaError::Refused(problems));
        }
        let remarks = remarks(&scheda, terms);
        Ok(Read { scheda, remarks })
    }
}

fn read_field(key: Key, texts: &[&str], terms: &Terms<'_>) -> Result<Option<Value>, String> {
    let tidied: Vec<String> =
        texts.iter().map(|text| tidy(text)).filter(|text| !text.is_empty()).collect();
    if tidied.is_empty() {
        return Ok(None);
    }
    let typed: Vec<&str> = tidied.iter().map(String::as_str).collect();
    Value::read(key.field().kind, &typed, terms).map(Some)
}

/// All fields of all persons, several choices each, and room.
const PAIRS_MAX: usize = 2_000;
const BYTES_MAX: usize = 512 * 1024;
const NAME_MAX: usize = 64;
