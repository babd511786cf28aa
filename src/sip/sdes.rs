//! The `crypto` attribute of a session description (SDES, RFC 4568).
//!
//! It carries keys in the clear, and protects nothing by itself.
//!
//! Law: a key is written and believed only where the signalling is encrypted (TLS); what
//! was agreed as SRTP stays SRTP to the end of the call.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sdp_types::Media;

use super::route::Transport;
use crate::words::{MasterKey, Protection, Suite};

/// Whether SRTP is spoken on a leg, and under which keys of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Plain RTP alone.
    Plain,
    /// SRTP where the other side offers it; what we offer is plain.
    InKind(OurKeys),
    /// SRTP alone.
    Required(OurKeys),
}

/// Our keys for one leg: one for each suite, made with its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OurKeys {
    keys: [MasterKey; Suite::ALL.len()],
    /// The line that was agreed: later descriptions hold it alone.
    agreed: Option<(u32, Suite)>,
}

/// One line that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Line {
    tag: u32,
    suite: Suite,
    key: MasterKey,
}

impl Security {
    /// What holds once a stream was agreed so.
    pub fn after(self, agreed: Protection) -> Self {
        match (self, agreed) {
            (Self::InKind(keys) | Self::Required(keys), Protection::Srtp { tag, suite, .. }) => {
                Self::Required(OurKeys { agreed: Some((tag, suite)), ..keys })
            }
            (security, _) => security,
        }
    }

    /// What may be agreed over this transport: no key goes where others can read it. `None`
    /// where nothing may.
    pub fn over(self, transport: Transport) -> Option<Self> {
        match (transport, self) {
            (Transport::Tls, security) => Some(security),
            (_, Self::Plain | Self::InKind(_)) => Some(Self::Plain),
            (_, Self::Required(_)) => None,
        }
    }

    pub(super) fn keys(&self) -> Option<&OurKeys> {
        match self {
            Self::Plain => None,
            Self::InKind(keys) | Self::Required(keys) => Some(keys),
        }
    }

    /// The keys of an offer of ours, if that is SRTP.
    pub(super) fn offered(&self) -> Option<&OurKeys> {
        match self {
            Self::Plain | Self::InKind(_) => None,
            Self::Required(keys) => Some(keys),
        }
    }

    /// Whether an offered stream of this protocol may be taken.
    pub(super) fn takes(&self, proto: &str) -> bool {
        match proto {
            "RTP/AVP" | "RTP/AVPF" => !matches!(self, Self::Required(_)),
            "RTP/SAVP" | "RTP/SAVPF" => !matches!(self, Self::Plain),
            _ => false,
        }
    }
}

impl OurKeys {
    /// Keys of these random bytes, which nothing else may use.
    pub fn from_random(random: [[u8; MasterKey::LONGEST]; Suite::ALL.len()]) -> Self {
        let key = |nth: usize| MasterKey::from_random(Suite::ALL[nth], random[nth]);
        Self { keys: std::array::from_fn(key), agreed: None }
    }

    fn of(&self, suite: Suite) -> MasterKey {
        let place = Suite::ALL.iter().position(|one| *one == suite).unwrap_or(0);
        self.keys[place]
    }
}

/// Chooses of an offer's lines the suite that was agreed before, else the best we speak:
/// what is agreed, and the line of our answer (RFC 4568 §5.1.2).
pub(super) fn answer(media: &Media, ours: &OurKeys) -> Option<(Protection, String)> {
    let kept = |line: &Line| ours.agreed.is_some_and(|(_, suite)| suite == line.suite);
    let rank = |line: &Line| Suite::ALL.iter().position(|suite| *suite == line.suite);
    let best = lines(media).min_by_key(|line| (!kept(line), rank(line)))?;
    let key = ours.of(best.suite);
    let agreed = Protection::Srtp { tag: best.tag, suite: best.suite, ours: key, theirs: best.key };
    Some((agreed, written(best.tag, best.suite, &key)))
}

/// The lines of our offer: the one that was agreed, or all.
pub(super) fn offer(ours: &OurKeys) -> impl Iterator<Item = String> {
    let line = |(tag, suite)| written(tag, suite, &ours.of(suite));
    let all = (1..).zip(Suite::ALL).filter(|_| ours.agreed.is_none());
    ours.agreed.into_iter().chain(all).map(line)
}

/// Reads the answer to [`offer`]: exactly one line, one of ours by tag and suite
/// (RFC 4568 §5.1.3).
pub(super) fn accept(media: &Media, ours: &OurKeys) -> Option<Protection> {
    let mut lines = lines(media);
    let (Some(line), None) = (lines.next(), lines.next()) else { return None };
    let first = (1..).zip(Suite::ALL);
    // A session is refreshed with what was said last, be that the whole offer.
    let mut offered = ours.agreed.into_iter().chain(first);
    offered.any(|offered| offered == (line.tag, line.suite)).then(|| Protection::Srtp {
        tag: line.tag,
        suite: line.suite,
        ours: ours.of(line.suite),
        theirs: line.key,
    })
}

fn lines(media: &Media) -> impl Iterator<Item = Line> {
    media
        .attributes
        .iter()
        .filter(|attribute| attribute.attribute.eq_ignore_ascii_case("crypto"))
        .filter_map(|attribute| read(attribute.value.as_deref()?))
}

/// `1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^31`: with one key, without key identifier
/// (MKI) and session parameters, which could switch the protection off; but for the size of
/// a window, and what may be passed over (RFC 4568 §6.3).
fn read(value: &str) -> Option<Line> {
    let mut words = value.split_ascii_whitespace();
    let tag = words.next()?.parse().ok().filter(|tag| (1..=999_999_999).contains(tag))?;
    let name = words.next()?;
    let suite = Suite::ALL.into_iter().find(|suite| suite.name().eq_ignore_ascii_case(name))?;
    let key = words.next()?;
    let harmless = |word: &str| word.starts_with('-') || word.starts_with("WSH=");
    if !words.all(harmless) || key.contains(';') {
        return None;
    }
    let (method, rest) = key.split_once(':')?;
    if !method.eq_ignore_ascii_case("inline") {
        return None;
    }
    let mut parts = rest.split('|');
    let key = BASE64.decode(parts.next()?).ok()?;
    // A lifetime may follow; an MKI (`1:4`) would lengthen every packet.
    if parts.any(|part| part.contains(':')) {
        return None;
    }
    Some(Line { tag, suite, key: MasterKey::of(suite, &key)? })
}

fn written(tag: u32, suite: Suite, key: &MasterKey) -> String {
    format!("a=crypto:{tag} {} inline:{}", suite.name(), BASE64.encode(key.reveal()))
}

/// Some leave out the padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use super::*;
    use sdp_types::Session;

    /// RFC 4568 §9.1.
    const KEY: &str = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";

    fn ours() -> OurKeys {
        OurKeys::from_random(std::array::from_fn(|nth| [nth as u8 + 1; MasterKey::LONGEST]))
    }

    fn media(lines: &[String]) -> Media {
        let text = format!(
            "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/SAVP 8\r\n{}\r\n",
            lines.join("\r\n")
        );
        Session::parse(text.as_bytes()).unwrap().medias.remove(0)
    }

    fn suite(lines: &[&str]) -> Option<Suite> {
        let lines: Vec<String> = lines.iter().map(|line| format!("a=crypto:{line}")).collect();
        match answer(&media(&lines), &ours())?.0 {
            Protection::Srtp { suite, .. } => Some(suite),
            Protection::None => None,
        }
    }

    #[test]
    fn a_line_that_weakens_lengthens_or_cannot_be_read_is_passed_over() {
        let cm = Some(Suite::AesCm128HmacSha1);
        for (line, chosen) in [
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"), cm),
            (format!("1 aes_cm_128_hmac_sha1_80 INLINE:{KEY}|2^31"), cm),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4"), None),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|1:4"), None),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY};inline:{KEY}"), None),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTP"), None),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNAUTHENTICATED_SRTP"), None),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} WSH=64 -X=1"), cm),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} KDR=1"), None),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTCP"), None),
            (format!("9 AES_CM_128_HMAC_SHA1_32 inline:{KEY}"), Some(Suite::AesCm128HmacSha1Short)),
            (format!("1 AES_192_CM_HMAC_SHA1_80 inline:{KEY}"), None),
            (format!("1 AEAD_AES_128_GCM inline:{KEY}"), None),
            (format!("x AES_CM_128_HMAC_SHA1_80 inline:{KEY}"), None),
            (format!("0 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"), None),
            ("1 AES_CM_128_HMAC_SHA1_80 inline:short".into(), None),
            ("1 AES_CM_128_HMAC_SHA1_80 inline:****".into(), None),
            ("1 AES_CM_128_HMAC_SHA1_80".into(), None),
            (String::new(), None),
        ] {
            assert_eq!(suite(&[&line]), chosen, "{line}");
        }
    }

    #[test]
    fn the_best_suite_both_have_is_agreed_with_each_side_its_own_key() {
        let theirs =
            OurKeys::from_random(std::array::from_fn(|nth| [nth as u8 + 100; MasterKey::LONGEST]));
        let offered: Vec<String> = offer(&theirs).collect();
        let (here, line) = answer(&media(&offered), &ours()).unwrap();
        let there = accept(&media(&[line]), &theirs).unwrap();
        let Protection::Srtp { tag, suite, ours, theirs } = here else { panic!("plain") };
        assert_eq!((tag, suite), (1, Suite::AeadAes256Gcm));
        assert_eq!(there, Protection::Srtp { tag, suite, ours: theirs, theirs: ours });
        assert_ne!(ours, theirs);
    }

    #[test]
    fn an_answer_that_is_not_one_of_our_lines_agrees_to_nothing() {
        let line = |tag: u32| format!("a=crypto:{tag} AES_CM_128_HMAC_SHA1_80 inline:{KEY}");
        assert!(accept(&media(&[line(3)]), &ours()).is_some());
        for lines in [vec![], vec![line(1)], vec![line(4)], vec![line(3), line(3)]] {
            assert_eq!(accept(&media(&lines), &ours()), None, "{lines:?}");
        }
    }

    #[test]
    fn what_was_agreed_is_kept_and_never_becomes_plain() {
        let before = Security::InKind(ours());
        assert!(before.takes("RTP/AVP") && before.takes("RTP/SAVP") && before.offered().is_none());
        assert_eq!(before.after(Protection::None), before);
        let offered = [
            format!("a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:{KEY}"),
            format!("a=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"),
        ];
        let (agreed, line) = answer(&media(&offered), &ours()).unwrap();
        let after = before.after(agreed);
        assert!(!after.takes("RTP/AVP") && !after.takes("UDP/TLS/RTP/SAVP"));
        let keys = after.offered().unwrap();
        assert_eq!(offer(keys).collect::<Vec<_>>(), std::slice::from_ref(&line));
        assert!(accept(&media(&[line]), keys).is_some(), "a refresh of our answer");
        // They now offer a better one too: the suite stays, and with it our count.
        let better = format!("a=crypto:1 AEAD_AES_256_GCM inline:{}", "A".repeat(59));
        let again = answer(&media(&[better, offered[1].clone()]), keys).unwrap().0;
        assert_eq!(again, agreed);
        assert_eq!(after.over(Transport::Tcp), None);
        assert_eq!(after.over(Transport::Tls), Some(after));
        assert_eq!(before.over(Transport::Udp), Some(Security::Plain));
    }

    #[test]
    fn no_key_is_printed() {
        let printed = format!("{:?}", ours());
        assert!(!printed.contains(char::is_numeric) && printed.contains('·'), "{printed}");
    }
}
