//! Where nobody is on duty, for programs.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use chrono::{DurationRound as _, TimeDelta};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::Desk;
use super::asked::{Asked, allowed};
use super::duty::{CoverageRow, coverage_rows};
use super::program::Program;
use super::{Problem, json};
use crate::roster::{Period, coverage};
use crate::words::Clock as _;

/// What was found about the cover.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CoverageList {
    items: Vec<CoverageRow>,
}

/// How far to look.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Ahead {
    /// Days from now: 1 to 400; 60 when not told.
    #[param(minimum = 1, maximum = 400)]
    days: Option<u32>,
    /// Of this service alone.
    service: Option<String>,
}

/// Every minute at which the service answers and nobody would ring, and the sums.
#[utoipa::path(
    get,
    path = "/api/v1/coverage",
    operation_id = "look_ahead",
    tag = "coverage",
    params(Ahead),
    responses(
        (status = 200, description = "gaps, warnings and sums", body = CoverageList),
        (status = "default", description = "a problem", body = Problem,
            content_type = "application/problem+json"),
    ),
    security(("token" = ["coverage:read"])),
)]
pub(super) async fn ahead(
    State(desk): State<Desk>,
    Extension(program): Extension<Program>,
    Asked(asked): Asked<Ahead>,
) -> Result<Response, Problem> {
    let only = asked.service.as_deref().map(|name| allowed(&program, name)).transpose()?;
    let days = asked.days.unwrap_or(60);
    let from = desk.clock.wall().duration_trunc(TimeDelta::minutes(1)).ok();
    let range = from
        .filter(|_| (1..=400).contains(&days))
        .and_then(|from| Period::new(from, from + TimeDelta::days(i64::from(days))).ok());
    let range = range.ok_or_else(|| Problem::asked("«days» va da 1 a 400"))?;
    let roster = desk.reader.roster().await?.roster;
    let plans = desk.plans.borrow().clone();
    let looked = tokio::task::spawn_blocking(move || {
        let mut items = Vec::new();
        for plan in plans.iter().filter(|plan| program.0.is_of(&plan.service)) {
            if only.as_ref().is_none_or(|only| *only == plan.service) {
                let (hours, zone) = (&plan.hours, plan.timezone);
                let found = coverage(&roster, &plan.service, &plan.equipe, hours, zone, range);
                items.extend(coverage_rows(plan, &found, range));
            }
        }
        items
    });
    json(&CoverageList { items: looked.await.map_err(|_| Problem::unwell())? })
}
