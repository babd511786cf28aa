//! The `[[trunk]]` of `polaris.toml`.
//!
//! It reaches no trunk: names are looked up when the service starts.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::config::Problems;
use crate::sip::{Account, Credentials, Transport};

/// The account and route to an operator.
#[derive(Debug, Clone)]
pub struct TrunkConfig {
    /// Its name, for logs.
    pub name: String,
    /// Where calls to responders are sent: HOST:PORT.
    pub host: String,
    /// Its address; `None` for a name, until that is looked up.
    pub proxy: Option<SocketAddr>,
    /// The transport to the proxy.
    pub transport: Transport,
    /// Who may call in through it.
    pub accept_from: BTreeSet<IpAddr>,
    /// Its place among the trunks: the lowest is tried first.
    pub order: u16,
    /// Its share of the calls among trunks of the same order.
    pub weight: u32,
    /// Whether it is asked by OPTIONS how it is.
    pub probe: bool,
    /// The host of our addresses and of those we call, when it is not an address.
    pub domain: Option<String>,
    /// What a challenge of the trunk is answered with.
    pub credentials: Option<Credentials>,
    /// The account to keep registered, for a trunk that wants that.
    pub account: Option<Account>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trunk {
    name: String,
    proxy: String,
    accept_from: Option<Vec<String>>,
    order: Option<u16>,
    weight: Option<u32>,
    probe: Option<bool>,
    domain: Option<String>,
    #[serde(alias = "user")]
    username: Option<String>,
    password: Option<String>,
    password_file: Option<PathBuf>,
    register: Option<bool>,
    expires: Option<String>,
}

impl Problems<'_> {
    pub(super) fn trunks(
        &mut self,
        written: Option<Vec<Trunk>>,
        folder: &Path,
    ) -> Vec<TrunkConfig> {
        let written = written.unwrap_or_else(|| {
            vec![Trunk {
                name: "operatore".into(),
                proxy: "127.0.0.78:5060".into(),
                accept_from: Some(vec!["127.0.0.78".into(), "127.0.0.1".into()]),
                ..Trunk::default()
            }]
        });
        if written.is_empty() {
            self.add("trunk", "manca un [[trunk]]: nessuno potrebbe chiamare");
        }
        let mut trunks: Vec<TrunkConfig> = Vec::new();
        for (place, trunk) in (1..).zip(written) {
            if trunks.iter().any(|known| known.name == trunk.name) {
                self.add(&trunk.name, &format!("il trunk «{}» è scritto due volte", trunk.name));
            }
            trunks.extend(self.trunk(place, trunk, folder));
        }
        trunks
    }

    fn trunk(&mut self, place: u16, trunk: Trunk, folder: &Path) -> Option<TrunkConfig> {
        let (transport, host) = match trunk.proxy.split_once(':') {
            Some(("udp", rest)) => (Transport::Udp, rest),
            Some(("tcp", rest)) => (Transport::Tcp, rest),
            _ => (Transport::Udp, trunk.proxy.as_str()),
        };
        // A name is looked up when the service starts: no command waits for the DNS.
        let proxy = host.parse::<SocketAddr>().ok();
        let named = host.rsplit_once(':').is_some_and(|(name, port)| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
            !name.is_empty() && name.bytes().all(plain) && port.parse().is_ok_and(|p: u16| p > 0)
        });
        if proxy.is_none() && !named {
            let what = "non è un indirizzo: scrivi HOST:PORTA";
            self.add(&trunk.proxy, &format!("trunk «{}»: «{}» {what}", trunk.name, trunk.proxy));
            return None;
        };
        let mut accept_from: BTreeSet<IpAddr> = proxy.iter().map(SocketAddr::ip).collect();
        for text in trunk.accept_from.clone().unwrap_or_default() {
            match text.parse() {
                Ok(address) => drop(accept_from.insert(address)),
                Err(_) => self.add(
                    &text,
                    &format!("trunk «{}»: «{text}» in «accept_from» non è un IP", trunk.name),
                ),
            }
        }
        let credentials = self.credentials(&trunk, folder);
        if trunk.weight == Some(0) {
            let what = "«weight» parte da 1";
            self.add("weight", &format!("trunk «{}»: {what}", trunk.name));
        }
        let expires = self.duration("expires", trunk.expires.as_deref(), EXPIRES);
        let own = host.rsplit_once(':').map_or(host, |(name, _)| name);
        // Operators expect their name where it is known, not the address behind it.
        let named = proxy.is_none().then(|| own.to_owned());
        let domain = self.domain(trunk.domain.clone()).or(named);
        let account = self.account(&trunk, own, (&domain, &credentials), expires);
        Some(TrunkConfig {
            name: trunk.name,
            host: host.to_owned(),
            proxy,
            transport,
            accept_from,
            order: trunk.order.unwrap_or(place),
            weight: trunk.weight.unwrap_or(1),
            probe: trunk.probe.unwrap_or(true),
            domain,
            credentials,
            account,
        })
    }

    /// User and password, the password perhaps in a file of its own.
    fn credentials(&mut self, trunk: &Trunk, folder: &Path) -> Option<Credentials> {
        let password = match (&trunk.password, &trunk.password_file) {
            (Some(_), Some(file)) => {
                let text = file.display().to_string();
                let what = "scrivi «password» oppure «password_file», non tutti e due";
                self.add(&text, &format!("trunk «{}»: {what}", trunk.name));
                return None;
            }
            (None, Some(file)) => Some(self.password(&trunk.name, file, folder)?),
            (written, None) => written.clone(),
        };
        match (trunk.username.clone(), password) {
            (Some(username), Some(password)) => Some(Credentials { username, password }),
            (None, None) => None,
            _ => {
                let what = "servono insieme «user» e «password» (o «password_file»)";
                self.add(&trunk.name, &format!("trunk «{}»: {what}", trunk.name));
                None
            }
        }
    }

    fn password(&mut self, trunk: &str, file: &Path, folder: &Path) -> Option<String> {
        let text = file.display().to_string();
        let read = std::fs::read_to_string(folder.join(file));
        let first = read.ok().and_then(|read| read.lines().next().map(str::to_owned));
        let password = first.filter(|password| !password.is_empty());
        if password.is_none() {
            let what = "non si può leggere o è vuoto: la password è la sua prima riga";
            self.add(&text, &format!("trunk «{trunk}»: «{text}» in «password_file» {what}"));
        }
        password
    }

    fn account(
        &mut self,
        trunk: &Trunk,
        own: &str,
        (domain, credentials): (&Option<String>, &Option<Credentials>),
        expires: Duration,
    ) -> Option<Account> {
        if trunk.register != Some(true) {
            return None;
        }
        let Some(credentials) = credentials.clone() else {
            if trunk.username.is_none() && trunk.password.is_none() {
                let what = "con «register» servono «user» e «password» (o «password_file»)";
                self.add(&trunk.name, &format!("trunk «{}»: {what}", trunk.name));
            }
            return None;
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-._@".contains(&byte);
        if credentials.username.is_empty() || !credentials.username.bytes().all(plain) {
            let what = "«user» può avere lettere, cifre e + - . _ @";
            self.add(&credentials.username, &format!("trunk «{}»: {what}", trunk.name));
        }
        if !(60..=86_400).contains(&expires.as_secs()) {
            let what = "«expires» va da \"60s\" a \"24h\"";
            self.add("expires", &format!("trunk «{}»: {what}", trunk.name));
        }
        // Without a domain the registrar is its own.
        let domain = domain.clone().unwrap_or_else(|| own.to_owned());
        Some(Account { domain, credentials, expires })
    }

    fn domain(&mut self, written: Option<String>) -> Option<String> {
        let text = written?;
        let named = !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
        if !named {
            self.add(&text, &format!("«{text}» in «domain» non è un nome di dominio"));
        }
        Some(text)
    }
}

/// How long a registration is asked for unless told.
const EXPIRES: Duration = Duration::from_secs(3_600);
