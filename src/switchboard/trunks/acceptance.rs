//! Whether a trunk takes our calls at all: what its refusals of single calls say of it.
//!
//! 401, 402 and 407 are about our account. 403 may be about one number (a barred country) or
//! about the account (suspended, calling from the wrong address): it counts against the trunk
//! when another number gets it too and no phone was reached through the trunk between the two.
//!
//! It dials nothing. Law: whoever is thought ill of by this is tried again within five
//! minutes; an answer to OPTIONS says nothing of our account.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Health, ILL_EVERY, Trunks, Why};
use crate::words::{Moment, PhoneNumber};

/// What the refusals of one trunk say.
#[derive(Debug, Default)]
pub(in crate::switchboard) struct Acceptance {
    /// The number that was refused last, since a phone was reached.
    refused: Option<PhoneNumber>,
    /// Until when it is taken to refuse every call.
    until: Option<Moment>,
}

impl Acceptance {
    /// Whether a refusal is the network's, of our account or of the number, and not the phone's.
    pub(in crate::switchboard) fn concerns(status: u16) -> bool {
        matches!(status, 401 | 402 | FORBIDDEN | 407)
    }

    /// A call to `number` was refused so: whether every call is, as far as can be told.
    pub(super) fn refuse(&mut self, status: u16, number: &PhoneNumber, now: Moment) -> bool {
        let before = self.refused.replace(number.clone());
        let every = status != FORBIDDEN || before.is_some_and(|before| before != *number);
        if every {
            self.until = Some(now + BELIEVED_FOR);
        }
        every
    }

    /// A phone was reached: old refusals count no more.
    pub(super) fn take(&mut self) {
        *self = Self::default();
    }

    /// Whether the trunk is taken to refuse every call.
    pub(super) fn is_refused(&self, now: Moment) -> bool {
        self.until.is_some_and(|until| now < until)
    }
}

impl Trunks {
    /// It refused a call to `number` by itself, whatever the phone would have said: whether that
    /// is news of the trunk.
    pub(in crate::switchboard) fn refused(
        &mut self,
        trunk: usize,
        (status, number): (u16, &PhoneNumber),
        now: Moment,
        wall: DateTime<Utc>,
    ) -> bool {
        let Some(trunk) = self.list.get_mut(trunk) else { return false };
        if !trunk.acceptance.refuse(status, number, now) {
            return false;
        }
        trunk.next = Some(now + if trunk.route.probe { ILL_EVERY } else { BELIEVED_FOR });
        trunk.becomes(Health::Ill(Why::RefusesCalls), wall)
    }

    /// A phone was picked up through it, or was busy.
    pub(in crate::switchboard) fn reached(&mut self, trunk: usize) {
        if let Some(trunk) = self.list.get_mut(trunk) {
            trunk.acceptance.take();
        }
    }
}

/// RFC 3261 §21.4.4: understood, and refused.
const FORBIDDEN: u16 = 403;
/// How long a refusal of our account is believed.
const BELIEVED_FOR: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    fn number(last: u8) -> PhoneNumber {
        PhoneNumber::from_network(&format!("+39333000000{last}"))
    }

    #[test]
    fn our_account_is_refused_at_once_and_a_number_only_for_itself() {
        let now = Moment::START;
        for status in [401, 402, 407] {
            assert!(Acceptance::default().refuse(status, &number(1), now), "{status}");
        }
        let mut trunk = Acceptance::default();
        assert!(!trunk.refuse(403, &number(1), now));
        assert!(!trunk.refuse(403, &number(1), now), "it is the same number");
        assert!(!trunk.is_refused(now));
        assert!(trunk.refuse(403, &number(2), now), "two numbers are not two barred ones");
        assert!(trunk.is_refused(now));
        assert!(!trunk.is_refused(now + BELIEVED_FOR), "it is tried again");
        trunk.take();
        assert!(!trunk.refuse(403, &number(1), now), "a phone was reached since");
        assert!(!trunk.is_refused(now));
    }

    #[test]
    fn what_the_phone_says_is_no_refusal_of_the_network() {
        let said = [404, 408, 480, 484, 486, 488, 500, 503, 600, 603];
        assert!(said.iter().all(|status| !Acceptance::concerns(*status)));
        assert!([401, 402, 403, 407].into_iter().all(Acceptance::concerns));
    }
}
