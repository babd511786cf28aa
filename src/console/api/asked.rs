//! What stands behind the «?» of a question.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use super::Problem;
use super::program::Program;
use crate::store::{Cursor, Wanted};
use crate::words::{CallId, ServiceId};

/// A question that was understood whole: a misspelt name in it is refused.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let read = serde_urlencoded::from_str(query);
        read.map(Self).map_err(|error| Problem::asked(format!("dopo «?»: {error}")))
    }
}

/// Which calls or cases, newest first, and where a page begins.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Range {
    /// The `next` of the page before.
    after: Option<String>,
    /// From this instant on, RFC 3339.
    from: Option<String>,
    /// How many: 1 to 50; 50 when not told.
    #[param(minimum = 1, maximum = 50)]
    limit: Option<u32>,
    /// Of this service alone.
    service: Option<String>,
    /// Before this instant, RFC 3339.
    until: Option<String>,
}

impl Range {
    /// What is looked for, and how much of it.
    pub(super) fn wanted(&self, program: &Program) -> Result<(Wanted, usize), Problem> {
        let limit = self.limit.unwrap_or(LIMIT_MAX);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Problem::asked(format!("«limit» va da 1 a {LIMIT_MAX}")));
        }
        let after = match &self.after {
            Some(text) => Some(cursor(text).ok_or_else(|| {
                Problem::asked("«after» non è il «next» di una pagina: riparti senza")
            })?),
            None => None,
        };
        let own = match &self.service {
            Some(name) => Some(vec![allowed(program, name)?]),
            None if program.0.services.is_empty() => None,
            None => Some(program.0.services.clone()),
        };
        let (from, until) = (instant("from", &self.from)?, instant("until", &self.until)?);
        let wanted = Wanted { services: own, from, until, after, ..Wanted::default() };
        Ok((wanted, limit as usize))
    }
}

/// The service of this name, if the program may ask about it.
pub(super) fn allowed(program: &Program, name: &str) -> Result<ServiceId, Problem> {
    let service = ServiceId::new(name);
    if program.0.is_of(&service) { Ok(service) } else { Err(Problem::service(name)) }
}

/// An instant of RFC 3339. A «+» that was not written as %2B arrives as a blank.
pub(super) fn instant(name: &str, text: &Option<String>) -> Result<Option<DateTime<Utc>>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let read = DateTime::parse_from_rfc3339(&text.replace(' ', "+"));
    read.map(|at| Some(at.to_utc())).map_err(|_| {
        Problem::asked(format!("«{text}» in «{name}» non è un istante: 2026-12-24T20:00:00Z"))
    })
}

/// Where the next page begins.
pub(super) fn next(at: DateTime<Utc>, call: CallId) -> String {
    format!("{}_{call}", at.timestamp_millis())
}

fn cursor(text: &str) -> Option<Cursor> {
    let (at, call) = text.split_once('_')?;
    let at = DateTime::from_timestamp_millis(at.parse().ok()?)?;
    Some(Cursor { at, call: call.parse().ok()? })
}

/// Each case of a page is a row of the audit log.
const LIMIT_MAX: u32 = 50;
