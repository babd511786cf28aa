//! One RTP packet: read with `rtp-rs`, written into a buffer the caller owns.

use rtp_rs::{RtpPacketBuilder, RtpReader};

/// Length of the fixed header, bytes (RFC 3550 §5.1): all we ever send.
pub const HEADER_LEN: usize = 12;

/// A packet somebody sent us, borrowed from the datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Everything of the fixed header we use.
    pub header: Header,
    /// The payload, without header extension and padding.
    pub payload: &'a [u8],
}

/// The fixed header of RFC 3550 §5.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the payload is, 0–127.
    pub payload_type: u8,
    /// For sound: the first packet after silence (RFC 3551 §4.1).
    pub marker: bool,
    /// Counts packets, wraps.
    pub sequence: u16,
    /// Counts samples, wraps.
    pub timestamp: u32,
    /// Names the stream.
    pub ssrc: u32,
}

/// The datagram is no RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadPacketError {
    /// Too short, of another version, or with lengths that do not fit.
    #[error("not an RTP packet")]
    Malformed,
    /// An RTCP packet on the same port (RFC 5761 §4).
    #[error("an RTCP packet")]
    Rtcp,
}

impl<'a> Packet<'a> {
    /// Reads one datagram.
    ///
    /// # Errors
    /// Anything that is not RTP version 2, and RTCP.
    pub fn read(datagram: &'a [u8]) -> Result<Self, ReadPacketError> {
        let reader = RtpReader::new(datagram).map_err(|_| ReadPacketError::Malformed)?;
        // RFC 5761 §4: RTCP types 192–223 look like payload types 64–95.
        if (64..=95).contains(&reader.payload_type()) {
            return Err(ReadPacketError::Rtcp);
        }
        let header = Header {
            payload_type: reader.payload_type(),
            marker: reader.mark(),
            sequence: reader.sequence_number().into(),
            timestamp: reader.timestamp(),
            ssrc: reader.ssrc(),
        };
        Ok(Self { header, payload: reader.payload() })
    }
}

impl Header {
    /// Writes the header into the first [`HEADER_LEN`] bytes of `buffer`, which
    /// already holds the payload behind them; allocates nothing.
    ///
    /// Returns whether it was written: not when `buffer` is too short or the
    /// payload type is above 127.
    pub fn write(&self, buffer: &mut [u8]) -> bool {
        RtpPacketBuilder::new()
            .payload_type(self.payload_type)
            .marked(self.marker)
            .sequence(self.sequence.into())
            .timestamp(self.timestamp)
            .ssrc(self.ssrc)
            .build_into(buffer)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_packet_reads_back_as_it_was_written() {
        let header = Header {
            payload_type: 101,
            marker: true,
            sequence: 65_535,
            timestamp: u32::MAX,
            ssrc: 0xdead_beef,
        };
        let mut buffer = [7; HEADER_LEN + 3];
        assert!(header.write(&mut buffer));
        assert_eq!(Packet::read(&buffer), Ok(Packet { header, payload: &[7, 7, 7] }));
        assert!(!header.write(&mut buffer[..11]));
        assert!(!Header { payload_type: 200, ..header }.write(&mut buffer));
    }

    #[test]
    fn rtcp_on_the_same_port_is_no_sound() {
        let mut report = [0; 28];
        report[0] = 0x80;
        report[1] = 200;
        assert_eq!(Packet::read(&report), Err(ReadPacketError::Rtcp));
        assert_eq!(Packet::read(&report[..5]), Err(ReadPacketError::Malformed));
    }

    proptest! {
        #[test]
        fn no_bytes_can_panic_the_reader(datagram in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(packet) = Packet::read(&datagram) {
                prop_assert!(packet.payload.len() <= datagram.len());
            }
        }
    }
}
