//! `service,equipe,step,rotation,people,first,last,handoff,pattern,weekdays,from,until`:
//! turns by rule.

use chrono::Weekday;

use super::super::{Rotation, Window};
use super::lists::{
    clock, date, list, pattern, weekdays, write_clock, write_pattern, write_weekdays,
};
use super::read::Known;
use super::row::Row;
use super::{Column, Mistake};

pub(super) fn read(row: &mut Row<'_>, known: &Known<'_>) -> Option<Rotation> {
    let service = row.service();
    let equipe = row.text(Column::Equipe);
    let step = row.step();
    let name = row.text(Column::Rotation);
    let people = row.read(Column::People, list);
    let first = row.read(Column::First, date);
    let last = row.maybe(Column::Last, date);
    let handoff = row.read(Column::Handoff, clock);
    let pattern = row.read(Column::Pattern, pattern);
    let window = window(row);
    let zone = known.zone(service.as_ref());
    Some(Rotation {
        service: service?,
        equipe: equipe?,
        name: name?,
        step: step?,
        people: people?,
        first: first?,
        last: last?,
        handoff: handoff?,
        pattern: pattern?,
        window: window?,
        zone,
    })
}

/// Hours without days are those of every day.
fn window(row: &mut Row<'_>) -> Option<Option<Window>> {
    let days = row.maybe(Column::Weekdays, weekdays);
    let from = row.maybe(Column::From, clock);
    let until = row.maybe(Column::Until, clock);
    match (days?, from?, until?) {
        (None, None, None) => Some(None),
        (weekdays, Some(from), Some(until)) => {
            let every = || std::iter::successors(Some(Weekday::Mon), |day| Some(day.succ()));
            let weekdays = weekdays.unwrap_or_else(|| every().take(7).collect());
            Some(Some(Window { weekdays, from, until }))
        }
        (_, None, _) => {
            row.note(Column::From, Mistake::Window);
            None
        }
        (_, _, None) => {
            row.note(Column::Until, Mistake::Window);
            None
        }
    }
}

pub(super) fn write(rotation: &Rotation) -> Vec<String> {
    let window = rotation.window.as_ref();
    let empty = String::new;
    vec![
        rotation.service.as_str().to_owned(),
        rotation.equipe.clone(),
        rotation.step.to_string(),
        rotation.name.clone(),
        rotation.people.join("|"),
        rotation.first.to_string(),
        rotation.last.map_or_else(empty, |last| last.to_string()),
        write_clock(rotation.handoff),
        write_pattern(&rotation.pattern),
        window.map_or_else(empty, |window| write_weekdays(&window.weekdays)),
        window.map_or_else(empty, |window| write_clock(window.from)),
        window.map_or_else(empty, |window| write_clock(window.until)),
    ]
}
