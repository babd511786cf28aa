//! A certificate authority of the test's own: it signs what the test asks for.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Datelike, Timelike, Utc};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate.
    pub pem: String,
}

/// A certificate and its key, in PEM.
pub struct Paper {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        let name = format!("authority {:x}", rand::random::<u64>());
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for a name or an address, without a near end.
    pub fn signs(&self, name: &str) -> Paper {
        self.signs_all(&[name])
    }

    /// The same for several.
    pub fn signs_all(&self, names: &[&str]) -> Paper {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        self.sign(CertificateParams::new(names).unwrap())
    }

    /// One that ends then.
    pub fn signs_until(&self, name: &str, end: DateTime<Utc>) -> Paper {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let [month, date] = [end.month(), end.day()].map(|part| u8::try_from(part).unwrap());
        let of_day = Duration::from_secs(end.num_seconds_from_midnight().into());
        params.not_after = rcgen::date_time_ymd(end.year(), month, date) + of_day;
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> Paper {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Paper { certificate, key: key.serialize_pem() }
    }
}

impl Paper {
    /// Puts it where the service looks for it.
    pub fn write(&self, certificate: &Path, key: &Path) {
        std::fs::write(certificate, &self.certificate).unwrap();
        std::fs::write(key, &self.key).unwrap();
    }
}
