//! The addresses of trunks that are written as names: found, followed, remembered.
//!
//! It asks no trunk anything. Law: what was known of a name holds until the DNS says
//! something else; that the DNS is gone says nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::config::{Config, TrunkConfig};
use crate::line::{Dns, Gate, Learnt, LocateError, Located, Target, Tls};
use crate::switchboard::Control;

/// How often a name is looked up that cannot be found.
const AGAIN: Duration = Duration::from_secs(10);
/// Places of one name, those among them that the DNS could not confirm.
const PLACES_MAX: usize = 8;
/// What was known last, beside the database.
const KEPT: &str = "names.json";

/// What was found at the start.
pub(super) struct Start {
    /// The configuration, with the places that are known.
    pub(super) config: Config,
    dns: Option<Dns>,
    /// When each name must be looked up again, by the trunk's place.
    next: BTreeMap<usize, Duration>,
    kept: Kept,
}

/// Who must hear of an address.
#[derive(Debug, Clone)]
pub(super) struct Listeners {
    pub(super) gate: Gate,
    pub(super) tls: Option<Tls>,
    pub(super) control: mpsc::Sender<Control>,
}

/// Looks every name up at once; where the DNS does not say, what was known last is taken.
pub(super) async fn look_up(config: &Config) -> Start {
    let mut config = config.clone();
    let named = |trunk: &TrunkConfig| trunk.named.is_some();
    if !config.trunks.iter().any(named) {
        return Start { config, dns: None, next: BTreeMap::new(), kept: Kept::default() };
    }
    let dns = match Dns::new(&config.dns_servers) {
        Ok(dns) => Some(dns),
        Err(error) => {
            tracing::error!(%error, "the DNS settings of this machine cannot be used");
            None
        }
    };
    let mut asked = JoinSet::new();
    for (nth, trunk) in config.trunks.iter().enumerate() {
        let (Some(dns), Some(peer)) = (dns.clone(), trunk.named.clone()) else { continue };
        asked.spawn(async move { (nth, dns.locate(&peer).await) });
    }
    let (kept, mut next) = (Kept::read(&config.data_dir), BTreeMap::new());
    while let Some(Ok((nth, located))) = asked.join_next().await {
        let families = families(&config);
        let Some(trunk) = config.trunks.get_mut(nth) else { continue };
        match located {
            Ok(located) => {
                next.insert(nth, located.ttl);
                let known = kept.0.get(&trunk.host).map(Vec::as_slice).unwrap_or_default();
                trunk.places = reachable(with_known(located, known), families);
            }
            Err(error) => {
                trunk.places = kept.0.get(&trunk.host).cloned().unwrap_or_default();
                tell_lost(trunk, &error, trunk.places.is_empty());
            }
        }
    }
    Start { config, dns, next, kept }
}

impl Start {
    /// Follows every name as long as the service runs.
    pub(super) fn follow(self, listeners: &Listeners) {
        let Some(dns) = self.dns else { return };
        let kept = Arc::new(Mutex::new(self.kept));
        for (nth, trunk) in self.config.trunks.iter().enumerate() {
            if trunk.named.is_none() {
                continue;
            }
            let follower = Follower {
                nth,
                trunk: trunk.clone(),
                dns: dns.clone(),
                families: families(&self.config),
                data_dir: self.config.data_dir.clone(),
                listeners: listeners.clone(),
                kept: kept.clone(),
            };
            // Written by whoever knows: so that a restart without the DNS finds it.
            if self.next.contains_key(&nth) {
                follower.keep();
            }
            tokio::spawn(follower.run(self.next.get(&nth).copied()));
        }
    }
}

/// Follows one name.
struct Follower {
    nth: usize,
    trunk: TrunkConfig,
    dns: Dns,
    families: Families,
    data_dir: PathBuf,
    listeners: Listeners,
    kept: Arc<Mutex<Kept>>,
}

impl Follower {
    async fn run(mut self, first: Option<Duration>) {
        let mut lost = first.is_none();
        let mut wait = first.unwrap_or(AGAIN);
        while !self.listeners.control.is_closed() {
            // Nobody waits for this but the next answer.
            let _ = tokio::time::timeout(wait, self.listeners.control.closed()).await;
            let Some(peer) = &self.trunk.named else { return };
            wait = match self.dns.locate(peer).await {
                Ok(located) => {
                    if std::mem::take(&mut lost) {
                        tracing::info!(trunk.name = self.trunk.name, "the DNS answers again");
                    }
                    self.take(located).await
                }
                Err(error) => {
                    if !std::mem::replace(&mut lost, true) {
                        tell_lost(&self.trunk, &error, self.trunk.places.is_empty());
                    }
                    // The machine may have other servers by now.
                    if let Ok(anew) = self.dns.anew() {
                        self.dns = anew;
                    }
                    AGAIN
                }
            };
        }
    }

    /// What the DNS says now; returns when to ask again.
    async fn take(&mut self, located: Located) -> Duration {
        let ttl = located.ttl;
        let places = reachable(with_known(located, &self.trunk.places), self.families);
        let before: BTreeSet<Target> = self.trunk.places.iter().copied().collect();
        let now: BTreeSet<Target> = places.iter().copied().collect();
        // The order alone is drawn anew each time.
        if before != now && !places.is_empty() {
            self.trunk.places.clone_from(&places);
            for place in &places {
                tracing::info!(trunk.name = self.trunk.name, sip.remote = %place.address,
                    "the trunk has an address");
            }
            let hosts: BTreeSet<IpAddr> = places.iter().map(|place| place.address.ip()).collect();
            self.listeners.gate.follow(self.nth, hosts);
            if let (Some(tls), Some(peer)) = (&self.listeners.tls, &self.trunk.tls) {
                tls.follow(&peer.name, &places.iter().map(|place| place.address).collect());
            }
            self.keep();
            // A closed inbox means that the service ends.
            let found = Control::TrunkFound { trunk: self.nth, places };
            let _ = self.listeners.control.send(found).await;
        }
        ttl
    }

    fn keep(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.0.insert(self.trunk.host.clone(), self.trunk.places.clone());
        if let Err(error) = kept.write(&self.data_dir) {
            tracing::warn!(%error, "the addresses of the trunks cannot be kept for a restart");
        }
    }
}

/// Where a name leads: what the DNS says, and, while it does not say all, what was known.
fn with_known(located: Located, known: &[Target]) -> Vec<Target> {
    let mut places = located.targets;
    if located.learnt == Learnt::Part {
        let others = known.iter().filter(|place| !places.contains(place)).copied();
        places.extend(others.collect::<Vec<_>>());
        places.truncate(PLACES_MAX);
    }
    places
}

fn tell_lost(trunk: &TrunkConfig, error: &LocateError, nothing: bool) {
    if nothing {
        tracing::error!(trunk.name = trunk.name, %error,
            "the name of the trunk has no address: tried again");
    } else {
        tracing::warn!(trunk.name = trunk.name, %error,
            "the name of the trunk is not found: the last addresses known are used");
    }
}

/// What was known last, by what is written as the proxy.
#[derive(Debug, Default)]
struct Kept(BTreeMap<String, Vec<Target>>);

impl Kept {
    /// Nothing is known where the file is missing or is not ours.
    fn read(data_dir: &Path) -> Self {
        let read = std::fs::read(data_dir.join(KEPT)).ok();
        Self(read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default())
    }

    /// Whole or not at all.
    fn write(&self, data_dir: &Path) -> std::io::Result<()> {
        let (file, beside) = (data_dir.join(KEPT), data_dir.join("names.json.new"));
        std::fs::write(&beside, serde_json::to_vec(&self.0)?)?;
        std::fs::rename(&beside, &file)
    }
}

/// The families of addresses we have a socket for.
#[derive(Debug, Clone, Copy)]
struct Families {
    v4: bool,
    v6: bool,
}

fn families(config: &Config) -> Families {
    let has = |v4: bool| config.listen.iter().any(|place| place.address.is_ipv4() == v4);
    Families { v4: has(true), v6: has(false) }
}

fn reachable(mut targets: Vec<Target>, families: Families) -> Vec<Target> {
    targets.retain(|target| match target.address {
        std::net::SocketAddr::V4(_) => families.v4,
        std::net::SocketAddr::V6(_) => families.v6,
    });
    targets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::Transport;

    fn target(transport: Transport, host: u8) -> Target {
        Target { transport, address: ([192, 0, 2, host], 5060).into() }
    }

    #[test]
    fn a_place_the_dns_could_not_be_asked_for_is_kept_behind_those_it_names() {
        let (named, known) = (target(Transport::Tcp, 1), target(Transport::Udp, 1));
        let located = |learnt| Located { targets: vec![named], ttl: AGAIN, learnt };
        assert_eq!(with_known(located(Learnt::Whole), &[known]), [named]);
        assert_eq!(with_known(located(Learnt::Part), &[known, named]), [named, known]);
        let many: Vec<Target> = (2..100).map(|host| target(Transport::Udp, host)).collect();
        assert_eq!(with_known(located(Learnt::Part), &many).len(), PLACES_MAX);
    }
}
