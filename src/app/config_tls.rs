//! What `polaris.toml` says of certificates.
//!
//! It reads no certificate: those change while the service runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::config::{Listen, Problems};
use crate::line::{CertificateFiles, TlsPeer};
use crate::sip::Transport;

/// What a trunk over TLS must show.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) name: Option<String>,
    pub(super) authorities: Option<PathBuf>,
}

impl Problems<'_> {
    /// Our certificate and its key, which TLS cannot be listened for without.
    pub(super) fn certificate(
        &mut self,
        certificate: Option<PathBuf>,
        key: Option<PathBuf>,
        listen: &[Listen],
        folder: &Path,
    ) -> Option<CertificateFiles> {
        match (certificate, key) {
            (Some(certificate), Some(key)) => Some(CertificateFiles {
                certificate: folder.join(certificate),
                key: folder.join(key),
            }),
            (None, None) => {
                if listen.iter().any(|place| place.transport == Transport::Tls) {
                    let what = "servono «certificate» e «key» in [sip]: i file PEM del certificato \
                                e della sua chiave";
                    self.add("tls:", &format!("per ascoltare con TLS {what}"));
                }
                None
            }
            _ => {
                let what = "«certificate» e «key» in [sip] si scrivono insieme";
                self.add("certificate", what);
                None
            }
        }
    }

    /// What is verified of a trunk at `host`; `None` when it is not reached over TLS.
    pub(super) fn peer(
        &mut self,
        trunk: &str,
        (transport, host): (Transport, &str),
        shown: Shown,
        folder: &Path,
    ) -> Option<TlsPeer> {
        if transport != Transport::Tls {
            if shown.name.is_some() || shown.authorities.is_some() {
                let what = "«certificate_name» e «ca_file» valgono solo con proxy = \"tls:…\"";
                self.add("certificate_name", &format!("trunk «{trunk}»: {what}"));
            }
            return None;
        }
        if let Some(file) = &shown.authorities {
            let place = folder.join(file);
            if let Err(error) = crate::line::read_authorities(&place) {
                let what = format!("trunk «{trunk}»: {error}; controlla «ca_file»");
                self.add(&file.display().to_string(), &what);
            }
        }
        let name = shown.name.unwrap_or_else(|| host.trim_matches(['[', ']']).to_owned());
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:".contains(&byte);
        if name.is_empty() || !name.bytes().all(plain) {
            let what = "in «certificate_name» non è un nome: scrivi quello del certificato del \
                        trunk, come \"sip.operatore.it\"";
            self.add(&name, &format!("trunk «{trunk}»: «{name}» {what}"));
        }
        let authorities = shown.authorities.map(|file| folder.join(file));
        Some(TlsPeer { name, authorities, places: BTreeSet::new(), hosts: BTreeSet::new() })
    }
}
