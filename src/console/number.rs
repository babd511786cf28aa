//! A caller's number as pages show it: masked, or why it is not there.

use crate::store::NumberState;
use crate::words::PhoneNumber;

/// The number, masked; in words where there is none to be read.
pub(super) fn masked(number: Option<&PhoneNumber>, state: NumberState) -> String {
    match (number, state) {
        (Some(number), _) => number.to_string(),
        (None, NumberState::Expired) => "numero non più conservato".into(),
        (None, NumberState::Sealed) => "numero cifrato: manca la chiave".into(),
        (None, NumberState::Hidden | NumberState::Known) => "numero nascosto".into(),
    }
}
