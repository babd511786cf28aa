//! The cases, for programs: what the call left, never what people wrote.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Desk;
use super::asked::{Asked, Range, next};
use super::program::Program;
use super::{Problem, json};
use crate::access::Scope;
use crate::store::{CaseRow, Deed};
use crate::words::{CaseNumber, ServiceId};

/// Some cases, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CasePage {
    items: Vec<CaseRow>,
    /// What `after` is to be for the next page; null on the last one.
    next: Option<String>,
}

/// The cases, newest first. Telephone numbers are masked without `cases:read-personal`; the
/// scheda that people write is in none of them. Each case read is in the audit log.
#[utoipa::path(
    get,
    path = "/api/v1/cases",
    operation_id = "list_cases",
    tag = "cases",
    params(Range),
    responses(
        (status = 200, description = "a page of cases", body = CasePage),
        (status = "default", description = "a problem", body = Problem,
            content_type = "application/problem+json"),
    ),
    security(("token" = ["cases:read"])),
)]
pub(super) async fn list(
    State(desk): State<Desk>,
    Extension(program): Extension<Program>,
    Asked(range): Asked<Range>,
) -> Result<Response, Problem> {
    let (wanted, limit) = range.wanted(&program)?;
    let found = desk.reader.cases_page(&wanted, limit as u32 + 1).await?;
    let last = found.get(limit - 1).filter(|_| found.len() > limit);
    let next = last.map(|case| next(case.opened.to_utc(), case.call));
    let mut items = Vec::with_capacity(found.len().min(limit));
    for case in found.iter().take(limit) {
        // With its timeline, which a page of the store has not.
        items.extend(desk.reader.case(case.case, Some(&case.service)).await?);
    }
    tell(&desk, &program, &mut items).await?;
    json(&CasePage { items, next })
}

/// One case with its whole timeline.
#[utoipa::path(
    get,
    path = "/api/v1/cases/{service}/{number}",
    operation_id = "read_case",
    tag = "cases",
    params(
        ("service" = String, Path, description = "its service, such as polaris-br4"),
        ("number" = String, Path, description = "its number, such as 2026-0417"),
    ),
    responses(
        (status = 200, description = "the case", body = CaseRow),
        (status = "default", description = "a problem", body = Problem,
            content_type = "application/problem+json"),
    ),
    security(("token" = ["cases:read"])),
)]
pub(super) async fn one(
    State(desk): State<Desk>,
    Extension(program): Extension<Program>,
    Path((service, number)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let service = ServiceId::new(&service);
    let number: CaseNumber = number.parse().map_err(|_| Problem::nothing())?;
    if !program.0.is_of(&service) {
        return Err(Problem::nothing());
    }
    let mut found = desk.reader.case(number, Some(&service)).await?;
    found.truncate(1);
    tell(&desk, &program, &mut found).await?;
    json(found.first().ok_or_else(Problem::nothing)?)
}

/// Notes that the cases are read, and masks what this program may not see in them.
async fn tell(desk: &Desk, program: &Program, cases: &mut [CaseRow]) -> Result<(), Problem> {
    let personal = program.0.allows(Scope::CasesReadPersonal);
    let detail = if personal { "con i numeri" } else { "" };
    let deed = |case: &CaseRow| {
        Deed::new("scheda letta", detail).on(&case.case.to_string()).of(&case.service)
    };
    let deeds: Vec<Deed> = cases.iter().map(deed).collect();
    if !deeds.is_empty() {
        program.tell(desk, &deeds).await?;
    }
    if !personal {
        cases.iter_mut().for_each(mask);
    }
    Ok(())
}

fn mask(case: &mut CaseRow) {
    case.caller = case.caller.take().map(|number| number.masked());
    case.callback_number = case.callback_number.take().map(|number| number.masked());
    for attempt in &mut case.attempts {
        attempt.phone = attempt.phone.masked();
    }
}
