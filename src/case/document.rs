//! Documents put to a case: what they are, and what they are called.
//!
//! It keeps none. Law: what a file is, its first bytes say, never its name; a name is a text
//! that people read, and leads nowhere.

/// What a document is. Nothing else is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaType {
    /// A photograph.
    Jpeg,
    /// PDF.
    Pdf,
    /// A picture of a screen, mostly.
    Png,
    /// Plain text in UTF-8.
    Text,
    /// Sound.
    Wav,
}

impl MediaType {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Jpeg, Self::Pdf, Self::Png, Self::Text, Self::Wav];
    /// The longest document that is taken, in bytes.
    pub const BYTES_MAX: usize = 10 * 1024 * 1024;

    /// What these bytes are; `None` when nothing that is taken.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let is_wav = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WAVE");
        match bytes {
            [] => None,
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            bytes if bytes.starts_with(b"\x89PNG\r\n\x1a\n") => Some(Self::Png),
            bytes if bytes.starts_with(b"%PDF-") => Some(Self::Pdf),
            _ if is_wav => Some(Self::Wav),
            bytes => is_text(bytes).then_some(Self::Text),
        }
    }

    /// Its word on the web (RFC 6838).
    pub fn word(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Text => "text/plain; charset=utf-8",
            Self::Wav => "audio/wav",
        }
    }

    /// As people read it.
    pub fn italian(self) -> &'static str {
        match self {
            Self::Jpeg => "fotografia",
            Self::Pdf => "PDF",
            Self::Png => "immagine",
            Self::Text => "testo",
            Self::Wav => "audio",
        }
    }

    /// The one of this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// The name a document came with, as a text: no folders, nothing that cannot be seen, and not
/// too long.
pub fn plain_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let seen: String = last.chars().filter(|c| !c.is_control() && !is_turning(*c)).collect();
    let name: String = seen.trim().chars().take(NAME_MAX).collect();
    if name.trim_matches('.').is_empty() { "documento".to_owned() } else { name }
}

/// Letters that turn the direction of writing make `txt.exe` look like `exe.txt`.
fn is_turning(letter: char) -> bool {
    matches!(letter, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn is_text(bytes: &[u8]) -> bool {
    let letter = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(letter))
}

const NAME_MAX: usize = 120;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_document_is_what_its_bytes_say() {
        for (bytes, kind) in [
            (&b"%PDF-1.7\n"[..], Some(MediaType::Pdf)),
            (b"\xFF\xD8\xFF\xE0", Some(MediaType::Jpeg)),
            (b"\x89PNG\r\n\x1a\n\0", Some(MediaType::Png)),
            (b"RIFF\0\0\0\0WAVEfmt ", Some(MediaType::Wav)),
            ("perché no?\r\n".as_bytes(), Some(MediaType::Text)),
            (b"", None),
            (b"MZ\x90\0", None),
            (b"PK\x03\x04", None),
            (b"RIFF\0\0\0\0AVI ", None),
            (b"\x7FELF", None),
        ] {
            assert_eq!(MediaType::of(bytes), kind, "{bytes:?}");
        }
        assert!(MediaType::ALL.into_iter().all(|kind| MediaType::named(kind.word()) == Some(kind)));
    }

    #[test]
    fn a_name_is_a_text_and_leads_nowhere() {
        for (given, name) in [
            ("verbale.pdf", "verbale.pdf"),
            ("C:\\Documenti\\verbale.pdf", "verbale.pdf"),
            ("../../etc/passwd", "passwd"),
            ("a\u{202E}fdp.exe", "afdp.exe"),
            ("a\r\nSet-Cookie: x", "aSet-Cookie: x"),
            ("..", "documento"),
            ("", "documento"),
        ] {
            assert_eq!(plain_name(given), name);
        }
    }

    proptest! {
        #[test]
        fn any_name_is_short_and_has_no_folder(given in ".*") {
            let name = plain_name(&given);
            prop_assert!(!name.is_empty() && name.chars().count() <= NAME_MAX);
            prop_assert!(!name.contains(['/', '\\', '\n', '\r', '\0']));
        }
    }
}
