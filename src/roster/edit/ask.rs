//! Turns that people ask to give away or to take: asked, taken, approved, given up.
//!
//! Law: a request changes nobody's duty; only its approval does, and then all of it.

use std::collections::BTreeSet;

use super::super::{Records, Swap, Table};
use super::{Author, EditError, Edited, turns};

pub(super) fn ask(
    before: &Records,
    swaps: Vec<Swap>,
    author: &Author,
) -> Result<Edited, EditError> {
    let mut records = before.clone();
    let alone = swaps.len() == 1;
    let mut asked = Vec::new();
    for (swap, nth) in swaps.into_iter().zip(1..) {
        let turn = turns::free_turn(before, &swap)?;
        let id = if alone { author.id() } else { author.id_of(nth) };
        let swap = Swap { id, approved: None, entered: author.entered(), ..swap };
        asked.push(text(&swap, turn.person));
        records.swaps.push(swap);
    }
    let said = format!("Richiesta da approvare: {}.", asked.join("; "));
    Ok(Edited { records, texts: vec![(Table::Swaps, said)] })
}

pub(super) fn take(before: &Records, id: &str, to: String) -> Result<Edited, EditError> {
    let mut records = before.clone();
    let offered = |swap: &&mut Swap| swap.id == id && is_open(swap) && swap.to.is_empty();
    let Some(swap) = records.swaps.iter_mut().find(offered) else {
        return Err(EditError::NoRequest(id.to_owned()));
    };
    swap.to = to;
    let turn = turns::free_turn(before, swap)?;
    let said = format!("Preso, da approvare: {}.", text(swap, turn.person));
    Ok(Edited { records, texts: vec![(Table::Swaps, said)] })
}

pub(super) fn approve(
    before: &Records,
    request: &str,
    author: &Author,
) -> Result<Edited, EditError> {
    let mut records = before.clone();
    let mut given = Vec::new();
    let mut approved = Vec::new();
    for swap in records.swaps.iter_mut().filter(|swap| is_open(swap) && swap.request() == request) {
        if swap.to.is_empty() {
            return Err(EditError::NobodyTakes(swap.turn.to_string()));
        }
        let turn = turns::free_turn(before, swap)?;
        swap.approved = Some(author.entered());
        given.push(text(swap, turn.person));
        approved.push(swap.clone());
    }
    if approved.is_empty() {
        return Err(EditError::NoRequest(request.to_owned()));
    }
    let mut said = format!("Approvato: {}.", given.join("; "));
    // A turn goes to one person: who else asked for it asked in vain.
    let in_vain: BTreeSet<String> = records
        .swaps
        .iter()
        .filter(|swap| is_open(swap) && approved.iter().any(|other| other.is_of_turn_of(swap)))
        .map(|swap| swap.request().to_owned())
        .collect();
    if !in_vain.is_empty() {
        records.swaps.retain(|swap| !(is_open(swap) && in_vain.contains(swap.request())));
        let ids: Vec<&str> = in_vain.iter().map(String::as_str).collect();
        said.push_str(&format!(
            " Cadono le altre richieste sugli stessi turni: {}.",
            ids.join(", ")
        ));
    }
    Ok(Edited { records, texts: vec![(Table::Swaps, said)] })
}

pub(super) fn give_up(before: &Records, request: &str) -> Result<Edited, EditError> {
    let is_it = |swap: &&Swap| is_open(swap) && swap.request() == request;
    let dropped: Vec<String> = before
        .swaps
        .iter()
        .filter(is_it)
        .map(|swap| text(swap, turns::turn_of(before, swap).map_or("?", |turn| turn.person)))
        .collect();
    if dropped.is_empty() {
        return Err(EditError::NoRequest(request.to_owned()));
    }
    let mut records = before.clone();
    records.swaps.retain(|swap| !is_it(&swap));
    let said = format!("Richiesta tolta: {}.", dropped.join("; "));
    Ok(Edited { records, texts: vec![(Table::Swaps, said)] })
}

fn is_open(swap: &Swap) -> bool {
    swap.approved.is_none()
}

/// «scambio 12: il turno 2026-12-24/1/Ada di Ada va a Bruno».
fn text(swap: &Swap, person: &str) -> String {
    let to = if swap.to.is_empty() { "chi lo prende" } else { &swap.to };
    format!("scambio {}: il turno {} di {person} va a {to}", swap.id, swap.turn)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use chrono_tz::Europe::Rome;

    use super::super::super::{Entered, Shift, TurnId};
    use super::super::Edit;
    use super::*;
    use crate::words::ServiceId;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-12-{text}:00:00Z").parse().unwrap()
    }

    /// Ada has the first night, Bruno the second.
    fn nights() -> Records {
        let night = |person: &str, from, until| {
            let service = ServiceId::new("s");
            Shift::new(service, "e".into(), 1, person.into(), None, at(from), at(until), Rome)
        };
        let shifts = vec![
            night("Ada", "23T19", "24T07").unwrap(),
            night("Bruno", "24T19", "25T07").unwrap(),
        ];
        Records { shifts, ..Records::default() }
    }

    fn author(revision: i64) -> Author {
        Author { by: "ada".into(), at: at("20T10"), revision }
    }

    fn swap(records: &Records, night: usize, to: &str) -> Swap {
        Swap {
            id: String::new(),
            service: ServiceId::new("s"),
            equipe: "e".into(),
            turn: TurnId::Shift(records.shifts[night].id.clone()),
            to: to.into(),
            entered: Entered { by: String::new(), at: at("20T10") },
            approved: None,
        }
    }

    fn made(records: &Records, revision: i64, edit: Edit) -> Result<Records, EditError> {
        edit.apply(records, &author(revision)).map(|edited| edited.records)
    }

    fn approved(records: &Records) -> Vec<(&str, &str)> {
        let swaps = records.swaps.iter().filter(|swap| swap.approved.is_some());
        swaps.map(|swap| (swap.id.as_str(), swap.to.as_str())).collect()
    }

    #[test]
    fn both_halves_of_an_exchange_are_approved_as_one() {
        let records = nights();
        let halves = vec![swap(&records, 0, "Bruno"), swap(&records, 1, "Ada")];
        let asked = made(&records, 7, Edit::AskSwaps(halves)).unwrap();
        assert!(approved(&asked).is_empty());
        let done = made(&asked, 8, Edit::ApproveSwaps { request: "7".into() }).unwrap();
        assert_eq!(approved(&done), [("7-1", "Bruno"), ("7-2", "Ada")]);
        let again = made(&done, 9, Edit::ApproveSwaps { request: "7".into() });
        assert_eq!(again, Err(EditError::NoRequest("7".into())));
    }

    #[test]
    fn an_offer_is_taken_by_one_person_and_not_approved_before() {
        let records = nights();
        let offer = vec![swap(&records, 0, "")];
        let offered = made(&records, 7, Edit::AskSwaps(offer)).unwrap();
        let early = made(&offered, 8, Edit::ApproveSwaps { request: "7".into() });
        assert!(matches!(early, Err(EditError::NobodyTakes(_))), "{early:?}");
        let take = |to: &str| Edit::TakeSwap { id: "7".into(), to: to.into() };
        let own = made(&offered, 8, take("Ada"));
        assert!(matches!(own, Err(EditError::SamePerson { .. })), "{own:?}");
        let taken = made(&offered, 8, take("Bruno")).unwrap();
        assert_eq!(made(&taken, 9, take("Carla")), Err(EditError::NoRequest("7".into())));
        let done = made(&taken, 9, Edit::ApproveSwaps { request: "7".into() }).unwrap();
        assert_eq!(approved(&done), [("7", "Bruno")]);
    }

    #[test]
    fn who_asked_for_a_turn_that_went_to_another_asked_in_vain() {
        let records = nights();
        let one = made(&records, 7, Edit::AskSwaps(vec![swap(&records, 0, "Bruno")])).unwrap();
        let two = made(&one, 8, Edit::AskSwaps(vec![swap(&records, 0, "Carla")])).unwrap();
        let done = made(&two, 9, Edit::ApproveSwaps { request: "8".into() }).unwrap();
        assert_eq!(approved(&done), [("8", "Carla")]);
        assert_eq!(done.swaps.len(), 1);
        let late = made(&done, 10, Edit::AskSwaps(vec![swap(&records, 0, "Bruno")]));
        assert!(matches!(late, Err(EditError::Swapped { .. })), "{late:?}");
    }

    #[test]
    fn a_shift_that_somebody_asked_for_is_not_taken_away() {
        let records = nights();
        let asked = made(&records, 7, Edit::AskSwaps(vec![swap(&records, 0, "Bruno")])).unwrap();
        let (service, id) = (ServiceId::new("s"), records.shifts[0].id.clone());
        let remove = Edit::RemoveShift { service, equipe: "e".into(), id };
        let kept = made(&asked, 8, remove.clone());
        assert!(matches!(kept, Err(EditError::Orphaned(_))), "{kept:?}");
        let dropped = made(&asked, 8, Edit::DropSwaps { request: "7".into() }).unwrap();
        assert_eq!(made(&dropped, 9, remove).unwrap().shifts.len(), 1);
    }
}
