//! Ending a dialog, and asking whether it still lives.

use super::transactions::{ClientMachine, ClientRecord, Purpose};
use super::usage::Stage;
use super::*;
use crate::sip::client::Client;
use crate::sip::digest;

impl Endpoint {
    /// Leaves a dialog, whatever state it is in; nothing more is reported of it.
    ///
    /// An unanswered call to us gets 480; our unanswered INVITE is cancelled as
    /// soon as something has come back (RFC 3261 §9.1), and a 200 that crosses the
    /// CANCEL is acknowledged and ended; an answered call gets BYE, after the ACK
    /// if that is still awaited (RFC 3261 §15).
    pub fn hang_up(&mut self, now: Moment, dialog: DialogId) {
        let Some(usage) = self.usages.get_mut(&dialog) else {
            return;
        };
        usage.quiet = true;
        match &usage.stage {
            Stage::Called { .. } => self.refuse(now, dialog, 480),
            Stage::Calling(calling) => {
                let client = self.transactions.clients.get(&calling.client);
                let machine = client.map(|record| &record.machine);
                if matches!(machine, Some(ClientMachine::Invite(m)) if !m.is_calling()) {
                    self.cancel(now, dialog);
                }
            }
            Stage::Open if usage.unconfirmed.as_ref().is_some_and(|u| u.opens) => {}
            Stage::Open => self.bye(now, dialog),
            Stage::Closing => {}
        }
    }

    /// Asks the other side of an open dialog whether it is still there: OPTIONS.
    ///
    /// 481 ends the dialog as lost; so do two probes in a row that nothing answered
    /// and no [`Endpoint::still_there`] between them: some networks drop OPTIONS, and a
    /// caller who is silent is no caller who is gone.
    pub fn probe(&mut self, now: Moment, dialog: DialogId) {
        let branch = self.new_branch();
        let Some(usage) = self.usages.get_mut(&dialog) else {
            return;
        };
        if !matches!(usage.stage, Stage::Open) || usage.unconfirmed.is_some() {
            return;
        }
        let mut request = usage.dialog.request(Method::Options, &branch);
        request.push("User-Agent", self.config.user_agent.clone());
        let route = usage.dialog.route;
        self.open_other(now, request, route, branch, (Some(dialog), Purpose::Probe));
    }

    /// The other side gave another sign of life: earlier silence counts no more.
    pub fn still_there(&mut self, dialog: DialogId) {
        if let Some(usage) = self.usages.get_mut(&dialog) {
            usage.failed_probes = 0;
        }
    }

    /// Whether the other side's sound arrives: who is heard is not hung up on for an unanswered
    /// refresh, or an ACK that does not come. Nobody is heard until that is told.
    pub fn hears(&mut self, dialog: DialogId, sound: Sound) {
        if let Some(usage) = self.usages.get_mut(&dialog) {
            usage.sound = sound;
        }
    }

    /// Takes up a dialog of an earlier run, to be hung up.
    pub fn adopt(&mut self, mut dialog: Dialog) -> DialogId {
        // It may have sent requests after it was saved.
        dialog.local_cseq = dialog.local_cseq.saturating_add(1_000);
        self.open_usage(Usage::new(dialog, Stage::Open))
    }

    /// Whether a request of ours has no final answer yet.
    pub(super) fn is_pending(&self, client: u64) -> bool {
        self.transactions.clients.get(&client).is_some_and(|record| record.machine.is_pending())
    }

    /// The call a re-INVITE of ours belongs to ends: its answer changes nothing any more, but
    /// gets its ACK for a while.
    pub(super) fn hasten(&mut self, now: Moment, reinvite: Option<u64>) {
        let Some(client) = reinvite else { return };
        if let Some(record) = self.transactions.clients.get_mut(&client)
            && let ClientMachine::Invite(machine) = &mut record.machine
        {
            machine.hasten(now);
            let at = record.machine.poll_timeout();
            self.wakeups.set(Owner::Client(client), at);
        }
    }

    pub(super) fn drop_client(&mut self, id: u64) {
        self.wakeups.set(Owner::Client(id), None);
        self.transactions.remove_client(id);
    }

    /// BYE, and nothing more reported.
    pub(super) fn bye(&mut self, now: Moment, id: DialogId) {
        let Some(usage) = self.usages.get_mut(&id) else {
            return;
        };
        usage.quiet = true;
        usage.stage = Stage::Closing;
        usage.unconfirmed = None;
        usage.session = None;
        let offer = usage.offer.take();
        let (dialog, reinvite) = (usage.dialog.clone(), usage.reinvite);
        self.rearm(id);
        self.hasten(now, reinvite);
        if let Some(offer) = offer {
            self.respond(now, offer.server, 487, |_| {});
        }
        self.send_bye(now, dialog, Some(id));
    }

    /// BYE in a dialog; `id` when a usage waits for its end.
    pub(super) fn send_bye(&mut self, now: Moment, mut dialog: Dialog, id: Option<DialogId>) {
        let branch = self.new_branch();
        let mut request = dialog.request(Method::Bye, &branch);
        request.push("User-Agent", self.config.user_agent.clone());
        if let Some(usage) = id.and_then(|id| self.usages.get_mut(&id)) {
            usage.dialog.local_cseq = dialog.local_cseq;
        }
        let purpose = Purpose::Bye { challenged: false };
        self.open_other(now, request, dialog.route, branch, (id, purpose));
    }

    pub(super) fn open_other(
        &mut self,
        now: Moment,
        request: Message,
        route: Route,
        branch: String,
        (dialog, purpose): (Option<DialogId>, Purpose),
    ) {
        let machine = ClientMachine::Other(Client::new(now, route.transport.is_reliable()));
        let bytes = request.to_bytes();
        self.open_client(ClientRecord {
            request,
            bytes,
            route,
            dialog,
            purpose,
            machine,
            branch,
            sent_again: false,
            refused: None,
        });
    }

    /// A request of ours has its end: an answer, silence (408) or no way out (503).
    pub(super) fn finish_client(
        &mut self,
        now: Moment,
        id: u64,
        status: u16,
        response: Option<&Message>,
    ) {
        let Some(record) = self.transactions.clients.get(&id) else {
            return;
        };
        if let Purpose::Query(query) = record.purpose {
            let response = response.cloned();
            return self.replies.push_back(Reply { query, status, response });
        }
        let Some(dialog) = record.dialog else {
            return;
        };
        match &record.purpose {
            Purpose::Invite { .. } => {
                self.report(dialog, Event::Failed { dialog, status });
                self.close_usage(now, dialog);
            }
            Purpose::Cancel | Purpose::Query(_) => {}
            Purpose::Bye { challenged } => {
                let retried = !challenged
                    && response.is_some_and(|response| self.bye_again(now, id, dialog, response));
                if !retried {
                    self.close_usage(now, dialog);
                }
            }
            // Without it the answer is repeated, and the call goes on or fails by itself.
            Purpose::Prack { challenged } => {
                if let Some(response) = response.filter(|_| !challenged) {
                    self.prack_again(now, id, dialog, response);
                }
            }
            Purpose::Refresh { .. } => self.finish_refresh(now, id, dialog, status, response),
            Purpose::Probe => self.finish_probe(now, dialog, status, response.is_some()),
        }
    }

    /// A challenged BYE is sent again with credentials: an unended call costs a line.
    fn bye_again(&mut self, now: Moment, id: u64, dialog: DialogId, challenge: &Message) -> bool {
        let Some((request, branch)) = self.with_answer(id, dialog, challenge) else {
            return false;
        };
        let Some(route) = self.usages.get(&dialog).map(|usage| usage.dialog.route) else {
            return false;
        };
        let purpose = Purpose::Bye { challenged: true };
        self.open_other(now, request, route, branch, (Some(dialog), purpose));
        true
    }

    /// A request of ours inside a dialog once more, with what its challenge asks for, and
    /// its branch; `None` when we cannot meet it.
    pub(super) fn with_answer(
        &mut self,
        client: u64,
        dialog: DialogId,
        challenge: &Message,
    ) -> Option<(Message, String)> {
        let (cnonce, branch) = (self.new_token(), self.new_branch());
        let usage = self.usages.get_mut(&dialog)?;
        let before = &self.transactions.clients.get(&client)?.request;
        let own = usage.credentials.as_ref()?;
        let (name, value) = digest::respond(challenge, own, before, &cnonce)?;
        let mut request = usage.dialog.request(before.method()?.clone(), &branch);
        let made: Vec<String> = request.headers.iter().map(|h| h.name.clone()).collect();
        let rest = before.headers.iter().filter(|header| !made.contains(&header.name));
        request.headers.extend(rest.cloned());
        request.body = before.body.clone();
        request.push(name, value);
        Some((request, branch))
    }

    /// RFC 3261 §12.2.1.2, RFC 5057 §5.2: only these say that the dialog is gone.
    fn finish_probe(&mut self, now: Moment, dialog: DialogId, status: u16, heard: bool) {
        let Some(usage) = self.usages.get_mut(&dialog) else {
            return;
        };
        usage.failed_probes = if heard { 0 } else { usage.failed_probes.saturating_add(1) };
        if status == 481 || usage.failed_probes >= 2 {
            self.report(dialog, Event::HungUp { dialog, lost: true });
            self.lose(now, dialog, status);
        }
    }

    /// The other side does not answer, or does not know us: a last BYE unless it said so.
    pub(super) fn lose(&mut self, now: Moment, dialog: DialogId, status: u16) {
        let open = self.usages.get(&dialog).is_some_and(|u| matches!(u.stage, Stage::Open));
        if open && status != 481 {
            self.bye(now, dialog);
        } else if open {
            self.close_usage(now, dialog);
        }
    }
}
