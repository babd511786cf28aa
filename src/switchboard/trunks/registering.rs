//! How we stand with the registrars: who is asked to let us in, when, and to let us go.
//!
//! It sends nothing itself. Law: a binding over UDP is kept alive as long as it holds; one over
//! a connection is kept by that.

use std::time::Duration;

use super::{Due, Trunk, Trunks, Way};
use crate::line::Target;
use crate::sip::{QueryId, Registered, Registration, Reply, Route, Transport};
use crate::words::Moment;

impl Trunks {
    /// Begins to register with the trunks that want it; `way` is how each is reached.
    pub(in crate::switchboard) fn register(
        &mut self,
        now: Moment,
        way: impl Fn(Target) -> Option<Route>,
    ) {
        for trunk in self.list.iter_mut().filter(|trunk| trunk.registration.is_none()) {
            let Some(account) = trunk.route.account.clone() else { continue };
            let Some(route) = trunk.places.current().and_then(&way) else { continue };
            trunk.registration = Some(Registration::new(account, route, now, rand::random()));
        }
    }

    /// The REGISTER that is under way, and where it went.
    pub(in crate::switchboard) fn registering(
        &mut self,
        trunk: usize,
        query: QueryId,
        place: Target,
    ) {
        if let Some(trunk) = self.list.get_mut(trunk) {
            trunk.registering = Some(query);
            trunk.asked_at = Some(place);
        }
    }

    /// An answer to a REGISTER came: whose, if our standing has changed by it.
    pub(in crate::switchboard) fn registered(
        &mut self,
        reply: &Reply,
        now: Moment,
    ) -> Option<usize> {
        let nth = self.list.iter().position(|trunk| trunk.registering == Some(reply.query))?;
        let trunk = self.list.get_mut(nth)?;
        trunk.registering = None;
        let every = trunk.keep_alive_every();
        let registration = trunk.registration.as_mut()?;
        let before = registration.standing();
        registration.receive(now, reply.status, reply.response.as_ref());
        let udp = trunk.places.current().is_some_and(|place| place.transport == Transport::Udp);
        trunk.keep_alive = match registration.standing() {
            Registered::Yes if udp => trunk.keep_alive.or(Some(now + every)),
            _ => None,
        };
        if (200..300).contains(&reply.status) {
            trunk.bound_at = trunk.asked_at;
        }
        (registration.standing() != before).then_some(nth)
    }

    /// The way calls of ours take over a trunk, as its registrar wants it; none at another of its
    /// places, where that way may lead nowhere.
    pub(in crate::switchboard) fn service_route(&self, way: Way) -> Vec<String> {
        let trunk = self.list.get(way.trunk).filter(|trunk| trunk.bound_at == Some(way.target));
        let registration = trunk.and_then(|trunk| trunk.registration.as_ref());
        registration.map_or_else(Vec::new, |registration| registration.service_route().to_vec())
    }

    /// Ends every binding.
    pub(in crate::switchboard) fn leave(&mut self, now: Moment) {
        for registration in self.list.iter_mut().filter_map(|trunk| trunk.registration.as_mut()) {
            registration.leave(now);
        }
    }

    /// Whether no binding is left to be ended.
    pub(in crate::switchboard) fn have_been_left(&self) -> bool {
        let mut registrations = self.list.iter().filter_map(|trunk| trunk.registration.as_ref());
        registrations.all(Registration::is_over)
    }
}

impl Trunk {
    pub(super) fn keep_alive_every(&self) -> Duration {
        self.route.terms.keep_alive.unwrap_or(KEEP_ALIVE_EVERY)
    }

    pub(super) fn registration_due(&mut self, nth: usize, now: Moment) -> Option<Due> {
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

/// How often a registration over UDP is kept alive: NATs forget after 30 s at the earliest.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(25);
