//! The trunks: which is well, and which carries the next call.
//!
//! It sends nothing itself: [`Trunks::due`] says whom to ask, and what comes back is
//! told to it. It reads no clock.
//!
//! Law: a trunk that is ill comes last and is never given up; when it is well again it
//! comes first again.

use std::net::SocketAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::TrunkRoute;
use crate::sip::{Message, QueryId, Registered, Registration, Reply, Route};
use crate::words::Moment;

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
    health: Health,
    since: DateTime<Utc>,
    /// When it is asked next; with probes switched off, when an old verdict is dropped.
    next: Option<Moment>,
    /// The question under way, and until when an answer is waited for.
    asked: Option<(QueryId, Moment)>,
    /// Calls it was given.
    carried: u64,
    registration: Option<Registration>,
    /// The REGISTER under way.
    registering: Option<QueryId>,
}

/// What is due for a trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Due {
    /// Ask it whether it is there.
    Ask(usize),
    /// Its health changed by itself.
    Changed(usize),
    /// Send it this REGISTER.
    Register(usize, Box<Message>),
}

impl Trunks {
    pub(super) fn new(routes: Vec<TrunkRoute>, now: Moment, wall: DateTime<Utc>) -> Self {
        let trunk = |route: TrunkRoute| Trunk {
            next: (route.probe && route.proxy.is_some()).then_some(now),
            health: match route.proxy {
                Some(_) => Health::Unknown,
                None => Health::Ill(Why::NoAddress),
            },
            route,
            since: wall,
            asked: None,
            carried: 0,
            registration: None,
            registering: None,
        };
        Self { list: routes.into_iter().map(trunk).collect() }
    }

    /// Begins to register with the trunks that want it; `way` is how each is reached.
    pub(super) fn register(&mut self, now: Moment, way: impl Fn(&TrunkRoute) -> Option<Route>) {
        for trunk in self.list.iter_mut().filter(|trunk| trunk.registration.is_none()) {
            let Some(account) = trunk.route.account.clone() else { continue };
            let Some(route) = way(&trunk.route) else { continue };
            trunk.registration = Some(Registration::new(account, route, now, rand::random()));
        }
    }

    /// The address of a trunk is known now.
    pub(super) fn found(
        &mut self,
        trunk: usize,
        proxy: SocketAddr,
        now: Moment,
        wall: DateTime<Utc>,
    ) {
        self.note(trunk, Health::Unknown, now, wall);
        if let Some(trunk) = self.list.get_mut(trunk) {
            trunk.route.proxy = Some(proxy);
            trunk.next = trunk.route.probe.then_some(now);
        }
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

    /// Whom to try, in turn: those that are ill last, then by order; trunks of one
    /// order share the calls by weight.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.list.len()).collect();
        order.sort_by(|a, b| {
            let (Some(a), Some(b)) = (self.list.get(*a), self.list.get(*b)) else {
                return std::cmp::Ordering::Equal;
            };
            let first = |trunk: &Trunk| (trunk.is_doubtful(), trunk.route.order);
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

    /// It gave a sign of life, or failed: whether that is news.
    pub(super) fn note(
        &mut self,
        trunk: usize,
        health: Health,
        now: Moment,
        wall: DateTime<Utc>,
    ) -> bool {
        let Some(trunk) = self.list.get_mut(trunk) else { return false };
        let ill = matches!(health, Health::Ill(_));
        trunk.next = match (trunk.route.probe, ill) {
            (true, true) => Some(now + ILL_EVERY),
            (true, false) => Some(now + WELL_EVERY),
            (false, true) => Some(now + FORGIVEN_AFTER),
            (false, false) => None,
        };
        if std::mem::replace(&mut trunk.health, health) == health {
            return false;
        }
        trunk.since = wall;
        true
    }

    /// When [`Trunks::due`] must be asked.
    pub(super) fn poll_timeout(&self) -> Option<Moment> {
        let at = |trunk: &Trunk| {
            let probe = match trunk.asked {
                Some((_, until)) => Some(until),
                None => trunk.next,
            };
            let registration = trunk.registration.as_ref().and_then(Registration::poll_timeout);
            [probe, registration].into_iter().flatten().min()
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
            if trunk.asked.is_some_and(|(_, until)| until <= now) {
                trunk.asked = None;
                if self.note(nth, Health::Ill(Why::Silent), now, wall) {
                    return Some(Due::Changed(nth));
                }
            } else if trunk.asked.is_none() && trunk.next.is_some_and(|next| next <= now) {
                trunk.next = None;
                if trunk.route.probe {
                    return Some(Due::Ask(nth));
                }
                // Never asked: it may be well again, and the next call will show it.
                if self.note(nth, Health::Unknown, now, wall) {
                    return Some(Due::Changed(nth));
                }
            }
        }
        None
    }

    pub(super) fn asked(&mut self, trunk: usize, query: QueryId, now: Moment) {
        if let Some(trunk) = self.list.get_mut(trunk) {
            trunk.asked = Some((query, now + PATIENCE));
        }
    }

    /// The REGISTER that is under way.
    pub(super) fn registering(&mut self, trunk: usize, query: QueryId) {
        if let Some(trunk) = self.list.get_mut(trunk) {
            trunk.registering = Some(query);
        }
    }

    /// An answer to a REGISTER came: whose, if our standing has changed by it.
    pub(super) fn registered(&mut self, reply: &Reply, now: Moment) -> Option<usize> {
        let nth = self.list.iter().position(|trunk| trunk.registering == Some(reply.query))?;
        let trunk = self.list.get_mut(nth)?;
        trunk.registering = None;
        let registration = trunk.registration.as_mut()?;
        let before = registration.standing();
        registration.receive(now, reply.status, reply.response.as_ref());
        (registration.standing() != before).then_some(nth)
    }

    /// Ends every binding.
    pub(super) fn leave(&mut self, now: Moment) {
        for registration in self.list.iter_mut().filter_map(|trunk| trunk.registration.as_mut()) {
            registration.leave(now);
        }
    }

    /// Whether no binding is left to be ended.
    pub(super) fn have_been_left(&self) -> bool {
        let mut registrations = self.list.iter().filter_map(|trunk| trunk.registration.as_ref());
        registrations.all(Registration::is_over)
    }

    /// An answer to a probe came, however late: whose, and what it says.
    pub(super) fn answered(&mut self, query: QueryId, status: u16) -> Option<(usize, Health)> {
        let asked = |trunk: &Trunk| trunk.asked.is_some_and(|(known, _)| known == query);
        let nth = self.list.iter().position(asked)?;
        if let Some(trunk) = self.list.get_mut(nth) {
            trunk.asked = None;
        }
        let health = match status {
            408 => Health::Ill(Why::Silent),
            503 => Health::Ill(Why::Unavailable),
            // 404, 405, 481, 500: it does not like the question, but it is there.
            _ => Health::Well,
        };
        Some((nth, health))
    }
}

impl Trunk {
    /// Whether a call had better not be tried here first.
    fn is_doubtful(&self) -> bool {
        let registered = self.registration.as_ref().map(Registration::standing);
        matches!(self.health, Health::Ill(_))
            || matches!(registered, Some(Registered::No(_) | Registered::NotYet))
    }

    fn registration_due(&mut self, nth: usize, now: Moment) -> Option<Due> {
        let registration = self.registration.as_mut()?;
        let before = registration.standing();
        registration.handle_timeout(now);
        if registration.standing() != before {
            return Some(Due::Changed(nth));
        }
        let request = registration.poll_request(now)?;
        Some(Due::Register(nth, Box::new(request)))
    }
}

/// How often a trunk that is well is asked.
const WELL_EVERY: Duration = Duration::from_secs(30);
/// How often a trunk that is ill is asked.
const ILL_EVERY: Duration = Duration::from_secs(10);
/// How long an answer may take: OPTIONS is repeated after 0.5, 1.5 and 3.5 s.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long a failed call counts against a trunk that is never asked.
const FORGIVEN_AFTER: Duration = Duration::from_secs(60);

#[cfg(test)]
#[path = "tests/trunks.rs"]
mod tests;
