//! The sound on the wire: RTP packets, keys, tones, and whose packets count.
//!
//! Pure: bytes and `now` in, values out. It opens no socket, reads no clock and
//! allocates nothing per packet. Nothing a packet holds may panic it.

mod g711;
mod gaps;
mod keys;
mod newcomer;
mod pacer;
mod packet;
mod reception;
mod relay;
mod reorder;
mod rtcp;
mod source;
mod srtp;
mod tones;
mod watch;
mod wideband;

pub use g711::{convert, decode, encode, silence};
pub use gaps::{Gaps, Place};
pub use keys::{KeyReceiver, OFFERED_TELEPHONE_EVENT};
pub use newcomer::{HeldKeys, Standing};
pub use pacer::{Pacer, SAMPLE_RATE};
pub use packet::{HEADER_LEN, Header, LONGEST_PAYLOAD, Packet, ReadPacketError, is_report};
pub use reception::{Reception, Timing};
pub use relay::Relay;
pub use reorder::Reorder;
pub use rtcp::{
    Block, CONTROL_LEN, Name, Sent, Told, interval as report_interval, read as read_report,
    write as write_report,
};
pub use source::Source;
pub use srtp::{Guard, GuardError};
pub use tones::ToneDetector;
pub use watch::{Heard, Watch};
pub use wideband::{WideDecoder, WideEncoder, fill_silence};
