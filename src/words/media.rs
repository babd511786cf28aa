//! What two parties agreed about their sound: the word between `sip` and `media`.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// How a stream's samples are coded: the two laws of ITU-T G.711, 8 kHz.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Codec {
    /// A-law, RTP payload type 8: what Italian networks speak.
    Pcma,
    /// µ-law, RTP payload type 0.
    Pcmu,
}

impl Codec {
    /// The static payload type of RFC 3551 §6.
    pub fn payload_type(self) -> u8 {
        match self {
            Self::Pcma => 8,
            Self::Pcmu => 0,
        }
    }

    /// The encoding name of RFC 3551 §6.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcma => "PCMA",
            Self::Pcmu => "PCMU",
        }
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

/// The agreed form of one leg's sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Length of a packet we send, milliseconds, a multiple of 10 in 10–60.
    pub ptime_ms: u8,
    /// Who may send, seen from us.
    pub direction: Direction,
}
