//! The last roster and the last closures that could be read, kept in files beside the
//! database.
//!
//! It never decides which of them count. Law: a file is whole or is not believed: it is put
//! in place at once, and what is read must match the checksum in it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::error::ReadKeptRosterError;
use super::{StandingClosures, StandingRoster};
use crate::dialplan::EnteredClosure;
use crate::roster::{Records, Roster};

/// The roster's name in the data directory.
pub const KEPT_ROSTER: &str = "roster.json";
/// The closures' name there.
const KEPT_CLOSURES: &str = "closures.json";

/// A roster that was kept.
#[derive(Debug, Clone)]
pub struct KeptRoster {
    /// The roster, with the revision it was.
    pub standing: StandingRoster,
    /// When it was written.
    pub written: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct Contents<R> {
    revision: i64,
    written: DateTime<Utc>,
    /// Of the records as JSON, in hexadecimal.
    sha256: String,
    records: R,
}

/// Writes `standing` to the data directory, in place of what was kept before.
///
/// # Errors
/// When the file cannot be written; then the one before stays.
pub fn keep_roster(
    data_dir: &Path,
    standing: &StandingRoster,
    written: DateTime<Utc>,
) -> io::Result<()> {
    keep(data_dir, KEPT_ROSTER, standing.revision, written, standing.roster.records())
}

/// Writes the closures to the data directory, in place of what was kept before.
///
/// # Errors
/// When the file cannot be written; then the one before stays.
pub fn keep_closures(
    data_dir: &Path,
    standing: &StandingClosures,
    written: DateTime<Utc>,
) -> io::Result<()> {
    keep(data_dir, KEPT_CLOSURES, standing.revision, written, &standing.closures)
}

/// Reads what was kept.
///
/// # Errors
/// When there is nothing, or it is not as it was written.
pub fn kept_roster(data_dir: &Path) -> Result<KeptRoster, ReadKeptRosterError> {
    let path = data_dir.join(KEPT_ROSTER);
    let contents = kept::<Records>(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ReadKeptRosterError::None(path.clone()),
        io::ErrorKind::InvalidData => ReadKeptRosterError::Damaged(path.clone()),
        _ => ReadKeptRosterError::Unreadable { path: path.clone(), source: error },
    })?;
    let roster =
        Roster::new(contents.records).map_err(|_| ReadKeptRosterError::Damaged(path.clone()))?;
    let standing = StandingRoster { revision: contents.revision, roster };
    Ok(KeptRoster { standing, written: contents.written })
}

/// Reads the closures that were kept; `None` when none ever were.
///
/// # Errors
/// When they are not as they were written (`InvalidData`), or cannot be read.
pub fn kept_closures(data_dir: &Path) -> io::Result<Option<StandingClosures>> {
    match kept::<Vec<EnteredClosure>>(&data_dir.join(KEPT_CLOSURES)) {
        Ok(Contents { revision, records, .. }) => {
            Ok(Some(StandingClosures { revision, closures: records }))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn keep<R: Serialize>(
    data_dir: &Path,
    name: &str,
    revision: i64,
    written: DateTime<Utc>,
    records: &R,
) -> io::Result<()> {
    let sha256 = checksum(&serde_json::to_vec(records)?);
    let text = serde_json::to_vec(&Contents { revision, written, sha256, records })?;
    let (path, new) = (data_dir.join(name), data_dir.join(format!("{name}.new")));
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o640).open(&new)?;
    file.write_all(&text)?;
    file.sync_all()?;
    fs::rename(&new, &path)?;
    File::open(data_dir)?.sync_all()
}

/// What is not as it was written is `InvalidData`.
fn kept<R: Serialize + DeserializeOwned>(path: &Path) -> io::Result<Contents<R>> {
    let text = fs::read(path)?;
    let damaged = || io::Error::from(io::ErrorKind::InvalidData);
    let contents: Contents<R> = serde_json::from_slice(&text).map_err(|_| damaged())?;
    let again = serde_json::to_vec(&contents.records).map_err(|_| damaged())?;
    if checksum(&again) == contents.sha256 { Ok(contents) } else { Err(damaged()) }
}

fn checksum(bytes: &[u8]) -> String {
    super::hexadecimal(&Sha256::digest(bytes))
}
