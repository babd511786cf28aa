//! What people write into the roster besides shifts and rotations.
//!
//! Nothing is checked here but periods: a [`super::Roster`] is records that hold
//! together.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Entered, Period, Rotation, Shift, ShiftId};
use crate::words::{Category, PhoneNumber, RingOrder, ServiceId};

/// Somebody who may be rung, known within a service by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The service served.
    pub service: ServiceId,
    /// The name.
    pub name: String,
    /// The phones, in the order in which they ring; may be empty.
    pub phones: Vec<PhoneNumber>,
    /// What the person can do or is, as requirements name it: `donna`, `arabo`.
    pub skills: BTreeSet<String>,
}

/// One turn of duty, named by what it is and not by its times, so that a swap follows
/// a turn that was moved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TurnId {
    /// A turn of a rotation.
    Rotation {
        /// The rotation's name.
        name: String,
        /// The turn's number, from 0 on the rotation's first day.
        turn: u32,
    },
    /// A single shift.
    Shift(ShiftId),
}

impl fmt::Display for TurnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rotation { name, turn } => write!(f, "{name}#{turn}"),
            Self::Shift(id) => id.fmt(f),
        }
    }
}

/// One person in another's place for a while, whatever turns fall into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// Names this record.
    pub id: String,
    /// The service.
    pub service: ServiceId,
    /// The équipe.
    pub equipe: String,
    /// Who would be on duty.
    pub replaces: String,
    /// Who is instead, in the same step.
    pub by: String,
    /// While.
    pub period: Period,
    /// Why, in Italian, for people to read; may be empty.
    pub reason: String,
    /// Who ordered it.
    pub entered: Entered,
}

/// A person who is on duty nowhere in a service for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    /// Names this record.
    pub id: String,
    /// The service.
    pub service: ServiceId,
    /// Who.
    pub person: String,
    /// While.
    pub period: Period,
    /// Why, in Italian, for people to read; may be empty.
    pub reason: String,
    /// Who wrote it down.
    pub entered: Entered,
}

/// One whole turn that goes to another person, once approved. A *scambio* is two of
/// them, a *cedo* is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swap {
    /// Names this record.
    pub id: String,
    /// The service.
    pub service: ServiceId,
    /// The équipe.
    pub equipe: String,
    /// Which turn.
    pub turn: TurnId,
    /// To whom it goes; empty while it is offered to whoever takes it.
    pub to: String,
    /// Who asked for it.
    pub entered: Entered,
    /// Who approved it; until then the turn stays where it is.
    pub approved: Option<Entered>,
}

impl Swap {
    /// What was asked for together: the swaps of one request are approved, or refused, as
    /// one.
    pub fn request(&self) -> &str {
        self.id.split_once('-').map_or(&self.id, |(request, _)| request)
    }

    /// Whether both are about the same turn.
    pub fn is_of_turn_of(&self, other: &Self) -> bool {
        (&self.service, &self.equipe, &self.turn) == (&other.service, &other.equipe, &other.turn)
    }
}

/// How the people of one step are rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepPolicy {
    /// One after another, or together.
    pub order: RingOrder,
    /// How long one phone rings.
    pub each: Duration,
}

/// Who is rung when nobody of the ladder has accepted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LastResort {
    /// Name, for people to read.
    pub name: String,
    /// The phone.
    pub phone: PhoneNumber,
}

/// How the people of one équipe are rung. What it leaves out, the dialplan's
/// `ring on-call` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscalationPolicy {
    /// The service.
    pub service: ServiceId,
    /// The équipe.
    pub equipe: String,
    /// Steps by number.
    pub steps: BTreeMap<u32, StepPolicy>,
    /// How often the ladder is gone through.
    pub rounds: Option<u8>,
    /// Who is rung in place of the dialplan's numbers when nobody accepted.
    pub last_resort: Option<LastResort>,
}

/// What a responder should have for some calls: who has it is rung first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// The service.
    pub service: ServiceId,
    /// The équipe.
    pub equipe: String,
    /// For calls of this category; for all without.
    pub category: Option<Category>,
    /// For calls from this Comune (ISTAT code); from all without.
    pub comune: Option<String>,
    /// The skill, as in [`Person::skills`].
    pub skill: String,
}

/// All that people wrote: the tables of the roster, each in its own order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Records {
    /// Who may be rung.
    pub people: Vec<Person>,
    /// Single turns.
    pub shifts: Vec<Shift>,
    /// Turns by rule.
    pub rotations: Vec<Rotation>,
    /// One person for another.
    pub overrides: Vec<Override>,
    /// Who is away.
    pub absences: Vec<Absence>,
    /// Turns given to another.
    pub swaps: Vec<Swap>,
    /// How équipes are rung; at most one each.
    pub policies: Vec<EscalationPolicy>,
    /// What responders should have.
    pub requirements: Vec<Requirement>,
}

/// What a call is about, as far as it is known: it decides which requirements apply.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// Who is in need.
    pub category: Category,
    /// Where: the ISTAT code of the Comune.
    pub comune: Option<String>,
}

impl Requirement {
    /// Whether it holds for a call with this need.
    pub fn applies_to(&self, need: &Need) -> bool {
        self.category.is_none_or(|category| category == need.category)
            && self.comune.as_ref().is_none_or(|comune| need.comune.as_ref() == Some(comune))
    }
}
