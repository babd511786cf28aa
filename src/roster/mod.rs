//! Who is on duty: the whole duty plan, and the ladder it makes at one instant.
//!
//! Opens no file and reads no clock: the text of a CSV file, the zone of its civil
//! times and the instant asked for are arguments. Law: one instant, one [`Ladder`].

mod answer;
mod civil;
mod coverage;
mod csv;
mod diff;
mod duty;
mod edit;
mod index;
mod ladder;
mod laws;
mod period;
mod problem;
mod record;
mod rotation;
mod shift;
mod span;
mod stint;
mod turn;
mod whole;

pub use civil::{CivilTimeError, read as read_civil, write as write_civil};
pub use coverage::{Coverage, Finding, Lack, coverage};
pub use csv::{
    Column, Known, MAX_ROWS, Mistake, ReadRows, RowProblem, read_csv, read_rows, write_csv,
    write_rows,
};
pub use diff::{Changed, diff};
pub use edit::{Author, Edit, EditError, Edited, OrphanedSwap, Rows, Scope, Scoped};
pub use ladder::{Ladder, OnCall, Step};
pub use period::{Entered, NotAPeriod, Period};
pub use problem::{Conflict, RosterProblem, Table};
pub use record::{
    Absence, EscalationPolicy, LastResort, Need, Override, Person, Records, Requirement,
    StepPolicy, Swap, TurnId,
};
pub use rotation::{Rotation, Window};
pub use shift::{Shift, ShiftId, tell_apart};
pub use span::Span;
pub use stint::{DutyOf, Stint};
pub use turn::{Rule, Turn};
pub use whole::Roster;

/// The highest escalation step.
pub const MAX_STEP: u32 = 99;
