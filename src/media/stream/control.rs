//! Reports on the sound (RTCP): ours to the other side, theirs to us.
//!
//! They go out on the port after the sound's, or with the sound where the other side
//! wants that, from the first agreement to the end of the stream, on hold too. Theirs
//! change the record and nothing else: no report and no goodbye (BYE) ends a call or
//! passes for a sign of life.

use std::net::{SocketAddr, UdpSocket};

use chrono::{DateTime, Utc};

use crate::rtp::{
    Block, CONTROL_LEN, Name, Reception, SAMPLE_RATE, Sent, read_report, report_interval,
    write_report,
};
use crate::words::{ControlPath, Moment, SoundQuality};

use super::super::socket::Socket;
use super::{Report, Reports, Stream};

/// Both directions of one stream's reports.
#[derive(Debug)]
pub(in crate::media) struct Control {
    pub(in crate::media) socket: UdpSocket,
    /// How the other side's sound arrives.
    pub(super) reception: Reception,
    name: Name,
    due: Moment,
    packets: u32,
    octets: u32,
    /// Packets sent at our last report.
    reported: u32,
    /// The time in the other side's last report, and when it came.
    their_time: Option<(u32, Moment)>,
    there: There,
}

/// How our sound arrives at the other side, by its reports.
#[derive(Clone, Copy, Debug, Default)]
struct There {
    loss_permille: u64,
    /// Samples, added up, and how many reports that are.
    jitters: (u64, u64),
}

impl Control {
    pub(super) fn new(socket: UdpSocket, now: Moment) -> Self {
        let first: u32 = rand::random();
        Self {
            socket,
            reception: Reception::default(),
            name: name(rand::random()),
            // RFC 3550 §6.2: the first comes after half the time.
            due: now + report_interval(first) / 2,
            packets: 0,
            octets: 0,
            reported: 0,
            their_time: None,
            there: There::default(),
        }
    }

    /// A packet of ours with so many bytes of payload went out.
    pub(super) fn sent(&mut self, octets: usize) {
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(octets as u32);
    }

    fn hear(&mut self, datagram: &[u8], ours: u32, now: Moment) {
        let Some(told) = read_report(datagram, ours) else { return };
        if let Some(time) = told.sender_time {
            self.their_time = Some((time, now));
        }
        if let Some(block) = told.ours {
            self.there.note(block, self.packets);
        }
    }

    /// Our report block about what we hear.
    fn block(&mut self, now: Moment) -> Option<Block> {
        let block = self.reception.report()?;
        let (last_report, since) = self.their_time.unwrap_or((0, now));
        let delay = now.since(since).as_millis() * 65_536 / 1000;
        Some(Block { last_report, delay: u32::try_from(delay).unwrap_or(u32::MAX), ..block })
    }
}

impl There {
    /// A block about us came, when we had sent `sent` packets.
    fn note(&mut self, block: Block, sent: u32) {
        let lost = u64::try_from(block.lost).unwrap_or(0);
        self.loss_permille = (lost * 1000).checked_div(u64::from(sent)).unwrap_or(0);
        // A minute of jitter is nonsense: it shall not spoil the mean.
        if block.jitter < 60 * SAMPLE_RATE {
            self.jitters.0 += u64::from(block.jitter);
            self.jitters.1 += 1;
        }
    }

    fn quality(self) -> Option<SoundQuality> {
        let (sum, reports) = self.jitters;
        let jitter = sum.checked_div(reports)?;
        Some(SoundQuality::new(self.loss_permille, jitter * 1000 / u64::from(SAMPLE_RATE)))
    }
}

impl Stream {
    /// Takes a datagram from the port of reports.
    pub(in crate::media) fn hear_report(&mut self, datagram: &[u8], from: SocketAddr, now: Moment) {
        let Some(agreed) = &self.agreed else { return };
        if agreed.source.may_report(from) {
            self.take_report(datagram, agreed.pacer.ssrc(), now);
        }
    }

    /// Takes a report that came where sound comes: only from where sound comes.
    pub(super) fn hear_report_with_sound(
        &mut self,
        datagram: &[u8],
        from: SocketAddr,
        now: Moment,
    ) {
        let Some(agreed) = &self.agreed else { return };
        if agreed.format.control == ControlPath::Multiplexed && agreed.source.is(from) {
            self.take_report(datagram, agreed.pacer.ssrc(), now);
        }
    }

    fn take_report(&mut self, datagram: &[u8], ours: u32, now: Moment) {
        match &mut self.guard {
            None => self.control.hear(datagram, ours, now),
            Some(guard) => {
                if let Some(plain) = guard.open_report(datagram) {
                    self.control.hear(&plain, ours, now);
                }
            }
        }
    }

    /// Sends a report when one is due.
    pub(in crate::media) fn tell(&mut self, now: Moment, wall: DateTime<Utc>) {
        let Some(agreed) = &self.agreed else { return };
        if now < self.control.due {
            return;
        }
        self.control.due = now + report_interval(rand::random());
        let (_, timestamp) = agreed.pacer.upcoming(now);
        let (packets, octets) = (self.control.packets, self.control.octets);
        let speaks = std::mem::replace(&mut self.control.reported, packets) != packets;
        let sent = speaks.then_some(Sent { wall, timestamp, packets, octets });
        let block = self.control.block(now);
        let mut room = [0; CONTROL_LEN];
        let length = write_report(&mut room, agreed.pacer.ssrc(), &self.control.name, sent, block);
        let (separate, target) = match agreed.format.control {
            ControlPath::Multiplexed => (None, agreed.source.target()),
            ControlPath::Separate(named) => {
                (Some(&self.control.socket), agreed.source.control_target(named))
            }
        };
        let Some(target) = target else { return };
        let report = &room[..length];
        match &mut self.guard {
            None => give(separate, &self.socket, report, target),
            Some(guard) => {
                if let Some(sealed) = guard.seal_report(report) {
                    give(separate, &self.socket, &sealed, target);
                }
            }
        }
    }

    /// The stream is over: how it was.
    pub(in crate::media) fn say_farewell(&self, reports: &Reports) {
        let (here, there) = (self.control.reception.quality(), self.control.there.quality());
        let _ = reports.send(Report::Closed { stream: self.id, here, there });
    }
}

fn give(separate: Option<&UdpSocket>, sound: &Socket, report: &[u8], target: SocketAddr) {
    let Some(separate) = separate else { return sound.send(report, target) };
    if let Err(error) = separate.send_to(report, target) {
        tracing::trace!(%error, "a report was not sent");
    }
}

/// 96 random bits in hexadecimal (RFC 7022 §4.2).
fn name(random: [u8; 12]) -> Name {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut name = [0; 24];
    for (pair, byte) in name.chunks_exact_mut(2).zip(random) {
        pair.copy_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    }
    name
}
