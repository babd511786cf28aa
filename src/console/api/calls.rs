//! The call log, for programs.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Desk;
use super::asked::{Asked, Range, next};
use super::program::Program;
use super::{Problem, json};
use crate::access::Scope;
use crate::store::{CallRow, Deed};

/// Some calls, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallPage {
    items: Vec<CallRow>,
    /// What `after` is to be for the next page; null on the last one.
    next: Option<String>,
}

/// The call log, newest first; callers' numbers are masked without `calls:read-personal`.
#[utoipa::path(
    get,
    path = "/api/v1/calls",
    operation_id = "list_calls",
    tag = "calls",
    params(Range),
    responses(
        (status = 200, description = "a page of calls", body = CallPage),
        (status = "default", description = "a problem", body = Problem,
            content_type = "application/problem+json"),
    ),
    security(("token" = ["calls:read"])),
)]
pub(super) async fn list(
    State(desk): State<Desk>,
    Extension(program): Extension<Program>,
    Asked(range): Asked<Range>,
) -> Result<Response, Problem> {
    let (wanted, limit) = range.wanted(&program)?;
    let mut items = desk.reader.calls_page(&wanted, limit as u32 + 1).await?;
    let more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| more);
    let next = last.map(|call| next(call.arrived.to_utc(), call.call));
    let mut detail = format!("{} righe", items.len());
    if program.0.allows(Scope::CallsReadPersonal) {
        detail += ", con i numeri";
    } else {
        for call in &mut items {
            call.caller = call.caller.take().map(|number| number.masked());
        }
    }
    program.tell(&desk, &[Deed::new("chiamate lette", &detail)]).await?;
    json(&CallPage { items, next })
}
