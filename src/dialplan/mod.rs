//! The script: what a service says and does, read from a KDL file a coordinator can read.
//!
//! It opens no files: text and the list of recordings are arguments.

mod plan;

pub use plan::{Choice, Menu, Plan, RingNumber, RingOnCall, RingOrder, TakenBy, Verb};
