//! Single shifts, overrides, absences and swaps: put there, and taken back.

use chrono_tz::Tz;

use super::super::{Absence, Override, Period, Records, Shift, ShiftId, Swap, Table};
use super::{Author, EditError, Edited, keep, turns};
use crate::calendar::local;
use crate::words::ServiceId;

pub(super) fn absence(before: &Records, absence: Absence, author: &Author) -> Edited {
    let absence = Absence { id: author.id(), entered: author.entered(), ..absence };
    let text = format!("Nuova {}.", absence_text(before, &absence));
    let mut records = before.clone();
    records.absences.push(absence);
    Edited { records, texts: vec![(Table::Absences, text)] }
}

pub(super) fn substitution(
    before: &Records,
    record: Override,
    author: &Author,
) -> Result<Edited, EditError> {
    let same = |other: &&Override| {
        (&other.service, &other.equipe, &other.replaces)
            == (&record.service, &record.equipe, &record.replaces)
            && other.period.overlaps(record.period)
    };
    if let Some(other) = before.overrides.iter().find(same) {
        return Err(EditError::Overlaps { person: record.replaces, id: other.id.clone() });
    }
    let record = Override { id: author.id(), entered: author.entered(), ..record };
    let text = format!("Nuova {}.", override_text(before, &record));
    let mut records = before.clone();
    records.overrides.push(record);
    Ok(Edited { records, texts: vec![(Table::Overrides, text)] })
}

pub(super) fn shift(before: &Records, shift: Shift) -> Edited {
    let id = keep::new_id(&before.shifts, &shift);
    let shift = shift.named(id);
    let text = format!("Nuovo {}.", shift_text(&shift));
    let mut records = before.clone();
    records.shifts.push(shift);
    Edited { records, texts: vec![(Table::Shifts, text)] }
}

pub(super) fn remove_shift(
    before: &Records,
    service: &ServiceId,
    equipe: &str,
    id: &ShiftId,
    author: &Author,
) -> Result<Edited, EditError> {
    let is_it = |shift: &Shift| {
        shift.id == *id && shift.service == *service && shift.equipe.as_str() == equipe
    };
    let Some(shift) = before.shifts.iter().find(|shift| is_it(shift)) else {
        return Err(EditError::NoTurn(id.to_string()));
    };
    let text = format!("Tolto: {}.", shift_text(shift));
    let mut records = before.clone();
    records.shifts.retain(|shift| !is_it(shift));
    let (lost, over) = turns::orphans(before, &records, author.at);
    if !lost.is_empty() {
        return Err(EditError::Orphaned(lost));
    }
    records.swaps.retain(|swap| !over.contains(&swap.id));
    Ok(Edited { records, texts: vec![(Table::Shifts, text)] })
}

pub(super) fn swap(before: &Records, swap: Swap, author: &Author) -> Result<Edited, EditError> {
    let turn = turns::free_turn(before, &swap)?;
    let entered = author.entered();
    let swap = Swap { id: author.id(), approved: Some(entered.clone()), entered, ..swap };
    let text = format!("Nuovo {}.", swap_text(&swap, turn.person));
    let mut records = before.clone();
    records.swaps.push(swap);
    Ok(Edited { records, texts: vec![(Table::Swaps, text)] })
}

pub(super) fn remove(before: &Records, table: Table, id: &str) -> Result<Edited, EditError> {
    let mut records = before.clone();
    let text = match table {
        Table::Absences => take(&mut records.absences, |record| record.id == id)
            .map(|absence| format!("Tolta: {}.", absence_text(before, &absence))),
        Table::Overrides => take(&mut records.overrides, |record| record.id == id)
            .map(|record| format!("Tolta: {}.", override_text(before, &record))),
        Table::Swaps => take(&mut records.swaps, |record| record.id == id).map(|swap| {
            let person = turns::turn_of(before, &swap).map_or("?", |turn| turn.person);
            format!("Tolto: {}.", swap_text(&swap, person))
        }),
        // The other tables are edited whole.
        _ => None,
    };
    match text {
        Some(text) => Ok(Edited { records, texts: vec![(table, text)] }),
        None => Err(EditError::NotThere { table, id: id.to_owned() }),
    }
}

fn take<T>(rows: &mut Vec<T>, is_it: impl Fn(&T) -> bool) -> Option<T> {
    let place = rows.iter().position(is_it)?;
    Some(rows.remove(place))
}

fn absence_text(records: &Records, absence: &Absence) -> String {
    format!(
        "assenza {}: {} {}{}",
        absence.id,
        absence.person,
        period_text(records, &absence.service, absence.period),
        reason_text(&absence.reason)
    )
}

fn override_text(records: &Records, record: &Override) -> String {
    format!(
        "sostituzione {}: {} al posto di {} {}{}",
        record.id,
        record.by,
        record.replaces,
        period_text(records, &record.service, record.period),
        reason_text(&record.reason)
    )
}

fn shift_text(shift: &Shift) -> String {
    let form = |at| local(at, shift.zone()).format("%d/%m/%Y %H:%M");
    format!(
        "turno di {}, livello {}, dal {} al {}",
        shift.person,
        shift.step,
        form(shift.from()),
        form(shift.until())
    )
}

fn swap_text(swap: &Swap, person: &str) -> String {
    format!("scambio {}: il turno {} di {person} va a {}", swap.id, swap.turn, swap.to)
}

/// «dal 24/12/2026 20:00 al 25/12/2026 08:00».
fn period_text(records: &Records, service: &ServiceId, period: Period) -> String {
    let zone = zone_of(records, service);
    let form = |at| local(at, zone).format("%d/%m/%Y %H:%M");
    format!("dal {} al {}", form(period.from()), form(period.until()))
}

fn reason_text(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(" ({reason})") }
}

/// The zone in which the service's turns are written.
fn zone_of(records: &Records, service: &ServiceId) -> Tz {
    let shifts = records.shifts.iter().filter(|shift| shift.service == *service);
    let rotations = records.rotations.iter().filter(|rotation| rotation.service == *service);
    let zones = shifts.map(|shift| shift.zone()).chain(rotations.map(|rotation| rotation.zone));
    zones.into_iter().next().unwrap_or(chrono_tz::Europe::Rome)
}
