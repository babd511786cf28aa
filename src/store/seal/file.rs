//! Files that are sealed whole: messages of callers, documents of cases.
//!
//! It does not know what is in them. They are small, a few megabytes at most, and are read
//! whole before a byte of them is believed. Law: a clear file goes only after its sealed one
//! is on the disk; everything here may be cut off anywhere and done again.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::{Belongs, Keyring, Keys, OpenSealError, ReadKeysError, Sealed};

/// Where in the data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder {
    /// Documents that people put to a case.
    Attachments,
    /// Messages that callers left.
    Voicemail,
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadSealedFileError {
    /// It is not there, or cannot be read.
    #[error("il file {path} non si può leggere")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The keys cannot be read.
    #[error(transparent)]
    Keys(#[from] ReadKeysError),
    /// It does not open.
    #[error(transparent)]
    Sealed(#[from] OpenSealError),
}

/// Why a file was not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepFileError {
    /// It cannot be written.
    #[error("il file {path} non si può scrivere: controlla la cartella e lo spazio")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The keys cannot be read.
    #[error(transparent)]
    Keys(#[from] ReadKeysError),
    /// It could not be sealed.
    #[error(transparent)]
    Sealed(#[from] OpenSealError),
}

impl Folder {
    /// Its name in the data folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::Attachments => "attachments",
            Self::Voicemail => "voicemail",
        }
    }

    pub(in crate::store) fn of(self, data_dir: &Path) -> PathBuf {
        data_dir.join(self.name())
    }

    /// Where the file of this name lies sealed. Only the last part of a name counts: no name
    /// leads elsewhere.
    pub(in crate::store) fn sealed(self, data_dir: &Path, name: &str) -> PathBuf {
        self.of(data_dir).join(format!("{}{SEALED}", plain(name)))
    }

    fn belongs<'a>(self, row: &'a [&'a str; 1]) -> Belongs<'a> {
        Belongs { table: self.name(), row }
    }
}

/// What is in the file `name`, sealed or, until it is, in clear. Blocks.
///
/// # Errors
/// When it is not there, or does not open.
pub fn read_sealed_file(
    data_dir: &Path,
    folder: Folder,
    name: &str,
    keyring: &Keyring,
) -> Result<Vec<u8>, ReadSealedFileError> {
    let name = plain(name);
    let path = folder.sealed(data_dir, name);
    match fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        bytes => return open(bytes, path, folder, name, keyring),
    }
    match fs::read(folder.of(data_dir).join(name)) {
        Ok(clear) => Ok(clear),
        // It may have been sealed in between.
        Err(_) => open(fs::read(&path), path, folder, name, keyring),
    }
}

fn open(
    bytes: io::Result<Vec<u8>>,
    path: PathBuf,
    folder: Folder,
    name: &str,
    keyring: &Keyring,
) -> Result<Vec<u8>, ReadSealedFileError> {
    let bytes = bytes.map_err(|source| ReadSealedFileError::Io { path, source })?;
    let (key, content) = parts(&bytes)?;
    Ok(keyring.keys()?.open(folder.belongs(&[name]), key, content)?)
}

/// Keeps `clear` as the file `name`, sealed and on the disk. Blocks.
///
/// # Errors
/// When there is no key, or it cannot be written; then nothing is kept.
pub fn keep_sealed_file(
    data_dir: &Path,
    folder: Folder,
    name: &str,
    clear: &[u8],
    keyring: &Keyring,
) -> Result<(), KeepFileError> {
    let keys = keyring.keys()?;
    write(data_dir, folder, plain(name), clear, &keys)
}

/// Takes a sealed file away that belongs to nothing; that it cannot go harms nobody.
pub fn remove_sealed_file(data_dir: &Path, folder: Folder, name: &str) {
    if let Err(error) = fs::remove_file(folder.sealed(data_dir, name)) {
        tracing::warn!(%error, "a file that belongs to nothing stays");
    }
}

/// Seals the clear file `name`, which goes. Blocks.
pub(super) fn seal_file(
    data_dir: &Path,
    folder: Folder,
    name: &str,
    keys: &Keys,
) -> Result<(), KeepFileError> {
    let path = folder.of(data_dir).join(name);
    let failed = |source| KeepFileError::Io { path: path.clone(), source };
    let clear = fs::read(&path).map_err(failed)?;
    write(data_dir, folder, name, &clear, keys)?;
    fs::remove_file(&path).and_then(|()| sync_folder(&path)).map_err(failed)
}

/// Seals the file `name` with the newest key, if an older one sealed it; whether it did.
/// Blocks.
pub(super) fn reseal_file(
    data_dir: &Path,
    folder: Folder,
    name: &str,
    keys: &Keys,
) -> Result<Anew, KeepFileError> {
    let path = folder.sealed(data_dir, name);
    let bytes = fs::read(&path).map_err(|source| KeepFileError::Io { path, source })?;
    let (key, content) = parts(&bytes)?;
    if key >= keys.newest() {
        return Ok(Anew::No);
    }
    let clear = keys.open(folder.belongs(&[name]), key, content)?;
    write(data_dir, folder, name, &clear, keys)?;
    Ok(Anew::Yes)
}

/// Whether a file was sealed anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anew {
    No,
    Yes,
}

/// The names of the files of a folder: those that lie there sealed, or those in clear.
pub(in crate::store) fn names(data_dir: &Path, folder: Folder, how: Lies) -> Vec<String> {
    let files = fs::read_dir(folder.of(data_dir)).into_iter().flatten();
    let names = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names
        .filter_map(|name| match how {
            Lies::Clear => name.ends_with(".wav").then_some(name),
            Lies::Sealed => name.strip_suffix(SEALED).map(str::to_owned),
        })
        .collect();
    names.sort_unstable();
    names
}

/// Whether any file was ever sealed in this data folder.
pub fn is_any_file_sealed(data_dir: &Path) -> bool {
    let folders = [Folder::Attachments, Folder::Voicemail];
    folders.into_iter().any(|folder| !names(data_dir, folder, Lies::Sealed).is_empty())
}

/// Whether a message lies in clear, finished or not.
pub fn is_any_message_clear(data_dir: &Path) -> bool {
    !names(data_dir, Folder::Voicemail, Lies::Clear).is_empty()
}

/// How a file lies on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Lies {
    Clear,
    Sealed,
}

fn write(
    data_dir: &Path,
    folder: Folder,
    name: &str,
    clear: &[u8],
    keys: &Keys,
) -> Result<(), KeepFileError> {
    let Sealed { key, content } = keys.seal(folder.belongs(&[name]), clear)?;
    let path = folder.sealed(data_dir, name);
    let failed = |source| KeepFileError::Io { path: path.clone(), source };
    DirBuilder::new().recursive(true).mode(0o750).create(folder.of(data_dir)).map_err(failed)?;
    // Two at once, the sweep and a rotation, write one file each; the last one stays.
    let new = path.with_extension(format!("{}.new", rand::random::<u32>()));
    let mut options = OpenOptions::new();
    let written =
        options.write(true).create_new(true).mode(0o600).open(&new).and_then(|mut file| {
            file.write_all(HEAD)?;
            file.write_all(&key.to_le_bytes())?;
            file.write_all(&content)?;
            file.sync_all()
        });
    let placed = written.and_then(|()| fs::rename(&new, &path)).and_then(|()| sync_folder(&path));
    if placed.is_err() {
        // What is left of it is of no use; that it cannot go harms nobody.
        let _ = fs::remove_file(&new);
    }
    placed.map_err(failed)
}

fn parts(bytes: &[u8]) -> Result<(u32, &[u8]), OpenSealError> {
    let rest = bytes.strip_prefix(HEAD).ok_or(OpenSealError::Damaged)?;
    let (key, content) = rest.split_first_chunk::<4>().ok_or(OpenSealError::Damaged)?;
    Ok((u32::from_le_bytes(*key), content))
}

fn plain(name: &str) -> &str {
    Path::new(name).file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

const HEAD: &[u8] = b"POLARIS1";
const SEALED: &str = ".sealed";

#[cfg(test)]
mod tests {
    use super::*;

    struct Place {
        dir: tempfile::TempDir,
        keyring: Keyring,
    }

    fn place() -> Place {
        let dir = tempfile::tempdir().unwrap();
        let keyring = Keyring::new(&dir.path().join("k"));
        keyring.make(chrono::DateTime::UNIX_EPOCH).unwrap();
        Place { dir, keyring }
    }

    impl Place {
        fn read(&self, name: &str) -> Result<Vec<u8>, ReadSealedFileError> {
            read_sealed_file(self.dir.path(), Folder::Voicemail, name, &self.keyring)
        }

        fn write(&self, name: &str, clear: &[u8]) {
            let (dir, folder) = (self.dir.path(), Folder::Voicemail);
            keep_sealed_file(dir, folder, name, clear, &self.keyring).unwrap();
        }

        fn file(&self, name: &str) -> PathBuf {
            Folder::Voicemail.of(self.dir.path()).join(name)
        }
    }

    #[test]
    fn a_file_lies_sealed_and_comes_back_whole_under_its_own_name_alone() {
        let place = place();
        place.write("a.wav", b"una voce");
        let bytes = fs::read(place.file("a.wav.sealed")).unwrap();
        assert!(!bytes.windows(4).any(|part| part == b"voce"));
        assert_eq!(place.read("a.wav").unwrap(), b"una voce");
        assert_eq!(place.read("../voicemail/a.wav").unwrap(), b"una voce");
        fs::rename(place.file("a.wav.sealed"), place.file("b.wav.sealed")).unwrap();
        assert!(matches!(place.read("b.wav"), Err(ReadSealedFileError::Sealed(_))));
        assert!(matches!(place.read("a.wav"), Err(ReadSealedFileError::Io { .. })));
        for cut in [0, 4, 11, bytes.len() - 1] {
            fs::write(place.file("a.wav.sealed"), &bytes[..cut]).unwrap();
            assert!(matches!(place.read("a.wav"), Err(ReadSealedFileError::Sealed(_))), "{cut}");
        }
    }

    #[test]
    fn a_clear_file_is_heard_until_it_is_sealed_also_when_that_was_cut_off() {
        let place = place();
        let (dir, keys) = (place.dir.path(), place.keyring.keys().unwrap());
        fs::create_dir(Folder::Voicemail.of(dir)).unwrap();
        fs::write(place.file("a.wav"), b"una voce").unwrap();
        assert_eq!(place.read("a.wav").unwrap(), b"una voce");
        // Cut off after the sealed file was there and before the clear one was gone.
        place.write("a.wav", b"una voce");
        assert_eq!(names(dir, Folder::Voicemail, Lies::Clear), ["a.wav"]);
        seal_file(dir, Folder::Voicemail, "a.wav", &keys).unwrap();
        assert!(names(dir, Folder::Voicemail, Lies::Clear).is_empty());
        assert_eq!(names(dir, Folder::Voicemail, Lies::Sealed), ["a.wav"]);
        assert_eq!(place.read("a.wav").unwrap(), b"una voce");
    }

    #[test]
    fn a_new_key_seals_a_file_anew() {
        let place = place();
        place.write("a.wav", b"una voce");
        place.keyring.add_key(chrono::DateTime::UNIX_EPOCH).unwrap();
        let keys = place.keyring.keys().unwrap();
        let again = || reseal_file(place.dir.path(), Folder::Voicemail, "a.wav", &keys).unwrap();
        assert_eq!((again(), again()), (Anew::Yes, Anew::No));
        assert_eq!(place.read("a.wav").unwrap(), b"una voce");
    }
}
