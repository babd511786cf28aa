//! An override, an absence, a swap or a single shift is taken back by a coordinator.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};

use super::super::Desk;
use super::super::error::PageError;
use super::super::form::Posted;
use super::super::gate::Visitor;
use super::change::{Carried, Change, Form, carry_out};
use super::coming::spell_of;
use super::page::back_to;
use super::place::Place;
use super::refusal::refuse;
use crate::roster::{Edit, Period, Roster, ShiftId, Table};
use crate::words::Clock as _;

/// `POST /turni/togli`.
pub(in super::super) async fn post(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let now = desk.clock.wall();
    let standing = desk.reader.roster().await?;
    let (service, equipe) = (fields.get("servizio"), fields.get("equipe"));
    let place = Place::of(&desk, &visitor, &standing.roster, service, equipe)?;
    let wanted = wanted(fields.get("tabella"), fields.get("id"), &place, &standing.roster, now);
    let Some((edit, about)) = wanted else {
        let problem = "Non c'è più: qualcuno l'ha già tolto.".to_owned();
        return refuse(&desk, &visitor, TITLE, problem, place.page("/turni"));
    };
    let back = back_to(&place, about, now);
    let change = Change {
        place: &place,
        edit,
        about,
        title: TITLE,
        address: "/turni/togli",
        back: back.clone(),
        form: Form::None,
    };
    match carry_out(&desk, &visitor, &fields, standing, change).await? {
        Carried::Answered(response) => Ok(response),
        Carried::Refused(problem) => refuse(&desk, &visitor, TITLE, problem, back),
    }
}

/// The edit that takes a record of this place back, and when that matters; `None` when
/// there is none.
fn wanted(
    table: &str,
    id: &str,
    place: &Place,
    roster: &Roster,
    now: DateTime<Utc>,
) -> Option<(Edit, Period)> {
    let (records, service) = (roster.records(), place.service());
    let remove = |table| Edit::Remove { table, id: id.to_owned() };
    match table {
        "overrides" => {
            let mut overrides = records.overrides.iter();
            let record = overrides.find(|record| {
                record.id == id && record.service == *service && record.equipe == place.equipe
            })?;
            Some((remove(Table::Overrides), record.period))
        }
        "absences" => {
            let mut absences = records.absences.iter();
            let absence = absences.find(|a| a.id == id && a.service == *service)?;
            Some((remove(Table::Absences), absence.period))
        }
        "swaps" => {
            let mut swaps = records.swaps.iter();
            let swap = swaps.find(|swap| {
                swap.id == id && swap.service == *service && swap.equipe == place.equipe
            })?;
            Some((remove(Table::Swaps), spell_of(place, roster, &swap.turn, now)?))
        }
        "shifts" => {
            let id = ShiftId::new(id);
            let mut shifts = records.shifts.iter();
            let shift = shifts.find(|shift| {
                shift.id == id && shift.service == *service && shift.equipe == place.equipe
            })?;
            let (service, equipe) = (service.clone(), place.equipe.clone());
            Some((Edit::RemoveShift { service, equipe, id }, shift.period()))
        }
        _ => None,
    }
}

const TITLE: &str = "Togli un cambio";
