//! What is protected of a stream (SRTP), and how its protection changes.
//!
//! Law: a protected stream sends nothing plain and hears nothing plain.

use crate::rtp::{Guard, GuardError};
use crate::words::Protection;

use super::Stream;

impl Stream {
    /// From now on packets are protected like this.
    pub(super) fn protect(&mut self, protection: Protection) -> Result<(), GuardError> {
        match (protection, &mut self.guard) {
            (Protection::None, guard) => *guard = None,
            (Protection::Srtp { suite, ours, theirs, .. }, Some(guard)) => {
                guard.rekey(suite, ours, theirs)?;
            }
            (Protection::Srtp { suite, ours, theirs, .. }, None) => {
                self.guard = Some(Box::new(Guard::new(suite, ours, theirs)?));
            }
        }
        Ok(())
    }

    /// The plain packet in a datagram, in its own place; `None` for one that is not
    /// authentic, or is none although it should be protected.
    pub(super) fn unseal<'p>(&mut self, datagram: &'p mut [u8]) -> Option<&'p [u8]> {
        let Some(guard) = &mut self.guard else { return Some(datagram) };
        let plain = guard.open(datagram)?;
        let place = datagram.get_mut(..plain.len())?;
        place.copy_from_slice(&plain);
        Some(place)
    }
}
