//! What two parties agreed about their sound: the word between `sip` and `media`.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::protection::Protection;

/// The two laws of ITU-T G.711, 8 kHz, a byte a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Law {
    /// A-law: what Italian networks speak.
    Pcma,
    /// µ-law.
    Pcmu,
}

/// How a stream's samples are coded. Each has 8 bytes a millisecond and counts 8,000
/// timestamps a second (G.722, too: RFC 3551 §4.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Codec {
    /// Narrowband, ITU-T G.711.
    G711(Law),
    /// Wideband, ITU-T G.722 at 64 kbit/s.
    G722,
}

impl Codec {
    /// A-law.
    pub const PCMA: Self = Self::G711(Law::Pcma);
    /// µ-law.
    pub const PCMU: Self = Self::G711(Law::Pcmu);

    /// The static payload type of RFC 3551 §6.
    pub fn payload_type(self) -> u8 {
        match self {
            Self::G711(Law::Pcma) => 8,
            Self::G711(Law::Pcmu) => 0,
            Self::G722 => 9,
        }
    }

    /// The encoding name of RFC 3551 §6.
    pub fn name(self) -> &'static str {
        match self {
            Self::G711(Law::Pcma) => "PCMA",
            Self::G711(Law::Pcmu) => "PCMU",
            Self::G722 => "G722",
        }
    }
}

impl From<Law> for Codec {
    fn from(law: Law) -> Self {
        Self::G711(law)
    }
}

/// Who may send, seen from us (RFC 3264 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// Both send.
    SendRecv,
    /// We send, the other only listens.
    SendOnly,
    /// The other sends, we only listen.
    RecvOnly,
    /// Nobody sends: on hold.
    Inactive,
}

/// Where the control packets of a stream (RTCP, RFC 3550) go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ControlPath {
    /// The way of the sound (RFC 5761).
    Multiplexed,
    /// To a port of their own: the next one, unless `a=rtcp` names another (RFC 3605).
    Separate(SocketAddr),
}

/// How well sound arrives at one end of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoundQuality {
    /// Lost packets, of a thousand.
    pub loss_permille: u16,
    /// Mean interarrival jitter (RFC 3550 §6.4.1), milliseconds.
    pub jitter_ms: u16,
}

impl SoundQuality {
    /// What was counted; a loss above the whole is the whole.
    pub fn new(loss_permille: u64, jitter_ms: u64) -> Self {
        let loss_permille = u16::try_from(loss_permille).unwrap_or(u16::MAX).min(1000);
        Self { loss_permille, jitter_ms: u16::try_from(jitter_ms).unwrap_or(u16::MAX) }
    }

    /// In Italian: `perdita 0,4 %, jitter 6 ms`.
    pub fn italian(self) -> String {
        let (whole, tenths) = (self.loss_permille / 10, self.loss_permille % 10);
        format!("perdita {whole},{tenths} %, jitter {} ms", self.jitter_ms)
    }
}

/// The agreed form of one leg's sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamFormat {
    /// Where the other side wants our packets (its SDP `c=` and `m=`).
    pub remote: SocketAddr,
    /// The codec both use.
    pub codec: Codec,
    /// The payload type of `codec` in packets we send; 0–127.
    pub payload_type: u8,
    /// The payload type of RFC 4733 telephone-events, as the other side numbers it;
    /// `None` when it offered none.
    pub telephone_event: Option<u8>,
    /// The payload type of comfort noise (RFC 3389) the other side takes, 13; we send none
    /// of our own.
    pub comfort_noise: Option<u8>,
    /// Length of a packet we send, milliseconds, a multiple of 10 in 10–60.
    pub ptime_ms: u8,
    /// Who may send, seen from us.
    pub direction: Direction,
    /// Where our reports go.
    pub control: ControlPath,
    /// How packets and reports are protected.
    pub protection: Protection,
}
