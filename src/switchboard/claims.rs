//! One responder, one call.

use std::collections::HashMap;

use crate::words::{CallId, PhoneNumber};

/// Which call holds which phone.
#[derive(Debug, Default)]
pub(super) struct Claims {
    held: HashMap<PhoneNumber, CallId>,
}

impl Claims {
    /// Takes a phone for a call; `false` when a call has it already.
    pub(super) fn take(&mut self, phone: &PhoneNumber, call: CallId) -> bool {
        if self.held.contains_key(phone) {
            return false;
        }
        self.held.insert(phone.clone(), call);
        true
    }

    /// Gives a phone back.
    pub(super) fn release(&mut self, phone: &PhoneNumber, call: CallId) {
        if self.held.get(phone) == Some(&call) {
            self.held.remove(phone);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_phone_serves_one_call_until_that_call_gives_it_back() {
        let phone = PhoneNumber::from_network("+393330000001");
        let (first, second) = (CallId(Uuid::from_u128(1)), CallId(Uuid::from_u128(2)));
        let mut claims = Claims::default();
        assert!(claims.take(&phone, first));
        assert!(!claims.take(&phone, second));
        claims.release(&phone, second);
        assert!(!claims.take(&phone, second), "only the holder may give it back");
        claims.release(&phone, first);
        assert!(claims.take(&phone, second));
    }
}
