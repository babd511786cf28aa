//! Offer and answer (RFC 3264) for one audio stream: G.711 and telephone-events.
//!
//! Descriptions are decoded lossily first: a Latin-1 session name refuses no call.
//! A-law is chosen when both laws are possible, because Italian networks speak it.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use sdp_types::{Media, Session};

use crate::words::{Codec, Direction, StreamFormat};

/// Our end of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalSound {
    /// Where we receive RTP.
    pub address: IpAddr,
    /// The RTP port.
    pub port: u16,
    /// Session id of the `o=` line: one for each dialog.
    pub session: u64,
    /// Version of the `o=` line: one more for each description that differs.
    pub version: u64,
}

/// A description holds nothing we can use: 488.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefuseOfferError {
    /// It cannot be read.
    #[error("not a session description")]
    NotSdp,
    /// No audio over plain RTP (image, video or SRTP only, or the audio is switched off).
    #[error("no audio over RTP/AVP")]
    NoAudio,
    /// Audio, but neither A-law nor µ-law.
    #[error("neither PCMA nor PCMU")]
    NoCodec,
    /// No `c=` line, or one with a name instead of an address.
    #[error("no usable connection address")]
    NoAddress,
}

/// Answers an offer: what was agreed, and the body of the answer.
///
/// # Errors
/// When the offer holds nothing we can use; see [`RefuseOfferError`].
pub fn answer(
    offer: &[u8],
    local: &LocalSound,
) -> Result<(StreamFormat, Vec<u8>), RefuseOfferError> {
    let session = parse(offer)?;
    let chosen = chosen_audio(&session)?;
    let media = session.medias.get(chosen).ok_or(RefuseOfferError::NoAudio)?;
    let format = read_stream(&session, media, Preference::Ours)?;
    let times = session.times.first().map_or((0, 0), |time| (time.start_time, time.stop_time));
    let mut text = head(local, times);
    for (index, media) in session.medias.iter().enumerate() {
        if index == chosen {
            let events = format.telephone_event;
            let codecs = [(format.payload_type, format.codec)];
            write_audio(&mut text, local.port, &media.proto, &codecs, events);
            write_tail(&mut text, format.ptime_ms, format.direction);
        } else {
            // RFC 3264 §6: every stream offered is answered, a refused one with port 0.
            line(&mut text, &format!("m={} 0 {} {}", media.media, media.proto, media.fmt));
        }
    }
    Ok((format, text.into_bytes()))
}

/// Our offer: A-law, µ-law, telephone-events as 101, packets of 20 ms.
pub fn offer(local: &LocalSound) -> Vec<u8> {
    let mut text = head(local, (0, 0));
    let codecs = [(8, Codec::Pcma), (0, Codec::Pcmu)];
    write_audio(&mut text, local.port, PLAIN_RTP, &codecs, Some(101));
    write_tail(&mut text, DEFAULT_PTIME_MS, Direction::SendRecv);
    text.into_bytes()
}

/// Reads the other side's answer to [`offer`].
///
/// # Errors
/// When it accepts nothing of our offer; see [`RefuseOfferError`].
pub fn accept(answer: &[u8]) -> Result<StreamFormat, RefuseOfferError> {
    let session = parse(answer)?;
    let media = session.medias.get(chosen_audio(&session)?).ok_or(RefuseOfferError::NoAudio)?;
    read_stream(&session, media, Preference::Theirs)
}

/// Whose order decides between two codecs both sides know.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Preference {
    Ours,
    Theirs,
}

fn parse(bytes: &[u8]) -> Result<Session, RefuseOfferError> {
    let text = String::from_utf8_lossy(bytes);
    Session::parse(text.as_bytes()).map_err(|_| RefuseOfferError::NotSdp)
}

/// The first stream of audio over plain RTP that is not switched off.
fn chosen_audio(session: &Session) -> Result<usize, RefuseOfferError> {
    let usable = |media: &Media| {
        let plain = matches!(media.proto.as_str(), PLAIN_RTP | "RTP/AVPF");
        media.media == "audio" && media.port != 0 && plain
    };
    session.medias.iter().position(usable).ok_or(RefuseOfferError::NoAudio)
}

fn read_stream(
    session: &Session,
    media: &Media,
    preference: Preference,
) -> Result<StreamFormat, RefuseOfferError> {
    let formats = formats(media);
    let mut known = formats.iter().filter_map(|(number, name)| codec(name).map(|c| (*number, c)));
    let first = known.next().ok_or(RefuseOfferError::NoCodec)?;
    let (payload_type, codec) = match preference {
        Preference::Theirs => first,
        Preference::Ours if first.1 == Codec::Pcma => first,
        Preference::Ours => known.find(|(_, c)| *c == Codec::Pcma).unwrap_or(first),
    };
    let event = formats.iter().find(|(_, name)| name == "telephone-event/8000");
    let address = address(session, media)?;
    Ok(StreamFormat {
        remote: SocketAddr::new(address, media.port),
        codec,
        payload_type,
        telephone_event: event.map(|(number, _)| *number),
        ptime_ms: ptime(session, media),
        direction: mirrored(session, media, address),
    })
}

/// Payload numbers in order, each with its encoding in lower case (`pcma/8000`).
fn formats(media: &Media) -> Vec<(u8, String)> {
    let named = |number: u8| {
        media
            .attributes
            .iter()
            .filter(|attribute| attribute.attribute == "rtpmap")
            .filter_map(|attribute| attribute.value.as_deref()?.trim().split_once(' '))
            .find(|(payload, _)| payload.parse() == Ok(number))
            .map(|(_, name)| name.trim().to_ascii_lowercase())
    };
    media
        .fmt
        .split_whitespace()
        .filter_map(|number| number.parse::<u8>().ok().filter(|number| *number < 128))
        .map(|number| {
            let fixed = match number {
                0 => "pcmu/8000",
                8 => "pcma/8000",
                _ => "",
            };
            (number, named(number).unwrap_or_else(|| fixed.to_owned()))
        })
        .collect()
}

fn codec(name: &str) -> Option<Codec> {
    // RFC 8866 §6.6: one channel may be written or left out.
    match name.strip_suffix("/1").unwrap_or(name) {
        "pcma/8000" => Some(Codec::Pcma),
        "pcmu/8000" => Some(Codec::Pcmu),
        _ => None,
    }
}

fn address(session: &Session, media: &Media) -> Result<IpAddr, RefuseOfferError> {
    let connection = media.connections.first().or(session.connection.as_ref());
    let text = connection.map_or("", |connection| connection.connection_address.as_str());
    let bare = text.split('/').next().unwrap_or_default();
    bare.parse().map_err(|_| RefuseOfferError::NoAddress)
}

/// What they want to receive, as we may send it.
fn ptime(session: &Session, media: &Media) -> u8 {
    let read = |name: &str| {
        let own = media.get_first_attribute_value(name).flatten();
        let value = own.or_else(|| session.get_first_attribute_value(name).flatten())?;
        value.trim().parse::<f32>().ok().filter(|ms| (1.0..=1000.0).contains(ms))
    };
    let wanted = match read("ptime") {
        Some(ms) if (10.0..=60.0).contains(&ms) && ms % 10.0 == 0.0 => ms,
        _ => f32::from(DEFAULT_PTIME_MS),
    };
    let longest = read("maxptime").map_or(60.0, |ms| (ms / 10.0).floor() * 10.0).max(10.0);
    // In 10..=60 whatever was written: the cast is exact.
    wanted.min(longest) as u8
}

/// RFC 3264 §6.1, and the hold of RFC 2543: a connection address of zeros.
fn mirrored(session: &Session, media: &Media, address: IpAddr) -> Direction {
    let direction =
        [&media.attributes, &session.attributes].into_iter().flatten().find_map(|attribute| {
            match attribute.attribute.as_str() {
                "sendrecv" => Some(Direction::SendRecv),
                "sendonly" => Some(Direction::RecvOnly),
                "recvonly" => Some(Direction::SendOnly),
                "inactive" => Some(Direction::Inactive),
                _ => None,
            }
        });
    let direction = direction.unwrap_or(Direction::SendRecv);
    match direction {
        Direction::SendRecv if address.is_unspecified() => Direction::RecvOnly,
        Direction::SendOnly if address.is_unspecified() => Direction::Inactive,
        other => other,
    }
}

fn head(local: &LocalSound, (start, stop): (u64, u64)) -> String {
    let family = if local.address.is_ipv4() { "IP4" } else { "IP6" };
    let LocalSound { address, session, version, .. } = local;
    let mut text = String::with_capacity(256);
    line(&mut text, "v=0");
    line(&mut text, &format!("o=polaris {session} {version} IN {family} {address}"));
    line(&mut text, "s=-");
    line(&mut text, &format!("c=IN {family} {address}"));
    line(&mut text, &format!("t={start} {stop}"));
    text
}

fn write_audio(
    text: &mut String,
    port: u16,
    proto: &str,
    codecs: &[(u8, Codec)],
    events: Option<u8>,
) {
    let numbers = codecs.iter().map(|(number, _)| *number).chain(events);
    let list = numbers.fold(String::new(), |mut list, number| {
        let _ = write!(list, " {number}");
        list
    });
    line(text, &format!("m=audio {port} {proto}{list}"));
    for (number, codec) in codecs {
        line(text, &format!("a=rtpmap:{number} {}/8000", codec.name()));
    }
    if let Some(number) = events {
        line(text, &format!("a=rtpmap:{number} telephone-event/8000"));
        line(text, &format!("a=fmtp:{number} 0-15"));
    }
}

fn write_tail(text: &mut String, ptime_ms: u8, direction: Direction) {
    line(text, &format!("a=ptime:{ptime_ms}"));
    line(
        text,
        match direction {
            Direction::SendRecv => "a=sendrecv",
            Direction::SendOnly => "a=sendonly",
            Direction::RecvOnly => "a=recvonly",
            Direction::Inactive => "a=inactive",
        },
    );
}

fn line(text: &mut String, content: &str) {
    text.push_str(content);
    text.push_str("\r\n");
}

const PLAIN_RTP: &str = "RTP/AVP";
const DEFAULT_PTIME_MS: u8 = 20;

#[cfg(test)]
#[path = "tests/sdp.rs"]
mod tests;
