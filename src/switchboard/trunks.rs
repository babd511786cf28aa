//! The trunks: which is well, and which carries the next call.
//!
//! It sends nothing itself: [`Trunks::due`] says whom to ask, and what comes back is
//! told to it. It reads no clock.
//!
//! Law: a trunk that is ill comes last and is never given up; when it is well again it
//! comes first again.

mod acceptance;
mod hosts;
mod registering;

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::TrunkRoute;
use super::places::{Left, Places};
use crate::line::Target;
use crate::sip::{DialogId, Message, QueryId, Registered, Registration};
use crate::words::Moment;
pub(super) use acceptance::Acceptance;
use hosts::Hosts;

/// Whether a trunk answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It does.
    Well,
    /// Not asked yet, or not asked at all.
    Unknown,
    /// It does not, or refuses what it is asked.
    Ill(Why),
}

/// Why a trunk is ill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// An INVITE had no answer at all.
    DeafToCalls,
    /// Its name has no address.
    NoAddress,
    /// It refuses our calls: the account, or one number after the other.
    RefusesCalls,
    /// OPTIONS had no answer.
    Silent,
    /// It answered 503 (or said nothing and could not be reached at all).
    Unavailable,
}

/// A trunk as the operator of this machine sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrunkStanding {
    /// Its name.
    pub name: String,
    /// How it is.
    pub health: Health,
    /// Since when.
    pub since: DateTime<Utc>,
    /// How we stand with its registrar, if it has one.
    pub registered: Option<Registered>,
}

/// Every trunk, in the order of the configuration.
pub(super) struct Trunks {
    list: Vec<Trunk>,
}

struct Trunk {
    route: TrunkRoute,
    hosts: Hosts,
    places: Places,
    acceptance: Acceptance,
    health: Health,
    since: DateTime<Utc>,
    /// When it is asked next; with probes switched off, when an old verdict is dropped.
    next: Option<Moment>,
    /// The question under way, and until when an answer is waited for.
    asked: Option<Asked>,
    /// Calls it was given.
    carried: u64,
    /// Dialogs it carries, those that have ended among them until they are let go.
    held: HashSet<DialogId>,
    registration: Option<Registration>,
    /// The REGISTER under way.
    registering: Option<QueryId>,
    /// Where that REGISTER went, and where the one went that was taken last.
    asked_at: Option<Target>,
    bound_at: Option<Target>,
    /// When the way back to us is kept open, for one registered over UDP.
    keep_alive: Option<Moment>,
}

#[derive(Clone, Copy)]
struct Asked {
    query: QueryId,
    place: Target,
    until: Moment,
}

/// One way for a call: a trunk at one of its places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) trunk: usize,
    pub(super) target: Target,
    /// How long nothing at all may come back.
    pub(super) patience: Duration,
}

/// What is due for a trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Due {
    /// Ask it whether it is there.
    Ask(usize),
    /// Its health changed by itself.
    Changed(usize),
    /// Send it something, so that a NAT does not forget us.
    KeepAlive(usize),
    /// Send it this REGISTER.
    Register(usize, Box<Message>),
}

impl Trunks {
    pub(super) fn new(routes: Vec<TrunkRoute>, now: Moment, wall: DateTime<Utc>) -> Self {
        let trunk = |mut route: TrunkRoute| Trunk {
            hosts: Hosts::new(&mut route),
            next: (route.probe && !route.places.is_empty()).then_some(now),
            health: match route.places.is_empty() {
                false => Health::Unknown,
                true => Health::Ill(Why::NoAddress),
            },
            places: Places::new(&route.places),
            acceptance: Acceptance::default(),
            route,
            since: wall,
            asked: None,
            carried: 0,
            held: HashSet::new(),
            registration: None,
            registering: None,
            asked_at: None,
            bound_at: None,
            keep_alive: None,
        };
        Self { list: routes.into_iter().map(trunk).collect() }
    }

    /// The addresses of a trunk are known now, or have changed.
    pub(super) fn found(
        &mut self,
        trunk: usize,
        places: &[Target],
        now: Moment,
        wall: DateTime<Utc>,
    ) {
        let Some(trunk) = self.list.get_mut(trunk) else { return };
        trunk.hosts.follow(places, &mut trunk.route.terms.addresses);
        if trunk.places.replace(places) {
            trunk.acceptance.take();
            trunk.becomes(Health::Unknown, wall);
            trunk.next = trunk.route.probe.then_some(now);
        }
    }

    /// The place of a trunk that is in use.
    pub(super) fn place(&self, trunk: usize) -> Option<Target> {
        self.list.get(trunk)?.places.current()
    }

    /// The place of a trunk that is asked next.
    pub(super) fn asks(&mut self, trunk: usize) -> Option<Target> {
        self.list.get_mut(trunk)?.places.asked()
    }

    /// The ways of one call, in turn: each trunk at the place in use, then at another.
    pub(super) fn ways(&self) -> Vec<Way> {
        let of = |trunk: usize| {
            let places = self.list.get(trunk).map(|trunk| &trunk.places);
            let targets: Vec<Target> = places.into_iter().flat_map(Places::tried).collect();
            let patience = SILENCE_MAX / u32::try_from(targets.len().max(1)).unwrap_or(1);
            targets.into_iter().map(move |target| Way { trunk, target, patience })
        };
        self.order().into_iter().flat_map(of).collect()
    }

    pub(super) fn route(&self, trunk: usize) -> Option<&TrunkRoute> {
        self.list.get(trunk).map(|trunk| &trunk.route)
    }

    pub(super) fn standings(&self) -> Vec<TrunkStanding> {
        let standing = |trunk: &Trunk| TrunkStanding {
            name: trunk.route.name.clone(),
            health: trunk.health,
            since: trunk.since,
            registered: trunk.registration.as_ref().map(Registration::standing),
        };
        self.list.iter().map(standing).collect()
    }

    /// The trunk that calls from there; where several do, the first.
    pub(super) fn at(&self, address: IpAddr) -> Option<usize> {
        let address = address.to_canonical();
        self.list.iter().position(|trunk| trunk.route.terms.addresses.contains(&address))
    }

    /// It carries a dialog, in whichever direction.
    pub(super) fn holds(&mut self, trunk: usize, dialog: DialogId) {
        if let Some(trunk) = self.list.get_mut(trunk) {
            trunk.held.insert(dialog);
        }
    }

    /// Whether it carries as many calls as were agreed.
    pub(super) fn is_full(&self, trunk: usize) -> bool {
        self.list.get(trunk).is_some_and(Trunk::is_full)
    }

    /// A dialog is given up for another.
    pub(super) fn lets_go_of(&mut self, dialog: DialogId) {
        for trunk in &mut self.list {
            trunk.held.remove(&dialog);
        }
    }

    /// Lets go of the dialogs that are over.
    pub(super) fn let_go(&mut self, lives: impl Fn(DialogId) -> bool) {
        self.list.iter_mut().for_each(|trunk| trunk.held.retain(|dialog| lives(*dialog)));
    }

    /// Whom to try, in turn: those that carry all the calls they may last, then those that
    /// are ill, then by order; trunks of one order share the calls by weight. None is left
    /// out: a caller without a responder is worse than a call an operator refuses.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.list.len()).collect();
        order.sort_by(|a, b| {
            let (Some(a), Some(b)) = (self.list.get(*a), self.list.get(*b)) else {
                return std::cmp::Ordering::Equal;
            };
            let first = |trunk: &Trunk| (trunk.is_full(), trunk.is_doubtful(), trunk.route.order);
            // The share each would have with one more: (carried + 1) / weight.
            let share = |trunk: &Trunk, other: &Trunk| {
                u128::from(trunk.carried + 1) * u128::from(other.route.weight.max(1))
            };
            first(a).cmp(&first(b)).then_with(|| share(a, b).cmp(&share(b, a)))
        });
        order
    }

    /// A call was sent there.
    pub(super) fn carries(&mut self, trunk: usize) {
        if let Some(trunk) = self.list.get_mut(trunk) {
            trunk.carried += 1;
        }
    }

    /// It gave a sign of life at one of its places, or failed there: whether that is news.
    pub(super) fn note(
        &mut self,
        way: Way,
        health: Health,
        now: Moment,
        wall: DateTime<Utc>,
    ) -> bool {
        let Some(trunk) = self.list.get_mut(way.trunk) else { return false };
        let probe = trunk.route.probe;
        let health = match health {
            Health::Ill(_) => match trunk.places.failed(way.target) {
                Left::ForAnother => Health::Unknown,
                Left::Nothing => health,
                Left::NotUsed => trunk.health,
            },
            Health::Unknown | Health::Well => {
                trunk.places.answered(way.target);
                let is_used = trunk.places.current() == Some(way.target);
                if is_used { health } else { trunk.health }
            }
        };
        let health = match health {
            // It is there, and yet takes no call of ours.
            Health::Unknown | Health::Well if trunk.acceptance.is_refused(now) => {
                Health::Ill(Why::RefusesCalls)
            }
            health => health,
        };
        trunk.next = match (probe, health) {
            (true, Health::Ill(_)) => Some(now + ILL_EVERY),
            (true, Health::Unknown) => Some(now),
            (true, Health::Well) => Some(now + WELL_EVERY),
            (false, Health::Ill(_) | Health::Unknown) => Some(now + FORGIVEN_AFTER),
            // Until then what failed is not gone back to.
            (false, Health::Well) => trunk.next.filter(|_| !trunk.places.is_first()),
        };
        trunk.becomes(health, wall)
    }

    /// When [`Trunks::due`] must be asked.
    pub(super) fn poll_timeout(&self) -> Option<Moment> {
        let at = |trunk: &Trunk| {
            let probe = match trunk.asked {
                Some(asked) => Some(asked.until),
                None => trunk.next,
            };
            let registration = trunk.registration.as_ref().and_then(Registration::poll_timeout);
            [probe, registration, trunk.keep_alive].into_iter().flatten().min()
        };
        self.list.iter().filter_map(at).min()
    }

    /// What has fallen due, one thing at a time.
    pub(super) fn due(&mut self, now: Moment, wall: DateTime<Utc>) -> Option<Due> {
        for nth in 0..self.list.len() {
            let Some(trunk) = self.list.get_mut(nth) else { continue };
            if let Some(due) = trunk.registration_due(nth, now) {
                return Some(due);
            }
            if trunk.keep_alive.is_some_and(|due| due <= now) {
                trunk.keep_alive = Some(now + trunk.keep_alive_every());
                return Some(Due::KeepAlive(nth));
            }
            if let Some(asked) = trunk.asked.take_if(|asked| asked.until <= now) {
                let way = Way { trunk: nth, target: asked.place, patience: PATIENCE };
                if self.note(way, Health::Ill(Why::Silent), now, wall) {
                    return Some(Due::Changed(nth));
                }
            } else if trunk.asked.is_none() && trunk.next.is_some_and(|next| next <= now) {
                trunk.next = None;
                if trunk.route.probe {
                    return Some(Due::Ask(nth));
                }
                // Never asked: it may be well again, and the next call will show it.
                trunk.places.forgive();
                if trunk.becomes(Health::Unknown, wall) {
                    return Some(Due::Changed(nth));
                }
            }
        }
        None
    }

    pub(super) fn asked(&mut self, trunk: usize, place: Target, query: QueryId, now: Moment) {
        if let Some(trunk) = self.list.get_mut(trunk) {
            trunk.asked = Some(Asked { query, place, until: now + PATIENCE });
        }
    }

    /// An answer to a probe came, however late: whose, and what it says.
    pub(super) fn answered(&mut self, query: QueryId, status: u16) -> Option<(Way, Health)> {
        let (nth, asked) = self.list.iter_mut().enumerate().find_map(|(nth, trunk)| {
            Some((nth, trunk.asked.take_if(|asked| asked.query == query)?))
        })?;
        let way = Way { trunk: nth, target: asked.place, patience: PATIENCE };
        let health = match status {
            408 => Health::Ill(Why::Silent),
            503 => Health::Ill(Why::Unavailable),
            // 404, 405, 481, 500: it does not like the question, but it is there.
            _ => Health::Well,
        };
        Some((way, health))
    }
}

impl Trunk {
    /// Whether it carries as many calls as were agreed.
    fn is_full(&self) -> bool {
        self.route.terms.calls_max.is_some_and(|most| self.held.len() >= most)
    }

    /// Whether that is news.
    fn becomes(&mut self, health: Health, wall: DateTime<Utc>) -> bool {
        if std::mem::replace(&mut self.health, health) == health {
            return false;
        }
        self.since = wall;
        true
    }

    /// Whether a call had better not be tried here first.
    fn is_doubtful(&self) -> bool {
        let registered = self.registration.as_ref().map(Registration::standing);
        matches!(self.health, Health::Ill(_))
            || matches!(registered, Some(Registered::No(_) | Registered::NotYet))
    }
}

/// How often a trunk that is well is asked.
const WELL_EVERY: Duration = Duration::from_secs(30);
/// How often a trunk that is ill is asked.
const ILL_EVERY: Duration = Duration::from_secs(10);
/// How long an answer may take: OPTIONS is repeated after 0.5, 1.5 and 3.5 s.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long a trunk may say nothing at all to an INVITE before the next is tried, at all
/// its places together: one has been sent three times by then (0, 0.5 and 1.5 s).
const SILENCE_MAX: Duration = Duration::from_secs(3);
/// How long a failed call counts against a trunk that is never asked.
const FORGIVEN_AFTER: Duration = Duration::from_secs(60);

#[cfg(test)]
#[path = "tests/trunks.rs"]
mod tests;
