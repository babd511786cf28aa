//! What rows say of one another, and of people that are known.

use std::collections::{BTreeSet, HashMap};

use super::super::{Conflict, Records, Requirement, Shift, Table, laws};
use super::read::Known;
use super::{Column, Mistake};
use crate::words::ServiceId;

/// Something found about a row: its place among the rows, the column, what is wrong.
pub(super) type Found = (usize, Option<Column>, Mistake);

/// The same person twice in a step at one time; several phones of one turn are no
/// overlap.
pub(super) fn overlaps(shifts: &[(u64, &Shift)]) -> Vec<Found> {
    let mut of_person: HashMap<_, Vec<usize>> = HashMap::new();
    for (place, (_, shift)) in shifts.iter().enumerate() {
        let key = (&shift.service, &shift.equipe, shift.step, &shift.person);
        of_person.entry(key).or_default().push(place);
    }
    let mut found = Vec::new();
    for mut places in of_person.into_values() {
        let period = |place: usize| shifts.get(place).map(|(_, shift)| shift.period());
        places.sort_by_key(|place| (period(*place).map(|p| (p.from(), p.until())), *place));
        // The turn that lasts longest so far.
        let mut longest: Option<usize> = None;
        for place in places {
            let (Some(own), other) = (period(place), longest.and_then(period)) else { continue };
            if let (Some(other), Some(longest)) = (other, longest)
                && own != other
                && own.overlaps(other)
            {
                let (later, earlier) = (place.max(longest), place.min(longest));
                let line = shifts.get(earlier).map_or(0, |(line, _)| *line);
                found.push((later, Some(Column::From), Mistake::Overlaps(line)));
            }
            if other.is_none_or(|other| other.until() < own.until()) {
                longest = Some(place);
            }
        }
    }
    found
}

/// What breaks a law of the roster within the file. Lines stand in place of rows.
pub(super) fn conflicts(records: &Records, lines: &[u64]) -> Vec<Found> {
    let line = |row: usize| lines.get(row).and_then(|line| usize::try_from(*line).ok());
    // A conflict counts rows from 0 and says them from 1.
    let row_as_line = |row: usize| line(row).map_or(row, |line| line.saturating_sub(1));
    let found = laws::breaches(records).into_iter().map(|problem| {
        let column = column_of(problem.table, &problem.conflict);
        let conflict = match problem.conflict {
            Conflict::Overlaps { person, other } => {
                Conflict::Overlaps { person, other: row_as_line(other) }
            }
            Conflict::Twice { name, other } => Conflict::Twice { name, other: row_as_line(other) },
            other => other,
        };
        (problem.row, column, Mistake::Conflict(conflict))
    });
    found.collect()
}

fn column_of(table: Table, conflict: &Conflict) -> Option<Column> {
    match conflict {
        Conflict::EndsFirst => Some(Column::Last),
        Conflict::Itself => Some(Column::By),
        Conflict::NoPeople => Some(Column::People),
        Conflict::NoRounds => Some(Column::Rounds),
        Conflict::NoTime => Some(Column::Each),
        Conflict::NoWeekday => Some(Column::Weekdays),
        Conflict::Overlaps { .. } => Some(Column::From),
        Conflict::Pattern => Some(Column::Pattern),
        Conflict::Step => Some(Column::Step),
        Conflict::NoName | Conflict::Twice { .. } => match table {
            Table::People | Table::Shifts => Some(Column::Person),
            Table::Rotations => Some(Column::Rotation),
            Table::Requirements => Some(Column::Skill),
            _ => None,
        },
    }
}

/// People a file names that are not known in the service: place, column, service, name.
pub(super) type Named<'a> = (usize, Column, &'a ServiceId, &'a str);

pub(super) fn unknown_people<'a>(
    named: impl Iterator<Item = Named<'a>>,
    known: &Known<'_>,
) -> Vec<Found> {
    let mut found = Vec::new();
    let mut known_in = HashMap::new();
    for (place, column, service, name) in named {
        let people = known_in.entry(service).or_insert_with(|| known.people_of(service));
        if let Err(mistake) = person(people, name) {
            found.push((place, Some(column), mistake));
        }
    }
    found
}

/// Whether `name` is one of `people`.
pub(super) fn person(people: &BTreeSet<&str>, name: &str) -> Result<(), Mistake> {
    if people.contains(name) {
        Ok(())
    } else if people.is_empty() {
        Err(Mistake::NobodyKnown)
    } else {
        Err(Mistake::PersonUnknown(nearest(people, name)))
    }
}

/// Skills that a file requires and nobody has: likely a slip of the pen, not refused.
pub(super) fn unknown_skills(requirements: &[Requirement], known: &Known<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for (place, requirement) in requirements.iter().enumerate() {
        let people = known.records.people.iter().filter(|p| p.service == requirement.service);
        let skills: BTreeSet<&str> =
            people.flat_map(|person| &person.skills).map(String::as_str).collect();
        if !skills.contains(requirement.skill.as_str()) {
            let mistake = Mistake::SkillUnknown(nearest(&skills, &requirement.skill));
            found.push((place, Some(Column::Skill), mistake));
        }
    }
    found
}

/// The name that was likely meant.
fn nearest(names: &BTreeSet<&str>, name: &str) -> Option<String> {
    let written = name.to_lowercase();
    let distance = |other: &&str| strsim::damerau_levenshtein(&other.to_lowercase(), &written);
    let allowed = (written.chars().count() / 3).max(2);
    let best = names.iter().copied().min_by_key(distance)?;
    (distance(&best) <= allowed).then(|| best.to_owned())
}
