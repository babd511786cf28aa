//! Requests inside a dialog: BYE, INFO, OPTIONS, and new offers.

use std::time::Duration;

use super::refresh::Session;
use super::usage::{PendingOffer, Stage};
use super::*;
use crate::sip::reply::way_back;
use crate::sip::sanity::{SDP, media_type};

impl Endpoint {
    /// Accepts what [`Event::Offered`] or [`Event::OfferWanted`] asked, with our answer or offer.
    pub fn accept_offer(&mut self, now: Moment, dialog: DialogId, sdp: Vec<u8>) {
        let Some(usage) = self.usages.get_mut(&dialog) else {
            return;
        };
        let Some(offer) = usage.offer.take() else {
            return;
        };
        match (&offer.fork, &mut usage.stage) {
            // Another fork may answer: only this one is agreed with anew.
            (Some(tag), Stage::Calling(calling)) => {
                if let Some(early) = calling.early.get_mut(tag) {
                    early.updated = Some(sdp.clone());
                }
            }
            _ => usage.own_sdp.clone_from(&sdp),
        }
        match offer.by {
            OfferedBy::Update => {
                self.respond(now, offer.server, 200, |ok| ok.set_body(SDP, sdp));
            }
            OfferedBy::ReInvite => {
                let unconfirmed = self.respond_with_sdp(now, offer.server, sdp);
                if let (Some(mut unconfirmed), Some(usage)) =
                    (unconfirmed, self.usages.get_mut(&dialog))
                {
                    unconfirmed.offered = !offer.has_sdp;
                    usage.unconfirmed = Some(unconfirmed);
                }
            }
        }
        if offer.fork.is_none() {
            self.refresh_target(dialog, offer.server);
        }
        self.rearm(dialog);
    }

    /// Refuses a new offer (488 unless `status` is another refusal): the call goes on as it was.
    pub fn refuse_offer(&mut self, now: Moment, dialog: DialogId, status: u16) {
        let offer = self.usages.get_mut(&dialog).and_then(|usage| usage.offer.take());
        if let Some(offer) = offer {
            let status = if (300..700).contains(&status) { status } else { 488 };
            self.respond(now, offer.server, status, |_| {});
            self.rearm(dialog);
        }
    }

    /// Refuses a new offer by ourselves.
    pub(super) fn decline_offer(&mut self, now: Moment, dialog: DialogId, refusal: &Refusal) {
        let offer = self.usages.get_mut(&dialog).and_then(|usage| usage.offer.take());
        if let Some(offer) = offer {
            self.turn_down(now, offer.server, refusal);
            self.rearm(dialog);
        }
    }

    fn refresh_target(&mut self, dialog: DialogId, server: u64) {
        let record = self.transactions.servers.get(&server);
        if let (Some(record), Some(usage)) = (record, self.usages.get_mut(&dialog)) {
            self.hosts.refresh(&mut usage.dialog, usage.source, &record.request.message);
        }
    }

    pub(super) fn receive_in_dialog(&mut self, now: Moment, route: Route, request: Request) {
        let Some(dialog) = self.find_usage(&request) else {
            return self.refuse_stateless(
                route,
                &request.message,
                &Refusal::new(481, "no such dialog"),
            );
        };
        if request.method == Method::Bye {
            return self.receive_bye(now, route, dialog, request);
        }
        if self.transactions.len() >= self.config.max_transactions.saturating_mul(2) {
            let refusal = Refusal::new(503, "too many transactions");
            return self.refuse_stateless(route, &request.message, &refusal);
        }
        let Some(usage) = self.usages.get_mut(&dialog) else {
            return;
        };
        // An early dialog of our own call may fork: its numbers are not one sequence.
        let early = matches!(usage.stage, Stage::Calling(_));
        let refused = if matches!(usage.stage, Stage::Closing) {
            Some(Refusal::new(481, "the dialog is over"))
        } else if early || usage.dialog.take_cseq(request.cseq) {
            None
        } else {
            Some(Refusal::new(500, "a request in a dialog has an old number"))
        };
        if refused.is_none() && !early {
            self.hosts.follow(usage, route, &request.message);
            usage.note_methods(&request.message);
        }
        let tag = usage.dialog.local_tag.clone();
        let method = request.method.clone();
        let offer = request.sdp();
        let info = (method == Method::Info).then(|| info(dialog, &request));
        let server = self.open_server(route, request, Some(dialog), tag);
        if let Some(refusal) = refused {
            return self.turn_down(now, server, &refusal);
        }
        self.serve_in_dialog(now, dialog, server, &method, offer);
        if let Some(event) = info {
            self.report(dialog, event);
        }
    }

    fn serve_in_dialog(
        &mut self,
        now: Moment,
        dialog: DialogId,
        server: u64,
        method: &Method,
        offer: Option<Vec<u8>>,
    ) {
        match method {
            Method::Invite => {
                self.respond(now, server, 100, |_| {});
                self.receive_offer(now, dialog, server, OfferedBy::ReInvite, offer);
            }
            // We send no provisional answer that wants one (RFC 3262 §3).
            Method::Prack => {
                let refusal = Refusal::new(481, "a PRACK of nothing");
                self.turn_down(now, server, &refusal);
            }
            Method::Update => self.receive_offer(now, dialog, server, OfferedBy::Update, offer),
            Method::Options => {
                self.respond(now, server, 200, |ok| ok.push("Accept", SDP));
            }
            _ => {
                self.respond(now, server, 200, |_| {});
            }
        }
    }

    /// A re-INVITE or UPDATE: to the application, unless another exchange is under way.
    fn receive_offer(
        &mut self,
        now: Moment,
        dialog: DialogId,
        server: u64,
        by: OfferedBy,
        sdp: Option<Vec<u8>>,
    ) {
        let Some(usage) = self.usages.get_mut(&dialog) else {
            return;
        };
        let waiting = usage.unconfirmed.as_ref();
        let reinviting = usage.session.as_ref().is_some_and(Session::reinvites);
        // An UPDATE may pass a lost ACK, unless the ACK owes us an answer (RFC 3311 §5.2).
        let ours_open = match by {
            OfferedBy::ReInvite => waiting.is_some(),
            OfferedBy::Update => waiting.is_some_and(|waiting| waiting.offered),
        };
        let theirs_open = usage.offer.is_some() || matches!(usage.stage, Stage::Called { .. });
        if by == OfferedBy::Update && sdp.is_none() {
            self.respond(now, server, 200, |_| {});
            return self.refresh_target(dialog, server);
        }
        // RFC 3311 §5.2: before the 200, only where ours was answered and that acknowledged.
        let (unanswered, fork) = match &usage.stage {
            Stage::Calling(_) if by == OfferedBy::ReInvite => (true, None),
            Stage::Calling(calling) => {
                let record = self.transactions.servers.get(&server);
                let tag = record.map(|record| record.request.from_tag.clone()).unwrap_or_default();
                let answered = calling.early.get(&tag).is_some_and(|early| early.answered);
                // The application remembers what one of them agreed, not each.
                let mut others = calling.early.iter().filter(|(of, _)| **of != tag);
                (!answered || others.any(|(_, early)| early.updated.is_some()), Some(tag))
            }
            _ => (false, None),
        };
        // RFC 3261 §14.2, RFC 3311 §5.2.
        if ours_open || reinviting || unanswered {
            let refusal = Refusal::new(491, "an exchange of ours is under way");
            return self.turn_down(now, server, &refusal);
        }
        if theirs_open || usage.quiet {
            let seconds = self.random.random_range(1..=10u8);
            let refusal = Refusal::new(500, "their last offer is not judged yet");
            let refusal = refusal.with("Retry-After", seconds.to_string());
            return self.turn_down(now, server, &refusal);
        }
        let until = now + JUDGEMENT;
        usage.offer = Some(PendingOffer { server, by, has_sdp: sdp.is_some(), fork, until });
        self.rearm(dialog);
        let event = match sdp {
            Some(sdp) => Event::Offered { dialog, sdp, by },
            None => Event::OfferWanted { dialog },
        };
        self.report(dialog, event);
    }

    /// BYE always succeeds, whatever its number and whatever is under way.
    fn receive_bye(&mut self, now: Moment, route: Route, dialog: DialogId, request: Request) {
        let Some(usage) = self.usages.get(&dialog) else {
            return;
        };
        let tag = usage.dialog.local_tag.clone();
        let stage = match usage.stage {
            Stage::Called { server, .. } => Some(server),
            _ => None,
        };
        let calling = matches!(usage.stage, Stage::Calling(_));
        if self.transactions.len() < self.config.max_transactions.saturating_mul(2) {
            let server = self.open_server(route, request, Some(dialog), tag);
            self.respond(now, server, 200, |_| {});
        } else {
            let ok = reply(&request.message, 200, Some(&tag), route.remote);
            self.send(way_back(&request.message, route), ok.to_bytes());
        }
        if let Some(invite) = stage {
            self.respond(now, invite, 487, |_| {});
            self.report(dialog, Event::Cancelled { dialog });
            return self.close_usage(now, dialog);
        }
        self.report(dialog, Event::HungUp { dialog, lost: false });
        if calling {
            // It overtook the 200 of our INVITE, which still wants its ACK.
            self.hang_up(now, dialog);
        } else {
            self.close_usage(now, dialog);
        }
    }
}

fn info(dialog: DialogId, request: &Request) -> Event {
    let content_type = media_type(request.message.header("Content-Type").unwrap_or_default());
    Event::InfoReceived { dialog, content_type, body: request.message.body.clone() }
}

/// How long the application may think about an offer before it gets 488.
const JUDGEMENT: Duration = Duration::from_secs(5);
