//! What falls due: one arm for each owner of a timer.

use super::transactions::{ClientMachine, Purpose};
use super::usage::Stage;
use super::*;
use crate::sip::reply::way_back;
use crate::sip::timers::Due;

impl Endpoint {
    /// Does what has fallen due at `now`; calling it early or late does no harm.
    pub fn handle_timeout(&mut self, now: Moment) {
        self.seen.forget_expired(now);
        while let Some(owner) = self.wakeups.take_due(now) {
            match owner {
                Owner::Server(id) => self.wake_server(now, id),
                Owner::Client(id) => self.wake_client(now, id),
                Owner::Usage(id) => self.wake_usage(now, id),
            }
        }
    }

    fn wake_server(&mut self, now: Moment, id: u64) {
        let Some(record) = self.transactions.servers.get_mut(&id) else {
            return;
        };
        match record.machine.handle_timeout(now) {
            Due::Over | Due::GaveUp => return self.transactions.remove_server(id),
            Due::Resend => {
                let (route, bytes) = (record.route, record.machine.last().to_vec());
                self.transmits.push_back(Transmit { route, bytes });
            }
            Due::Nothing => {}
        }
        self.wakeups.set(Owner::Server(id), record.machine.poll_timeout());
    }

    fn wake_client(&mut self, now: Moment, id: u64) {
        let Some(record) = self.transactions.clients.get_mut(&id) else {
            return;
        };
        match record.machine.handle_timeout(now) {
            Due::Over => return self.transactions.remove_client(id),
            Due::GaveUp => {
                self.finish_client(now, id, 408, None);
                return self.transactions.remove_client(id);
            }
            Due::Resend => {
                let (route, bytes) = (record.route, record.bytes.clone());
                self.transmits.push_back(Transmit { route, bytes });
            }
            Due::Nothing => {}
        }
        self.wakeups.set(Owner::Client(id), record.machine.poll_timeout());
    }

    fn wake_usage(&mut self, now: Moment, id: DialogId) {
        self.wake_offer(now, id);
        self.wake_unconfirmed(now, id);
        self.wake_stage(now, id);
        self.wake_session(now, id);
        self.rearm(id);
    }

    fn wake_offer(&mut self, now: Moment, id: DialogId) {
        let offer = self.usages.get(&id).and_then(|usage| usage.offer.as_ref());
        if offer.is_some_and(|offer| now >= offer.until) {
            let refusal = Refusal::new(488, "nobody judged the offered sound in time");
            self.decline_offer(now, id, &refusal);
        }
    }

    fn wake_unconfirmed(&mut self, now: Moment, id: DialogId) {
        let Some(usage) = self.usages.get_mut(&id) else {
            return;
        };
        let Some(unconfirmed) = &mut usage.unconfirmed else {
            return;
        };
        if now >= unconfirmed.give_up {
            self.miss_ack(now, id);
        } else if unconfirmed.resend.is_due(now) {
            let (server, bytes) = (unconfirmed.server, unconfirmed.bytes.clone());
            // RFC 3261 §18.2.2: the request says where to; its sender may have moved behind a NAT.
            let route = match self.transactions.servers.get(&server) {
                Some(record) if record.route.transport.is_reliable() => record.route,
                Some(record) => way_back(&record.request.message, usage.source),
                None => usage.source,
            };
            self.send(route, bytes);
        }
    }

    /// 64·T1 have passed without the ACK of our 200. RFC 3261 §13.3.1.4 and §14.2 want the BYE,
    /// and say SHOULD; but who is heard was reached by the 200, and is talking.
    fn miss_ack(&mut self, now: Moment, id: DialogId) {
        let Some(usage) = self.usages.get_mut(&id) else {
            return;
        };
        let heard = usage.sound == Sound::Arrives && !usage.quiet;
        let Some(missed) = usage.unconfirmed.take() else {
            return;
        };
        match (missed.opens, heard) {
            (true, true) => self.report(id, Event::Confirmed { dialog: id, sdp: None }),
            (true, false) => self.report(id, Event::NeverConfirmed { dialog: id }),
            (false, true) if missed.offered => {
                self.report(id, Event::OfferAnswered { dialog: id, sdp: None });
            }
            (false, true) => {}
            (false, false) => self.report(id, Event::HungUp { dialog: id, lost: true }),
        }
        if !heard {
            self.bye(now, id);
        }
    }

    fn wake_stage(&mut self, now: Moment, id: DialogId) {
        match self.usages.get(&id).map(|usage| (&usage.stage, usage.quiet)) {
            Some((Stage::Called { server, until, .. }, _)) if now >= *until => {
                let server = *server;
                self.report(id, Event::HungUp { dialog: id, lost: true });
                self.turn_down(now, server, &Refusal::new(480, "nobody answered the call"));
                self.close_usage(now, id);
            }
            Some((Stage::Calling(calling), quiet)) if now >= calling.until => {
                if calling.cancelled || quiet {
                    let client = calling.client;
                    self.forget_call(now, id, client);
                } else {
                    self.report(id, Event::Failed { dialog: id, status: 408 });
                    self.hang_up(now, id);
                }
            }
            _ => {}
        }
    }

    /// 64·T1 after our CANCEL there is nothing left to wait for (RFC 3261 §9.1).
    fn forget_call(&mut self, now: Moment, id: DialogId, client: u64) {
        let pending = self.transactions.clients.get(&client).is_some_and(|record| {
            matches!(record.purpose, Purpose::Invite { .. })
                && matches!(&record.machine, ClientMachine::Invite(m) if m.is_pending())
        });
        if pending {
            self.drop_client(client);
        }
        self.close_usage(now, id);
    }
}
