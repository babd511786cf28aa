//! The `[[trunk]]` of `polaris.toml`.
//!
//! It reaches no trunk: names are looked up when the service starts.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::config::{Config, Problems};
use super::config_addresses::OneOrMany;
use super::config_tls::Shown;
use crate::line::{NamedPeer, Public, Target, TlsPeer};
use crate::sip::{Account, Credentials, Transport};
use crate::switchboard::TrunkTerms;

/// The account and route to an operator.
#[derive(Debug, Clone)]
pub struct TrunkConfig {
    /// Its name, for logs.
    pub name: String,
    /// Where calls to responders are sent, as it is written.
    pub host: String,
    /// Where that is; nothing for a name, until it is looked up.
    pub places: Vec<Target>,
    /// What is looked up, for a name.
    pub named: Option<NamedPeer>,
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
    /// What else was agreed with the operator.
    pub terms: TrunkTerms,
    /// What its certificate must be, for a trunk over TLS.
    pub tls: Option<TlsPeer>,
    /// Our addresses as it sees them, where they are not what all others see.
    pub public: Option<Public>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trunk {
    pub(super) name: String,
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
    realm: Option<String>,
    register: Option<bool>,
    expires: Option<String>,
    pub(super) outbound_proxy: Option<String>,
    pub(super) numbers: Option<String>,
    pub(super) numbers_in: Option<String>,
    pub(super) called_in: Option<Vec<String>>,
    pub(super) caller_in: Option<Vec<String>>,
    pub(super) diversion: Option<bool>,
    pub(super) history_info: Option<bool>,
    pub(super) forward_caller: Option<bool>,
    pub(super) show_hidden: Option<bool>,
    pub(super) max_calls: Option<usize>,
    pub(super) keepalive: Option<String>,
    pub(super) challenge: Option<bool>,
    pub(super) srtp: Option<String>,
    certificate_name: Option<String>,
    ca_file: Option<PathBuf>,
    public_address: Option<OneOrMany>,
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
        // Everything goes where the outbound proxy is; its own proxy is then only a name.
        let way = trunk.outbound_proxy.clone().unwrap_or_else(|| trunk.proxy.clone());
        let parsed = Proxy::parse(&way).zip(Proxy::parse(&trunk.proxy));
        let Some((proxy, Proxy { host: own, .. })) = parsed else {
            let what = "non è un indirizzo: scrivi NOME, NOME:PORTA o IP:PORTA, e davanti \"tcp:\" \
                        o \"tls:\" se non è UDP";
            self.add(&way, &format!("trunk «{}»: «{way}» {what}", trunk.name));
            return None;
        };
        let mut accept_from: BTreeSet<IpAddr> =
            proxy.place.iter().map(|place| place.address.ip()).collect();
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
        let own = own.as_str();
        // Operators expect their name where it is known, not the address behind it.
        let behind = trunk.outbound_proxy.is_some();
        let named = (behind || proxy.place.is_none()).then(|| own.to_owned());
        let domain = self.domain(trunk.domain.clone()).or(named);
        let mut terms = self.terms(&trunk, credentials.as_ref());
        terms.addresses.clone_from(&accept_from);
        terms.outbound_proxy = behind.then(|| proxy.address());
        terms.protection = self.protection(&trunk, proxy.transport);
        let account = self.account(&trunk, own, (&domain, &credentials), expires);
        let shown =
            Shown { name: trunk.certificate_name.clone(), authorities: trunk.ca_file.clone() };
        let tls = self.peer(&trunk.name, (proxy.transport, proxy.host.as_str()), shown, folder);
        Some(TrunkConfig {
            tls,
            name: trunk.name,
            named: proxy.named(),
            places: proxy.place.into_iter().collect(),
            host: way,
            accept_from,
            order: trunk.order.unwrap_or(place),
            weight: trunk.weight.unwrap_or(1),
            probe: trunk.probe.unwrap_or(true),
            domain,
            credentials,
            account,
            terms,
            public: self.public_of_trunk(trunk.public_address),
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
        let realm = trunk.realm.clone();
        match (trunk.username.clone(), password) {
            (Some(username), Some(password)) => Some(Credentials { username, password, realm }),
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

/// Trunks of one host that are told different addresses of ours: a host sees one alone.
pub(super) fn seen_at_two(config: &Config) -> Vec<String> {
    let seen_at = |trunk: &TrunkConfig| trunk.public.unwrap_or(config.public);
    let host = |trunk: &TrunkConfig| trunk.named.as_ref().map(|named| named.host.clone());
    let are_one = |one: &TrunkConfig, other: &TrunkConfig| {
        !one.accept_from.is_disjoint(&other.accept_from)
            || (host(one).is_some() && host(one) == host(other))
    };
    let pairs = config.trunks.iter().enumerate().flat_map(|(place, one)| {
        config.trunks.iter().skip(place + 1).map(move |other| (one, other))
    });
    let apart = pairs.filter(|(one, other)| are_one(one, other) && seen_at(one) != seen_at(other));
    apart
        .map(|(one, other)| {
            format!(
                "i trunk «{}» e «{}» hanno lo stesso host, e vale il «public_address» del primo: \
                 scrivi lo stesso in tutti e due",
                one.name, other.name
            )
        })
        .collect()
}

/// Where a trunk is, as it is written: `sip.operatore.it`, `tls:192.0.2.1:5061`.
struct Proxy {
    /// As written; without one, UDP for an address.
    written: Option<Transport>,
    transport: Transport,
    /// Name or address alone.
    host: String,
    port: Option<u16>,
    /// For an address.
    place: Option<Target>,
}

impl Proxy {
    fn parse(text: &str) -> Option<Self> {
        let (written, rest) = match text.split_once(':') {
            Some(("udp", rest)) => (Some(Transport::Udp), rest),
            Some(("tcp", rest)) => (Some(Transport::Tcp), rest),
            Some(("tls", rest)) => (Some(Transport::Tls), rest),
            _ => (None, text),
        };
        let transport = written.unwrap_or(Transport::Udp);
        let alone = rest.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        let alone = alone.map(|address| SocketAddr::new(address, transport.default_port()));
        if let Some(address) = rest.parse::<SocketAddr>().ok().or(alone) {
            let place = Some(Target { transport, address });
            let host = address.ip().to_string();
            return Some(Self { written, transport, host, port: Some(address.port()), place });
        }
        let (host, port) = match rest.split_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok().filter(|port| *port > 0)?)),
            None => (rest, None),
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
        // Digits and dots alone are an address that is written wrong.
        let named = host.bytes().all(plain) && host.bytes().any(|byte| byte.is_ascii_alphabetic());
        named.then(|| Self { written, transport, host: host.to_owned(), port, place: None })
    }

    /// HOST:PORT, as it stands in a Route.
    fn address(&self) -> String {
        match (self.place, self.port) {
            (Some(place), _) => place.address.to_string(),
            (None, Some(port)) => format!("{}:{port}", self.host),
            (None, None) => self.host.clone(),
        }
    }

    /// What has to be looked up, if anything has.
    fn named(&self) -> Option<NamedPeer> {
        let named = NamedPeer { host: self.host.clone(), port: self.port, transport: self.written };
        self.place.is_none().then_some(named)
    }
}

/// How long a registration is asked for unless told.
const EXPIRES: Duration = Duration::from_secs(3_600);
