//! Orders out: what to do, in the imperative.

use std::time::Duration;

use crate::case::Fact;
use crate::words::{Category, Language, LegId, PhoneNumber, PlayId, PromptId};

/// Whether a sound is played once or until it is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Once; its end is reported.
    Once,
    /// Until stopped or replaced.
    Forever,
}

/// Whether who is rung serves one call at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// One person, who has these phones: one call at a time.
    Exclusive(Vec<PhoneNumber>),
    /// An office: as many as its lines carry.
    Shared,
}

/// One thing to do. Orders are total: what is not ordered does not happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Answer the caller (200).
    Answer,
    /// Let the caller and this leg hear each other.
    Bridge {
        /// The responder's leg.
        leg: LegId,
    },
    /// Stop ringing a leg that has not been picked up; it is forgotten.
    Cancel {
        /// Which.
        leg: LegId,
    },
    /// Nothing more will come: forget this call.
    End,
    /// Ask the roster who is on duty; answered by `OnCall` or `RosterUnavailable`.
    FindOnCall {
        /// The round it is for, from 1.
        round: u8,
        /// Who is in need: some are for certain responders first.
        category: Category,
    },
    /// End a leg that was picked up; it is forgotten.
    HangUp {
        /// Which; leg 0 is the caller.
        leg: LegId,
    },
    /// Write a fact on the timeline.
    Note(Fact),
    /// Open the case, durably, before answering; answered by `CaseOpened` or
    /// `StoreFailed`.
    OpenCase {
        /// The first entry of its timeline.
        first: Fact,
    },
    /// Play recordings one after another, in place of what plays there now.
    Play {
        /// To whom.
        leg: LegId,
        /// Names this order.
        play: PlayId,
        /// What.
        prompts: Vec<PromptId>,
        /// In which language.
        language: Language,
        /// How often.
        repeat: Repeat,
    },
    /// Record what the caller says.
    Record {
        /// At most so long.
        max: Duration,
    },
    /// Ring a phone; answered by `LegAnswered` or `LegFailed`.
    Ring {
        /// The new leg.
        leg: LegId,
        /// The person, by name.
        person: String,
        /// The phone.
        phone: PhoneNumber,
        /// Whether it may serve other calls at the same time.
        claim: Claim,
    },
    /// Play nothing more to a leg.
    StopPlay {
        /// Which.
        leg: LegId,
    },
    /// End the recording; answered by `VoicemailEnded` or `VoicemailFailed`.
    StopRecord,
}
