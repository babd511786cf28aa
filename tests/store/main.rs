//! The store keeps its promises.
//!
//! `contract` holds for any store, which its URL chooses; `failures` and `crash` are
//! about this one's files.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod accounts;
mod call_backs;
mod closures;
mod contract;
mod copies;
mod crash;
mod failures;
mod glass;
#[expect(unreachable_pub, reason = "shared with the tests of whole calls")]
#[path = "../line_support/leaks.rs"]
mod leaks;
mod log;
mod outbox;
mod place;
mod retention;
mod roster;
mod sealed;
mod written;
