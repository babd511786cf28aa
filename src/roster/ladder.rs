//! The answer of the roster at one instant: these people, in this order.

use serde::{Deserialize, Serialize};

use super::{LastResort, StepPolicy};
use crate::words::PhoneNumber;

/// Who may be rung now, step by step. No step is empty.
///
/// Steps stand in the order of their numbers; only a requirement lets people of a
/// later step come before others of an earlier one, and then a number stands twice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ladder {
    /// The steps, in the order in which they are rung.
    pub steps: Vec<Step>,
    /// Skills that were required and that who is rung first does not have.
    pub missed: Vec<String>,
    /// People on duty who cannot be rung, because no phone of theirs is known.
    pub without_phone: Vec<String>,
    /// How often the ladder is gone through; the dialplan says it otherwise.
    pub rounds: Option<u8>,
    /// Who is rung when nobody accepted; the dialplan says it otherwise.
    pub last_resort: Option<LastResort>,
}

/// The people of one escalation step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The number of the step in the roster; 1 is rung first.
    pub number: u32,
    /// Its people, in the order of the roster; never empty.
    pub responders: Vec<OnCall>,
    /// How they are rung; the dialplan says it otherwise.
    #[serde(default)]
    pub ring: Option<StepPolicy>,
}

/// One responder on duty, with the phones to ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnCall {
    /// Name as in the roster.
    pub person: String,
    /// The phones to ring, one after another; at least one.
    pub phones: Vec<PhoneNumber>,
    /// The step of the roster.
    pub step: u32,
    /// Which rule puts them here, for people to read.
    pub why: String,
}

impl Ladder {
    /// Whether nobody can be rung.
    pub fn is_empty(&self) -> bool {
        self.steps.iter().all(|step| step.responders.is_empty())
    }
}
