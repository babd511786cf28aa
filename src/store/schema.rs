//! The version of the schema, and the way up to it from every version before.

use sqlx::SqliteConnection;
use sqlx::migrate::Migrator;

/// The migrations, oldest first. One that was released is never edited: a new one is
/// added.
pub static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// The version this program writes and reads.
pub fn current() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default()
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
    fn an_sqlite_that_can_corrupt_a_database_is_refused() {
        for (version, recent) in
            [("3.51.3", true), ("3.52.0", true), ("4.0", true), ("3.51.2", false), ("x", false)]
        {
            assert_eq!(is_recent(version), recent, "{version}");
        }
    }
}
