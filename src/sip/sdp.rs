//! Offer and answer (RFC 3264) for one audio stream: G.722, G.711, telephone-events,
//! comfort noise where it is offered.
//!
//! Only the lines that are used are read, decoded lossily: no session name, no bandwidth
//! refuses a call. G.722 is chosen before G.711, and A-law before µ-law, because Italian
//! networks speak it.

mod lines;

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use sdp_types::{Media, Session};

use self::lines::line;
use super::sdes;
pub use super::sdes::{OurKeys, Security};
use crate::words::{Codec, ControlPath, Direction, Law, Protection, StreamFormat};

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
    /// How wide its sound may be.
    pub width: Width,
    /// Whether its packets are to be protected.
    pub security: Security,
}

/// Which codecs one end has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// A-law and µ-law.
    Narrow,
    /// G.722 before them.
    Wide,
}

/// A description holds nothing we can use: 488.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefuseOfferError {
    /// It cannot be read.
    #[error("not a session description")]
    NotSdp,
    /// Longer than 16 KiB, or of more than 32 streams; a telephone's has 1 to 4 KiB.
    #[error("a session description that is too long")]
    TooLong,
    /// No audio as it may be here: image or video only, audio switched off, SRTP where
    /// nothing protects its keys, plain RTP where SRTP is required.
    #[error("no audio over RTP as it may be here")]
    NoAudio,
    /// SRTP, without a key we can use.
    #[error("SRTP without a key that can be used")]
    NoKey,
    /// Audio, but neither G.722 nor A-law nor µ-law.
    #[error("neither G722 nor PCMA nor PCMU")]
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
    let (chosen, (format, key_line)) = first_usable(&session, &local.security, |media| {
        let mut format = read_stream(&session, media, Preference::Ours, local.width)?;
        if !is_secure(media) {
            return Ok((format, None));
        }
        let keys = local.security.keys().ok_or(RefuseOfferError::NoAudio)?;
        let (agreed, line) = sdes::answer(media, keys).ok_or(RefuseOfferError::NoKey)?;
        format.protection = agreed;
        Ok((format, Some(line)))
    })?;
    let times = session.times.first().map_or((0, 0), |time| (time.start_time, time.stop_time));
    let mut text = head(local, times);
    for (index, media) in session.medias.iter().enumerate() {
        if index == chosen {
            let events = format.telephone_event;
            let codecs = [(format.payload_type, format.codec)];
            let noise = format.comfort_noise;
            write_audio(&mut text, local.port, &media.proto, &codecs, events, noise);
            write_tail(&mut text, format.ptime_ms, format.direction);
            if let Some(key_line) = &key_line {
                line(&mut text, key_line);
            }
            if format.control == ControlPath::Multiplexed {
                line(&mut text, "a=rtcp-mux");
            }
        } else {
            // RFC 3264 §6: every stream offered is answered, a refused one with port 0.
            line(&mut text, &format!("m={} 0 {} {}", media.media, media.proto, media.fmt));
        }
    }
    Ok((format, text.into_bytes()))
}

/// Our offer: (G.722,) A-law, µ-law, telephone-events as 101, packets of 20 ms.
pub fn offer(local: &LocalSound) -> Vec<u8> {
    let mut text = head(local, (0, 0));
    let codecs = [(9, Codec::G722), (8, Codec::PCMA), (0, Codec::PCMU)];
    let codecs = match local.width {
        Width::Narrow => &codecs[1..],
        Width::Wide => &codecs,
    };
    let keys = local.security.offered();
    let proto = if keys.is_some() { SECURE_RTP } else { PLAIN_RTP };
    write_audio(&mut text, local.port, proto, codecs, Some(101), None);
    write_tail(&mut text, DEFAULT_PTIME_MS, Direction::SendRecv);
    for key_line in keys.into_iter().flat_map(sdes::offer) {
        line(&mut text, &key_line);
    }
    text.into_bytes()
}

/// Reads the other side's answer to [`offer`] of `local`.
///
/// # Errors
/// When it accepts nothing of our offer, or takes SRTP for plain RTP; see
/// [`RefuseOfferError`].
pub fn accept(answer: &[u8], local: &LocalSound) -> Result<StreamFormat, RefuseOfferError> {
    let session = parse(answer)?;
    // We offered one or the other: an answer of the other kind is none.
    let offered =
        local.security.offered().map_or(Security::Plain, |keys| Security::Required(*keys));
    let read = first_usable(&session, &offered, |media| {
        let mut format = read_stream(&session, media, Preference::Theirs, local.width)?;
        if let Some(keys) = offered.keys() {
            format.protection = sdes::accept(media, keys).ok_or(RefuseOfferError::NoKey)?;
        }
        Ok(format)
    });
    read.map(|(_, format)| format)
}

/// Whose order decides between two codecs both sides know.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Preference {
    Ours,
    Theirs,
}

fn parse(bytes: &[u8]) -> Result<Session, RefuseOfferError> {
    if bytes.len() > LONGEST {
        return Err(RefuseOfferError::TooLong);
    }
    let used = lines::used(&String::from_utf8_lossy(bytes)).ok_or(RefuseOfferError::NotSdp)?;
    let session = Session::parse(used.as_bytes()).map_err(|_| RefuseOfferError::NotSdp)?;
    if session.medias.len() > MOST_STREAMS {
        return Err(RefuseOfferError::TooLong);
    }
    Ok(session)
}

/// The first stream of audio that may be taken and can be read, with its place: of protected
/// ones where there are any, so that nothing secret is said in the clear.
fn first_usable<T>(
    session: &Session,
    security: &Security,
    read: impl Fn(&Media) -> Result<T, RefuseOfferError>,
) -> Result<(usize, T), RefuseOfferError> {
    let usable =
        |media: &Media| media.media == "audio" && media.port != 0 && security.takes(&media.proto);
    let secure = session.medias.iter().any(|media| usable(media) && is_secure(media));
    let mut why = None;
    for (place, media) in session.medias.iter().enumerate() {
        if usable(media) && is_secure(media) == secure {
            match read(media) {
                Ok(read) => return Ok((place, read)),
                Err(error) => why = why.or(Some(error)),
            }
        }
    }
    Err(why.unwrap_or(RefuseOfferError::NoAudio))
}

fn is_secure(media: &Media) -> bool {
    matches!(media.proto.as_str(), SECURE_RTP | "RTP/SAVPF")
}

fn read_stream(
    session: &Session,
    media: &Media,
    preference: Preference,
    width: Width,
) -> Result<StreamFormat, RefuseOfferError> {
    let formats = formats(media);
    let known = formats.iter().filter_map(|(number, name)| codec(name).map(|c| (*number, c)));
    let mut known = known.filter(|(_, codec)| width == Width::Wide || *codec != Codec::G722);
    let (payload_type, codec) = match preference {
        Preference::Theirs => known.next(),
        Preference::Ours => known.min_by_key(|(_, codec)| rank(*codec)),
    }
    .ok_or(RefuseOfferError::NoCodec)?;
    let event = formats.iter().find(|(_, name)| name == "telephone-event/8000");
    // We never offer it: nobody shall be asked to fall silent.
    let noise = formats.iter().find(|(_, name)| name == "cn/8000");
    let noise = noise.filter(|_| preference == Preference::Ours);
    let address = address(session, media)?;
    let remote = SocketAddr::new(address, media.port);
    Ok(StreamFormat {
        remote,
        codec,
        payload_type,
        telephone_event: event.map(|(number, _)| *number),
        comfort_noise: noise.map(|(number, _)| *number),
        ptime_ms: ptime(session, media),
        direction: mirrored(session, media, address),
        control: control(media, remote, preference),
        protection: Protection::None,
    })
}

/// What we choose first when they leave it to us: the widest, then what Italian networks
/// speak.
fn rank(codec: Codec) -> u8 {
    match codec {
        Codec::G722 => 0,
        Codec::G711(Law::Pcma) => 1,
        Codec::G711(Law::Pcmu) => 2,
    }
}

/// Payload numbers in order, each with its encoding in lower case (`pcma/8000`).
fn formats(media: &Media) -> Vec<(u8, String)> {
    // Each attribute is looked at once, however many numbers there are.
    let mut names: [Option<&str>; MOST_FORMATS] = [None; MOST_FORMATS];
    for attribute in media.attributes.iter().filter(|attribute| attribute.attribute == "rtpmap") {
        let named = attribute.value.as_deref().and_then(|value| value.trim().split_once(' '));
        let Some((number, name)) = named else { continue };
        if let Some(place) = number.parse().ok().and_then(|number: usize| names.get_mut(number)) {
            place.get_or_insert(name);
        }
    }
    let numbers = media.fmt.split_whitespace().filter_map(|number| number.parse::<u8>().ok());
    numbers
        .filter_map(|number| Some((number, names.get(usize::from(number))?)))
        .take(MOST_FORMATS)
        .map(|(number, name)| {
            let fixed = match number {
                0 => "pcmu/8000",
                8 => "pcma/8000",
                9 => "g722/8000",
                13 => "cn/8000",
                _ => "",
            };
            (number, name.unwrap_or(fixed).trim().to_ascii_lowercase())
        })
        .collect()
}

fn codec(name: &str) -> Option<Codec> {
    // RFC 8866 §6.6: one channel may be written or left out.
    match name.strip_suffix("/1").unwrap_or(name) {
        "g722/8000" => Some(Codec::G722),
        "pcma/8000" => Some(Codec::PCMA),
        "pcmu/8000" => Some(Codec::PCMU),
        _ => None,
    }
}

fn address(session: &Session, media: &Media) -> Result<IpAddr, RefuseOfferError> {
    let connection = media.connections.first().or(session.connection.as_ref());
    let text = connection.map_or("", |connection| connection.connection_address.as_str());
    let bare = text.split('/').next().unwrap_or_default();
    bare.parse().map_err(|_| RefuseOfferError::NoAddress)
}

/// Where they want our reports (RFC 5761, RFC 3605). We never offer to multiplex: an
/// answer that does all the same changes nothing.
fn control(media: &Media, remote: SocketAddr, preference: Preference) -> ControlPath {
    if preference == Preference::Ours && media.has_attribute("rtcp-mux") {
        return ControlPath::Multiplexed;
    }
    let named = media.get_first_attribute_value("rtcp").flatten().unwrap_or_default();
    let mut words = named.split_whitespace();
    let port = words.next().and_then(|port| port.parse().ok());
    // `IN IP4 address`: the port alone when the address is the sound's.
    let ip = words.nth(2).and_then(|ip| ip.parse().ok());
    ControlPath::Separate(SocketAddr::new(
        ip.unwrap_or_else(|| remote.ip()),
        // Port 0 is sent nothing.
        port.or_else(|| remote.port().checked_add(1)).unwrap_or(0),
    ))
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
    noise: Option<u8>,
) {
    let numbers = codecs.iter().map(|(number, _)| *number).chain(events).chain(noise);
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
    if let Some(number) = noise {
        line(text, &format!("a=rtpmap:{number} CN/8000"));
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

/// The longest description that is read, octets: reading takes under a millisecond.
const LONGEST: usize = 16 * 1024;
const MOST_STREAMS: usize = 32;
/// Payload numbers have seven bits.
const MOST_FORMATS: usize = 128;
const PLAIN_RTP: &str = "RTP/AVP";
const SECURE_RTP: &str = "RTP/SAVP";
const DEFAULT_PTIME_MS: u8 = 20;

#[cfg(test)]
#[path = "tests/sdp.rs"]
mod tests;
