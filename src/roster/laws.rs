//! The laws that records must keep to make a roster: every breach at once.

use std::collections::HashMap;
use std::hash::Hash;

use super::{Conflict, MAX_STEP, Override, Records, RosterProblem, Rotation, Shift, Table};

/// Every breach in `records`, table by table, in their order.
pub(super) fn breaches(records: &Records) -> Vec<RosterProblem> {
    let mut found = Breaches::default();
    people(records, &mut found);
    shifts(&records.shifts, &mut found);
    rotations(records, &mut found);
    overrides(&records.overrides, &mut found);
    swaps(records, &mut found);
    policies(records, &mut found);
    for (row, requirement) in records.requirements.iter().enumerate() {
        if requirement.skill.trim().is_empty() {
            found.note(Table::Requirements, row, Conflict::NoName);
        }
    }
    found.0
}

#[derive(Default)]
struct Breaches(Vec<RosterProblem>);

impl Breaches {
    fn note(&mut self, table: Table, row: usize, conflict: Conflict) {
        self.0.push(RosterProblem { table, row, conflict });
    }

    fn once<K: Hash + Eq>(&mut self, table: Table, rows: impl Iterator<Item = (K, String)>) {
        let mut seen: HashMap<K, usize> = HashMap::new();
        for (row, (key, name)) in rows.enumerate() {
            if let Some(&other) = seen.get(&key) {
                self.note(table, row, Conflict::Twice { name, other });
            } else {
                seen.insert(key, row);
            }
        }
    }

    fn step(&mut self, table: Table, row: usize, step: u32) {
        if !(1..=MAX_STEP).contains(&step) {
            self.note(table, row, Conflict::Step);
        }
    }
}

fn people(records: &Records, found: &mut Breaches) {
    let people = &records.people;
    let names = people.iter().map(|p| ((&p.service, p.name.as_str()), p.name.clone()));
    found.once(Table::People, names);
    for (row, person) in people.iter().enumerate() {
        if person.name.trim().is_empty() {
            found.note(Table::People, row, Conflict::NoName);
        }
    }
}

/// Rows of one id are one turn with several phones: all they may differ in.
fn shifts(shifts: &[Shift], found: &mut Breaches) {
    let mut turns: HashMap<_, (usize, &Shift)> = HashMap::new();
    for (row, shift) in shifts.iter().enumerate() {
        found.step(Table::Shifts, row, shift.step);
        let key = (&shift.service, shift.equipe.as_str(), &shift.id);
        let (other, first) = *turns.entry(key).or_insert((row, shift));
        let turn = |shift: &Shift| (shift.step, shift.period(), shift.person.clone());
        if turn(shift) != turn(first) {
            let name = shift.id.to_string();
            found.note(Table::Shifts, row, Conflict::Twice { name, other });
        }
    }
}

fn rotations(records: &Records, found: &mut Breaches) {
    let rotations = &records.rotations;
    let names = rotations.iter().map(|r| {
        let key = (&r.service, r.equipe.as_str(), r.name.as_str());
        (key, r.name.clone())
    });
    found.once(Table::Rotations, names);
    for (row, rotation) in rotations.iter().enumerate() {
        found.step(Table::Rotations, row, rotation.step);
        for conflict in rotation_conflicts(rotation) {
            found.note(Table::Rotations, row, conflict);
        }
    }
}

fn rotation_conflicts(rotation: &Rotation) -> Vec<Conflict> {
    let Rotation { name, people, pattern, first, last, window, .. } = rotation;
    let checks = [
        (name.trim().is_empty(), Conflict::NoName),
        (people.is_empty(), Conflict::NoPeople),
        (people.iter().any(|person| person.trim().is_empty()), Conflict::NoName),
        (pattern.is_empty() || pattern.contains(&0), Conflict::Pattern),
        (last.is_some_and(|last| last < *first), Conflict::EndsFirst),
        (window.as_ref().is_some_and(|window| window.weekdays.is_empty()), Conflict::NoWeekday),
    ];
    checks.into_iter().filter(|(broken, _)| *broken).map(|(_, conflict)| conflict).collect()
}

fn overrides(overrides: &[Override], found: &mut Breaches) {
    let mut of_person: HashMap<_, Vec<usize>> = HashMap::new();
    for (row, record) in overrides.iter().enumerate() {
        if record.by == record.replaces {
            found.note(Table::Overrides, row, Conflict::Itself);
        }
        let key = (&record.service, record.equipe.as_str(), record.replaces.as_str());
        let others = of_person.entry(key).or_default();
        let overlapping =
            others.iter().copied().find(|other| overrides[*other].period.overlaps(record.period));
        if let Some(other) = overlapping {
            let person = record.replaces.clone();
            found.note(Table::Overrides, row, Conflict::Overlaps { person, other });
        }
        others.push(row);
    }
}

/// One turn goes to one person: approved swaps count, requests do not.
fn swaps(records: &Records, found: &mut Breaches) {
    let mut turns = HashMap::new();
    for (row, swap) in records.swaps.iter().enumerate() {
        if swap.approved.is_none() {
            continue;
        }
        if swap.to.trim().is_empty() {
            found.note(Table::Swaps, row, Conflict::NoName);
        }
        let key = (&swap.service, swap.equipe.as_str(), &swap.turn);
        let other = *turns.entry(key).or_insert(row);
        if other != row {
            let name = swap.turn.to_string();
            found.note(Table::Swaps, row, Conflict::Twice { name, other });
        }
    }
}

fn policies(records: &Records, found: &mut Breaches) {
    let policies = &records.policies;
    let equipes = policies.iter().map(|p| ((&p.service, p.equipe.as_str()), p.equipe.clone()));
    found.once(Table::Policies, equipes);
    for (row, policy) in policies.iter().enumerate() {
        for (step, how) in &policy.steps {
            found.step(Table::Policies, row, *step);
            if how.each.as_secs() == 0 {
                found.note(Table::Policies, row, Conflict::NoTime);
            }
        }
        if policy.rounds == Some(0) {
            found.note(Table::Policies, row, Conflict::NoRounds);
        }
    }
}
