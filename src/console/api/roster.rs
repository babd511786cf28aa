//! The duty roster, for programs: who is on duty, and whole tables in and out.

use std::collections::BTreeMap;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::Desk;
use super::asked::{Asked, allowed, instant};
use super::duty::{OnCallRow, equipes, on_call_rows};
use super::program::Program;
use super::{Problem, json};
use crate::roster::{Edit, Known, ReadRows, Records, Table, read_rows, write_rows};
use crate::store::EditRosterError;
use crate::words::{Clock as _, ServiceId};

/// Bytes of a table, at most: some fifteen thousand turns.
pub(super) const FILE_MAX: usize = 1024 * 1024;
/// Others may change the roster between reading and writing.
const TRIES: u32 = 3;

/// Who is on duty.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OnCallList {
    items: Vec<OnCallRow>,
}

/// When, and where.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct At {
    /// An instant, RFC 3339; now when not told.
    at: Option<String>,
    /// Of this service alone.
    service: Option<String>,
}

/// What an import did.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Imported {
    /// Which table it was, by its header.
    table: &'static str,
    /// How many rows it had.
    rows: usize,
    /// The roster's revision from now on.
    revision: i64,
    /// What is odd and no reason to refuse it, in Italian.
    warnings: Vec<String>,
}

/// Who would be rung at an instant, in order, with telephones.
#[utoipa::path(
    get,
    path = "/api/v1/roster/on-call",
    operation_id = "list_on_call",
    tag = "roster",
    params(At),
    responses(
        (status = 200, description = "who is on duty", body = OnCallList),
        (status = "default", description = "a problem", body = Problem,
            content_type = "application/problem+json"),
    ),
    security(("token" = ["roster:read"])),
)]
pub(super) async fn on_call(
    State(desk): State<Desk>,
    Extension(program): Extension<Program>,
    Asked(asked): Asked<At>,
) -> Result<Response, Problem> {
    let at = instant("at", &asked.at)?.unwrap_or_else(|| desk.clock.wall());
    let only = asked.service.as_deref().map(|name| allowed(&program, name)).transpose()?;
    let roster = desk.reader.roster().await?.roster;
    let plans = desk.plans.borrow().clone();
    let zones = zones(&desk);
    let looked = tokio::task::spawn_blocking(move || {
        let all = equipes(plans.iter().map(AsRef::as_ref), roster.records());
        let wanted = |service: &ServiceId| {
            program.0.is_of(service) && only.as_ref().is_none_or(|only| only == service)
        };
        all.into_iter()
            .filter(|(service, _)| wanted(service))
            .flat_map(|(service, equipe)| {
                let zone = zones.get(&service).copied().unwrap_or(ZONE);
                on_call_rows(&roster, &service, &equipe, zone, at)
            })
            .collect()
    });
    json(&OnCallList { items: looked.await.map_err(|_| Problem::unwell())? })
}

/// One table of the roster as CSV, as `polaris roster export` writes it.
#[utoipa::path(
    get,
    path = "/api/v1/roster/{table}",
    operation_id = "export_table",
    tag = "roster",
    params(("table" = String, Path,
        description = "shifts, people, rotations, overrides, absences, policies, requirements")),
    responses(
        (status = 200, description = "the table", body = String, content_type = "text/csv"),
        (status = "default", description = "a problem", body = Problem,
            content_type = "application/problem+json"),
    ),
    security(("token" = ["roster:read"])),
)]
pub(super) async fn export(
    State(desk): State<Desk>,
    Extension(program): Extension<Program>,
    Path(table): Path<String>,
) -> Result<Response, Problem> {
    let table = Table::ALL.into_iter().find(|known| known.word() == table);
    let table = table.ok_or_else(Problem::nothing)?;
    let roster = desk.reader.roster().await?.roster;
    let records = open_to(&program, roster.records());
    let zones = zones(&desk);
    let known = Known { records: &records, zones: &zones, zone: ZONE };
    let text = write_rows(&records, table, &known).ok_or_else(Problem::nothing)?;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], text).into_response())
}

/// Puts a table in place of the rows of the services and équipes that it names, with the
/// checks of `polaris roster import`: all of it or, with one bad row, nothing.
#[utoipa::path(
    post,
    path = "/api/v1/roster",
    operation_id = "import_table",
    tag = "roster",
    request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 200, description = "it was imported", body = Imported),
        (status = "default", description = "a problem", body = Problem,
            content_type = "application/problem+json"),
    ),
    security(("token" = ["roster:write"])),
)]
pub(super) async fn import(
    State(desk): State<Desk>,
    Extension(program): Extension<Program>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let body = body.map_err(|_| Problem::long())?;
    let text = std::str::from_utf8(&body);
    let text = text.map_err(|_| Problem::asked("il file non è UTF-8: salvalo come «CSV UTF-8»"))?;
    for _ in 0..TRIES {
        match import_once(&desk, &program, text).await {
            Err(None) => {}
            Err(Some(problem)) => return Err(problem),
            Ok(imported) => return json(&imported),
        }
    }
    Err(Problem::changed())
}

/// `None` when another change came in between.
async fn import_once(
    desk: &Desk,
    program: &Program,
    text: &str,
) -> Result<Imported, Option<Problem>> {
    let standing = desk.reader.roster().await.map_err(|error| Some(error.into()))?;
    let zones = zones(desk);
    let known = Known { records: standing.roster.records(), zones: &zones, zone: ZONE };
    let ReadRows { rows, warnings } = read_rows(text, &known).map_err(|problems| {
        let detail = format!("righe da correggere: {}", problems.len());
        Some(Problem::refused(detail, problems.iter().map(ToString::to_string).collect()))
    })?;
    let services: Vec<ServiceId> = rows.services().into_iter().cloned().collect();
    if let Some(other) = services.iter().find(|service| !program.0.is_of(service)) {
        return Err(Some(Problem::service(other.as_str())));
    }
    let first = services
        .first()
        .ok_or_else(|| Some(Problem::refused("il file non ha righe", Vec::new())))?;
    let (table, count) = (rows.table().word(), rows.len());
    let (by, now) = (program.0.who(), desk.clock.wall());
    let edited = desk.clerk.edit_roster(&standing, &Edit::Import(rows), first, &by, now).await;
    match edited {
        Ok(edited) => Ok(Imported {
            table,
            rows: count,
            revision: edited.revision,
            warnings: warnings.iter().map(ToString::to_string).collect(),
        }),
        Err(EditRosterError::Changed) => Err(None),
        Err(error) => Err(Some(error.into())),
    }
}

/// What of the roster a program may see.
fn open_to(program: &Program, records: &Records) -> Records {
    let mut open = records.clone();
    let is_of = |service: &ServiceId| program.0.is_of(service);
    open.absences.retain(|row| is_of(&row.service));
    open.overrides.retain(|row| is_of(&row.service));
    open.people.retain(|row| is_of(&row.service));
    open.policies.retain(|row| is_of(&row.service));
    open.requirements.retain(|row| is_of(&row.service));
    open.rotations.retain(|row| is_of(&row.service));
    open.shifts.retain(|row| is_of(&row.service));
    open.swaps.retain(|row| is_of(&row.service));
    open
}

fn zones(desk: &Desk) -> BTreeMap<ServiceId, Tz> {
    let plans = desk.plans.borrow();
    plans.iter().map(|plan| (plan.service.clone(), plan.timezone)).collect()
}

/// The zone of what no plan says.
const ZONE: Tz = Tz::Europe__Rome;
