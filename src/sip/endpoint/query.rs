//! Requests of ours outside any call: OPTIONS and REGISTER to a trunk.
//!
//! It judges no answer: whoever asked does. Law: each query has exactly one [`Reply`].

use super::transactions::{ClientMachine, ClientRecord, Purpose};
use super::*;
use crate::sip::client::Client;
use crate::sip::dialog::{contact, push_via};
use crate::sip::sanity::SDP;

/// One question to a trunk; never used twice in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueryId(u64);

/// How a query ended.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// Which.
    pub query: QueryId,
    /// The final status; without a response 408 (silence) or 503 (nothing could be sent).
    pub status: u16,
    /// What came back, if anything did.
    pub response: Option<Message>,
}

impl std::fmt::Debug for Reply {
    /// The status only: a response names accounts.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reply({:?}, {})", self.query, self.status)
    }
}

impl Endpoint {
    /// Asks a trunk whether it is there: OPTIONS (RFC 3261 §11), `host` being its
    /// domain or address, and `over` a proxy it passes first.
    pub fn ping(&mut self, now: Moment, route: Route, host: &str, over: Option<&str>) -> QueryId {
        let target = format!("sip:{host}");
        let mut options = Message::request(Method::Options, target.clone());
        let tag = self.new_token();
        options.push("From", format!("<sip:polaris@{}>;tag={tag}", route.local));
        options.push("To", format!("<{target}>"));
        options.push("Call-ID", format!("{}@{}", self.new_token(), route.local.ip()));
        options.push("CSeq", "1 OPTIONS");
        options.push("Contact", contact(route));
        options.push("Accept", SDP);
        self.query(now, route, &options, over)
    }

    /// Sends a request that is complete but for its Via, Max-Forwards and Route.
    pub fn query(
        &mut self,
        now: Moment,
        route: Route,
        request: &Message,
        over: Option<&str>,
    ) -> QueryId {
        self.queries += 1;
        let query = QueryId(self.queries);
        let branch = self.new_branch();
        let method = request.method().cloned().unwrap_or(Method::Options);
        let mut whole = Message::request(method, request.request_uri().to_owned());
        push_via(&mut whole, route, &branch);
        whole.push("Max-Forwards", "70");
        if let Some(proxy) = over {
            whole.push("Route", uac::preloaded(proxy, route));
        }
        whole.headers.extend(request.headers.iter().cloned());
        whole.push("User-Agent", self.config.user_agent.clone());
        let machine = ClientMachine::Other(Client::new(now, route.transport.is_reliable()));
        self.open_client(ClientRecord {
            bytes: whole.to_bytes(),
            request: whole,
            route,
            dialog: None,
            purpose: Purpose::Query(query),
            machine,
            branch,
            sent_again: false,
            refused: None,
        });
        query
    }

    /// The next query that ended. Poll after every other call, until `None`.
    #[must_use]
    pub fn poll_reply(&mut self) -> Option<Reply> {
        self.replies.pop_front()
    }

    /// Whether anything at all has come back to a call of ours.
    pub fn is_heard(&self, dialog: DialogId) -> bool {
        let calling = match self.usages.get(&dialog).map(|usage| &usage.stage) {
            Some(usage::Stage::Calling(calling)) => calling.client,
            _ => return true,
        };
        let machine = self.transactions.clients.get(&calling).map(|record| &record.machine);
        !matches!(machine, Some(ClientMachine::Invite(machine)) if machine.is_calling())
    }
}
