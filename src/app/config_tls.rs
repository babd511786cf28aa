//! What `polaris.toml` says of certificates, and of protected sound.
//!
//! It reads no certificate: those change while the service runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::config::{Config, Listen, Problems};
use super::config_trunks::{Trunk, TrunkConfig};
use crate::line::{CertificateFiles, TlsPeer};
use crate::sip::Transport;
use crate::switchboard::SoundProtection;

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

    /// Whether a trunk's sound is protected: its keys are in the signalling.
    pub(super) fn protection(&mut self, trunk: &Trunk, transport: Transport) -> SoundProtection {
        let Some(text) = trunk.srtp.as_deref() else { return SoundProtection::default() };
        if transport != Transport::Tls {
            let what = "«srtp» vale solo con proxy = \"tls:…\": su UDP e TCP chi legge la \
                        segnalazione avrebbe anche le chiavi dell'audio; togli «srtp», o chiedi \
                        all'operatore un trunk su TLS";
            self.add("srtp", &format!("trunk «{}»: {what}", trunk.name));
        }
        match text {
            "offered" => SoundProtection::Offered,
            "required" => SoundProtection::Required,
            _ => {
                let what = "scrivi \"required\" (solo audio cifrato) o \"offered\" (cifrato, in \
                            chiaro se il trunk lo rifiuta)";
                let text =
                    format!("trunk «{}»: «{text}» in «srtp» non si capisce: {what}", trunk.name);
                self.add("srtp", &text);
                SoundProtection::default()
            }
        }
    }

    /// Who requires protected sound must be able to call us over TLS.
    pub(super) fn reachable_over_tls(&mut self, trunks: &[TrunkConfig], listen: &[Listen]) {
        if listen.iter().any(|place| place.transport == Transport::Tls) {
            return;
        }
        // A registered trunk may call over the connection of its registration.
        let required = |trunk: &&TrunkConfig| trunk.terms.protection == SoundProtection::Required;
        for trunk in trunks.iter().filter(required).filter(|trunk| trunk.account.is_none()) {
            let what = "con srtp = \"required\" le sue chiamate arrivano solo su TLS: aggiungi un \
                        indirizzo \"tls:…\" a «listen» in [sip]";
            self.add("srtp", &format!("trunk «{}»: {what}", trunk.name));
        }
    }
}

/// A sentence for each trunk that lets sound out in the clear beside one that may not.
pub(super) fn unprotected(config: &Config) -> Vec<String> {
    let required = |trunk: &TrunkConfig| trunk.terms.protection == SoundProtection::Required;
    let Some(strict) = config.trunks.iter().find(|trunk| required(trunk)) else { return vec![] };
    let others = config.trunks.iter().filter(|trunk| !required(trunk));
    others
        .map(|trunk| {
            format!(
                "trunk «{}»: chi entra cifrato dal trunk «{}» e parla con un reperibile chiamato \
                 da qui è in chiaro su questo trunk; se non deve, scrivi srtp = \"required\" \
                 anche qui, o togli il trunk",
                trunk.name, strict.name
            )
        })
        .collect()
}
