//! Makes a copy.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Read as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use super::Passphrase;
use super::files::{BESIDE, DATABASE, FOLDERS, LIST, List, is_ours};
use super::sealed::Sealing;
use crate::store::settings::Settings;
use crate::store::{OpenStoreError, hexadecimal, instant};

/// What was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackedUp {
    /// Files.
    pub files: usize,
    /// How long the copy is, in bytes.
    pub bytes: u64,
}

/// Why there is no copy. Nothing of it is left.
#[derive(Debug, thiserror::Error)]
pub enum BackUpError {
    /// Another copy is being made.
    #[error("un'altra copia è in corso: aspetta che finisca")]
    Busy,
    /// The database is not sound, so neither would be a copy of it.
    #[error("la banca dati è rovinata e la copia non è stata fatta: {0}")]
    Damaged(String),
    /// There is no database.
    #[error("la banca dati {0} non c'è: controlla [store] url e data_dir")]
    NoDatabase(PathBuf),
    /// Something cannot be read.
    #[error("{path} non si può leggere")]
    Read {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The database cannot be copied.
    #[error("la banca dati non si può copiare: il disco ha spazio per una seconda?")]
    Sql(#[from] sqlx::Error),
    /// Such a copy is there already.
    #[error("{0} c'è già: scrivi un altro nome")]
    There(PathBuf),
    /// The address names no database.
    #[error(transparent)]
    Url(#[from] OpenStoreError),
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

/// Copies database, journal and recorded messages into `file`, encrypted with `phrase`;
/// calls go on. The key file of the cases is never in it.
///
/// # Errors
/// When anything cannot be read or written; then there is no copy.
pub async fn back_up(
    url: &str,
    data_dir: &Path,
    file: &Path,
    phrase: &Passphrase,
    at: DateTime<Utc>,
) -> Result<BackedUp, BackUpError> {
    let settings = Settings::read(url, data_dir)?;
    if fs::exists(file).map_err(read_error(file))? {
        return Err(BackUpError::There(file.to_owned()));
    }
    if !fs::exists(&settings.file).map_err(read_error(&settings.file))? {
        return Err(BackUpError::NoDatabase(settings.file));
    }
    // In clear text, so where the database lies, and not where the copy goes.
    let database = Part::beside(data_dir)?;
    // What the journal holds is in this reading of it, or in the database by then.
    let mut beside = Vec::new();
    for name in BESIDE {
        beside.extend(read_if_there(&data_dir.join(name))?.map(|bytes| (name, bytes)));
    }
    let mut connection = settings.reading().connect().await?;
    // One read transaction: a consistent copy, and no writer waits for it.
    let into = "vacuum into ?";
    sqlx::query(into).bind(database.path.display().to_string()).execute(&mut connection).await?;
    connection.close().await?;
    sound(&mut open(&database.path).await?).await?.map_err(BackUpError::Damaged)?;
    let (data_dir, file, phrase) = (data_dir.to_owned(), file.to_owned(), phrase.clone());
    let write = move || {
        let copied = Copied { made: instant::text(at), beside, database: &database, data_dir };
        copied.write(&file, &phrase)
    };
    let written = tokio::task::spawn_blocking(write).await;
    written.unwrap_or_else(|error| {
        Err(BackUpError::Write { path: PathBuf::from(DATABASE), source: io::Error::other(error) })
    })
}

/// Opens a copy of the database, to look at it.
pub(super) async fn open(database: &Path) -> Result<SqliteConnection, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(database).read_only(true);
    options.disable_statement_logging().connect().await
}

/// Whether a database is as `SQLite` wrote it; what is wrong when it is not.
pub(super) async fn sound(
    connection: &mut SqliteConnection,
) -> Result<Result<(), String>, sqlx::Error> {
    let found: String = sqlx::query_scalar("pragma integrity_check").fetch_one(connection).await?;
    Ok(if found == "ok" { Ok(()) } else { Err(found) })
}

/// The copy of the database before it is encrypted; taken away whatever happens.
struct Part {
    path: PathBuf,
    _locked: File,
}

impl Part {
    /// One at a time. What a process that was killed left is overwritten.
    fn beside(data_dir: &Path) -> Result<Self, BackUpError> {
        let path = data_dir.join(".copia.db");
        let locked = create(&path).map_err(write_error(&path))?;
        match locked.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(BackUpError::Busy),
            Err(TryLockError::Error(error)) => return Err(write_error(&path)(error)),
        }
        // SQLite fills a file that is empty, and refuses any other.
        locked.set_len(0).map_err(write_error(&path))?;
        Ok(Self { path, _locked: locked })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// What goes into a copy.
struct Copied<'a> {
    made: String,
    beside: Vec<(&'static str, Vec<u8>)>,
    database: &'a Part,
    data_dir: PathBuf,
}

impl Copied<'_> {
    /// Puts the copy in place once it is whole.
    fn write(self, file: &Path, phrase: &Passphrase) -> Result<BackedUp, BackUpError> {
        let mut part = file.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let written = self.seal(&part, phrase).and_then(|files| {
            fs::rename(&part, file).map_err(write_error(file))?;
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or_else(|| Path::new("."));
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(write_error(file))?;
            let bytes = fs::metadata(file).map_err(write_error(file))?.len();
            Ok(BackedUp { files, bytes })
        });
        if written.is_err() {
            let _ = fs::remove_file(&part);
        }
        written
    }

    fn seal(&self, part: &Path, phrase: &Passphrase) -> Result<usize, BackUpError> {
        let failed = |source| BackUpError::Write { path: part.to_owned(), source };
        let out = create(part).and_then(|out| out.set_len(0).map(|()| out)).map_err(failed)?;
        let sealing = Sealing::begin(BufWriter::new(out), phrase).map_err(failed)?;
        let mut tar = tar::Builder::new(sealing);
        let mut list = List { made: self.made.clone(), files: BTreeMap::new() };
        for (name, bytes) in &self.beside {
            let hash = append(&mut tar, name, bytes.len() as u64, bytes.as_slice());
            list.files.insert((*name).to_owned(), hash.map_err(failed)?);
        }
        append_file(&mut tar, DATABASE, &self.database.path, &mut list)?;
        // After the database: every file it names is there, or was thrown away since.
        // Twice: one that is sealed in between goes under one name and comes under another.
        for folder in FOLDERS.into_iter().chain(FOLDERS) {
            for (name, path) in kept(&self.data_dir, folder)? {
                if !list.files.contains_key(&name) {
                    append_file(&mut tar, &name, &path, &mut list)?;
                }
            }
        }
        let text = serde_json::to_vec(&list).map_err(|error| failed(error.into()))?;
        append(&mut tar, LIST, text.len() as u64, text.as_slice()).map_err(failed)?;
        let sealed = tar.into_inner().and_then(Sealing::finish).map_err(failed)?;
        let out = sealed.into_inner().map_err(|error| failed(error.into_error()))?;
        out.sync_all().map_err(failed)?;
        Ok(list.files.len())
    }
}

/// The files of a folder, in order of their names.
fn kept(data_dir: &Path, folder: &str) -> Result<Vec<(String, PathBuf)>, BackUpError> {
    let path = data_dir.join(folder);
    let failed = read_error(&path);
    let entries = match fs::read_dir(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(&failed)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(&failed)?;
        let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if is_ours(&name) && entry.path().is_file() {
            found.push((name, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// A file that goes away meanwhile was thrown away, and is not missed.
fn append_file(
    tar: &mut tar::Builder<impl Write>,
    name: &str,
    path: &Path,
    list: &mut List,
) -> Result<(), BackUpError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && name != DATABASE => return Ok(()),
        file => file.map_err(read_error(path))?,
    };
    let length = file.metadata().map_err(read_error(path))?.len();
    // A message that is being left grows: as much as there was.
    let hash = append(tar, name, length, file.take(length)).map_err(read_error(path))?;
    list.files.insert(name.to_owned(), hash);
    Ok(())
}

/// Its SHA-256.
fn append(
    tar: &mut tar::Builder<impl Write>,
    name: &str,
    length: u64,
    from: impl io::Read,
) -> io::Result<String> {
    let mut header = tar::Header::new_gnu();
    header.set_size(length);
    header.set_mode(0o640);
    header.set_entry_type(tar::EntryType::Regular);
    let mut hashed = Hashed { from, hash: Sha256::new(), length: 0 };
    tar.append_data(&mut header, name, &mut hashed)?;
    if hashed.length != length {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it became shorter"));
    }
    Ok(hexadecimal(&hashed.hash.finalize()))
}

/// Computes the checksum of what is read through it.
pub(super) struct Hashed<R> {
    pub(super) from: R,
    pub(super) hash: Sha256,
    pub(super) length: u64,
}

impl<R: io::Read> io::Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.hash.update(buffer.get(..read).unwrap_or_default());
        self.length += read as u64;
        Ok(read)
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, BackUpError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(BackUpError::Read { path: path.to_owned(), source }),
    }
}

fn read_error(path: &Path) -> impl Fn(io::Error) -> BackUpError {
    move |source| BackUpError::Read { path: path.to_owned(), source }
}

fn write_error(path: &Path) -> impl Fn(io::Error) -> BackUpError {
    move |source| BackUpError::Write { path: path.to_owned(), source }
}
