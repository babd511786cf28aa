//! A key of a telephone.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the twelve keys a citizen's telephone has: `0`–`9`, `*`, `#`.
///
/// The four letters of ITU-T Q.23 exist on no telephone we serve and are refused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "char", try_from = "char")]
pub struct Digit(u8);

/// The character is no telephone key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("«{0}» is no telephone key: use 0-9, * or #")]
pub struct NotADigit(pub char);

impl Digit {
    /// All keys, in the order of their RFC 4733 event codes 0–11.
    pub const ALL: [Self; 12] = [
        Self(b'0'),
        Self(b'1'),
        Self(b'2'),
        Self(b'3'),
        Self(b'4'),
        Self(b'5'),
        Self(b'6'),
        Self(b'7'),
        Self(b'8'),
        Self(b'9'),
        Self(b'*'),
        Self(b'#'),
    ];
    /// The key that accepts a call.
    pub const ONE: Self = Self(b'1');
    /// The key that declines a call.
    pub const TWO: Self = Self(b'2');
    /// `*`.
    pub const STAR: Self = Self(b'*');
    /// `#`, cancelletto.
    pub const POUND: Self = Self(b'#');

    /// The key of an RFC 4733 §3.2 event code; codes above 11 are no keys.
    pub fn from_event(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// The RFC 4733 §3.2 event code, 0–11.
    pub fn event(self) -> u8 {
        match self.0 {
            b'*' => 10,
            b'#' => 11,
            digit => digit - b'0',
        }
    }

    /// The key as a character.
    pub fn as_char(self) -> char {
        char::from(self.0)
    }

    /// Whether it is one of `0`–`9`.
    pub fn is_number(self) -> bool {
        self.0.is_ascii_digit()
    }
}

impl TryFrom<char> for Digit {
    type Error = NotADigit;

    fn try_from(key: char) -> Result<Self, NotADigit> {
        match u8::try_from(key) {
            Ok(byte @ (b'0'..=b'9' | b'*' | b'#')) => Ok(Self(byte)),
            _ => Err(NotADigit(key)),
        }
    }
}

impl From<Digit> for char {
    fn from(digit: Digit) -> Self {
        digit.as_char()
    }
}

impl fmt::Display for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_char())
    }
}

impl fmt::Debug for Digit {
    /// Masked: a sequence of keys may be somebody's number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digit(·)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_codes_and_characters_agree() {
        for digit in Digit::ALL {
            assert_eq!(Digit::from_event(digit.event()), Some(digit));
            assert_eq!(Digit::try_from(digit.as_char()), Ok(digit));
        }
        assert_eq!(Digit::from_event(12), None);
        assert_eq!(Digit::try_from('A'), Err(NotADigit('A')));
        assert_eq!(Digit::try_from('é'), Err(NotADigit('é')));
    }
}
