//! Which trunk carries a call to a responder, and what happens when it does not.
//!
//! Law: a trunk that says nothing for its way's patience, refuses with 5xx or cannot be
//! reached is passed over for the next; what the phone itself says (busy, declined,
//! unknown) is final.

use super::figures::show_trunks;
use super::legs::{LiveLeg, Placing};
use super::trunks::{Due, Health, Way, Why};
use super::{LiveCall, Switchboard};
use crate::call::RingFailure;
use crate::line::Target;
use crate::media::Order;
use crate::sip::sdp::{self, LocalSound, Width};
use crate::sip::{DialogId, Message, Outgoing, Registered, Route, Transmit, host};
use crate::words::{CallId, Clock, Codec, LegId, PhoneNumber};

impl Switchboard {
    /// Rings a phone through the first trunk that takes the call.
    pub(super) fn place(
        &mut self,
        live: &mut LiveCall,
        id: LegId,
        phone: &PhoneNumber,
        claimed: Vec<PhoneNumber>,
    ) -> Result<(), RingFailure> {
        self.trunks.let_go(|dialog| self.dialogs.contains_key(&dialog));
        let ways = self.trunks.ways();
        let first = ways.first().copied().ok_or(RingFailure::Unreachable)?;
        let mut placing = Placing {
            phone: phone.clone(),
            caller_id: live.plan.caller_id.clone(),
            caller: live.caller.clone().filter(|_| !live.hidden),
            way: first,
            others: ways,
        };
        let towards = placing.others.iter().find_map(|way| self.way_to(way.target));
        let towards = towards.ok_or(RingFailure::Unreachable)?.local.ip();
        let (stream, mut local) =
            self.open_stream(live.id, towards).map_err(|_| RingFailure::Unreachable)?;
        local.width = widest(live);
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
                place: None,
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
            placing.way = placing.others.remove(0);
            let Some(route) = self.way_to(placing.way.target) else { continue };
            let Some(trunk) = self.trunks.route(placing.way.trunk) else { continue };
            let sound = self.sound_address(route.local.ip());
            if sound.is_ipv4() != local.address.is_ipv4() {
                // The port for its sound is of the other family.
                continue;
            }
            local.address = sound;
            let outgoing = Outgoing {
                route,
                to: placing.phone.written(trunk.terms.numbers_out),
                to_host: trunk.domain.clone(),
                from_number: placing.caller_id.written(trunk.terms.numbers_out),
                from_host: trunk.domain.clone().unwrap_or_else(|| host(route.local.ip())),
                sdp: sdp::offer(local),
                credentials: trunk.credentials.clone(),
                forwarding: trunk.terms.forwarding(placing.caller.as_ref()),
                outbound_proxy: trunk.terms.outbound_proxy.clone(),
            };
            match self.parts.endpoint.invite(now, outgoing) {
                Ok(dialog) => {
                    self.trunks.carries(placing.way.trunk);
                    self.trunks.holds(placing.way.trunk, dialog);
                    if !placing.others.is_empty() {
                        self.unheard.insert((now + placing.way.patience, dialog));
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

    fn way_to(&self, target: Target) -> Option<Route> {
        let route = self.parts.line.route_to(target.transport, target.address);
        if route.is_none() {
            tracing::error!(sip.remote = %target.address, "no way to the trunk");
        }
        route
    }

    /// A trunk's name has got addresses, or others.
    pub(super) fn trunk_found(&mut self, trunk: usize, places: &[Target]) {
        let (now, wall) = (self.now(), self.parts.clock.wall());
        self.trunks.found(trunk, places, now, wall);
        if let Some(trunk) = self.trunks.route(trunk) {
            trunk.terms.introduce(&mut self.parts.endpoint);
        }
        let found = self.trunks.places().map(|place| place.address.ip());
        self.settings.trunk_hosts = self.written_hosts.iter().copied().chain(found).collect();
        let line = &self.parts.line;
        self.trunks.register(now, |place| line.route_to(place.transport, place.address));
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
        self.trunk_is(placing.way, health);
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
            let name = self.trunks.route(placing.way.trunk).map(|trunk| trunk.name.as_str());
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
                self.trunk_is(placing.way, Health::Ill(Why::DeafToCalls));
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
                Due::KeepAlive(trunk) => self.keep_alive(trunk),
                Due::Register(trunk, request) => self.send_register(trunk, &request),
            }
        }
    }

    /// Keeps the way back through a NAT open (RFC 5626 §3.5, in the manner of RFC 6223).
    fn keep_alive(&self, trunk: usize) {
        let place = self.trunks.place(trunk);
        if let Some(route) = place.and_then(|place| self.way_to(place)) {
            self.parts.line.send(Transmit { route, bytes: b"\r\n\r\n".to_vec() });
        }
    }

    fn ask_trunk(&mut self, nth: usize) {
        let Some(place) = self.trunks.asks(nth) else { return };
        let Some(route) = self.way_to(place) else { return };
        let Some(trunk) = self.trunks.route(nth) else { return };
        let host = trunk.domain.clone().unwrap_or_else(|| route.remote.to_string());
        let now = self.now();
        let over = trunk.terms.outbound_proxy.as_deref();
        let query = self.parts.endpoint.ping(now, route, &host, over);
        self.trunks.asked(nth, place, query, now);
    }

    fn send_register(&mut self, trunk: usize, request: &Message) {
        // Trunks without a way do not begin to register.
        let place = self.trunks.place(trunk);
        let Some(route) = place.and_then(|place| self.way_to(place)) else { return };
        let now = self.now();
        let over = self.trunks.route(trunk).and_then(|t| t.terms.outbound_proxy.as_deref());
        let query = self.parts.endpoint.query(now, route, request, over);
        self.trunks.registering(trunk, query);
    }

    /// Takes in the answers to what trunks were asked.
    pub(super) fn replies(&mut self) {
        let now = self.now();
        while let Some(reply) = self.parts.endpoint.poll_reply() {
            if let Some(trunk) = self.trunks.registered(&reply, now) {
                self.tell_of_trunk(trunk);
            }
            if let Some((way, health)) = self.trunks.answered(reply.query, reply.status) {
                self.trunk_is(way, health);
            }
        }
        // A challenge is met at once.
        self.wake_trunks();
    }

    fn trunk_is(&mut self, way: Way, health: Health) {
        let (now, wall) = (self.now(), self.parts.clock.wall());
        if self.trunks.note(way, health, now, wall) {
            self.tell_of_trunk(way.trunk);
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

/// What a responder is offered: only who has a wideband caller to hear gets wideband.
fn widest(live: &LiveCall) -> Width {
    let caller = live.legs.get(&LegId::CALLER).and_then(|leg| leg.format);
    match caller.map(|format| format.codec) {
        Some(Codec::G722) => Width::Wide,
        Some(Codec::G711(_)) | None => Width::Narrow,
    }
}
