//! Which cases are one's own.
//!
//! Law: a responder sees the cases of the calls they were rung for, and those that came in
//! while they were on duty; a coordinator those of their services; nobody else any.

use chrono::{TimeDelta, Utc};

use super::Desk;
use super::error::PageError;
use super::gate::Visitor;
use crate::access::Act;
use crate::roster::{DutyOf, Period};
use crate::store::{AccountRow, CaseRow};
use crate::words::{Clock as _, ServiceId};

/// How far back one's own shifts count: what is written up later goes through a coordinator.
const BACK: TimeDelta = TimeDelta::days(60);

/// What one visitor may see.
#[derive(Debug)]
pub(super) struct Own {
    account: AccountRow,
    reads: bool,
    /// The periods on duty, by service; `None` when all cases of one's services are seen.
    shifts: Option<Vec<(ServiceId, Period)>>,
}

impl Own {
    pub(super) async fn of(desk: &Desk, visitor: &Visitor) -> Result<Self, PageError> {
        let account = visitor.account.clone();
        let reads = visitor.may(Act::ReadCases);
        if !visitor.sees_own_only() {
            return Ok(Self { account, reads, shifts: None });
        }
        let mut shifts = Vec::new();
        if let Some(person) = &account.person {
            let now = desk.clock.wall();
            let range = Period::new(now - BACK, now + TimeDelta::days(1));
            // A roster that cannot be read gives nobody's shifts; whom one was rung for stays.
            if let (Ok(range), Ok(standing)) = (range, desk.reader.roster().await) {
                let plans = desk.plans.borrow().clone();
                for plan in plans.iter().filter(|plan| account.is_of(&plan.service)) {
                    let service = plan.service.clone();
                    let duty_of =
                        DutyOf::Person { service: service.clone(), person: person.clone() };
                    let stints = standing.roster.stints_of(&duty_of, range);
                    shifts.extend(stints.into_iter().map(|(_, s)| (service.clone(), s.period)));
                }
            }
        }
        Ok(Self { account, reads, shifts: Some(shifts) })
    }

    /// Whether a case, its attempts read, is one of them.
    pub(super) fn sees(&self, case: &CaseRow) -> bool {
        if !self.reads || !self.account.is_of(&case.service) {
            return false;
        }
        let Some(shifts) = &self.shifts else { return true };
        let opened = case.opened.with_timezone(&Utc);
        let person = self.account.person.as_deref();
        let rung = case.attempts.iter().any(|attempt| Some(attempt.responder.as_str()) == person);
        rung || shifts.iter().any(|(of, shift)| *of == case.service && shift.covers(opened))
    }

    /// The person whose cases alone are seen, for a search; `None` for all.
    pub(super) fn only(&self) -> Option<&[(ServiceId, Period)]> {
        self.shifts.as_deref()
    }
}
