//! Where a name leads: NAPTR, SRV, A and AAAA (RFC 3263).
//!
//! It remembers nothing and decides nothing of a call. TLS is never chosen by what the DNS
//! says: who wants it writes it, and who wrote it gets nothing else.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::rdata::{NAPTR, SRV};
use hickory_resolver::proto::rr::{RData, Record, RecordType};
use hickory_resolver::{Resolver, TokioResolver};
use serde::{Deserialize, Serialize};

use crate::sip::Transport;

/// A place a peer can be reached at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Target {
    /// UDP, TCP or TLS.
    pub transport: Transport,
    /// Where.
    pub address: SocketAddr,
}

/// A peer known by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPeer {
    /// Its name.
    pub host: String,
    /// Its port; without one SRV is asked (RFC 3263 §4.2).
    pub port: Option<u16>,
    /// The transport; without one UDP or TCP, as NAPTR and SRV have it (§4.1).
    pub transport: Option<Transport>,
}

/// Where a name leads, and for how long that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The places, in the order in which they are tried; never empty.
    pub targets: Vec<Target>,
    /// When to ask again.
    pub ttl: Duration,
    /// Whether these are all.
    pub learnt: Learnt,
}

/// How much of what was asked was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learnt {
    /// Some question had no answer: places known before may still be true.
    Part,
    /// Everything.
    Whole,
}

/// Why no place is known for a name.
#[derive(Debug, thiserror::Error)]
pub enum LocateError {
    /// The DNS did not answer, or not sensibly.
    #[error("the DNS does not answer")]
    NoAnswer(#[source] Box<NetError>),
    /// Nothing came within four seconds.
    #[error("the DNS is too slow")]
    Slow,
    /// The name leads nowhere.
    #[error("the name has no address")]
    Unknown,
}

/// Asks the DNS.
#[derive(Clone)]
pub struct Dns {
    resolver: TokioResolver,
    servers: Vec<SocketAddr>,
}

impl Dns {
    /// Asks these servers; without any, those of this machine.
    ///
    /// # Errors
    /// When the machine's own configuration cannot be understood.
    pub fn new(servers: &[SocketAddr]) -> Result<Self, Box<NetError>> {
        let mut builder = if servers.is_empty() {
            TokioResolver::builder_tokio()?
        } else {
            let asked = servers.iter().map(|server| {
                let mut config = NameServerConfig::udp_and_tcp(server.ip());
                config.connections.iter_mut().for_each(|way| way.port = server.port());
                config
            });
            let config = ResolverConfig::from_parts(None, Vec::new(), asked.collect());
            Resolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        let options = builder.options_mut();
        options.timeout = QUESTION_MAX;
        options.attempts = 1;
        // Each name is asked for when its time is over, and only then.
        options.cache_size = 0;
        Ok(Self { resolver: builder.build()?, servers: servers.to_vec() })
    }

    /// The same servers as if never asked before, or those the machine has now.
    ///
    /// # Errors
    /// When the machine's own configuration cannot be understood.
    pub fn anew(&self) -> Result<Self, Box<NetError>> {
        Self::new(&self.servers)
    }

    /// Where `peer` is.
    ///
    /// # Errors
    /// When nothing is known of it now; what was known before may still be true.
    pub async fn locate(&self, peer: &NamedPeer) -> Result<Located, LocateError> {
        let mut found = Found { targets: Vec::new(), ttl: u32::MAX, failed: None };
        if tokio::time::timeout(LOCATE_MAX, self.ask(peer, &mut found)).await.is_err() {
            found.failed = Some(LocateError::Slow);
        }
        let Found { mut targets, ttl, failed } = found;
        let mut seen = std::collections::BTreeSet::new();
        targets.retain(|target| seen.insert(*target));
        targets.truncate(TARGETS_MAX);
        if targets.is_empty() {
            return Err(failed.unwrap_or(LocateError::Unknown));
        }
        let (ttl, learnt) = match failed {
            None => (Duration::from_secs(ttl.into()).clamp(TTL_MIN, TTL_MAX), Learnt::Whole),
            // What is missing is asked for again soon.
            Some(_) => (TTL_MIN, Learnt::Part),
        };
        Ok(Located { targets, ttl, learnt })
    }

    /// Asks all there is to ask; a question without an answer takes nothing from the others.
    async fn ask(&self, peer: &NamedPeer, found: &mut Found) {
        let transport = peer.transport.unwrap_or(Transport::Udp);
        if let Some(port) = peer.port {
            return self.addresses(&peer.host, transport, port, found).await;
        }
        for (transport, service) in self.services(peer, found).await {
            self.servers(&service, transport, found).await;
        }
        if found.targets.is_empty() && found.failed.is_none() {
            // §4.2: without SRV the name itself, at the port of the transport.
            self.addresses(&peer.host, transport, transport.default_port(), found).await;
        }
    }

    /// The names SRV is asked for, in order (§4.1). A DNS that does not know NAPTR is no
    /// reason not to ask on.
    async fn services(&self, peer: &NamedPeer, found: &mut Found) -> Vec<(Transport, String)> {
        let pointers = self.records(&peer.host, RecordType::NAPTR).await.unwrap_or_default();
        let mut ttl = u32::MAX;
        let mut pointers: Vec<(&NAPTR, Transport)> = pointers
            .iter()
            .filter_map(|record| {
                let RData::NAPTR(pointer) = &record.data else { return None };
                let wanted = service(pointer).filter(|wanted| may_be(peer, *wanted))?;
                ttl = ttl.min(record.ttl);
                Some((pointer, wanted))
            })
            .collect();
        pointers.sort_by_key(|(pointer, _)| (pointer.order, pointer.preference));
        if !pointers.is_empty() {
            found.ttl = found.ttl.min(ttl);
            let named = pointers.iter().map(|(p, wanted)| (*wanted, p.replacement.to_ascii()));
            return named.collect();
        }
        let all = [
            (Transport::Udp, "_sip._udp"),
            (Transport::Tcp, "_sip._tcp"),
            (Transport::Tls, "_sips._tcp"),
        ];
        let all = all.into_iter().filter(|(wanted, _)| may_be(peer, *wanted));
        all.map(|(wanted, label)| (wanted, format!("{label}.{}", peer.host))).collect()
    }

    /// The servers of one SRV name, by priority, within it at random by weight (RFC 2782).
    async fn servers(&self, name: &str, transport: Transport, found: &mut Found) {
        let records = match self.records(name, RecordType::SRV).await {
            Ok(records) => records,
            Err(error) => return found.fail(error),
        };
        let mut servers: Vec<(SRV, u32)> = records
            .into_iter()
            .filter_map(|record| match record.data {
                // A root for a target: this service is not offered.
                RData::SRV(server) if !server.target.is_root() => Some((server, record.ttl)),
                _ => None,
            })
            .collect();
        let draw = |server: &SRV| lot(server.weight, rand::random());
        servers.sort_by_cached_key(|(server, _)| (server.priority, draw(server)));
        servers.truncate(TARGETS_MAX);
        for (server, ttl) in servers {
            found.ttl = found.ttl.min(ttl);
            self.addresses(&server.target.to_ascii(), transport, server.port, found).await;
        }
    }

    /// Addresses of a host, IPv4 first.
    async fn addresses(&self, host: &str, transport: Transport, port: u16, found: &mut Found) {
        let (four, six) =
            tokio::join!(self.records(host, RecordType::A), self.records(host, RecordType::AAAA));
        let before = found.targets.len();
        let mut failed = None;
        let mut records = |asked: Result<Vec<Record>, LocateError>| {
            asked.unwrap_or_else(|error| {
                failed = Some(error);
                Vec::new()
            })
        };
        let records = [records(four), records(six)].concat();
        for record in records {
            let ip = match record.data {
                RData::A(address) => IpAddr::V4(address.0),
                RData::AAAA(address) => IpAddr::V6(address.0),
                _ => continue,
            };
            found.ttl = found.ttl.min(record.ttl);
            found.targets.push(Target { transport, address: SocketAddr::new(ip, port) });
        }
        // Some servers of names know no AAAA at all: who has an address is not asked again.
        if let Some(error) = failed.filter(|_| found.targets.len() == before) {
            found.fail(error);
        }
    }

    /// The records of a name; none is no error.
    async fn records(&self, name: &str, kind: RecordType) -> Result<Vec<Record>, LocateError> {
        // A name with a dot is whole: no search list is tried on it.
        let whole = if name.contains('.') && !name.ends_with('.') {
            format!("{name}.")
        } else {
            name.to_owned()
        };
        match self.resolver.lookup(whole, kind).await {
            Ok(found) => Ok(found.answers().to_vec()),
            Err(error) if error.is_no_records_found() => Ok(Vec::new()),
            Err(error) => Err(LocateError::NoAnswer(Box::new(error))),
        }
    }
}

impl std::fmt::Debug for Dns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dns")
    }
}

struct Found {
    targets: Vec<Target>,
    ttl: u32,
    /// The first question that had no answer.
    failed: Option<LocateError>,
}

impl Found {
    fn fail(&mut self, error: LocateError) {
        self.failed.get_or_insert(error);
    }
}

/// The transport a NAPTR speaks of (§4.1), if it points to SRV.
fn service(pointer: &NAPTR) -> Option<Transport> {
    if !pointer.flags.eq_ignore_ascii_case(b"s") {
        return None;
    }
    match pointer.services.to_ascii_uppercase().as_slice() {
        b"SIP+D2U" => Some(Transport::Udp),
        b"SIP+D2T" => Some(Transport::Tcp),
        b"SIPS+D2T" => Some(Transport::Tls),
        _ => None,
    }
}

fn may_be(peer: &NamedPeer, transport: Transport) -> bool {
    match peer.transport {
        Some(wanted) => wanted == transport,
        None => transport != Transport::Tls,
    }
}

/// A key by which to sort: the heavier a server, the likelier it is small. Its `-ln(u)/w`
/// gives the chances of RFC 2782's drawing; weight 0 comes last, nearly always.
fn lot(weight: u16, random: u32) -> u64 {
    let drawn = (f64::from(random) + 1.0) / (f64::from(u32::MAX) + 2.0);
    let weight = f64::from(weight).max(0.001);
    (-drawn.ln() / weight * 1e12) as u64
}

/// How long a name may take, whatever has to be asked.
const LOCATE_MAX: Duration = Duration::from_secs(4);
/// How long one question may take, before it is asked once more.
const QUESTION_MAX: Duration = Duration::from_millis(700);
/// Places kept of one name.
const TARGETS_MAX: usize = 8;
/// A name is not asked for more often, whatever its records say.
const TTL_MIN: Duration = Duration::from_secs(5);
/// A name is asked for at least so often.
const TTL_MAX: Duration = Duration::from_secs(3_600);

#[cfg(test)]
#[path = "tests/dns.rs"]
mod tests;
