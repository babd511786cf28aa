//! Closures that coordinators enter, beside those of the plan's own file.
//!
//! They are no part of the file and change no other line of it. Law: a closure only ever
//! makes the service answer more: it takes an office away, never a night or a holiday.

use serde::{Deserialize, Serialize};

use super::plan::Plan;
use crate::calendar::Closure;
use crate::words::ServiceId;

/// One closure of an office, or of all of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnteredClosure {
    /// Of this service.
    pub service: ServiceId,
    /// Of the Comune with this ISTAT code; of all when `None`.
    pub comune: Option<String>,
    /// Which days, and why.
    #[serde(flatten)]
    pub closure: Closure,
}

impl Plan {
    /// This plan with the closures that are of its service. A Comune that it does not name
    /// any more has no office that could be shut.
    #[must_use]
    pub fn shut<'a>(&self, closures: impl IntoIterator<Item = &'a EnteredClosure>) -> Self {
        let mut plan = self.clone();
        for entered in closures {
            if let Some(comune) = entered.office_of(self) {
                plan.hours = std::mem::take(&mut plan.hours).shut(comune, entered.closure.clone());
            }
        }
        plan
    }

    /// This plan without that closure, which was put into it.
    #[must_use]
    pub fn open_again(&self, entered: &EnteredClosure) -> Self {
        let mut plan = self.clone();
        if let Some(comune) = entered.office_of(self) {
            plan.hours = plan.hours.open_again(comune, &entered.closure);
        }
        plan
    }
}

impl EnteredClosure {
    /// Whose office of `plan` is shut: that of a Comune by name, or all (`Some(None)`);
    /// `None` when the plan has no such office.
    fn office_of<'p>(&self, plan: &'p Plan) -> Option<Option<&'p str>> {
        if self.service != plan.service {
            return None;
        }
        match self.comune.as_deref() {
            None => Some(None),
            Some(istat) => plan.name_of_comune(istat).map(Some),
        }
    }
}
