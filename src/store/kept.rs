//! The last roster that could be read, kept in a file beside the database.
//!
//! It never decides which roster counts. Law: the file is whole or is not believed: it is
//! put in place at once, and what is read must match the checksum in it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::StandingRoster;
use super::error::ReadKeptRosterError;
use crate::roster::{Records, Roster};

/// Its name in the data directory.
pub const KEPT_ROSTER: &str = "roster.json";

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
    let records = standing.roster.records();
    let sha256 = checksum(&serde_json::to_vec(records)?);
    let contents = Contents { revision: standing.revision, written, sha256, records };
    let text = serde_json::to_vec(&contents)?;
    let (path, new) = (path(data_dir), data_dir.join(format!("{KEPT_ROSTER}.new")));
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o640).open(&new)?;
    file.write_all(&text)?;
    file.sync_all()?;
    fs::rename(&new, &path)?;
    File::open(data_dir)?.sync_all()
}

/// Reads what was kept.
///
/// # Errors
/// When there is nothing, or it is not as it was written.
pub fn kept_roster(data_dir: &Path) -> Result<KeptRoster, ReadKeptRosterError> {
    let path = path(data_dir);
    let text = fs::read(&path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => ReadKeptRosterError::None(path.clone()),
        _ => ReadKeptRosterError::Unreadable { path: path.clone(), source },
    })?;
    let damaged = || ReadKeptRosterError::Damaged(path.clone());
    let contents: Contents<Records> = serde_json::from_slice(&text).map_err(|_| damaged())?;
    let again = serde_json::to_vec(&contents.records).map_err(|_| damaged())?;
    if checksum(&again) != contents.sha256 {
        return Err(damaged());
    }
    let roster = Roster::new(contents.records).map_err(|_| damaged())?;
    let standing = StandingRoster { revision: contents.revision, roster };
    Ok(KeptRoster { standing, written: contents.written })
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(KEPT_ROSTER)
}

fn checksum(bytes: &[u8]) -> String {
    super::hexadecimal(&Sha256::digest(bytes))
}
