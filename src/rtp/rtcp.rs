//! Control packets (RTCP, RFC 3550 §6): what each side tells the other of its sound.
//!
//! Read with `rtcp-types`; written here, because that crate's builders allocate. Only
//! reports are read: a goodbye (BYE) ends nothing, the signals do that.
//!
//! Law: no bytes of a control packet change anything but what the record says of the
//! far side's reception.

use std::time::Duration;

use chrono::{DateTime, Utc};
use rtcp_types::{Compound, Packet as Control, ReportBlock};

/// The longest compound packet we send: sender report with a block, and our name.
pub const CONTROL_LEN: usize = 28 + 24 + 8 + CNAME_LEN + 4;

/// Length of our name in reports: 96 random bits in hexadecimal (RFC 7022 §4.2).
const CNAME_LEN: usize = 24;
/// Reports of a compound packet that are read.
const READ_MAX: usize = 8;
const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const DESCRIPTION: u8 = 202;

/// Our name in reports: the same for the life of a stream.
pub type Name = [u8; CNAME_LEN];

/// A report block (RFC 3550 §6.4.1): how a stream arrives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Whose stream.
    pub ssrc: u32,
    /// Lost since the last report, of 256.
    pub fraction_lost: u8,
    /// Lost in all; negative when more came than were sent.
    pub lost: i32,
    /// Highest sequence number, with its cycles.
    pub highest: u32,
    /// Interarrival jitter, samples.
    pub jitter: u32,
    /// Middle 32 bits of the time in the last sender report; 0 for none.
    pub last_report: u32,
    /// Time since that, 1/65,536 s.
    pub delay: u32,
}

/// What a sender says of its own stream (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Now, on the wall.
    pub wall: DateTime<Utc>,
    /// Now, on the stream's clock.
    pub timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Bytes of payload sent.
    pub octets: u32,
}

/// What a compound packet told us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Middle 32 bits of the sender's time, to be sent back to it.
    pub sender_time: Option<u32>,
    /// How our stream arrives there.
    pub ours: Option<Block>,
}

/// Reads a compound packet sent to the stream `ours`; `None` when it is none.
pub fn read(datagram: &[u8], ours: u32) -> Option<Told> {
    // RFC 3550 A.2: the first packet is a report, without padding.
    if !matches!(datagram, [0x80..=0x9f, SENDER_REPORT | RECEIVER_REPORT, ..]) {
        return None;
    }
    let mut told = Told::default();
    for packet in Compound::parse(datagram).ok()?.take(READ_MAX) {
        match packet.ok()? {
            Control::Sr(report) => {
                told.sender_time = Some((report.ntp_timestamp() >> 16) as u32);
                told.hear(report.report_blocks(), ours);
            }
            Control::Rr(report) => told.hear(report.report_blocks(), ours),
            _ => {}
        }
    }
    Some(told)
}

impl Told {
    fn hear<'a>(&mut self, blocks: impl Iterator<Item = ReportBlock<'a>>, ours: u32) {
        self.ours = self.ours.or_else(|| blocks.map(block).find(|block| block.ssrc == ours));
    }
}

fn block(read: ReportBlock<'_>) -> Block {
    // Signed, 24 bits.
    let lost = (read.cumulative_lost() << 8).cast_signed() >> 8;
    Block {
        ssrc: read.ssrc(),
        fraction_lost: read.fraction_lost(),
        lost,
        highest: read.extended_sequence_number(),
        jitter: read.interarrival_jitter(),
        last_report: read.last_sender_report_timestamp(),
        delay: read.delay_since_last_sender_report_timestamp(),
    }
}

/// Writes a report of `ours` and who we are; gives its length. Allocates nothing.
pub fn write(
    buffer: &mut [u8; CONTROL_LEN],
    ours: u32,
    name: &Name,
    sent: Option<Sent>,
    heard: Option<Block>,
) -> usize {
    let mut page = Page { buffer, length: 0 };
    let blocks = u8::from(heard.is_some());
    let (kind, words) = if sent.is_some() { (SENDER_REPORT, 6) } else { (RECEIVER_REPORT, 1) };
    page.head(blocks, kind, words + 6 * u16::from(blocks));
    page.word(ours);
    if let Some(sent) = sent {
        let time = ntp(sent.wall);
        page.word((time >> 32) as u32);
        page.word(time as u32);
        page.word(sent.timestamp);
        page.word(sent.packets);
        page.word(sent.octets);
    }
    if let Some(block) = heard {
        page.word(block.ssrc);
        page.word(u32::from(block.fraction_lost) << 24 | (block.lost as u32 & 0xff_ffff));
        page.word(block.highest);
        page.word(block.jitter);
        page.word(block.last_report);
        page.word(block.delay);
    }
    // One source, its name (item 1), an end that fills up the last word.
    page.head(1, DESCRIPTION, 1 + (2 + CNAME_LEN as u16).div_euclid(4) + 1);
    page.word(ours);
    page.bytes(&[1, CNAME_LEN as u8]);
    page.bytes(name);
    page.bytes(&[0; 2]);
    page.length
}

/// When the next report is due after one (RFC 3550 §6.2): 5 s, half to one and a half
/// of it, so that nobody's reports fall into step. `dice` is random.
pub fn interval(dice: u32) -> Duration {
    Duration::from_micros(2_500_000 + u64::from(dice) * 5_000_000 / u64::from(u32::MAX))
}

/// Seconds since 1900 and their fraction (RFC 3550 §4).
fn ntp(wall: DateTime<Utc>) -> u64 {
    const FROM_1900_TO_1970: i64 = 2_208_988_800;
    let seconds = wall.timestamp().wrapping_add(FROM_1900_TO_1970).cast_unsigned();
    let fraction = (u64::from(wall.timestamp_subsec_nanos()) << 32) / 1_000_000_000;
    seconds << 32 | fraction.min(u64::from(u32::MAX))
}

struct Page<'a> {
    buffer: &'a mut [u8; CONTROL_LEN],
    length: usize,
}

impl Page<'_> {
    /// The head of one packet; `words` follow it.
    fn head(&mut self, count: u8, kind: u8, words: u16) {
        let [high, low] = words.to_be_bytes();
        self.bytes(&[0x80 | count, kind, high, low]);
    }

    fn word(&mut self, word: u32) {
        self.bytes(&word.to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if let Some(room) = self.buffer.get_mut(self.length..end) {
            room.copy_from_slice(bytes);
            self.length = end;
        }
    }
}

#[cfg(test)]
#[path = "tests/rtcp.rs"]
mod tests;
