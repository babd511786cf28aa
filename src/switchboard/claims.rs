//! One responder, one call.
//!
//! A person is held by all their phones: one that rings for another call would find them
//! talking. The call that holds a person may ring more of their phones.

use std::collections::HashMap;

use crate::words::{CallId, PhoneNumber};

/// Which call holds which phones, and by how many of its legs.
#[derive(Debug, Default)]
pub(super) struct Claims {
    held: HashMap<PhoneNumber, Hold>,
}

#[derive(Debug)]
struct Hold {
    call: CallId,
    legs: u32,
}

impl Claims {
    /// Takes all phones of a person for a leg of a call; `false`, and nothing is taken,
    /// when another call has one of them.
    pub(super) fn take(&mut self, phones: &[PhoneNumber], call: CallId) -> bool {
        let elsewhere = |phone| self.held.get(phone).is_some_and(|hold| hold.call != call);
        if phones.iter().any(elsewhere) {
            return false;
        }
        for phone in phones {
            self.held.entry(phone.clone()).or_insert(Hold { call, legs: 0 }).legs += 1;
        }
        true
    }

    /// Gives back all that a call has taken.
    pub(super) fn release_all(&mut self, call: CallId) {
        self.held.retain(|_, hold| hold.call != call);
    }

    /// Gives back what was taken for one leg.
    pub(super) fn release(&mut self, phones: &[PhoneNumber], call: CallId) {
        for phone in phones {
            if let Some(hold) = self.held.get_mut(phone).filter(|hold| hold.call == call) {
                hold.legs -= 1;
                if hold.legs == 0 {
                    self.held.remove(phone);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_phone_serves_one_call_until_that_call_gives_it_back() {
        let phone = [PhoneNumber::from_network("+393330000001")];
        let (first, second) = (CallId(Uuid::from_u128(1)), CallId(Uuid::from_u128(2)));
        let mut claims = Claims::default();
        assert!(claims.take(&phone, first));
        assert!(!claims.take(&phone, second));
        claims.release(&phone, second);
        assert!(!claims.take(&phone, second), "only the holder may give it back");
        claims.release(&phone, first);
        assert!(claims.take(&phone, second));
    }

    #[test]
    fn a_person_is_held_by_all_their_phones_until_the_last_leg_is_gone() {
        let [mobile, house] = ["+393330000001", "+390831000001"].map(PhoneNumber::from_network);
        let both = [mobile.clone(), house.clone()];
        let (first, second) = (CallId(Uuid::from_u128(1)), CallId(Uuid::from_u128(2)));
        let mut claims = Claims::default();
        assert!(claims.take(&both, first));
        assert!(claims.take(&both, first), "the same call may ring the other phone too");
        assert!(!claims.take(std::slice::from_ref(&house), second));
        claims.release(&both, first);
        assert!(!claims.take(&both, second), "one leg is still there");
        claims.release(&both, first);
        assert!(claims.take(&[house], second));
        assert!(!claims.take(&both, first), "and nothing is taken by half");
        assert!(claims.take(std::slice::from_ref(&mobile), first));
        claims.release_all(second);
        assert!(claims.take(&[mobile], first), "another's claims are left alone");
    }
}
