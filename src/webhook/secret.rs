//! What a message is signed with (Standard Webhooks 1.0: HMAC-SHA256 over id, time and body).

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// What we and a receiver share.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// Why a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReadSecretError {
    /// Others may read it.
    #[error("può essere letto da altri: esegui «chmod 600»")]
    Loose,
    /// It is not written as it should be.
    #[error("la prima riga dev'essere whsec_ e 24–64 byte in base64: `openssl rand -base64 32`")]
    NotASecret,
    /// The file cannot be read.
    #[error("{0} non si può leggere")]
    Unreadable(PathBuf, #[source] io::Error),
}

impl Secret {
    /// The first line of `file`, `whsec_` and base64, which its owner alone may read.
    ///
    /// # Errors
    /// When it cannot be read, others may read it, or it is no secret.
    pub fn read(file: &Path) -> Result<Self, ReadSecretError> {
        let unreadable = |error| ReadSecretError::Unreadable(file.to_owned(), error);
        let metadata = fs::metadata(file).map_err(unreadable)?;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(ReadSecretError::Loose);
        }
        let text = fs::read_to_string(file).map_err(unreadable)?;
        Self::of(text.lines().next().unwrap_or_default()).ok_or(ReadSecretError::NotASecret)
    }

    fn of(line: &str) -> Option<Self> {
        let line = line.trim();
        let bytes = STANDARD.decode(line.strip_prefix("whsec_").unwrap_or(line)).ok()?;
        (24..=64).contains(&bytes.len()).then_some(Self(bytes))
    }

    /// The value of `webhook-signature`.
    pub(super) fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        // Any length of key is taken.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with OpenSSL: `openssl dgst -sha256 -mac HMAC`.
    #[test]
    fn a_signature_is_that_of_the_standard() {
        let secret = Secret::of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature =
            secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(signature, EXPECTED);
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        for line in ["", "whsec_", "whsec_corto", "whsec_AAAA", "parola segreta di 24 byte…"] {
            assert_eq!(Secret::of(line), None, "{line}");
        }
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("segreto");
        fs::write(&file, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Secret::read(&file), Err(ReadSecretError::Loose)));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(Secret::read(&file).is_ok());
    }

    const EXPECTED: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
}
