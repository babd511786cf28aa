//! Digest credentials asked of a peer's calls (RFC 8760): challenges, and their answers.
//!
//! It asks only peers that were agreed to show some; REGISTER is no request it ever sees.
//!
//! Law: an answer counts once. A nonce lives a minute, its uses are counted, and what
//! cannot be remembered is refused.

use std::collections::BTreeMap;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::digest::{self, Algorithm, Answer, Credentials};
use super::sanity::{Refusal, Request};
use crate::words::Moment;

/// Who may pass, and which answers have been given.
#[derive(Debug)]
pub(crate) struct Guard {
    /// Keys the nonces, so that none but ours is believed.
    secret: [u8; 16],
    issued: u64,
    /// How often each nonce was used, by its number.
    used: BTreeMap<u64, u32>,
    /// Nonces up to this number are believed no more.
    forgotten: u64,
}

impl Guard {
    pub(crate) fn new(secret: [u8; 16]) -> Self {
        Self { secret, issued: 0, used: BTreeMap::new(), forgotten: 0 }
    }

    /// Whether a request shows what it must; else the challenge it gets (401).
    pub(crate) fn admit(
        &mut self,
        now: Moment,
        request: &Request,
        wanted: &Credentials,
    ) -> Result<(), Refusal> {
        let realm = wanted.realm.as_deref().unwrap_or(REALM);
        let answers = digest::answers(&request.message, "Authorization");
        let ours = answers.into_iter().find(|answer| answer.realm() == realm);
        let Some(answer) = ours else {
            return Err(self.challenge(now, realm, Nonce::First, "no credentials were shown"));
        };
        if !answer.is_right(wanted, realm, request.method.as_str()) {
            return Err(self.challenge(now, realm, Nonce::First, "the credentials are wrong"));
        }
        if !self.is_fresh(now, realm, &answer) {
            return Err(self.challenge(now, realm, Nonce::Stale, "the nonce is old or was used"));
        }
        Ok(())
    }

    fn challenge(&mut self, now: Moment, realm: &str, last: Nonce, why: &'static str) -> Refusal {
        self.issued += 1;
        let nonce = self.nonce(self.issued, now.since_start(), realm);
        let stale = match last {
            Nonce::First => "",
            Nonce::Stale => ", stale=true",
        };
        // RFC 8760 §2.4: the one we like best comes first.
        [Algorithm::Sha256, Algorithm::Md5].into_iter().fold(
            Refusal::new(401, why),
            |refusal, algorithm| {
                let name = algorithm.name();
                refusal.with(
                    "WWW-Authenticate",
                    format!(
                        "Digest realm=\"{realm}\", nonce=\"{nonce}\", algorithm={name}, \
                         qop=\"auth\"{stale}"
                    ),
                )
            },
        )
    }

    fn nonce(&self, number: u64, at: Duration, realm: &str) -> String {
        let millis = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
        let mut hash = Sha256::new();
        hash.update(self.secret);
        hash.update(number.to_be_bytes());
        hash.update(millis.to_be_bytes());
        hash.update(realm);
        let seal: String =
            hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("{number:016x}{millis:016x}{seal}")
    }

    /// Whether the nonce is ours, young, and this use of it the next.
    fn is_fresh(&mut self, now: Moment, realm: &str, answer: &Answer) -> bool {
        let field = |range| answer.nonce().get(range).map(|hex| u64::from_str_radix(hex, 16));
        let (Some(Ok(number)), Some(Ok(millis))) = (field(0..16), field(16..32)) else {
            return false;
        };
        let at = Duration::from_millis(millis);
        let ours = self.nonce(number, at, realm) == answer.nonce();
        let young = now.since(Moment::after_start(at)) <= NONCE_LIFE;
        if !ours || !young || number <= self.forgotten {
            return false;
        }
        let used = self.used.entry(number).or_default();
        if answer.count() <= *used {
            return false;
        }
        *used = answer.count();
        if self.used.len() > NONCES_MAX
            && let Some((oldest, _)) = self.used.pop_first()
        {
            self.forgotten = oldest;
        }
        true
    }
}

/// What there is to say of the nonce a request had.
#[derive(Clone, Copy, Debug)]
enum Nonce {
    First,
    /// The password was right (RFC 7616 §3.3).
    Stale,
}

/// How long a nonce may be answered.
const NONCE_LIFE: Duration = Duration::from_secs(60);
/// Nonces in use at once.
const NONCES_MAX: usize = 4_096;
/// Where nothing else was agreed.
const REALM: &str = "polaris";

#[cfg(test)]
#[path = "tests/guard.rs"]
mod tests;
