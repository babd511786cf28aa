//! The turns that swaps name: whether they are there, and whether they are over.

use std::fmt;

use chrono::{DateTime, Days, Utc};

use super::super::{Records, Rotation, Swap, TurnId};
use super::EditError;
use crate::calendar::instant;

/// A swap whose turn would be gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrphanedSwap {
    /// Its id.
    pub id: String,
    /// The turn.
    pub turn: TurnId,
    /// To whom the turn was given.
    pub to: String,
}

impl fmt::Display for OrphanedSwap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "lo scambio {id} dà a {to} il turno {turn}, che così non ci sarebbe più: lasciare il \
             turno, o togliere prima lo scambio con `polaris roster swap remove {id}`",
            id = self.id,
            to = self.to,
            turn = self.turn,
        )
    }
}

/// A turn as the rules have it.
pub(super) struct Named<'a> {
    pub(super) person: &'a str,
    pub(super) until: DateTime<Utc>,
}

/// The turn of a swap, if it is there, not given away yet, and of somebody else than who
/// would get it.
pub(super) fn free_turn<'a>(records: &'a Records, swap: &Swap) -> Result<Named<'a>, EditError> {
    let Some(turn) = turn_of(records, swap) else {
        return Err(EditError::NoTurn(swap.turn.to_string()));
    };
    if turn.person == swap.to {
        let person = swap.to.clone();
        return Err(EditError::SamePerson { turn: swap.turn.to_string(), person });
    }
    let given = |other: &&Swap| other.is_of_turn_of(swap) && other.approved.is_some();
    if let Some(other) = records.swaps.iter().find(given) {
        return Err(EditError::Swapped { turn: swap.turn.to_string(), id: other.id.clone() });
    }
    Ok(turn)
}

/// The turn a swap is about, if it is there.
pub(super) fn turn_of<'a>(records: &'a Records, swap: &Swap) -> Option<Named<'a>> {
    match &swap.turn {
        TurnId::Shift(id) => {
            let mut shifts = records.shifts.iter();
            let shift = shifts.find(|shift| {
                shift.id == *id && shift.service == swap.service && shift.equipe == swap.equipe
            })?;
            Some(Named { person: &shift.person, until: shift.until() })
        }
        TurnId::Rotation { name, turn } => {
            let mut rotations = records.rotations.iter();
            let rotation = rotations.find(|rotation| {
                rotation.name == *name
                    && rotation.service == swap.service
                    && rotation.equipe == swap.equipe
            })?;
            turn_of_rotation(rotation, *turn)
        }
    }
}

fn turn_of_rotation(rotation: &Rotation, turn: u32) -> Option<Named<'_>> {
    let person = rotation.people.get(turn as usize % rotation.people.len().max(1))?;
    let cycle: u64 = rotation.pattern.iter().copied().map(u64::from).sum();
    let turns = u64::try_from(rotation.pattern.len()).ok().filter(|turns| *turns > 0)?;
    let (cycles, rest) = (u64::from(turn) / turns, u64::from(turn) % turns);
    let rest = usize::try_from(rest).ok()?;
    let within: u64 = rotation.pattern.iter().take(rest).copied().map(u64::from).sum();
    let days = u64::from(*rotation.pattern.get(rest)?);
    let begins = rotation.first.checked_add_days(Days::new(cycles.checked_mul(cycle)? + within))?;
    if rotation.last.is_some_and(|last| last < begins) {
        return None;
    }
    // A spell that opens on the last day may last into the day after.
    let over = begins.checked_add_days(Days::new(days + 1))?.and_time(rotation.handoff);
    Some(Named { person, until: instant(over, rotation.zone) })
}

/// Which swaps lose their turn from `before` to `after`: those of turns to come, which
/// must not, and the ids of those that are over, which may.
pub(super) fn orphans(
    before: &Records,
    after: &Records,
    now: DateTime<Utc>,
) -> (Vec<OrphanedSwap>, Vec<String>) {
    let (mut lost, mut over) = (Vec::new(), Vec::new());
    for swap in after.swaps.iter().filter(|swap| turn_of(after, swap).is_none()) {
        if turn_of(before, swap).is_none_or(|turn| turn.until <= now) {
            over.push(swap.id.clone());
        } else {
            let Swap { id, turn, to, .. } = swap.clone();
            lost.push(OrphanedSwap { id, turn, to });
        }
    }
    (lost, over)
}
