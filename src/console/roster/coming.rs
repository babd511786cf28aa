//! The turns to come, each as one thing that can be given away.

use chrono::{DateTime, TimeDelta, Utc};

use super::super::civil;
use super::lanes::source;
use super::page::AHEAD;
use super::place::Place;
use crate::roster::{Period, Roster, TurnId};

/// One turn by the rules, from its first spell to its last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Coming {
    pub(super) id: TurnId,
    /// As a form carries it.
    pub(super) code: String,
    pub(super) person: String,
    pub(super) period: Period,
    /// «sab 20:00–dom 08:00, notti, livello 1».
    pub(super) label: String,
}

/// The turns of an équipe that are not over, by their beginning.
pub(super) fn coming(place: &Place, roster: &Roster, now: DateTime<Utc>) -> Vec<Coming> {
    let Ok(range) = Period::new(now, now + AHEAD) else { return Vec::new() };
    let mut all: Vec<Coming> = Vec::new();
    for turn in roster.turns(place.service(), &place.equipe, range) {
        let id = turn.id();
        match all.iter_mut().find(|other| other.id == id) {
            Some(known) => {
                let from = known.period.from().min(turn.period.from());
                let until = known.period.until().max(turn.period.until());
                known.period = Period::new(from, until).unwrap_or(known.period);
            }
            None => all.push(Coming {
                code: code(&id),
                id,
                person: turn.person.to_owned(),
                period: turn.period,
                label: source(&turn),
            }),
        }
    }
    for turn in &mut all {
        let when = civil::range(turn.period.from(), turn.period.until(), now, place.zone());
        turn.label = format!("{when}, {}", turn.label);
    }
    all.sort_by_key(|turn| turn.period.from());
    all
}

/// When a turn is, if it is near: from the month before last on.
pub(super) fn spell_of(
    place: &Place,
    roster: &Roster,
    turn: &TurnId,
    now: DateTime<Utc>,
) -> Option<Period> {
    let range = Period::new(now - TimeDelta::days(62), now + TimeDelta::days(400)).ok()?;
    let turns = roster.turns(place.service(), &place.equipe, range);
    let spells = || turns.iter().filter(|other| other.id() == *turn).map(|turn| turn.period);
    let from = spells().map(Period::from).min()?;
    let until = spells().map(Period::until).max()?;
    Period::new(from, until).ok()
}

/// A turn as a form carries it: compared, never taken apart.
fn code(id: &TurnId) -> String {
    match id {
        TurnId::Rotation { name, turn } => format!("rotazione {turn} {name}"),
        TurnId::Shift(id) => format!("turno {id}"),
    }
}
