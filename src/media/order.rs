//! What the switchboard orders, and what it hears back.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::words::{Digit, PlayId, SoundQuality, StreamFormat};

use super::port::Port;
use super::record::RecordError;
use super::sound::Sound;

/// One leg's sound, numbered by the switchboard; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u64);

/// Whether a play comes to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// From the first sound to the last, then [`Report::PlayFinished`].
    Once,
    /// Over and over until another order.
    Forever,
}

/// One order to the engine. An order about a stream that is not open does nothing.
#[derive(Debug)]
pub enum Order {
    /// The other side's SDP is known: begin, or (re-INVITE) go on as it says now.
    Agree {
        /// Whose.
        stream: StreamId,
        /// What was agreed. Sound is sent only for `SendRecv` and `SendOnly`, and
        /// listened to only for `SendRecv` and `RecvOnly`.
        format: StreamFormat,
    },
    /// Each hears the other; ends whatever bridge either was in. Both streams must
    /// have been opened with the same shard.
    ///
    /// Packets go on as they come, whatever their length; A-law and µ-law are
    /// converted, telephone-events get the other leg's payload type (and are still
    /// reported). A play on a bridged stream is heard instead of the other party.
    Bridge {
        /// One.
        a: StreamId,
        /// The other.
        b: StreamId,
    },
    /// Ends the stream: its port is released, a recording is finished, a bridge ends.
    Close {
        /// Whose.
        stream: StreamId,
    },
    /// Begins a stream on `port`; nothing is sent before [`Order::Agree`].
    Open {
        /// A number never used before.
        stream: StreamId,
        /// Streams of one shard run on one thread: the number of the call.
        shard: u64,
        /// Where it listens and sends from.
        port: Port,
        /// The hosts of its trunk, which may send from other ports than the SDP names.
        trusted: Arc<[IpAddr]>,
    },
    /// The stream goes by another trunk now: these are its hosts.
    Trust {
        /// Which.
        stream: StreamId,
        /// As in [`Order::Open`].
        hosts: Arc<[IpAddr]>,
    },
    /// Plays sounds one after another without a gap, instead of what plays now.
    ///
    /// It begins with the stream's next packet; before [`Order::Agree`] it waits and
    /// nothing of it is lost. On hold its time goes on, so that it always ends.
    Play {
        /// To whom.
        stream: StreamId,
        /// Comes back in [`Report::PlayFinished`].
        play: PlayId,
        /// What, in order.
        sounds: Vec<Arc<Sound>>,
        /// Once or for ever.
        repeat: Repeat,
    },
    /// Records what the stream sends us into a new WAV file (8 kHz, 16 bit, mono),
    /// instead of what it records now.
    Record {
        /// Whom.
        stream: StreamId,
        /// A file that does not exist yet.
        path: PathBuf,
        /// The longest recording; then it ends by itself with [`Report::Recorded`].
        max: Duration,
    },
    /// Ends what plays; no [`Report::PlayFinished`] comes.
    StopPlay {
        /// Whose.
        stream: StreamId,
    },
    /// Ends the recording; [`Report::Recorded`] follows when it is safe on disk.
    StopRecord {
        /// Whose.
        stream: StreamId,
    },
    /// Ends the bridge between these two, if they are bridged to one another.
    Unbridge {
        /// One.
        a: StreamId,
        /// The other.
        b: StreamId,
    },
}

impl Order {
    /// The stream it is about; of two, the first.
    pub fn stream(&self) -> StreamId {
        match self {
            Self::Agree { stream, .. }
            | Self::Bridge { a: stream, .. }
            | Self::Close { stream }
            | Self::Open { stream, .. }
            | Self::Play { stream, .. }
            | Self::Record { stream, .. }
            | Self::StopPlay { stream }
            | Self::StopRecord { stream }
            | Self::Trust { stream, .. }
            | Self::Unbridge { a: stream, .. } => *stream,
        }
    }
}

/// What happened to a stream.
#[derive(Debug)]
pub enum Report {
    /// Something of the stream's failed, and its sound may have stopped.
    Broken {
        /// Whose.
        stream: StreamId,
    },
    /// The stream was closed, and this is how it was; comes for every open one.
    Closed {
        /// Which.
        stream: StreamId,
        /// How its sound arrived here; `None` when none came.
        here: Option<SoundQuality>,
        /// How our sound arrived there, by its reports; `None` when it sent none.
        there: Option<SoundQuality>,
    },
    /// A key was pressed: an RFC 4733 event, or a tone where the leg has none.
    DigitPressed {
        /// By whom.
        stream: StreamId,
        /// Which.
        digit: Digit,
    },
    /// Packets come again after [`Report::Lost`].
    Found {
        /// From whom.
        stream: StreamId,
    },
    /// No packet for 10 s although they should come; said once.
    Lost {
        /// From whom.
        stream: StreamId,
    },
    /// Everything was sent, and its last packet's time is over.
    PlayFinished {
        /// To whom.
        stream: StreamId,
        /// What.
        play: PlayId,
    },
    /// The recording could not be made; what was written stays.
    RecordFailed {
        /// Whose.
        stream: StreamId,
        /// Why.
        why: RecordError,
    },
    /// A recording is complete and on the disk (fsync).
    Recorded {
        /// Whose.
        stream: StreamId,
        /// Where.
        path: PathBuf,
        /// How long.
        length: Duration,
    },
}

impl Report {
    /// The stream it is about.
    pub fn stream(&self) -> StreamId {
        match self {
            Self::Broken { stream }
            | Self::Closed { stream, .. }
            | Self::DigitPressed { stream, .. }
            | Self::Found { stream }
            | Self::Lost { stream }
            | Self::PlayFinished { stream, .. }
            | Self::RecordFailed { stream, .. }
            | Self::Recorded { stream, .. } => *stream,
        }
    }
}
