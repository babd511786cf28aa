//! The words of every prompt, one readable file per language.
//!
//! The file is TOML: `"id" = "text"`, or a table with `text`, `say` (another spelling
//! for the speech engine), `voice` (another language's) or `sound`. Reading never
//! stops at the first problem.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Defect, Fault, Sound};
use crate::words::{Language, PromptId};

/// The prompts of one language, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    entries: Vec<Entry>,
}

/// One prompt of a texts file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub id: PromptId,
    /// What is heard.
    pub content: Content,
    /// The line it is written on, from 1.
    pub line: usize,
}

/// What a prompt consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Words.
    Speech {
        /// As people read them.
        text: String,
        /// As the speech engine must read them, where that differs.
        say: Option<String>,
        /// Whose voice speaks.
        voice: Language,
    },
    /// A sound the program makes.
    Sound(Sound),
}

impl Texts {
    /// Reads `source`, the content of `file`, the texts of `language`.
    ///
    /// What can be understood is returned beside every problem found.
    pub fn read(file: &Path, language: Language, source: &str) -> (Self, Vec<Defect>) {
        let (table, errors) = DeTable::parse_recoverable(source);
        let line = |span: Range<usize>| line_of(source, span.start);
        let mut defects: Vec<Defect> = errors
            .iter()
            .map(|error| {
                let at = line(error.span().unwrap_or_default());
                Defect::at(file, at, Fault::NotToml(error.message().to_owned()))
            })
            .collect();
        let mut written: Vec<(usize, Entry)> = Vec::new();
        for (key, value) in table.get_ref() {
            let at = line(key.span());
            let mut faults = Vec::new();
            if let Some(entry) = entry(key.get_ref(), value, at, language, &mut faults) {
                written.push((key.span().start, entry));
            }
            defects.extend(faults.into_iter().map(|fault| Defect::at(file, at, fault)));
        }
        written.sort_by_key(|(position, _)| *position);
        defects.sort_by_key(|defect| defect.line);
        (Self { entries: written.into_iter().map(|(_, entry)| entry).collect() }, defects)
    }

    /// The prompts, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// Their names.
    pub fn ids(&self) -> BTreeSet<PromptId> {
        self.entries.iter().map(|entry| entry.id.clone()).collect()
    }

    /// The prompt of a name.
    pub fn get(&self, id: &PromptId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id == *id)
    }

    /// Puts an entry in the place of the one with its name, or at the end.
    pub(super) fn put(&mut self, entry: Entry) {
        match self.entries.iter_mut().find(|its| its.id == entry.id) {
            Some(its) => *its = entry,
            None => self.entries.push(entry),
        }
    }
}

impl Entry {
    /// The words as people read them; `None` for a sound.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Speech { text, .. } => Some(text),
            Content::Sound(_) => None,
        }
    }
}

/// Whether only responders and operators hear this prompt: they hear Italian, so
/// other languages need not have it.
pub fn for_responders_only(id: &PromptId) -> bool {
    let first = id.as_str().split('.').next().unwrap_or_default();
    ["worker", "category", "comune", "dialin"].contains(&first)
}

/// Whether `id` can name a recording, that is a file: no path hides in it.
pub(super) fn is_id(id: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c);
    (1..=ID_LENGTH_MAX).contains(&id.len()) && !id.starts_with('.') && id.chars().all(allowed)
}

/// One entry, or what is wrong with it.
fn entry(
    key: &str,
    value: &Spanned<DeValue<'_>>,
    line: usize,
    language: Language,
    faults: &mut Vec<Fault>,
) -> Option<Entry> {
    if !is_id(key) {
        faults.push(Fault::BadId(key.to_owned()));
        return None;
    }
    let id = PromptId::new(key);
    let content = match value.get_ref() {
        DeValue::String(text) => {
            Content::Speech { text: text.trim().to_owned(), say: None, voice: language }
        }
        DeValue::Table(table) => settings(&id, table, language, faults)?,
        _ => {
            faults.push(Fault::NoText(id));
            return None;
        }
    };
    if let Some(fault) = unspeakable(&id, &content) {
        faults.push(fault);
        return None;
    }
    Some(Entry { id, content, line })
}

/// The content of an entry written as a table.
fn settings(
    id: &PromptId,
    table: &DeTable<'_>,
    language: Language,
    faults: &mut Vec<Fault>,
) -> Option<Content> {
    let before = faults.len();
    let (mut text, mut say, mut voice, mut sound) = (None, None, language, None);
    for (setting, value) in table {
        let word = value.get_ref().as_str().map(str::to_owned);
        match (setting.get_ref().as_ref(), word) {
            ("text", Some(word)) => text = Some(word.trim().to_owned()),
            ("say", Some(word)) => say = Some(word.trim().to_owned()),
            ("voice", Some(word)) => match word.parse() {
                Ok(language) => voice = language,
                Err(_) => faults.push(Fault::UnknownVoice { id: id.clone(), voice: word }),
            },
            ("sound", Some(word)) => {
                match Sound::ALL.into_iter().find(|sound| sound.word() == word) {
                    Some(known) => sound = Some(known),
                    None => faults.push(Fault::UnknownSound { id: id.clone(), sound: word }),
                }
            }
            (other, _) => {
                let setting = other.to_owned();
                faults.push(Fault::UnknownSetting { id: id.clone(), setting });
            }
        }
    }
    if faults.len() > before {
        return None;
    }
    match (text, sound) {
        (_, Some(sound)) => Some(Content::Sound(sound)),
        (Some(text), None) => Some(Content::Speech { text, say, voice }),
        (None, None) => {
            faults.push(Fault::NoText(id.clone()));
            None
        }
    }
}

/// Why the words of an entry cannot be spoken.
fn unspeakable(id: &PromptId, content: &Content) -> Option<Fault> {
    let Content::Speech { text, say, .. } = content else { return None };
    let length = text.chars().count().max(say.as_deref().map_or(0, |say| say.chars().count()));
    if text.is_empty() {
        Some(Fault::NoText(id.clone()))
    } else if length > TEXT_LENGTH_MAX {
        Some(Fault::TextTooLong { id: id.clone(), length, max: TEXT_LENGTH_MAX })
    } else {
        None
    }
}

/// The line of a byte, from 1.
fn line_of(source: &str, position: usize) -> usize {
    let before = source.as_bytes().get(..position).unwrap_or(source.as_bytes());
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

const ID_LENGTH_MAX: usize = 64;
/// About 40 s of speech: more than any recording may last.
pub(super) const TEXT_LENGTH_MAX: usize = 600;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: &str) -> (Texts, Vec<String>) {
        let (texts, defects) = Texts::read(Path::new("texts.toml"), Language::It, source);
        (texts, defects.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn prompts_keep_the_order_of_the_file() {
        let (texts, defects) =
            read("\"z\" = \"Prima.\"\n\"a.1\" = \"Poi.\"\n\"m\" = { sound = \"beep\" }\n");
        assert!(defects.is_empty(), "{defects:?}");
        let ids: Vec<_> = texts.iter().map(|entry| entry.id.as_str().to_owned()).collect();
        assert_eq!(ids, ["z", "a.1", "m"]);
        assert_eq!(texts.get(&"a.1".into()).unwrap().line, 2);
    }

    #[test]
    fn an_entry_may_have_another_spelling_and_another_voice() {
        let (texts, _) = read("lang = { text = \"EN\", say = \"English\", voice = \"en\" }");
        let content = &texts.get(&"lang".into()).unwrap().content;
        let Content::Speech { text, say, voice } = content else { panic!("no speech") };
        assert_eq!((text.as_str(), say.as_deref(), *voice), ("EN", Some("English"), Language::En));
    }

    #[test]
    fn every_problem_is_found_at_once_with_its_line() {
        let (texts, defects) = read(
            "\"good\" = \"Sì.\"\n\"Bad Id\" = \"x\"\n\"empty\" = \"\"\n\"n\" = 4\n\
             \"v\" = { text = \"x\", voice = \"xx\" }\n\"s\" = { sound = \"gong\" }\n\
             \"t\" = { txt = \"x\" }\n\"open = \"x\n",
        );
        let lines: Vec<_> =
            defects.iter().map(|d| d.split(':').next().unwrap().to_owned()).collect();
        for line in 2..=8 {
            assert!(lines.contains(&format!("texts.toml, riga {line}")), "{line}: {defects:#?}");
        }
        assert!(texts.get(&"good".into()).is_some());
    }

    #[test]
    fn a_name_cannot_leave_its_folder() {
        for bad in ["../x", "/etc/x", ".hidden", "a/b", "a\\b", "", "è", "A", "a b", "a\0b"] {
            assert!(!is_id(bad), "{bad:?}");
        }
        assert!(is_id("worker.escalate.1"));
        assert!(!is_id(&"a".repeat(65)));
    }

    #[test]
    fn a_name_without_quotes_says_so() {
        let (_, defects) = read("welcome.polaris = \"Ciao\"\n");
        assert!(defects[0].contains("«polaris» non è un'impostazione"), "{defects:?}");
    }

    #[test]
    fn a_sermon_is_refused() {
        let (_, defects) = read(&format!("a = \"{}\"", "parola ".repeat(100)));
        assert!(defects[0].contains("699 caratteri"), "{defects:?}");
    }

    #[test]
    fn responders_hear_italian_only() {
        assert!(for_responders_only(&"comune.074010".into()));
        assert!(for_responders_only(&"dialin".into()));
        assert!(!for_responders_only(&"welcome.polaris".into()));
    }
}
