//! What the tests against strangers' programs share: a running service, and waiting.

pub mod files;
pub mod ground;
pub mod hosts;
pub mod interop;
pub mod log;
pub mod record;
pub mod service;
pub mod wait;
