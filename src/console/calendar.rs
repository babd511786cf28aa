//! The calendar behind a secret address.

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::Desk;
use crate::calendar::{instant, local};
use crate::feed::{self, Token};
use crate::roster::Period;
use crate::store::{ReadRosterError, Reader};
use crate::words::{Clock as _, ServiceId};

/// Why a calendar cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ReadCalendarError {
    /// The roster cannot be read.
    #[error("the roster cannot be read")]
    Roster(#[from] ReadRosterError),
    /// The dates around now lie outside what a date can hold.
    #[error("the clock of this machine is wrong")]
    Time,
}

/// The calendar that `token` opens, from the month before last on, for more than a year;
/// `None` when it opens none, or no more.
///
/// # Errors
/// When the database cannot be read.
pub async fn calendar_of(
    reader: &Reader,
    zone_of: impl Fn(&ServiceId) -> Tz,
    token: &Token,
    now: DateTime<Utc>,
) -> Result<Option<String>, ReadCalendarError> {
    let Some(row) = reader.feed(&token.hash()).await? else { return Ok(None) };
    let roster = reader.roster().await?.roster;
    let zone = zone_of(row.duty_of.service());
    // From the first of a month: an event cut there keeps its UID until the next.
    let day = local(now - TimeDelta::days(31), zone).date();
    let first = day.with_day(1).unwrap_or(day);
    let last = first.checked_add_days(Days::new(460)).unwrap_or(first);
    let midnight = |day: NaiveDate| instant(day.and_time(NaiveTime::MIN), zone);
    let range =
        Period::new(midnight(first), midnight(last)).map_err(|_| ReadCalendarError::Time)?;
    Ok(Some(feed::calendar(&roster, &row.duty_of, zone, range, now)))
}

/// `GET /calendar/TOKEN.ics`. A wrong secret, a revoked one and none at all look alike.
pub(super) async fn show(State(desk): State<Desk>, Path(file): Path<String>) -> Response {
    let token = file.strip_suffix(".ics").and_then(|token| token.parse::<Token>().ok());
    let Some(token) = token else { return StatusCode::NOT_FOUND.into_response() };
    let plans = desk.plans.borrow().clone();
    let zone_of = |service: &ServiceId| {
        let plan = plans.iter().find(|plan| plan.service == *service);
        plan.map_or(Tz::Europe__Rome, |plan| plan.timezone)
    };
    match calendar_of(&desk.reader, zone_of, &token, desk.clock.wall()).await {
        Ok(Some(calendar)) => {
            let headers = [
                (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
                (header::CACHE_CONTROL, "private, no-store"),
                (header::REFERRER_POLICY, "no-referrer"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ];
            (headers, calendar).into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::error!(%error, "a calendar cannot be shown");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
