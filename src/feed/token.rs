//! The secret part of a calendar's address.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

/// 32 random bytes as hexadecimal digits. Who knows it may read the calendar; only its
/// [`Token::hash`] is kept, so that a stolen database opens no calendar.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// The text is no token of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("non è un indirizzo segreto: sono 64 cifre, come le ha scritte `polaris roster feed new`")]
pub struct NotAToken;

impl Token {
    /// A new one, which nobody can guess.
    pub fn random() -> Self {
        use rand::RngExt as _;
        let bytes: [u8; 32] = rand::rng().random();
        Self(hexadecimal(&bytes))
    }

    /// What is kept of it: its SHA-256, in hexadecimal.
    pub fn hash(&self) -> String {
        hexadecimal(&Sha256::digest(self.0.as_bytes()))
    }

    /// The secret, for who asked for it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for Token {
    type Err = NotAToken;

    fn from_str(text: &str) -> Result<Self, NotAToken> {
        let ours = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if ours { Ok(Self(text.to_owned())) } else { Err(NotAToken) }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
