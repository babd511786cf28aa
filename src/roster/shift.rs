//! One turn of duty, and the question who is on duty at an instant.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{Ladder, OnCall, Step};
use crate::words::{PhoneNumber, ServiceId};

/// One person on duty, with one phone, in one step, from an instant until another.
///
/// Holds only `from < until`: build it with [`Shift::new`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// The service served.
    pub service: ServiceId,
    /// The équipe, as the dialplan names it.
    pub equipe: String,
    /// The escalation step; 1 is rung first.
    pub step: u32,
    /// Name of the responder.
    pub person: String,
    /// The phone to ring.
    pub phone: PhoneNumber,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    zone: Tz,
}

/// A shift has to end after it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a shift that ends at {until} cannot begin at {from}")]
pub struct NotAShift {
    /// Its beginning.
    pub from: DateTime<Utc>,
    /// Its end.
    pub until: DateTime<Utc>,
}

impl Shift {
    /// One turn of duty over `from..until` (`until` exclusive), whose times people
    /// write and read in `zone`.
    ///
    /// # Errors
    /// When `until` is not later than `from`.
    #[expect(clippy::too_many_arguments, reason = "the columns of the roster, in their order")]
    pub fn new(
        service: ServiceId,
        equipe: String,
        step: u32,
        person: String,
        phone: PhoneNumber,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        zone: Tz,
    ) -> Result<Self, NotAShift> {
        if from >= until {
            return Err(NotAShift { from, until });
        }
        Ok(Self { service, equipe, step, person, phone, from, until, zone })
    }

    /// The first instant of duty.
    pub fn from(&self) -> DateTime<Utc> {
        self.from
    }

    /// The first instant after it.
    pub fn until(&self) -> DateTime<Utc> {
        self.until
    }

    /// The zone its civil times are written in.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// Whether the person is on duty at `at`.
    pub fn covers(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at < self.until
    }

    /// Why this person is rung, for people to read: «turno 20:00–08:00».
    pub fn why(&self) -> String {
        let from = self.from.with_timezone(&self.zone);
        let until = self.until.with_timezone(&self.zone);
        if self.until - self.from <= TimeDelta::hours(24) {
            format!("turno {}–{}", from.format("%H:%M"), until.format("%H:%M"))
        } else {
            format!("turno {}–{}", from.format("%d/%m %H:%M"), until.format("%d/%m %H:%M"))
        }
    }
}

/// The shifts of one équipe that cover `at`: lowest step first, rows of one step in
/// the order given. A phone that stands twice in a step counts once.
pub fn shifts_on_call<'a>(
    shifts: &'a [Shift],
    service: &ServiceId,
    equipe: &str,
    at: DateTime<Utc>,
) -> Vec<&'a Shift> {
    let mut found: Vec<&Shift> = Vec::new();
    for shift in shifts {
        let asked = shift.service == *service && shift.equipe == equipe && shift.covers(at);
        let twice =
            || found.iter().any(|other| other.step == shift.step && other.phone == shift.phone);
        if asked && !twice() {
            found.push(shift);
        }
    }
    found.sort_by_key(|shift| shift.step); // stable: the order of the rows stays
    found
}

/// Who may be rung at `at`, step by step; empty when nobody is on duty.
pub fn on_call(shifts: &[Shift], service: &ServiceId, equipe: &str, at: DateTime<Utc>) -> Ladder {
    let mut steps: Vec<Step> = Vec::new();
    for shift in shifts_on_call(shifts, service, equipe, at) {
        let responder =
            OnCall { person: shift.person.clone(), phone: shift.phone.clone(), why: shift.why() };
        match steps.last_mut() {
            Some(step) if step.number == shift.step => step.responders.push(responder),
            _ => steps.push(Step { number: shift.step, responders: vec![responder] }),
        }
    }
    Ladder { steps }
}
