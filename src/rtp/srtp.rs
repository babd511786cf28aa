//! SRTP and SRTCP (RFC 3711, RFC 7714) with `rtc-srtp`, over `ring`.
//!
//! It agrees no keys: they come with the stream's format. Every packet of a protected
//! stream costs one allocation in that library, and no more; plain streams never come here.
//!
//! Law: what does not authenticate is nothing, and a copy of it is nothing either. No
//! number of ours is sealed twice: the same key stream would hide two packets. A control
//! packet that is not encrypted is refused before the library sees it: it would pass
//! unauthenticated.

use std::fmt;
use std::ops::Deref;

use rtc_srtp::context::Context;
use rtc_srtp::crypto::providers::RingCrypto;
use rtc_srtp::option::{srtcp_replay_protection, srtp_replay_protection};
use rtc_srtp::protection_profile::ProtectionProfile;

use crate::words::{MasterKey, Suite};

use super::packet::HEADER_LEN;

/// The keys cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the keys of a protected stream cannot be used")]
pub struct GuardError;

/// Protects one stream, both ways.
pub struct Guard {
    suite: Suite,
    ours: MasterKey,
    theirs: MasterKey,
    out: Context,
    sealed: Sealed,
    sound: Sources,
    reports: Sources,
}

/// Sources (SSRC) of theirs that have authenticated, each with its count; of sound and of
/// reports apart. The library lets the first packet it is shown of a source set the window,
/// authentic or not: nobody's state is kept before one was.
#[derive(Default)]
struct Sources(Vec<(u32, Context)>);

/// Which of our last numbers were used.
#[derive(Clone, Copy, Debug, Default)]
struct Sealed {
    newest: Option<u16>,
    /// Bit n: the number n before the newest.
    used: u128,
}

impl Guard {
    /// A guard whose packets go out under `ours` and come in under `theirs`.
    ///
    /// # Errors
    /// The keys are not of the suite.
    pub fn new(suite: Suite, ours: MasterKey, theirs: MasterKey) -> Result<Self, GuardError> {
        Ok(Self {
            suite,
            ours,
            theirs,
            out: context(suite, &ours)?,
            sealed: Sealed::default(),
            sound: Sources::default(),
            reports: Sources::default(),
        })
    }

    /// Goes on under these keys. A direction whose key stays goes on in its count: to
    /// begin it anew would use a key stream twice.
    ///
    /// # Errors
    /// The keys are not of the suite; everything stays as it was.
    pub fn rekey(
        &mut self,
        suite: Suite,
        ours: MasterKey,
        theirs: MasterKey,
    ) -> Result<(), GuardError> {
        let new = Self::new(suite, ours, theirs)?;
        let same_suite = self.suite == suite;
        if !(same_suite && self.ours == ours) {
            (self.out, self.sealed) = (new.out, new.sealed);
        }
        if !(same_suite && self.theirs == theirs) {
            (self.sound, self.reports) = (new.sound, new.reports);
        }
        (self.suite, self.ours, self.theirs) = (suite, ours, theirs);
        Ok(())
    }

    /// A packet of ours, protected; `None` for a number that was used before.
    pub fn seal(&mut self, packet: &[u8]) -> Option<impl Deref<Target = [u8]> + use<>> {
        let sequence = u16::from_be_bytes(packet.get(2..4)?.try_into().ok()?);
        self.sealed.claim(sequence).then(|| self.out.encrypt_rtp(packet).ok())?
    }

    /// A packet of theirs, if it is authentic and new.
    pub fn open(&mut self, datagram: &[u8]) -> Option<impl Deref<Target = [u8]> + use<>> {
        let ssrc = word(datagram.get(8..HEADER_LEN)?)?;
        let fresh = || context(self.suite, &self.theirs);
        self.sound.open(ssrc, fresh, |context| context.decrypt_rtp(datagram).ok())
    }

    /// A report of ours, protected.
    pub fn seal_report(&mut self, report: &[u8]) -> Option<impl Deref<Target = [u8]> + use<>> {
        self.out.encrypt_rtcp(report).ok()
    }

    /// A report of theirs, if it is encrypted, authentic and new.
    pub fn open_report(&mut self, datagram: &[u8]) -> Option<impl Deref<Target = [u8]> + use<>> {
        // The index is the last of a GCM packet, and before the tag of the others'.
        let tag = match self.suite {
            Suite::AeadAes256Gcm | Suite::AeadAes128Gcm => 0,
            Suite::AesCm128HmacSha1 | Suite::AesCm128HmacSha1Short => 10,
        };
        let flag = datagram.len().checked_sub(tag + INDEX_LEN)?;
        if datagram.get(flag)? & ENCRYPTED == 0 {
            return None;
        }
        let ssrc = word(datagram.get(4..8)?)?;
        let fresh = || context(self.suite, &self.theirs);
        self.reports.open(ssrc, fresh, |context| context.decrypt_rtcp(datagram).ok())
    }
}

impl Sources {
    /// Opens with the count of this source, or with a fresh one that is kept if that opens.
    fn open<T>(
        &mut self,
        ssrc: u32,
        fresh: impl Fn() -> Result<Context, GuardError>,
        open: impl FnOnce(&mut Context) -> Option<T>,
    ) -> Option<T> {
        if let Some((_, context)) = self.0.iter_mut().find(|(known, _)| *known == ssrc) {
            return open(context);
        }
        // Nobody authentic changes so often; to forget one would let its copies in.
        if self.0.len() >= SOURCES_MAX {
            return None;
        }
        let mut context = fresh().ok()?;
        let opened = open(&mut context)?;
        self.0.push((ssrc, context));
        Some(opened)
    }
}

impl Sealed {
    /// Takes a number; false if it was taken, or is too old to know.
    fn claim(&mut self, sequence: u16) -> bool {
        let newest = *self.newest.get_or_insert_with(|| sequence.wrapping_sub(1));
        let ahead = sequence.wrapping_sub(newest);
        if (1..=u16::MAX / 2).contains(&ahead) {
            self.newest = Some(sequence);
            self.used = self.used.checked_shl(u32::from(ahead)).unwrap_or(0) | 1;
            return true;
        }
        let behind = newest.wrapping_sub(sequence);
        let bit = 1_u128.checked_shl(u32::from(behind)).unwrap_or(0);
        let free = bit != 0 && self.used & bit == 0;
        self.used |= bit;
        free
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("suite", &self.suite).finish_non_exhaustive()
    }
}

fn context(suite: Suite, key: &MasterKey) -> Result<Context, GuardError> {
    let profile = match suite {
        Suite::AeadAes256Gcm => ProtectionProfile::AeadAes256Gcm,
        Suite::AeadAes128Gcm => ProtectionProfile::AeadAes128Gcm,
        Suite::AesCm128HmacSha1 => ProtectionProfile::Aes128CmHmacSha1_80,
        Suite::AesCm128HmacSha1Short => ProtectionProfile::Aes128CmHmacSha1_32,
    };
    let (key, salt) = key.reveal().split_at_checked(suite.lengths().0).ok_or(GuardError)?;
    Context::new(
        key,
        salt,
        profile,
        Some(srtp_replay_protection(WINDOW)),
        Some(srtcp_replay_protection(WINDOW)),
        &RingCrypto,
    )
    .map_err(|_| GuardError)
}

fn word(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

/// How far back a packet may be late; older ones, and copies, are refused.
const WINDOW: usize = 128;
/// Sources one side may have under one key.
const SOURCES_MAX: usize = 64;
/// The E flag and the index at the end of a control packet, bytes (RFC 3711 §3.4).
const INDEX_LEN: usize = 4;
/// The flag that says that a control packet is encrypted.
const ENCRYPTED: u8 = 0x80;

#[cfg(test)]
#[path = "tests/srtp.rs"]
mod tests;
