//! Who is on duty.

mod ladder;

pub use ladder::{Ladder, OnCall, Step};
