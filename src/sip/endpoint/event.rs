//! The words between the endpoint and who uses it.

use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::sip::digest::Credentials;
use crate::sip::route::Route;

/// One INVITE dialog, whichever side began it; never used twice in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DialogId(pub u64);

impl fmt::Display for DialogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What an endpoint is told once.
#[derive(Clone, Debug)]
pub struct Config {
    /// The text of `User-Agent` and `Server`.
    pub user_agent: String,
    /// Dialogs at once; beyond, an INVITE gets 503 and leaves no trace.
    pub max_dialogs: usize,
    /// Transactions at once for new calls; requests inside dialogs may use twice as many.
    pub max_transactions: usize,
    /// New calls a second, and twice as many at once; beyond, an INVITE gets 503.
    pub calls_per_second: u32,
}

impl Default for Config {
    /// Enough for 400 calls with a responder each, and for 50 new calls a second.
    fn default() -> Self {
        Self {
            user_agent: "polaris".into(),
            max_dialogs: 2_000,
            max_transactions: 20_000,
            calls_per_second: 50,
        }
    }
}

/// Whether a dialog's other side is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound {
    /// Its packets come.
    Arrives,
    /// None comes, or none was agreed.
    Silent,
}

/// Whether new calls are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doors {
    /// As long as there is room in the tables.
    Open,
    /// Each gets 503 and leaves nothing behind.
    Shut,
}

/// In place of a status: nothing was told to whom.
pub const NOT_REFUSED: u16 = 0;

/// A message that was refused without leaving a trace: for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Who sent it.
    pub remote: SocketAddr,
    /// What it was told; [`NOT_REFUSED`] of an answer that was not taken.
    pub status: u16,
    /// Why; names nobody.
    pub why: &'static str,
}

/// How an offer came inside a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferedBy {
    /// A re-INVITE (RFC 3261 §14).
    ReInvite,
    /// An UPDATE (RFC 3311).
    Update,
}

/// What happened. After [`hang_up`](super::Endpoint::hang_up) nothing more is said of a dialog.
#[derive(Clone, PartialEq, Eq)]
pub enum Event {
    /// Somebody calls; 100 is already on its way.
    Invited {
        /// The new dialog.
        dialog: DialogId,
        /// What was asked.
        invitation: Box<Invitation>,
    },
    /// The caller withdrew before our answer; 487 is already on its way.
    Cancelled {
        /// Over.
        dialog: DialogId,
    },
    /// The ACK of our 200 came; or none within 64·T1, but the other side's sound.
    Confirmed {
        /// Open.
        dialog: DialogId,
        /// The answer, when our 200 carried the offer.
        sdp: Option<Vec<u8>>,
    },
    /// Our 200 was repeated for 64·T1 without an ACK, and nothing is heard; BYE is on its way.
    NeverConfirmed {
        /// Over.
        dialog: DialogId,
    },
    /// A new offer inside the dialog: accept or refuse it within five seconds, or it gets 488.
    Offered {
        /// Open.
        dialog: DialogId,
        /// The offer.
        sdp: Vec<u8>,
        /// Which request brought it.
        by: OfferedBy,
    },
    /// A re-INVITE without offer: ours is wanted, through `accept_offer`.
    OfferWanted {
        /// Open.
        dialog: DialogId,
    },
    /// The answer to the offer we gave in the 200 of a re-INVITE.
    OfferAnswered {
        /// Open.
        dialog: DialogId,
        /// The answer, if the ACK carried one.
        sdp: Option<Vec<u8>>,
    },
    /// The called phone rings (said once).
    Ringing {
        /// Ours.
        dialog: DialogId,
    },
    /// The called phone answered; the ACK is on its way.
    Answered {
        /// Open.
        dialog: DialogId,
        /// The answer to our offer; `None` also when an offer of theirs that was accepted
        /// before has replaced it.
        sdp: Option<Vec<u8>>,
    },
    /// Our call failed.
    Failed {
        /// Over.
        dialog: DialogId,
        /// The final refusal; 408 when nothing came back, 503 when nothing could be sent.
        status: u16,
    },
    /// The other side hung up, or was lost.
    HungUp {
        /// Over.
        dialog: DialogId,
        /// True when no BYE came: it no longer answers or no longer knows the dialog.
        lost: bool,
    },
    /// An INFO came; 200 is on its way.
    InfoReceived {
        /// Open.
        dialog: DialogId,
        /// Its media type, in lower case, without parameters.
        content_type: String,
        /// Its body.
        body: Vec<u8>,
    },
}

impl Event {
    /// The dialog it happened in.
    pub fn dialog(&self) -> DialogId {
        match self {
            Self::Invited { dialog, .. }
            | Self::Cancelled { dialog }
            | Self::Confirmed { dialog, .. }
            | Self::NeverConfirmed { dialog }
            | Self::Offered { dialog, .. }
            | Self::OfferWanted { dialog }
            | Self::OfferAnswered { dialog, .. }
            | Self::Ringing { dialog }
            | Self::Answered { dialog, .. }
            | Self::Failed { dialog, .. }
            | Self::HungUp { dialog, .. }
            | Self::InfoReceived { dialog, .. } => *dialog,
        }
    }
}

impl fmt::Debug for Event {
    /// What happened and where; no body, because bodies hold keys and addresses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Invited { .. } => "Invited",
            Self::Cancelled { .. } => "Cancelled",
            Self::Confirmed { .. } => "Confirmed",
            Self::NeverConfirmed { .. } => "NeverConfirmed",
            Self::Offered { .. } => "Offered",
            Self::OfferWanted { .. } => "OfferWanted",
            Self::OfferAnswered { .. } => "OfferAnswered",
            Self::Ringing { .. } => "Ringing",
            Self::Answered { .. } => "Answered",
            Self::Failed { status, .. } => return write!(f, "Failed({}, {status})", self.dialog()),
            Self::HungUp { lost: true, .. } => "Lost",
            Self::HungUp { .. } => "HungUp",
            Self::InfoReceived { .. } => "InfoReceived",
        };
        write!(f, "{name}({})", self.dialog())
    }
}

/// An INVITE that wants a new call.
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Where it came from.
    pub route: Route,
    /// Candidates for the number called, best first, by the peer's agreement; user parts,
    /// unescaped once, without parameters.
    pub called: Vec<String>,
    /// The caller, by the peer's agreement; `None` when hidden, unless that shows it.
    pub caller: Option<String>,
    /// The caller asked to stay unknown.
    pub hidden: bool,
    /// The offer, if there is one.
    pub sdp: Option<Vec<u8>>,
    /// The dialog's Call-ID.
    pub sip_call_id: String,
}

impl fmt::Debug for Invitation {
    /// No numbers and no addresses of sound: this may reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invitation")
            .field("route", &self.route)
            .field("hidden", &self.hidden)
            .field("sip_call_id", &self.sip_call_id)
            .finish_non_exhaustive()
    }
}

/// A call to place.
#[derive(Clone)]
pub struct Outgoing {
    /// Our socket and the trunk's address.
    pub route: Route,
    /// The number to ring: digits, with or without `+`.
    pub to: String,
    /// The domain of the number; without one the trunk's address.
    pub to_host: Option<String>,
    /// Our own number, for From and P-Asserted-Identity.
    pub from_number: String,
    /// The host (or `host:port`) of From and P-Asserted-Identity; a domain or our address.
    pub from_host: String,
    /// Our offer.
    pub sdp: Vec<u8>,
    /// For a trunk that challenges.
    pub credentials: Option<Credentials>,
    /// What it says of the call that it goes on from.
    pub forwarding: Forwarding,
    /// A proxy that everything passes first: HOST:PORT.
    pub outbound_proxy: Option<String>,
    /// The way its registrar wants it to take (RFC 3608), after that proxy: Route elements. It
    /// leaves for `route` all the same.
    pub service_route: Vec<String>,
}

/// What a call of ours says of the one it goes on from; by default nothing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Forwarding {
    /// The caller's number, for From in place of our own.
    pub caller: Option<String>,
    /// Says with RFC 5806 that our number passed it on.
    pub diversion: bool,
    /// Says it with RFC 7044.
    pub history_info: bool,
}

impl fmt::Debug for Forwarding {
    /// Nothing: it names the caller.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Forwarding(…)")
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").field("route", &self.route).finish_non_exhaustive()
    }
}

/// Why a call was not even tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlaceCallError {
    /// [`Config::max_dialogs`] are open.
    #[error("too many dialogs are open")]
    TooManyDialogs,
    /// [`Config::max_transactions`] are under way.
    #[error("too many transactions are under way")]
    TooManyTransactions,
    /// The number has a character that is neither a digit nor a leading plus.
    #[error("the number cannot be dialled")]
    NotDiallable,
}
