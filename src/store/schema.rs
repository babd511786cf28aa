//! The version of the schema, and the way up to it from every version before.

use std::sync::LazyLock;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{SqlSafeStr as _, SqliteConnection};

/// The migrations, oldest first. One that was released is never edited: a new one is
/// added.
pub static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    // Not by sqlx's macro: it builds a second SQLite, for the compiler alone.
    let migrations = FILES.iter().map(|(version, name, sql)| {
        let sql = sql.into_sql_str();
        Migration::new(*version, (*name).into(), MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(migrations.collect())
});

macro_rules! file {
    ($version:literal, $name:literal) => {
        ($version, $name, include_str!(concat!("../../migrations/sqlite/", $name, ".sql")))
    };
}

/// Version, name of the file, what stands in it.
const FILES: [(i64, &str, &str); 12] = [
    file!(1, "0001_calls"),
    file!(2, "0002_roster"),
    file!(3, "0003_roster_records"),
    file!(4, "0004_console"),
    file!(5, "0005_scheda"),
    file!(6, "0006_closures"),
    file!(7, "0007_programs"),
    file!(8, "0008_break_glass"),
    file!(9, "0009_privacy"),
    file!(10, "0010_pages"),
    file!(11, "0011_rare"),
    file!(12, "0012_audit_found"),
];

/// The version this program writes and reads.
pub fn current() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default()
}

/// Brings a database up to this version.
///
/// Another process may be at it, too: a service that starts, and a command typed meanwhile.
/// Whoever comes second to a migration finds it done.
///
/// # Errors
/// When a migration cannot be run that nobody else has run meanwhile.
pub async fn update(connection: &mut SqliteConnection) -> Result<(), MigrateError> {
    let mut reached = of(connection).await.unwrap_or_default();
    loop {
        let Err(error) = MIGRATIONS.run_direct(None, connection, false).await else {
            return Ok(());
        };
        let found = of(connection).await.unwrap_or_default();
        if found <= reached {
            return Err(error);
        }
        reached = found;
    }
}

/// The version of a database.
///
/// # Errors
/// When it cannot be read, or no migration ever ran in it.
pub async fn of(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select coalesce(max(version), 0) from _sqlx_migrations where success")
        .fetch_one(connection)
        .await
}

/// Whether a version of `SQLite` is free of the WAL-reset corruption: 3.51.3 or newer.
pub(super) fn is_recent(sqlite: &str) -> bool {
    let mut parts = sqlite.split('.').map(|part| part.parse::<u32>().unwrap_or_default());
    let mut next = || parts.next().unwrap_or_default();
    (next(), next(), next()) >= (3, 51, 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_migration_and_says_its_version() {
        let folder = std::fs::read_dir("migrations/sqlite").unwrap();
        let mut files: Vec<String> = folder
            .map(|file| file.unwrap().file_name().into_string().unwrap().replace(".sql", ""))
            .collect();
        files.sort();
        assert_eq!(files, FILES.map(|(_, name, _)| name));
        for (version, name, _) in FILES {
            assert!(name.starts_with(&format!("{version:04}_")), "{name}");
        }
    }

    #[tokio::test]
    async fn two_at_once_bring_a_database_up_to_date_and_neither_fails() {
        use sqlx::Connection as _;
        for _ in 0..10 {
            let folder = tempfile::tempdir().unwrap();
            let url = format!("sqlite:{}?mode=rwc", folder.path().join("polaris.db").display());
            let mut one = SqliteConnection::connect(&url).await.unwrap();
            let mut other = SqliteConnection::connect(&url).await.unwrap();
            let (first, second) = tokio::join!(update(&mut one), update(&mut other));
            assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
            assert_eq!(of(&mut other).await.unwrap(), current());
        }
    }

    #[tokio::test]
    async fn what_waits_for_a_confirmation_is_found_without_what_was_taken_charge_of() {
        use sqlx::Connection as _;
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        MIGRATIONS.run_direct(None, &mut connection, false).await.unwrap();
        let index = "select sql from sqlite_master where name = 'cases_unconfirmed'";
        let index: String = sqlx::query_scalar(index).fetch_one(&mut connection).await.unwrap();
        assert!(index.contains("and stage <> 'presa_in_carico'"), "{index}");
    }

    #[test]
    fn an_sqlite_that_can_corrupt_a_database_is_refused() {
        for (version, recent) in
            [("3.51.3", true), ("3.52.0", true), ("4.0", true), ("3.51.2", false), ("x", false)]
        {
            assert_eq!(is_recent(version), recent, "{version}");
        }
    }
}
