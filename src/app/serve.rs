//! `polaris serve`: runs the service until it is told to stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use metrics_exporter_prometheus::{BuildError, PrometheusHandle};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::accounts;
use super::closures::{self, Told};
use super::command::Exit;
use super::config::Config;
use super::duty;
use super::house::{self, House};
use super::logs::Logs;
use super::{key, plans, retention, trunks, voices, webhooks};
use crate::console::{self, Voices, Watched, Window};
use crate::dialplan::Plan;
use crate::store::{StandingRoster, Store};
use crate::switchboard::{Control, Directory, Stopped};
use crate::voice::Recordings;

/// How often a roster imported by another process is looked for.
const ROSTER_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked whether lines of the log were dropped.
const LOSSES_EVERY: Duration = Duration::from_secs(10);
/// How long the end waits for what the journal holds to reach the database.
const SETTLE_WITHIN: Duration = Duration::from_secs(5);

pub(super) async fn serve(config: Config, logs: &mut Logs) -> anyhow::Result<Exit> {
    // Before anything can be cut: a signal during the start ends it in order, too.
    let mut orders = Orders::new()?;
    let recordings = Arc::new(house::recordings(&config));
    let read = plans::read(&config, &recordings);
    read.directory().map_err(|report| anyhow!("{report}"))?;
    let in_use = closures::shut(&read.plans, &closures::last_known(&config.data_dir));
    let directory = Directory::new(in_use.clone())?;
    if !read.problems.is_empty() {
        // Their texts quote the plan, numbers included: no matter for a log.
        tracing::warn!(warnings = read.problems.len(), "`polaris check` has something to say");
    }
    // Whoever counts looks up the counter at the start: the recorder comes first.
    let counted = config.metrics.map(|address| (address, console::begin_counting()));
    let house = House::open(&config, &recordings, directory, None).await?;
    for address in &house.addresses {
        tracing::info!(sip.listen = %address, "the service answers");
    }
    let mut beside = JoinSet::new();
    key::prepare(&config, &house.store).await;
    beside.spawn(key::keep(config.clone(), house.store.clone()));
    beside.spawn(retention::keep(config.clone()));
    let (plans, files) = watch::channel(read.plans.clone());
    let (shown, known) = watch::channel(in_use);
    let (voices, keeper) = voices::open(&config, recordings, house.control.clone());
    beside.spawn(keeper.keep());
    let window = open_console(&config, known, &voices, &house).await;
    let (drain, drains) = watch::channel(false);
    let gauges = open_metrics(counted, &house, drains).await;
    beside.spawn(webhooks::keep(config.clone(), house.store.reader().clone()));
    let tls = house.certificates.as_ref().map(|kept| kept.tls.clone());
    beside.spawn(trunks::keep(config.clone(), house.trunks, tls));
    let (look, asked) = mpsc::channel(1);
    if let Some(certificates) = house.certificates {
        beside.spawn(certificates.keep(asked));
    }
    let roster = watch_roster(house.store.clone(), config.data_dir.clone(), house.control.clone());
    beside.spawn(roster);
    let told = Told { control: house.control.clone(), shown };
    let watched =
        closures::watch_closures(house.store.clone(), config.data_dir.clone(), files, told);
    beside.spawn(watched);
    let mut running = house.running;
    let mut draining = false;
    let mut losses = tokio::time::interval(LOSSES_EVERY);
    let exit = loop {
        tokio::select! {
            ended = &mut running => {
                break match ended {
                    Ok(Stopped::Drained) => Exit::Done,
                    // The next start marks them for call-back.
                    Ok(Stopped::HungUp) => Exit::Problems,
                    Ok(Stopped::NoSound) => Exit::Impossible,
                    Err(error) => {
                        tracing::error!(%error, "the switchboard broke off");
                        Exit::Impossible
                    }
                };
            }
            order = orders.next() => match order {
                Order::Reload => {
                    // One wish that waits already is enough; without TLS nobody waits.
                    let _ = look.try_send(());
                    voices::renew(&voices.republish).await;
                    let recordings = voices.recordings.borrow().clone();
                    reload(&config, &recordings, &plans);
                }
                Order::Stop => {
                    drain.send_replace(true);
                    let order = match std::mem::replace(&mut draining, true) {
                        false => Control::Drain { within: config.drain_max },
                        true => Control::HangUpAll,
                    };
                    let _ = house.control.send(order).await;
                }
            },
            _ = losses.tick() => logs.tell_of_losses(),
        }
    };
    // To their end: whoever wrote the state of the trunks must not do so once it is forgotten.
    beside.shutdown().await;
    drop((window, gauges));
    trunks::forget(&config.data_dir);
    if tokio::time::timeout(SETTLE_WITHIN, house.store.settled()).await.is_err() {
        tracing::error!("the database is away: the journal is left for the next start");
    }
    if exit == Exit::Done {
        tracing::info!("every call has ended and is written");
    }
    Ok(exit)
}

/// The console, if one is wanted. Calls are answered without it, too.
async fn open_console(
    config: &Config,
    plans: watch::Receiver<Vec<Arc<Plan>>>,
    voices: &Voices,
    house: &House,
) -> Option<Window> {
    let address = config.console?;
    let opened = match accounts::room(config, plans, voices.clone(), house) {
        Ok(room) => {
            accounts::invite_first(config, address, &room).await;
            console::open(address, room).await.map_err(anyhow::Error::from)
        }
        Err(error) => Err(error),
    };
    match opened {
        Ok(window) => {
            tracing::info!(console.listen = %address, "the console is shown");
            Some(window)
        }
        Err(error) => {
            tracing::error!(%error, "the console cannot be shown");
            None
        }
    }
}

/// `/metrics` and `/health`, if they are wanted. Calls are answered without them, too.
async fn open_metrics(
    counted: Option<(SocketAddr, Result<PrometheusHandle, BuildError>)>,
    house: &House,
    draining: watch::Receiver<bool>,
) -> Option<Window> {
    let (address, counted) = counted?;
    let counted =
        counted.inspect_err(|error| tracing::error!(%error, "nothing can be counted")).ok()?;
    let (store, trunks) = (house.store.clone(), house.trunks.clone());
    match console::open_metrics(address, Watched { counted, store, trunks, draining }).await {
        Ok(window) => {
            tracing::info!(metrics.listen = %address, "the metrics are shown");
            Some(window)
        }
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be shown");
            None
        }
    }
}

enum Order {
    Reload,
    Stop,
}

struct Orders {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Orders {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Order {
        tokio::select! {
            _ = self.terminate.recv() => Order::Stop,
            _ = self.interrupt.recv() => Order::Stop,
            _ = self.hang_up.recv() => Order::Reload,
        }
    }
}

/// SIGHUP: the plans anew. Bad ones are refused and the old ones stay.
fn reload(config: &Config, recordings: &Recordings, files: &watch::Sender<Vec<Arc<Plan>>>) {
    let read = plans::read(config, recordings);
    match read.directory() {
        // Whoever watches the closures puts these in and hands them over.
        Ok(_) => {
            files.send_replace(read.plans.clone());
        }
        Err(_) => {
            tracing::error!("the old plans stay: the new ones have errors");
            // Without the line itself, which may hold a number.
            for problem in read.problems.iter().filter(|problem| problem.is_error()) {
                tracing::error!(file = problem.file, line = problem.line, "{}", problem.what);
            }
        }
    }
}

/// Tells the switchboard of a roster that another process edited, and keeps it for the day
/// on which the database cannot be read.
async fn watch_roster(store: Arc<Store>, data_dir: PathBuf, control: mpsc::Sender<Control>) {
    let mut every = tokio::time::interval(ROSTER_EVERY);
    // The first look always reads: an edit may have come since the start.
    let mut known = None;
    let mut away = false;
    loop {
        every.tick().await;
        let read = match store.roster_revision().await {
            Ok(revision) if known == Some(revision) => {
                away = false;
                continue;
            }
            Ok(_) => store.roster().await,
            Err(error) => Err(error),
        };
        match read {
            Ok(standing) => {
                away = false;
                let before = known.replace(standing.revision);
                if !hand_over(&control, before, &standing).await {
                    return;
                }
                let (folder, at, revision) = (data_dir.clone(), house::wall(), standing.revision);
                let keep = move || duty::keep(&folder, &standing, at);
                // The old one stays if this cannot be kept; that was said.
                let _ = tokio::task::spawn_blocking(keep).await;
                let anew = before.map_or("the roster was read", |_| "the roster was read anew");
                tracing::info!(revision, "{anew}");
            }
            // Said once, not every second.
            Err(_) if away => {}
            Err(error) => {
                away = true;
                tracing::error!(%error, "the roster cannot be read: the old one stays");
            }
        }
    }
}

/// Hands a roster over; `false` when the switchboard is gone.
async fn hand_over(
    control: &mpsc::Sender<Control>,
    before: Option<i64>,
    standing: &StandingRoster,
) -> bool {
    // A database that is new takes no roster away.
    if before.is_none() && standing.revision == 0 {
        return true;
    }
    control.send(Control::Roster(Some(Arc::new(standing.roster.clone())))).await.is_ok()
}
