//! The words: values that every floor shares.
//!
//! Nothing here performs anything. Each type can only hold what it names: a
//! [`PhoneNumber`] was parsed, a [`Digit`] exists on a keypad, a [`Moment`] came
//! from a clock. What may identify a caller prints masked.

mod category;
mod clock;
mod digit;
mod ids;
mod language;
mod media;
mod phone;
mod prompt;
mod protection;
mod ring;

pub use category::{Category, UnknownCategory};
pub use clock::{Clock, Moment, SystemClock, TestClock};
pub use digit::{Digit, NotADigit};
pub use ids::{CallId, CaseId, CaseNumber, LegId, NotACaseNumber, PlayId, ServiceId};
pub use language::{Language, UnknownLanguage};
pub use media::{Codec, ControlPath, Direction, Law, SoundQuality, StreamFormat};
pub use phone::{NumberFormat, PhoneNumber, PhoneNumberError};
pub use prompt::PromptId;
pub use protection::{MasterKey, Protection, Suite};
pub use ring::RingOrder;
