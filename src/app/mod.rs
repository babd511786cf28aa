//! The doors: commands and configuration.

pub mod config;
pub mod plans;

mod case_print;
mod cases;
mod check;
mod command;
mod demo;
mod duty;
mod house;
mod logs;
pub mod phone;
mod prompts;
pub mod recognise;
mod roster;
mod serve;
mod try_out;

pub use command::run;
