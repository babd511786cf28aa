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

    /// Where sound is sent and heard: unless told, where SIP is listened for first in each
    /// family.
    pub(super) fn sound(&mut self, written: Option<OneOrMany>, listen: &[Listen]) -> Vec<IpAddr> {
        let addresses = self.of_each_family("address", written);
        if !addresses.is_empty() {
            return addresses;
        }
        let first = |v4: bool| listen.iter().find(move |place| place.address.is_ipv4() == v4);
        let listened = [first(true), first(false)].into_iter().flatten();
        let addresses: Vec<IpAddr> = listened.map(|place| place.address.ip()).collect();
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

/// RFC 1035 §4.2: the port of the DNS.
const DNS_PORT: u16 = 53;
