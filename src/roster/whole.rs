//! The whole roster: records that hold together, and the one answer they give.

use chrono::{DateTime, TimeDelta, Utc};

use super::duty::Duty;
use super::index::Index;
use super::shift::tell_apart;
use super::{Ladder, Need, Period, Records, RosterProblem, Shift, Turn, laws};
use crate::words::{PhoneNumber, ServiceId};

/// Who is on duty when: every instant has exactly one answer.
///
/// Calls, previews, coverage, sheets and feeds all ask [`Roster::on_call`] or
/// [`Roster::spans`], which say the same.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    records: Records,
    index: Index,
}

impl Roster {
    /// The roster these records make.
    ///
    /// # Errors
    /// Every record that breaks a law, table by table; then there is no roster.
    pub fn new(records: Records) -> Result<Self, Vec<RosterProblem>> {
        let problems = laws::breaches(&records);
        if problems.is_empty() { Ok(Self::of(records)) } else { Err(problems) }
    }

    /// A roster of shifts alone.
    pub fn from_shifts(mut shifts: Vec<Shift>) -> Self {
        tell_apart(&mut shifts);
        Self::of(Records { shifts, ..Records::default() })
    }

    fn of(records: Records) -> Self {
        let index = Index::of(&records);
        Self { records, index }
    }

    /// What people wrote.
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// Whether this is a phone of the roster, which may be dialled.
    pub fn rings(&self, phone: &PhoneNumber) -> bool {
        self.index.rings(phone)
    }

    /// Whether somebody of this name may be rung in the service: a person of the table of
    /// people, or of a shift with a phone.
    pub fn knows(&self, service: &ServiceId, person: &str) -> bool {
        self.index.knows(service, person)
    }

    /// Who may be rung at `at`, in which order and why; empty when nobody is on duty.
    ///
    /// The turns that run at `at` come first; swaps, then overrides, then absences change
    /// whose they are; then phones are looked up, and requirements put who fulfils them
    /// before the others.
    pub fn on_call(
        &self,
        service: &ServiceId,
        equipe: &str,
        at: DateTime<Utc>,
        need: &Need,
    ) -> Ladder {
        let (Some(duty), Some(moment)) = (self.duty(service, equipe), moment(at)) else {
            return Ladder::default();
        };
        let turns = duty.turns(moment);
        let running = turns.iter().filter(|turn| turn.period.covers(at));
        duty.ladder(&duty.posts(running, at), need)
    }

    /// The turns that have an instant in common with `range`, as the rules say, before
    /// swaps, overrides and absences: by step, then by row.
    pub fn turns(&self, service: &ServiceId, equipe: &str, range: Period) -> Vec<Turn<'_>> {
        self.duty(service, equipe).map(|duty| duty.turns(range)).unwrap_or_default()
    }

    pub(super) fn duty(&self, service: &ServiceId, equipe: &str) -> Option<Duty<'_>> {
        let (service, equipe) = self.index.find(service, equipe)?;
        Some(Duty { records: &self.records, service, equipe })
    }
}

/// The instant alone; `None` at the end of time.
fn moment(at: DateTime<Utc>) -> Option<Period> {
    Period::new(at, at.checked_add_signed(TimeDelta::nanoseconds(1))?).ok()
}
