//! One turn of duty, written down by itself.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{NotAPeriod, Period};
use crate::words::{PhoneNumber, ServiceId};

/// Names a shift within its équipe. The rows of one turn with several phones share it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShiftId(Arc<str>);

impl ShiftId {
    /// Wraps a name.
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of a shift that was given none: day, step and person. It stays when the
    /// shift is moved within its day, and when others are added or removed.
    fn of(from: DateTime<Utc>, zone: Tz, step: u32, person: &str) -> Self {
        let day = from.with_timezone(&zone).format("%Y-%m-%d");
        Self(Arc::from(format!("{day}/{step}/{person}")))
    }
}

impl fmt::Display for ShiftId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One person on duty in one step, from an instant until another.
///
/// Holds only `from < until`: build it with [`Shift::new`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// Names it within the équipe.
    pub id: ShiftId,
    /// The service served.
    pub service: ServiceId,
    /// The équipe, as the dialplan names it.
    pub equipe: String,
    /// The escalation step; 1 is rung first.
    pub step: u32,
    /// Name of the responder.
    pub person: String,
    /// The phone to ring first; without one, those of the person.
    pub phone: Option<PhoneNumber>,
    period: Period,
    zone: Tz,
}

impl Shift {
    /// One turn of duty over `from..until` (`until` exclusive), whose times people
    /// write and read in `zone`. Its id is made of its day, step and person;
    /// [`Shift::named`] gives it another.
    ///
    /// # Errors
    /// When `until` is not later than `from`.
    #[expect(clippy::too_many_arguments, reason = "the columns of the roster, in their order")]
    pub fn new(
        service: ServiceId,
        equipe: String,
        step: u32,
        person: String,
        phone: Option<PhoneNumber>,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        zone: Tz,
    ) -> Result<Self, NotAPeriod> {
        let period = Period::new(from, until)?;
        let id = ShiftId::of(from, zone, step, &person);
        Ok(Self { id, service, equipe, step, person, phone, period, zone })
    }

    /// The same shift under the name its keeper gave it.
    pub fn named(self, id: ShiftId) -> Self {
        Self { id, ..self }
    }

    /// When the person is on duty.
    pub fn period(&self) -> Period {
        self.period
    }

    /// The first instant of duty.
    pub fn from(&self) -> DateTime<Utc> {
        self.period.from()
    }

    /// The first instant after it.
    pub fn until(&self) -> DateTime<Utc> {
        self.period.until()
    }

    /// The zone its civil times are written in.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// Whether the person is on duty at `at`.
    pub fn covers(&self, at: DateTime<Utc>) -> bool {
        self.period.covers(at)
    }

    /// Why this person is rung, for people to read: «turno 20:00–08:00».
    pub fn why(&self) -> String {
        let from = self.from().with_timezone(&self.zone);
        let until = self.until().with_timezone(&self.zone);
        if self.until() - self.from() <= TimeDelta::hours(24) {
            format!("turno {}–{}", from.format("%H:%M"), until.format("%H:%M"))
        } else {
            format!("turno {}–{}", from.format("%d/%m %H:%M"), until.format("%d/%m %H:%M"))
        }
    }
}

/// Gives shifts of one équipe that share an id but not their times ids of their own:
/// the earliest keeps it, the next is `#2`.
pub fn tell_apart(shifts: &mut [Shift]) {
    let mut turns: HashMap<(ServiceId, String, ShiftId), Vec<Period>> = HashMap::new();
    let key = |shift: &Shift| (shift.service.clone(), shift.equipe.clone(), shift.id.clone());
    for shift in shifts.iter() {
        turns.entry(key(shift)).or_default().push(shift.period);
    }
    turns.retain(|_, periods| {
        periods.sort_by_key(|period| (period.from(), period.until()));
        periods.dedup();
        periods.len() > 1
    });
    for shift in shifts {
        let place = turns
            .get(&key(shift))
            .and_then(|periods| periods.iter().position(|period| *period == shift.period));
        if let Some(place) = place.filter(|place| *place > 0) {
            shift.id = ShiftId::new(&format!("{}#{}", shift.id, place + 1));
        }
    }
}
