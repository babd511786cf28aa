//! Instants as text of one width, so that they sort: `2026-12-24T19:00:00.000Z`.

use chrono::{DateTime, SecondsFormat, Utc};

/// The text of an instant, to the millisecond.
pub(super) fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Reads it back.
pub(super) fn read(text: &str) -> Result<DateTime<Utc>, chrono::ParseError> {
    DateTime::parse_from_rfc3339(text).map(|at| at.to_utc())
}
