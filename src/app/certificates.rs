//! Certificates while the service runs: read anew, and their ends told in time.
//!
//! It verifies nobody: the line does.

use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::config::Config;
use super::house;
use crate::line::{Distrust, PeerSeen, Reread, Tls, TlsPeer};
use crate::sip::Transport;

/// How often the files are looked at, and the ends of certificates.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// How near the end of a certificate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Nearness {
    Far,
    Month,
    Week,
    Day,
    Over,
}

impl Nearness {
    pub(super) fn of(until: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        match until - now {
            left if left <= TimeDelta::zero() => Self::Over,
            left if left <= TimeDelta::days(1) => Self::Day,
            left if left <= TimeDelta::days(7) => Self::Week,
            left if left <= TimeDelta::days(30) => Self::Month,
            _ => Self::Far,
        }
    }

    /// What it is, in Italian.
    fn words(self, until: DateTime<Utc>) -> String {
        let rome = until.with_timezone(&chrono_tz::Europe::Rome);
        let verb = if self == Self::Over { "è scaduto" } else { "scade" };
        format!("{verb} il {}", rome.format("%d/%m/%Y alle %H:%M"))
    }
}

/// What a trunk over TLS has shown, as written and as JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Shown {
    /// The name its certificate must bear.
    pub(super) name: String,
    pub(super) until: Option<DateTime<Utc>>,
    /// Why it was not believed the last time.
    pub(super) distrust: Option<String>,
}

impl Shown {
    pub(super) fn new(seen: PeerSeen) -> Self {
        let distrust = seen.distrust.map(|distrust| match distrust {
            Distrust::Broken => "broken",
            Distrust::Expired => "expired",
            Distrust::NoAuthorities => "no_authorities",
            Distrust::NoTls => "no_tls",
            Distrust::OtherName => "other_name",
            Distrust::RefusesUs => "refuses_us",
            Distrust::UnknownAuthority => "unknown_authority",
        });
        Self { name: seen.name, until: seen.until, distrust: distrust.map(str::to_owned) }
    }

    /// What to see to, in Italian; `None` when all is well.
    pub(super) fn advice(&self, now: DateTime<Utc>) -> Option<String> {
        let name = &self.name;
        if let Some(distrust) = &self.distrust {
            return Some(match distrust.as_str() {
                "expired" => {
                    "il suo certificato TLS è scaduto o non ancora valido: chiedi all'operatore di \
                     rinnovarlo, e controlla l'ora di questa macchina"
                        .to_owned()
                }
                "no_authorities" => {
                    "nessuna autorità può garantire per il suo certificato TLS: installa \
                     ca-certificates, o correggi «ca_file»"
                        .to_owned()
                }
                "no_tls" => {
                    "non parla TLS: chiedi all'operatore su quale porta lo fa (di solito 5061)"
                        .to_owned()
                }
                "other_name" => format!(
                    "il suo certificato TLS non è intestato a «{name}»: chiedi all'operatore a \
                     quale nome lo è e scrivilo in «certificate_name»"
                ),
                "refuses_us" => {
                    "rifiuta il nostro certificato TLS: chiedi all'operatore se ne vuole uno, e \
                     firmato da chi; si scrive in [sip] «certificate» e «key»"
                        .to_owned()
                }
                "unknown_authority" => {
                    "il suo certificato TLS è firmato da un'autorità sconosciuta: chiedi \
                     all'operatore il certificato dell'autorità e scrivilo in «ca_file»"
                        .to_owned()
                }
                _ => "il suo certificato TLS è guasto: chiedi all'operatore di rifarlo".to_owned(),
            });
        }
        let until = self.until?;
        let nearness = Nearness::of(until, now);
        (nearness > Nearness::Far).then(|| {
            format!(
                "il suo certificato TLS {}: chiedi all'operatore di rinnovarlo",
                nearness.words(until)
            )
        })
    }
}

/// Our side of TLS, if any place or trunk speaks it.
///
/// Our certificate is read already, so that whoever comes in first is shown it. One that is no
/// good stops nothing: it is told, and looked at again.
pub(super) fn open(config: &Config) -> anyhow::Result<Option<Certificates>> {
    let listens = config.listen.iter().any(|place| place.transport == Transport::Tls);
    let peers: Vec<TlsPeer> = config.trunks.iter().filter_map(peer).collect();
    if !listens && peers.is_empty() {
        return Ok(None);
    }
    let tls = Tls::new(config.certificate.clone(), peers);
    let mut certificates =
        Certificates { tls: tls.context("TLS non si può preparare")?, told: Told::default() };
    let now = house::wall();
    let reread = certificates.tls.reread(now);
    certificates.tell(&reread, now);
    Ok(Some(certificates))
}

/// A trunk over TLS, with the addresses known so far.
fn peer(trunk: &super::config::TrunkConfig) -> Option<TlsPeer> {
    let mut peer = trunk.tls.clone()?;
    peer.places = trunk.places.iter().map(|place| place.address).collect();
    peer.hosts.clone_from(&trunk.accept_from);
    Some(peer)
}

/// Our certificate, if it has to be seen to: how badly, and a sentence in Italian.
pub(super) fn own_complaint(config: &Config, now: DateTime<Utc>) -> Option<(&'static str, String)> {
    let files = config.certificate.as_ref()?;
    let until = match files.check(now) {
        Ok(until) => until,
        Err(error) => return Some(("error", format!("[sip]: {error}"))),
    };
    let nearness = Nearness::of(until, now);
    let severity = if nearness >= Nearness::Day { "error" } else { "warning" };
    let file = files.certificate.display();
    let text =
        || format!("[sip]: il nostro certificato {file} {}: rinnovalo", nearness.words(until));
    (nearness > Nearness::Far).then(|| (severity, text()))
}

/// Our side of TLS while it is looked after.
pub(super) struct Certificates {
    pub(super) tls: Tls,
    told: Told,
}

impl Certificates {
    /// Looks after them as long as the service runs; each message of `asked` is a wish to
    /// look at once.
    pub(super) async fn keep(mut self, mut asked: mpsc::Receiver<()>) {
        let mut every = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                _ = every.tick() => {}
                wish = asked.recv() => if wish.is_none() { return },
            }
            let (looked, now) = (self.tls.clone(), house::wall());
            if let Ok(reread) = tokio::task::spawn_blocking(move || looked.reread(now)).await {
                self.tell(&reread, now);
            }
        }
    }

    fn tell(&mut self, reread: &Reread, now: DateTime<Utc>) {
        let own_until = self.tls.own_until();
        self.told.of_files(reread, own_until.is_some());
        let own = own_until.map(|until| ("our certificate".to_owned(), until));
        let peers = self.tls.seen().into_iter().filter_map(|peer| Some((peer.name, peer.until?)));
        for (whose, until) in own.into_iter().chain(peers) {
            if let Some(alarm) = self.told.of_end(&whose, until, now) {
                alarm.raise(&whose, until);
            }
        }
    }
}

/// What was logged: nothing is said twice.
#[derive(Default)]
struct Told {
    refused: Option<String>,
    ends: std::collections::BTreeMap<String, (DateTime<Utc>, Nearness)>,
}

impl Told {
    fn of_files(&mut self, reread: &Reread, have_one: bool) {
        match reread {
            Reread::Same => {}
            Reread::Taken { until } => {
                self.refused = None;
                tracing::info!(%until, "our certificate was read");
            }
            Reread::Refused(error) => {
                let what = error.to_string();
                if self.refused.replace(what.clone()) == Some(what) {
                    return;
                }
                let stays = if have_one { "the old one stays" } else { "TLS is not answered" };
                tracing::error!(%error, "our certificate is no good: {stays}");
            }
        }
    }

    /// What there is to say of the end of a certificate, unless it was said.
    fn of_end(&mut self, whose: &str, until: DateTime<Utc>, now: DateTime<Utc>) -> Option<Alarm> {
        let nearness = Nearness::of(until, now);
        let before = self.ends.insert(whose.to_owned(), (until, nearness));
        if before == Some((until, nearness)) {
            return None;
        }
        match nearness {
            Nearness::Far => None,
            Nearness::Month | Nearness::Week => Some(Alarm::Soon),
            Nearness::Day => Some(Alarm::Today),
            Nearness::Over => Some(Alarm::Over),
        }
    }
}

/// A line about the end of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alarm {
    Soon,
    Today,
    Over,
}

impl Alarm {
    /// Whether somebody must see to it at once.
    fn is_error(self) -> bool {
        self != Self::Soon
    }

    fn words(self) -> &'static str {
        match self {
            Self::Soon => "a certificate ends soon",
            Self::Today => "a certificate ends today",
            Self::Over => "a certificate has ended",
        }
    }

    fn raise(self, whose: &str, until: DateTime<Utc>) {
        let what = self.words();
        if self.is_error() {
            tracing::error!(tls.name = whose, %until, "{what}");
        } else {
            tracing::warn!(tls.name = whose, %until, "{what}");
        }
    }
}

#[cfg(test)]
#[path = "tests/certificates.rs"]
mod tests;
