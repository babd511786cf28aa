//! A telephone made of our own parts: for `try`, for `demo`, for tests.
//!
//! One task holds one call at a time. It sends sound every 20 ms, presses keys by
//! RFC 4733, names the recordings it hears and keeps all it heard.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::recognise::{Heard, Recogniser};
use crate::rtp::{HEADER_LEN, Header, KeyReceiver, Packet, decode, encode, silence};
use crate::sip::sdp::{self, LocalSound, Security, Width};
use crate::sip::{DialogId, Endpoint, Event, Forwarding, Outgoing, Route, Transport, host};
use crate::words::{Clock, Codec, Digit, Law, StreamFormat, SystemClock};

/// Samples in one packet.
const FRAME: usize = 160;
/// Packets of a key press that say it goes on, and that say it has ended.
const KEY_PACKETS: (u16, u16) = (6, 3);
/// Packets between two key presses.
const KEY_PAUSE: u16 = 4;
/// The loudest code a key is sent with: −10 dBm0 (RFC 4733 §2.3.3).
const KEY_VOLUME: u8 = 10;
/// Longest sound kept: ten minutes.
const HEARD_MAX: usize = 8_000 * 600;

/// What a telephone is told to do.
#[derive(Debug)]
pub enum Do {
    /// Pick up.
    Answer,
    /// Refuse an incoming call with this status.
    Decline(u16),
    /// Call a number at a server.
    Dial {
        /// The number, user part of the URI.
        to: String,
        /// The server.
        server: SocketAddr,
        /// Our own number.
        from: String,
    },
    /// Put the receiver down.
    HangUp,
    /// Press a key.
    Press(Digit),
    /// Say these samples, 8 kHz; silence afterwards.
    Say(Vec<i16>),
}

/// What a telephone tells.
#[derive(Debug, PartialEq)]
pub enum Told {
    /// The other side picked up.
    Answered,
    /// The call could not be made: SIP status.
    Failed(u16),
    /// A recording begins to be recognised in what is heard.
    Heard(Heard),
    /// The call is over.
    HungUp,
    /// Somebody is calling.
    Incoming,
    /// A key was heard from the other side.
    Key(Digit),
    /// It rings over there.
    Ringing,
}

/// A telephone that is plugged in.
#[derive(Debug)]
pub struct Phone {
    /// Where it is called.
    pub address: SocketAddr,
    /// What it tells.
    pub told: mpsc::UnboundedReceiver<Told>,
    orders: mpsc::UnboundedSender<Do>,
    task: JoinHandle<Vec<i16>>,
}

impl Phone {
    /// Plugs a telephone in at `address` (port 0: any).
    ///
    /// # Errors
    /// The address cannot be bound.
    pub async fn plug_in(address: SocketAddr, ear: Recogniser) -> std::io::Result<Self> {
        let signals = UdpSocket::bind(address).await?;
        let sound = UdpSocket::bind(SocketAddr::new(address.ip(), 0)).await?;
        let address = signals.local_addr()?;
        let local = LocalSound {
            address: address.ip(),
            port: sound.local_addr()?.port(),
            session: 1,
            version: 1,
            width: Width::Narrow,
            security: Security::Plain,
        };
        let (orders, inbox) = mpsc::unbounded_channel();
        let (tell, told) = mpsc::unbounded_channel();
        let config = crate::sip::Config {
            user_agent: "polaris-phone".into(),
            max_dialogs: 16,
            max_transactions: 64,
            calls_per_second: 10,
        };
        let seed = rand::RngExt::random(&mut rand::rng());
        let handset = Handset {
            clock: SystemClock::start(),
            endpoint: Endpoint::new(config, seed),
            address,
            signals,
            sound,
            local,
            tell,
            ear,
            call: None,
            offer: None,
            format: None,
            keys: KeyReceiver::default(),
            saying: VecDeque::new(),
            pressing: VecDeque::new(),
            sent: Sent::default(),
            heard: Vec::new(),
        };
        let task = tokio::spawn(handset.live(inbox));
        Ok(Self { address, told, orders, task })
    }

    /// Tells it to do something; a telephone that was unplugged does nothing.
    pub fn order(&self, what: Do) {
        let _ = self.orders.send(what);
    }

    /// Unplugs it; returns all it heard, 8 kHz.
    pub async fn unplug(self) -> Vec<i16> {
        drop(self.orders);
        self.task.await.unwrap_or_default()
    }
}

#[derive(Debug, Default)]
struct Sent {
    sequence: u16,
    timestamp: u32,
}

/// A key being pressed.
#[derive(Debug)]
struct Pressing {
    digit: Digit,
    began: Option<u32>,
    packets: u16,
}

struct Handset {
    clock: SystemClock,
    endpoint: Endpoint,
    address: SocketAddr,
    signals: UdpSocket,
    sound: UdpSocket,
    local: LocalSound,
    tell: mpsc::UnboundedSender<Told>,
    ear: Recogniser,
    call: Option<DialogId>,
    offer: Option<Vec<u8>>,
    format: Option<StreamFormat>,
    keys: KeyReceiver,
    saying: VecDeque<i16>,
    pressing: VecDeque<Pressing>,
    sent: Sent,
    heard: Vec<i16>,
}

impl Handset {
    async fn live(mut self, mut inbox: mpsc::UnboundedReceiver<Do>) -> Vec<i16> {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let (mut signal, mut packet) = (vec![0; 65_535], vec![0; 2_048]);
        loop {
            self.settle().await;
            let wake = self.endpoint.poll_timeout().map(|due| self.clock.instant_of(due));
            tokio::select! {
                order = inbox.recv() => match order {
                    Some(order) => self.obey(order),
                    None => break,
                },
                received = self.signals.recv_from(&mut signal) => {
                    if let Ok((length, remote)) = received {
                        let route = self.route(remote);
                        let bytes = signal.get(..length).unwrap_or_default();
                        self.endpoint.receive(self.clock.now(), route, bytes);
                    }
                }
                received = self.sound.recv_from(&mut packet) => {
                    if let Ok((length, _)) = received {
                        self.hear(packet.get(..length).unwrap_or_default());
                    }
                }
                _ = tick.tick() => self.speak().await,
                () = crate::switchboard::wake_at(wake) => {
                    self.endpoint.handle_timeout(self.clock.now());
                }
            }
        }
        self.hang_up();
        self.settle().await;
        self.heard
    }

    fn route(&self, remote: SocketAddr) -> Route {
        Route { transport: Transport::Udp, local: self.address, remote }
    }

    async fn settle(&mut self) {
        while let Some(event) = self.endpoint.poll_event() {
            self.signal(event);
        }
        while let Some(transmit) = self.endpoint.poll_transmit() {
            let _ = self.signals.send_to(&transmit.bytes, transmit.route.remote).await;
        }
    }

    fn tell(&self, told: Told) {
        let _ = self.tell.send(told);
    }

    fn obey(&mut self, order: Do) {
        let now = self.clock.now();
        match order {
            Do::Dial { to, server, from } => self.dial(to, server, from),
            Do::Answer => self.answer(),
            Do::Decline(status) => {
                if let Some(call) = self.call.take() {
                    self.endpoint.refuse(now, call, status);
                }
            }
            Do::HangUp => self.hang_up(),
            Do::Press(digit) => {
                self.pressing.push_back(Pressing { digit, began: None, packets: 0 });
            }
            Do::Say(samples) => self.saying.extend(samples),
        }
    }

    fn dial(&mut self, to: String, server: SocketAddr, from: String) {
        let route = self.route(server);
        let sdp = sdp::offer(&self.local);
        let outgoing = Outgoing {
            route,
            to,
            to_host: None,
            from_number: from,
            from_host: host(self.address.ip()),
            sdp,
            credentials: None,
            forwarding: Forwarding::default(),
            outbound_proxy: None,
            service_route: Vec::new(),
        };
        match self.endpoint.invite(self.clock.now(), outgoing) {
            Ok(call) => self.call = Some(call),
            Err(_) => self.tell(Told::Failed(503)),
        }
    }

    fn answer(&mut self) {
        let now = self.clock.now();
        let Some(call) = self.call else { return };
        let offer = self.offer.take().unwrap_or_default();
        match sdp::answer(&offer, &self.local) {
            Ok((format, body)) => {
                self.format = Some(format);
                self.endpoint.answer(now, call, body);
            }
            Err(_) => {
                self.endpoint.refuse(now, call, 488);
                self.over(Told::Failed(488));
            }
        }
    }

    fn hang_up(&mut self) {
        if let Some(call) = self.call.take() {
            self.endpoint.hang_up(self.clock.now(), call);
            self.over(Told::HungUp);
        }
    }

    fn over(&mut self, how: Told) {
        self.call = None;
        self.format = None;
        self.pressing.clear();
        self.tell(how);
    }

    fn signal(&mut self, event: Event) {
        match event {
            Event::Invited { dialog, invitation } if self.call.is_none() => {
                self.call = Some(dialog);
                self.offer = invitation.sdp;
                self.endpoint.ring(self.clock.now(), dialog);
                self.tell(Told::Incoming);
            }
            Event::Invited { dialog, .. } => {
                self.endpoint.refuse(self.clock.now(), dialog, 486);
            }
            Event::Ringing { .. } => self.tell(Told::Ringing),
            Event::Answered { dialog, sdp: body } if self.call == Some(dialog) => {
                self.format = body.and_then(|body| sdp::accept(&body, &self.local).ok());
                self.tell(Told::Answered);
            }
            Event::Failed { dialog, status } if self.call == Some(dialog) => {
                self.over(Told::Failed(status));
            }
            Event::HungUp { dialog, .. }
            | Event::Cancelled { dialog }
            | Event::NeverConfirmed { dialog }
                if self.call == Some(dialog) =>
            {
                self.over(Told::HungUp);
            }
            Event::Offered { dialog, sdp: offer, .. } => self.renegotiate(dialog, &offer),
            _ => {}
        }
    }

    fn renegotiate(&mut self, dialog: DialogId, offer: &[u8]) {
        let now = self.clock.now();
        self.local.version += 1;
        match sdp::answer(offer, &self.local) {
            Ok((format, body)) => {
                self.format = Some(format);
                self.endpoint.accept_offer(now, dialog, body);
            }
            Err(_) => self.endpoint.refuse_offer(now, dialog, 488),
        }
    }

    fn hear(&mut self, datagram: &[u8]) {
        let Some(format) = self.format else { return };
        let Ok(packet) = Packet::read(datagram) else { return };
        if format.telephone_event == Some(packet.header.payload_type) {
            if let Some(digit) = self.keys.receive(&packet) {
                self.tell(Told::Key(digit));
            }
            return;
        }
        if packet.header.payload_type != format.payload_type {
            return;
        }
        let samples: Vec<i16> = decode(law(&format), packet.payload).collect();
        if self.heard.len() < HEARD_MAX {
            self.heard.extend_from_slice(&samples);
        }
        let coded: Vec<u8> = samples.iter().map(|s| encode(Law::Pcma, *s)).collect();
        for heard in self.ear.hear(&coded) {
            self.tell(Told::Heard(heard));
        }
    }

    /// One packet, every 20 ms: a key if one is being pressed, sound otherwise.
    async fn speak(&mut self) {
        let Some(format) = self.format else { return };
        let datagram = match (self.pressing.front_mut(), format.telephone_event) {
            (Some(pressing), Some(payload_type)) => {
                key_packet(pressing, payload_type, &mut self.sent)
            }
            _ => None,
        };
        let datagram = datagram.unwrap_or_else(|| self.sound_packet(&format));
        if self
            .pressing
            .front()
            .is_some_and(|p| p.packets >= KEY_PACKETS.0 + KEY_PACKETS.1 + KEY_PAUSE)
        {
            self.pressing.pop_front();
        }
        let _ = self.sound.send_to(&datagram, format.remote).await;
    }

    fn sound_packet(&mut self, format: &StreamFormat) -> Vec<u8> {
        if let Some(pressing) = self.pressing.front_mut() {
            pressing.packets += 1;
        }
        let law = law(format);
        let mut datagram = vec![0; HEADER_LEN];
        for _ in 0..FRAME {
            let coded = self.saying.pop_front().map(|sample| encode(law, sample));
            datagram.push(coded.unwrap_or_else(|| silence(law)));
        }
        let header = self.sent.header(format.payload_type, false);
        header.write(&mut datagram);
        self.sent.timestamp = self.sent.timestamp.wrapping_add(FRAME as u32);
        datagram
    }
}

impl Sent {
    fn header(&mut self, payload_type: u8, marker: bool) -> Header {
        self.sequence = self.sequence.wrapping_add(1);
        let (sequence, timestamp) = (self.sequence, self.timestamp);
        Header { payload_type, marker, sequence, timestamp, ssrc: 0x50_4f_4c_41 }
    }
}

/// RFC 4733 §2.5: one packet of a key press; `None` in the pause after it.
fn key_packet(pressing: &mut Pressing, payload_type: u8, sent: &mut Sent) -> Option<Vec<u8>> {
    let (going_on, ending) = KEY_PACKETS;
    if pressing.packets >= going_on + ending {
        return None;
    }
    let began = *pressing.began.get_or_insert(sent.timestamp);
    let ended = pressing.packets >= going_on;
    let duration = (pressing.packets + 1).min(going_on) * FRAME as u16;
    let mut datagram = vec![0; HEADER_LEN];
    let end_bit = if ended { 0x80 } else { 0 };
    datagram.extend([pressing.digit.event(), end_bit | KEY_VOLUME]);
    datagram.extend(duration.to_be_bytes());
    let mut header = sent.header(payload_type, pressing.packets == 0);
    header.timestamp = began;
    header.write(&mut datagram);
    pressing.packets += 1;
    sent.timestamp = sent.timestamp.wrapping_add(FRAME as u32);
    Some(datagram)
}

/// What it speaks: it offers and takes G.711 alone.
fn law(format: &StreamFormat) -> Law {
    match format.codec {
        Codec::G711(law) => law,
        Codec::G722 => Law::Pcma,
    }
}
