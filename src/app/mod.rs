//! The doors: commands and configuration.

pub mod config;
mod config_addresses;
mod config_limits;
mod config_places;
mod config_tls;
mod config_trunk_terms;
mod config_trunks;
pub mod plans;

mod addresses;
mod case_print;
mod cases;
mod certificates;
mod check;
mod check_paths;
mod command;
mod demo;
mod duty;
mod files;
mod house;
mod logs;
pub mod phone;
mod prompts;
pub mod recognise;
mod roster;
mod serve;
mod trunks;
mod try_out;
mod what_if;
mod what_if_print;

pub use command::run;
