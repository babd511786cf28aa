//! POLARIS: the telephone line of a Pronto Intervento Sociale.
//!
//! The modules are floors, and imports only point down
//! (`docs/ARCHITECTURE.md` has the table, `tests/architecture.rs` enforces it):
//!
//! 1. [`words`]: values everyone shares.
//! 2. [`sip`], [`rtp`], [`calendar`]: the signal, the sound on the wire, the time of day.
//! 3. [`dialplan`], [`roster`], [`case`], [`access`]: the script, who is on duty, the record,
//!    who may see it.
//! 4. [`call`]: the conversation.
//! 5. [`rehearsal`]: a call in virtual time; every path of a plan.
//! 6. [`mod@line`], [`media`], [`voice`], [`store`]: sockets, sound, speech, disk.
//! 7. [`switchboard`], [`webhook`]: runs calls; tells other programs.
//! 8. [`console`]: the window: what is seen over HTTP.
//! 9. [`app`]: the doors: commands and configuration.
//!
//! Floors 1–5 are pure: no socket, no clock, no file, no SQL.

#![cfg_attr(
    test,
    allow(clippy::duplicate_mod, reason = "two floors test with one authority of the suites")
)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failed test may panic"))]

pub mod words;

pub mod calendar;
pub mod rtp;
pub mod sip;

pub mod access;
pub mod case;
pub mod dialplan;
pub mod roster;

pub mod call;

pub mod rehearsal;

pub mod feed;
pub mod line;
pub mod media;
pub mod store;
pub mod voice;

pub mod switchboard;
pub mod webhook;

pub mod console;

pub mod app;
