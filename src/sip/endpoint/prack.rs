//! Reliable provisional answers to our INVITE (RFC 3262): each is acknowledged, in order.
//!
//! It hears no early media: a responder is heard once their phone was picked up. Our INVITE
//! always carries the offer, so that no PRACK ever carries an answer.

use super::answers::MOST_FORKS;
use super::transactions::Purpose;
use super::usage::{Early, Stage};
use super::*;
use crate::sip::body::sdp_of;
use crate::sip::dialog::tag_of;
use crate::sip::digest;

impl Endpoint {
    /// Acknowledges a provisional answer that asks for it; false for a copy, and for one
    /// that came before its predecessor: what it says is not heard (RFC 3262 §4).
    pub(super) fn take_reliable(
        &mut self,
        now: Moment,
        client: u64,
        id: DialogId,
        response: &Message,
    ) -> bool {
        let Some(number) = reliable(response) else {
            return true;
        };
        let branch = self.new_branch();
        let Some(record) = self.transactions.clients.get(&client) else {
            return true;
        };
        let Purpose::Invite { base, .. } = &record.purpose else {
            return true;
        };
        let asked = record.route;
        let Some(Usage { stage: Stage::Calling(calling), .. }) = self.usages.get_mut(&id) else {
            return true;
        };
        let tag = tag_of(response.header("To").unwrap_or_default());
        if !calling.early.contains_key(&tag) {
            if tag.is_empty() || calling.early.len() >= MOST_FORKS {
                return false;
            }
            let mut dialog = base.as_ref().clone();
            dialog.learn(response);
            self.hosts.aim(&mut dialog, asked);
            let heard = number.wrapping_sub(1);
            let early = Early { dialog, heard, answered: false, updated: None };
            calling.early.insert(tag.clone(), early);
        }
        let Some(early) = calling.early.get_mut(&tag) else {
            return false;
        };
        if number != early.heard.wrapping_add(1) {
            return false;
        }
        early.heard = number;
        early.answered |= sdp_of(response).is_some();
        let mut request = early.dialog.request(Method::Prack, &branch);
        request.push("RAck", format!("{number} {} INVITE", base.local_cseq));
        request.push("User-Agent", self.config.user_agent.clone());
        let route = early.dialog.route;
        let purpose = Purpose::Prack { challenged: false };
        self.open_other(now, request, route, branch, (Some(id), purpose));
        true
    }

    /// A challenged PRACK is sent once more, with credentials.
    pub(super) fn prack_again(
        &mut self,
        now: Moment,
        client: u64,
        id: DialogId,
        challenge: &Message,
    ) {
        let (cnonce, branch) = (self.new_token(), self.new_branch());
        let Some(usage) = self.usages.get_mut(&id) else {
            return;
        };
        let (Stage::Calling(calling), Some(own)) = (&mut usage.stage, &usage.credentials) else {
            return;
        };
        let Some(before) = self.transactions.clients.get(&client).map(|record| &record.request)
        else {
            return;
        };
        let early = calling.early.get_mut(&tag_of(before.header("To").unwrap_or_default()));
        let answer = digest::respond(challenge, own, before, &cnonce);
        let (Some(early), Some((name, value))) = (early, answer) else {
            return;
        };
        let mut request = early.dialog.request(Method::Prack, &branch);
        request.push("RAck", before.header("RAck").unwrap_or_default());
        request.push("User-Agent", self.config.user_agent.clone());
        request.push(name, value);
        let route = early.dialog.route;
        let purpose = Purpose::Prack { challenged: true };
        self.open_other(now, request, route, branch, (Some(id), purpose));
    }
}

/// The number of a provisional answer that wants a PRACK.
fn reliable(response: &Message) -> Option<u32> {
    let required = response.list("Require");
    let wants = required.iter().any(|tag| tag.eq_ignore_ascii_case("100rel"));
    let progress = response.status().is_some_and(|status| (101..200).contains(&status));
    response.header("RSeq")?.trim().parse().ok().filter(|_| wants && progress)
}
