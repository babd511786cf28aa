//! The sound on the wire: RTP packets, keys, tones, and whose packets count.
//!
//! Pure: bytes and `now` in, values out. It opens no socket, reads no clock and
//! allocates nothing per packet. Nothing a packet holds may panic it.

mod g711;
mod gaps;
mod keys;
mod pacer;
mod packet;
mod relay;
mod source;
mod tones;
mod watch;

pub use g711::{convert, decode, encode, silence};
pub use gaps::{Gaps, Place};
pub use keys::{KeyReceiver, OFFERED_TELEPHONE_EVENT};
pub use pacer::{Pacer, SAMPLE_RATE};
pub use packet::{HEADER_LEN, Header, Packet, ReadPacketError};
pub use relay::Relay;
pub use source::Source;
pub use tones::ToneDetector;
pub use watch::{Heard, Watch};
