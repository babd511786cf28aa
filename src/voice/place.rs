//! Where a set of prompts lies: in a folder, or in the binary.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use super::PROMPTS;
use crate::words::{Language, PromptId};

/// A set of prompts, looked into file by file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    /// The one every binary carries.
    Binary,
    /// One on disk.
    Folder(&'a Path),
}

impl Place<'_> {
    /// What a file of the set is called, for people too.
    pub(super) fn file(self, language: Language, name: &str) -> PathBuf {
        let folder = match self {
            Self::Binary => Path::new("prompts"),
            Self::Folder(folder) => folder,
        };
        folder.join(language.code()).join(name)
    }

    /// What a file holds, if it is there and can be read.
    pub(super) fn read(self, language: Language, name: &str) -> Option<Cow<'static, [u8]>> {
        match self {
            Self::Binary => {
                let file = PROMPTS.get_file(Path::new(language.code()).join(name))?;
                Some(Cow::Borrowed(file.contents()))
            }
            Self::Folder(_) => fs::read(self.file(language, name)).ok().map(Cow::Owned),
        }
    }

    /// The text of a file, if it is one.
    pub(super) fn read_text(self, language: Language, name: &str) -> Option<String> {
        String::from_utf8(self.read(language, name)?.into_owned()).ok()
    }

    /// The names of the recordings of one language, sorted.
    pub(super) fn recordings(self, language: Language) -> Vec<PromptId> {
        let names: Vec<PathBuf> = match self {
            Self::Binary => {
                let files = PROMPTS.get_dir(language.code()).into_iter().flat_map(|d| d.files());
                files.map(|file| file.path().to_owned()).collect()
            }
            Self::Folder(_) => {
                let files = fs::read_dir(self.file(language, "")).into_iter().flatten();
                files.filter_map(Result::ok).map(|file| file.path()).collect()
            }
        };
        let mut ids: Vec<PromptId> = names
            .iter()
            .filter_map(|path| path.file_name()?.to_str()?.strip_suffix(".wav"))
            .map(PromptId::new)
            .collect();
        ids.sort();
        ids
    }
}
