//! What comes back to the calling party: progress, answers, forks, challenges.

use super::transactions::{ClientMachine, Purpose};
use super::uac::derived;
use super::usage::Stage;
use super::*;
use crate::sip::body::sdp_of;
use crate::sip::client_invite::InviteResponse;
use crate::sip::dialog::tag_of;
use crate::sip::digest;
use crate::sip::headers::{Via, parse_cseq};
use crate::sip::session::Terms;

impl Endpoint {
    /// A response: to whichever request of ours has its branch, if it comes from where that
    /// was sent; any other is nobody's.
    pub(super) fn receive_response(&mut self, now: Moment, route: Route, response: &Message) {
        let via = response.list("Via").first().and_then(|element| Via::parse(element));
        let cseq = response.header("CSeq").and_then(parse_cseq);
        let (Some(via), Some((_, method))) = (via, cseq) else {
            return;
        };
        let branch = via.branch().unwrap_or_default();
        let Some(id) = self.transactions.find_client(branch, method == Method::Cancel) else {
            return;
        };
        let Some(record) = self.transactions.clients.get_mut(&id) else {
            return;
        };
        let ours = record.request.header("Call-ID") == response.header("Call-ID")
            && record.request.method() == Some(&method);
        let Some(status) = response.status().filter(|_| ours) else {
            return;
        };
        // RFC 3261 §18.2.2: an answer takes the transport of its request, and with rport its
        // way; some borders answer from another host, so every host of the peer may.
        let asked = record.route;
        if route.transport != asked.transport
            || !self.hosts.are_one(route.remote.ip(), asked.remote.ip())
        {
            return self.tell(route, NOT_REFUSED, "an answer of somebody who was not asked");
        }
        // Who answers from another port is there where it was asked, too.
        self.heard.note(now, asked);
        match &mut record.machine {
            ClientMachine::Invite(machine) => {
                let verdict = machine.receive(now, status);
                let at = record.machine.poll_timeout();
                self.wakeups.set(Owner::Client(id), at);
                self.receive_invite_response(now, id, verdict, response);
            }
            ClientMachine::Other(machine) => {
                let done = machine.receive(now, status);
                let at = record.machine.poll_timeout();
                self.wakeups.set(Owner::Client(id), at);
                if done {
                    self.finish_client(now, id, status, Some(response));
                }
            }
        }
    }

    fn receive_invite_response(
        &mut self,
        now: Moment,
        id: u64,
        verdict: InviteResponse,
        response: &Message,
    ) {
        let purpose = self.transactions.clients.get(&id).map(|record| &record.purpose);
        if matches!(purpose, Some(Purpose::Refresh { .. })) {
            return self.receive_refresh_response(now, id, verdict, response);
        }
        match verdict {
            InviteResponse::Progress => self.receive_progress(now, id, response),
            InviteResponse::Success => self.receive_success(now, id, response),
            InviteResponse::Refusal => {
                self.acknowledge_refusal(id, response);
                self.receive_refusal(now, id, response);
            }
            InviteResponse::RefusalAgain => self.acknowledge_refusal(id, response),
            InviteResponse::Stray => {}
        }
    }

    /// What comes back to a re-INVITE of ours.
    fn receive_refresh_response(
        &mut self,
        now: Moment,
        id: u64,
        verdict: InviteResponse,
        response: &Message,
    ) {
        let ended = match verdict {
            InviteResponse::Progress | InviteResponse::Stray => false,
            InviteResponse::Success => self.acknowledge_refresh(id, response),
            InviteResponse::Refusal | InviteResponse::RefusalAgain => {
                self.acknowledge_refusal(id, response);
                verdict == InviteResponse::Refusal
            }
        };
        if ended {
            self.finish_client(now, id, response.status().unwrap_or(500), Some(response));
        }
    }

    fn receive_progress(&mut self, now: Moment, id: u64, response: &Message) {
        let dialog = self.transactions.clients.get(&id).and_then(|record| record.dialog);
        let Some(dialog) = dialog else {
            return;
        };
        let Some(usage) = self.usages.get_mut(&dialog) else {
            return;
        };
        if !matches!(usage.stage, Stage::Calling(_)) {
            return;
        }
        if usage.quiet {
            return self.cancel(now, dialog);
        }
        if !self.take_reliable(now, id, dialog, response) {
            return;
        }
        let Some(Usage { stage: Stage::Calling(calling), .. }) = self.usages.get_mut(&dialog)
        else {
            return;
        };
        if response.status().is_some_and(|status| status > 100) {
            calling.early_sdp = sdp_of(response).or_else(|| calling.early_sdp.take());
        }
        let rings = response.status().is_some_and(|status| (180..190).contains(&status));
        if rings && !std::mem::replace(&mut calling.ringing, true) {
            self.report(dialog, Event::Ringing { dialog });
        }
    }

    /// A 2xx: the first opens the dialog; its copies get the ACK again; another
    /// fork's gets ACK and BYE (RFC 3261 §13.2.2.4).
    fn receive_success(&mut self, now: Moment, id: u64, response: &Message) {
        let branch = self.new_branch();
        let Some(record) = self.transactions.clients.get_mut(&id) else {
            return;
        };
        let Purpose::Invite { base, acks } = &mut record.purpose else {
            return;
        };
        let tag = tag_of(response.header("To").unwrap_or_default());
        if let Some((route, ack)) = acks.get(&tag).cloned() {
            return self.send(route, ack);
        }
        if acks.len() >= MOST_FORKS {
            return;
        }
        let mut dialog = base.as_ref().clone();
        dialog.learn(response);
        self.hosts.aim(&mut dialog, record.route);
        let mut ack = dialog.request_numbered(Method::Ack, dialog.local_cseq, &branch);
        for header in &record.request.headers {
            // RFC 3261 §22.1: the ACK carries the INVITE's credentials.
            if header.name.ends_with("uthorization") {
                ack.headers.push(header.clone());
            }
        }
        let (bytes, route, usage) = (ack.to_bytes(), dialog.route, record.dialog);
        acks.insert(tag, (route, bytes.clone()));
        self.send(route, bytes);
        match usage {
            Some(usage) if self.is_calling(usage) => self.open(now, usage, dialog, response),
            _ => self.send_bye(now, dialog, None),
        }
    }

    fn is_calling(&self, id: DialogId) -> bool {
        self.usages.get(&id).is_some_and(|usage| matches!(usage.stage, Stage::Calling(_)))
    }

    fn open(&mut self, now: Moment, id: DialogId, dialog: Dialog, response: &Message) {
        let Some(usage) = self.usages.get_mut(&id) else {
            return;
        };
        let Stage::Calling(calling) = std::mem::replace(&mut usage.stage, Stage::Open) else {
            return;
        };
        usage.dialog = dialog;
        usage.note_methods(response);
        let mut sdp = sdp_of(response).or(calling.early_sdp);
        if let Some(early) = calling.early.get(&usage.dialog.remote_tag) {
            // Its PRACKs have counted on.
            usage.dialog.local_cseq = usage.dialog.local_cseq.max(early.dialog.local_cseq);
            if let Some(own) = &early.updated {
                // What a 200 repeats is their first answer, older than the UPDATE (RFC 6337 §3.1).
                usage.own_sdp.clone_from(own);
                sdp = None;
            }
        }
        let leaving = usage.quiet;
        self.rearm(id);
        if leaving {
            // The 200 crossed our CANCEL.
            self.bye(now, id);
        } else {
            self.begin_session(now, id, Terms::learn(response));
            self.report(id, Event::Answered { dialog: id, sdp });
        }
    }

    /// RFC 3261 §17.1.1.3: the ACK of a refusal belongs to the INVITE's transaction.
    fn acknowledge_refusal(&mut self, id: u64, response: &Message) {
        let Some(record) = self.transactions.clients.get(&id) else {
            return;
        };
        let ack = derived(&record.request, Method::Ack, response.header("To"));
        let (route, bytes) = (record.route, ack.to_bytes());
        self.send(route, bytes);
    }

    fn receive_refusal(&mut self, now: Moment, id: u64, response: &Message) {
        let Some(dialog) = self.transactions.clients.get(&id).and_then(|record| record.dialog)
        else {
            return;
        };
        let retry = match response.status() {
            Some(422) => self.with_longer_session(id, dialog, response),
            _ => self.with_credentials(id, dialog, response),
        };
        if let Some(retry) = retry {
            return self.send_invite(now, dialog, &retry);
        }
        let status = response.status().unwrap_or(500);
        self.report(dialog, Event::Failed { dialog, status });
        self.close_usage(now, dialog);
    }

    /// The INVITE once more, with the credentials a 401 or 407 asks for; only once.
    fn with_credentials(
        &mut self,
        id: u64,
        dialog: DialogId,
        challenge: &Message,
    ) -> Option<Message> {
        let cnonce = self.new_token();
        let usage = self.usages.get_mut(&dialog)?;
        let Stage::Calling(calling) = &mut usage.stage else {
            return None;
        };
        if usage.quiet || std::mem::replace(&mut calling.challenged, true) {
            return None;
        }
        let request = &self.transactions.clients.get(&id)?.request;
        let credentials = usage.credentials.as_ref()?;
        let (name, value) = digest::respond(challenge, credentials, request, &cnonce)?;
        let mut retry = template(request);
        retry.push(name, value);
        Some(retry)
    }

    /// The INVITE once more, with the session timer a 422 asks for (RFC 4028 §7.4).
    fn with_longer_session(
        &mut self,
        id: u64,
        dialog: DialogId,
        response: &Message,
    ) -> Option<Message> {
        let usage = self.usages.get_mut(&dialog)?;
        let Stage::Calling(calling) = &mut usage.stage else {
            return None;
        };
        if usage.quiet || !usage.wish.raise(response) {
            return None;
        }
        let mut retry = template(&self.transactions.clients.get(&id)?.request);
        // Credentials were for one nonce and one use: a proxy will ask again.
        calling.challenged = false;
        let stale = ["Session-Expires", "Min-SE", "Authorization", "Proxy-Authorization"];
        retry.headers.retain(|header| !stale.contains(&header.name.as_str()));
        usage.wish.write(&mut retry);
        Some(retry)
    }
}

/// What of an INVITE does not depend on the try.
fn template(request: &Message) -> Message {
    let own = ["Via", "Max-Forwards", "Route", "From", "To", "Call-ID", "CSeq"];
    let mut template = request.clone();
    template.headers.retain(|header| !own.contains(&header.name.as_str()));
    template
}

/// Forks of one call that are acknowledged; more are a fault or an attack.
pub(super) const MOST_FORKS: usize = 16;
