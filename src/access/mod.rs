//! Who may do what in the console and through the API, and the proof of what was done.
//!
//! It knows no password, no cookie and no page. Law: **what no role was given, nobody
//! may**; an act of a person is a row that cannot be changed, taken out or moved unseen.

mod act;
mod audit;
mod role;
mod scope;

pub use act::{Act, may};
pub use audit::{Audited, Broken, Verifier, link};
pub use role::{Role, UnknownRole};
pub use scope::{Scope, UnknownScope};
