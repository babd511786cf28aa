//! The SIP machine in virtual time: scripted peers, lossy links, an oracle.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

#[path = "sip/aimed.rs"]
mod aimed;
#[path = "sip/answered_from.rs"]
mod answered_from;
#[path = "sip/bench.rs"]
mod bench;
#[path = "sip/broken.rs"]
mod broken;
#[path = "sip/called.rs"]
mod called;
#[path = "sip/calling.rs"]
mod calling;
#[path = "sip/lossy.rs"]
mod lossy;
#[path = "sip/offers.rs"]
mod offers;
#[path = "sip/oracle.rs"]
mod oracle;
#[path = "sip/prack.rs"]
mod prack;
#[path = "sip/routes.rs"]
mod routes;
#[path = "sip/semantics.rs"]
mod semantics;
#[path = "sip/session.rs"]
mod session;
#[path = "sip/unacknowledged.rs"]
mod unacknowledged;
#[path = "sip/undecided.rs"]
mod undecided;
