//! Puts the floors together: from a configuration to a running switchboard.

use std::collections::BTreeSet;
use std::fs::{DirBuilder, Permissions};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use super::certificates::{self, Certificates};
use super::config::{Config, TrunkConfig};
use super::{addresses, duty, files};
use crate::line::{Doorway, Gate, Line, Seen, Target};
use crate::media::{Engine, Ports, Shelf, builtin};
use crate::rtp::encode;
use crate::sip::{self, Endpoint, Rate};
use crate::store::{Keyring, Reader, Recovered, Store};
use crate::switchboard::{
    Control, Directory, Inboxes, Parts, Settings, Sight, Stopped, Switchboard, TrunkRoute,
    TrunkStanding,
};
use crate::voice::Recordings;
use crate::words::{Clock, Language, Law, PromptId, SystemClock};

/// Orders that may wait for the switchboard.
const CONTROLS_MAX: usize = 16;

/// A running service.
pub(super) struct House {
    pub(super) control: mpsc::Sender<Control>,
    pub(super) store: Arc<Store>,
    /// Where it answers, ports resolved.
    pub(super) addresses: Vec<SocketAddr>,
    /// How the trunks are.
    pub(super) trunks: watch::Receiver<Vec<TrunkStanding>>,
    pub(super) running: JoinHandle<Stopped>,
    /// Our side of TLS, where it is spoken.
    pub(super) certificates: Option<Certificates>,
}

impl House {
    /// Starts the service of `config`; `watch` is told everything that is noted.
    ///
    /// # Errors
    /// What must be put right before it can start. A database that cannot be opened
    /// is no such thing: calls are answered and the journal keeps their cases.
    pub(super) async fn open(
        config: &Config,
        recordings: &Recordings,
        directory: Directory,
        watch: Option<mpsc::UnboundedSender<Sight>>,
    ) -> anyhow::Result<Self> {
        let clock = SystemClock::start();
        if let Err(error) = files::raise(config) {
            // A smaller service is better than none.
            tracing::error!("{error}");
        }
        let found = addresses::look_up(config).await;
        let config = &found.config.clone();
        let gate = Gate::new(hosts(config), config.strangers);
        for (nth, trunk) in config.trunks.iter().enumerate() {
            gate.belong(nth, trunk.accept_from.iter().copied());
            if trunk.named.is_some() {
                gate.follow(nth, trunk.places.iter().map(|place| place.address.ip()).collect());
            }
        }
        // Before the first socket: who comes in over TLS finds our certificate.
        let certificates = certificates::open(config)?;
        let tls = certificates.as_ref().map(|kept| kept.tls.clone());
        // The port first: a second start by mistake leaves no trace on the disk.
        let doorway = Doorway { gate: gate.clone(), public: seen(config), tls: tls.clone() };
        let (line, line_inbox) = open_line(config, doorway).await?;
        can_call(config, &line)?;
        let ports = sound_ports(config)?;
        prepare(&config.data_dir)?;
        let addresses = line.udp_addresses().collect();
        let (store, recovered) =
            Store::open_or_journal(&config.store_url, &config.data_dir).await?;
        // Before the first call: its number is sealed, where there are keys already.
        let store = Arc::new(store.seal_with(Arc::new(Keyring::new(&config.key_file))));
        tokio::spawn(log_recovered(recovered));
        let read = store.roster().await.map_err(anyhow::Error::from);
        let roster = duty::choose_loudly(read, &config.data_dir);
        let (media, media_inbox) =
            Engine::start(1, Arc::new(clock)).context("il motore audio non parte")?;
        let (control, control_inbox) = mpsc::channel(CONTROLS_MAX);
        let parts = Parts {
            clock,
            endpoint: Endpoint::new(endpoint_config(config), seed()),
            line,
            media,
            ports,
            shelf: Arc::new(shelf(recordings)),
            store: store.clone(),
            directory,
            roster: roster.map(|standing| Arc::new(standing.roster)),
        };
        let mut switchboard = Switchboard::new(settings(config), parts);
        let (told, standings) = watch::channel(Vec::new());
        switchboard.tell_of_trunks(told);
        if let Some(watch) = watch {
            switchboard.watch(watch);
        }
        let listeners = addresses::Listeners { gate, tls, control: control.clone() };
        found.follow(&listeners);
        let inboxes = Inboxes { line: line_inbox, media: media_inbox, control: control_inbox };
        let running = tokio::spawn(switchboard.run(inboxes));
        Ok(Self { control, store, addresses, trunks: standings, running, certificates })
    }
}

/// The recordings of the program, with the service's own in place of some.
pub(super) fn recordings(config: &Config) -> Recordings {
    let (recordings, defects) = Recordings::embedded().with_overrides(&config.own_prompts());
    for defect in defects {
        tracing::error!("{defect}");
    }
    recordings
}

fn prepare(data_dir: &Path) -> anyhow::Result<()> {
    // Callers' numbers and voices: for the service's own account only.
    let folder = |mode| {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(mode);
        builder
    };
    folder(0o750)
        .create(data_dir)
        .and_then(|()| folder(0o750).create(data_dir.join("voicemail")))
        .and_then(|()| std::fs::set_permissions(data_dir, Permissions::from_mode(0o750)))
        .with_context(|| format!("la cartella dei dati «{}» non si può creare", data_dir.display()))
}

async fn open_line(
    config: &Config,
    doorway: Doorway,
) -> anyhow::Result<(Line, mpsc::Receiver<crate::line::Arrived>)> {
    let listen: Vec<_> = config.listen.iter().map(|l| (l.transport, l.address)).collect();
    let peers: Vec<_> = places(config).map(|(_, place)| (place.transport, place.address)).collect();
    Ok(Line::open(&listen, &peers, doorway).await?)
}

/// A trunk that no open socket can reach would make every responder «unreachable».
fn can_call(config: &Config, line: &Line) -> anyhow::Result<()> {
    // What the DNS says may change: it stops no start.
    for (trunk, place) in places(config).filter(|(trunk, _)| trunk.named.is_none()) {
        line.route_to(place.transport, place.address).with_context(|| {
            format!(
                "il trunk «{}» ({}) non si può raggiungere da nessun indirizzo di [sip] listen: \
                 aggiungine uno dello stesso tipo",
                trunk.name, trunk.host
            )
        })?;
    }
    Ok(())
}

/// The ports for sound, one of them tried: without sound no call could be answered.
fn sound_ports(config: &Config) -> anyhow::Result<Vec<Ports>> {
    let mut ports = Vec::new();
    for address in &config.rtp_addresses {
        let mut of_family = Ports::new(*address, config.rtp_ports.clone());
        of_family.bind().with_context(|| {
            format!("nessuna porta per l'audio su {address}: correggi «address» o «ports» in [rtp]")
        })?;
        ports.push(of_family);
    }
    Ok(ports)
}

/// Every place of every trunk.
fn places(config: &Config) -> impl Iterator<Item = (&TrunkConfig, Target)> {
    let of = |trunk: &'_ TrunkConfig| trunk.places.clone();
    config.trunks.iter().flat_map(move |trunk| of(trunk).into_iter().map(move |p| (trunk, p)))
}

/// Our addresses as peers see them.
fn seen(config: &Config) -> Seen {
    let trunks = config.trunks.iter().enumerate();
    let trunks = trunks.filter_map(|(nth, trunk)| Some((nth, trunk.public?)));
    Seen { usual: config.public, trunks: trunks.collect() }
}

fn hosts(config: &Config) -> BTreeSet<IpAddr> {
    config.trunks.iter().flat_map(|trunk| trunk.accept_from.iter().copied()).collect()
}

fn endpoint_config(config: &Config) -> sip::Config {
    sip::Config {
        user_agent: concat!("polaris/", env!("CARGO_PKG_VERSION")).to_owned(),
        // A call may ring several phones, and a dialog outlives its call a little.
        max_dialogs: config.calls_max.saturating_mul(10),
        max_transactions: config.calls_max.saturating_mul(40),
        calls_per_second: config.calls_per_second,
    }
}

fn settings(config: &Config) -> Settings {
    let trunks = config.trunks.iter().map(|trunk| TrunkRoute {
        name: trunk.name.clone(),
        places: trunk.places.clone(),
        order: trunk.order,
        weight: trunk.weight,
        probe: trunk.probe,
        domain: trunk.domain.clone(),
        credentials: trunk.credentials.clone(),
        account: trunk.account.clone(),
        terms: trunk.terms.clone(),
    });
    Settings {
        calls_max: config.calls_max,
        outbound_rate: Rate::per_minute(config.outbound_per_minute),
        outbound_countries: config.outbound_countries.clone(),
        voicemail_dir: config.data_dir.join("voicemail"),
        trunks: trunks.collect(),
    }
}

/// Every recording, and the sounds that are no speech.
pub(super) fn shelf(recordings: &Recordings) -> Shelf {
    let spoken = recordings.iter().map(|(language, id, samples)| (language, id, samples.to_vec()));
    let tone = |id: &str, samples| (Language::It, PromptId::new(id), samples);
    Shelf::new(spoken.chain([tone("tone.ringback", builtin::ring_back())]))
}

fn seed() -> u64 {
    use rand::RngExt as _;
    rand::rng().random()
}

/// The wall clock of the machine, for commands that show or ask.
pub(super) fn wall() -> chrono::DateTime<chrono::Utc> {
    SystemClock::start().wall()
}

/// Every spoken recording as it goes on the wire, for telephones that name them.
pub(super) fn shelf_codes(
    recordings: &Recordings,
) -> impl Iterator<Item = (Language, PromptId, Vec<u8>)> {
    recordings.iter().map(|(language, id, samples)| {
        (language, id, samples.iter().map(|sample| encode(Law::Pcma, *sample)).collect())
    })
}

/// Says which calls a crash cut, once the store has found them.
async fn log_recovered(recovered: oneshot::Receiver<Recovered>) {
    let Ok(recovered) = recovered.await else { return };
    for call in &recovered.interrupted {
        tracing::error!(call.id = %call.call, case = %call.number,
            "a call was cut by a crash: its case is marked for call-back");
    }
}

/// Reads the database, also while the service runs.
pub(super) async fn read_store(config: &Config) -> anyhow::Result<Reader> {
    let keyring = Arc::new(Keyring::new(&config.key_file));
    Ok(Reader::open(&config.store_url).await?.with_keys(keyring))
}
