//! «Non posso»: a responder says that they cannot take a turn of theirs, and takes it back.
//!
//! Law: it is an absence, made at once. A phone that nobody would hear must not ring first;
//! a gap that opens stands in red on every coordinator's page.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, SubsecRound as _, Utc};

use super::super::Desk;
use super::super::error::PageError;
use super::super::form::{Fields, Posted};
use super::super::gate::Visitor;
use super::change::{Carried, Change, Form, carry_out};
use super::page::back_to;
use super::place::Place;
use super::refusal::refuse;
use crate::roster::{Absence, DutyOf, Edit, Entered, Period, Roster, Table};
use crate::store::StandingRoster;
use crate::words::Clock as _;

/// `POST /turni/non-posso`.
pub(in super::super) async fn say(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let now = desk.clock.wall().trunc_subsecs(0);
    let (standing, place, person) = match whose(&desk, &visitor, &fields).await? {
        Ok(own) => own,
        Err(refused) => return Ok(refused),
    };
    let Some(period) = turn(&fields, &place, &standing.roster, &person, now) else {
        let problem = "Quel turno non è più suo, o è già finito.".to_owned();
        return refuse(&desk, &visitor, CANNOT, problem, place.page("/turni"));
    };
    let absence = Absence {
        id: String::new(),
        service: place.service().clone(),
        person,
        period,
        reason: "non posso".into(),
        entered: Entered { by: visitor.account.name.clone(), at: now },
    };
    let (edit, address) = (Edit::AddAbsence(absence), "/turni/non-posso");
    settle(&desk, &visitor, &fields, standing, &place, (edit, period), (CANNOT, address)).await
}

/// `POST /turni/posso`: taken back.
pub(in super::super) async fn take_back(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let (standing, place, person) = match whose(&desk, &visitor, &fields).await? {
        Ok(own) => own,
        Err(refused) => return Ok(refused),
    };
    let id = fields.get("id");
    let mut absences = standing.roster.records().absences.iter();
    let said = absences.find(|absence| {
        absence.id == id
            && absence.service == *place.service()
            && may_take_back(absence, &visitor, &person)
    });
    let Some(period) = said.map(|absence| absence.period) else {
        let problem = "Non c'è più: qualcuno l'ha già tolto.".to_owned();
        return refuse(&desk, &visitor, CAN, problem, place.page("/turni"));
    };
    let edit = Edit::Remove { table: Table::Absences, id: id.to_owned() };
    settle(&desk, &visitor, &fields, standing, &place, (edit, period), (CAN, "/turni/posso")).await
}

/// Whether somebody said this absence of themselves.
pub(super) fn may_take_back(absence: &Absence, visitor: &Visitor, person: &str) -> bool {
    absence.person == person && absence.entered.by == visitor.account.name
}

/// The roster, the place, and who the visitor is in it; or why nobody.
async fn whose(
    desk: &Desk,
    visitor: &Visitor,
    fields: &Fields,
) -> Result<Result<(StandingRoster, Place, String), Response>, PageError> {
    let standing = desk.reader.roster().await?;
    let (service, equipe) = (fields.get("servizio"), fields.get("equipe"));
    let place = Place::of(desk, visitor, &standing.roster, service, equipe)?;
    match &visitor.account.person {
        Some(person) => Ok(Ok((standing, place, person.clone()))),
        None => {
            let back = place.page("/turni");
            refuse(desk, visitor, CANNOT, NOBODY.to_owned(), back).map(Err)
        }
    }
}

/// What of one's own duty lies within the ends that a form carries, and is not over.
fn turn(
    fields: &Fields,
    place: &Place,
    roster: &Roster,
    person: &str,
    now: DateTime<Utc>,
) -> Option<Period> {
    let end = |name| DateTime::from_timestamp_millis(fields.get(name).parse().ok()?);
    let asked = Period::new(end("dal")?.max(now), end("al")?).ok()?;
    let duty_of = DutyOf::Person { service: place.service().clone(), person: person.to_owned() };
    let stints = roster.stints_of(&duty_of, asked);
    let from = stints.iter().map(|(_, stint)| stint.period.from()).min()?;
    let until = stints.iter().map(|(_, stint)| stint.period.until()).max()?;
    Period::new(from, until).ok()
}

async fn settle(
    desk: &Desk,
    visitor: &Visitor,
    fields: &Fields,
    standing: StandingRoster,
    place: &Place,
    (edit, about): (Edit, Period),
    (title, address): (&'static str, &'static str),
) -> Result<Response, PageError> {
    let back = back_to(place, about, desk.clock.wall());
    let form = Form::None;
    let change = Change { place, edit, about, title, address, back: back.clone(), form };
    match carry_out(desk, visitor, fields, standing, change).await? {
        Carried::Answered(response) => Ok(response),
        Carried::Refused(problem) => refuse(desk, visitor, title, problem, back),
    }
}

/// What an account hears that is nobody of the roster.
pub(super) const NOBODY: &str = "Il suo accesso non è legato a nessuna persona dei turni: chieda \
                                 a chi amministra gli accessi di scriverlo.";
const CANNOT: &str = "Non posso";
const CAN: &str = "Posso di nuovo";
