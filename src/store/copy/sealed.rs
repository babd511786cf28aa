//! The encrypted file: pieces of 64 KiB, each sealed in its place, the last one as the last.
//!
//! STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015) over XChaCha20-Poly1305; the key is
//! made of the passphrase with Argon2id (RFC 9106 §4, second choice: 64 MiB, 3 passes; one
//! lane, because it is the same key) and a salt. Law: a piece that was changed, moved or
//! left out, and an end that is missing, is an error and never a shorter copy.

use std::io::{self, Read, Write};

use aead_stream::{DecryptorBE32, EncryptorBE32};
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::Payload;
use chacha20poly1305::{Key, XChaCha20Poly1305};
use rand::RngExt as _;

use super::Passphrase;

/// Encrypts what is written through it.
pub(super) struct Sealing<W> {
    stream: EncryptorBE32<XChaCha20Poly1305>,
    /// What is not sealed yet: at least one byte stays for the last piece.
    piece: Vec<u8>,
    out: W,
}

/// Decrypts what is read through it.
pub(super) struct Opening<R> {
    /// `None` once the last piece was opened.
    stream: Option<DecryptorBE32<XChaCha20Poly1305>>,
    /// The sealed piece after the one that is being read.
    ahead: Vec<u8>,
    piece: Vec<u8>,
    /// How much of the piece was read.
    taken: usize,
    from: R,
}

/// Why a copy does not even begin to open.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    #[error("another passphrase, or a changed beginning")]
    Locked,
    #[error("no copy of ours")]
    NotACopy,
    #[error("it cannot be read")]
    Read(#[from] io::Error),
}

impl<W: Write> Sealing<W> {
    /// Writes the beginning of a copy.
    pub(super) fn begin(mut out: W, phrase: &Passphrase) -> io::Result<Self> {
        let (salt, nonce): ([u8; SALT], [u8; NONCE]) = (rand::rng().random(), rand::rng().random());
        let key = key(phrase, &salt).ok_or_else(|| io::Error::other("no key from a passphrase"))?;
        out.write_all(MAGIC)?;
        out.write_all(&salt)?;
        out.write_all(&nonce)?;
        let stream = EncryptorBE32::new(&key, &nonce.into());
        Ok(Self { stream, piece: Vec::with_capacity(PIECE), out })
    }

    /// Seals the end.
    pub(super) fn finish(mut self) -> io::Result<W> {
        let payload = Payload { msg: &self.piece, aad: MAGIC };
        let sealed = self.stream.encrypt_last(payload).map_err(|_| too_long())?;
        self.out.write_all(&sealed)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.len() == PIECE && !bytes.is_empty() {
            let payload = Payload { msg: &self.piece, aad: MAGIC };
            let sealed = self.stream.encrypt_next(payload).map_err(|_| too_long())?;
            self.out.write_all(&sealed)?;
            self.piece.clear();
        }
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<R: Read> Opening<R> {
    /// Reads the beginning of a copy, and opens its first piece.
    pub(super) fn begin(mut from: R, phrase: &Passphrase) -> Result<Self, OpenError> {
        let head = read_piece(&mut from, MAGIC.len() + SALT + NONCE)?;
        let rest = head.strip_prefix(MAGIC).ok_or(OpenError::NotACopy)?;
        let (salt, rest) = rest.split_first_chunk::<SALT>().ok_or(OpenError::NotACopy)?;
        let nonce = rest.first_chunk::<NONCE>().ok_or(OpenError::NotACopy)?;
        let key = key(phrase, salt).ok_or(OpenError::Locked)?;
        let stream = Some(DecryptorBE32::new(&key, &(*nonce).into()));
        let ahead = read_piece(&mut from, PIECE + TAG)?;
        let mut opening = Self { stream, ahead, piece: Vec::new(), taken: 0, from };
        opening.advance().map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => OpenError::Locked,
            _ => OpenError::Read(error),
        })?;
        Ok(opening)
    }

    fn advance(&mut self) -> io::Result<()> {
        let Some(mut stream) = self.stream.take() else { return Ok(()) };
        let next = read_piece(&mut self.from, PIECE + TAG)?;
        let sealed = std::mem::replace(&mut self.ahead, next);
        let payload = Payload { msg: &sealed, aad: MAGIC };
        let damaged = |_| io::Error::new(io::ErrorKind::InvalidData, "a piece was changed");
        self.piece = if self.ahead.is_empty() {
            stream.decrypt_last(payload).map_err(damaged)?
        } else {
            let piece = stream.decrypt_next(payload).map_err(damaged)?;
            self.stream = Some(stream);
            piece
        };
        self.taken = 0;
        Ok(())
    }
}

impl<R: Read> Read for Opening<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.piece.len() && self.stream.is_some() {
            self.advance()?;
        }
        let left = self.piece.get(self.taken..).unwrap_or_default();
        let read = left.len().min(into.len());
        for (to, byte) in into.iter_mut().zip(left) {
            *to = *byte;
        }
        self.taken += read;
        Ok(read)
    }
}

/// Reads as much as there is, at most `length` bytes.
fn read_piece(from: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut piece = Vec::with_capacity(length);
    from.by_ref().take(length as u64).read_to_end(&mut piece)?;
    Ok(piece)
}

/// `None` when the machine has no memory for it.
fn key(phrase: &Passphrase, salt: &[u8; SALT]) -> Option<Key> {
    let params = Params::new(64 * 1024, 3, 1, Some(32)).ok()?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut key = [0; 32];
    argon2.hash_password_into(phrase.0.as_bytes(), salt, &mut key).ok()?;
    Some(Key::from(key))
}

fn too_long() -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, "a copy is at most 256 TiB long")
}

/// What a copy begins with. The number changes with anything of the form.
const MAGIC: &[u8] = b"polaris copia 1\n";
const SALT: usize = 16;
/// Of the 24 bytes of `XChaCha20`, five count the pieces and tell the last.
const NONCE: usize = 19;
const PIECE: usize = 64 * 1024;
const TAG: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn phrase() -> Passphrase {
        Passphrase("quattro parole e mezza".into())
    }

    fn seal(text: &[u8]) -> Vec<u8> {
        let mut sealing = Sealing::begin(Vec::new(), &phrase()).unwrap();
        sealing.write_all(text).unwrap();
        sealing.finish().unwrap()
    }

    fn open(sealed: &[u8]) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        Opening::begin(sealed, &phrase()).ok()?.read_to_end(&mut text).ok()?;
        Some(text)
    }

    #[test]
    fn whatever_its_length_it_opens_as_it_was() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 7] {
            let text: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            assert_eq!(open(&seal(&text)).as_deref(), Some(text.as_slice()), "{length}");
        }
    }

    #[test]
    fn a_copy_that_was_cut_changed_or_put_together_anew_is_refused() {
        let sealed = seal(&vec![7; 2 * PIECE + 100]);
        let head = MAGIC.len() + SALT + NONCE;
        let piece = PIECE + TAG;
        // At the end of a piece the last one is missing.
        for cut in [0, 5, head, head + 20, head + piece, head + 2 * piece, sealed.len() - 1] {
            assert_eq!(open(&sealed[..cut]), None, "cut at {cut}");
        }
        for place in [0, MAGIC.len(), head - 1, head, head + piece + 3, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(open(&changed), None, "changed at {place}");
        }
        let (first, second) = (head..head + piece, head + piece..head + 2 * piece);
        let mut swapped = sealed[..head].to_vec();
        swapped.extend_from_slice(&sealed[second.clone()]);
        swapped.extend_from_slice(&sealed[first]);
        swapped.extend_from_slice(&sealed[second.end..]);
        assert_eq!(open(&swapped), None);
        let mut longer = sealed.clone();
        longer.push(0);
        assert_eq!(open(&longer), None);
    }

    #[test]
    fn another_passphrase_opens_nothing_and_another_file_is_no_copy() {
        let sealed = seal(b"x");
        let other = Passphrase("cinque parole e mezza".into());
        assert!(matches!(Opening::begin(sealed.as_slice(), &other), Err(OpenError::Locked)));
        let other = b"SQLite format 3\0".repeat(10);
        assert!(matches!(Opening::begin(other.as_slice(), &phrase()), Err(OpenError::NotACopy)));
    }
}
