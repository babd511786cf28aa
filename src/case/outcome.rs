//! How calls and attempts end.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A responder pressed 1 and the two were connected.
    Accepted,
    /// The caller left a message.
    Voicemail,
    /// The call-back question was answered, or met with silence, which means no.
    Callback,
    /// The caller hung up before any of these.
    Abandoned,
    /// The municipal offices took it.
    InHours,
    /// A crash cut it.
    Interrupted,
    /// It is going on.
    InProgress,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Accepted,
        Self::Voicemail,
        Self::Callback,
        Self::Abandoned,
        Self::InHours,
        Self::Interrupted,
        Self::InProgress,
    ];

    /// The word used in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Voicemail => "voicemail",
            Self::Callback => "callback",
            Self::Abandoned => "abandoned",
            Self::InHours => "in_hours",
            Self::Interrupted => "interrupted",
            Self::InProgress => "in_progress",
        }
    }

    /// As people read it.
    pub fn italian(self) -> &'static str {
        match self {
            Self::Accepted => "presa da un operatore",
            Self::Voicemail => "ha lasciato un messaggio",
            Self::Callback => "nessuno ha risposto, domanda sul richiamo",
            Self::Abandoned => "ha riagganciato prima",
            Self::InHours => "presa dagli uffici",
            Self::Interrupted => "interrotta da un guasto",
            Self::InProgress => "in corso",
        }
    }
}

impl FromStr for Outcome {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|outcome| outcome.word() == word).ok_or(())
    }
}

/// How one ring of one responder ended. *Answered* is the phone, *accepted* the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// The person pressed 1.
    Accepted,
    /// The phone was picked up and nobody pressed 1.
    Answered,
    /// It rang out.
    NoAnswer,
    /// Busy, or in another call of ours.
    Busy,
    /// The person pressed 2, or the phone declined.
    Declined,
    /// The network could not reach it.
    Unreachable,
    /// We stopped it: a colleague won, or the caller hung up.
    Cancelled,
}

impl AttemptOutcome {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Accepted,
        Self::Answered,
        Self::NoAnswer,
        Self::Busy,
        Self::Declined,
        Self::Unreachable,
        Self::Cancelled,
    ];

    /// The word used in tables and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Answered => "answered",
            Self::NoAnswer => "no_answer",
            Self::Busy => "busy",
            Self::Declined => "declined",
            Self::Unreachable => "unreachable",
            Self::Cancelled => "cancelled",
        }
    }

    /// As people read it.
    pub fn italian(self) -> &'static str {
        match self {
            Self::Accepted => "ha accettato",
            Self::Answered => "ha alzato, nessun tasto",
            Self::NoAnswer => "non ha risposto",
            Self::Busy => "occupato",
            Self::Declined => "ha rifiutato",
            Self::Unreachable => "non raggiungibile",
            Self::Cancelled => "squillo interrotto",
        }
    }
}

impl FromStr for AttemptOutcome {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|outcome| outcome.word() == word).ok_or(())
    }
}
