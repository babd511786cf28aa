//! Passwords and second factors.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use qrcode::QrCode;
use qrcode::render::svg;
use tokio::sync::Semaphore;
use totp_rs::{Builder, Secret};

use super::error::PageError;

/// A password has at least so many characters; no other rule is asked for (NIST SP 800-63B
/// §5.1.1).
pub(super) const LENGTH_MIN: usize = 12;
/// Nobody types more; a longer one would only cost time.
const LENGTH_MAX: usize = 200;

/// Checks passwords, two at a time: each takes 19 MiB and tens of milliseconds
/// (Argon2id, RFC 9106), and calls go on beside.
#[derive(Debug, Clone)]
pub(super) struct Locksmith {
    places: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Default for Locksmith {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(2)), waiting: Arc::new(Semaphore::new(32)) }
    }
}

impl Locksmith {
    /// Whether `password` is the one of `hash`. Without a hash it takes as long, and is not:
    /// nobody learns which names exist.
    pub(super) async fn opens(
        &self,
        password: &str,
        hash: Option<&str>,
    ) -> Result<bool, PageError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or(NOBODYS).to_owned();
        let password = password.to_owned();
        let opens = move || {
            let too_long = password.len() > LENGTH_MAX;
            let hash = PasswordHash::new(&hash).ok();
            let verified = hash.is_some_and(|hash| {
                Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
            });
            verified && !too_long
        };
        Ok(self.alone(opens).await? && known)
    }

    /// What is kept of a password.
    pub(super) async fn hash(&self, password: &str) -> Result<String, PageError> {
        let password = password.to_owned();
        let hash = move || Argon2::default().hash_password(password.as_bytes());
        let hash = self.alone(hash).await?.map_err(|_| PageError::Busy)?;
        Ok(hash.to_string())
    }

    async fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PageError> {
        let _waiting = self.waiting.try_acquire().map_err(|_| PageError::Busy)?;
        let _place = self.places.acquire().await.map_err(|_| PageError::Busy)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| PageError::Busy)
    }
}

/// What is wrong with a new password, in Italian.
pub(super) fn refuse(password: &str, again: &str, name: &str) -> Option<String> {
    let length = password.chars().count();
    if length < LENGTH_MIN {
        return Some(format!(
            "La password ha {length} caratteri: ne servono almeno {LENGTH_MIN}. \
             Vanno bene quattro o cinque parole qualsiasi."
        ));
    }
    if password.len() > LENGTH_MAX {
        return Some("La password è troppo lunga: bastano cento caratteri.".into());
    }
    let plain = password.to_lowercase();
    let first = plain.chars().next().unwrap_or_default();
    if plain.contains(&name.to_lowercase()) || plain.chars().all(|letter| letter == first) {
        return Some("La password si indovina: non usi il suo nome né un solo carattere.".into());
    }
    (password != again).then(|| "Le due password non sono uguali: le riscriva.".into())
}

/// A second factor's secret: what the telephone app and we share (RFC 6238).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SecondFactor(String);

impl SecondFactor {
    /// A new one: 160 bits, as RFC 4226 §4 recommends.
    pub(super) fn random() -> Self {
        use rand::RngExt as _;
        let bytes: [u8; 20] = rand::rng().random();
        Self(Secret::from(bytes).to_base32())
    }

    pub(super) fn of(base32: &str) -> Self {
        Self(base32.to_owned())
    }

    pub(super) fn base32(&self) -> &str {
        &self.0
    }

    /// The step of the code that was typed, a step before and after now let pass; `None`
    /// when it is wrong.
    pub(super) fn step(&self, code: &str, unix_seconds: i64) -> Option<u64> {
        let code: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
        if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let secret = Secret::try_from_base32(&self.0).ok()?;
        let totp = Builder::new().with_secret(secret).with_skew(1).build().ok()?;
        totp.check(&code, u64::try_from(unix_seconds).ok()?)
    }

    /// The address an app reads (the Key Uri Format).
    pub(super) fn address(&self, name: &str) -> String {
        format!("otpauth://totp/POLARIS:{name}?secret={}&issuer=POLARIS", self.0)
    }

    /// The same as a picture that the app's camera reads; `None` never in practice.
    pub(super) fn picture(&self, name: &str) -> Option<String> {
        let code = QrCode::new(self.address(name)).ok()?;
        let picture = code.render::<svg::Color<'_>>().min_dimensions(220, 220).build();
        // Without its XML declaration it stands within a page.
        picture.find("<svg").map(|begin| picture[begin..].to_owned())
    }
}

/// The hash of a password nobody knows, of the cost of everybody's.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$cG9sYXJpc3BvbGFyaXM\
     $DgOwAXTVQIAGmLCYrQvTEHsUa3UpWUG7CaSbHDuAJ1M";

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_opens_what_was_made_of_it_and_nothing_else() {
        let locksmith = Locksmith::default();
        let hash = locksmith.hash("quattro cavalli verdi").await.unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(locksmith.opens("quattro cavalli verdi", Some(&hash)).await.unwrap());
        assert!(!locksmith.opens("quattro cavalli rossi", Some(&hash)).await.unwrap());
        assert!(!locksmith.opens("quattro cavalli verdi", None).await.unwrap());
        assert!(!locksmith.opens("x", Some("no hash")).await.unwrap());
        // The stand-in costs what the others cost.
        let stand_in = PasswordHash::new(NOBODYS).unwrap();
        let real = PasswordHash::new(&hash).unwrap();
        assert_eq!(stand_in.params.to_string(), real.params.to_string());
    }

    #[test]
    fn a_password_that_can_be_guessed_is_refused_with_a_sentence() {
        for (password, again, word) in [
            ("corta", "corta", "5 caratteri"),
            ("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "indovina"),
            ("ada.greco.2026", "ada.greco.2026", "indovina"),
            ("quattro cavalli", "quattro cavallo", "non sono uguali"),
        ] {
            let refused = refuse(password, again, "ada.greco").unwrap();
            assert!(refused.contains(word), "{refused}");
        }
        assert_eq!(refuse("quattro cavalli", "quattro cavalli", "ada.greco"), None);
    }

    #[test]
    fn a_code_is_good_for_a_step_before_and_after() {
        // RFC 6238 appendix B: the secret "12345678901234567890", 59 s, eight digits 94287082.
        let factor = SecondFactor::of("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(factor.step("287082", 59), Some(1));
        assert_eq!(factor.step("287 082", 89), Some(1));
        assert_eq!(factor.step("287082", 120), None);
        for wrong in ["", "28708", "2870822", "abcdef", "２８７０８２"] {
            assert_eq!(factor.step(wrong, 59), None, "{wrong}");
        }
        assert!(factor.picture("ada").unwrap().starts_with("<svg"));
        assert_eq!(SecondFactor::random().base32().len(), 32);
    }
}
