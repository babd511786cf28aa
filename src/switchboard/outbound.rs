//! Which trunk carries a call to a responder, and what happens when it does not.
//!
//! Law: a trunk that says nothing for [`SILENCE_MAX`], refuses with 5xx or cannot be
//! reached is passed over for the next; what the phone itself says (busy, declined,
//! unknown) is final.

use std::net::SocketAddr;
use std::time::Duration;

use super::figures::show_trunks;
use super::legs::{LiveLeg, Placing};
use super::trunks::{Due, Health, Why};
use super::{LiveCall, Switchboard};
use crate::call::RingFailure;
use crate::media::Order;
use crate::sip::sdp::{self, LocalSound};
use crate::sip::{DialogId, Message, Outgoing, Registered, Route};
use crate::words::{CallId, Clock, LegId, PhoneNumber};

impl Switchboard {
    /// Rings a phone through the first trunk that takes the call.
    pub(super) fn place(
        &mut self,
        live: &mut LiveCall,
        id: LegId,
        phone: &PhoneNumber,
        claimed: Vec<PhoneNumber>,
    ) -> Result<(), RingFailure> {
        let mut placing = Placing {
            phone: phone.clone(),
            caller_id: live.plan.caller_id.clone(),
            trunk: 0,
            others: self.trunks.order(),
        };
        let towards = placing.others.iter().find_map(|trunk| self.way_to(*trunk));
        let towards = towards.ok_or(RingFailure::Unreachable)?.local.ip();
        let (stream, mut local) =
            self.open_stream(live.id, towards).map_err(|_| RingFailure::Unreachable)?;
        let Some(dialog) = self.dial(live.id, id, &mut placing, &mut local) else {
            self.order(Order::Close { stream });
            return Err(RingFailure::Unreachable);
        };
        self.streams.insert(stream, (live.id, id));
        live.legs.insert(
            id,
            LiveLeg {
                dialog,
                stream,
                local,
                format: None,
                claimed,
                keys_by: None,
                held: false,
                lost: false,
                placing: Some(placing),
            },
        );
        Ok(())
    }

    /// Sends an INVITE through the first of the trunks not tried yet that has a way.
    fn dial(
        &mut self,
        call: CallId,
        leg: LegId,
        placing: &mut Placing,
        local: &mut LocalSound,
    ) -> Option<DialogId> {
        let now = self.now();
        while !placing.others.is_empty() {
            placing.trunk = placing.others.remove(0);
            let Some(route) = self.way_to(placing.trunk) else { continue };
            let Some(trunk) = self.trunks.route(placing.trunk) else { continue };
            local.address = self.sound_address(route.local.ip());
            let outgoing = Outgoing {
                route,
                to: placing.phone.reveal().to_owned(),
                to_host: trunk.domain.clone(),
                from_number: placing.caller_id.reveal().to_owned(),
                from_host: trunk.domain.clone().unwrap_or_else(|| route.local.ip().to_string()),
                sdp: sdp::offer(local),
                credentials: trunk.credentials.clone(),
            };
            match self.parts.endpoint.invite(now, outgoing) {
                Ok(dialog) => {
                    self.trunks.carries(placing.trunk);
                    if !placing.others.is_empty() {
                        self.unheard.insert((now + SILENCE_MAX, dialog));
                    }
                    self.dialogs.insert(dialog, (call, leg));
                    return Some(dialog);
                }
                Err(error) => {
                    tracing::error!(call.id = %call, %error, "a responder could not be rung");
                    return None;
                }
            }
        }
        None
    }

    fn way_to(&self, trunk: usize) -> Option<Route> {
        let trunk = self.trunks.route(trunk)?;
        // Without an address there is none: said once, where it is looked for.
        let route = self.parts.line.route_to(trunk.transport, trunk.proxy?);
        if route.is_none() {
            tracing::error!(trunk.name = trunk.name, "no way to the trunk");
        }
        route
    }

    /// A trunk's name has got an address.
    pub(super) fn trunk_found(&mut self, trunk: usize, proxy: SocketAddr) {
        let (now, wall) = (self.now(), self.parts.clock.wall());
        let known = self.settings.trunk_hosts.iter().copied().chain([proxy.ip()]);
        self.settings.trunk_hosts = known.collect();
        self.trunks.found(trunk, proxy, now, wall);
        let line = &self.parts.line;
        self.trunks.register(now, |trunk| line.route_to(trunk.transport, trunk.proxy?));
        self.tell_of_trunk(trunk);
    }

    /// What came back says something of the trunk, too.
    pub(super) fn judge_trunk(&mut self, call: CallId, leg: LegId, status: Option<u16>) {
        let live = self.calls.get(&call).and_then(|live| live.legs.get(&leg));
        let Some(placing) = live.and_then(|leg| leg.placing.as_ref()) else { return };
        let health = match status {
            Some(503) => Health::Ill(Why::Unavailable),
            // A server's own trouble, or silence: no verdict on the next call.
            Some(408 | 500..=599) => return,
            _ => Health::Well,
        };
        self.trunk_is(placing.trunk, health);
    }

    /// Tries the next trunk for a call that the last one refused: whether there was one.
    pub(super) fn fail_over(&mut self, call: CallId, leg: LegId, status: u16) -> bool {
        (500..600).contains(&status) && self.dial_on(call, leg)
    }

    fn dial_on(&mut self, call: CallId, id: LegId) -> bool {
        let Some(mut live) = self.calls.remove(&call) else { return false };
        let dialled = live.legs.get_mut(&id).and_then(|leg| {
            let placing = leg.placing.as_mut()?;
            let dialog = self.dial(call, id, placing, &mut leg.local)?;
            self.dialogs.remove(&std::mem::replace(&mut leg.dialog, dialog));
            let name = self.trunks.route(placing.trunk).map(|trunk| trunk.name.as_str());
            tracing::warn!(call.id = %call, leg.id = %id, trunk.name = name,
                "the call goes over another trunk");
            Some(())
        });
        self.calls.insert(call, live);
        dialled.is_some()
    }

    /// Calls nothing has come back to go over the next trunk.
    pub(super) fn pass_over_the_silent(&mut self) {
        let now = self.now();
        while let Some((due, dialog)) = self.unheard.first().copied().filter(|(at, _)| *at <= now) {
            self.unheard.remove(&(due, dialog));
            let Some((call, leg)) = self.dialogs.get(&dialog).copied() else { continue };
            if self.parts.endpoint.is_heard(dialog) {
                continue;
            }
            let live = self.calls.get(&call).and_then(|live| live.legs.get(&leg));
            if let Some(placing) = live.and_then(|leg| leg.placing.as_ref()) {
                self.trunk_is(placing.trunk, Health::Ill(Why::DeafToCalls));
            }
            // Without another way the trunk keeps its chance.
            if self.dial_on(call, leg) {
                self.parts.endpoint.hang_up(now, dialog);
            }
        }
    }

    /// Asks the trunks that are due whether they are there.
    pub(super) fn wake_trunks(&mut self) {
        let now = self.now();
        while let Some(due) = self.trunks.due(now, self.parts.clock.wall()) {
            match due {
                Due::Ask(trunk) => self.ask_trunk(trunk),
                Due::Changed(trunk) => self.tell_of_trunk(trunk),
                Due::Register(trunk, request) => self.send_register(trunk, &request),
            }
        }
    }

    fn ask_trunk(&mut self, nth: usize) {
        let Some(route) = self.way_to(nth) else { return };
        let Some(trunk) = self.trunks.route(nth) else { return };
        let host = trunk.domain.clone().unwrap_or_else(|| route.remote.to_string());
        let now = self.now();
        let query = self.parts.endpoint.ping(now, route, &host);
        self.trunks.asked(nth, query, now);
    }

    fn send_register(&mut self, trunk: usize, request: &Message) {
        // Trunks without a way do not begin to register.
        let Some(route) = self.way_to(trunk) else { return };
        let now = self.now();
        let query = self.parts.endpoint.query(now, route, request);
        self.trunks.registering(trunk, query);
    }

    /// Takes in the answers to what trunks were asked.
    pub(super) fn replies(&mut self) {
        let now = self.now();
        while let Some(reply) = self.parts.endpoint.poll_reply() {
            if let Some(trunk) = self.trunks.registered(&reply, now) {
                self.tell_of_trunk(trunk);
            }
            if let Some((trunk, health)) = self.trunks.answered(reply.query, reply.status) {
                self.trunk_is(trunk, health);
            }
        }
        // A challenge is met at once.
        self.wake_trunks();
    }

    fn trunk_is(&mut self, trunk: usize, health: Health) {
        let (now, wall) = (self.now(), self.parts.clock.wall());
        if self.trunks.note(trunk, health, now, wall) {
            self.tell_of_trunk(trunk);
        }
    }

    fn tell_of_trunk(&self, nth: usize) {
        let standings = self.trunks.standings();
        let Some(trunk) = standings.get(nth) else { return };
        let (name, all) = (&trunk.name, standings.iter());
        match trunk.health {
            Health::Ill(why) if all.clone().all(|t| matches!(t.health, Health::Ill(_))) => {
                tracing::error!(trunk.name = name, ?why, "no trunk is well: nobody can be rung");
            }
            Health::Ill(why) => tracing::warn!(trunk.name = name, ?why, "a trunk is ill"),
            Health::Well => tracing::info!(trunk.name = name, "a trunk is well"),
            Health::Unknown => tracing::info!(trunk.name = name, "a trunk is given another chance"),
        }
        match trunk.registered {
            Some(Registered::Yes) => tracing::info!(trunk.name = name, "registered"),
            Some(Registered::No(status)) => tracing::error!(
                trunk.name = name,
                sip.status = status,
                "not registered: calls through this trunk do not reach us"
            ),
            Some(Registered::Left) => tracing::info!(trunk.name = name, "no longer registered"),
            Some(Registered::NotYet) | None => {}
        }
        show_trunks(&standings);
        if let Some(told) = &self.told_of_trunks {
            told.send_replace(standings);
        }
    }
}

/// How long a trunk may say nothing at all to an INVITE before the next is tried: it has
/// been sent three times by then (0, 0.5 and 1.5 s).
const SILENCE_MAX: Duration = Duration::from_secs(3);
