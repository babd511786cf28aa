//! The INVITEs that have made a call, remembered past their transactions.
//!
//! A transaction absorbs copies for 32 s after its answer (RFC 6026); a call lasts
//! longer. This table absorbs the copy that comes after that, and recognises the
//! same INVITE arriving by another path (RFC 3261 §8.2.2.2).

use std::collections::{HashMap, VecDeque};

use crate::sip::sanity::ServerKey;
use crate::sip::timers::GIVE_UP;
use crate::words::Moment;

use super::usage::InviteIdentity;

/// Every INVITE of a call that lives, or ended less than 64·T1 ago.
pub(super) struct Seen {
    invites: HashMap<InviteIdentity, ServerKey>,
    /// In order, because each waits the same time.
    expiries: VecDeque<(Moment, InviteIdentity)>,
    most: usize,
}

/// What an INVITE outside any dialog turns out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// Never seen.
    New,
    /// A late copy: say nothing.
    Copy,
    /// The same INVITE by another path: 482.
    Merged,
}

impl Seen {
    pub(super) fn new(most: usize) -> Self {
        Self { invites: HashMap::new(), expiries: VecDeque::new(), most }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.invites.len() + self.expiries.len()
    }

    pub(super) fn look(&self, identity: &InviteIdentity, key: &ServerKey) -> Sight {
        match self.invites.get(identity) {
            None => Sight::New,
            Some(known) if known == key => Sight::Copy,
            Some(_) => Sight::Merged,
        }
    }

    pub(super) fn remember(&mut self, identity: InviteIdentity, key: ServerKey) {
        if self.invites.len() >= self.most
            && let Some((_, oldest)) = self.expiries.pop_front()
        {
            self.invites.remove(&oldest);
        }
        self.invites.insert(identity, key);
    }

    /// Its call is over: forget it in 64·T1.
    pub(super) fn expire(&mut self, now: Moment, identity: InviteIdentity) {
        self.expiries.push_back((now + GIVE_UP, identity));
    }

    pub(super) fn next_expiry(&self) -> Option<Moment> {
        self.expiries.front().map(|(at, _)| *at)
    }

    pub(super) fn forget_expired(&mut self, now: Moment) {
        while self.next_expiry().is_some_and(|at| at <= now) {
            if let Some((_, identity)) = self.expiries.pop_front() {
                self.invites.remove(&identity);
            }
        }
    }
}
