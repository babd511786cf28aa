//! A service's own recordings: a folder that replaces the program's one by one.
//!
//! Law: **what was there stays until the new file is whole on disk**, and what somebody
//! wrote by hand into `texts.toml` stays as it is written.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::Texts;
use super::place::Place;
use super::texts::is_id;
use super::wav::write_whole;
use crate::words::{Language, PromptId};

/// A folder of recordings, `<language>/<id>.wav`, with their words in
/// `<language>/texts.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnPrompts(PathBuf);

/// One recording of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnPrompt {
    /// The WAV file.
    pub wav: Vec<u8>,
    /// Its words, if they are written down.
    pub words: Option<String>,
}

/// Why the folder stays as it was. Displays in Italian.
#[derive(Debug, thiserror::Error)]
pub enum ChangePromptError {
    /// The name could not be a file name.
    #[error("«{0}» non può essere il nome di un messaggio")]
    BadId(PromptId),
    /// The file of texts is no TOML.
    #[error("{}: non è TOML valido, correggilo prima di pubblicare", .0.display())]
    Texts(PathBuf),
    /// A file could not be written or removed.
    #[error("{} non si può scrivere: controlla spazio e permessi", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What happened.
        #[source]
        source: io::Error,
    },
}

impl OwnPrompts {
    /// The recordings in `folder`, which may not exist yet.
    pub fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// The recording of this name; `None` when there is none.
    pub fn get(&self, language: Language, id: &PromptId) -> Option<OwnPrompt> {
        let place = Place::Folder(&self.0);
        let wav = is_id(id.as_str()).then(|| place.read(language, &file_name(id)))??;
        let texts = place.read_text(language, TEXTS).unwrap_or_default();
        let (texts, _) = Texts::read(&place.file(language, TEXTS), language, &texts);
        let words = texts.get(id).and_then(|entry| entry.text()).map(str::to_owned);
        Some(OwnPrompt { wav: wav.into_owned(), words })
    }

    /// Whether there is a recording of this name.
    pub fn has(&self, language: Language, id: &PromptId) -> bool {
        is_id(id.as_str()) && Place::Folder(&self.0).file(language, &file_name(id)).is_file()
    }

    /// Puts a recording there, with its words.
    ///
    /// # Errors
    /// When a file cannot be written, or the texts of the folder are no TOML; then the
    /// recording that was there stays.
    pub fn put(
        &self,
        language: Language,
        id: &PromptId,
        prompt: &OwnPrompt,
    ) -> Result<(), ChangePromptError> {
        let texts = self.texts_with(language, id, prompt.words.as_deref())?;
        let folder = self.0.join(language.code());
        let write = |path: PathBuf, content: &[u8]| {
            write_whole(&path, content).map_err(|source| ChangePromptError::Write { path, source })
        };
        fs::create_dir_all(&folder)
            .map_err(|source| ChangePromptError::Write { path: folder.clone(), source })?;
        write(folder.join(file_name(id)), &prompt.wav)?;
        write(folder.join(TEXTS), texts.as_bytes())
    }

    /// Takes a recording away, and its words; the program's own is heard again.
    ///
    /// # Errors
    /// When a file cannot be removed or written.
    pub fn remove(&self, language: Language, id: &PromptId) -> Result<(), ChangePromptError> {
        let texts = self.texts_with(language, id, None)?;
        let folder = self.0.join(language.code());
        let path = folder.join(file_name(id));
        let error = |path: PathBuf| |source| ChangePromptError::Write { path, source };
        match fs::remove_file(&path) {
            Err(gone) if gone.kind() == io::ErrorKind::NotFound => {}
            removed => removed.map_err(error(path))?,
        }
        let path = folder.join(TEXTS);
        match path.exists() {
            true => write_whole(&path, texts.as_bytes()).map_err(error(path.clone())),
            false => Ok(()),
        }
    }

    /// The file of texts with other words for `id`, everything else as it is written.
    fn texts_with(
        &self,
        language: Language,
        id: &PromptId,
        words: Option<&str>,
    ) -> Result<String, ChangePromptError> {
        if !is_id(id.as_str()) {
            return Err(ChangePromptError::BadId(id.clone()));
        }
        let place = Place::Folder(&self.0);
        let path = place.file(language, TEXTS);
        let source = match fs::read(&path) {
            Ok(bytes) => String::from_utf8(bytes).ok(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(String::new()),
            Err(source) => return Err(ChangePromptError::Write { path, source }),
        };
        let Some(source) = source else { return Err(ChangePromptError::Texts(path)) };
        let line = words.map(|words| {
            let words = toml::Value::String(words.to_owned());
            format!("\"{id}\" = {words}\n")
        });
        let line = line.unwrap_or_default();
        let written = written(&source, id).map_err(|()| ChangePromptError::Texts(path))?;
        Ok(match written {
            Some(lines) => {
                let (before, after) = (source.get(..lines.start), source.get(lines.end..));
                format!("{}{line}{}", before.unwrap_or_default(), after.unwrap_or_default())
            }
            // The first line is always outside of any table.
            None => format!("{line}{source}"),
        })
    }
}

/// The whole lines on which `id` is written, if it is.
fn written(source: &str, id: &PromptId) -> Result<Option<Range<usize>>, ()> {
    let table = DeTable::parse(source).map_err(drop)?;
    let entry = table.get_ref().iter().find(|(key, _)| key.get_ref() == id.as_str());
    Ok(entry.map(|(key, value)| {
        let start = source.get(..key.span().start).and_then(|before| before.rfind('\n'));
        let end = source.get(value.span().end..).and_then(|after| after.find('\n'));
        let start = start.map_or(0, |at| at + 1);
        start..end.map_or(source.len(), |at| value.span().end + at + 1)
    }))
}

fn file_name(id: &PromptId) -> String {
    format!("{id}.wav")
}

const TEXTS: &str = "texts.toml";

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(words: &str) -> OwnPrompt {
        OwnPrompt { wav: words.as_bytes().to_vec(), words: Some(words.to_owned()) }
    }

    #[test]
    fn what_is_put_is_got_and_gone_once_it_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let own = OwnPrompts::new(&folder.path().join("new"));
        let id = PromptId::new("hold.1");
        assert_eq!(own.get(Language::It, &id), None);
        own.remove(Language::It, &id).unwrap();
        for words in ["Resti in linea.", "Resti \"qui\",\nper favore: \\ città"] {
            own.put(Language::It, &id, &prompt(words)).unwrap();
            assert_eq!(own.get(Language::It, &id), Some(prompt(words)));
        }
        assert_eq!(own.get(Language::En, &id), None);
        own.remove(Language::It, &id).unwrap();
        assert_eq!(own.get(Language::It, &id), None);
    }

    #[test]
    fn what_is_written_by_hand_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("it")).unwrap();
        let path = folder.path().join("it/texts.toml");
        let hand = "# Letti da Maria.\n\"hold.1\" = { text = \"Uno.\", say = \"uno\" } # breve\n\
                    \"hold.2\" = \"Due.\"";
        fs::write(&path, hand).unwrap();
        let own = OwnPrompts::new(folder.path());
        own.put(Language::It, &PromptId::new("hold.1"), &prompt("Tre.")).unwrap();
        own.put(Language::It, &PromptId::new("retry"), &prompt("Come?")).unwrap();
        own.remove(Language::It, &PromptId::new("hold.2")).unwrap();
        let left = "\"retry\" = \"Come?\"\n# Letti da Maria.\n\"hold.1\" = \"Tre.\"\n";
        assert_eq!(fs::read_to_string(&path).unwrap(), left);
    }

    #[test]
    fn a_file_that_is_no_toml_keeps_the_old_recording() {
        let folder = tempfile::tempdir().unwrap();
        let own = OwnPrompts::new(folder.path());
        let id = PromptId::new("retry");
        own.put(Language::It, &id, &prompt("Come?")).unwrap();
        fs::write(folder.path().join("it/texts.toml"), "\"retry\" = ").unwrap();
        assert!(own.put(Language::It, &id, &prompt("Prego?")).is_err());
        assert_eq!(own.get(Language::It, &id).unwrap().wav, b"Come?");
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let own = OwnPrompts::new(&folder.path().join("own"));
        for name in ["../secret", "/etc/passwd", "", "..", "a/b"] {
            let id = PromptId::new(name);
            assert!(own.put(Language::It, &id, &prompt("x")).is_err(), "{name}");
            assert_eq!(own.get(Language::It, &id), None, "{name}");
        }
        assert!(!folder.path().join("own").exists());
    }
}
