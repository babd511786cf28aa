//! A call played in virtual time, through the real conversation: nobody is rung.
//!
//! It opens no file, reads no clock and knows no telephone: the world around the call,
//! the people in it and the lengths of recordings are arguments. What is played here is
//! `call::Call` itself, so a rehearsal cannot promise what a real call would not do.

mod cast;
mod event;
mod judge;
mod moves;
mod paper;
mod perform;
mod prospect;
mod reckon;
mod reproduce;
mod stage;
mod start;
mod step;
mod walk;
mod world;

pub use cast::cast;
pub use event::{Act, Event};
pub use judge::Loss;
pub use paper::Paper;
pub use perform::{Line, perform};
pub use prospect::Prospect;
pub use stage::{NeverRung, Stage};
pub use start::Section;
pub use step::{Step, What};
pub use walk::{Longest, Paths, STATES_MAX, walk, walk_at_most};
pub use world::{Lengths, Roster, Store, Trunk, World};
