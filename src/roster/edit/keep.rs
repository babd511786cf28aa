//! What stays the same across an import: the names of shifts, overrides and absences.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;

use super::super::{Absence, Override, Shift, ShiftId};
use super::Author;
use crate::calendar::local;
use crate::words::ServiceId;

/// What a shift is recognised by after it was moved within its day.
type Likeness = (ServiceId, String, u32, String, NaiveDate);

fn likeness(shift: &Shift) -> Likeness {
    let day = local(shift.from(), shift.zone()).date();
    (shift.service.clone(), shift.equipe.clone(), shift.step, shift.person.clone(), day)
}

/// Gives imported shifts the ids of the shifts they are: same équipe, step, person and
/// civil day of beginning. Of several on one day, those with the same times come first,
/// then they are taken in order. A new shift gets an id that none of the équipe has.
pub(super) fn shift_ids(before: &[Shift], imported: Vec<Shift>) -> Vec<Shift> {
    let mut known: HashMap<Likeness, Vec<&Shift>> = HashMap::new();
    let mut taken: HashSet<(ServiceId, String, ShiftId)> = HashSet::new();
    for shift in before {
        let of_day = known.entry(likeness(shift)).or_default();
        // Rows of one turn with several phones share an id.
        if of_day.iter().all(|other| other.id != shift.id) {
            of_day.push(shift);
        }
        taken.insert((shift.service.clone(), shift.equipe.clone(), shift.id.clone()));
    }
    let mut new: BTreeMap<Likeness, Vec<&Shift>> = BTreeMap::new();
    for shift in &imported {
        let of_day = new.entry(likeness(shift)).or_default();
        if of_day.iter().all(|other| other.period() != shift.period()) {
            of_day.push(shift);
        }
    }
    let mut ids = HashMap::new();
    for (like, mut turns) in new {
        let mut old = known.remove(&like).unwrap_or_default();
        turns.sort_by_key(|shift| (shift.from(), shift.until()));
        old.sort_by_key(|shift| (shift.from(), shift.until()));
        turns.retain(|shift| {
            let same = old.iter().position(|other| other.period() == shift.period());
            let Some(place) = same else { return true };
            ids.insert((like.clone(), shift.period()), old.remove(place).id.clone());
            false
        });
        let mut old = old.into_iter();
        for shift in turns {
            let id = old.next().map_or_else(|| fresh(shift, &mut taken), |moved| moved.id.clone());
            ids.insert((like.clone(), shift.period()), id);
        }
    }
    let named = imported.into_iter().map(|shift| {
        let id = ids.get(&(likeness(&shift), shift.period())).cloned();
        let id = id.unwrap_or_else(|| shift.id.clone());
        shift.named(id)
    });
    named.collect()
}

/// A name for a new shift that none of its équipe has.
pub(super) fn new_id(before: &[Shift], shift: &Shift) -> ShiftId {
    let name = |shift: &Shift| (shift.service.clone(), shift.equipe.clone(), shift.id.clone());
    fresh(shift, &mut before.iter().map(name).collect())
}

fn fresh(shift: &Shift, taken: &mut HashSet<(ServiceId, String, ShiftId)>) -> ShiftId {
    let own = shift.id.as_str();
    let own = own.split_once('#').map_or(own, |(own, _)| own);
    let mut id = ShiftId::new(own);
    let mut nth = 1_u32;
    while !taken.insert((shift.service.clone(), shift.equipe.clone(), id.clone())) {
        nth += 1;
        id = ShiftId::new(&format!("{own}#{nth}"));
    }
    id
}

/// An imported override that says what one there said keeps its id and who entered it.
pub(super) fn override_ids(
    before: &[Override],
    imported: &[Override],
    author: &Author,
) -> Vec<Override> {
    let entered =
        |id, record: &Override| Override { id, entered: author.entered(), ..record.clone() };
    known_again(before, imported, author, entered)
}

/// An imported absence that says what one there said keeps its id and who entered it.
pub(super) fn absence_ids(
    before: &[Absence],
    imported: &[Absence],
    author: &Author,
) -> Vec<Absence> {
    let entered =
        |id, record: &Absence| Absence { id, entered: author.entered(), ..record.clone() };
    known_again(before, imported, author, entered)
}

/// Each imported record, or the one there that says the same, which is taken once;
/// `entered` is a record as the author enters it under an id.
fn known_again<R: Clone + PartialEq>(
    before: &[R],
    imported: &[R],
    author: &Author,
    entered: impl Fn(String, &R) -> R,
) -> Vec<R> {
    let blank = |record: &R| entered(String::new(), record);
    let mut known: Vec<Option<(R, &R)>> =
        before.iter().map(|record| Some((blank(record), record))).collect();
    let mut number = 0;
    let keep = imported.iter().map(|record| {
        let new = blank(record);
        let same = known.iter_mut().find(|old| old.as_ref().is_some_and(|(old, _)| *old == new));
        if let Some((_, old)) = same.and_then(Option::take) {
            return old.clone();
        }
        number += 1;
        entered(author.id_of(number), record)
    });
    keep.collect()
}
