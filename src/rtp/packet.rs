//! One RTP packet: read with `rtp-rs`, written into a buffer the caller owns.

use rtp_rs::{RtpPacketBuilder, RtpReader};

/// Length of the fixed header, bytes (RFC 3550 §5.1): all we ever send.
pub const HEADER_LEN: usize = 12;

/// The longest sound in one packet, bytes: 200 ms (RFC 3551 §4.2) at 64 kbit/s.
pub const LONGEST_PAYLOAD: usize = 1600;

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
    /// Too short, of another version, with lengths that do not fit, or longer than
    /// [`LONGEST_PAYLOAD`].
    #[error("not an RTP packet")]
    Malformed,
    /// An RTCP packet on the same port (RFC 5761 §4).
    #[error("an RTCP packet")]
    Rtcp,
}

/// Whether a datagram that came where sound comes is a report (RFC 5761 §4), protected or
/// not.
pub fn is_report(datagram: &[u8]) -> bool {
    // RTCP types 192–223 look like payload types 64–95.
    matches!(datagram, [0x80..=0xbf, kind, ..] if (64..=95).contains(&(kind & 0x7f)))
}

impl<'a> Packet<'a> {
    /// Reads one datagram.
    ///
    /// # Errors
    /// Anything that is not RTP version 2, and RTCP.
    pub fn read(datagram: &'a [u8]) -> Result<Self, ReadPacketError> {
        let reader = RtpReader::new(datagram).map_err(|_| ReadPacketError::Malformed)?;
        if is_report(datagram) {
            return Err(ReadPacketError::Rtcp);
        }
        let header = Header {
            payload_type: reader.payload_type(),
            marker: reader.mark(),
            sequence: reader.sequence_number().into(),
            timestamp: reader.timestamp(),
            ssrc: reader.ssrc(),
        };
        let payload = reader.payload();
        if payload.len() > LONGEST_PAYLOAD {
            return Err(ReadPacketError::Malformed);
        }
        Ok(Self { header, payload })
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

    /// A packet of payload type 8 with these first bytes of header and this rest.
    fn datagram(first: u8, rest: &[u8]) -> Vec<u8> {
        let mut datagram = vec![first, 8, 0, 1, 0, 0, 0, 160, 0, 0, 0, 5];
        datagram.extend_from_slice(rest);
        datagram
    }

    #[test]
    fn lengths_that_do_not_fit_make_no_packet() {
        const CASES: [(&str, u8, &[u8]); 12] = [
            ("version 0", 0x00, &[1, 2, 3, 4]),
            ("version 1", 0x40, &[1, 2, 3, 4]),
            ("version 3", 0xc0, &[1, 2, 3, 4]),
            ("one source announced, none there", 0x81, &[]),
            ("fifteen sources announced, one there", 0x8f, &[0, 0, 0, 9]),
            ("an extension announced, none there", 0x90, &[]),
            ("half an extension's head", 0x90, &[0xbe, 0xde]),
            ("an extension of 65,535 words", 0x90, &[0xbe, 0xde, 0xff, 0xff, 1, 2, 3, 4]),
            ("an extension one word too long", 0x90, &[0xbe, 0xde, 0, 2, 1, 2, 3, 4]),
            ("padding of nothing", 0xa0, &[1, 2, 3, 0]),
            ("padding longer than the packet", 0xa0, &[1, 2, 3, 255]),
            ("padding announced in an empty packet", 0xa0, &[]),
        ];
        for (what, first, rest) in CASES {
            let read = Packet::read(&datagram(first, rest)).map(|packet| packet.payload.len());
            assert_eq!(read, Err(ReadPacketError::Malformed), "{what}");
        }
        let long = vec![0; LONGEST_PAYLOAD + 1];
        assert!(Packet::read(&datagram(0x80, &long)).is_err(), "more than 200 ms");
        assert!(Packet::read(&datagram(0x80, &long[1..])).is_ok());
    }

    #[test]
    fn sources_extension_and_padding_are_no_sound() {
        for (first, rest) in [
            (0x80, &[7, 7, 7][..]),
            (0x81, &[0, 0, 0, 9, 7, 7, 7]),
            (0x90, &[0xbe, 0xde, 0, 1, 1, 2, 3, 4, 7, 7, 7]),
            (0x91, &[0, 0, 0, 9, 0xbe, 0xde, 0, 0, 7, 7, 7]),
            (0xa0, &[7, 7, 7, 9, 2]),
            (0xb1, &[0, 0, 0, 9, 0xbe, 0xde, 0, 0, 7, 7, 7, 1]),
        ] {
            let datagram = datagram(first, rest);
            assert_eq!(Packet::read(&datagram).unwrap().payload, [7, 7, 7], "{first:#x}");
        }
        let only_padding = datagram(0xa0, &[0, 0, 3]);
        assert!(Packet::read(&only_padding).unwrap().payload.is_empty());
    }

    proptest! {
        #[test]
        fn no_bytes_can_panic_the_reader(datagram in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(packet) = Packet::read(&datagram) {
                prop_assert!(packet.payload.len() <= datagram.len());
            }
        }

        #[test]
        fn no_version_two_bytes_can_either(
            flags in 0_u8..64,
            rest in prop::collection::vec(any::<u8>(), 11..100),
        ) {
            let datagram: Vec<u8> = std::iter::once(0x80 | flags).chain(rest).collect();
            if let Ok(packet) = Packet::read(&datagram) {
                prop_assert!(packet.payload.len() + HEADER_LEN <= datagram.len());
            }
        }
    }
}
