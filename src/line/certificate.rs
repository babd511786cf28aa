//! Certificates as files: ours with its key, and the authorities we trust.
//!
//! It verifies no peer: rustls does. What it refuses is what no peer would accept from us.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;

/// Where our certificate is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The chain, ours first (PEM).
    pub certificate: PathBuf,
    /// Its private key (PEM).
    pub key: PathBuf,
}

/// Why a certificate, or a list of authorities, cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReadCertificateError {
    /// Its time is over.
    #[error(
        "il certificato {} è scaduto il {}: rinnovalo",
        file.display(), until.with_timezone(&chrono_tz::Europe::Rome).format("%d/%m/%Y %H:%M")
    )]
    Expired {
        /// The certificate.
        file: PathBuf,
        /// When it ended.
        until: DateTime<Utc>,
    },
    /// The key is another's.
    #[error("la chiave {} non è quella del certificato {}", key.display(), file.display())]
    KeyOfAnother {
        /// The certificate.
        file: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// What is in the file is not what should be.
    #[error("{} non contiene {what} in formato PEM", file.display())]
    NotPem {
        /// The file.
        file: PathBuf,
        /// What is missed, in Italian.
        what: &'static str,
    },
    /// The file cannot be read.
    #[error("{} non si può leggere", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Our certificate, read and found right.
#[derive(Debug, Clone)]
pub(super) struct Own {
    pub(super) key: Arc<CertifiedKey>,
    pub(super) until: DateTime<Utc>,
}

/// The text of the two files, and what distinguishes them from others.
pub(super) struct Texts {
    certificate: Vec<u8>,
    key: Vec<u8>,
    pub(super) digest: [u8; 32],
}

impl CertificateFiles {
    /// Reads both files and says until when the certificate is good.
    ///
    /// # Errors
    /// A sentence in Italian: unreadable, no PEM, the key of another, or expired at `now`.
    pub fn check(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>, ReadCertificateError> {
        Ok(self.read(&self.texts()?, now, &super::tls::provider())?.until)
    }

    pub(super) fn texts(&self) -> Result<Texts, ReadCertificateError> {
        let (certificate, key) = (text(&self.certificate)?, text(&self.key)?);
        let digest = Sha256::new().chain_update(&certificate).chain_update(&key).finalize();
        Ok(Texts { certificate, key, digest: digest.into() })
    }

    pub(super) fn read(
        &self,
        texts: &Texts,
        now: DateTime<Utc>,
        provider: &CryptoProvider,
    ) -> Result<Own, ReadCertificateError> {
        let file = || self.certificate.clone();
        let chain = chain(&self.certificate, &texts.certificate)?;
        let no_chain =
            || ReadCertificateError::NotPem { file: file(), what: "un certificato valido" };
        let until = chain.first().and_then(valid_until).ok_or_else(no_chain)?;
        let key = PrivateKeyDer::from_pem_slice(&texts.key).map_err(|_| {
            ReadCertificateError::NotPem { file: self.key.clone(), what: "una chiave privata" }
        })?;
        let key = CertifiedKey::from_der(chain, key, provider).map_err(|_| {
            ReadCertificateError::KeyOfAnother { file: file(), key: self.key.clone() }
        })?;
        if until <= now {
            return Err(ReadCertificateError::Expired { file: file(), until });
        }
        Ok(Own { key: Arc::new(key), until })
    }
}

/// The authorities a file names.
///
/// # Errors
/// A sentence in Italian: unreadable, or without a certificate.
pub fn read_authorities(file: &Path) -> Result<RootCertStore, ReadCertificateError> {
    let mut roots = RootCertStore::empty();
    let (taken, _) = roots.add_parsable_certificates(chain(file, &text(file)?)?);
    if taken == 0 {
        let what = "il certificato di un'autorità";
        return Err(ReadCertificateError::NotPem { file: file.to_owned(), what });
    }
    Ok(roots)
}

/// The authorities this machine trusts.
pub fn system_authorities() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "some of the system's certificate authorities cannot be read");
    }
    roots.add_parsable_certificates(found.certs);
    roots
}

/// When a certificate ends (RFC 5280 §4.1.2.5).
pub(super) fn valid_until(certificate: &CertificateDer<'_>) -> Option<DateTime<Utc>> {
    let (_, read) = x509_parser::parse_x509_certificate(certificate).ok()?;
    DateTime::from_timestamp(read.validity().not_after.timestamp(), 0)
}

fn chain(file: &Path, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, ReadCertificateError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    read.ok().filter(|chain| !chain.is_empty()).ok_or_else(|| ReadCertificateError::NotPem {
        file: file.to_owned(),
        what: "un certificato",
    })
}

fn text(file: &Path) -> Result<Vec<u8>, ReadCertificateError> {
    std::fs::read(file)
        .map_err(|source| ReadCertificateError::Unreadable { file: file.to_owned(), source })
}
