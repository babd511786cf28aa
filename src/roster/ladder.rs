//! The answer of the roster at one instant: these people, in this order.

use serde::{Deserialize, Serialize};

use crate::words::PhoneNumber;

/// Who may be rung now, step by step. Steps are sorted and none is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ladder {
    /// The steps, lowest number first.
    pub steps: Vec<Step>,
}

/// The people of one escalation step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The number of the step in the roster; 1 is rung first.
    pub number: u32,
    /// Its people, in the order of the roster; never empty.
    pub responders: Vec<OnCall>,
}

/// One responder on duty, with the phone to ring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnCall {
    /// Name as in the roster.
    pub person: String,
    /// The phone to ring.
    pub phone: PhoneNumber,
    /// Which rule puts them here, for people to read.
    pub why: String,
}

impl Ladder {
    /// Whether nobody is on duty.
    pub fn is_empty(&self) -> bool {
        self.steps.iter().all(|step| step.responders.is_empty())
    }
}
