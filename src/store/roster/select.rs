//! Reads the roster, all its tables at one instant.

use chrono::{NaiveDate, NaiveTime};
use serde::de::DeserializeOwned;
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Row, SqliteConnection};

use super::super::rows::{column, column_with, phone, unreadable, utc};
use crate::roster::{
    Absence, Entered, EscalationPolicy, LastResort, Override, Period, Person, Records, Requirement,
    Rotation, Shift, ShiftId, Swap, TurnId, tell_apart,
};
use crate::words::ServiceId;

/// The number of the revision.
pub(super) async fn revision(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select revision from roster_revision").fetch_one(connection).await
}

/// The records, and the revision they are.
pub(in super::super) async fn standing(
    connection: &mut SqliteConnection,
) -> Result<(i64, Records), sqlx::Error> {
    // One transaction: no edit comes between the tables.
    let mut at_once = connection.begin().await?;
    let found = (revision(&mut at_once).await?, records(&mut at_once).await?);
    at_once.commit().await?;
    Ok(found)
}

async fn records(connection: &mut SqliteConnection) -> Result<Records, sqlx::Error> {
    let c = connection;
    Ok(Records {
        people: all(c, "select * from people order by id", person).await?,
        shifts: shifts(c).await?,
        rotations: all(c, "select * from rotations order by id", rotation).await?,
        overrides: all(c, "select * from overrides order by id", substitution).await?,
        absences: all(c, "select * from absences order by id", absence).await?,
        swaps: all(c, "select * from swaps order by id", swap).await?,
        policies: all(c, "select * from policies order by id", policy).await?,
        requirements: all(c, "select * from requirements order by id", requirement).await?,
    })
}

async fn all<T>(
    connection: &mut SqliteConnection,
    query: &'static str,
    read: fn(&SqliteRow) -> Result<T, sqlx::Error>,
) -> Result<Vec<T>, sqlx::Error> {
    sqlx::query(query).fetch_all(connection).await?.iter().map(read).collect()
}

async fn shifts(connection: &mut SqliteConnection) -> Result<Vec<Shift>, sqlx::Error> {
    let rows = all(connection, "select * from shifts order by id", shift).await?;
    let named = rows.iter().all(|(_, named)| *named);
    let mut shifts: Vec<Shift> = rows.into_iter().map(|(shift, _)| shift).collect();
    if !named {
        tell_apart(&mut shifts);
    }
    Ok(shifts)
}

/// A shift, and whether it was stored with its name.
fn shift(row: &SqliteRow) -> Result<(Shift, bool), sqlx::Error> {
    let period = period(row)?;
    let shift = Shift::new(
        service(row)?,
        row.try_get("equipe")?,
        row.try_get("step")?,
        row.try_get("person")?,
        Some(phone(row, "phone")?).filter(|phone| !phone.reveal().is_empty()),
        period.from(),
        period.until(),
        column(row, "timezone")?,
    )
    .map_err(|_| unreadable("ends"))?;
    let name: Option<&str> = row.try_get("shift")?;
    Ok(match name {
        Some(name) => (shift.named(ShiftId::new(name)), true),
        None => (shift, false),
    })
}

fn person(row: &SqliteRow) -> Result<Person, sqlx::Error> {
    Ok(Person {
        service: service(row)?,
        name: row.try_get("name")?,
        phones: json(row, "phones")?,
        skills: json(row, "skills")?,
    })
}

fn rotation(row: &SqliteRow) -> Result<Rotation, sqlx::Error> {
    let last: Option<&str> = row.try_get("last")?;
    let hours: Option<&str> = row.try_get("hours")?;
    Ok(Rotation {
        service: service(row)?,
        equipe: row.try_get("equipe")?,
        name: row.try_get("name")?,
        step: row.try_get("step")?,
        people: json(row, "people")?,
        first: column::<NaiveDate>(row, "first")?,
        last: last.map(|_| column::<NaiveDate>(row, "last")).transpose()?,
        handoff: column::<NaiveTime>(row, "handoff")?,
        pattern: json(row, "pattern")?,
        window: hours.map(|_| json(row, "hours")).transpose()?,
        zone: column(row, "timezone")?,
    })
}

fn substitution(row: &SqliteRow) -> Result<Override, sqlx::Error> {
    Ok(Override {
        id: row.try_get("record")?,
        service: service(row)?,
        equipe: row.try_get("equipe")?,
        replaces: row.try_get("replaces")?,
        by: row.try_get("substitute")?,
        period: period(row)?,
        reason: row.try_get("reason")?,
        entered: entered(row)?,
    })
}

fn absence(row: &SqliteRow) -> Result<Absence, sqlx::Error> {
    Ok(Absence {
        id: row.try_get("record")?,
        service: service(row)?,
        person: row.try_get("person")?,
        period: period(row)?,
        reason: row.try_get("reason")?,
        entered: entered(row)?,
    })
}

fn swap(row: &SqliteRow) -> Result<Swap, sqlx::Error> {
    let shift: Option<&str> = row.try_get("shift")?;
    let turn = match shift {
        Some(id) => TurnId::Shift(ShiftId::new(id)),
        None => TurnId::Rotation { name: row.try_get("rotation")?, turn: row.try_get("turn")? },
    };
    let approved: Option<String> = row.try_get("approved_by")?;
    let approved = match approved {
        Some(by) => Some(Entered { by, at: instant_of(row, "approved")? }),
        None => None,
    };
    Ok(Swap {
        id: row.try_get("record")?,
        service: service(row)?,
        equipe: row.try_get("equipe")?,
        turn,
        to: row.try_get("recipient")?,
        entered: entered(row)?,
        approved,
    })
}

fn policy(row: &SqliteRow) -> Result<EscalationPolicy, sqlx::Error> {
    let name: Option<String> = row.try_get("last_resort_name")?;
    let last_resort = match name {
        Some(name) => Some(LastResort { name, phone: phone(row, "last_resort_phone")? }),
        None => None,
    };
    Ok(EscalationPolicy {
        service: service(row)?,
        equipe: row.try_get("equipe")?,
        steps: json(row, "steps")?,
        rounds: row.try_get("rounds")?,
        last_resort,
    })
}

fn requirement(row: &SqliteRow) -> Result<Requirement, sqlx::Error> {
    let category: Option<&str> = row.try_get("category")?;
    Ok(Requirement {
        service: service(row)?,
        equipe: row.try_get("equipe")?,
        category: category.map(|_| column(row, "category")).transpose()?,
        comune: row.try_get("comune")?,
        skill: row.try_get("skill")?,
    })
}

fn service(row: &SqliteRow) -> Result<ServiceId, sqlx::Error> {
    Ok(ServiceId::new(row.try_get("service")?))
}

fn period(row: &SqliteRow) -> Result<Period, sqlx::Error> {
    Period::new(instant_of(row, "begins")?, instant_of(row, "ends")?)
        .map_err(|_| unreadable("ends"))
}

fn entered(row: &SqliteRow) -> Result<Entered, sqlx::Error> {
    Ok(Entered { by: row.try_get("entered_by")?, at: instant_of(row, "entered")? })
}

fn instant_of(row: &SqliteRow, name: &str) -> Result<chrono::DateTime<chrono::Utc>, sqlx::Error> {
    utc(row, name)?.ok_or_else(|| unreadable(name))
}

fn json<T: DeserializeOwned>(row: &SqliteRow, name: &str) -> Result<T, sqlx::Error> {
    column_with(row, name, |text| serde_json::from_str(text).ok())
}
