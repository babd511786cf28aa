//! How a peer writes what we read of its calls, and what it must show first.
//!
//! It reads no message: [`identity`](super::identity) and [`guard`](super::guard) do, by it.

use super::digest::Credentials;

/// Where the number called may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalledIn {
    /// RFC 5806: who sent the call on to us.
    Diversion,
    /// RFC 7315 §4.2: the number dialled, when the Request-URI names our account.
    PCalledPartyId,
    /// The address of the request.
    RequestUri,
    /// The To field.
    To,
}

impl CalledIn {
    /// The order that serves every operator we know of.
    pub const USUAL: [Self; 4] =
        [Self::PCalledPartyId, Self::To, Self::RequestUri, Self::Diversion];

    /// Reads the name of the place, as a person writes it.
    pub fn named(text: &str) -> Option<Self> {
        let place = match text.to_ascii_lowercase().as_str() {
            "diversion" => Self::Diversion,
            "p-called-party-id" => Self::PCalledPartyId,
            "request-uri" => Self::RequestUri,
            "to" => Self::To,
            _ => return None,
        };
        Some(place)
    }
}

/// Where the caller's number may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerIn {
    /// What the caller says.
    From,
    /// RFC 3325: what the network vouches for.
    PAssertedIdentity,
    /// RFC 3325: what the caller would like.
    PPreferredIdentity,
    /// What came before RFC 3325.
    RemotePartyId,
}

impl CallerIn {
    /// What the network vouches for, then what the caller says.
    pub const USUAL: [Self; 2] = [Self::PAssertedIdentity, Self::From];

    /// Reads the name of the place, as a person writes it.
    pub fn named(text: &str) -> Option<Self> {
        let place = match text.to_ascii_lowercase().as_str() {
            "from" => Self::From,
            "p-asserted-identity" => Self::PAssertedIdentity,
            "p-preferred-identity" => Self::PPreferredIdentity,
            "remote-party-id" => Self::RemotePartyId,
            _ => return None,
        };
        Some(place)
    }

    /// The field.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::From => "From",
            Self::PAssertedIdentity => "P-Asserted-Identity",
            Self::PPreferredIdentity => "P-Preferred-Identity",
            Self::RemotePartyId => "Remote-Party-ID",
        }
    }
}

/// What becomes of the number of a caller who asked to stay unknown, where the network
/// sends it all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HiddenCallers {
    /// It is not even read.
    #[default]
    Hidden,
    /// It is read. Only a service that the law lets override the wish may do so.
    Shown,
}

/// One peer, as agreed with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Where the number called is looked for first; the other places follow.
    pub called_in: Vec<CalledIn>,
    /// Where the caller's number is looked for, and nowhere else.
    pub caller_in: Vec<CallerIn>,
    /// Callers who asked to stay unknown.
    pub hidden: HiddenCallers,
    /// What its calls must show, where its addresses alone are not enough.
    pub shows: Option<Credentials>,
}

impl Default for Peer {
    fn default() -> Self {
        Self {
            called_in: CalledIn::USUAL.into(),
            caller_in: CallerIn::USUAL.into(),
            hidden: HiddenCallers::Hidden,
            shows: None,
        }
    }
}
