//! The hours as the plan knows them, and the closures that were entered.

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use chrono::TimeDelta;
use serde::Deserialize;

use super::super::ahead::special_days;
use super::super::place::Place;
use super::told;
use super::typed::{ALL, Problems, Typed};
use crate::calendar::local;
use crate::console::Desk;
use crate::console::calls::Choice;
use crate::console::civil;
use crate::console::error::PageError;
use crate::console::frame::{Frame, show};
use crate::console::gate::Visitor;
use crate::dialplan::explain_hours;
use crate::roster::{Period, Roster};
use crate::words::Clock as _;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in super::super::super) struct AskedHours {
    servizio: String,
    /// There, when something was just done.
    fatto: String,
}

#[derive(Template)]
#[template(path = "console/pages/orari.html", config = ".askama.toml")]
pub(super) struct Page {
    frame: Frame,
    place: Place,
    services: Vec<Choice>,
    /// Always one: hours are those of the service.
    equipes: Vec<Choice>,
    done: bool,
    /// Whether the service has offices that could be shut.
    offices: bool,
    closures: Vec<Line>,
    comuni: Vec<Choice>,
    typed: Typed,
    problems: Problems,
    hours: String,
    special: Vec<String>,
}

/// A closure that holds.
struct Line {
    id: i64,
    text: String,
    by: String,
}

/// How far ahead holidays and patrons are listed.
const AHEAD: TimeDelta = TimeDelta::days(365);

/// `GET /orari`.
pub(in super::super::super) async fn show_hours(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<AskedHours>,
) -> Result<Response, PageError> {
    let place = Place::of(&desk, &visitor, &Roster::default(), &asked.servizio, "")?;
    let typed = Typed { comune: ALL.to_owned(), ..Typed::default() };
    let mut page = page(&desk, &visitor, place, typed, Problems::default()).await?;
    page.done = !asked.fatto.is_empty();
    show(&page)
}

/// The page with what is typed, and what is wrong with it.
pub(super) async fn page(
    desk: &Desk,
    visitor: &Visitor,
    place: Place,
    typed: Typed,
    problems: Problems,
) -> Result<Page, PageError> {
    let now = desk.clock.wall();
    let today = local(now, place.zone()).date();
    let rows = desk.reader.closures().await?.into_iter().filter(|row| {
        row.entered.service == *place.service() && row.entered.closure.until >= today
    });
    let closures =
        rows.map(|row| Line { id: row.closure, text: told(&place, &row.entered), by: row.by.0 });
    let comuni = place.plan.comuni.iter().map(|comune| (comune.istat.as_str(), &*comune.name));
    let comuni = [(ALL, "tutti i Comuni")].into_iter().chain(comuni);
    let comuni = comuni.map(|(value, label)| Choice::new(value, label, &typed.comune));
    let range = Period::new(now, now + AHEAD).map_err(|_| PageError::NotFound)?;
    Ok(Page {
        frame: Frame::new(desk, visitor, "/orari", "Orari e chiusure"),
        services: place.services(),
        equipes: Vec::new(),
        done: false,
        offices: place.plan.hours.offices().is_some_and(|rule| !rule.offices.is_empty()),
        closures: closures.collect(),
        comuni: comuni.collect(),
        typed,
        problems,
        hours: explain_hours(&place.plan),
        special: special_days(&place.plan, range),
        place,
    })
}
