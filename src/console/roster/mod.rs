//! The pages of the duty roster: seen on one time axis, changed one step at a time.
//!
//! They decide nothing about duty ([`crate::roster`] does). Law: nothing is changed before
//! somebody saw what it changes, and nothing over a change of another that they did not see
//! ([`change`]).

pub(super) mod ahead;
pub(super) mod ask;
pub(super) mod assign;
pub(super) mod calendars;
pub(super) mod cannot;
mod change;
mod changes;
pub(super) mod closing;
mod coming;
mod days;
mod drawing;
mod lanes;
mod mode;
pub(super) mod page;
mod place;
mod refusal;
pub(super) mod remove;
pub(super) mod swaps;
mod typed;
mod when;

pub(super) use place::{Assigns, address, people};
