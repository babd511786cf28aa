//! Answering requests, with memory or without.

use sha2::{Digest, Sha256};

use super::transactions::{ServerMachine, ServerRecord};
use super::*;
use crate::sip::reply::way_back;
use crate::sip::server::Server;
use crate::sip::server_invite::ServerInvite;
use crate::sip::session::Terms;

impl Endpoint {
    /// A retransmission: the last response again.
    pub(super) fn receive_copy(&mut self, id: u64, route: Route) {
        let Some(record) = self.transactions.servers.get(&id) else {
            return;
        };
        let usage = record.dialog.and_then(|dialog| self.usages.get(&dialog));
        let unconfirmed = usage.and_then(|usage| usage.unconfirmed.as_ref());
        let unconfirmed = unconfirmed.filter(|u| u.cseq == record.request.cseq);
        let bytes = match (record.machine.receive_copy(), &record.machine) {
            (Some(bytes), _) => bytes.to_vec(),
            // The 200 was probably lost: sooner is better than at its next repetition.
            (None, ServerMachine::Invite(_)) => match unconfirmed {
                Some(unconfirmed) => unconfirmed.bytes.clone(),
                None => return,
            },
            (None, ServerMachine::Other(_)) => return,
        };
        let back = way_back(&record.request.message, route);
        self.send(back, bytes);
    }

    /// Remembers a request, to answer it and its copies.
    pub(super) fn open_server(
        &mut self,
        source: Route,
        request: Request,
        dialog: Option<DialogId>,
        to_tag: String,
    ) -> u64 {
        let reliable = source.transport.is_reliable();
        let machine = match request.method {
            Method::Invite => ServerMachine::Invite(ServerInvite::new(reliable)),
            _ => ServerMachine::Other(Server::new(reliable)),
        };
        let route = way_back(&request.message, source);
        let source = source.remote;
        self.transactions.add_server(ServerRecord {
            request,
            source,
            route,
            dialog,
            to_tag,
            machine,
        })
    }

    /// Answers a remembered request; `None` when it has had its final answer.
    pub(super) fn respond(
        &mut self,
        now: Moment,
        server: u64,
        status: u16,
        complete: impl FnOnce(&mut Message),
    ) -> Option<Vec<u8>> {
        let dialog = self.transactions.servers.get(&server)?.dialog;
        let standing = dialog.and_then(|id| self.usages.get(&id)?.session.as_ref());
        let standing = standing.map(|session| session.terms);
        let record = self.transactions.servers.get_mut(&server)?;
        let tag = (status > 100).then_some(record.to_tag.as_str());
        let mut response = reply(&record.request.message, status, tag, record.source);
        response.push("Server", self.config.user_agent.clone());
        let session = matches!(record.request.method, Method::Invite | Method::Update);
        if session && (101..300).contains(&status) {
            response.push("Contact", crate::sip::dialog::contact(record.route));
        }
        if (200..300).contains(&status) {
            response.push("Allow", ALLOW);
        }
        let agrees = session && (200..300).contains(&status);
        let terms = Terms::grant(&record.request.message, standing).filter(|_| agrees);
        if let Some(terms) = terms {
            terms.write(&record.request.message, &mut response);
        }
        complete(&mut response);
        let bytes = response.to_bytes();
        let route = record.route;
        let in_time = record.machine.respond(now, status, &bytes);
        self.wakeups.set(Owner::Server(server), record.machine.poll_timeout());
        if !in_time {
            return None;
        }
        self.send(route, bytes.clone());
        if let Some(dialog) = dialog.filter(|_| agrees) {
            self.renew_session(now, dialog, terms);
        }
        Some(bytes)
    }

    /// Refuses a remembered request, and says why in the log.
    pub(super) fn turn_down(&mut self, now: Moment, server: u64, refusal: &Refusal) {
        let Some(record) = self.transactions.servers.get(&server) else {
            return;
        };
        let source = Route { remote: record.source, ..record.route };
        let said = self.respond(now, server, refusal.status, |no| {
            refusal.fields.iter().for_each(|(name, value)| no.push(name, value.clone()));
        });
        if said.is_some() {
            self.tell(source, refusal.status, refusal.why);
        }
    }

    /// Answers and forgets: a copy gets the same answer, tag included.
    pub(super) fn refuse_stateless(&mut self, route: Route, message: &Message, refusal: &Refusal) {
        let tag = self.tag_for(message);
        let mut response = reply(message, refusal.status, Some(&tag), route.remote);
        response.push("Server", self.config.user_agent.clone());
        for (name, value) in &refusal.fields {
            response.push(name, value.clone());
        }
        self.send(way_back(message, route), response.to_bytes());
        if refusal.status >= 300 && self.told.is_new(route.remote, refusal.status, &tag) {
            self.tell(route, refusal.status, refusal.why);
        }
    }

    /// Keeps what was refused for who writes the log; the last few, if nobody does.
    pub(super) fn tell(&mut self, route: Route, status: u16, why: &'static str) {
        if self.refused.len() >= REFUSED_MAX {
            self.refused.pop_front();
        }
        self.refused.push_back(Refused { remote: route.remote, status, why });
    }

    /// Our To tag for a request: the same for each copy of it, unguessable for others.
    pub(super) fn tag_for(&self, message: &Message) -> String {
        let mut hash = Sha256::new();
        hash.update(self.secret);
        for name in ["Call-ID", "From", "CSeq", "Via"] {
            hash.update(message.header(name).unwrap_or_default());
            hash.update([0]);
        }
        hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Refusals that may wait to be told.
const REFUSED_MAX: usize = 64;
