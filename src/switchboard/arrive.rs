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
use crate::media::Order;
use crate::sip::sdp::{self, Security, Width};
use crate::sip::{DialogId, Doors, Invitation, Sound};
use crate::words::{CallId, CaseId, Clock, LegId, Moment, PhoneNumber, StreamFormat};

/// No number of ours.
const NOT_FOUND: u16 = 404;
/// No sound both sides understand.
const NOT_ACCEPTABLE: u16 = 488;
/// Draining, or every port or every place is taken.
pub(super) const UNAVAILABLE: u16 = 503;

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

    /// The call that has waited longest beyond [`ACK_LATE`] for its acknowledgement, and whose
    /// caller is not heard: an ACK may be lost while somebody speaks.
    fn oldest_late(&self, now: Moment) -> Option<CallId> {
        let late = |live: &LiveCall| {
            let answered = live.unacknowledged.filter(|answered| *answered + ACK_LATE <= now)?;
            let caller = live.legs.get(&LegId::CALLER);
            let heard = caller.is_some_and(|leg| leg.sound() == Sound::Arrives);
            (!heard).then_some(answered)
        };
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
        let route = invitation.route;
        let trunk = self.trunks.at(route.remote.ip()).and_then(|nth| self.trunks.route(nth));
        let security = match trunk {
            Some(trunk) => trunk.terms.taken_over(route.transport).ok_or(NOT_ACCEPTABLE)?,
            None => Security::Plain,
        };
        // Sound may come from the trunk that calls, and from no other operator's.
        let hosts = match trunk {
            Some(trunk) => trunk.terms.hosts(),
            None => [route.remote.ip()].into(),
        };
        let (stream, mut local, _) = self.open_stream(call, route, hosts)?;
        local.security = security;
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

    /// Tells the media thread what a leg agreed to.
    pub(super) fn agree(&mut self, leg: &mut LiveLeg, format: StreamFormat) {
        leg.format = Some(format);
        leg.local.security = leg.local.security.after(format.protection);
        self.parts.endpoint.hears(leg.dialog, leg.sound());
        self.order(Order::Agree { stream: leg.stream, format });
    }
}

#[cfg(test)]
#[path = "tests/arrive.rs"]
mod tests;
