//! What an endpoint keeps of one INVITE dialog (RFC 5057: an «INVITE usage»).

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::sip::dialog::Dialog;
use crate::sip::digest::Credentials;
use crate::sip::route::Route;
use crate::sip::session::Wish;
use crate::sip::timers::{Backoff, GIVE_UP, T2};
use crate::words::Moment;

use super::refresh::Session;
use super::{OfferedBy, Sound};

/// One dialog and everything that is waited for in it.
pub(super) struct Usage {
    pub(super) dialog: Dialog,
    /// Where the other side was last heard from, or else asked.
    pub(super) source: Route,
    pub(super) stage: Stage,
    /// Our 200 to an INVITE, until its ACK.
    pub(super) unconfirmed: Option<Unconfirmed>,
    /// Their offer, until it is accepted or refused.
    pub(super) offer: Option<PendingOffer>,
    pub(super) credentials: Option<Credentials>,
    /// We hung up: nothing more is reported.
    pub(super) quiet: bool,
    /// Probes in a row that could not even be sent.
    pub(super) failed_probes: u8,
    /// Where our INVITE went, when we called: the way back when a connection closes.
    pub(super) home: Option<SocketAddr>,
    /// The INVITE that opened it, when we were called.
    pub(super) origin: Option<InviteIdentity>,
    /// What must be refreshed, where a session timer was agreed.
    pub(super) session: Option<Session>,
    /// Our last re-INVITE, its end perhaps still awaited.
    pub(super) reinvite: Option<u64>,
    /// What we ask of a session timer.
    pub(super) wish: Wish,
    /// The other side allows UPDATE.
    pub(super) takes_updates: bool,
    /// Our last session description.
    pub(super) own_sdp: Vec<u8>,
    /// What was last told of the other side's sound.
    pub(super) sound: Sound,
}

/// How far the dialog has come.
pub(super) enum Stage {
    /// We are called and have not answered.
    Called { server: u64, offered: bool, until: Moment },
    /// We call and have no final answer.
    Calling(Calling),
    /// Answered.
    Open,
    /// BYE is on its way.
    Closing,
}

/// Our unanswered INVITE.
pub(super) struct Calling {
    pub(super) client: u64,
    pub(super) ringing: bool,
    /// SDP of a provisional response, for a 200 that repeats none.
    pub(super) early_sdp: Option<Vec<u8>>,
    /// Its forks that wanted a PRACK, by To tag.
    pub(super) early: BTreeMap<String, Early>,
    /// Credentials were sent already.
    pub(super) challenged: bool,
    pub(super) cancelled: bool,
    /// When to stop waiting for it.
    pub(super) until: Moment,
}

/// A dialog a reliable provisional answer opened (RFC 3262).
pub(super) struct Early {
    pub(super) dialog: Dialog,
    /// The last `RSeq` that was acknowledged.
    pub(super) heard: u32,
    /// What was acknowledged had their answer to our offer: they may offer anew.
    pub(super) answered: bool,
    /// Our answer to an UPDATE of theirs: what it agreed goes before what the 200 repeats.
    pub(super) updated: Option<Vec<u8>>,
}

/// A 200 being repeated until its ACK comes (RFC 3261 §13.3.1.4).
pub(super) struct Unconfirmed {
    /// The INVITE it answers.
    pub(super) server: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) resend: Backoff,
    pub(super) give_up: Moment,
    pub(super) cseq: u32,
    /// It answers the INVITE that opened the dialog, not a re-INVITE.
    pub(super) opens: bool,
    /// It carried our offer: the ACK brings the answer.
    pub(super) offered: bool,
}

impl Unconfirmed {
    pub(super) fn new(now: Moment, server: u64, bytes: Vec<u8>, cseq: u32) -> Self {
        let (resend, give_up) = (Backoff::new(now, T2), now + GIVE_UP);
        Self { server, bytes, resend, give_up, cseq, opens: false, offered: false }
    }
}

/// A re-INVITE or UPDATE the application has not judged yet.
pub(super) struct PendingOffer {
    pub(super) server: u64,
    pub(super) by: OfferedBy,
    /// It had SDP; otherwise ours is wanted.
    pub(super) has_sdp: bool,
    /// The To tag of our unanswered INVITE whose dialog it came in.
    pub(super) fork: Option<String>,
    pub(super) until: Moment,
}

/// What copies and forks of one INVITE share (RFC 3261 §8.2.2.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct InviteIdentity {
    pub(super) call_id: String,
    pub(super) from_tag: String,
    pub(super) cseq: u32,
}

impl Usage {
    pub(super) fn new(dialog: Dialog, stage: Stage) -> Self {
        Self {
            source: dialog.route,
            dialog,
            stage,
            unconfirmed: None,
            offer: None,
            credentials: None,
            quiet: false,
            failed_probes: 0,
            home: None,
            origin: None,
            session: None,
            reinvite: None,
            wish: Wish::default(),
            takes_updates: false,
            own_sdp: Vec::new(),
            sound: Sound::Silent,
        }
    }

    /// The earliest moment something here falls due.
    pub(super) fn poll_timeout(&self) -> Option<Moment> {
        let stage = match &self.stage {
            Stage::Called { until, .. } => Some(*until),
            Stage::Calling(calling) => Some(calling.until),
            Stage::Open | Stage::Closing => None,
        };
        let unconfirmed = self.unconfirmed.as_ref().map(|u| u.resend.next.min(u.give_up));
        let offer = self.offer.as_ref().map(|offer| offer.until);
        let session =
            self.session.as_ref().filter(|_| self.is_talking()).map(Session::poll_timeout);
        [stage, unconfirmed, offer, session].into_iter().flatten().min()
    }

    /// Whether a request with this From tag comes from the other party.
    pub(super) fn is_from_remote(&self, from_tag: &str) -> bool {
        self.dialog.remote_tag == from_tag || matches!(self.stage, Stage::Calling(_))
    }
}
