//! The sound of one telephone: a packet every 20 ms, from the other side all it hears.
//!
//! It looks for what it hears when it speaks, and is not woken for it: on one machine
//! the waking of a receiver is paid by the sender, and telephones are elsewhere.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use polaris::rtp::{HEADER_LEN, Header};
use polaris::words::Moment;

pub(crate) const PTIME: Duration = Duration::from_millis(20);
/// Samples in a packet.
const FRAME: u32 = 160;
/// Begins the payload of every telephone: only the other person's sound has it.
const STAMP: [u8; 4] = *b"here";
/// RFC 4733: the key 1, packets while it is held, packets that say it has ended.
const KEY: u8 = 1;
/// Packets before the key: half a second.
const KEY_AFTER: u32 = 25;
const KEY_PACKETS: (u32, u32) = (6, 3);

/// One side of one call.
pub(crate) struct Telephone {
    pub(crate) socket: UdpSocket,
    /// Where it speaks to; silent until that is agreed.
    pub(crate) remote: Option<SocketAddr>,
    pub(crate) due: Moment,
    /// Packets since it was decided to press key 1.
    pub(crate) pressing: Option<u32>,
    /// Whether the other person was ever heard.
    pub(crate) hears_person: bool,
    pub(crate) heard: u64,
    pub(crate) sent: u64,
    sequence: u16,
    timestamp: u32,
}

impl Telephone {
    pub(crate) fn new(socket: UdpSocket) -> Self {
        Self {
            socket,
            remote: None,
            due: Moment::START,
            pressing: None,
            hears_person: false,
            heard: 0,
            sent: 0,
            sequence: 0,
            timestamp: 0,
        }
    }

    /// Sends what is due, then hears all that has come.
    pub(crate) fn speak(&mut self, now: Moment) {
        let Some(remote) = self.remote.filter(|_| self.due <= now) else { return };
        while self.due <= now {
            let _ = match self.key_packet() {
                Some(packet) => self.socket.send_to(&packet, remote),
                None => self.socket.send_to(&self.sound_packet(), remote),
            };
            self.sent += 1;
            self.sequence = self.sequence.wrapping_add(1);
            self.timestamp = self.timestamp.wrapping_add(FRAME);
            self.due = self.due + PTIME;
        }
        self.hear();
    }

    fn sound_packet(&self) -> [u8; HEADER_LEN + FRAME as usize] {
        let mut packet = [0xd5; HEADER_LEN + FRAME as usize];
        packet[HEADER_LEN..HEADER_LEN + STAMP.len()].copy_from_slice(&STAMP);
        self.header(8, self.timestamp).write(&mut packet);
        packet
    }

    /// The packet of a key press, while one lasts.
    fn key_packet(&mut self) -> Option<[u8; HEADER_LEN + 4]> {
        let pressing = self.pressing.as_mut()?;
        *pressing += 1;
        let nth = pressing.checked_sub(KEY_AFTER)?;
        if nth >= KEY_PACKETS.0 + KEY_PACKETS.1 {
            self.pressing = None;
            return None;
        }
        let began = self.timestamp.wrapping_sub(nth * FRAME);
        let ended = if nth >= KEY_PACKETS.0 { 0x80 } else { 0 };
        let duration = (nth + 1).min(KEY_PACKETS.0) * FRAME;
        let [.., high, low] = duration.to_be_bytes();
        let mut packet = [0; HEADER_LEN + 4];
        packet[HEADER_LEN..].copy_from_slice(&[KEY, ended | 10, high, low]);
        self.header(101, began).write(&mut packet);
        Some(packet)
    }

    fn header(&self, payload_type: u8, timestamp: u32) -> Header {
        Header { payload_type, marker: false, sequence: self.sequence, timestamp, ssrc: 1 }
    }

    fn hear(&mut self) {
        let mut packet = [0; 2048];
        while let Ok((length, _)) = self.socket.recv_from(&mut packet) {
            self.heard += 1;
            let payload = packet.get(HEADER_LEN..length).unwrap_or_default();
            self.hears_person |= payload.starts_with(&STAMP);
        }
    }
}
