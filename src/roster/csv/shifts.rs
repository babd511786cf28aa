//! `service,equipe,step,person,phone,from,until`: single turns.

use super::super::{Shift, civil};
use super::read::Known;
use super::row::{Row, phone};
use super::{Column, Mistake};
use crate::words::PhoneNumber;

/// A row without a phone is one of a person whose phones are known.
pub(super) fn read(row: &mut Row<'_>, known: &Known<'_>) -> Option<Shift> {
    let service = row.service();
    let equipe = row.text(Column::Equipe);
    let step = row.step();
    let person = row.name(Column::Person);
    let number = row.maybe(Column::Phone, phone);
    let reached = |service, person: &Option<String>| {
        person.as_deref().is_some_and(|person| known.phone_of(service, person))
    };
    if number == Some(None) && !service.as_ref().is_some_and(|service| reached(service, &person)) {
        row.note(Column::Phone, Mistake::Empty);
    }
    let zone = known.zone(service.as_ref());
    let period = row.period(zone)?;
    let (from, until) = (period.from(), period.until());
    Shift::new(service?, equipe?, step?, person?, number?, from, until, zone).ok()
}

pub(super) fn write(shift: &Shift) -> Vec<String> {
    vec![
        shift.service.as_str().to_owned(),
        shift.equipe.clone(),
        shift.step.to_string(),
        shift.person.clone(),
        shift.phone.as_ref().map_or_else(String::new, |phone| PhoneNumber::reveal(phone).into()),
        civil::write(shift.from(), shift.zone()),
        civil::write(shift.until(), shift.zone()),
    ]
}
