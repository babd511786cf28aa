//! From the turns that run at an instant to the people who are on duty then.
//!
//! Law: this is the only place where turns, swaps, overrides, absences and phones meet;
//! [`super::Roster::on_call`] and [`super::Roster::spans`] both ask here.

use chrono::{DateTime, Utc};

use super::index::{EquipeRows, ServiceRows};
use super::{Override, Period, Records, Rule, Swap, Turn};
use crate::words::PhoneNumber;

/// The roster as one équipe sees it.
#[derive(Clone, Copy)]
pub(super) struct Duty<'a> {
    pub(super) records: &'a Records,
    pub(super) service: &'a ServiceRows,
    pub(super) equipe: &'a EquipeRows,
}

/// One person on duty in one step at some instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Post<'a> {
    pub(super) person: &'a str,
    pub(super) step: u32,
    /// In the order in which they ring; empty when none is known.
    pub(super) phones: Vec<&'a PhoneNumber>,
    turn: Turn<'a>,
    swap: Option<&'a Swap>,
    substitution: Option<&'a Override>,
}

impl<'a> Duty<'a> {
    /// The turns that have an instant in common with `range`: by step, then by row.
    pub(super) fn turns(&self, range: Period) -> Vec<Turn<'a>> {
        let Self { records, equipe, .. } = *self;
        let mut turns: Vec<Turn<'a>> = Vec::new();
        for row in equipe.shifts_in(records, range) {
            let shift = &records.shifts[row];
            let (step, person, period) = (shift.step, shift.person.as_str(), shift.period());
            turns.push(Turn { rule: Rule::Shift(shift), step, person, period, place: row });
        }
        for row in equipe.rotations() {
            let rotation = &records.rotations[row];
            let (step, place) = (rotation.step, records.shifts.len() + row);
            for (turn, person, period) in rotation.spells(range) {
                let rule = Rule::Rotation { rotation, turn };
                turns.push(Turn { rule, step, person, period, place });
            }
        }
        turns.sort_by_key(|turn| (turn.step, turn.place, turn.period.from()));
        turns
    }

    /// Who is on duty at `at`, given the turns that run then, sorted as by
    /// [`Duty::turns`].
    pub(super) fn posts<'t>(
        &self,
        running: impl Iterator<Item = &'t Turn<'a>>,
        at: DateTime<Utc>,
    ) -> Vec<Post<'a>>
    where
        'a: 't,
    {
        let mut posts: Vec<Post<'a>> = Vec::new();
        for turn in running {
            let Some(post) = self.post(*turn, at) else { continue };
            let same =
                |other: &&mut Post<'_>| other.step == post.step && other.person == post.person;
            match posts.iter_mut().rev().find(same) {
                // The same person twice in a step counts once, with the phones of both.
                Some(first) => add_phones(&mut first.phones, post.phones),
                None => posts.push(post),
            }
        }
        for post in &mut posts {
            self.register_phones(post);
        }
        posts
    }

    fn post(&self, turn: Turn<'a>, at: DateTime<Utc>) -> Option<Post<'a>> {
        let Self { records, service, equipe } = *self;
        let swap = equipe.swap_of(&turn).map(|row| &records.swaps[row]);
        let person = swap.map_or(turn.person, |swap| swap.to.as_str());
        let substitution =
            equipe.override_of(records, person, at).map(|row| &records.overrides[row]);
        let person = substitution.map_or(person, |record| record.by.as_str());
        if service.is_absent(person, at) {
            return None;
        }
        let phones = match turn.rule {
            // The phone of a shift is that of its own person.
            Rule::Shift(shift) if person == turn.person => shift.phone.iter().collect(),
            _ => Vec::new(),
        };
        Some(Post { person, step: turn.step, phones, turn, swap, substitution })
    }

    /// After the phones of the shift come those of the person; whom the table of people
    /// gives none is reached where the shifts of the service say.
    fn register_phones(&self, post: &mut Post<'a>) {
        let registered = self.service.people.get(post.person).map(|row| &self.records.people[*row]);
        add_phones(&mut post.phones, registered.into_iter().flat_map(|person| &person.phones));
        if post.phones.is_empty() {
            let beside = self.service.shift_phones.get(post.person);
            post.phones.extend(beside.into_iter().flatten());
        }
    }

    /// Whether the person has a skill.
    pub(super) fn has_skill(&self, person: &str, skill: &str) -> bool {
        let row = self.service.people.get(person);
        row.is_some_and(|row| self.records.people[*row].skills.contains(skill))
    }
}

impl Post<'_> {
    /// Which rules put the person here: «turno 20:00–08:00, al posto di Ada Greco
    /// (ferie), disposto da M. Conte il 20/12».
    pub(super) fn why(&self) -> String {
        let mut why = self.turn.why();
        if self.swap.is_some() {
            why.push_str(&format!(", scambio con {}", self.turn.person));
        }
        if let Some(record) = self.substitution {
            let day = record.entered.at.with_timezone(&self.turn.zone()).format("%d/%m");
            why.push_str(&format!(", al posto di {}", record.replaces));
            if !record.reason.is_empty() {
                why.push_str(&format!(" ({})", record.reason));
            }
            why.push_str(&format!(", disposto da {} il {day}", record.entered.by));
        }
        why
    }
}

fn add_phones<'a>(
    phones: &mut Vec<&'a PhoneNumber>,
    more: impl IntoIterator<Item = &'a PhoneNumber>,
) {
    for phone in more {
        if !phones.contains(&phone) {
            phones.push(phone);
        }
    }
}
