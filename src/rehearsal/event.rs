//! What people and things do during a rehearsal, as a line of a transcript.

use std::fmt;

use crate::call::{Gone, Input, RingFailure};
use crate::words::{Digit, LegId, PromptId};

/// One thing that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The call comes in.
    CallerCalls,
    /// The caller's phone puts us on hold.
    CallerHolds,
    /// The caller is no longer there.
    CallerLeaves(Gone),
    /// The caller presses these keys, at once.
    CallerPresses(Vec<Digit>),
    /// No sound arrives from the caller.
    CallerSendsNoSound,
    /// From now on these are on duty: `Ada, Bruno; Carla`.
    OnDuty(String),
    /// A recording that is to be played does not exist.
    PromptMissing(PromptId),
    /// The recording cannot be made.
    RecordingFails,
    /// Somebody who was rung does something.
    Responder {
        /// Who, by name.
        name: String,
        /// What.
        act: Act,
    },
    /// From now on the roster never answers.
    RosterSilent,
    /// From now on the roster cannot be read.
    RosterUnreadable,
    /// The store says that it could not, whatever it said before.
    StoreFails,
    /// The store opens the case after all.
    StoreOpens,
}

/// What somebody who was rung does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Picks up, or a machine does.
    Answers,
    /// The ring comes to nothing.
    Fails(RingFailure),
    /// Is no longer there.
    Gone(Gone),
    /// Puts us on hold.
    Holds,
    /// Presses a key.
    Presses(Digit),
    /// Ends the hold.
    Resumes,
    /// No sound arrives from them.
    SendsNoSound,
}

impl Act {
    /// The act as the call is told of it.
    pub fn input(self, leg: LegId) -> Input {
        match self {
            Self::Answers => Input::LegAnswered { leg },
            Self::Fails(why) => Input::LegFailed { leg, why },
            Self::Gone(how) => Input::LegGone { leg, how },
            Self::Holds => Input::Held { leg },
            Self::Presses(digit) => Input::DigitPressed { leg, digit },
            Self::Resumes => Input::Resumed { leg },
            Self::SendsNoSound => Input::MediaLost { leg },
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CallerCalls => f.write_str("caller calls"),
            Self::CallerHolds => f.write_str("caller holds"),
            Self::CallerLeaves(how) => write!(f, "caller {}", leaves(*how)),
            Self::CallerPresses(digits) => {
                f.write_str("caller presses ")?;
                digits.iter().try_for_each(|digit| write!(f, "{digit}"))
            }
            Self::CallerSendsNoSound => f.write_str("caller sends no sound"),
            Self::OnDuty(people) => write!(f, "on duty: {people}"),
            Self::PromptMissing(prompt) => write!(f, "missing: {prompt}"),
            Self::RecordingFails => f.write_str("recording fails"),
            Self::Responder { name, act } => write!(f, "{name} {act}"),
            Self::RosterSilent => f.write_str("roster is silent"),
            Self::RosterUnreadable => f.write_str("roster is unreadable"),
            Self::StoreFails => f.write_str("store fails"),
            Self::StoreOpens => f.write_str("store opens the case"),
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answers => f.write_str("answers"),
            Self::Fails(why) => f.write_str(match why {
                RingFailure::Busy => "is busy",
                RingFailure::Declined => "declines",
                RingFailure::InUse => "is in another call",
                RingFailure::NoAnswer => "does not answer",
                RingFailure::Unreachable => "cannot be reached",
            }),
            Self::Gone(how) => f.write_str(leaves(*how)),
            Self::Holds => f.write_str("holds"),
            Self::Presses(digit) => write!(f, "presses {digit}"),
            Self::Resumes => f.write_str("resumes"),
            Self::SendsNoSound => f.write_str("sends no sound"),
        }
    }
}

fn leaves(how: Gone) -> &'static str {
    match how {
        Gone::HungUp => "hangs up",
        Gone::Lost => "is lost",
    }
}
