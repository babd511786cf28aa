//! What the switchboard counts, for whoever watches the machine.
//!
//! Numbers without names: no call, caller or responder can be told from them. Where
//! nobody watches (`[metrics]` is not configured) counting does nothing.

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use super::TrunkStanding;
use super::trunks::Health;
use crate::case::{Fact, Outcome};
use crate::sip::NOT_REFUSED;
use crate::sip::Registered;

/// Handles, looked up once.
pub(super) struct Figures {
    pub(super) calls: Counter,
    pub(super) calls_open: Gauge,
    /// From the arrival of an INVITE to its 200, the case being safe in between; seconds.
    pub(super) answered_after: Histogram,
    ended: Vec<(Outcome, Counter)>,
}

impl Figures {
    pub(super) fn new() -> Self {
        let ended = |outcome: Outcome| {
            (outcome, counter!("polaris_calls_ended_total", "outcome" => outcome.word()))
        };
        Self {
            calls: counter!("polaris_calls_total"),
            calls_open: gauge!("polaris_calls_open"),
            answered_after: histogram!("polaris_answer_seconds"),
            ended: Outcome::ALL.into_iter().map(ended).collect(),
        }
    }

    /// Counts what is counted of a timeline.
    pub(super) fn noted(&self, fact: &Fact) {
        let Fact::Ended { outcome } = fact else { return };
        if let Some((_, counter)) = self.ended.iter().find(|(of, _)| of == outcome) {
            counter.increment(1);
        }
    }
}

/// A peer was refused something.
pub(super) fn refused(status: u16) {
    // A stranger's answer is none of ours: it chooses no label.
    let status = if status == NOT_REFUSED { "none".to_owned() } else { status.to_string() };
    counter!("polaris_refused_total", "status" => status).increment(1);
}

/// Shows how the trunks are: 1 is well or registered.
pub(super) fn show_trunks(standings: &[TrunkStanding]) {
    for trunk in standings {
        let up = matches!(trunk.health, Health::Well);
        gauge!("polaris_trunk_up", "trunk" => trunk.name.clone()).set(f64::from(u8::from(up)));
        if let Some(registered) = trunk.registered {
            let is = matches!(registered, Registered::Yes);
            let gauge = gauge!("polaris_trunk_registered", "trunk" => trunk.name.clone());
            gauge.set(f64::from(u8::from(is)));
        }
    }
}
