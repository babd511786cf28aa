//! A copy of everything the service keeps, encrypted, made while calls run; and back again.
//!
//! It copies no key: what is sealed stays sealed in the copy. Law: **a copy is whole or is
//! not believed**: it ends with the checksums of all that is in it, no byte of it can be
//! changed or cut off unnoticed, and nothing of it is put in place before all was looked at.

mod back;
mod files;
mod out;
mod sealed;

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

pub use back::{RestoreError, Restored, restore};
pub use out::{BackUpError, BackedUp, back_up};

/// What a copy is encrypted with and opens with.
#[derive(Clone)]
pub struct Passphrase(String);

/// Why a passphrase cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReadPassphraseError {
    /// Others may read it.
    #[error("la frase in {0} può essere letta da altri: esegui «chmod 600 {0}»")]
    Loose(PathBuf),
    /// Short ones are guessed.
    #[error("la frase in {0} è troppo corta: servono almeno {PASSPHRASE_MIN} caratteri")]
    Short(PathBuf),
    /// The file cannot be read.
    #[error("il file con la frase {path} non si può leggere")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Passphrase {
    /// The first line of `file`, which its owner alone may read.
    ///
    /// # Errors
    /// When it cannot be read, others may read it, or it is short.
    pub fn read(file: &Path) -> Result<Self, ReadPassphraseError> {
        let unreadable = |source| ReadPassphraseError::Unreadable { path: file.to_owned(), source };
        let metadata = fs::metadata(file).map_err(unreadable)?;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(ReadPassphraseError::Loose(file.to_owned()));
        }
        let text = fs::read_to_string(file).map_err(unreadable)?;
        let line = text.lines().next().unwrap_or_default().trim();
        if line.chars().count() < PASSPHRASE_MIN {
            return Err(ReadPassphraseError::Short(file.to_owned()));
        }
        Ok(Self(line.to_owned()))
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// Fewer characters are guessed by who has a copy and time.
const PASSPHRASE_MIN: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_is_long_and_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("frase");
        let read = |text: &str, mode: u32| {
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            Passphrase::read(&file)
        };
        assert!(matches!(read("una frase corta\n", 0o600), Err(ReadPassphraseError::Short(_))));
        let long = "quattro parole e mezza\nnon questa\n";
        assert!(matches!(read(long, 0o640), Err(ReadPassphraseError::Loose(_))));
        let phrase = read(long, 0o600).unwrap();
        assert_eq!(phrase.0, "quattro parole e mezza");
        assert!(!format!("{phrase:?}").contains("parole"));
        assert!(Passphrase::read(&dir.path().join("assente")).is_err());
    }
}
