//! A gap is assigned: somebody more on duty, or somebody in another's place.

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::super::Desk;
use super::super::calls::Choice;
use super::super::civil;
use super::super::error::PageError;
use super::super::form::Posted;
use super::super::frame::{Frame, show};
use super::super::gate::Visitor;
use super::change::{Carried, Change, Form, carry_out};
use super::lanes::gaps;
use super::page::{AHEAD, back_to};
use super::place::{Place, choices, minute, people};
use super::typed::{Problems, Typed, wanted};
use crate::roster::{Period, Roster, write_civil};
use crate::store::StandingRoster;
use crate::words::Clock as _;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct AskedGap {
    servizio: String,
    equipe: String,
    dal: String,
    al: String,
}

#[derive(Template)]
#[template(path = "console/pages/turni_assegna.html", config = ".askama.toml")]
struct Page {
    frame: Frame,
    place: Place,
    people: Vec<Choice>,
    replaced: Vec<Choice>,
    typed: Typed,
    problems: Problems,
    seen: i64,
    back: String,
}

/// `GET /turni/assegna`.
pub(in super::super) async fn form(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<AskedGap>,
) -> Result<Response, PageError> {
    let now = desk.clock.wall();
    let standing = desk.reader.roster().await?;
    let place = Place::of(&desk, &visitor, &standing.roster, &asked.servizio, &asked.equipe)?;
    let mut typed = Typed { step: "1".into(), ..Typed::default() };
    (typed.from, typed.until) = match (asked.dal, asked.al) {
        (from, until) if !from.is_empty() || !until.is_empty() => {
            (in_field(from, &place), in_field(until, &place))
        }
        _ => first_gap(&place, &standing.roster, now),
    };
    show(&page(&desk, &visitor, &standing, place, typed, Problems::default()))
}

/// `POST /turni/assegna`.
pub(in super::super) async fn post(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let now = desk.clock.wall();
    let standing = desk.reader.roster().await?;
    let (service, equipe) = (fields.get("servizio"), fields.get("equipe"));
    let place = Place::of(&desk, &visitor, &standing.roster, service, equipe)?;
    let typed = Typed::of(&fields);
    let again = |place, typed, problems| {
        let page = page(&desk, &visitor, &standing, place, typed, problems);
        Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&page)?).into_response())
    };
    if fields.get("passo") == "correggi" {
        return show(&page(&desk, &visitor, &standing, place, typed, Problems::default()));
    }
    let (edit, about) = match wanted(&typed, &place, &standing.roster, now) {
        Ok(wanted) => wanted,
        Err(problems) => return again(place, typed, *problems),
    };
    let change = Change {
        edit,
        about,
        title: "Assegna un turno",
        address: "/turni/assegna",
        back: back_to(&place, about, now),
        form: Form::There,
        place: &place,
    };
    match carry_out(&desk, &visitor, &fields, standing.clone(), change).await? {
        Carried::Answered(response) => Ok(response),
        Carried::Refused(problem) => {
            again(place, typed, Problems { whole: Some(problem), ..Problems::default() })
        }
    }
}

/// A time of a link as the form shows it: the browser's own field cannot show the hour that
/// comes twice.
fn in_field(text: String, place: &Place) -> String {
    match civil::read_time(&text, place.zone()) {
        Ok(at) if civil::time_field(&text) == "text" => civil::typed_time(at, place.zone()),
        _ => text,
    }
}

/// The first gap to come, as the form writes it.
fn first_gap(place: &Place, roster: &Roster, now: DateTime<Utc>) -> (String, String) {
    let Ok(range) = Period::new(now, now + AHEAD) else { return <_>::default() };
    let gaps = gaps(&place.subject(roster), range);
    gaps.first().map_or_else(<_>::default, |gap| {
        let civil = |at| write_civil(minute(at), place.zone());
        (in_field(civil(gap.from()), place), in_field(civil(gap.until()), place))
    })
}

fn page(
    desk: &Desk,
    visitor: &Visitor,
    standing: &StandingRoster,
    place: Place,
    typed: Typed,
    problems: Problems,
) -> Page {
    let known = people(&standing.roster, place.service());
    let names = || known.iter().map(String::as_str);
    Page {
        frame: Frame::new(desk, visitor, "/turni", "Assegna un turno"),
        people: choices(names(), &typed.person),
        replaced: choices(names(), &typed.instead),
        back: place.page("/turni"),
        place,
        typed,
        problems,
        seen: standing.revision,
    }
}
