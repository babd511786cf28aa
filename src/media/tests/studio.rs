use std::net::UdpSocket;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::media::Ports;
use crate::rtp::{HEADER_LEN, Header};
use crate::words::{Codec, ControlPath, Direction, Law, Protection, StreamFormat, TestClock};

/// Two streams, each with its telephone.
struct Room {
    studio: Studio,
    named: Named,
    clock: Arc<TestClock>,
    reports: UnboundedReceiver<Report>,
    phones: Vec<UdpSocket>,
    sent: u16,
}

impl Room {
    fn new() -> Self {
        let clock = Arc::new(TestClock::at("2026-12-24T03:00:00Z".parse().unwrap()));
        let (tell, reports) = unbounded_channel();
        let mut studio = Studio::new(clock.clone(), tell).unwrap();
        let mut ports = Ports::new("127.0.41.90".parse().unwrap(), 42_000..=42_999);
        let phones = (1..=2).map(|stream| {
            let phone = UdpSocket::bind("127.0.41.91:0").unwrap();
            phone.set_nonblocking(true).unwrap();
            let (stream, port) = (StreamId(stream), ports.bind().unwrap());
            studio.obey(Order::Open { stream, shard: 0, port, trusted: [].into() });
            studio.obey(Order::Agree { stream, format: format(&phone) });
            phone
        });
        let phones = phones.collect();
        Self { studio, named: Named::none(), clock, reports, phones, sent: 0 }
    }

    /// The first telephone speaks, and 20 ms pass.
    fn pass(&mut self) {
        self.sent += 1;
        let header = Header {
            payload_type: 8,
            marker: false,
            sequence: self.sent,
            timestamp: u32::from(self.sent) * 160,
            ssrc: 7,
        };
        let mut packet = [0xd5; HEADER_LEN + 160];
        assert!(header.write(&mut packet));
        let stream = self.studio.streams[0].as_ref().unwrap();
        let to = stream.socket.udp.local_addr().unwrap();
        self.phones[0].send_to(&packet, to).unwrap();
        self.clock.advance(Duration::from_millis(20));
        let now = self.clock.now();
        self.studio.tick(&mut self.named, now);
    }

    fn plant(&mut self, here: Option<&'static str>) {
        self.studio.streams[0].as_mut().unwrap().planted = Planted(here);
    }

    /// Packets a telephone got since the last look.
    fn got(&self, phone: usize) -> usize {
        std::iter::repeat_with(|| self.phones[phone].recv(&mut [0; 400]))
            .take_while(Result::is_ok)
            .count()
    }

    /// How often the first stream was said to be broken since the last look.
    fn broken(&mut self) -> usize {
        let mut broken = 0;
        while let Ok(report) = self.reports.try_recv() {
            assert_eq!(report.stream(), StreamId(1), "the other one is well: {report:?}");
            broken += usize::from(matches!(report, Report::Broken { .. }));
        }
        broken
    }
}

fn format(phone: &UdpSocket) -> StreamFormat {
    StreamFormat {
        remote: phone.local_addr().unwrap(),
        codec: Law::Pcma.into(),
        payload_type: Codec::from(Law::Pcma).payload_type(),
        telephone_event: Some(101),
        comfort_noise: None,
        ptime_ms: 20,
        direction: Direction::SendRecv,
        control: ControlPath::Multiplexed,
        protection: Protection::None,
    }
}

#[test]
fn what_breaks_in_one_stream_ends_no_others_sound() {
    for (planted, told) in [("speak", 1), ("look after", 0), ("order", 1), ("hear", 0)] {
        let mut room = Room::new();
        room.pass();
        assert!(room.got(0) > 0 && room.got(1) > 0, "{planted}: both are spoken to");
        assert_eq!(room.broken(), 0);
        room.plant(Some(planted));
        (0..40).for_each(|_| room.pass());
        room.studio.obey_guarded(Order::StopPlay { stream: StreamId(1) });
        assert!(room.got(1) >= 40, "{planted}: the other telephone hears on");
        assert_eq!(room.broken(), told, "{planted}");
        // And so does the one it happened to, once it is over.
        room.plant(None);
        room.got(0);
        (0..60).for_each(|_| room.pass());
        assert!(room.got(0) >= 5, "{planted}");
        assert_eq!(room.broken(), 0, "{planted}");
    }
}

#[test]
fn who_sends_too_much_that_breaks_is_heard_no_more() {
    let mut room = Room::new();
    room.plant(Some("hear"));
    (0..=FAILURES_MAX).for_each(|_| room.pass());
    assert_eq!(room.studio.streams[0].as_ref().unwrap().failures.heard, FAILURES_MAX);
    assert_eq!(room.broken(), 1, "and somebody is told");
    room.got(0);
    room.pass();
    assert!(room.got(0) >= 1, "it is spoken to all the same");
}
