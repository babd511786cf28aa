//! What a rehearsal is made of, in the order in which it happened.

use std::sync::Arc;

use super::Event;
use crate::call::Output;
use crate::words::Moment;

/// One thing that was done or happened, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Moment,
    /// What.
    pub what: What,
}

/// What a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Somebody did something.
    Happened(Event),
    /// The call ordered something.
    Ordered {
        /// What.
        output: Output,
        /// The person on the leg it is about; `None` for the caller, or about no leg.
        whom: Option<Arc<str>>,
    },
    /// A wait was over; what the call makes of it follows.
    Woke,
}
