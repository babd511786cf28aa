//! Secrets of second factors, as they lie in the database.
//!
//! It checks no code. Law: a secret is sealed for its own account or visit; where no key is at
//! hand it is kept in clear, so that somebody can come in, and sealed later.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Belongs, Keyring, Keys, OpenSealError, ReadKeysError};

/// Whose secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretOf<'a> {
    /// Of a visit in which a second factor is being set up: the hash of the visit's secret.
    Visit(&'a str),
    /// Of the account of this name.
    Account(&'a str),
}

/// Why a secret could not be read.
#[derive(Debug, thiserror::Error)]
pub enum OpenSecretError {
    /// The keys cannot be read.
    #[error(transparent)]
    Keys(#[from] ReadKeysError),
    /// It does not open.
    #[error(transparent)]
    Sealed(#[from] OpenSealError),
}

impl SecretOf<'_> {
    fn row(&self) -> (&'static str, [&str; 2]) {
        match self {
            Self::Visit(hash) => ("sessions", [hash, "enrolling"]),
            Self::Account(name) => ("accounts", [name, "totp"]),
        }
    }
}

/// The secret as it is to be kept.
pub fn seal_secret(keyring: &Keyring, of: SecretOf<'_>, clear: &str) -> String {
    let sealed = keyring.keys().ok().and_then(|keys| seal_with(&keys, of, clear).ok());
    sealed.unwrap_or_else(|| clear.to_owned())
}

/// The secret that was kept.
///
/// # Errors
/// When it is sealed and its key cannot be had, or it was changed.
pub fn open_secret(
    keyring: &Keyring,
    of: SecretOf<'_>,
    kept: &str,
) -> Result<String, OpenSecretError> {
    if !is_sealed(kept) {
        return Ok(kept.to_owned());
    }
    Ok(open_with(&*keyring.keys()?, of, kept)?)
}

/// Whether what is kept is sealed: base32 knows no colon.
pub(super) fn is_sealed(kept: &str) -> bool {
    kept.starts_with(SEALED)
}

/// With which key, if it is.
pub(super) fn key_of(kept: &str) -> Option<u32> {
    kept.strip_prefix(SEALED)?.split_once(':')?.0.parse().ok()
}

pub(super) fn seal_with(
    keys: &Keys,
    of: SecretOf<'_>,
    clear: &str,
) -> Result<String, OpenSealError> {
    let (table, row) = of.row();
    let sealed = keys.seal(Belongs { table, row: &row }, clear.as_bytes())?;
    Ok(format!("{SEALED}{}:{}", sealed.key, STANDARD.encode(&sealed.content)))
}

pub(super) fn open_with(
    keys: &Keys,
    of: SecretOf<'_>,
    kept: &str,
) -> Result<String, OpenSealError> {
    let content = kept.rsplit(':').next().and_then(|text| STANDARD.decode(text).ok());
    let (Some(key), Some(content)) = (key_of(kept), content) else {
        return Err(OpenSealError::Damaged);
    };
    let (table, row) = of.row();
    let clear = keys.open(Belongs { table, row: &row }, key, &content)?;
    String::from_utf8(clear).map_err(|_| OpenSealError::Damaged)
}

const SEALED: &str = "sealed:";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_for_its_own_account_alone_and_a_clear_one_needs_no_key() {
        let dir = tempfile::tempdir().unwrap();
        let keyring = Keyring::new(&dir.path().join("k"));
        let ada = SecretOf::Account("ada");
        assert_eq!(seal_secret(&keyring, ada, "ABC"), "ABC");
        assert_eq!(open_secret(&keyring, ada, "ABC").unwrap(), "ABC");
        keyring.make(chrono::DateTime::UNIX_EPOCH).unwrap();
        let kept = seal_secret(&keyring, ada, "ABC");
        assert!(is_sealed(&kept) && key_of(&kept) == Some(1), "{kept}");
        assert_eq!(open_secret(&keyring, ada, &kept).unwrap(), "ABC");
        for other in [SecretOf::Account("eva"), SecretOf::Visit("ada")] {
            assert!(open_secret(&keyring, other, &kept).is_err(), "{other:?}");
        }
        for damaged in ["sealed:", "sealed:1", "sealed:1:", "sealed:x:AA", "sealed:1:AA"] {
            assert!(open_secret(&keyring, ada, damaged).is_err(), "{damaged}");
        }
        std::fs::remove_file(keyring.file()).unwrap();
        assert!(matches!(open_secret(&keyring, ada, &kept), Err(OpenSecretError::Keys(_))));
    }
}
