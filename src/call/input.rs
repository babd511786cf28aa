//! Facts in: what happened, in the past tense. Every failure is one of them.

use crate::roster::Ladder;
use crate::words::{CaseNumber, Digit, LegId, PlayId, PromptId};

/// What is known of a call when it comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Arrival {
    /// It came in on a number for police and operators.
    pub direct: bool,
    /// The service itself answers at this hour; otherwise the offices do.
    pub active: bool,
    /// The caller's number is hidden, so there is none to call back.
    pub hidden: bool,
}

/// How a leg was lost from the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// The person hung up.
    HungUp,
    /// The network lost it: no answer to our signals any more.
    Lost,
}

/// Why a phone we rang was never picked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RingFailure {
    /// Busy.
    Busy,
    /// The phone's owner refused it.
    Declined,
    /// Another call of ours holds this responder.
    InUse,
    /// It was never picked up, says the network.
    NoAnswer,
    /// The network could not reach it, or we may not dial it.
    Unreachable,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The call hears us and we hear it.
    CallerConnected,
    /// The caller is no longer there.
    CallerGone(Gone),
    /// The case is on disk.
    CaseOpened {
        /// Its number.
        number: CaseNumber,
    },
    /// A key, on any leg, each press once.
    DigitPressed {
        /// Whose.
        leg: LegId,
        /// Which.
        digit: Digit,
    },
    /// A party was put on hold by its own phone.
    Held {
        /// Whose phone.
        leg: LegId,
    },
    /// A phone we rang was picked up.
    LegAnswered {
        /// Which.
        leg: LegId,
    },
    /// A phone we rang will not be picked up.
    LegFailed {
        /// Which.
        leg: LegId,
        /// Why.
        why: RingFailure,
    },
    /// A phone that had been picked up is no longer there.
    LegGone {
        /// Which.
        leg: LegId,
        /// How.
        how: Gone,
    },
    /// No sound has been arriving from a leg.
    MediaLost {
        /// Which.
        leg: LegId,
    },
    /// The roster's answer; an empty ladder is an answer too.
    OnCall {
        /// Who may be rung now.
        ladder: Ladder,
    },
    /// What was ordered to play has ended by itself.
    PlayFinished {
        /// Where.
        leg: LegId,
        /// Which order.
        play: PlayId,
    },
    /// A recording does not exist; the built-in sound plays in its place.
    PromptMissing {
        /// Which.
        prompt: PromptId,
    },
    /// A hold ended.
    Resumed {
        /// Whose.
        leg: LegId,
    },
    /// The roster cannot be read, not even the copy in memory.
    RosterUnavailable,
    /// What the last input led to failed in the middle: the switchboard caught it, and no
    /// leg but the caller's is left.
    StepFailed,
    /// The store did not take the case in time; the journal has it.
    StoreFailed,
    /// The recording ended and is on disk.
    VoicemailEnded {
        /// Its file name.
        file: String,
        /// Its length, whole seconds.
        seconds: u32,
    },
    /// The recording could not be made.
    VoicemailFailed,
}
