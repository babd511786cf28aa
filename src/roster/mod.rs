//! Who is on duty: the whole duty plan, and the ladder it makes at one instant.
//!
//! Opens no file and reads no clock: the text of a CSV file, the zone of its civil
//! times and the instant asked for are arguments. Law: one instant, one [`Ladder`].

mod answer;
mod civil;
mod coverage;
mod diff;
mod duty;
mod edit;
mod index;
mod ladder;
mod laws;
mod mistake;
mod period;
mod problem;
mod read;
mod record;
mod rotation;
mod shift;
mod span;
mod turn;
mod whole;
mod write;

pub use civil::CivilTimeError;
pub use coverage::{Coverage, Finding, Lack, coverage};
pub use diff::{Changed, diff};
pub use edit::{Author, Edit, EditError, Edited, OrphanedSwap, Rows, Scope, Scoped};
pub use ladder::{Ladder, OnCall, Step};
pub use mistake::{Column, Mistake, RowProblem};
pub use period::{Entered, NotAPeriod, Period};
pub use problem::{Conflict, RosterProblem, Table};
pub use read::{MAX_SHIFTS, MAX_STEP, read_csv};
pub use record::{
    Absence, EscalationPolicy, LastResort, Need, Override, Person, Records, Requirement,
    StepPolicy, Swap, TurnId,
};
pub use rotation::{Rotation, Window};
pub use shift::{Shift, ShiftId, tell_apart};
pub use span::Span;
pub use turn::{Rule, Turn};
pub use whole::Roster;
pub use write::write_csv;
