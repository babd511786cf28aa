//! Recordings: a WAV file each, written by a thread each, never by the sound's own.
//!
//! The sound's thread hands over half a second at a time and never waits; a disk
//! that is a minute behind ends the recording, not the call. The header is made
//! true with every piece, so that a crash leaves a file that can be heard.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use crate::rtp::{Gaps, Header, Place, SAMPLE_RATE};
use crate::words::Moment;

use super::order::{Report, StreamId};

/// Pieces that may wait for the disk: about a minute.
const WAITING: usize = 128;

/// Why a recording failed.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file exists already, or its folder cannot be written.
    #[error("the recording {} cannot be begun", path.display())]
    Create {
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// No thread for it.
    #[error("no thread for the recording")]
    Thread(#[source] io::Error),
    /// The disk is a minute behind; what came before is kept.
    #[error("the disk is too slow for the recording {}", path.display())]
    TooSlow {
        /// Where.
        path: PathBuf,
    },
    /// The disk refused; what came before may be readable.
    #[error("the recording {} cannot be written", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: hound::Error,
    },
}

/// The sound's side of a recording.
#[derive(Debug)]
pub(super) struct Recording {
    path: PathBuf,
    pieces: SyncSender<Vec<i16>>,
    piece: Vec<i16>,
    gaps: Gaps,
    /// Samples that may still come.
    left: usize,
    until: Moment,
}

impl Recording {
    /// Begins a recording, and the thread that writes it.
    pub(super) fn begin(
        stream: StreamId,
        path: PathBuf,
        max: Duration,
        now: Moment,
        reports: UnboundedSender<Report>,
    ) -> Result<(Self, JoinHandle<()>), RecordError> {
        let (pieces, written) = sync_channel(WAITING);
        let target = path.clone();
        let writer = std::thread::Builder::new()
            .name("recording".to_owned())
            .spawn(move || {
                let report = match write(&target, &written) {
                    Ok(length) => Report::Recorded { stream, path: target, length },
                    Err(why) => Report::RecordFailed { stream, why },
                };
                // Nobody listens any more when the program ends; the file is complete.
                let _ = reports.send(report);
            })
            .map_err(RecordError::Thread)?;
        let left = max.as_millis() as usize * (SAMPLE_RATE as usize / 1000);
        let gaps = Gaps::default();
        let piece = Vec::new();
        Ok((Self { path, pieces, piece, gaps, left, until: now + max }, writer))
    }

    /// Takes one packet's samples, with the silence before them.
    pub(super) fn take(&mut self, header: Header, samples: &[i16], now: Moment) {
        let place = self.gaps.place(header, samples.len(), now);
        let Place::After(silence) = place else { return };
        let silence = silence.min(self.left);
        self.piece.extend(std::iter::repeat_n(0, silence));
        self.left -= silence;
        let sounding = samples.len().min(self.left);
        self.piece.extend_from_slice(&samples[..sounding]);
        self.left -= sounding;
    }

    /// Whether it has its full length.
    pub(super) fn is_full(&self, now: Moment) -> bool {
        self.left == 0 || now >= self.until
    }

    /// Hands what has come to the writer.
    ///
    /// # Errors
    /// The writer is too far behind, or gone (it has reported why itself: `None`).
    pub(super) fn hand_over(&mut self) -> Result<(), Option<RecordError>> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(SAMPLE_RATE as usize));
        self.pieces.try_send(piece).map_err(|refused| match refused {
            std::sync::mpsc::TrySendError::Disconnected(_) => None,
            std::sync::mpsc::TrySendError::Full(_) => {
                Some(RecordError::TooSlow { path: self.path.clone() })
            }
        })
    }
}

/// The writer's side: until the sound's side is dropped.
fn write(path: &Path, pieces: &Receiver<Vec<i16>>) -> Result<Duration, RecordError> {
    let create = |source| RecordError::Create { path: path.to_owned(), source };
    let refused = |source| RecordError::Write { path: path.to_owned(), source };
    let file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(create)?;
    let handle = file.try_clone().map_err(create)?;
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: SAMPLE_RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::new(BufWriter::new(file), spec).map_err(refused)?;
    while let Ok(piece) = pieces.recv() {
        for sample in piece {
            wav.write_sample(sample).map_err(refused)?;
        }
        wav.flush().map_err(refused)?;
    }
    let samples = u64::from(wav.duration());
    wav.finalize().map_err(refused)?;
    sync(&handle, path).map_err(|source| refused(hound::Error::IoError(source)))?;
    Ok(Duration::from_micros(samples * 1_000_000 / u64::from(SAMPLE_RATE)))
}

/// The bytes and the name of the file are on the disk.
fn sync(file: &File, path: &Path) -> io::Result<()> {
    file.sync_all()?;
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_cut_by_a_crash_can_be_heard() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("message.wav");
        let (pieces, written) = sync_channel::<Vec<i16>>(0);
        let target = path.clone();
        let writer = std::thread::spawn(move || write(&target, &written));
        pieces.send(vec![500; 4000]).unwrap();
        pieces.send(vec![500; 4000]).unwrap();
        // A rendezvous: this third piece is taken only after the second is flushed.
        pieces.send(Vec::new()).unwrap();
        let reader = hound::WavReader::open(&path).unwrap();
        assert_eq!(reader.duration(), 8000);
        drop(pieces);
        assert_eq!(writer.join().unwrap().unwrap(), Duration::from_secs(1));
    }

    #[test]
    fn an_existing_recording_is_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("message.wav");
        std::fs::write(&path, b"evidence").unwrap();
        let (_, written) = sync_channel(1);
        assert!(matches!(write(&path, &written), Err(RecordError::Create { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), b"evidence");
    }
}
