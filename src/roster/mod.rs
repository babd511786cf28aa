//! Who is on duty: shifts, and the ladder they make at one instant.
//!
//! Opens no file and reads no clock: the text of a CSV file, the zone of its civil
//! times and the instant asked for are arguments. Law: one instant, one [`Ladder`].

mod civil;
mod ladder;
mod mistake;
mod read;
mod shift;
mod write;

pub use civil::{CivilTimeError, read as read_civil};
pub use ladder::{Ladder, OnCall, Step};
pub use mistake::{Column, Mistake, RowProblem};
pub use read::{MAX_SHIFTS, MAX_STEP, read_csv};
pub use shift::{NotAShift, Shift, on_call, shifts_on_call};
pub use write::write_csv;
