//! The script: what a service says and does, read from a KDL file a coordinator can read.
//!
//! It opens no files: text and the list of recordings are arguments. [`read()`] finds
//! every problem at once and gives a [`Plan`] only when none of them is an error, so
//! the law holds in every plan there is: no path ends before a person was rung and
//! then a message recorded or a call-back offered.

mod check;
mod closures;
mod explain;
mod explain_hours;
mod paths;
mod plan;
mod problem;
mod read;
mod read_hours;
mod read_menu;
mod read_node;
mod read_office;
mod read_script;
mod read_service;
mod read_syntax;
mod read_value;
mod recordings;

pub use check::{PlanFile, check_together};
pub use closures::EnteredClosure;
pub use explain::explain;
pub use explain_hours::explain_hours;
pub use plan::{Choice, Comune, Menu, Plan, RingNumber, RingOnCall, TakenBy, Verb};
pub use problem::{Problem, Severity};
pub use read::read;
pub use recordings::Recordings;
