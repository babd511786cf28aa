//! Writes the rows of the roster: the parts of its tables that an edit changed.

use serde::Serialize;
use sqlx::SqliteConnection;

use super::super::instant;
use super::difference::{Difference, key};
use crate::roster::{
    Absence, EscalationPolicy, Override, Person, Records, Requirement, Rotation, Scoped, Shift,
    Swap, Table, TurnId,
};
use crate::words::PhoneNumber;

/// Writes what differs.
pub(super) async fn replace(
    c: &mut SqliteConnection,
    after: &Records,
    difference: &Difference,
) -> Result<(), sqlx::Error> {
    table(c, Table::Absences, &after.absences, difference).await?;
    table(c, Table::Overrides, &after.overrides, difference).await?;
    table(c, Table::People, &after.people, difference).await?;
    table(c, Table::Policies, &after.policies, difference).await?;
    table(c, Table::Requirements, &after.requirements, difference).await?;
    table(c, Table::Rotations, &after.rotations, difference).await?;
    table(c, Table::Shifts, &after.shifts, difference).await?;
    table(c, Table::Swaps, &after.swaps, difference).await
}

/// Parts of a table are written anew as a whole, so that their rows keep their order.
async fn table<T: Stored>(
    connection: &mut SqliteConnection,
    name: Table,
    rows: &[T],
    difference: &Difference,
) -> Result<(), sqlx::Error> {
    let scopes = difference.of(name).scopes;
    if scopes.is_empty() {
        return Ok(());
    }
    for (service, equipe) in &scopes {
        let query = match equipe {
            Some(_) => format!("delete from {} where service = ? and equipe = ?", name.word()),
            None => format!("delete from {} where service = ?", name.word()),
        };
        let mut delete = sqlx::query(sqlx::AssertSqlSafe(query)).bind(service);
        if let Some(equipe) = equipe {
            delete = delete.bind(equipe);
        }
        delete.execute(&mut *connection).await?;
    }
    for row in rows.iter().filter(|row| scopes.contains(&key(*row))) {
        row.insert(connection).await?;
    }
    Ok(())
}

/// A row with a table of its own.
trait Stored: Scoped {
    async fn insert(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error>;
}

impl Stored for Absence {
    async fn insert(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into absences (record, service, person, begins, ends, reason, entered_by, \
             entered) values (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&self.id)
        .bind(self.service.as_str())
        .bind(&self.person)
        .bind(instant::text(self.period.from()))
        .bind(instant::text(self.period.until()))
        .bind(&self.reason)
        .bind(&self.entered.by)
        .bind(instant::text(self.entered.at))
        .execute(connection)
        .await
        .map(|_| ())
    }
}

impl Stored for Override {
    async fn insert(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into overrides (record, service, equipe, replaces, substitute, begins, ends, \
             reason, entered_by, entered) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&self.id)
        .bind(self.service.as_str())
        .bind(&self.equipe)
        .bind(&self.replaces)
        .bind(&self.by)
        .bind(instant::text(self.period.from()))
        .bind(instant::text(self.period.until()))
        .bind(&self.reason)
        .bind(&self.entered.by)
        .bind(instant::text(self.entered.at))
        .execute(connection)
        .await
        .map(|_| ())
    }
}

impl Stored for Person {
    async fn insert(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        sqlx::query("insert into people (service, name, phones, skills) values (?, ?, ?, ?)")
            .bind(self.service.as_str())
            .bind(&self.name)
            .bind(json(&self.phones)?)
            .bind(json(&self.skills)?)
            .execute(connection)
            .await
            .map(|_| ())
    }
}

impl Stored for EscalationPolicy {
    async fn insert(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let last = self.last_resort.as_ref();
        sqlx::query(
            "insert into policies (service, equipe, steps, rounds, last_resort_name, \
             last_resort_phone) values (?, ?, ?, ?, ?, ?)",
        )
        .bind(self.service.as_str())
        .bind(&self.equipe)
        .bind(json(&self.steps)?)
        .bind(self.rounds)
        .bind(last.map(|last| last.name.as_str()))
        .bind(last.map(|last| last.phone.reveal()))
        .execute(connection)
        .await
        .map(|_| ())
    }
}

impl Stored for Requirement {
    async fn insert(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into requirements (service, equipe, category, comune, skill) \
             values (?, ?, ?, ?, ?)",
        )
        .bind(self.service.as_str())
        .bind(&self.equipe)
        .bind(self.category.map(|category| category.word()))
        .bind(&self.comune)
        .bind(&self.skill)
        .execute(connection)
        .await
        .map(|_| ())
    }
}

impl Stored for Rotation {
    async fn insert(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into rotations (service, equipe, name, step, people, first, last, handoff, \
             pattern, hours, timezone) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(self.service.as_str())
        .bind(&self.equipe)
        .bind(&self.name)
        .bind(self.step)
        .bind(json(&self.people)?)
        .bind(self.first.to_string())
        .bind(self.last.map(|last| last.to_string()))
        .bind(self.handoff.to_string())
        .bind(json(&self.pattern)?)
        .bind(self.window.as_ref().map(json).transpose()?)
        .bind(self.zone.name())
        .execute(connection)
        .await
        .map(|_| ())
    }
}

impl Stored for Shift {
    async fn insert(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into shifts (shift, service, equipe, step, person, phone, begins, ends, \
             timezone) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(self.id.as_str())
        .bind(self.service.as_str())
        .bind(&self.equipe)
        .bind(self.step)
        .bind(&self.person)
        // A shift without a phone of its own rings those of its person.
        .bind(self.phone.as_ref().map_or("", PhoneNumber::reveal))
        .bind(instant::text(self.from()))
        .bind(instant::text(self.until()))
        .bind(self.zone().name())
        .execute(connection)
        .await
        .map(|_| ())
    }
}

impl Stored for Swap {
    async fn insert(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let (shift, rotation, turn) = match &self.turn {
            TurnId::Rotation { name, turn } => (None, Some(name.as_str()), Some(*turn)),
            TurnId::Shift(id) => (Some(id.as_str()), None, None),
        };
        let approved = self.approved.as_ref();
        sqlx::query(
            "insert into swaps (record, service, equipe, shift, rotation, turn, recipient, \
             entered_by, entered, approved_by, approved) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&self.id)
        .bind(self.service.as_str())
        .bind(&self.equipe)
        .bind(shift)
        .bind(rotation)
        .bind(turn)
        .bind(&self.to)
        .bind(&self.entered.by)
        .bind(instant::text(self.entered.at))
        .bind(approved.map(|approved| approved.by.as_str()))
        .bind(approved.map(|approved| instant::text(approved.at)))
        .execute(connection)
        .await
        .map(|_| ())
    }
}

fn json<T: Serialize + ?Sized>(value: &T) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()))
}
