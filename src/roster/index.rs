//! Where to look: the records of each service and équipe, so that no question reads
//! the whole roster.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Period, Records, Rule, ShiftId, Turn, TurnId};
use crate::words::{PhoneNumber, ServiceId};

/// The rows of all tables, by service and équipe.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    services: HashMap<ServiceId, ServiceRows>,
    phones: HashSet<PhoneNumber>,
}

/// The rows of one service.
#[derive(Debug, Clone, Default)]
pub(super) struct ServiceRows {
    pub(super) people: HashMap<String, usize>,
    /// Phones that stand beside a person in shifts only.
    pub(super) shift_phones: HashMap<String, Vec<PhoneNumber>>,
    /// Apart from one another and sorted.
    absences: HashMap<String, Vec<Period>>,
    equipes: HashMap<String, EquipeRows>,
}

/// The rows of one équipe.
#[derive(Debug, Clone, Default)]
pub(super) struct EquipeRows {
    /// By their beginning.
    shifts: Vec<usize>,
    longest: TimeDelta,
    rotations: Vec<usize>,
    /// By person replaced, then by beginning.
    overrides: HashMap<String, Vec<usize>>,
    swapped_shifts: HashMap<ShiftId, usize>,
    swapped_turns: HashMap<String, HashMap<u32, usize>>,
    pub(super) policy: Option<usize>,
    pub(super) requirements: Vec<usize>,
}

impl Index {
    pub(super) fn of(records: &Records) -> Self {
        let mut index = Self::default();
        index.read_people(records);
        index.read_turns(records);
        index.read_changes(records);
        for (row, policy) in records.policies.iter().enumerate() {
            index.phones.extend(policy.last_resort.iter().map(|last| last.phone.clone()));
            index.equipe_mut(&policy.service, &policy.equipe).policy = Some(row);
        }
        for (row, requirement) in records.requirements.iter().enumerate() {
            let equipe = index.equipe_mut(&requirement.service, &requirement.equipe);
            equipe.requirements.push(row);
        }
        index
    }

    fn read_people(&mut self, records: &Records) {
        for (row, person) in records.people.iter().enumerate() {
            self.phones.extend(person.phones.iter().cloned());
            self.service_mut(&person.service).people.insert(person.name.clone(), row);
        }
    }

    fn read_turns(&mut self, records: &Records) {
        for (row, shift) in records.shifts.iter().enumerate() {
            let length = shift.until() - shift.from();
            let equipe = self.equipe_mut(&shift.service, &shift.equipe);
            equipe.shifts.push(row);
            equipe.longest = equipe.longest.max(length);
            let Some(phone) = &shift.phone else { continue };
            self.phones.insert(phone.clone());
            let known = &mut self.service_mut(&shift.service).shift_phones;
            let known = known.entry(shift.person.clone()).or_default();
            if !known.contains(phone) {
                known.push(phone.clone());
            }
        }
        for (row, rotation) in records.rotations.iter().enumerate() {
            self.equipe_mut(&rotation.service, &rotation.equipe).rotations.push(row);
        }
        for equipe in self.services.values_mut().flat_map(|rows| rows.equipes.values_mut()) {
            equipe.shifts.sort_by_key(|row| (records.shifts[*row].from(), *row));
        }
    }

    fn read_changes(&mut self, records: &Records) {
        for (row, record) in records.overrides.iter().enumerate() {
            let equipe = self.equipe_mut(&record.service, &record.equipe);
            equipe.overrides.entry(record.replaces.clone()).or_default().push(row);
        }
        for equipe in self.services.values_mut().flat_map(|rows| rows.equipes.values_mut()) {
            for rows in equipe.overrides.values_mut() {
                rows.sort_by_key(|row| records.overrides[*row].period.from());
            }
        }
        for absence in &records.absences {
            let absences = &mut self.service_mut(&absence.service).absences;
            absences.entry(absence.person.clone()).or_default().push(absence.period);
        }
        for periods in self.services.values_mut().flat_map(|rows| rows.absences.values_mut()) {
            *periods = joined(std::mem::take(periods));
        }
        for (row, swap) in records.swaps.iter().enumerate() {
            if swap.approved.is_none() {
                continue;
            }
            let equipe = self.equipe_mut(&swap.service, &swap.equipe);
            match &swap.turn {
                TurnId::Rotation { name, turn } => {
                    equipe.swapped_turns.entry(name.clone()).or_default().insert(*turn, row);
                }
                TurnId::Shift(id) => {
                    equipe.swapped_shifts.insert(id.clone(), row);
                }
            }
        }
    }

    pub(super) fn rings(&self, phone: &PhoneNumber) -> bool {
        self.phones.contains(phone)
    }

    pub(super) fn knows(&self, service: &ServiceId, person: &str) -> bool {
        self.services.get(service).is_some_and(|rows| {
            rows.people.contains_key(person) || rows.shift_phones.contains_key(person)
        })
    }

    pub(super) fn find(
        &self,
        service: &ServiceId,
        equipe: &str,
    ) -> Option<(&ServiceRows, &EquipeRows)> {
        let rows = self.services.get(service)?;
        Some((rows, rows.equipes.get(equipe)?))
    }

    fn service_mut(&mut self, service: &ServiceId) -> &mut ServiceRows {
        self.services.entry(service.clone()).or_default()
    }

    fn equipe_mut(&mut self, service: &ServiceId, equipe: &str) -> &mut EquipeRows {
        self.service_mut(service).equipes.entry(equipe.to_owned()).or_default()
    }
}

impl ServiceRows {
    pub(super) fn absences_of(&self, person: &str) -> &[Period] {
        self.absences.get(person).map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_absent(&self, person: &str, at: DateTime<Utc>) -> bool {
        let periods = self.absences_of(person);
        let begun = periods.partition_point(|period| period.from() <= at);
        begun > 0 && periods[begun - 1].covers(at)
    }

    pub(super) fn absences(&self) -> impl Iterator<Item = Period> {
        self.absences.values().flatten().copied()
    }
}

impl EquipeRows {
    /// The shifts that have an instant in common with `range`, by their beginning.
    pub(super) fn shifts_in(
        &self,
        records: &Records,
        range: Period,
    ) -> impl Iterator<Item = usize> {
        let begins = |row: &usize| records.shifts[*row].from();
        let earliest = range.from().checked_sub_signed(self.longest);
        let first = earliest
            .map_or(0, |earliest| self.shifts.partition_point(|row| begins(row) < earliest));
        let end = self.shifts.partition_point(|row| begins(row) < range.until());
        let within = self.shifts.get(first..end).unwrap_or_default().iter().copied();
        within.filter(move |row| records.shifts[*row].period().overlaps(range))
    }

    pub(super) fn rotations(&self) -> impl Iterator<Item = usize> {
        self.rotations.iter().copied()
    }

    pub(super) fn override_of(
        &self,
        records: &Records,
        person: &str,
        at: DateTime<Utc>,
    ) -> Option<usize> {
        let rows = self.overrides.get(person)?;
        let begun = rows.partition_point(|row| records.overrides[*row].period.from() <= at);
        let last = rows.get(begun.checked_sub(1)?).copied()?;
        records.overrides[last].period.covers(at).then_some(last)
    }

    pub(super) fn overrides(&self) -> impl Iterator<Item = usize> {
        self.overrides.values().flatten().copied()
    }

    pub(super) fn swap_of(&self, turn: &Turn<'_>) -> Option<usize> {
        match turn.rule {
            Rule::Rotation { rotation, turn } => {
                self.swapped_turns.get(&rotation.name)?.get(&turn).copied()
            }
            Rule::Shift(shift) => self.swapped_shifts.get(&shift.id).copied(),
        }
    }
}

/// The same instants as periods that neither overlap nor touch, in order.
fn joined(mut periods: Vec<Period>) -> Vec<Period> {
    periods.sort_by_key(|period| period.from());
    let mut apart: Vec<Period> = Vec::new();
    for period in periods {
        match apart.last_mut() {
            Some(last) if period.from() <= last.until() => *last = last.joined_with(period),
            _ => apart.push(period),
        }
    }
    apart
}
