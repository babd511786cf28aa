//! Which trunk carries a call to a responder, and what happens when it does not.
//!
//! Law: a trunk that says nothing for its way's patience, refuses with 5xx, refuses our account
//! or the number (401, 402, 403, 407) or cannot be reached is passed over for the next; what
//! the phone itself says (busy, declined, unknown) is final.

use super::figures::show_trunks;
use super::legs::{LiveLeg, Placing};
use super::trunks::{Acceptance, Due, Health, Trunks, Way, Why};
use super::{LiveCall, SoundProtection, Switchboard};
use crate::call::RingFailure;
use crate::line::Target;
use crate::media::{Order, StreamId};
use crate::sip::sdp::{self, LocalSound, Security, Width};
use crate::sip::{DialogId, Message, Outgoing, Registered, Route, Transmit, host};
use crate::words::{CallId, Clock, Codec, LegId, PhoneNumber};

/// What was offered of sound cannot be taken, there (488) or anywhere (606).
const NOT_ACCEPTABLE: u16 = 488;
const NOT_ACCEPTABLE_ANYWHERE: u16 = 606;

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
        let towards = ways.iter().find_map(|way| self.way_to(way.target));
        let towards = towards.ok_or(RingFailure::Unreachable)?;
        let (mut stream, mut local, ear) =
            self.open_stream(live.id, towards, [].into()).map_err(|_| RingFailure::Unreachable)?;
        local.width = widest(live);
        let mut placing = Placing {
            phone: phone.clone(),
            caller_id: live.plan.caller_id.clone(),
            caller: live.caller.clone().filter(|_| !live.hidden),
            way: first,
            others: ways,
            plain_for: None,
            ear,
            early: None,
        };
        let sound = (&mut stream, &mut local);
        let Some(dialog) = self.dial(live.id, id, &mut placing, sound) else {
            self.order(Order::Close { stream });
            return Err(RingFailure::Unreachable);
        };
        self.trust(stream, placing.way.trunk);
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
        (stream, local): (&mut StreamId, &mut LocalSound),
    ) -> Option<DialogId> {
        let now = self.now();
        while !placing.others.is_empty() {
            placing.way = placing.others.remove(0);
            placing.early = None;
            let Some(route) = self.way_to(placing.way.target) else { continue };
            let Some(trunk) = self.trunks.route(placing.way.trunk).cloned() else { continue };
            let security = match placing.plain_for == Some(placing.way.trunk) {
                true => Some(Security::Plain),
                false => trunk.terms.offered_over(route.transport),
            };
            let Some(security) = security else { continue };
            // Only then: what the way before hears with is closed by it.
            if !self.listen_towards((call, leg), route, &mut placing.ear, (stream, local)) {
                continue;
            }
            local.security = security;
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
                service_route: self.trunks.service_route(placing.way),
            };
            match self.parts.endpoint.invite(now, outgoing) {
                Ok(dialog) => {
                    self.tell_if_full(call, placing.way.trunk);
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

    /// Sound of a stream may come from this trunk's hosts, and from no other operator's.
    fn trust(&self, stream: StreamId, trunk: usize) {
        let hosts = self.trunks.route(trunk).map(|trunk| trunk.terms.hosts());
        self.order(Order::Trust { stream, hosts: hosts.unwrap_or_default() });
    }

    fn way_to(&self, target: Target) -> Option<Route> {
        let route = self.parts.line.route_to(target.transport, target.address);
        if route.is_none() {
            tracing::error!(sip.remote = %target.address, "no way to the trunk");
        }
        route
    }

    /// A full trunk is the last that is dialled: a responder who may not be reached is better
    /// than one who is not tried, and its operator says no by itself.
    fn tell_if_full(&self, call: CallId, nth: usize) {
        if let Some(trunk) = self.trunks.route(nth).filter(|_| self.trunks.is_full(nth)) {
            tracing::warn!(call.id = %call, trunk.name = trunk.name,
                "a trunk that carries max_calls is dialled: no other is left");
        }
    }

    /// A trunk's name has got addresses, or others.
    pub(super) fn trunk_found(&mut self, trunk: usize, places: &[Target]) {
        let (now, wall) = (self.now(), self.parts.clock.wall());
        self.trunks.found(trunk, places, now, wall);
        self.trunks.introduce(&mut self.parts.endpoint);
        let line = &self.parts.line;
        self.trunks.register(now, |place| line.route_to(place.transport, place.address));
        self.tell_of_trunk(trunk);
    }

    /// What came back says something of the trunk, too; `None` is a first sign.
    pub(super) fn judge_trunk(&mut self, call: CallId, leg: LegId, status: Option<u16>) {
        let live = self.calls.get(&call).and_then(|live| live.legs.get(&leg));
        let Some(placing) = live.and_then(|leg| leg.placing.as_ref()) else { return };
        let way = placing.way;
        let health = match status {
            Some(status) if Acceptance::concerns(status) => {
                let number = placing.phone.clone();
                return self.trunk_refuses(way.trunk, status, &number);
            }
            Some(503) => Health::Ill(Why::Unavailable),
            // A server's own trouble, or silence: no verdict on the next call.
            Some(408 | 500..=599) => return,
            _ => Health::Well,
        };
        // 180 and 183 may be the network's own announcement.
        if matches!(status, Some(200 | 486 | 600 | 603 | 607)) {
            self.trunks.reached(way.trunk);
        }
        self.trunk_is(way, health);
    }

    /// A trunk refused a call that the phone never heard of.
    fn trunk_refuses(&mut self, nth: usize, status: u16, number: &PhoneNumber) {
        let name = self.trunks.route(nth).map(|trunk| trunk.name.as_str());
        tracing::warn!(
            trunk.name = name,
            sip.status = status,
            "a trunk refused our call: our account there, or the number, is barred"
        );
        let (now, wall) = (self.now(), self.parts.clock.wall());
        if self.trunks.refused(nth, (status, number), now, wall) {
            self.tell_of_trunk(nth);
        }
    }

    /// Tries again for a call that was refused, without protection of its sound where only
    /// that was refused, else over the next trunk: whether there was a way.
    pub(super) fn fail_over(&mut self, call: CallId, leg: LegId, status: u16) -> bool {
        match status {
            NOT_ACCEPTABLE | NOT_ACCEPTABLE_ANYWHERE => self.dial_plain(call, leg),
            500..600 => self.dial_on(call, leg),
            // What one operator bars another may carry.
            status if Acceptance::concerns(status) => self.dial_on(call, leg),
            _ => false,
        }
    }

    fn dial_on(&mut self, call: CallId, leg: LegId) -> bool {
        let trunk = self.dial_again(call, leg, |_, _| true);
        if let Some(trunk) = trunk {
            let name = self.trunks.route(trunk).map(|trunk| trunk.name.as_str());
            tracing::warn!(call.id = %call, leg.id = %leg, trunk.name = name,
                "the call goes over another trunk");
        }
        trunk.is_some()
    }

    /// The same trunk once more, in the clear: where its terms are to offer protection only.
    fn dial_plain(&mut self, call: CallId, leg: LegId) -> bool {
        let trunk = self.dial_again(call, leg, |trunks, placing| {
            let way = placing.way;
            let terms = trunks.route(way.trunk).map(|trunk| trunk.terms.protection);
            let offered = terms == Some(SoundProtection::Offered);
            if offered && placing.plain_for != Some(way.trunk) {
                placing.plain_for = Some(way.trunk);
                placing.others.insert(0, way);
                return true;
            }
            false
        });
        if let Some(trunk) = trunk {
            let name = self.trunks.route(trunk).map(|trunk| trunk.name.as_str());
            tracing::warn!(call.id = %call, leg.id = %leg, trunk.name = name,
                "protected sound was refused: the call is offered again in the clear");
        }
        trunk.is_some()
    }

    /// Dials a leg once more if `may` says so: over which trunk.
    fn dial_again(
        &mut self,
        call: CallId,
        id: LegId,
        may: impl FnOnce(&Trunks, &mut Placing) -> bool,
    ) -> Option<usize> {
        let dialled = self.beside(call, |board, live| {
            let leg = live.legs.get_mut(&id)?;
            let placing = leg.placing.as_mut()?;
            may(&board.trunks, placing).then_some(())?;
            board.trunks.lets_go_of(leg.dialog);
            let sound = (&mut leg.stream, &mut leg.local);
            let dialog = board.dial(call, id, placing, sound)?;
            board.dialogs.remove(&std::mem::replace(&mut leg.dialog, dialog));
            board.trust(leg.stream, placing.way.trunk);
            Some(placing.way.trunk)
        });
        dialled.flatten()
    }

    /// Calls nothing has come back to go over the next trunk.
    pub(super) fn pass_over_the_silent(&mut self) {
        let now = self.now();
        while let Some((due, dialog)) = self.unheard.first().copied().filter(|(at, _)| *at <= now) {
            self.unheard.remove(&(due, dialog));
            if let Some((call, leg)) = self.dialogs.get(&dialog).copied() {
                self.guarded(Some(call), |board| board.pass_over(dialog, call, leg));
            }
        }
    }

    /// Goes over the next trunk where nothing has come back.
    fn pass_over(&mut self, dialog: DialogId, call: CallId, leg: LegId) {
        if self.parts.endpoint.is_heard(dialog) {
            return;
        }
        let live = self.calls.get(&call).and_then(|live| live.legs.get(&leg));
        if let Some(placing) = live.and_then(|leg| leg.placing.as_ref()) {
            self.trunk_is(placing.way, Health::Ill(Why::DeafToCalls));
        }
        // Without another way the trunk keeps its chance.
        if self.dial_on(call, leg) {
            let now = self.now();
            self.parts.endpoint.hang_up(now, dialog);
        }
    }

    /// Asks the trunks that are due whether they are there.
    pub(super) fn wake_trunks(&mut self) {
        let now = self.now();
        while let Some(due) = self.trunks.due(now, self.parts.clock.wall()) {
            self.guarded(None, |board| match due {
                Due::Ask(trunk) => board.ask_trunk(trunk),
                Due::Changed(trunk) => board.tell_of_trunk(trunk),
                Due::KeepAlive(trunk) => board.keep_alive(trunk),
                Due::Register(trunk, request) => board.send_register(trunk, &request),
            });
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
        let Some(place) = self.trunks.place(trunk) else { return };
        let Some(route) = self.way_to(place) else { return };
        let now = self.now();
        let over = self.trunks.route(trunk).and_then(|t| t.terms.outbound_proxy.as_deref());
        let query = self.parts.endpoint.query(now, route, request, over);
        self.trunks.registering(trunk, query, place);
    }

    /// Takes in the answers to what trunks were asked.
    pub(super) fn replies(&mut self) {
        let now = self.now();
        while let Some(reply) = self.parts.endpoint.poll_reply() {
            self.guarded(None, |board| {
                #[cfg(test)]
                board.planted.bursts("reply");
                if let Some(trunk) = board.trunks.registered(&reply, now) {
                    board.tell_of_trunk(trunk);
                }
                if let Some((way, health)) = board.trunks.answered(reply.query, reply.status) {
                    board.trunk_is(way, health);
                }
            });
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
