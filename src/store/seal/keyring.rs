//! The key file: made once, never inside the data, read anew when it changes.
//!
//! It seals nothing. Law: a key that was in the file stays in it, and a file that others
//! may read is not used.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Keys, Secret};
use crate::store::{hexadecimal, instant};

/// The keys in a file, as the file is now.
#[derive(Debug)]
pub struct Keyring {
    file: PathBuf,
    /// What was read last, and the file it was.
    read: Mutex<Option<(Stamp, Arc<Keys>)>>,
}

/// Tells one content of a file from the next: it is only ever put in place anew.
type Stamp = (u64, u64, i64, i64);

/// Why the keys could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadKeysError {
    /// It is not as it was written.
    #[error("il file delle chiavi {0} è rovinato: rimettilo dalla copia di sicurezza")]
    Damaged(PathBuf),
    /// Others may read it.
    #[error("il file delle chiavi {0} può essere letto da altri: esegui «chmod 600 {0}»")]
    Loose(PathBuf),
    /// There is none.
    #[error(
        "il file delle chiavi {0} non c'è: rimettilo dalla copia di sicurezza; \
         senza, le schede non si leggono e non si scrivono"
    )]
    Missing(PathBuf),
    /// It cannot be read.
    #[error("il file delle chiavi {path} non si può leggere: controlla i permessi")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Why no key file was made.
#[derive(Debug, thiserror::Error)]
pub enum MakeKeysError {
    /// It cannot be written.
    #[error("il file delle chiavi {path} non si può scrivere: controlla la cartella e lo spazio")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Why no key was added.
#[derive(Debug, thiserror::Error)]
pub enum AddKeyError {
    /// Somebody else is at it, or was and died.
    #[error(
        "{0} c'è già: un'altra rotazione è in corso; se non è così, cancella quel file e riprova"
    )]
    Busy(PathBuf),
    /// The keys there are cannot be read.
    #[error(transparent)]
    Read(#[from] ReadKeysError),
    /// The file cannot be written; the one before stays.
    #[error(transparent)]
    Write(#[from] MakeKeysError),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    /// Names what can be searched for; it never changes.
    lookup: String,
    key: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: u32,
    made: String,
    secret: String,
    /// Of the secret: a slip in the file is seen before anything is sealed with it.
    check: String,
}

impl Keyring {
    /// The keys in `file`, which is read when they are needed.
    pub fn new(file: &Path) -> Self {
        Self { file: file.to_owned(), read: Mutex::new(None) }
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The keys as the file has them now. Cheap while it does not change.
    ///
    /// # Errors
    /// When there is no file, or it must not be used.
    pub fn keys(&self) -> Result<Arc<Keys>, ReadKeysError> {
        let metadata = fs::metadata(&self.file).map_err(|source| self.unreadable(source))?;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(ReadKeysError::Loose(self.file.clone()));
        }
        let stamp = (metadata.dev(), metadata.ino(), metadata.mtime(), metadata.mtime_nsec());
        let mut read = self.read.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, keys)) = read.as_ref().filter(|(known, _)| *known == stamp) {
            return Ok(keys.clone());
        }
        let keys = Arc::new(self.contents()?.keys().ok_or_else(|| self.damaged())?);
        *read = Some((stamp, keys.clone()));
        Ok(keys)
    }

    /// Makes the file with a first key, unless there is one; whether it did.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn make(&self, at: DateTime<Utc>) -> Result<Made, MakeKeysError> {
        let failed = |source| MakeKeysError::Write { path: self.file.clone(), source };
        if fs::exists(&self.file).map_err(failed)? {
            return Ok(Made::Before);
        }
        let contents = Contents { lookup: hexadecimal(&secret()), key: vec![Entry::new(1, at)] };
        // Put in place by a link, which never replaces a key somebody else just made.
        let new = self.beside(".first");
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        write_new(&new, &contents).map_err(failed)?;
        let linked = fs::hard_link(&new, &self.file);
        fs::remove_file(&new).map_err(failed)?;
        match linked {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Made::Before),
            linked => {
                linked.and_then(|()| self.sync_folder()).map_err(failed)?;
                Ok(Made::Now)
            }
        }
    }

    /// Adds a key, which seals from now on; its number. Running services notice.
    ///
    /// # Errors
    /// When the file cannot be read or written; then it stays as it was.
    pub fn add_key(&self, at: DateTime<Utc>) -> Result<u32, AddKeyError> {
        let keys = self.keys()?;
        let mut contents = self.contents()?;
        let id = keys.newest().saturating_add(1);
        contents.key.push(Entry::new(id, at));
        let new = self.beside(".new");
        let failed = |source| MakeKeysError::Write { path: self.file.clone(), source };
        match write_new(&new, &contents) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(AddKeyError::Busy(new));
            }
            written => written.map_err(failed)?,
        }
        fs::rename(&new, &self.file).and_then(|()| self.sync_folder()).map_err(failed)?;
        Ok(id)
    }

    fn contents(&self) -> Result<Contents, ReadKeysError> {
        let text = fs::read_to_string(&self.file).map_err(|source| self.unreadable(source))?;
        // The parser's own words would quote a key.
        toml::from_str(&text).map_err(|_| self.damaged())
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.file.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    }

    fn sync_folder(&self) -> io::Result<()> {
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
    }

    fn damaged(&self) -> ReadKeysError {
        ReadKeysError::Damaged(self.file.clone())
    }

    fn unreadable(&self, source: io::Error) -> ReadKeysError {
        match source.kind() {
            io::ErrorKind::NotFound => ReadKeysError::Missing(self.file.clone()),
            io::ErrorKind::InvalidData => self.damaged(),
            _ => ReadKeysError::Unreadable { path: self.file.clone(), source },
        }
    }
}

/// Whether a key file was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// There was one.
    Before,
    /// There is one now, of which a copy has to be kept.
    Now,
}

impl Contents {
    /// `None` when anything in it is not as it was written.
    fn keys(&self) -> Option<Keys> {
        let mut seals = BTreeMap::new();
        for entry in &self.key {
            let secret = read_secret(&entry.secret)?;
            if check(&secret) != entry.check || seals.insert(entry.id, secret).is_some() {
                return None;
            }
        }
        Keys::new(seals, read_secret(&self.lookup)?)
    }
}

impl Entry {
    fn new(id: u32, at: DateTime<Utc>) -> Self {
        let secret = secret();
        let check = check(&secret);
        Self { id, made: instant::text(at), secret: hexadecimal(&secret), check }
    }
}

/// Fails where there is such a file.
fn write_new(path: &Path, contents: &Contents) -> io::Result<()> {
    let text = toml::to_string(contents).map_err(io::Error::other)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(HEAD.as_bytes())?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn secret() -> Secret {
    rand::rng().random()
}

fn check(secret: &Secret) -> String {
    hexadecimal(&Sha256::digest(secret)[..4])
}

fn read_secret(text: &str) -> Option<Secret> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut secret = [0; 32];
    for (byte, place) in secret.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(place..place + 2)?, 16).ok()?;
    }
    Some(secret)
}

const HEAD: &str = "# Le chiavi con cui POLARIS cifra le schede.
#
# Chi ha questo file e i dati legge le schede; chi lo perde non le legge mai più.
# Tienine una copia in un luogo sicuro, lontano dai dati e dalle loro copie.
# Non cambiarlo a mano: `polaris key rotate` aggiunge una chiave e tiene le altre.

";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::seal::Belongs;

    const ROW: Belongs<'static> = Belongs { table: "t", row: &["1"] };

    fn place() -> (tempfile::TempDir, Keyring) {
        let dir = tempfile::tempdir().unwrap();
        let keyring = Keyring::new(&dir.path().join("polaris.key"));
        (dir, keyring)
    }

    fn at() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }

    #[test]
    fn a_key_file_is_made_once_for_its_owner_alone() {
        let (_dir, keyring) = place();
        assert!(matches!(keyring.keys(), Err(ReadKeysError::Missing(_))));
        assert_eq!(keyring.make(at()).unwrap(), Made::Now);
        let mode = fs::metadata(keyring.file()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let before = fs::read_to_string(keyring.file()).unwrap();
        assert_eq!(keyring.make(at()).unwrap(), Made::Before);
        assert_eq!(fs::read_to_string(keyring.file()).unwrap(), before);
        assert!(before.starts_with("# Le chiavi"));
    }

    #[test]
    fn a_file_that_others_may_read_is_not_used() {
        let (_dir, keyring) = place();
        keyring.make(at()).unwrap();
        for mode in [0o640, 0o604, 0o660, 0o602] {
            fs::set_permissions(keyring.file(), fs::Permissions::from_mode(mode)).unwrap();
            let error = keyring.keys().unwrap_err().to_string();
            assert!(error.contains("chmod 600"), "{error}");
        }
        fs::set_permissions(keyring.file(), fs::Permissions::from_mode(0o600)).unwrap();
        assert!(keyring.keys().is_ok());
    }

    #[test]
    fn a_new_key_seals_and_the_old_one_still_opens_in_a_running_service() {
        let (_dir, keyring) = place();
        keyring.make(at()).unwrap();
        let running = Keyring::new(keyring.file());
        let sealed = running.keys().unwrap().seal(ROW, b"Ada").unwrap();
        assert_eq!(keyring.add_key(at()).unwrap(), 2);
        let keys = running.keys().unwrap();
        assert_eq!(keys.newest(), 2);
        assert_eq!(keys.open(ROW, sealed.key, &sealed.content).unwrap(), b"Ada");
        assert_eq!(keys.lookup("x", "y"), keyring.keys().unwrap().lookup("x", "y"));
    }

    #[test]
    fn a_slip_in_the_file_is_seen_and_quotes_no_key() {
        let (_dir, keyring) = place();
        keyring.make(at()).unwrap();
        let text = fs::read_to_string(keyring.file()).unwrap();
        let secret = text.split("secret = \"").nth(1).unwrap()[..8].to_owned();
        let other = if secret.starts_with('0') { "1" } else { "0" };
        for wrong in [
            text.replace(&secret, &format!("{other}{}", &secret[1..])),
            text.replace("secret", "secrets"),
            text.replace("lookup = \"", "lookup = \"x"),
            format!("{text}\n= ="),
            String::new(),
        ] {
            fs::write(keyring.file(), wrong).unwrap();
            let error = Keyring::new(keyring.file()).keys().unwrap_err();
            assert!(matches!(error, ReadKeysError::Damaged(_)), "{error}");
            assert!(!format!("{error:?}").contains(&secret));
        }
    }

    #[test]
    fn two_rotations_at_once_do_not_lose_a_key() {
        let (_dir, keyring) = place();
        keyring.make(at()).unwrap();
        fs::write(keyring.beside(".new"), "").unwrap();
        assert!(matches!(keyring.add_key(at()), Err(AddKeyError::Busy(_))));
        assert_eq!(keyring.keys().unwrap().newest(), 1);
    }
}
