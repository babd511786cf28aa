//! `service,equipe,replaces,by,from,until,reason`: overrides; and
//! `service,person,from,until,reason`: absences.

use chrono::DateTime;
use chrono_tz::Tz;

use super::super::{Absence, Entered, Override, civil};
use super::Column;
use super::read::Known;
use super::row::Row;

/// Id and who entered it are given by the edit that imports it.
pub(super) fn read_override(row: &mut Row<'_>, known: &Known<'_>) -> Option<Override> {
    let service = row.service();
    let equipe = row.text(Column::Equipe);
    let replaces = row.name(Column::Replaces);
    let by = row.name(Column::By);
    let period = row.period(known.zone(service.as_ref()));
    Some(Override {
        id: String::new(),
        service: service?,
        equipe: equipe?,
        replaces: replaces?,
        by: by?,
        period: period?,
        reason: row.field(Column::Reason).to_owned(),
        entered: nobody_yet(),
    })
}

/// Id and who entered it are given by the edit that imports it.
pub(super) fn read_absence(row: &mut Row<'_>, known: &Known<'_>) -> Option<Absence> {
    let service = row.service();
    let person = row.name(Column::Person);
    let period = row.period(known.zone(service.as_ref()));
    Some(Absence {
        id: String::new(),
        service: service?,
        person: person?,
        period: period?,
        reason: row.field(Column::Reason).to_owned(),
        entered: nobody_yet(),
    })
}

pub(super) fn write_override(record: &Override, zone: Tz) -> Vec<String> {
    vec![
        record.service.as_str().to_owned(),
        record.equipe.clone(),
        record.replaces.clone(),
        record.by.clone(),
        civil::write(record.period.from(), zone),
        civil::write(record.period.until(), zone),
        record.reason.clone(),
    ]
}

pub(super) fn write_absence(absence: &Absence, zone: Tz) -> Vec<String> {
    vec![
        absence.service.as_str().to_owned(),
        absence.person.clone(),
        civil::write(absence.period.from(), zone),
        civil::write(absence.period.until(), zone),
        absence.reason.clone(),
    ]
}

fn nobody_yet() -> Entered {
    Entered { by: String::new(), at: DateTime::UNIX_EPOCH }
}
