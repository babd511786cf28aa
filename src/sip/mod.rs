//! The signal: RFC 3261 without a socket.
//!
//! [`Endpoint`] takes datagrams and the time and gives datagrams and [`Event`]s;
//! [`sdp`] agrees on sound; [`Framer`] cuts a stream into messages;
//! [`refuse_stranger`] answers who may not call. It does not know what a call is
//! for, opens nothing and waits for nothing.
//!
//! Law: no INVITE is dropped without an answer, and none makes two calls.

mod body;
mod bucket;
mod client;
mod client_invite;
mod dialog;
mod digest;
mod endpoint;
mod guard;
mod headers;
mod identity;
mod info_keys;
mod message;
mod method;
mod parse;
mod peer;
mod refusal;
mod registration;
mod reply;
mod route;
mod sanity;
mod sdes;
pub mod sdp;
mod server;
mod server_invite;
mod session;
mod stream;
mod timers;
mod uri;

pub use bucket::{Bucket, Buckets, Rate};
pub use dialog::Dialog;
pub use digest::Credentials;
pub use endpoint::{
    Config, DialogId, Doors, Endpoint, Event, Forwarding, Invitation, NOT_REFUSED, OfferedBy,
    Outgoing, PlaceCallError, QueryId, Refused, Reply, Sound,
};
pub use headers::{NameAddr, Via, parse_cseq};
pub use info_keys::read_key;
pub use message::{Fault, Header, Message, StartLine};
pub use method::Method;
pub use parse::ParseMessageError;
pub use peer::{CalledIn, CallerIn, HiddenCallers, Peer};
pub use refusal::refuse_stranger;
pub use registration::{Account, Registered, Registration};
pub use route::{Route, Transmit, Transport};
pub use stream::{Framer, StreamBroken};
pub use uri::{ParseUriError, Scheme, Uri, host};
