//! What changes the plan in the days shown, each a line that can be taken back.

use chrono::{DateTime, Utc};

use super::super::civil;
use super::place::{Assigns, Place};
use crate::roster::{Period, Roster, Rule};
use crate::words::ServiceId;

/// One record.
pub(super) struct Line {
    pub(super) text: String,
    /// Its table and id, as the form to take it back carries them.
    pub(super) of: (&'static str, String),
}

/// Overrides, absences and approved swaps. Why somebody is away is for coordinators alone:
/// it may be their health.
pub(super) fn changes(
    place: &Place,
    roster: &Roster,
    range: Period,
    now: DateTime<Utc>,
    assigns: Assigns,
) -> Vec<Line> {
    let records = roster.records();
    let when = |period: Period| civil::range(period.from(), period.until(), now, place.zone());
    let reason = |reason: &str| match reason {
        "" => String::new(),
        reason if assigns == Assigns::Yes => format!(" ({reason})"),
        _ => String::new(),
    };
    let here =
        |service: &ServiceId, equipe: &str| *place.service() == *service && place.equipe == equipe;
    let overrides = records.overrides.iter();
    let overrides = overrides
        .filter(|record| here(&record.service, &record.equipe) && record.period.overlaps(range))
        .map(|record| Line {
            text: format!(
                "{}: {} al posto di {}{}, disposto da {}",
                when(record.period),
                record.by,
                record.replaces,
                reason(&record.reason),
                record.entered.by
            ),
            of: ("overrides", record.id.clone()),
        });
    let absences = records.absences.iter();
    let absences = absences
        .filter(|absence| absence.service == *place.service() && absence.period.overlaps(range))
        .map(|absence| Line {
            text: format!(
                "{}: {} assente{}, scritto da {}",
                when(absence.period),
                absence.person,
                reason(&absence.reason),
                absence.entered.by
            ),
            of: ("absences", absence.id.clone()),
        });
    overrides.chain(absences).chain(swaps(place, roster, range, when)).collect()
}

fn swaps(
    place: &Place,
    roster: &Roster,
    range: Period,
    when: impl Fn(Period) -> String,
) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for turn in roster.turns(place.service(), &place.equipe, range) {
        let id = turn.id();
        let mut swaps = roster.records().swaps.iter();
        let given = swaps.find_map(|swap| {
            let here = swap.service == *place.service() && swap.equipe == place.equipe;
            let approved = swap.approved.as_ref().filter(|_| here && swap.turn == id)?;
            Some((swap, approved))
        });
        let Some((swap, approved)) = given else { continue };
        // A turn of several spells is given away once.
        if lines.iter().all(|line| line.of.1 != swap.id) {
            let text = format!(
                "{}: il turno di {} va a {}, approvato da {}",
                when(turn.period),
                turn.person,
                swap.to,
                approved.by
            );
            lines.push(Line { text, of: ("swaps", swap.id.clone()) });
        }
    }
    lines
}

/// Turns that stand by themselves in the plan.
pub(super) fn shifts(
    place: &Place,
    roster: &Roster,
    range: Period,
    now: DateTime<Utc>,
) -> Vec<Line> {
    let when = |period: Period| civil::range(period.from(), period.until(), now, place.zone());
    let mut lines: Vec<Line> = Vec::new();
    for turn in roster.turns(place.service(), &place.equipe, range) {
        let Rule::Shift(shift) = turn.rule else { continue };
        // One turn may have several rows, one a phone.
        if lines.iter().all(|line| line.of.1 != shift.id.as_str()) {
            let text = format!("{}: {}, livello {}", when(turn.period), turn.person, turn.step);
            lines.push(Line { text, of: ("shifts", shift.id.to_string()) });
        }
    }
    lines
}
