//! `service,person,phones,skills`: who may be rung.

use std::collections::BTreeSet;

use super::super::Person;
use super::Column;
use super::lists::list;
use super::row::{Row, phone};

pub(super) fn read(row: &mut Row<'_>) -> Option<Person> {
    let service = row.service();
    let name = row.name(Column::Person);
    let phones =
        row.maybe(Column::Phones, |text| list(text)?.iter().map(|one| phone(one)).collect());
    let skills = row.maybe(Column::Skills, list);
    Some(Person {
        service: service?,
        name: name?,
        phones: phones?.unwrap_or_default(),
        skills: skills?.map(BTreeSet::from_iter).unwrap_or_default(),
    })
}

pub(super) fn write(person: &Person) -> Vec<String> {
    let phones: Vec<&str> = person.phones.iter().map(|phone| phone.reveal()).collect();
    let skills: Vec<&str> = person.skills.iter().map(String::as_str).collect();
    vec![
        person.service.as_str().to_owned(),
        person.name.clone(),
        phones.join("|"),
        skills.join("|"),
    ]
}
