//! The called party: INVITE, CANCEL and ACK in; ring, answer and refuse out.

use std::time::Duration;

use super::transactions::ServerMachine;
use super::usage::{InviteIdentity, Stage, Unconfirmed, Usage};
use super::*;
use crate::sip::headers::Via;
use crate::sip::identity;
use crate::sip::reply::way_back;
use crate::sip::sanity::SDP;
use seen::Sight;

impl Endpoint {
    /// Says that the phone rings: 180. Without effect once answered, and towards a caller
    /// that wants it confirmed (RFC 3262): only the final answer is said there.
    pub fn ring(&mut self, now: Moment, dialog: DialogId) {
        if let Some(Stage::Called { server, .. }) = self.usages.get(&dialog).map(|u| &u.stage) {
            let server = *server;
            let record = self.transactions.servers.get(&server);
            let reliable = record.is_some_and(|record| {
                let required = record.request.message.list("Require");
                required.iter().any(|tag| tag.eq_ignore_ascii_case("100rel"))
            });
            if !reliable {
                self.respond(now, server, 180, |_| {});
            }
        }
    }

    /// Answers: 200, repeated until its ACK comes or 64·T1 are over.
    ///
    /// `sdp` is the answer to the invitation's offer, or our offer if it had none.
    pub fn answer(&mut self, now: Moment, dialog: DialogId, sdp: Vec<u8>) {
        let Some(usage) = self.usages.get(&dialog) else {
            return;
        };
        let Stage::Called { server, offered, .. } = usage.stage else {
            return;
        };
        let own_sdp = sdp.clone();
        let Some(mut unconfirmed) = self.respond_with_sdp(now, server, sdp) else {
            return;
        };
        unconfirmed.opens = true;
        unconfirmed.offered = !offered;
        if let Some(usage) = self.usages.get_mut(&dialog) {
            usage.stage = Stage::Open;
            usage.unconfirmed = Some(unconfirmed);
            usage.own_sdp = own_sdp;
        }
        self.rearm(dialog);
    }

    /// Refuses an unanswered call with a final status, 300–699 (anything else becomes 480).
    pub fn refuse(&mut self, now: Moment, dialog: DialogId, status: u16) {
        if let Some(Stage::Called { server, .. }) = self.usages.get(&dialog).map(|u| &u.stage) {
            let server = *server;
            let status = if (300..700).contains(&status) { status } else { 480 };
            self.respond(now, server, status, |_| {});
            self.close_usage(now, dialog);
        }
    }

    /// A 200 with SDP to an INVITE, and what is needed to repeat it.
    pub(super) fn respond_with_sdp(
        &mut self,
        now: Moment,
        server: u64,
        sdp: Vec<u8>,
    ) -> Option<Unconfirmed> {
        let request = &self.transactions.servers.get(&server)?.request;
        let cseq = request.cseq;
        let bytes = self.respond(now, server, 200, |response| {
            response.push("Supported", "timer");
            response.set_body(SDP, sdp);
        })?;
        Some(Unconfirmed::new(now, server, bytes, cseq))
    }

    pub(super) fn receive_outside(&mut self, now: Moment, route: Route, request: Request) {
        match request.method {
            Method::Invite => self.receive_invite(now, route, request),
            Method::Options => {
                let ok = Refusal::new(200, "").with("Allow", ALLOW).with("Accept", SDP);
                self.refuse_stateless(route, &request.message, &ok);
            }
            _ => {
                let refusal = Refusal::new(481, "no such dialog");
                self.refuse_stateless(route, &request.message, &refusal);
            }
        }
    }

    fn receive_invite(&mut self, now: Moment, route: Route, request: Request) {
        let origin = InviteIdentity {
            call_id: request.call_id.clone(),
            from_tag: request.from_tag.clone(),
            cseq: request.cseq,
        };
        match self.seen.look(&origin, &request.key) {
            Sight::New => {}
            Sight::Copy => return,
            Sight::Merged => {
                let refusal = Refusal::new(482, "the same call by another way");
                return self.refuse_stateless(route, &request.message, &refusal);
            }
        }
        if self.is_our_own(&request) {
            let refusal = Refusal::new(482, "our own call came back");
            return self.refuse_stateless(route, &request.message, &refusal);
        }
        let peer = self.peers.get(&route.remote.ip().to_canonical()).cloned().unwrap_or_default();
        if let Some(wanted) = &peer.shows
            && let Err(refusal) = self.guard.admit(now, &request, wanted)
        {
            return self.refuse_stateless(route, &request.message, &refusal);
        }
        if let Err(refusal) = self.let_in(now, route.remote.ip()) {
            return self.refuse_stateless(route, &request.message, &refusal);
        }
        let invitation = Box::new(invitation(route, &request, &peer));
        let offered = invitation.sdp.is_some();
        let tag = self.tag_for(&request.message);
        let mut dialog = Dialog::called(&request, tag.clone(), route);
        self.hosts.aim(&mut dialog, route);
        self.seen.remember(origin.clone(), request.key.clone());
        let stage = |server| Stage::Called { server, offered, until: now + UNANSWERED };
        let mut usage = Usage::new(dialog, stage(0));
        usage.source = route;
        usage.note_methods(&request.message);
        let server = self.open_server(route, request, None, tag);
        usage.stage = stage(server);
        usage.origin = Some(origin);
        let dialog = self.open_usage(usage);
        if let Some(record) = self.transactions.servers.get_mut(&server) {
            record.dialog = Some(dialog);
        }
        self.respond(now, server, 100, |_| {});
        self.events.push_back(Event::Invited { dialog, invitation });
    }

    /// RFC 3261 §16.3: a call of ours that the network sends back to us has our Via.
    fn is_our_own(&self, request: &Request) -> bool {
        let vias = request.message.list("Via");
        let vias = vias.iter().filter_map(|element| Via::parse(element));
        let mut branches = vias.filter_map(|via| via.branch().map(str::to_owned));
        branches.any(|branch| self.transactions.find_client(&branch, false).is_some())
    }

    /// Whether there is room for a new call, and whether it does not come too soon after
    /// the others. Short waits: a network may hold them against every call (§21.5.4).
    fn let_in(&mut self, now: Moment, source: IpAddr) -> Result<(), Refusal> {
        if self.doors == Doors::Shut || self.is_full() {
            return Err(Refusal::new(503, "no room for a call").with("Retry-After", "5"));
        }
        if !self.pace.take(now, self.hosts.first(source)) {
            return Err(Refusal::new(503, "too many calls a second").with("Retry-After", "1"));
        }
        Ok(())
    }

    /// Whether no new call can be taken or placed.
    pub(super) fn is_full(&self) -> bool {
        self.usages.len() >= self.config.max_dialogs
            || self.transactions.len() >= self.config.max_transactions
    }

    /// RFC 3261 §9.2: 200 to the CANCEL whatever follows, 487 to its unanswered INVITE.
    pub(super) fn receive_cancel(&mut self, now: Moment, route: Route, request: &Request) {
        let server = self.transactions.find_server(&request.key);
        let record = server.and_then(|id| Some((id, self.transactions.servers.get(&id)?)));
        let Some((server, record)) = record else {
            let refusal = Refusal::new(481, "nothing to cancel");
            return self.refuse_stateless(route, &request.message, &refusal);
        };
        let pending = record.machine.is_pending();
        let dialog = record.dialog;
        let mut ok = reply(&request.message, 200, Some(&record.to_tag), route.remote);
        ok.push("Server", self.config.user_agent.clone());
        self.send(way_back(&request.message, route), ok.to_bytes());
        if !pending {
            return;
        }
        self.respond(now, server, 487, |_| {});
        let Some(dialog) = dialog else {
            return;
        };
        match self.usages.get_mut(&dialog) {
            Some(usage) if matches!(usage.stage, Stage::Called { .. }) => {
                self.report(dialog, Event::Cancelled { dialog });
                self.close_usage(now, dialog);
            }
            Some(usage) => {
                usage.offer.take_if(|offer| offer.server == server);
                self.rearm(dialog);
            }
            None => {}
        }
    }

    /// An ACK: of a refusal (same transaction), or of a 200 (same dialog).
    pub(super) fn receive_ack(&mut self, now: Moment, request: &Request) {
        let mut dialog = None;
        if let Some(server) = self.transactions.find_server(&request.key)
            && let Some(record) = self.transactions.servers.get_mut(&server)
        {
            dialog = record.dialog;
            if let ServerMachine::Invite(machine) = &mut record.machine {
                machine.receive_ack(now);
            }
            self.wakeups.set(Owner::Server(server), record.machine.poll_timeout());
        }
        let dialog =
            self.find_usage(request).or_else(|| dialog.filter(|_| request.to_tag.is_none()));
        if let Some(dialog) = dialog {
            self.confirm(now, dialog, request);
        }
    }

    fn confirm(&mut self, now: Moment, dialog: DialogId, ack: &Request) {
        let Some(usage) = self.usages.get_mut(&dialog) else {
            return;
        };
        let Some(confirmed) = usage.unconfirmed.take_if(|waiting| waiting.cseq == ack.cseq) else {
            return;
        };
        let leaving = usage.quiet;
        self.rearm(dialog);
        let sdp = ack.sdp().filter(|_| confirmed.offered);
        if leaving {
            self.bye(now, dialog);
        } else if confirmed.opens {
            self.report(dialog, Event::Confirmed { dialog, sdp });
        } else if confirmed.offered {
            self.report(dialog, Event::OfferAnswered { dialog, sdp });
        }
    }

    /// The dialog a request names: Call-ID and both tags.
    pub(super) fn find_usage(&self, request: &Request) -> Option<DialogId> {
        let id = *self.by_local_tag.get(request.to_tag.as_deref()?)?;
        let usage = self.usages.get(&id)?;
        let matches =
            usage.dialog.call_id == request.call_id && usage.is_from_remote(&request.from_tag);
        matches.then_some(id)
    }
}

fn invitation(route: Route, request: &Request, peer: &Peer) -> Invitation {
    let (caller, hidden) = identity::caller(&request.message, peer);
    Invitation {
        route,
        called: identity::called(&request.message, &peer.called_in),
        caller,
        hidden,
        sdp: request.sdp(),
        sip_call_id: request.call_id.clone(),
    }
}

/// How long a call may ring unanswered in either direction before the core ends it:
/// beyond what any network lets a phone ring, so it only catches forgotten ones.
pub(super) const UNANSWERED: Duration = Duration::from_secs(300);
