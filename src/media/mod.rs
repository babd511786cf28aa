//! The media engine: everybody's sound, on threads of its own.
//!
//! The switchboard gives [`Order`]s and gets [`Report`]s; nothing here knows SIP, a
//! call or a case, and nothing here waits for them. A late tick, a slow disk or a
//! flood on one port may delay one stream, never another's.
//!
//! Law: *an open, agreed stream that may be sent to is never silent on the wire*:
//! it carries what plays, else what is bridged to it, else silence.

pub mod builtin;
mod engine;
mod grid;
mod order;
mod outlet;
mod port;
mod ready;
mod record;
mod shelf;
mod socket;
mod sound;
mod stream;
mod studio;

pub use engine::{Engine, StartMediaError};
pub use order::{Order, Repeat, Report, StreamId};
pub use port::{BindPortError, Port, Ports};
pub use record::RecordError;
pub use shelf::{Shelf, Shelved};
pub use sound::Sound;
