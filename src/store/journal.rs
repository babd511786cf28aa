//! The journal: one write a line, appended and fsynced while the database is away.
//!
//! A crash may tear its last line; the torn part is set aside, never read as a write.
//! Everything blocks here: the writer calls it from a thread for blocking work.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::OpenStoreError;
use super::standing::Write;

/// The most lines read at once.
const CHUNK_LINES: usize = 500;
/// The longest line that can be one of ours; more is no write.
const LINE_MAX: u64 = 1 << 20;

/// The journal of one data directory, locked against a second process.
#[derive(Debug)]
pub(super) struct Journal {
    dir: PathBuf,
    lock: Option<File>,
    /// Length up to which it is whole; `None` until it was looked at.
    len: Option<u64>,
    /// Up to here it is in the database. Kept here, beside the length, so that the two
    /// change together whatever the writer gave up waiting for.
    replayed: u64,
    /// Torn tails set aside when it was opened.
    pub(super) torn: usize,
}

/// Some lines of the journal.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    /// The writes, in order.
    pub(super) writes: Vec<Write>,
    /// Lines that are no writes.
    pub(super) unreadable: Vec<Vec<u8>>,
    /// Where it begins.
    pub(super) from: u64,
    /// Where the next chunk begins.
    pub(super) end: u64,
}

impl Journal {
    /// Locks the directory and repairs the end of the journal.
    pub(super) fn open(dir: &Path) -> Result<Self, OpenStoreError> {
        let mut journal = Self::unopened(dir);
        match journal.look() {
            Ok(_) => Ok(journal),
            Err(error) if error.kind() == ErrorKind::ResourceBusy => {
                Err(OpenStoreError::AlreadyRunning(dir.to_owned()))
            }
            Err(source) => Err(OpenStoreError::Journal { path: journal.path(), source }),
        }
    }

    /// A journal that is opened when it is first needed.
    pub(super) fn unopened(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), lock: None, len: None, replayed: 0, torn: 0 }
    }

    /// Length in bytes, as far as it is known.
    pub(super) fn len(&self) -> u64 {
        self.len.unwrap_or_default()
    }

    fn path(&self) -> PathBuf {
        self.dir.join("journal.jsonl")
    }

    fn look(&mut self) -> io::Result<u64> {
        if let Some(len) = self.len {
            return Ok(len);
        }
        DirBuilder::new().recursive(true).mode(0o750).create(&self.dir)?;
        self.take_lock()?;
        let bytes = match std::fs::read(self.path()) {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            other => other?,
        };
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let (_, torn) = bytes.split_at(whole);
        if !torn.is_empty() {
            self.set_aside(&[torn.to_vec()])?;
            let file = private(OpenOptions::new().write(true)).open(self.path())?;
            file.set_len(whole as u64)?;
            file.sync_all()?;
            self.torn = 1;
        }
        self.len = Some(whole as u64);
        Ok(whole as u64)
    }

    fn take_lock(&mut self) -> io::Result<()> {
        if self.lock.is_none() {
            let mut options = OpenOptions::new();
            let path = self.dir.join("lock");
            let file = private(options.write(true).create(true).truncate(false)).open(path)?;
            match file.try_lock() {
                Ok(()) => self.lock = Some(file),
                Err(TryLockError::WouldBlock) => return Err(ErrorKind::ResourceBusy.into()),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Ok(())
    }

    /// Appends whole lines and fsyncs them; after an error none of them counts.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let mut len = self.look()?;
        DirBuilder::new().recursive(true).mode(0o750).create(&self.dir)?;
        let mut options = OpenOptions::new();
        let mut file =
            private(options.write(true).create(true).truncate(false)).open(self.path())?;
        let there = file.metadata()?.len();
        if there < len {
            tracing::error!("the journal was shortened by somebody else");
            len = there;
            self.replayed = self.replayed.min(len);
        }
        file.set_len(len)?; // what an append that failed may have left
        file.seek(SeekFrom::Start(len))?;
        file.write_all(lines)?;
        file.sync_data()?;
        if len == 0 {
            File::open(&self.dir)?.sync_all()?; // its name, too, is on disk
        }
        self.len = Some(len + lines.len() as u64);
        Ok(())
    }

    /// Reads some lines that are not in the database yet and begin before `limit`.
    pub(super) fn read(&mut self, limit: u64) -> io::Result<Chunk> {
        let limit = limit.min(self.look()?);
        let from = self.replayed;
        let mut chunk = Chunk { from, end: from, ..Chunk::default() };
        let mut file = match File::open(self.path()) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(chunk),
            other => other?,
        };
        file.seek(SeekFrom::Start(from))?;
        let mut reader = BufReader::new(file);
        while chunk.end < limit && chunk.writes.len() + chunk.unreadable.len() < CHUNK_LINES {
            let mut line = Vec::new();
            let read = (&mut reader).take(LINE_MAX).read_until(b'\n', &mut line)?;
            if read == 0 {
                break;
            }
            chunk.end += read as u64;
            match serde_json::from_slice(&line) {
                Ok(write) => chunk.writes.push(write),
                Err(_) => chunk.unreadable.push(line),
            }
        }
        Ok(chunk)
    }

    /// Notes that everything up to `end` is in the database.
    pub(super) fn replayed_to(&mut self, end: u64) {
        self.replayed = end;
    }

    /// Empties it, if all of it is in the database.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        if self.look()? > self.replayed {
            return Err(io::Error::other("some lines are not in the database yet"));
        }
        match OpenOptions::new().write(true).open(self.path()) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok(file) => {
                file.set_len(0)?;
                (self.len, self.replayed) = (Some(0), 0);
                file.sync_all()?;
            }
        }
        (self.len, self.replayed) = (Some(0), 0);
        Ok(())
    }

    /// Keeps what cannot be applied where a person can find it.
    pub(super) fn set_aside(&self, lines: &[Vec<u8>]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let path = self.dir.join("journal-refused.jsonl");
        let mut file = private(options.append(true).create(true)).open(path)?;
        for line in lines {
            file.write_all(line)?;
            if line.last() != Some(&b'\n') {
                file.write_all(b"\n")?;
            }
        }
        file.sync_data()
    }
}

/// Readable by the service's own account only: callers' numbers stand in these files.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

/// The line of a write.
pub(super) fn line(write: &Write) -> Vec<u8> {
    let mut line = serde_json::to_vec(write).unwrap_or_default();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Fact;
    use crate::words::CallId;
    use chrono::DateTime;

    fn note(sequence: u32) -> Write {
        Write::Note {
            call: CallId(uuid::Uuid::nil()),
            sequence,
            at: DateTime::UNIX_EPOCH,
            fact: Fact::CallAnswered,
        }
    }

    fn all(journal: &mut Journal) -> Vec<Write> {
        journal.read(u64::MAX).unwrap().writes
    }

    #[test]
    fn a_torn_last_line_is_set_aside_and_the_rest_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let mut torn = [line(&note(1)), line(&note(2))].concat();
        torn.truncate(torn.len() - 5);
        std::fs::write(dir.path().join("journal.jsonl"), &torn).unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        assert_eq!((journal.torn, all(&mut journal)), (1, vec![note(1)]));
        journal.append(&line(&note(3))).unwrap();
        assert_eq!(all(&mut journal), [note(1), note(3)]);
        let aside = std::fs::read(dir.path().join("journal-refused.jsonl")).unwrap();
        assert!(line(&note(2)).starts_with(aside.strip_suffix(b"\n").unwrap()));
    }

    #[test]
    fn what_is_no_write_is_told_apart_and_stops_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let text = [line(&note(1)), b"\xff\0{\n".to_vec(), line(&note(2))].concat();
        std::fs::write(dir.path().join("journal.jsonl"), text).unwrap();
        let chunk = Journal::open(dir.path()).unwrap().read(u64::MAX).unwrap();
        assert_eq!(chunk.writes, [note(1), note(2)]);
        assert_eq!(chunk.unreadable, [b"\xff\0{\n".to_vec()]);
    }

    #[test]
    fn an_append_that_failed_half_way_leaves_no_torn_line_in_the_middle() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        journal.append(&line(&note(1))).unwrap();
        let mut half = OpenOptions::new().append(true).open(journal.path()).unwrap();
        half.write_all(b"{\"note\":{").unwrap();
        journal.append(&line(&note(2))).unwrap();
        assert_eq!(all(&mut journal), [note(1), note(2)]);
    }

    #[test]
    fn only_what_is_in_the_database_is_emptied_and_what_comes_after_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        journal.append(&line(&note(1))).unwrap();
        let end = journal.read(u64::MAX).unwrap().end;
        journal.replayed_to(end);
        journal.append(&line(&note(2))).unwrap();
        assert!(journal.clear().is_err(), "the second line is nowhere else");
        assert_eq!(all(&mut journal), [note(2)]);
        let end = journal.read(u64::MAX).unwrap().end;
        journal.replayed_to(end);
        journal.clear().unwrap();
        journal.append(&line(&note(3))).unwrap();
        assert_eq!(all(&mut journal), [note(3)]);
    }

    #[test]
    fn a_second_process_is_kept_out() {
        let dir = tempfile::tempdir().unwrap();
        let _first = Journal::open(dir.path()).unwrap();
        let second = Journal::open(dir.path());
        assert!(matches!(second, Err(OpenStoreError::AlreadyRunning(_))), "{second:?}");
    }
}
