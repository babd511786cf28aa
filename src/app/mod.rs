//! The doors: commands and configuration.

pub mod config;
mod config_addresses;
mod config_limits;
mod config_places;
mod config_store;
mod config_targets;
mod config_tls;
mod config_trunk_terms;
mod config_trunks;
mod config_webhooks;
pub mod plans;

mod accounts;
mod addresses;
mod case_print;
mod cases;
mod certificates;
mod check;
mod check_paths;
mod closures;
mod command;
mod copies;
mod demo;
mod duty;
mod files;
mod house;
mod key;
mod logs;
pub mod phone;
mod programs;
mod prompts;
mod reason;
pub mod recognise;
mod retention;
mod roster;
mod serve;
mod terminal;
mod trunks;
mod try_out;
mod voices;
mod webhooks;
mod what_if;
mod what_if_print;

pub use command::run;
