//! Imports a roster, whole or not at all.

use std::collections::BTreeSet;
use std::path::Path;

use sqlx::{Connection, SqliteConnection};

use super::error::ImportRosterError;
use super::settings::Settings;
use super::{OpenStoreError, database, instant};
use crate::roster::Shift;
use crate::words::PhoneNumber;

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Shifts now in the roster that came with this import.
    pub shifts: usize,
    /// Shifts of the same équipes that it replaced.
    pub replaced: u64,
    /// Équipes it was about.
    pub equipes: usize,
}

/// Imports shifts into the database at `url`, creating it where there is none yet;
/// works while the service runs, which notices.
///
/// An import is the whole plan of every (service, équipe) it names: their shifts are
/// replaced, those of other équipes stay. One transaction.
///
/// # Errors
/// When the database does not take it; then nothing of it is imported.
pub async fn import_roster(url: &str, shifts: &[Shift]) -> Result<Imported, ImportRosterError> {
    let settings = Settings::read(url, Path::new("."))?;
    settings.create_folders().map_err(OpenStoreError::Folder)?;
    into(&settings, shifts).await
}

pub(super) async fn into(
    settings: &Settings,
    shifts: &[Shift],
) -> Result<Imported, ImportRosterError> {
    let mut connection = database::connect(settings, true).await?;
    let imported = replace(&mut connection, shifts).await?;
    connection.close().await?;
    Ok(imported)
}

async fn replace(
    connection: &mut SqliteConnection,
    shifts: &[Shift],
) -> Result<Imported, sqlx::Error> {
    let mut transaction = connection.begin_with("begin immediate").await?;
    let equipes: BTreeSet<(&str, &str)> =
        shifts.iter().map(|shift| (shift.service.as_str(), shift.equipe.as_str())).collect();
    let mut replaced = 0;
    for (service, equipe) in &equipes {
        replaced += sqlx::query("delete from shifts where service = ? and equipe = ?")
            .bind(service)
            .bind(equipe)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
    }
    for shift in shifts {
        sqlx::query(
            "insert into shifts (service, equipe, step, person, phone, begins, ends, timezone) \
             values (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(shift.service.as_str())
        .bind(&shift.equipe)
        .bind(shift.step)
        .bind(&shift.person)
        // A shift without a phone of its own rings those of its person.
        .bind(shift.phone.as_ref().map_or("", PhoneNumber::reveal))
        .bind(instant::text(shift.from()))
        .bind(instant::text(shift.until()))
        .bind(shift.zone().name())
        .execute(&mut *transaction)
        .await?;
    }
    sqlx::query("update roster_revision set revision = revision + 1")
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(Imported { shifts: shifts.len(), replaced, equipes: equipes.len() })
}
