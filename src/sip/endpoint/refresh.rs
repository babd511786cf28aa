//! Session timers in an open dialog (RFC 4028): refreshing, and asking when nobody does.
//!
//! Law: a call ends by its session timer only when the other side was asked and said that it
//! knows no such call (481), or said nothing (408 too) and is not heard either. What RFC 4028
//! §10 would end for a refresh that did not come is asked first: a caller whose network forgot
//! is no caller who is gone. Whose sound arrives is talking: §10 wants the BYE for a session
//! that may be dead, and this one is not, so that they are asked again and again instead.

use std::time::Duration;

use super::transactions::{ClientMachine, ClientRecord, Purpose};
use super::usage::Stage;
use super::*;
use crate::sip::client_invite::ClientInvite;
use crate::sip::dialog::contact;
use crate::sip::sanity::SDP;
use crate::sip::session::Terms;
use crate::sip::timers::GIVE_UP;

/// A session that must be refreshed.
pub(super) struct Session {
    pub(super) terms: Terms,
    ends: Moment,
    vigil: Vigil,
}

/// What is awaited.
#[derive(Clone, Copy)]
enum Vigil {
    /// The answer to our refresh; without one the call is lost then.
    Answer { by: OfferedBy, until: Moment },
    /// The moment to refresh, or to ask whether the other side is there.
    Turn { at: Moment },
}

impl Session {
    fn new(now: Moment, terms: Terms) -> Self {
        let vigil = Vigil::Turn { at: terms.next_move(now) };
        Self { terms, ends: now + terms.interval, vigil }
    }

    pub(super) fn poll_timeout(&self) -> Moment {
        match self.vigil {
            Vigil::Answer { until, .. } => until,
            Vigil::Turn { at } => at,
        }
    }

    /// Whether a re-INVITE of ours is under way.
    pub(super) fn reinvites(&self) -> bool {
        self.awaits(OfferedBy::ReInvite)
    }

    /// Whether the call hangs on the answer to such a refresh.
    fn awaits(&self, refresh: OfferedBy) -> bool {
        matches!(self.vigil, Vigil::Answer { by, .. } if by == refresh)
    }
}

impl Endpoint {
    /// A session was agreed, anew or for the first time; `None`: it needs no refresh.
    pub(super) fn begin_session(&mut self, now: Moment, id: DialogId, terms: Option<Terms>) {
        if let Some(usage) = self.usages.get_mut(&id) {
            usage.session = terms.map(|terms| Session::new(now, terms));
            self.rearm(id);
        }
    }

    /// The other side has refreshed it. A re-INVITE of ours under way is awaited all the same.
    pub(super) fn renew_session(&mut self, now: Moment, id: DialogId, terms: Option<Terms>) {
        let session = self.usages.get_mut(&id).and_then(|usage| usage.session.as_mut());
        match (session.filter(|session| session.reinvites()), terms) {
            (Some(session), Some(terms)) => {
                session.terms = terms;
                session.ends = now + terms.interval;
            }
            _ => self.begin_session(now, id, terms),
        }
    }

    pub(super) fn wake_session(&mut self, now: Moment, id: DialogId) {
        let Some(usage) = self.usages.get(&id).filter(|usage| usage.is_talking()) else {
            return;
        };
        match usage.session.as_ref().map(|session| session.vigil) {
            Some(Vigil::Answer { until, .. }) if now >= until => self.meet_silence(now, id),
            Some(Vigil::Turn { at }) if now >= at => self.refresh_session(now, id),
            _ => {}
        }
    }

    /// Nobody answered a refresh: that is the end, but for who is heard all the same.
    fn meet_silence(&mut self, now: Moment, id: DialogId) {
        match self.usages.get(&id).map(|usage| usage.sound) {
            Some(Sound::Arrives) => self.refresh_later(now, id, AFTER_A_REFUSAL),
            Some(Sound::Silent) | None => self.lose_session(now, id, 408),
        }
    }

    fn lose_session(&mut self, now: Moment, id: DialogId, status: u16) {
        self.report(id, Event::HungUp { dialog: id, lost: true });
        self.lose(now, id, status);
    }

    /// UPDATE where the other side allows it, else a re-INVITE with the same description.
    fn refresh_session(&mut self, now: Moment, id: DialogId) {
        let branch = self.new_branch();
        let last = self.usages.get(&id).and_then(|usage| usage.reinvite);
        let undecided = last.is_some_and(|client| self.is_pending(client));
        let Some(usage) = self.usages.get_mut(&id) else {
            return;
        };
        let by = if usage.takes_updates { OfferedBy::Update } else { OfferedBy::ReInvite };
        let busy = usage.offer.is_some() || usage.unconfirmed.is_some();
        // RFC 3261 §14.1: no INVITE while another is under way.
        if by == OfferedBy::ReInvite && busy {
            return self.refresh_later(now, id, BUSY);
        }
        let Some(session) = &mut usage.session else {
            return;
        };
        let until = if now < session.ends { session.ends } else { now + GIVE_UP };
        session.vigil = Vigil::Answer { by, until };
        if by == OfferedBy::ReInvite && undecided {
            // The one before has met a 1xx and nothing else: it is the answer to that which is
            // awaited, for as long again.
            return self.rearm(id);
        }
        let interval = session.terms.interval;
        let mut request = match by {
            OfferedBy::ReInvite => usage.dialog.request(Method::Invite, &branch),
            OfferedBy::Update => usage.dialog.request(Method::Update, &branch),
        };
        request.push("Contact", contact(usage.dialog.route));
        request.push("Allow", ALLOW);
        request.push("Supported", "timer");
        usage.wish.write_again(&mut request, interval);
        request.push("User-Agent", self.config.user_agent.clone());
        if by == OfferedBy::ReInvite {
            request.set_body(SDP, usage.own_sdp.clone());
        }
        self.rearm(id);
        self.open_refresh(now, id, request, branch, false);
    }

    fn open_refresh(
        &mut self,
        now: Moment,
        id: DialogId,
        request: Message,
        branch: String,
        challenged: bool,
    ) {
        let Some(usage) = self.usages.get(&id) else {
            return;
        };
        let (base, route) = (Box::new(usage.dialog.clone()), usage.dialog.route);
        let purpose = Purpose::Refresh { base, ack: None, challenged };
        if request.method() != Some(&Method::Invite) {
            return self.open_other(now, request, route, branch, (Some(id), purpose));
        }
        let machine = ClientInvite::inside_dialog(now, route.transport.is_reliable());
        let machine = ClientMachine::Invite(machine);
        let client = self.open_client(ClientRecord {
            bytes: request.to_bytes(),
            request,
            route,
            dialog: Some(id),
            purpose,
            machine,
            branch,
            sent_again: false,
            refused: None,
        });
        if let Some(usage) = self.usages.get_mut(&id) {
            usage.reinvite = Some(client);
        }
    }

    /// A 2xx to our re-INVITE: each copy gets its ACK; true for the first.
    pub(super) fn acknowledge_refresh(&mut self, client: u64, response: &Message) -> bool {
        let branch = self.new_branch();
        let Some(record) = self.transactions.clients.get_mut(&client) else {
            return false;
        };
        let asked = record.route;
        let Purpose::Refresh { base, ack, .. } = &mut record.purpose else {
            return false;
        };
        let first = ack.is_none();
        let bytes = ack.get_or_insert_with(|| {
            base.route = asked;
            self.hosts.refresh(base, asked, response);
            base.request_numbered(Method::Ack, base.local_cseq, &branch).to_bytes()
        });
        let (route, bytes) = (base.route, bytes.clone());
        self.send(route, bytes);
        first
    }

    /// A refresh of ours has its end: 408 also when nothing came back.
    pub(super) fn finish_refresh(
        &mut self,
        now: Moment,
        client: u64,
        id: DialogId,
        status: u16,
        response: Option<&Message>,
    ) {
        let Some(usage) = self.usages.get_mut(&id).filter(|usage| usage.is_talking()) else {
            return;
        };
        let method = self.transactions.clients.get(&client).and_then(|r| r.request.method());
        let by = match method {
            Some(Method::Invite) => OfferedBy::ReInvite,
            _ => OfferedBy::Update,
        };
        match (status, response) {
            (200..=299, Some(response)) => {
                self.hosts.refresh(&mut usage.dialog, usage.source, response);
                usage.note_methods(response);
                let sdp = crate::sip::body::sdp_of(response).filter(|_| by == OfferedBy::ReInvite);
                self.begin_session(now, id, Terms::learn(response));
                if let Some(sdp) = sdp {
                    self.report(id, Event::OfferAnswered { dialog: id, sdp: Some(sdp) });
                }
            }
            // They have refreshed it themselves meanwhile, or are asked again soon.
            (408, _) if !usage.session.as_ref().is_some_and(|session| session.awaits(by)) => {}
            // RFC 4028 §10: only these end it.
            (408, _) => self.meet_silence(now, id),
            (481, _) => self.lose_session(now, id, status),
            (422, Some(response)) if usage.wish.raise(response) => self.refresh_session(now, id),
            (405 | 501, _) if by == OfferedBy::Update => {
                usage.takes_updates = false;
                self.refresh_session(now, id);
            }
            (491, _) => {
                let owner = usage.home.is_some();
                let wait = self.glare_pause(owner);
                self.refresh_later(now, id, wait);
            }
            (401 | 407, Some(response)) if self.refresh_again(now, client, id, response) => {}
            _ => self.refresh_later(now, id, AFTER_A_REFUSAL),
        }
    }

    /// RFC 3261 §14.1: who made the Call-ID waits longer, so that two never meet twice.
    fn glare_pause(&mut self, owner: bool) -> Duration {
        let tens = if owner { 210..=400u64 } else { 0..=200u64 };
        Duration::from_millis(self.random.random_range(tens) * 10)
    }

    fn refresh_later(&mut self, now: Moment, id: DialogId, wait: Duration) {
        if let Some(session) = self.usages.get_mut(&id).and_then(|usage| usage.session.as_mut()) {
            session.vigil = Vigil::Turn { at: now + wait };
            self.rearm(id);
        }
    }

    /// A challenged refresh is sent once more, with credentials.
    fn refresh_again(
        &mut self,
        now: Moment,
        client: u64,
        id: DialogId,
        challenge: &Message,
    ) -> bool {
        let purpose = self.transactions.clients.get(&client).map(|record| &record.purpose);
        if !matches!(purpose, Some(Purpose::Refresh { challenged: false, .. })) {
            return false;
        }
        let Some((request, branch)) = self.with_answer(client, id, challenge) else {
            return false;
        };
        self.open_refresh(now, id, request, branch, true);
        true
    }
}

impl Usage {
    /// Whether the call stands and neither side is leaving it.
    pub(super) fn is_talking(&self) -> bool {
        matches!(self.stage, Stage::Open) && !self.quiet
    }

    /// What the other side says it takes; a message without Allow says nothing.
    pub(super) fn note_methods(&mut self, message: &Message) {
        let allowed = message.list("Allow");
        if !allowed.is_empty() {
            self.takes_updates = allowed.contains(&"UPDATE");
        }
    }
}

/// How long a refresh waits for another INVITE to end.
const BUSY: Duration = Duration::from_secs(2);
/// How long after a refusal, or silence, a refresh is tried again.
const AFTER_A_REFUSAL: Duration = Duration::from_secs(30);
