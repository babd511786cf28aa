//! The record: what happened to a call and to the case it opened.
//!
//! A call is a list of [`Fact`]s, append only. Columns and JSON are projections of
//! that list; nothing is edited and nothing is deleted. What people write about a case
//! is a [`Scheda`]; its clocks, its course and whom one may call back are functions.

pub mod clocks;
pub mod contact;
pub mod course;
pub mod document;
pub mod scheda;
pub mod tally;
pub mod verdict;

mod addition;
mod call_back;
mod change;
mod fact;
mod outcome;
mod spoken;
mod stage;

pub use addition::{Addition, AdditionError, CaseChange};
pub use call_back::CallBackResult;
pub use change::Change;
pub use fact::{AttemptId, Fact, Party};
pub use outcome::{AttemptOutcome, Outcome};
pub use scheda::Scheda;
pub use stage::Stage;
