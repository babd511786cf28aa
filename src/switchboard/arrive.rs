//! From an INVITE to a conversation.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::directory::Entrance;
use super::legs::LiveLeg;
use super::{LiveCall, Switchboard};
use crate::calendar;
use crate::call::{Arrival, Call, Gone};
use crate::dialplan::Plan;
use crate::media::{Order, Ports, StreamId};
use crate::sip::sdp::{self, LocalSound, Width};
use crate::sip::{DialogId, Doors, Invitation};
use crate::words::{CallId, CaseId, Clock, LegId, Moment, PhoneNumber, StreamFormat};

/// No number of ours.
const NOT_FOUND: u16 = 404;
/// No sound both sides understand.
const NOT_ACCEPTABLE: u16 = 488;
/// Draining, or every port or every place is taken.
const UNAVAILABLE: u16 = 503;

/// The statuses above, for the log.
fn why(status: u16) -> &'static str {
    match status {
        NOT_FOUND => "no number of ours",
        NOT_ACCEPTABLE => "no sound both sides understand",
        _ => "no room for a call",
    }
}

/// By then the 200 has been sent four times (0, 0.5, 1.5 and 3.5 s).
const ACK_LATE: Duration = Duration::from_secs(4);

/// What is known of a call that comes in at `at`: calls and `polaris what-if` alike.
pub fn arrival(
    plan: &Plan,
    entrance: Entrance,
    caller: Option<&PhoneNumber>,
    at: DateTime<Utc>,
) -> Arrival {
    Arrival {
        direct: entrance == Entrance::Direct,
        active: plan.hours.is_active(calendar::local(at, plan.timezone)),
        // «unknown» and its like can be called back no more than a hidden number.
        hidden: !caller.is_some_and(PhoneNumber::is_international),
    }
}

impl Switchboard {
    /// A phone is calling us.
    pub(super) fn invited(&mut self, dialog: DialogId, invitation: &Invitation) {
        match self.admit(dialog, invitation) {
            Ok(live) => self.begin(live),
            Err(status) => {
                self.tell_refusal(invitation.route.remote, status, why(status));
                let now = self.now();
                self.parts.endpoint.refuse(now, dialog, status);
            }
        }
    }

    fn admit(&mut self, dialog: DialogId, invitation: &Invitation) -> Result<LiveCall, u16> {
        if self.drain.is_some() || !self.has_room() {
            return Err(UNAVAILABLE);
        }
        let (number_called, plan, entrance) =
            self.parts.directory.find(&invitation.called).ok_or(NOT_FOUND)?;
        let trunk = self.trunks.at(invitation.route.remote.ip());
        let caller = invitation.caller.as_deref().filter(|raw| !raw.is_empty());
        let caller = caller.map(|raw| match trunk.and_then(|nth| self.trunks.route(nth)) {
            Some(trunk) => trunk.terms.caller(raw),
            None => PhoneNumber::from_network(raw),
        });
        let id = CallId(Uuid::now_v7());
        let (leg, answer) = self.caller_leg(id, dialog, invitation)?;
        let arrived = self.parts.clock.wall();
        let arrival = arrival(&plan, entrance, caller.as_ref(), arrived);
        self.dialogs.insert(dialog, (id, LegId::CALLER));
        if let Some(trunk) = trunk {
            self.trunks.holds(trunk, dialog);
        }
        self.streams.insert(leg.stream, (id, LegId::CALLER));
        Ok(LiveCall {
            id,
            case: CaseId(Uuid::now_v7()),
            call: Call::new(self.now(), plan.clone(), arrival),
            plan,
            legs: [(LegId::CALLER, leg)].into(),
            answer,
            number_called,
            caller,
            hidden: invitation.hidden,
            arrived,
            began: self.now(),
            sequence: 0,
            due: None,
            unacknowledged: None,
            rescued: 0,
            waiting: Vec::new(),
        })
    }

    /// Whether a call that comes now is taken: if not, nothing is allocated for it.
    pub(super) fn doors(&self, now: Moment) -> Doors {
        let full = self.calls.len() >= self.settings.calls_max && self.oldest_late(now).is_none();
        if self.drain.is_some() || full { Doors::Shut } else { Doors::Open }
    }

    /// The call that has waited longest beyond [`ACK_LATE`] for its acknowledgement.
    fn oldest_late(&self, now: Moment) -> Option<CallId> {
        let late =
            |live: &LiveCall| live.unacknowledged.filter(|answered| *answered + ACK_LATE <= now);
        self.calls.values().filter_map(|live| Some((late(live)?, live.id))).min().map(|(_, id)| id)
    }

    /// Whether a place is free, or can be freed: a caller who was answered and does not
    /// acknowledge it must not keep one from another for the 32 s of RFC 3261 §13.3.1.4.
    fn has_room(&mut self) -> bool {
        if self.calls.len() < self.settings.calls_max {
            return true;
        }
        let now = self.now();
        let Some(id) = self.oldest_late(now) else { return false };
        tracing::warn!(call.id = %id, "a call nobody acknowledged gave its place to another");
        let caller = self.calls.get(&id).and_then(|live| live.legs.get(&LegId::CALLER));
        if let Some(dialog) = caller.map(|leg| leg.dialog) {
            self.parts.endpoint.hang_up(now, dialog);
            self.gone(dialog, Gone::Lost);
        }
        self.calls.len() < self.settings.calls_max
    }

    fn begin(&mut self, live: LiveCall) {
        let id = live.id;
        tracing::info!(call.id = %id, service = %live.plan.service,
            caller = live.caller.as_ref().map(tracing::field::display), "a call came in");
        self.figures.calls.increment(1);
        self.calls.insert(id, live);
        self.with_call(id, |_, _| {});
    }

    /// The caller's leg, and our answer to its offer if it made one.
    fn caller_leg(
        &mut self,
        call: CallId,
        dialog: DialogId,
        invitation: &Invitation,
    ) -> Result<(LiveLeg, Option<Vec<u8>>), u16> {
        let (stream, mut local) = self.open_stream(call, invitation.route.local.ip())?;
        if invitation.sdp.is_none() {
            // Who has not said what it can is offered what everybody can.
            local.width = Width::Narrow;
        }
        let agreed = invitation.sdp.as_deref().map(|offer| sdp::answer(offer, &local)).transpose();
        let (format, answer) = match agreed {
            Ok(agreed) => agreed.unzip(),
            Err(error) => {
                tracing::warn!(%error, "the offered sound cannot be used");
                self.order(Order::Close { stream });
                return Err(NOT_ACCEPTABLE);
            }
        };
        let leg = LiveLeg {
            dialog,
            stream,
            local,
            format,
            claimed: Vec::new(),
            keys_by: None,
            held: false,
            lost: false,
            place: None,
            placing: None,
        };
        Ok((leg, answer))
    }

    /// Binds a port and opens a stream on it.
    pub(super) fn open_stream(
        &mut self,
        call: CallId,
        towards: std::net::IpAddr,
    ) -> Result<(StreamId, LocalSound), u16> {
        let ports = self.parts.ports.iter_mut();
        let ports = ports.max_by_key(|ports| ports.address().is_ipv4() == towards.is_ipv4());
        let port = ports.ok_or(UNAVAILABLE)?.bind().map_err(|error| {
            tracing::error!(%error, "no port for sound is left: the call is refused");
            UNAVAILABLE
        })?;
        self.streams_begun += 1;
        let stream = StreamId(self.streams_begun);
        let bound = port.local();
        let address = self.sound_address(towards);
        let session = self.streams_begun;
        let local =
            LocalSound { address, port: bound.port(), session, version: 1, width: Width::Wide };
        let trusted = self.settings.trunk_hosts.clone();
        // Streams that may be bridged share a shard.
        let shard = call.0.as_u64_pair().1;
        self.order(Order::Open { stream, shard, port, trusted });
        Ok((stream, local))
    }

    /// Our address of sound for a peer that reaches us at `towards`.
    pub(super) fn sound_address(&self, towards: std::net::IpAddr) -> std::net::IpAddr {
        let ports = self.parts.ports.iter();
        let same = ports.max_by_key(|ports| ports.address().is_ipv4() == towards.is_ipv4());
        let bound = same.map_or(towards, Ports::address);
        match self.settings.public.towards(bound) {
            Some(public) => public,
            None if bound.is_unspecified() => towards,
            None => bound,
        }
    }

    /// Tells the media thread what a leg agreed to.
    pub(super) fn agree(&self, leg: &mut LiveLeg, format: StreamFormat) {
        leg.format = Some(format);
        self.order(Order::Agree { stream: leg.stream, format });
    }
}
