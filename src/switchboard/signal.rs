//! What the SIP core reports, told to the conversation.

use super::Switchboard;
use super::legs::KeysBy;
use crate::call::{Gone, Input, RingFailure};
use crate::sip::sdp::{self, LocalSound};
use crate::sip::{DialogId, Event, read_key};
use crate::words::{CallId, Direction, LegId, StreamFormat};

/// The mid-call offer has nothing we can use; the call goes on as it was.
const NOT_ACCEPTABLE: u16 = 488;

impl Switchboard {
    /// Takes in everything the SIP core has to say.
    pub(super) fn signals(&mut self) {
        while let Some(event) = self.parts.endpoint.poll_event() {
            self.signal(event);
        }
    }

    fn signal(&mut self, event: Event) {
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
        let Some(mut live) = self.calls.remove(&call) else { return };
        // A message being left is finished before its stream is closed.
        if leg == LegId::CALLER {
            if let Some(leg) = live.legs.get(&leg) {
                self.dialogs.remove(&leg.dialog);
            }
        } else if let Some(carried) = live.legs.remove(&leg) {
            self.release(&mut live, leg, &carried);
        }
        self.calls.insert(call, live);
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
        if let Some(Ok(format)) = body.map(sdp::accept) {
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
        match body.map(sdp::accept) {
            Some(Ok(format)) => self.renegotiated(call, leg, format),
            _ => {
                tracing::warn!(call.id = %call, "an answer was unusable; the sound stays as it was")
            }
        }
    }

    fn renegotiated(&mut self, call: CallId, leg: LegId, format: StreamFormat) {
        self.agree_with(call, leg, format);
        self.note_hold(call, leg, format.direction);
    }

    fn format_of(&self, call: CallId, leg: LegId) -> Option<StreamFormat> {
        self.calls.get(&call)?.legs.get(&leg)?.format
    }

    fn agree_with(&mut self, call: CallId, leg: LegId, format: StreamFormat) {
        let Some(mut live) = self.calls.remove(&call) else { return };
        if let Some(leg) = live.legs.get_mut(&leg) {
            self.agree(leg, format);
        }
        self.calls.insert(call, live);
    }

    /// A phone we rang was picked up.
    fn leg_answered(&mut self, dialog: DialogId, body: Option<&[u8]>) {
        let Some((call, leg)) = self.leg_of(dialog) else { return };
        self.judge_trunk(call, leg, None);
        match body.map(sdp::accept) {
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
        match sdp::answer(offer, &local) {
            Ok((format, body)) => {
                self.parts.endpoint.accept_offer(now, dialog, body);
                self.renegotiated(call, leg, format);
            }
            Err(error) => {
                tracing::debug!(call.id = %call, %error, "an offer cannot be used");
                if let Some(dialog) = self.parts.endpoint.saved(dialog) {
                    let why = "an offer without sound we can use; the call goes on";
                    self.tell_refusal(dialog.route.remote, NOT_ACCEPTABLE, why);
                }
                self.parts.endpoint.refuse_offer(now, dialog, NOT_ACCEPTABLE);
            }
        }
    }

    fn offer_wanted(&mut self, dialog: DialogId) {
        let Some((call, leg)) = self.leg_of(dialog) else { return };
        let now = self.now();
        if let Some(local) = self.next_version(call, leg) {
            self.parts.endpoint.accept_offer(now, dialog, sdp::offer(&local));
        }
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
