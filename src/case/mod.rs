//! The record: what happened to a call and to the case it opened.
//!
//! A call is a list of [`Fact`]s, append only. Columns and JSON are projections of
//! that list; nothing is edited and nothing is deleted.

mod change;
mod fact;
mod outcome;
mod stage;

pub use change::Change;
pub use fact::{AttemptId, Fact, Party};
pub use outcome::{AttemptOutcome, Outcome};
pub use stage::Stage;
