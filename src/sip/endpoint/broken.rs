//! When the way to the other side is lost: refused, or its connection closed.
//!
//! It opens no new way itself: it says where the next message goes, and the line
//! opens what is missing.
//!
//! Law: whoever waits for an answer that can no longer come is told at once, and a
//! phone that rings for us is told to stop.

use super::transactions::ClientRecord;
use super::*;
use crate::sip::reply::new_way_back;
use crate::sip::timers::T1;

impl Endpoint {
    /// Nothing can be sent to `route`: ICMP refused, or no connection could be opened.
    ///
    /// Our requests that wait there fail at once. Over UDP such a refusal may be forged, and
    /// one datagram may be lost: who spoke lately is believed to be there until a request was
    /// refused again, and nobody spoke meanwhile; a call that has begun to ring is left alone,
    /// and what ends a call is said on and on.
    pub fn transport_failed(&mut self, now: Moment, route: Route) {
        let reliable = route.transport.is_reliable();
        let spoke = if reliable { None } else { self.heard.lately(now, route) };
        for id in self.clients_at(route) {
            let Some(record) = self.transactions.clients.get_mut(&id) else { continue };
            let first = *record.refused.get_or_insert(now);
            if let Some(spoke) = spoke
                && (spoke >= first || now < first + T1)
            {
                continue;
            }
            let (rings, ends) = (record.rings(), record.ends());
            let left = match reliable {
                true => rings && self.stop_ringing(now, id),
                false => rings || ends,
            };
            if !left {
                self.fail_client(now, id);
            }
        }
    }

    /// A connection that was open is closed; what it carried may or may not have arrived.
    ///
    /// Responses go where RFC 3261 §18.2.2 says, requests to the Route or Contact of
    /// their dialog (§18.1.1), all over a new connection. A request that waits for its
    /// answer is sent once more. A phone that rings for us could no longer tell us that
    /// it was picked up: its call fails, and is cancelled over the new connection.
    pub fn connection_closed(&mut self, now: Moment, route: Route) {
        self.leave_connection(route);
        for id in self.clients_at(route) {
            let Some(record) = self.transactions.clients.get_mut(&id) else { continue };
            let home = record.dialog.and_then(|dialog| self.usages.get(&dialog));
            if let Some(usage) = home {
                record.route.remote = usage.dialog.route.remote;
            }
            if record.rings() && self.stop_ringing(now, id) {
                continue;
            }
            self.send_once_more(now, id);
        }
    }

    /// Our requests without an answer that were sent there.
    fn clients_at(&self, route: Route) -> Vec<u64> {
        let waits =
            |record: &ClientRecord| is_same(record.route, route) && record.machine.is_pending();
        let clients = self.transactions.clients.iter();
        let mut found: Vec<u64> =
            clients.filter(|(_, record)| waits(record)).map(|(id, _)| *id).collect();
        found.sort_unstable();
        found
    }

    /// From now on nothing is sent to a port that existed for one connection only.
    fn leave_connection(&mut self, route: Route) {
        for record in self.transactions.servers.values_mut() {
            if is_same(record.route, route) {
                record.route = new_way_back(&record.request.message, route);
            }
        }
        for usage in self.usages.values_mut() {
            if is_same(usage.dialog.route, route) {
                let target = usage.home.or_else(|| usage.dialog.next_hop());
                usage.dialog.route.remote = target.unwrap_or(route.remote);
                usage.source.remote = usage.dialog.route.remote;
            }
        }
    }

    /// Gives up a call of ours that rings: false when that was done before.
    fn stop_ringing(&mut self, now: Moment, id: u64) -> bool {
        let dialog = self.transactions.clients.get(&id).and_then(|record| record.dialog);
        let Some(dialog) = dialog else { return false };
        let known = self.usages.get(&dialog).map(|usage| usage.quiet);
        if known != Some(false) {
            return false;
        }
        self.report(dialog, Event::Failed { dialog, status: 503 });
        self.hang_up(now, dialog);
        true
    }

    fn send_once_more(&mut self, now: Moment, id: u64) {
        let Some(record) = self.transactions.clients.get_mut(&id) else { return };
        if record.rings() {
            // Cancelled already: its end is awaited, and bounded, elsewhere.
            return;
        }
        if std::mem::replace(&mut record.sent_again, true) {
            return self.fail_client(now, id);
        }
        let (route, bytes) = (record.route, record.bytes.clone());
        self.send(route, bytes);
    }

    fn fail_client(&mut self, now: Moment, id: u64) {
        self.finish_client(now, id, 503, None);
        self.drop_client(id);
    }
}

fn is_same(one: Route, other: Route) -> bool {
    one.transport == other.transport && one.remote == other.remote
}
