//! Brings a copy back into a folder that is empty, once it is known to be whole.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use super::Passphrase;
use super::files::{DATABASE, FOLDERS, LIST, List, VOICEMAIL, is_ours};
use super::out::{Hashed, open, sound};
use super::sealed::{OpenError, Opening};
use crate::store::{ReadCallsError, Reader, hexadecimal, schema};

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// When the copy was made, as text of an instant.
    pub made: String,
    /// Files.
    pub files: usize,
    /// Calls in the database.
    pub calls: i64,
    /// Cases in the database.
    pub cases: i64,
    /// Recorded messages.
    pub messages: usize,
    /// Where the chain of the audit log breaks, in Italian; it did when the copy was made.
    pub broken: Option<String>,
}

/// Why a copy did not come back. The folder is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The audit log in it cannot be read.
    #[error("il registro nella copia non si può leggere")]
    Audit(#[from] ReadCallsError),
    /// Something in it is not as it was written, or missing.
    #[error("la copia è rovinata o troncata ({0}): usane un'altra")]
    Damaged(String),
    /// A service runs on the folder.
    #[error("{0} è in uso da un polaris in funzione: fermalo, o scrivi un'altra cartella")]
    InUse(PathBuf),
    /// It does not open.
    #[error("la copia non si apre: la frase è un'altra, oppure il file è rovinato")]
    Locked,
    /// A newer program made it.
    #[error(
        "la copia viene da una versione più nuova del programma (banca dati {found}, questo \
         programma arriva alla {known}): usa quella"
    )]
    Newer {
        /// Of the copy.
        found: i64,
        /// Of this program.
        known: i64,
    },
    /// It is something else.
    #[error("{0} non è una copia fatta da `polaris backup`")]
    NotACopy(PathBuf),
    /// There is something in the folder already.
    #[error("{0} non è vuota: scrivi una cartella nuova o vuota, niente viene sovrascritto")]
    NotEmpty(PathBuf),
    /// It cannot be read.
    #[error("{path} non si può leggere")]
    Read {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The database in the copy cannot be opened.
    #[error("la banca dati nella copia non si apre")]
    Sql(#[from] sqlx::Error),
    /// It cannot be written.
    #[error("{path} non si può scrivere: controlla la cartella, i permessi e lo spazio")]
    Write {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Brings the copy in `file` back into `folder`, which is a data directory then.
///
/// # Errors
/// When the folder is in use or not empty, or the copy does not open or is not whole; then
/// the folder is as it was.
pub async fn restore(
    file: &Path,
    phrase: &Passphrase,
    folder: &Path,
) -> Result<Restored, RestoreError> {
    let (from, into, phrase) = (file.to_owned(), folder.to_owned(), phrase.clone());
    let work = move || {
        let opening = begin(&from, &phrase)?;
        let place = Place::take(&into)?;
        unpack(&from, opening, &place.staging).map(|list| (place, list))
    };
    let blocking =
        |error| RestoreError::Read { path: file.to_owned(), source: io::Error::other(error) };
    let (place, list) = tokio::task::spawn_blocking(work).await.map_err(blocking)??;
    let (calls, cases, broken) = look(&place.staging.join(DATABASE)).await?;
    place.fill(&list)?;
    let messages = list.files.keys().filter(|name| name.starts_with(VOICEMAIL)).count();
    Ok(Restored { made: list.made, files: list.files.len(), calls, cases, messages, broken })
}

fn begin(file: &Path, phrase: &Passphrase) -> Result<Opening<BufReader<File>>, RestoreError> {
    let read = |source| RestoreError::Read { path: file.to_owned(), source };
    let sealed = File::open(file).map_err(read)?;
    Opening::begin(BufReader::new(sealed), phrase).map_err(|error| match error {
        OpenError::Locked => RestoreError::Locked,
        OpenError::NotACopy => RestoreError::NotACopy(file.to_owned()),
        OpenError::Read(source) => read(source),
    })
}

/// The folder, kept from every service while a copy comes back into it.
struct Place {
    folder: PathBuf,
    /// What comes out of the copy waits here until it was looked at.
    staging: PathBuf,
    /// What was made for this, to be taken away again when nothing comes of it.
    made: Vec<PathBuf>,
    _locked: File,
}

impl Place {
    fn take(folder: &Path) -> Result<Self, RestoreError> {
        let failed = write_error(folder);
        let mut builder = DirBuilder::new();
        builder.mode(0o750);
        let mut made = Vec::new();
        if !fs::exists(folder).map_err(&failed)? {
            builder.recursive(true).create(folder).map_err(&failed)?;
            made.push(folder.to_owned());
        }
        let lock = folder.join(LOCK);
        let known = fs::exists(&lock).map_err(&failed)?;
        if known {
            take_lock(folder, &lock)?;
        }
        for entry in fs::read_dir(folder).map_err(&failed)? {
            let name = entry.map_err(&failed)?.file_name();
            if name != LOCK && name != LOST_AND_FOUND {
                return Err(RestoreError::NotEmpty(folder.to_owned()));
            }
        }
        let locked = take_lock(folder, &lock)?;
        if !known {
            made.push(lock);
        }
        let staging = folder.join(STAGING);
        let place = Self { folder: folder.to_owned(), staging, made, _locked: locked };
        for folder in FOLDERS {
            builder.recursive(true).create(place.staging.join(folder)).map_err(&failed)?;
        }
        Ok(place)
    }

    /// Puts in place what was looked at; the database last: without it nothing is there.
    fn fill(mut self, list: &List) -> Result<(), RestoreError> {
        let failed = write_error(&self.folder);
        let beside = list.files.keys().map(String::as_str);
        let beside = beside.filter(|name| *name != DATABASE && !name.contains('/'));
        // Half of it is no reason to take the other half away.
        self.made.clear();
        let used = |folder: &str| list.files.keys().any(|name| name.starts_with(folder));
        let folders = FOLDERS.into_iter().filter(|folder| *folder == VOICEMAIL || used(folder));
        for name in beside.chain(folders).chain([DATABASE]) {
            let place = self.folder.join(name);
            if let Some(folder) = place.parent() {
                fs::create_dir_all(folder).map_err(&failed)?;
            }
            fs::rename(self.staging.join(name), place).map_err(&failed)?;
        }
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(&failed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Empty when all went well.
        let _ = fs::remove_dir_all(&self.staging);
        for made in self.made.iter().rev() {
            let _ = if made.is_dir() { fs::remove_dir(made) } else { fs::remove_file(made) };
        }
    }
}

fn take_lock(folder: &Path, lock: &Path) -> Result<File, RestoreError> {
    let failed = write_error(folder);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o640);
    let file = options.open(lock).map_err(&failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(RestoreError::InUse(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

fn unpack(
    file: &Path,
    opening: Opening<BufReader<File>>,
    staging: &Path,
) -> Result<List, RestoreError> {
    let damaged = |what: &str| RestoreError::Damaged(what.to_owned());
    let read = |source: io::Error| match source.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => damaged("contenuto"),
        _ => RestoreError::Read { path: file.to_owned(), source },
    };
    let mut tar = tar::Archive::new(opening);
    let mut hashes = BTreeMap::new();
    let mut list = None;
    for entry in tar.entries().map_err(read)? {
        let mut entry = entry.map_err(read)?;
        let name = entry.path().map_err(read)?.to_string_lossy().into_owned();
        if name == LIST {
            let mut text = Vec::new();
            entry.by_ref().take(LIST_MAX).read_to_end(&mut text).map_err(read)?;
            list = serde_json::from_slice::<List>(&text).ok();
        } else if is_ours(&name) && entry.header().entry_type().is_file() {
            let hash = write(&staging.join(&name), entry, read)?;
            hashes.insert(name, hash);
        } else {
            return Err(damaged(&name));
        }
    }
    // To the end: only there a copy that was cut shows.
    io::copy(&mut tar.into_inner(), &mut io::sink()).map_err(read)?;
    let list = list.ok_or_else(|| damaged("elenco"))?;
    let differs = |(name, hash): &(&String, &String)| hashes.get(*name) != Some(*hash);
    if let Some((name, _)) = list.files.iter().find(differs) {
        return Err(damaged(name));
    }
    if hashes.len() != list.files.len() || !list.files.contains_key(DATABASE) {
        return Err(damaged("elenco"));
    }
    Ok(list)
}

/// Its SHA-256.
fn write(
    path: &Path,
    from: impl io::Read,
    read: impl Fn(io::Error) -> RestoreError,
) -> Result<String, RestoreError> {
    let failed = write_error(path);
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o640).open(path).map_err(&failed)?;
    let mut hashed = Hashed { from, hash: Sha256::new(), length: 0 };
    io::copy(&mut hashed, &mut file).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => read(error),
        _ => failed(error),
    })?;
    file.sync_all().map_err(failed)?;
    Ok(hexadecimal(&hashed.hash.finalize()))
}

/// Whether the database is sound and ours, how many calls and cases are in it, and where
/// its audit log breaks.
async fn look(database: &Path) -> Result<(i64, i64, Option<String>), RestoreError> {
    let mut connection = open(database).await?;
    sound(&mut connection).await?.map_err(RestoreError::Damaged)?;
    let (found, known) = (schema::of(&mut connection).await?, schema::current());
    if found > known {
        return Err(RestoreError::Newer { found, known });
    }
    let count = "select (select count(*) from calls), (select count(*) from cases)";
    let (calls, cases) = sqlx::query_as(count).fetch_one(&mut connection).await?;
    connection.close().await?;
    if found < AUDITED_SINCE {
        return Ok((calls, cases, None));
    }
    let options = SqliteConnectOptions::new().filename(database).read_only(true);
    let pool = SqlitePoolOptions::new().connect_lazy_with(options);
    let reader = Reader { pool, keyring: None };
    let verified = reader.verify_audit().await?;
    reader.close().await;
    Ok((calls, cases, verified.err().map(|broken| broken.to_string())))
}

fn write_error(path: &Path) -> impl Fn(io::Error) -> RestoreError {
    move |source| RestoreError::Write { path: path.to_owned(), source }
}

/// What a service locks in its data directory.
const LOCK: &str = "lock";
/// What a file system of its own begins with.
const LOST_AND_FOUND: &str = "lost+found";
const STAGING: &str = ".ripristino";
/// A hundred thousand messages are listed in less.
const LIST_MAX: u64 = 64 * 1024 * 1024;
/// The migration that made the audit log.
const AUDITED_SINCE: i64 = 4;
