//! The endpoint: datagrams and `now` in, datagrams and events out.
//!
//! Law: after each input drain [`Endpoint::poll_transmit`] and
//! [`Endpoint::poll_event`] to `None`, then call [`Endpoint::handle_timeout`] at
//! [`Endpoint::poll_timeout`] at the latest. Second law: one INVITE makes at most
//! one [`Event::Invited`], however often and however late it is repeated.
//!
//! It opens no socket, reads no clock and draws its randomness from one seed.

mod aim;
mod answers;
mod broken;
mod event;
mod heard;
mod hosts;
mod in_dialog;
mod leave;
mod pace;
mod prack;
mod query;
mod refresh;
mod seen;
mod serve;
mod told;
mod transactions;
mod uac;
mod uas;
mod usage;
mod wake;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

pub use query::{QueryId, Reply};

pub use event::{
    Config, DialogId, Doors, Event, Forwarding, Invitation, NOT_REFUSED, OfferedBy, Outgoing,
    PlaceCallError, Refused, Sound,
};

use super::bucket::{Buckets, Rate};
use super::dialog::Dialog;
use super::guard::Guard;
use super::message::Message;
use super::method::{ALLOW, Method};
use super::peer::Peer;
use super::reply::reply;
use super::route::{Route, Transmit};
use super::sanity::{Refusal, Request};
use super::timers::Wakeups;
use crate::words::Moment;
use heard::Heard;
use hosts::Hosts;
use pace::Pace;
use seen::Seen;
use told::Told;
use transactions::Transactions;
use usage::Usage;

/// One SIP party: called and calling.
pub struct Endpoint {
    config: Config,
    random: StdRng,
    /// Keys the To tags, so that a refusal given without memory is given alike again.
    secret: [u8; 16],
    usages: HashMap<DialogId, Usage>,
    by_local_tag: HashMap<String, DialogId>,
    transactions: Transactions,
    seen: Seen,
    wakeups: Wakeups<Owner>,
    transmits: VecDeque<Transmit>,
    events: VecDeque<Event>,
    replies: VecDeque<Reply>,
    /// What was agreed with whom, by address.
    peers: HashMap<IpAddr, Arc<Peer>>,
    /// Whose answers are whose.
    hosts: Hosts,
    /// Who spoke lately.
    heard: Heard,
    guard: Guard,
    /// What was refused, for the log.
    refused: VecDeque<Refused>,
    told: Told,
    /// Answers to what cannot be understood.
    malformed: Buckets,
    /// New calls.
    pace: Pace,
    doors: Doors,
    queries: u64,
    next_dialog: u64,
}

/// Whose timer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Owner {
    Server(u64),
    Client(u64),
    Usage(DialogId),
}

impl Endpoint {
    /// An endpoint without dialogs; the seed makes its tags, branches and Call-IDs.
    pub fn new(config: Config, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let secret = random.random();
        let pace = Pace::new(config.calls_per_second, random.random());
        Self {
            seen: Seen::new(config.max_dialogs.saturating_mul(4)),
            config,
            secret,
            usages: HashMap::new(),
            by_local_tag: HashMap::new(),
            transactions: Transactions::default(),
            wakeups: Wakeups::new(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            replies: VecDeque::new(),
            peers: HashMap::new(),
            hosts: Hosts::default(),
            heard: Heard::default(),
            guard: Guard::new(random.random()),
            refused: VecDeque::new(),
            told: Told::default(),
            malformed: Buckets::new(MALFORMED, seed),
            pace,
            doors: Doors::Open,
            queries: 0,
            next_dialog: 0,
            random,
        }
    }

    /// What was agreed with the peer at an address; who is not told of is read as usual.
    pub fn know(&mut self, address: IpAddr, peer: Arc<Peer>) {
        self.peers.insert(address.to_canonical(), peer);
    }

    /// Forgets what was agreed with anybody, to be told anew.
    pub fn forget_peers(&mut self) {
        self.peers.clear();
        self.hosts = Hosts::default();
    }

    /// These hosts are one peer: what one of them is asked another may answer.
    pub fn know_together(&mut self, addresses: &BTreeSet<IpAddr>) {
        self.hosts.learn(addresses);
    }

    /// Takes one datagram, or one message a stream's framing cut out.
    pub fn receive(&mut self, now: Moment, route: Route, bytes: &[u8]) {
        let Ok(message) = Message::parse(bytes) else {
            return;
        };
        self.heard.note(now, route);
        // RFC 3261 §18.3: a response that contradicts itself is discarded.
        if message.status().is_some() {
            if message.fault.is_some() {
                return;
            }
            self.receive_response(now, route, &message);
        } else {
            self.receive_request(now, route, message);
        }
    }

    /// The next message to send. Poll after every other call, until `None`.
    #[must_use]
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next thing that happened. Poll after every other call, until `None`.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The next request that was refused and left no trace. Poll for the log.
    pub fn poll_refused(&mut self) -> Option<Refused> {
        self.refused.pop_front()
    }

    /// Whether new calls are taken from now on; a refused one leaves nothing.
    pub fn set_doors(&mut self, doors: Doors) {
        self.doors = doors;
    }

    /// When [`Endpoint::handle_timeout`] must be called. Changes with every other call.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        [self.wakeups.next(), self.seen.next_expiry()].into_iter().flatten().min()
    }

    /// Dialogs that are not over, BYEs under way included.
    pub fn open_dialogs(&self) -> usize {
        self.usages.len()
    }

    /// Transactions that are not over.
    pub fn open_transactions(&self) -> usize {
        self.transactions.len()
    }

    /// The Call-ID of a dialog that is not over, for logs.
    pub fn sip_call_id(&self, dialog: DialogId) -> Option<&str> {
        self.usages.get(&dialog).map(|usage| usage.dialog.call_id.as_str())
    }

    /// What must be written to disk to end a dialog after a restart.
    pub fn saved(&self, dialog: DialogId) -> Option<Dialog> {
        self.usages.get(&dialog).map(|usage| usage.dialog.clone())
    }

    fn receive_request(&mut self, now: Moment, route: Route, message: Message) {
        let is_ack = message.method() == Some(&Method::Ack);
        let copy = message.clone();
        let request = match Request::read(message) {
            Ok(request) => request,
            Err(_) if is_ack => return,
            Err(refusal) => {
                // Who sends nonsense without end is not answered without end.
                if self.malformed.take(now, route.remote.ip()) {
                    self.refuse_stateless(route, &copy, &refusal);
                }
                return;
            }
        };
        match request.method {
            Method::Ack => return self.receive_ack(now, &request),
            Method::Cancel => return self.receive_cancel(now, route, &request),
            _ => {}
        }
        if let Some(id) = self.transactions.find_server(&request.key) {
            return self.receive_copy(id, route);
        }
        if let Err(refusal) = request.admit() {
            return self.refuse_stateless(route, &request.message, &refusal);
        }
        match request.to_tag {
            Some(_) => self.receive_in_dialog(now, route, request),
            None => self.receive_outside(now, route, request),
        }
    }

    fn send(&mut self, route: Route, bytes: Vec<u8>) {
        self.transmits.push_back(Transmit { route, bytes });
    }

    fn new_branch(&mut self) -> String {
        format!("z9hG4bK{}", self.new_token())
    }

    fn new_token(&mut self) -> String {
        format!("{:016x}", self.random.random::<u64>())
    }

    fn new_dialog_id(&mut self) -> DialogId {
        self.next_dialog += 1;
        DialogId(self.next_dialog)
    }

    fn open_usage(&mut self, usage: Usage) -> DialogId {
        let id = self.new_dialog_id();
        self.by_local_tag.insert(usage.dialog.local_tag.clone(), id);
        self.usages.insert(id, usage);
        self.rearm(id);
        id
    }

    fn close_usage(&mut self, now: Moment, id: DialogId) {
        let Some(usage) = self.usages.remove(&id) else {
            return;
        };
        self.by_local_tag.remove(&usage.dialog.local_tag);
        self.wakeups.set(Owner::Usage(id), None);
        if let Some(offer) = usage.offer {
            self.respond(now, offer.server, 487, |_| {});
        }
        self.hasten(now, usage.reinvite);
        if let Some(origin) = usage.origin {
            self.seen.expire(now, origin);
        }
    }

    fn rearm(&mut self, id: DialogId) {
        let at = self.usages.get(&id).and_then(Usage::poll_timeout);
        self.wakeups.set(Owner::Usage(id), at);
    }

    /// Reports, unless we hung up.
    fn report(&mut self, id: DialogId, event: Event) {
        if self.usages.get(&id).is_some_and(|usage| !usage.quiet) {
            self.events.push_back(event);
        }
    }
}

/// Answers one source has for what cannot be understood.
const MALFORMED: Rate = Rate { burst: 100, each: Duration::from_millis(20) };

#[cfg(test)]
#[path = "tests/tables.rs"]
mod tests;
