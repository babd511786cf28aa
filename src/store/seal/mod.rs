//! What may not lie on the disk in clear text is sealed here.
//!
//! It decides nothing about who may read. XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) with a
//! random nonce of 24 bytes; the place a sealed text belongs to is authenticated with it.
//! Law: what was sealed for one row opens for no other, and not one changed byte opens.

mod file;
mod keyring;
mod number;
mod reseal;
mod secret;
mod sweep;

use std::collections::BTreeMap;
use std::fmt;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use rand::RngExt as _;
use sha2::Sha256;

pub use file::{
    Folder, KeepFileError, ReadSealedFileError, is_any_file_sealed, is_any_message_clear,
    keep_sealed_file, read_sealed_file, remove_sealed_file,
};
pub use keyring::{AddKeyError, Keyring, Made, MakeKeysError, ReadKeysError};
pub use number::SealedNumber;
pub use reseal::{ResealError, Resealed, reseal};
pub use secret::{OpenSecretError, SecretOf, open_secret, seal_secret};
pub use sweep::{SealClearError, Swept, seal_clear};

pub(super) use file::{Lies, names};
pub(super) use number::{Whose, blank, open_number};
pub(super) use sweep::is_anything_clear;

/// The keys there are; the newest seals, all of them open.
pub struct Keys {
    seals: BTreeMap<u32, Secret>,
    lookup: Secret,
}

/// 32 secret bytes.
pub(super) type Secret = [u8; 32];

/// Where a sealed text belongs: its table and what names its row there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Belongs<'a> {
    pub(super) table: &'static str,
    pub(super) row: &'a [&'a str],
}

/// A sealed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sealed {
    /// Which key sealed it.
    pub(super) key: u32,
    /// A byte that tells the form, the nonce, what was sealed.
    pub(super) content: Vec<u8>,
}

/// Why a sealed text does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenSealError {
    /// It was changed, or belongs elsewhere.
    #[error("un testo cifrato è stato alterato o spostato")]
    Damaged,
    /// Its key is not in the key file.
    #[error("manca la chiave {0}: rimetti il file delle chiavi che la contiene")]
    NoKey(u32),
}

impl Keys {
    pub(super) fn new(seals: BTreeMap<u32, Secret>, lookup: Secret) -> Option<Self> {
        (!seals.is_empty()).then_some(Self { seals, lookup })
    }

    /// The number of the key that seals.
    pub fn newest(&self) -> u32 {
        self.seals.keys().next_back().copied().unwrap_or_default()
    }

    pub(super) fn seal(&self, belongs: Belongs<'_>, clear: &[u8]) -> Result<Sealed, OpenSealError> {
        let key = self.newest();
        let cipher = self.cipher(key)?;
        let nonce: [u8; NONCE] = rand::rng().random();
        let aad = belongs.bytes(key);
        let payload = Payload { msg: clear, aad: &aad };
        // Only a text of 256 GiB cannot be sealed.
        let sealed =
            cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| OpenSealError::Damaged)?;
        let mut content = Vec::with_capacity(1 + NONCE + sealed.len());
        content.push(FORM);
        content.extend_from_slice(&nonce);
        content.extend_from_slice(&sealed);
        Ok(Sealed { key, content })
    }

    pub(super) fn open(
        &self,
        belongs: Belongs<'_>,
        key: u32,
        content: &[u8],
    ) -> Result<Vec<u8>, OpenSealError> {
        let cipher = self.cipher(key)?;
        let rest = content.strip_prefix(&[FORM]).ok_or(OpenSealError::Damaged)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(OpenSealError::Damaged)?;
        let aad = belongs.bytes(key);
        cipher
            .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &aad })
            .map_err(|_| OpenSealError::Damaged)
    }

    fn cipher(&self, key: u32) -> Result<XChaCha20Poly1305, OpenSealError> {
        let secret = self.seals.get(&key).ok_or(OpenSealError::NoKey(key))?;
        Ok(XChaCha20Poly1305::new(&Key::from(*secret)))
    }

    /// The name under which `text` can be found again, by who has the keys alone:
    /// HMAC-SHA-256 in hexadecimal. `what` keeps telephone numbers and codes apart.
    pub(super) fn lookup(&self, what: &str, text: &str) -> String {
        // Any length of key is taken.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.lookup) else {
            return String::new();
        };
        mac.update(what.as_bytes());
        mac.update(b"\0");
        mac.update(text.as_bytes());
        super::hexadecimal(&mac.finalize().into_bytes())
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.seals.keys()).finish()
    }
}

impl Belongs<'_> {
    /// Each part with its length before it: no two places have the same bytes.
    fn bytes(self, key: u32) -> Vec<u8> {
        let mut bytes = key.to_le_bytes().to_vec();
        for part in std::iter::once(&self.table).chain(self.row) {
            bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

const NONCE: usize = 24;
/// The form of what follows; another one would be another number.
const FORM: u8 = 1;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROW: Belongs<'static> = Belongs { table: "case_entries", row: &["a", "1"] };

    fn keys(count: u8) -> Keys {
        let seals = (1..=count).map(|key| (u32::from(key), [key; 32])).collect();
        Keys::new(seals, [9; 32]).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_where_it_belongs_and_nowhere_else() {
        let keys = keys(2);
        let sealed = keys.seal(ROW, b"Ada").unwrap();
        assert_eq!(sealed.key, 2);
        assert_eq!(keys.open(ROW, 2, &sealed.content).unwrap(), b"Ada");
        for row in [&["a", "2"][..], &["b", "1"], &["a1", ""], &["a", "1", ""], &["a"]] {
            let elsewhere = Belongs { row, ..ROW };
            let opened = keys.open(elsewhere, 2, &sealed.content);
            assert_eq!(opened, Err(OpenSealError::Damaged), "{row:?}");
        }
        let table = Belongs { table: "scheda_drafts", ..ROW };
        assert_eq!(keys.open(table, 2, &sealed.content), Err(OpenSealError::Damaged));
        assert_eq!(keys.open(ROW, 1, &sealed.content), Err(OpenSealError::Damaged));
        assert_eq!(keys.open(ROW, 3, &sealed.content), Err(OpenSealError::NoKey(3)));
    }

    #[test]
    fn one_text_sealed_twice_looks_like_two() {
        let keys = keys(1);
        assert_ne!(keys.seal(ROW, b"Ada").unwrap(), keys.seal(ROW, b"Ada").unwrap());
    }

    #[test]
    fn a_number_is_found_under_one_name_that_does_not_tell_it() {
        let name = keys(1).lookup("phone", "+393331234567");
        assert_eq!(name, keys(2).lookup("phone", "+393331234567"));
        assert_eq!(name.len(), 64);
        assert!(!name.contains("333123"));
        assert_ne!(name, keys(1).lookup("fiscal", "+393331234567"));
        let other = Keys::new([(1, [1; 32])].into(), [8; 32]).unwrap();
        assert_ne!(name, other.lookup("phone", "+393331234567"));
    }

    #[test]
    fn keys_are_told_by_number_alone() {
        assert_eq!(format!("{:?}", keys(2)), "{1, 2}");
    }

    proptest! {
        #[test]
        fn any_text_comes_back_and_no_changed_byte_opens(
            clear in prop::collection::vec(any::<u8>(), 0..200),
            place in any::<prop::sample::Index>(),
            flip in 1..=255_u8,
        ) {
            let keys = keys(1);
            let sealed = keys.seal(ROW, &clear).unwrap();
            prop_assert_eq!(&keys.open(ROW, 1, &sealed.content).unwrap(), &clear);
            let mut changed = sealed.content.clone();
            let place = place.index(changed.len());
            changed[place] ^= flip;
            prop_assert_eq!(keys.open(ROW, 1, &changed), Err(OpenSealError::Damaged));
            let cut = &sealed.content[..place];
            prop_assert_eq!(keys.open(ROW, 1, cut), Err(OpenSealError::Damaged));
        }
    }
}
