//! TLS: how we are known, and by what name each trunk is.
//!
//! It opens no socket and knows no SIP.
//!
//! Law: nothing is said to a peer whose certificate does not bear the name configured for
//! it, signed by an authority we trust; nothing turns that off. A new certificate of ours
//! that is no good changes nothing: the old one stays.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use tokio::net::TcpStream;
use tokio_rustls::rustls::client::{ResolvesClientCert, Resumption};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, Error, RootCertStore, ServerConfig, SignatureScheme,
};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use super::certificate::{self, CertificateFiles, Own, ReadCertificateError};

/// A trunk that is spoken to over TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsPeer {
    /// The name its certificate must bear (RFC 5922 §4), or its address.
    pub name: String,
    /// The authorities that may have signed it; without a file those of this machine.
    pub authorities: Option<PathBuf>,
    /// Where it is called.
    pub places: BTreeSet<SocketAddr>,
    /// Where else it may be: its calls may come from there.
    pub hosts: BTreeSet<IpAddr>,
}

/// Why a peer was not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distrust {
    /// Its certificate is broken, or of a kind that is not believed any more.
    Broken,
    /// Its certificate has ended, or has not begun.
    Expired,
    /// Our own list of authorities is empty or cannot be read.
    NoAuthorities,
    /// It does not speak TLS, or none that we do.
    NoTls,
    /// Its certificate bears another name.
    OtherName,
    /// It does not believe us: it wants a certificate of ours, or another.
    RefusesUs,
    /// Nobody we trust has signed its certificate.
    UnknownAuthority,
}

/// What was seen of a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerSeen {
    /// The name its certificate must bear.
    pub name: String,
    /// When its certificate ends, as last seen.
    pub until: Option<DateTime<Utc>>,
    /// Why it was not believed the last time.
    pub distrust: Option<Distrust>,
}

/// What came of looking at our certificate's files again.
#[derive(Debug)]
pub enum Reread {
    /// They are what they were.
    Same,
    /// A new certificate is in use.
    Taken {
        /// When it ends.
        until: DateTime<Utc>,
    },
    /// They are no good: what was in use stays.
    Refused(ReadCertificateError),
}

/// Our side of TLS. Its copies are one.
#[derive(Debug, Clone)]
pub struct Tls {
    files: Option<CertificateFiles>,
    own: Arc<OurKey>,
    /// The files last tried, whatever came of it.
    tried: Arc<Mutex<Option<[u8; 32]>>>,
    shown: Arc<ServerConfig>,
    peers: Arc<Mutex<Vec<Peer>>>,
}

#[derive(Debug)]
struct Peer {
    configured: TlsPeer,
    /// Where it was called until the DNS said something else.
    before: BTreeSet<SocketAddr>,
    config: Option<Arc<ClientConfig>>,
    until: Option<DateTime<Utc>>,
    distrust: Option<Distrust>,
}

/// The certificate in use, for both directions.
#[derive(Debug, Default)]
struct OurKey(RwLock<Option<Own>>);

impl Tls {
    /// Reads everybody's authorities. Our certificate is read by [`Tls::reread`], the first
    /// time as well: one that is no good is no reason not to start.
    ///
    /// # Errors
    /// Never with the cipher suites that are built in.
    pub fn new(files: Option<CertificateFiles>, peers: Vec<TlsPeer>) -> Result<Self, Error> {
        let own = Arc::new(OurKey::default());
        let server = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(own.clone());
        let tls = Self {
            files,
            own,
            tried: Arc::default(),
            shown: Arc::new(server),
            peers: Arc::default(),
        };
        let peers = peers.into_iter().map(|configured| Peer {
            config: tls.client(&configured),
            before: BTreeSet::new(),
            distrust: None,
            until: None,
            configured,
        });
        tls.lock().extend(peers.collect::<Vec<_>>());
        Ok(tls)
    }

    /// Looks at the files of our certificate again, and at those of the authorities.
    pub fn reread(&self, now: DateTime<Utc>) -> Reread {
        for peer in self.lock().iter_mut() {
            // The machine's own authorities are read once, unless there were none.
            if peer.configured.authorities.is_some() || peer.config.is_none() {
                // A list that is no good changes nothing, either.
                peer.config = self.client(&peer.configured).or_else(|| peer.config.take());
            }
        }
        let Some(files) = &self.files else { return Reread::Same };
        let texts = match files.texts() {
            Ok(texts) => texts,
            Err(error) => return Reread::Refused(error),
        };
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        if tried.replace(texts.digest) == Some(texts.digest) {
            return Reread::Same;
        }
        match files.read(&texts, now, &provider()) {
            Ok(own) => {
                let until = own.until;
                *self.own.0.write().unwrap_or_else(PoisonError::into_inner) = Some(own);
                Reread::Taken { until }
            }
            Err(error) => Reread::Refused(error),
        }
    }

    /// When our certificate in use ends; `None` without one.
    pub fn own_until(&self) -> Option<DateTime<Utc>> {
        Some(self.own.0.read().unwrap_or_else(PoisonError::into_inner).as_ref()?.until)
    }

    /// What was seen of every peer.
    pub fn seen(&self) -> Vec<PeerSeen> {
        let seen = |peer: &Peer| PeerSeen {
            name: peer.configured.name.clone(),
            until: peer.until,
            distrust: peer.distrust,
        };
        self.lock().iter().map(seen).collect()
    }

    /// A peer is called there from now on; calls in hand may still go where it was.
    pub fn follow(&self, name: &str, places: &BTreeSet<SocketAddr>) {
        for peer in self.lock().iter_mut().filter(|peer| peer.configured.name == name) {
            peer.before = std::mem::replace(&mut peer.configured.places, places.clone());
        }
    }

    pub(super) async fn accept(
        &self,
        stream: TcpStream,
    ) -> io::Result<server::TlsStream<TcpStream>> {
        TlsAcceptor::from(self.shown.clone()).accept(stream).await
    }

    /// Greets the peer at `remote` and verifies it.
    pub(super) async fn greet(
        &self,
        stream: TcpStream,
        remote: SocketAddr,
    ) -> Result<client::TlsStream<TcpStream>, Distrust> {
        let (name, config) = {
            let peers = self.lock();
            let called = peers.iter().find(|peer| peer.configured.places.contains(&remote));
            let known = called.or_else(|| peers.iter().find(|peer| peer.may_be_at(remote)));
            let peer = known.ok_or(Distrust::OtherName)?;
            (peer.configured.name.clone(), peer.config.clone())
        };
        let greeted = self.greet_as(stream, &name, config).await;
        for peer in self.lock().iter_mut().filter(|peer| peer.configured.name == name) {
            peer.distrust = greeted.as_ref().err().copied();
            if let Ok(stream) = &greeted {
                let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
                peer.until = chain.first().and_then(certificate::valid_until);
            }
        }
        greeted
    }

    /// No connection came about: what was not believed before says nothing now.
    pub(super) fn unreached(&self, remote: SocketAddr) {
        for peer in self.lock().iter_mut() {
            if peer.configured.places.contains(&remote) {
                peer.distrust = None;
            }
        }
    }

    async fn greet_as(
        &self,
        stream: TcpStream,
        name: &str,
        config: Option<Arc<ClientConfig>>,
    ) -> Result<client::TlsStream<TcpStream>, Distrust> {
        let config = config.ok_or(Distrust::NoAuthorities)?;
        let name = ServerName::try_from(name.to_owned()).map_err(|_| Distrust::OtherName)?;
        let greeted = TlsConnector::from(config).connect(name, stream).await;
        greeted.map_err(|error| distrust(&error))
    }

    /// How a peer is spoken to; `None` when nobody could vouch for it.
    fn client(&self, peer: &TlsPeer) -> Option<Arc<ClientConfig>> {
        let roots = match &peer.authorities {
            None => certificate::system_authorities(),
            Some(file) => certificate::read_authorities(file).unwrap_or_else(|error| {
                tracing::error!(tls.name = peer.name, %error, "the authorities cannot be read");
                RootCertStore::empty()
            }),
        };
        if roots.is_empty() {
            return None;
        }
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .ok()?
            .with_root_certificates(roots)
            .with_client_cert_resolver(self.own.clone());
        // Every connection is verified anew.
        config.resumption = Resumption::disabled();
        Some(Arc::new(config))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Peer>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Peer {
    fn may_be_at(&self, remote: SocketAddr) -> bool {
        self.before.contains(&remote) || self.configured.hosts.contains(&remote.ip())
    }
}

impl OurKey {
    fn key(&self) -> Option<Arc<CertifiedKey>> {
        let own = self.0.read().unwrap_or_else(PoisonError::into_inner);
        own.as_ref().map(|own| own.key.clone())
    }
}

impl ResolvesServerCert for OurKey {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.key()
    }
}

impl ResolvesClientCert for OurKey {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.key()
    }

    fn has_certs(&self) -> bool {
        self.key().is_some()
    }
}

/// The only one: nothing is installed for the whole process.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn distrust(error: &io::Error) -> Distrust {
    let error = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match error {
        Some(Error::InvalidCertificate(why)) => match why {
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Distrust::Expired,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Distrust::OtherName
            }
            // The second is an authority that bears the name of one we trust.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                Distrust::UnknownAuthority
            }
            _ => Distrust::Broken,
        },
        Some(Error::AlertReceived(_)) => Distrust::RefusesUs,
        _ => Distrust::NoTls,
    }
}

#[cfg(test)]
#[path = "tests/tls.rs"]
mod tests;
