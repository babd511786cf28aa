//! What `polaris.toml` says of addresses: those peers see us at, and those of the DNS.
//!
//! It asks no machine for its own, and no DNS for anything.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::Deserialize;

use super::config::{Listen, Problems};
use crate::line::Public;

/// One text, or a list of them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Problems<'_> {
    /// Servers of names: IP or IP:PORT.
    pub(super) fn dns_servers(&mut self, written: Option<Vec<String>>) -> Vec<SocketAddr> {
        let mut servers = Vec::new();
        for text in &written.unwrap_or_default() {
            let alone = || Some(SocketAddr::new(text.parse().ok()?, DNS_PORT));
            match text.parse().ok().or_else(alone) {
                Some(server) => servers.push(server),
                None => {
                    let what = "non è un indirizzo: scrivi IP o IP:PORTA";
                    self.add(text, &format!("«{text}» in [dns] «servers» {what}"));
                }
            }
        }
        servers
    }

    /// Who may say for whom they ask: addresses, without a port.
    pub(super) fn trusted_proxies(&mut self, written: Option<Vec<String>>) -> Vec<IpAddr> {
        let written = written.unwrap_or_default();
        let read = |text: &String| self.address("trusted_proxies", Some(text));
        written.iter().filter_map(read).collect()
    }

    /// Our addresses as peers see them.
    pub(super) fn public(&mut self, written: Option<OneOrMany>) -> Public {
        let mut public = Public::default();
        for address in self.of_each_family("public_address", written) {
            match address {
                IpAddr::V4(address) => public.v4 = Some(address),
                IpAddr::V6(address) => public.v6 = Some(address),
            }
        }
        public
    }

    /// The same, as one trunk sees them: `"none"` is where it sees what is listened on.
    pub(super) fn public_of_trunk(&mut self, written: Option<OneOrMany>) -> Option<Public> {
        match written? {
            OneOrMany::One(text) if text == NONE => Some(Public::default()),
            written => Some(self.public(Some(written))),
        }
    }

    /// Where sound is sent and heard: unless told, wherever SIP is listened for.
    pub(super) fn sound(&mut self, written: Option<OneOrMany>, listen: &[Listen]) -> Vec<IpAddr> {
        let addresses = self.of_each_family("address", written);
        if !addresses.is_empty() {
            return addresses;
        }
        let mut addresses: Vec<IpAddr> = Vec::new();
        for address in listen.iter().map(|place| place.address.ip()) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        // One that is all of its family leaves no port to others.
        let all: Vec<IpAddr> = addresses.iter().copied().filter(IpAddr::is_unspecified).collect();
        addresses.retain(|one| {
            all.contains(one) || all.iter().all(|all| all.is_ipv4() != one.is_ipv4())
        });
        if addresses.is_empty() { vec![Ipv4Addr::LOCALHOST.into()] } else { addresses }
    }

    /// An address for each family at most.
    fn of_each_family(&mut self, key: &str, written: Option<OneOrMany>) -> Vec<IpAddr> {
        let texts = match written {
            None => Vec::new(),
            Some(OneOrMany::One(text)) => vec![text],
            Some(OneOrMany::Many(texts)) => texts,
        };
        let mut addresses: Vec<IpAddr> = Vec::new();
        for text in &texts {
            let Some(address) = self.address(key, Some(text)) else { continue };
            if addresses.iter().any(|known| known.is_ipv4() == address.is_ipv4()) {
                let what = "scrivine uno IPv4 e uno IPv6 al massimo";
                self.add(text, &format!("«{text}» in «{key}» è di troppo: {what}"));
            } else {
                addresses.push(address);
            }
        }
        addresses
    }
}

/// A trunk that sees us where we listen, whatever `[sip]` says.
const NONE: &str = "none";
/// RFC 1035 §4.2: the port of the DNS.
const DNS_PORT: u16 = 53;
