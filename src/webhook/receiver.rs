//! Who is told, where, and of what.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use hyper::Uri;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::ring;

use super::{Event, Secret};
use crate::line::{read_authorities, system_authorities};

/// One receiver of messages.
#[derive(Clone)]
pub struct Receiver {
    /// What it is called in the log and by `polaris webhooks`.
    pub name: String,
    /// What it is told of.
    pub events: Vec<Event>,
    pub(super) secret: Secret,
    pub(super) host: String,
    pub(super) port: u16,
    /// Path and query.
    pub(super) path: String,
    /// The authority as the `Host` field says it.
    pub(super) authority: String,
    /// `None` on this machine alone.
    pub(super) tls: Option<TlsConnector>,
}

/// Why nobody can be told there.
#[derive(Debug, thiserror::Error)]
pub enum ReadReceiverError {
    /// Its authorities cannot be read.
    #[error("{0}")]
    Authorities(String),
    /// Nobody could vouch for it.
    #[error("questa macchina non si fida di nessuna autorità: scrivi «ca_file»")]
    NoAuthorities,
    /// In clear, only this machine is spoken to.
    #[error("dev'essere https://; http:// vale solo per questa macchina (127.0.0.1, [::1])")]
    Plain,
    /// It is no address.
    #[error("non è un indirizzo come https://esempio.it/polaris, senza utente")]
    Url,
}

impl Receiver {
    /// A receiver at `url`; its certificate is signed by an authority in `ca_file`, or by one
    /// that this machine trusts.
    ///
    /// # Errors
    /// When the address or the authorities are of no use.
    pub fn new(
        name: Option<&str>,
        url: &str,
        secret: Secret,
        events: Vec<Event>,
        ca_file: Option<&Path>,
    ) -> Result<Self, ReadReceiverError> {
        let uri: Uri = url.parse().map_err(|_| ReadReceiverError::Url)?;
        let authority = uri.authority().ok_or(ReadReceiverError::Url)?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(ReadReceiverError::Url);
        }
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let (tls, port) = match uri.scheme_str() {
            Some("https") => (Some(connector(ca_file)?), 443),
            Some("http") if is_here(&host) => (None, 80),
            Some("http") => return Err(ReadReceiverError::Plain),
            _ => return Err(ReadReceiverError::Url),
        };
        Ok(Self {
            name: name.unwrap_or(authority.as_str()).to_owned(),
            events,
            secret,
            port: authority.port_u16().unwrap_or(port),
            path: uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
            authority: authority.to_string(),
            host,
            tls,
        })
    }
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Receiver({}, {:?})", self.name, self.events)
    }
}

fn is_here(host: &str) -> bool {
    host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn connector(ca_file: Option<&Path>) -> Result<TlsConnector, ReadReceiverError> {
    let roots = match ca_file {
        Some(file) => read_authorities(file)
            .map_err(|error| ReadReceiverError::Authorities(error.to_string()))?,
        None => system_authorities(),
    };
    if roots.is_empty() {
        return Err(ReadReceiverError::NoAuthorities);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| ReadReceiverError::Authorities(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_clear_only_this_machine_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("segreto");
        std::fs::write(&file, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&file, mode).unwrap();
        let secret = Secret::read(&file).unwrap();
        let receiver = |url: &str| Receiver::new(None, url, secret.clone(), Vec::new(), None);
        let here = receiver("http://127.0.0.1:9000/eventi?da=polaris").unwrap();
        assert_eq!((here.port, here.path.as_str()), (9000, "/eventi?da=polaris"));
        assert_eq!((here.host.as_str(), here.name.as_str()), ("127.0.0.1", "127.0.0.1:9000"));
        let here = receiver("http://[::1]").unwrap();
        assert_eq!((here.host.as_str(), here.port, here.path.as_str()), ("::1", 80, "/"));
        assert!(matches!(receiver("http://esempio.it/"), Err(ReadReceiverError::Plain)));
        for url in
            ["", "esempio.it", "/x", "ftp://127.0.0.1/", "https://io:p@esempio.it/", "http://"]
        {
            assert!(matches!(receiver(url), Err(ReadReceiverError::Url)), "{url}");
        }
    }
}
