//! `polaris.toml`: what the machine needs to know. What callers hear is in the dialplans.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::config_addresses::OneOrMany;
use super::config_places::Places;
use super::config_targets::Written as WrittenTargets;
use super::config_trunks::Trunk;
pub use super::config_trunks::TrunkConfig;
use super::config_webhooks::Webhook;
use crate::case::clocks::Targets;
use crate::line::{CertificateFiles, Public, Strangers};
use crate::sip::Transport;
use crate::store::Terms;
use crate::webhook::Receiver;
use crate::words::PhoneNumber;

/// The file's name where no `--config` is given.
pub const FILE_NAME: &str = "polaris.toml";
/// How long calls in hand may go on after SIGTERM unless told: a conversation with
/// somebody in need is rarely longer.
const DRAIN_MAX: Duration = Duration::from_secs(30 * 60);
/// New calls a second unless told: what docs/PERFORMANCE.md measures.
const CALLS_PER_SECOND: u32 = 50;
/// Where the console is without a file: on this machine alone.
const CONSOLE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// Phones rung in a minute unless told: two for each of 500 calls. It is there against
/// fraud, and must not be what keeps a caller from a person.
const OUTBOUND_PER_MINUTE: u32 = 1_000;

/// A configuration that was read whole and found right.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it came from; `None` for the embedded defaults.
    pub file: Option<PathBuf>,
    /// Database, journal and recorded messages.
    pub data_dir: PathBuf,
    /// Where SIP is listened for.
    pub listen: Vec<Listen>,
    /// Our certificate, for TLS.
    pub certificate: Option<CertificateFiles>,
    /// The addresses told to peers in SIP and SDP, where they differ from those listened on.
    pub public: Public,
    /// The most calls at once; further ones hear «all circuits busy» (503).
    pub calls_max: usize,
    /// New calls a second, and twice as many at once; further ones hear 503 too.
    pub calls_per_second: u32,
    /// What requests from no trunk get.
    pub strangers: Strangers,
    /// Phones rung in a minute, by all calls together.
    pub outbound_per_minute: u32,
    /// Country codes that may be rung, without «+».
    pub outbound_countries: Vec<String>,
    /// How long calls in hand may go on after SIGTERM.
    pub drain_max: Duration,
    /// The addresses RTP is bound to.
    pub rtp_addresses: Vec<IpAddr>,
    /// The ports RTP may use.
    pub rtp_ports: RangeInclusive<u16>,
    /// The DNS servers asked for trunks that are names; none for those of this machine.
    pub dns_servers: Vec<SocketAddr>,
    /// Who carries our calls; the first by `order` that is well rings the responders.
    pub trunks: Vec<TrunkConfig>,
    /// Where the database is.
    pub store_url: String,
    /// Where the keys are with which cases are sealed; never in `data_dir`.
    pub key_file: PathBuf,
    /// The file with the passphrase that copies are encrypted with, where one is written.
    pub backup_phrase: Option<PathBuf>,
    /// How long what is technical is kept.
    pub retention: Terms,
    /// How soon a case is to be where it has to be.
    pub targets: Targets,
    /// Where the console is shown; `None` for nowhere.
    pub console: Option<SocketAddr>,
    /// The proxies in front of the console that say for whom they ask.
    pub trusted_proxies: Vec<IpAddr>,
    /// Where `/metrics` and `/health` are; `None` for nowhere.
    pub metrics: Option<SocketAddr>,
    /// A folder of recordings that replace the embedded ones; `None` for the usual one.
    pub prompt_overrides: Option<PathBuf>,
    /// The services.
    pub services: Vec<ServiceConfig>,
    /// Who is told that something happened.
    pub webhooks: Vec<Receiver>,
}

/// One place to listen at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    /// UDP, TCP or TLS.
    pub transport: Transport,
    /// Address and port.
    pub address: SocketAddr,
}

/// One service: its dialplan, and the numbers that replace the dialplan's own.
#[derive(Debug, Clone)]
pub struct ServiceConfig {
    /// The dialplan.
    pub dialplan: DialplanSource,
    /// In place of the dialplan's numbers.
    pub numbers: Option<Vec<PhoneNumber>>,
    /// In place of the dialplan's direct numbers.
    pub direct_numbers: Option<Vec<PhoneNumber>>,
}

/// Where a dialplan's text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DialplanSource {
    /// In this file.
    File(PathBuf),
    /// In the program: one of the two shipped plans.
    Embedded(&'static str),
}

/// A configuration that cannot be used: every problem at once, in Italian.
#[derive(Debug, thiserror::Error)]
pub enum ReadConfigError {
    /// The file cannot be read.
    #[error("{}: il file di configurazione non si può leggere", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// What the file says is wrong.
    #[error("{}", problems.join("\n"))]
    Wrong {
        /// A sentence each: file, line, what, what to do.
        problems: Vec<String>,
        /// What the file says besides, for who looks for more problems.
        rest: Option<Box<Config>>,
    },
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    data_dir: Option<PathBuf>,
    backup: Option<Backup>,
    sip: Option<Sip>,
    rtp: Option<Rtp>,
    dns: Option<Names>,
    trunk: Option<Vec<Trunk>>,
    console: Option<Console>,
    metrics: Option<Listener>,
    store: Option<Store>,
    prompts: Option<Prompts>,
    retention: Option<Retention>,
    targets: Option<WrittenTargets>,
    service: Option<Vec<Service>>,
    webhook: Option<Vec<Webhook>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Backup {
    passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sip {
    listen: Option<Vec<String>>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    public_address: Option<OneOrMany>,
    calls_max: Option<usize>,
    calls_per_second: Option<u32>,
    strangers: Option<String>,
    outbound_per_minute: Option<u32>,
    outbound_countries: Option<Vec<String>>,
    drain_max: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rtp {
    ports: Option<String>,
    address: Option<OneOrMany>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    servers: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Console {
    listen: Option<String>,
    trusted_proxies: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listener {
    listen: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Store {
    url: Option<String>,
    key_file: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Prompts {
    overrides: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Retention {
    numbers_months: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    dialplan: PathBuf,
    numbers: Option<Vec<String>>,
    direct_numbers: Option<Vec<String>>,
}

impl Config {
    /// The service's own recordings: the folder that is written, else one beside the data.
    pub fn own_prompts(&self) -> PathBuf {
        self.prompt_overrides.clone().unwrap_or_else(|| self.data_dir.join("prompts"))
    }

    /// Reads `--config FILE`; without it `polaris.toml` in the current folder; without
    /// that the embedded defaults.
    ///
    /// # Errors
    /// Every problem of the file at once.
    pub fn find(explicit: Option<&Path>) -> Result<Self, ReadConfigError> {
        let default = Path::new(FILE_NAME);
        match explicit {
            Some(file) => Self::read(file),
            None if default.exists() => Self::read(default),
            None => Ok(Self::embedded()),
        }
    }

    /// The embedded defaults: loopback, `SQLite` in `./data`, both shipped dialplans.
    pub fn embedded() -> Self {
        // The defaults have no problems: a test reads them.
        Self::from_file(File::default(), None, &Places::default()).0
    }

    fn read(file: &Path) -> Result<Self, ReadConfigError> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| ReadConfigError::Unreadable { file: file.to_owned(), source })?;
        let places = Places::new(file.display().to_string(), text);
        let (parsed, mut problems) = places.read::<File>();
        let Some(parsed) = parsed else {
            return Err(ReadConfigError::Wrong { problems, rest: None });
        };
        let (config, more) = Self::from_file(parsed, Some(file.to_owned()), &places);
        problems.extend(more);
        if problems.is_empty() {
            Ok(config)
        } else {
            Err(ReadConfigError::Wrong { problems, rest: Some(Box::new(config)) })
        }
    }

    /// What a file says, and what is wrong with it.
    fn from_file(file: File, path: Option<PathBuf>, places: &Places) -> (Self, Vec<String>) {
        let mut problems = Problems { places, list: Vec::new() };
        let folder = path.as_deref().and_then(Path::parent).map(Path::to_owned).unwrap_or_default();
        let data_dir = folder.join(file.data_dir.unwrap_or_else(|| "data".into()));
        let sip = file.sip.unwrap_or_default();
        let listen = problems.listen(sip.listen);
        let rtp = file.rtp.unwrap_or_default();
        let store = file.store.unwrap_or_default();
        let written = file.console.unwrap_or_default();
        let console = match &path {
            Some(_) => problems.listener("console", written.listen),
            None => Some(CONSOLE),
        };
        let metrics = problems.listener("metrics", file.metrics.unwrap_or_default().listen);
        let config = Self {
            store_url: store_url(store.url.as_deref(), &folder, &data_dir),
            backup_phrase: file
                .backup
                .and_then(|backup| backup.passphrase_file)
                .map(|phrase| folder.join(phrase)),
            key_file: problems.key_file(store.key_file, &folder, &data_dir),
            certificate: problems.certificate(sip.certificate, sip.key, &listen, &folder),
            public: problems.public(sip.public_address),
            calls_max: problems.calls_max(sip.calls_max),
            calls_per_second: problems.rate(
                "calls_per_second",
                sip.calls_per_second,
                CALLS_PER_SECOND,
            ),
            strangers: problems.strangers(sip.strangers.as_deref()),
            outbound_per_minute: problems.rate(
                "outbound_per_minute",
                sip.outbound_per_minute,
                OUTBOUND_PER_MINUTE,
            ),
            outbound_countries: problems.countries(sip.outbound_countries),
            drain_max: problems.duration("drain_max", sip.drain_max.as_deref(), DRAIN_MAX),
            rtp_addresses: problems.sound(rtp.address, &listen),
            rtp_ports: problems.ports(rtp.ports.as_deref().unwrap_or("20000-29999")),
            dns_servers: problems.dns_servers(file.dns.unwrap_or_default().servers),
            trunks: problems.trunks(file.trunk, &folder),
            prompt_overrides: problems.overrides(file.prompts.unwrap_or_default(), &folder),
            retention: problems.retention(file.retention.unwrap_or_default().numbers_months),
            targets: problems.targets(file.targets.unwrap_or_default()),
            services: problems.services(file.service, &folder),
            webhooks: problems.webhooks(file.webhook, &folder),
            trusted_proxies: problems.trusted_proxies(written.trusted_proxies),
            file: path,
            console,
            metrics,
            data_dir,
            listen,
        };
        problems.reachable_over_tls(&config.trunks, &config.listen);
        (config, problems.list)
    }
}

/// A relative `sqlite:` path is taken from the folder of the configuration file.
fn store_url(url: Option<&str>, folder: &Path, data_dir: &Path) -> String {
    match url {
        None => format!("sqlite:{}", data_dir.join("polaris.db").display()),
        Some(url) => match url.strip_prefix("sqlite:") {
            Some(path) if !path.starts_with("//") && !path.starts_with(':') => {
                format!("sqlite:{}", folder.join(path).display())
            }
            _ => url.to_owned(),
        },
    }
}

pub(super) struct Problems<'a> {
    places: &'a Places,
    list: Vec<String>,
}

impl Problems<'_> {
    pub(super) fn add(&mut self, value: &str, what: &str) {
        self.list.push(self.places.sentence(value, what));
    }

    fn listen(&mut self, written: Option<Vec<String>>) -> Vec<Listen> {
        let written = written
            .unwrap_or_else(|| vec!["udp:127.0.0.1:5080".into(), "tcp:127.0.0.1:5080".into()]);
        if written.is_empty() {
            self.add("listen", "«listen» è vuoto: scrivi per esempio \"udp:127.0.0.1:5080\"");
        }
        let mut listen = Vec::new();
        for text in &written {
            match parse_listen(text) {
                Some(place) if listen.contains(&place) => {
                    self.add(text, &format!("«{text}» è scritto due volte in «listen»"));
                }
                Some(place) => listen.push(place),
                None => self.add(
                    text,
                    &format!(
                        "«{text}» non si capisce: scrivi \"udp:INDIRIZZO:PORTA\", \"tcp:…\" o \
                         \"tls:…\""
                    ),
                ),
            }
        }
        listen
    }

    fn calls_max(&mut self, written: Option<usize>) -> usize {
        if written == Some(0) {
            self.add("calls_max", "con «calls_max» = 0 nessuno avrebbe risposta");
        }
        written.unwrap_or(500)
    }

    /// `90s`, `30m` or `2h`.
    pub(super) fn duration(
        &mut self,
        key: &str,
        written: Option<&str>,
        default: Duration,
    ) -> Duration {
        let Some(text) = written else { return default };
        let parsed = parse_duration(text);
        if parsed.is_none() {
            let what = "scrivi una durata come \"90s\", \"30m\" o \"2h\"";
            self.add(text, &format!("«{text}» in «{key}» non si capisce: {what}"));
        }
        parsed.unwrap_or(default)
    }

    pub(super) fn address(&mut self, key: &str, written: Option<&str>) -> Option<IpAddr> {
        let text = written?;
        let address = text.parse().ok();
        if address.is_none() {
            self.add(text, &format!("«{text}» in «{key}» non è un indirizzo IP"));
        }
        address
    }

    fn ports(&mut self, text: &str) -> RangeInclusive<u16> {
        let range = text
            .split_once('-')
            .and_then(|(low, high)| Some((low.trim().parse().ok()?, high.trim().parse().ok()?)))
            .filter(|(low, high): &(u16, u16)| *low >= 1024 && high.saturating_sub(*low) >= 9);
        match range {
            Some((low, high)) => low..=high,
            None => {
                let what = "scrivi un intervallo di almeno dieci porte sopra 1023";
                self.add(
                    text,
                    &format!("«{text}» in «ports»: {what}, per esempio \"20000-29999\""),
                );
                20000..=29999
            }
        }
    }

    fn listener(&mut self, section: &str, written: Option<String>) -> Option<SocketAddr> {
        let text = &written?;
        let address = text.parse().ok();
        if address.is_none() {
            self.add(text, &format!("«{text}» in [{section}] non è INDIRIZZO:PORTA"));
        }
        address
    }

    fn services(&mut self, written: Option<Vec<Service>>, folder: &Path) -> Vec<ServiceConfig> {
        let Some(written) = written else {
            return super::plans::SHIPPED
                .iter()
                .map(|(name, _)| ServiceConfig {
                    dialplan: DialplanSource::Embedded(name),
                    numbers: None,
                    direct_numbers: None,
                })
                .collect();
        };
        if written.is_empty() {
            self.add("service", "manca un [[service]]: nessun numero avrebbe risposta");
        }
        written.into_iter().map(|service| self.service(service, folder)).collect()
    }

    fn overrides(&mut self, prompts: Prompts, folder: &Path) -> Option<PathBuf> {
        let written = prompts.overrides?;
        let place = folder.join(&written);
        if !place.is_dir() {
            let text = written.display().to_string();
            let what = "non esiste: creala, o togli «overrides»";
            self.add(&text, &format!("la cartella di registrazioni «{text}» {what}"));
        }
        Some(place)
    }

    fn service(&mut self, service: Service, folder: &Path) -> ServiceConfig {
        let beside = folder.join(&service.dialplan);
        let file = if beside.exists() { beside } else { service.dialplan.clone() };
        if !file.exists() {
            let text = service.dialplan.display().to_string();
            self.add(&text, &format!("il piano «{text}» non esiste"));
        }
        ServiceConfig {
            dialplan: DialplanSource::File(file),
            numbers: self.numbers(service.numbers),
            direct_numbers: self.numbers(service.direct_numbers),
        }
    }

    fn numbers(&mut self, written: Option<Vec<String>>) -> Option<Vec<PhoneNumber>> {
        let written = written?;
        if written.is_empty() {
            self.add("numbers", "un elenco di numeri è vuoto: toglilo, o scrivi il numero");
        }
        let mut numbers = Vec::new();
        for text in &written {
            match PhoneNumber::parse(text) {
                Ok(number) => numbers.push(number),
                Err(error) => self.add(text, &format!("numero «{text}»: {error}")),
            }
        }
        Some(numbers)
    }
}

fn parse_duration(text: &str) -> Option<Duration> {
    let unit = match text.chars().next_back()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        _ => return None,
    };
    let count: u64 = text.get(..text.len() - 1)?.parse().ok().filter(|count| *count > 0)?;
    count.checked_mul(unit).filter(|seconds| *seconds <= 86_400).map(Duration::from_secs)
}

fn parse_listen(text: &str) -> Option<Listen> {
    let (transport, address) = text.split_once(':')?;
    let transport = match transport {
        "udp" => Transport::Udp,
        "tcp" => Transport::Tcp,
        "tls" => Transport::Tls,
        _ => return None,
    };
    Some(Listen { transport, address: address.parse().ok()? })
}
