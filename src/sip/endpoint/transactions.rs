//! The tables of transactions, by number and by what a message shows of them.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

use crate::sip::client::Client;
use crate::sip::client_invite::ClientInvite;
use crate::sip::dialog::Dialog;
use crate::sip::message::Message;
use crate::sip::route::Route;
use crate::sip::sanity::{Request, ServerKey};
use crate::sip::server::Server;
use crate::sip::server_invite::ServerInvite;
use crate::sip::timers::Due;
use crate::words::Moment;

use super::{DialogId, QueryId};

/// A request we received and are answering.
pub(super) struct ServerRecord {
    /// Without its body.
    pub(super) request: Request,
    /// Where it came from.
    pub(super) source: SocketAddr,
    /// Where its answers go.
    pub(super) route: Route,
    pub(super) dialog: Option<DialogId>,
    pub(super) to_tag: String,
    pub(super) machine: ServerMachine,
}

pub(super) enum ServerMachine {
    Invite(ServerInvite),
    Other(Server),
}

impl ServerMachine {
    pub(super) fn is_pending(&self) -> bool {
        match self {
            Self::Invite(machine) => machine.is_pending(),
            Self::Other(machine) => machine.is_pending(),
        }
    }

    pub(super) fn respond(&mut self, now: Moment, status: u16, bytes: &[u8]) -> bool {
        match self {
            Self::Invite(machine) => machine.respond(now, status, bytes),
            Self::Other(machine) => machine.respond(now, bytes),
        }
    }

    pub(super) fn receive_copy(&self) -> Option<&[u8]> {
        match self {
            Self::Invite(machine) => machine.receive_copy(),
            Self::Other(machine) => machine.receive_copy(),
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Moment) -> Due {
        match self {
            Self::Invite(machine) => machine.handle_timeout(now),
            Self::Other(machine) => machine.handle_timeout(now),
        }
    }

    pub(super) fn last(&self) -> &[u8] {
        match self {
            Self::Invite(machine) => machine.last(),
            Self::Other(machine) => machine.receive_copy().unwrap_or_default(),
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Moment> {
        match self {
            Self::Invite(machine) => machine.poll_timeout(),
            Self::Other(machine) => machine.poll_timeout(),
        }
    }
}

/// A request we sent and await the answer of.
pub(super) struct ClientRecord {
    pub(super) request: Message,
    pub(super) bytes: Vec<u8>,
    pub(super) route: Route,
    pub(super) dialog: Option<DialogId>,
    pub(super) purpose: Purpose,
    pub(super) machine: ClientMachine,
    pub(super) branch: String,
    /// Its connection closed, and it was sent over another.
    pub(super) sent_again: bool,
    /// When its way was first refused.
    pub(super) refused: Option<Moment>,
}

impl ClientRecord {
    /// Whether it is a call that something has come back to: a phone may be ringing.
    pub(super) fn rings(&self) -> bool {
        let begins = matches!(self.purpose, Purpose::Invite { .. });
        begins && matches!(&self.machine, ClientMachine::Invite(machine) if !machine.is_calling())
    }

    /// Whether it ends a call, or a call that begins.
    pub(super) fn ends(&self) -> bool {
        matches!(self.purpose, Purpose::Bye { .. } | Purpose::Cancel)
    }
}

/// Why we sent it.
pub(super) enum Purpose {
    Invite {
        /// The dialog as it was before any answer: each fork's begins from it.
        base: Box<Dialog>,
        /// The ACK of each answer and where it goes, by To tag, to be repeated with it.
        acks: BTreeMap<String, (Route, Vec<u8>)>,
    },
    Cancel,
    Bye {
        /// Credentials were sent already.
        challenged: bool,
    },
    /// RFC 3262.
    Prack {
        /// Credentials were sent already.
        challenged: bool,
    },
    Probe,
    /// Asked outside any call.
    Query(QueryId),
    /// RFC 4028.
    Refresh {
        /// The dialog as it was sent in: for the ACK of a re-INVITE, however late.
        base: Box<Dialog>,
        /// That ACK, once there is one.
        ack: Option<Vec<u8>>,
        /// Credentials were sent already.
        challenged: bool,
    },
}

pub(super) enum ClientMachine {
    Invite(ClientInvite),
    Other(Client),
}

impl ClientMachine {
    pub(super) fn is_pending(&self) -> bool {
        match self {
            Self::Invite(machine) => machine.is_pending(),
            Self::Other(machine) => machine.is_pending(),
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Moment) -> Due {
        match self {
            Self::Invite(machine) => machine.handle_timeout(now),
            Self::Other(machine) => machine.handle_timeout(now),
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Moment> {
        match self {
            Self::Invite(machine) => machine.poll_timeout(),
            Self::Other(machine) => machine.poll_timeout(),
        }
    }
}

/// Every transaction of the endpoint.
#[derive(Default)]
pub(super) struct Transactions {
    pub(super) servers: HashMap<u64, ServerRecord>,
    pub(super) clients: HashMap<u64, ClientRecord>,
    server_keys: HashMap<ServerKey, u64>,
    /// By branch, and whether it is the CANCEL that shares its INVITE's.
    client_keys: HashMap<(String, bool), u64>,
    next: u64,
}

impl Transactions {
    pub(super) fn len(&self) -> usize {
        self.servers.len() + self.clients.len()
    }

    /// Entries of the two indexes.
    #[cfg(test)]
    pub(super) fn keys(&self) -> usize {
        self.server_keys.len() + self.client_keys.len()
    }

    pub(super) fn add_server(&mut self, mut record: ServerRecord) -> u64 {
        self.next += 1;
        record.request.message.body = Vec::new();
        self.server_keys.insert(record.request.key.clone(), self.next);
        self.servers.insert(self.next, record);
        self.next
    }

    pub(super) fn find_server(&self, key: &ServerKey) -> Option<u64> {
        self.server_keys.get(key).copied()
    }

    pub(super) fn remove_server(&mut self, id: u64) {
        if let Some(record) = self.servers.remove(&id) {
            self.server_keys.remove(&record.request.key);
        }
    }

    pub(super) fn add_client(&mut self, record: ClientRecord) -> u64 {
        self.next += 1;
        let cancel = matches!(record.purpose, Purpose::Cancel);
        self.client_keys.insert((record.branch.clone(), cancel), self.next);
        self.clients.insert(self.next, record);
        self.next
    }

    pub(super) fn find_client(&self, branch: &str, is_cancel: bool) -> Option<u64> {
        self.client_keys.get(&(branch.to_owned(), is_cancel)).copied()
    }

    pub(super) fn remove_client(&mut self, id: u64) {
        if let Some(record) = self.clients.remove(&id) {
            let cancel = matches!(record.purpose, Purpose::Cancel);
            self.client_keys.remove(&(record.branch, cancel));
        }
    }
}
