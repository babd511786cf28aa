//! What the SIP core reports, told to the conversation.

use super::Switchboard;
use super::legs::{KeysBy, Placing};
use crate::call::{Gone, Input, RingFailure};
use crate::media::Order;
use crate::sip::sdp::{self, LocalSound, RefuseOfferError};
use crate::sip::{DialogId, Event, read_key};
use crate::words::{CallId, Direction, LegId, StreamFormat};

/// The mid-call offer has nothing we can use; the call goes on as it was.
const NOT_ACCEPTABLE: u16 = 488;
/// What broke may hold another time, or elsewhere.
const UNAVAILABLE: u16 = 503;

/// Whether a call without it would wait for something that has happened; what is not is left
/// out when it breaks, and the call stays as it was.
fn is_decisive(event: &Event) -> bool {
    match event {
        Event::Answered { .. }
        | Event::Cancelled { .. }
        | Event::Confirmed { .. }
        | Event::Failed { .. }
        | Event::HungUp { .. }
        | Event::NeverConfirmed { .. } => true,
        Event::InfoReceived { .. }
        | Event::Invited { .. }
        | Event::OfferAnswered { .. }
        | Event::OfferWanted { .. }
        | Event::Offered { .. }
        | Event::Ringing { .. } => false,
    }
}

impl Switchboard {
    /// Takes in everything the SIP core has to say.
    pub(super) fn signals(&mut self) {
        while let Some(event) = self.parts.endpoint.poll_event() {
            let dialog = event.dialog();
            let about = self.leg_of(dialog).map(|(call, _)| call).filter(|_| is_decisive(&event));
            let comes_in = matches!(event, Event::Invited { .. });
            self.guarded(about, |board| board.signal(event));
            if comes_in && !self.is_carried(dialog) {
                self.turn_away(dialog);
            }
        }
    }

    /// A call that could not be taken in is refused at once: its operator may ring elsewhere.
    fn turn_away(&mut self, dialog: DialogId) {
        if let Some((call, _)) = self.dialogs.remove(&dialog) {
            let left = self.streams.extract_if(|_, (of, _)| *of == call);
            for stream in left.map(|(stream, _)| stream).collect::<Vec<_>>() {
                self.order(Order::Close { stream });
            }
        }
        let now = self.now();
        self.guarded(None, |board| board.parts.endpoint.refuse(now, dialog, UNAVAILABLE));
    }

    /// Whether a call came of this dialog, that goes on.
    fn is_carried(&self, dialog: DialogId) -> bool {
        self.leg_of(dialog).is_some_and(|(call, _)| self.calls.contains_key(&call))
    }

    fn signal(&mut self, event: Event) {
        #[cfg(test)]
        self.planted.bursts("signal");
        match event {
            Event::Invited { dialog, invitation } => self.invited(dialog, &invitation),
            Event::Cancelled { dialog } => self.gone(dialog, Gone::HungUp),
            Event::NeverConfirmed { dialog } => self.gone(dialog, Gone::Lost),
            Event::HungUp { dialog, lost } => {
                self.gone(dialog, if lost { Gone::Lost } else { Gone::HungUp });
            }
            Event::Confirmed { dialog, sdp } => self.confirmed(dialog, sdp.as_deref()),
            Event::Answered { dialog, sdp } => self.leg_answered(dialog, sdp.as_deref()),
            Event::Failed { dialog, status } => self.leg_failed(dialog, status),
            Event::Offered { dialog, sdp, .. } => self.offered(dialog, &sdp),
            Event::OfferWanted { dialog } => self.offer_wanted(dialog),
            Event::InfoReceived { dialog, content_type, body } => {
                if let (Some((call, leg)), Some(digit)) =
                    (self.leg_of(dialog), read_key(&content_type, &body))
                {
                    self.key(call, leg, KeysBy::Info, digit);
                }
            }
            Event::OfferAnswered { dialog, sdp } => self.offer_answered(dialog, sdp.as_deref()),
            Event::Ringing { dialog } => {
                if let Some((call, leg)) = self.leg_of(dialog) {
                    self.judge_trunk(call, leg, None);
                }
            }
        }
    }

    fn leg_of(&self, dialog: DialogId) -> Option<(CallId, LegId)> {
        self.dialogs.get(&dialog).copied()
    }

    /// A leg's other side is no longer there.
    pub(super) fn gone(&mut self, dialog: DialogId, how: Gone) {
        let Some((call, leg)) = self.leg_of(dialog) else { return };
        self.drop_leg(call, leg);
        self.tell(
            call,
            match leg {
                LegId::CALLER => Input::CallerGone(how),
                leg => Input::LegGone { leg, how },
            },
        );
    }

    fn drop_leg(&mut self, call: CallId, leg: LegId) {
        self.beside(call, |board, live| {
            // A message being left is finished before its stream is closed.
            if leg == LegId::CALLER {
                if let Some(leg) = live.legs.get(&leg) {
                    board.dialogs.remove(&leg.dialog);
                }
            } else if let Some(carried) = live.legs.remove(&leg) {
                board.release(live, leg, &carried);
            }
        });
    }

    /// The ACK to our 200; with the answer when the offer was ours.
    fn confirmed(&mut self, dialog: DialogId, body: Option<&[u8]>) {
        let Some((call, leg)) = self.leg_of(dialog) else { return };
        if let Some(live) = self.calls.get_mut(&call) {
            live.unacknowledged = None;
        }
        let waits = self.format_of(call, leg).is_none();
        if !waits {
            return;
        }
        if let Some(Ok(format)) = self.accepted(call, leg, body) {
            self.agree_with(call, leg, format);
            self.tell(call, Input::CallerConnected);
        } else {
            // There can be no sound: the case is there, somebody has to call back.
            tracing::error!(call.id = %call, "our offer of sound was not answered");
            let now = self.now();
            self.parts.endpoint.hang_up(now, dialog);
            self.gone(dialog, Gone::Lost);
        }
    }

    /// The answer to the offer that we gave to a re-INVITE without one.
    fn offer_answered(&mut self, dialog: DialogId, body: Option<&[u8]>) {
        let Some((call, leg)) = self.leg_of(dialog) else { return };
        match self.accepted(call, leg, body) {
            Some(Ok(format)) => self.renegotiated(call, leg, format),
            _ => {
                tracing::warn!(call.id = %call, "an answer was unusable; the sound stays as it was")
            }
        }
    }

    /// What an answer to an offer of ours agrees to.
    fn accepted(
        &self,
        call: CallId,
        leg: LegId,
        body: Option<&[u8]>,
    ) -> Option<Result<StreamFormat, RefuseOfferError>> {
        let local = self.calls.get(&call)?.legs.get(&leg)?.local;
        body.map(|body| sdp::accept(body, &local))
    }

    fn renegotiated(&mut self, call: CallId, leg: LegId, format: StreamFormat) {
        self.agree_with(call, leg, format);
        self.note_hold(call, leg, format.direction);
    }

    fn format_of(&self, call: CallId, leg: LegId) -> Option<StreamFormat> {
        self.calls.get(&call)?.legs.get(&leg)?.format
    }

    fn agree_with(&mut self, call: CallId, leg: LegId, format: StreamFormat) {
        self.beside(call, |board, live| {
            if let Some(leg) = live.legs.get_mut(&leg) {
                board.agree(leg, format);
            }
        });
    }

    /// A phone we rang was picked up.
    fn leg_answered(&mut self, dialog: DialogId, body: Option<&[u8]>) {
        let Some((call, leg)) = self.leg_of(dialog) else { return };
        self.judge_trunk(call, leg, Some(200));
        let agreed = match body {
            Some(_) => self.accepted(call, leg, body),
            None => self.rings(call, leg).and_then(|placing| placing.early).map(Ok),
        };
        match agreed {
            Some(Ok(format)) => {
                self.agree_with(call, leg, format);
                self.tell(call, Input::LegAnswered { leg });
            }
            unusable => {
                let error = unusable.and_then(Result::err);
                tracing::warn!(call.id = %call, ?error, "a responder's phone has no usable sound");
                let now = self.now();
                self.parts.endpoint.hang_up(now, dialog);
                self.fail(call, leg, RingFailure::Unreachable);
            }
        }
    }

    fn leg_failed(&mut self, dialog: DialogId, status: u16) {
        let Some((call, leg)) = self.leg_of(dialog) else { return };
        self.judge_trunk(call, leg, Some(status));
        if self.fail_over(call, leg, status) {
            return;
        }
        let why = match status {
            486 | 600 => RingFailure::Busy,
            603 | 607 => RingFailure::Declined,
            408 | 487 => RingFailure::NoAnswer,
            _ => RingFailure::Unreachable,
        };
        tracing::info!(call.id = %call, leg.id = %leg, sip.status = status, "a ring failed");
        self.fail(call, leg, why);
    }

    fn fail(&mut self, call: CallId, leg: LegId, why: RingFailure) {
        self.drop_leg(call, leg);
        self.tell(call, Input::LegFailed { leg, why });
    }

    /// A re-INVITE or UPDATE: hold, another address, another codec, or a fax.
    fn offered(&mut self, dialog: DialogId, offer: &[u8]) {
        let Some((call, leg)) = self.leg_of(dialog) else { return };
        let now = self.now();
        let Some(local) = self.next_version(call, leg) else { return };
        let local = self.on_its_way(dialog, local).ok_or(RefuseOfferError::NoAudio);
        match local.and_then(|local| sdp::answer(offer, &local)) {
            Ok((format, body)) => {
                self.parts.endpoint.accept_offer(now, dialog, body);
                match self.rings(call, leg) {
                    // It counts once somebody has picked up.
                    Some(placing) => placing.early = Some(format),
                    None => self.renegotiated(call, leg, format),
                }
            }
            Err(error) => {
                tracing::debug!(call.id = %call, %error, "an offer cannot be used");
                self.refuse_offer(dialog);
            }
        }
    }

    /// How a phone that has not been picked up is being rung.
    fn rings(&mut self, call: CallId, leg: LegId) -> Option<&mut Placing> {
        let leg = self.calls.get_mut(&call)?.legs.get_mut(&leg)?;
        leg.placing.as_mut().filter(|_| leg.format.is_none())
    }

    fn refuse_offer(&mut self, dialog: DialogId) {
        let now = self.now();
        if let Some(dialog) = self.parts.endpoint.saved(dialog) {
            let why = "an offer without sound we can use; the call goes on";
            self.tell_refusal(dialog.route.remote, NOT_ACCEPTABLE, why);
        }
        self.parts.endpoint.refuse_offer(now, dialog, NOT_ACCEPTABLE);
    }

    fn offer_wanted(&mut self, dialog: DialogId) {
        let Some((call, leg)) = self.leg_of(dialog) else { return };
        let now = self.now();
        let Some(local) = self.next_version(call, leg) else { return };
        match self.on_its_way(dialog, local) {
            Some(local) => {
                self.parts.endpoint.accept_offer(now, dialog, sdp::offer(&local));
            }
            None => self.refuse_offer(dialog),
        }
    }

    /// What may be agreed where the last request of a dialog came from: keys go over TLS
    /// alone, even if the call began there.
    fn on_its_way(&self, dialog: DialogId, local: LocalSound) -> Option<LocalSound> {
        let transport = self.parts.endpoint.saved(dialog)?.route.transport;
        Some(LocalSound { security: local.security.over(transport)?, ..local })
    }

    /// RFC 3264 §8: each new description of ours has a higher version.
    fn next_version(&mut self, call: CallId, leg: LegId) -> Option<LocalSound> {
        let leg = self.calls.get_mut(&call)?.legs.get_mut(&leg)?;
        leg.local.version += 1;
        Some(leg.local)
    }

    fn note_hold(&mut self, call: CallId, leg: LegId, direction: Direction) {
        let held = !matches!(direction, Direction::SendRecv);
        let Some(live) = self.calls.get_mut(&call).and_then(|live| live.legs.get_mut(&leg)) else {
            return;
        };
        if std::mem::replace(&mut live.held, held) != held {
            self.ask_again_later();
            self.tell(call, if held { Input::Held { leg } } else { Input::Resumed { leg } });
        }
    }
}
