//! The method of a request (RFC 3261 §7.1), case-sensitive.

use std::fmt;

/// A request's method: those this program knows by name, and any other token.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Confirms a final answer to an INVITE.
    Ack,
    /// Ends a dialog.
    Bye,
    /// Withdraws an unanswered INVITE.
    Cancel,
    /// RFC 6086: keys, among other things.
    Info,
    /// Opens a dialog, or changes one.
    Invite,
    /// Asks what a party can do, and whether it is there.
    Options,
    /// RFC 3262: acknowledges a provisional answer.
    Prack,
    /// RFC 3515: asks us to call a third party; always declined.
    Refer,
    /// RFC 3311: changes a session before or after it is confirmed.
    Update,
    /// Known, and not for a line that only answers and rings.
    Unwanted(&'static str),
    /// A token no RFC of ours names.
    Unknown(String),
}

impl Method {
    /// Reads a token; never fails, because any token is a method.
    pub fn new(token: &str) -> Self {
        match token {
            "ACK" => Self::Ack,
            "BYE" => Self::Bye,
            "CANCEL" => Self::Cancel,
            "INFO" => Self::Info,
            "INVITE" => Self::Invite,
            "OPTIONS" => Self::Options,
            "PRACK" => Self::Prack,
            "REFER" => Self::Refer,
            "UPDATE" => Self::Update,
            _ => UNWANTED
                .iter()
                .find(|known| **known == token)
                .map_or_else(|| Self::Unknown(token.to_owned()), |known| Self::Unwanted(known)),
        }
    }

    /// The token, as on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Ack => "ACK",
            Self::Bye => "BYE",
            Self::Cancel => "CANCEL",
            Self::Info => "INFO",
            Self::Invite => "INVITE",
            Self::Options => "OPTIONS",
            Self::Prack => "PRACK",
            Self::Refer => "REFER",
            Self::Update => "UPDATE",
            Self::Unwanted(token) => token,
            Self::Unknown(token) => token,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The methods we serve, for `Allow` (RFC 3261 §20.5).
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, PRACK";

const UNWANTED: [&str; 5] = ["REGISTER", "SUBSCRIBE", "NOTIFY", "MESSAGE", "PUBLISH"];
