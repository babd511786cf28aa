//! Secret addresses at which a telephone reads turns of duty as a calendar.
//!
//! Law: a secret is shown once, to who made it; only its hash is kept.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};

use super::super::Desk;
use super::super::accounts::ZONE;
use super::super::calls::Choice;
use super::super::error::PageError;
use super::super::form::Posted;
use super::super::frame::{Frame, show};
use super::super::gate::Visitor;
use super::place::people;
use crate::access::Act;
use crate::feed::Token;
use crate::roster::DutyOf;
use crate::store::FeedRow;
use crate::words::{Clock as _, ServiceId};

#[derive(Template)]
#[template(path = "console/pages/turni_calendari.html", config = ".askama.toml")]
struct Page {
    frame: Frame,
    /// The new address, shown once.
    address: Option<String>,
    problem: Option<String>,
    /// Whose duty a new one may hold.
    subjects: Vec<Choice>,
    feeds: Vec<Line>,
}

struct Line {
    feed: i64,
    name: String,
    created: String,
}

/// `GET /turni/calendari`.
pub(in super::super) async fn page(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, PageError> {
    show(&shown(&desk, &visitor, None, None).await?)
}

/// `POST /turni/calendari`: a new address.
pub(in super::super) async fn add(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let wanted = fields.get("di");
    let subjects = subjects(&desk, &visitor).await?;
    let Some((_, duty_of)) = subjects.into_iter().find(|(choice, _)| choice.value == wanted) else {
        let problem = "Scelga di chi è il calendario.".to_owned();
        let page = shown(&desk, &visitor, None, Some(problem)).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&page)?).into_response());
    };
    let (token, now) = (Token::random(), desk.clock.wall());
    desk.clerk.add_feed(&duty_of, &token.hash(), &visitor.account.name, now).await?;
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let path = format!("/calendar/{}.ics", token.reveal());
    let address = host.map_or_else(|| path.clone(), |host| format!("https://{host}{path}"));
    show(&shown(&desk, &visitor, Some(address), None).await?)
}

/// `POST /turni/calendari/revoca`.
pub(in super::super) async fn revoke(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let feeds = desk.reader.feeds().await?;
    let mut own = feeds.iter().filter(|row| row.revoked.is_none() && is_own(row, &visitor));
    let wanted: Option<i64> = fields.get("calendario").parse().ok();
    let row = own.find(|row| Some(row.feed) == wanted).ok_or(PageError::NotFound)?;
    // Revoked by somebody else in between is as well.
    desk.clerk.revoke_feed(row.feed, &visitor.account.name, desk.clock.wall()).await?;
    Ok(Redirect::to("/turni/calendari").into_response())
}

/// Whether a visitor may revoke an address: a coordinator any of their services, the
/// others what they made or what holds their own duty.
fn is_own(row: &FeedRow, visitor: &Visitor) -> bool {
    let person = match &row.duty_of {
        DutyOf::Person { person, .. } => Some(person),
        DutyOf::Equipe { .. } => None,
    };
    let own = row.created.0 == visitor.account.name
        || (person.is_some() && person == visitor.account.person.as_ref());
    visitor.is_of(row.duty_of.service()) && (own || visitor.may(Act::EditRoster))
}

/// Whose duty a visitor may put into a calendar: their own, their équipes', and as a
/// coordinator everybody's.
async fn subjects(desk: &Desk, visitor: &Visitor) -> Result<Vec<(Choice, DutyOf)>, PageError> {
    let roster = desk.reader.roster().await?.roster;
    let plans = desk.plans.borrow().clone();
    let mut all = Vec::new();
    let mut subject = |label: String, duty_of: DutyOf| {
        all.push((Choice { value: key(&duty_of), label, chosen: false }, duty_of));
    };
    let own = visitor.account.person.as_ref();
    for plan in plans.iter().filter(|plan| visitor.is_of(&plan.service)) {
        let service = plan.service.clone();
        let person =
            |person: &String| DutyOf::Person { service: service.clone(), person: person.clone() };
        for name in own.into_iter().filter(|name| roster.knows(&service, name)) {
            subject(format!("I miei turni ({})", plan.title), person(name));
        }
        let mut equipes = roster.equipes(&service);
        equipes.insert(&plan.equipe);
        for equipe in equipes {
            let label = format!("Tutti i turni di {}, équipe {equipe}", plan.title);
            let (service, equipe) = (service.clone(), equipe.to_owned());
            subject(label, DutyOf::Equipe { service, equipe });
        }
        if visitor.may(Act::EditRoster) {
            for name in people(&roster, &service).iter().filter(|name| Some(*name) != own) {
                subject(format!("{name} ({})", plan.title), person(name));
            }
        }
    }
    Ok(all)
}

/// As a form carries it: compared, never taken apart.
fn key(duty_of: &DutyOf) -> String {
    match duty_of {
        DutyOf::Equipe { service, equipe } => format!("equipe {service} {equipe}"),
        DutyOf::Person { service, person } => format!("persona {service} {person}"),
    }
}

async fn shown(
    desk: &Desk,
    visitor: &Visitor,
    address: Option<String>,
    problem: Option<String>,
) -> Result<Page, PageError> {
    let plans = desk.plans.borrow().clone();
    let title = |id: &ServiceId| {
        plans
            .iter()
            .find(|plan| plan.service == *id)
            .map_or_else(|| id.to_string(), |p| p.title.clone())
    };
    let name = |duty_of: &DutyOf| match duty_of {
        DutyOf::Equipe { service, equipe } => format!("{}, équipe {equipe}", title(service)),
        DutyOf::Person { service, person } => format!("{person}, {}", title(service)),
    };
    let feeds = desk.reader.feeds().await?;
    let line = |row: &FeedRow| Line {
        feed: row.feed,
        name: name(&row.duty_of),
        created: format!(
            "creato da {} il {}",
            row.created.0,
            row.created.1.with_timezone(&ZONE).format("%d.%m.%Y")
        ),
    };
    let own = feeds.iter().filter(|row| row.revoked.is_none() && is_own(row, visitor));
    Ok(Page {
        frame: Frame::new(desk, visitor, "/turni", "Calendari"),
        address,
        problem,
        subjects: subjects(desk, visitor).await?.into_iter().map(|(choice, _)| choice).collect(),
        feeds: own.map(line).collect(),
    })
}
