//! A telephone for the tests: a socket that speaks RTP, paced by what it hears.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use polaris::media::{Engine, Order, Ports, Report, StreamId};
use polaris::rtp::{HEADER_LEN, Header, Packet, decode, encode};
use polaris::words::{
    Clock, Codec, ControlPath, Direction, Law, Protection, StreamFormat, SystemClock,
};
use tokio::sync::mpsc::UnboundedReceiver;

/// How long anything that must come may take, on a machine with other work to do.
const PATIENCE: Duration = Duration::from_secs(5);

pub struct Phone {
    pub socket: UdpSocket,
    pub codec: Law,
    sequence: u16,
    pub timestamp: u32,
}

impl Phone {
    pub fn at(ip: &str, codec: Law) -> Self {
        let socket = UdpSocket::bind((ip, 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket, codec, sequence: 65_530, timestamp: u32::MAX - 800 }
    }

    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    pub fn format(&self) -> StreamFormat {
        StreamFormat {
            remote: self.address(),
            codec: self.codec.into(),
            payload_type: Codec::from(self.codec).payload_type(),
            telephone_event: Some(101),
            comfort_noise: None,
            ptime_ms: 20,
            direction: Direction::SendRecv,
            // It does not listen to reports.
            control: ControlPath::Separate(SocketAddr::new(self.address().ip(), 0)),
            protection: Protection::None,
        }
    }

    /// The next packet that comes.
    pub fn hear(&self) -> (Header, Vec<u8>) {
        let mut datagram = [0; 2048];
        let (length, _) = self.socket.recv_from(&mut datagram).expect("a packet in time");
        let packet = Packet::read(&datagram[..length]).unwrap();
        (packet.header, packet.payload.to_vec())
    }

    fn send(&mut self, to: SocketAddr, payload_type: u8, timestamp: u32, payload: &[u8]) {
        let mut packet = vec![0; HEADER_LEN];
        packet.extend_from_slice(payload);
        let sequence = self.sequence;
        let header = Header { payload_type, marker: false, sequence, timestamp, ssrc: 77 };
        assert!(header.write(&mut packet));
        self.socket.send_to(&packet, to).unwrap();
        self.sequence = self.sequence.wrapping_add(1);
    }

    /// One packet of sound already coded.
    pub fn say_coded(&mut self, to: SocketAddr, payload_type: u8, coded: &[u8]) {
        self.send(to, payload_type, self.timestamp, coded);
        self.timestamp = self.timestamp.wrapping_add(coded.len() as u32);
    }

    /// One packet of sound.
    pub fn say(&mut self, to: SocketAddr, samples: &[i16]) {
        let coded: Vec<u8> = samples.iter().map(|sample| encode(self.codec, *sample)).collect();
        self.send(to, Codec::from(self.codec).payload_type(), self.timestamp, &coded);
        self.timestamp = self.timestamp.wrapping_add(samples.len() as u32);
    }

    /// A key as RFC 4733 sends it: updates, then three ends.
    pub fn press(&mut self, to: SocketAddr, event: u8) {
        self.timestamp = self.timestamp.wrapping_add(1600);
        for (duration, end) in [(160, 0), (320, 0), (480, 0x80), (480, 0x80), (480, 0x80)] {
            let [high, low] = u16::to_be_bytes(duration);
            self.send(to, 101, self.timestamp, &[event, 10 | end, high, low]);
        }
        self.timestamp = self.timestamp.wrapping_add(480);
    }
}

/// An engine, its ports and its reports.
pub struct Bench {
    pub engine: Engine,
    pub reports: UnboundedReceiver<Report>,
    pub ports: Ports,
    pub clock: Arc<dyn Clock>,
}

impl Bench {
    pub fn at(ip: &str) -> Self {
        Self::with_clock(ip, Arc::new(SystemClock::start()))
    }

    pub fn with_clock(ip: &str, clock: Arc<dyn Clock>) -> Self {
        let (engine, reports) = Engine::start(1, Arc::clone(&clock)).unwrap();
        let ports = Ports::new(ip.parse().unwrap(), 42_000..=42_999);
        Self { engine, reports, ports, clock }
    }

    /// Opens a stream; where it listens.
    pub fn open(&mut self, stream: u64, trusted: &[&str]) -> SocketAddr {
        let port = self.ports.bind().unwrap();
        let local = port.local();
        let trusted: Arc<[IpAddr]> = trusted.iter().map(|ip| ip.parse().unwrap()).collect();
        self.engine.order(Order::Open { stream: StreamId(stream), shard: 0, port, trusted });
        local
    }

    pub fn agree(&self, stream: u64, format: StreamFormat) {
        self.engine.order(Order::Agree { stream: StreamId(stream), format });
    }

    /// The next report but those of streams that were closed.
    pub fn report(&mut self) -> Report {
        loop {
            match self.any_report() {
                Report::Closed { .. } => {}
                report => return report,
            }
        }
    }

    /// The next report, within the time anything may take.
    pub fn any_report(&mut self) -> Report {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let report =
            runtime.block_on(async { tokio::time::timeout(PATIENCE, self.reports.recv()).await });
        report.expect("a report in time").expect("the engine lives")
    }

    pub fn digit(&mut self) -> char {
        match self.report() {
            Report::DigitPressed { digit, .. } => digit.as_char(),
            other => panic!("not a key: {other:?}"),
        }
    }
}

/// A tone, amplitude 8000, samples from `from`.
pub fn tone(frequency: f32, from: usize, length: usize) -> Vec<i16> {
    (from..from + length)
        .map(|nth| {
            let angle = std::f32::consts::TAU * frequency * nth as f32 / 8000.0;
            (8000.0 * angle.sin()) as i16
        })
        .collect()
}

/// Which part of the sound's energy is at `frequency`.
pub fn share(samples: &[i16], frequency: f64) -> f64 {
    let (mut real, mut imaginary, mut total) = (0.0, 0.0, 1.0);
    for (nth, sample) in samples.iter().enumerate() {
        let (sine, cosine) = (std::f64::consts::TAU * frequency * nth as f64 / 8000.0).sin_cos();
        let sample = f64::from(*sample);
        real += sample * cosine;
        imaginary += sample * sine;
        total += sample * sample;
    }
    2.0 * (real * real + imaginary * imaginary) / (total * samples.len() as f64)
}

pub fn samples(codec: Law, payload: &[u8]) -> Vec<i16> {
    decode(codec, payload).collect()
}
