//! How a stream's packets are protected: the word between `sip` and `media`.
//!
//! Keys print masked, and are written nowhere but into a session description.

use std::fmt;

/// A cipher for SRTP, under its name in RFC 4568 §6.2 and RFC 7714 §14.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// `AEAD_AES_256_GCM`.
    AeadAes256Gcm,
    /// `AEAD_AES_128_GCM`.
    AeadAes128Gcm,
    /// `AES_CM_128_HMAC_SHA1_80`.
    AesCm128HmacSha1,
    /// `AES_CM_128_HMAC_SHA1_32`: four bytes of tag on sound, ten on reports.
    AesCm128HmacSha1Short,
}

impl Suite {
    /// Those we speak, best first.
    pub const ALL: [Self; 4] = [
        Self::AeadAes256Gcm,
        Self::AeadAes128Gcm,
        Self::AesCm128HmacSha1,
        Self::AesCm128HmacSha1Short,
    ];

    /// Its name in a `crypto` attribute.
    pub fn name(self) -> &'static str {
        match self {
            Self::AeadAes256Gcm => "AEAD_AES_256_GCM",
            Self::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Self::AesCm128HmacSha1 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm128HmacSha1Short => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    /// Bytes of its master key, and of the salt after it.
    pub fn lengths(self) -> (usize, usize) {
        match self {
            Self::AeadAes256Gcm => (32, 12),
            Self::AeadAes128Gcm => (16, 12),
            Self::AesCm128HmacSha1 | Self::AesCm128HmacSha1Short => (16, 14),
        }
    }
}

/// A master key and its salt, of whatever suite.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MasterKey {
    bytes: [u8; Self::LONGEST],
    length: usize,
}

impl MasterKey {
    /// Bytes of the longest, with its salt.
    pub const LONGEST: usize = 44;

    /// The key and salt of `suite` in `bytes`; `None` when they are not as long as the
    /// suite wants.
    pub fn of(suite: Suite, bytes: &[u8]) -> Option<Self> {
        let (key, salt) = suite.lengths();
        let mut whole = [0; Self::LONGEST];
        (bytes.len() == key + salt).then(|| whole[..bytes.len()].copy_from_slice(bytes))?;
        Some(Self { bytes: whole, length: bytes.len() })
    }

    /// The first bytes of `random` as a key of `suite`.
    pub fn from_random(suite: Suite, random: [u8; Self::LONGEST]) -> Self {
        let (key, salt) = suite.lengths();
        let mut bytes = [0; Self::LONGEST];
        bytes[..key + salt].copy_from_slice(&random[..key + salt]);
        Self { bytes, length: key + salt }
    }

    /// Key and salt, one after the other: for the session description.
    pub fn reveal(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(·)")
    }
}

/// What was agreed about a stream's protection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protection {
    /// Plain RTP.
    #[default]
    None,
    /// SRTP (RFC 3711), both ways.
    Srtp {
        /// The number of the line that was agreed, which later descriptions repeat.
        tag: u32,
        /// The cipher.
        suite: Suite,
        /// What we send is under this key.
        ours: MasterKey,
        /// What they send is under this one.
        theirs: MasterKey,
    },
}
