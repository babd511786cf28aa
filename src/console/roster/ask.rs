//! Somebody asks to give a turn away (*cedo*), to change it for another's (*scambio*), or to
//! take another's (*prendo*).

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use super::super::Desk;
use super::super::calls::Choice;
use super::super::error::PageError;
use super::super::form::{Fields, Posted};
use super::super::frame::{Frame, show};
use super::super::gate::Visitor;
use super::cannot::NOBODY;
use super::change::{Carried, Change, Form, carry_out};
use super::coming::{Coming, coming};
use super::mode::Mode;
use super::place::{Place, choices, people};
use super::refusal::refuse;
use super::swaps::span;
use crate::roster::{Edit, Entered, Roster, Swap};
use crate::store::StandingRoster;
use crate::words::Clock as _;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct AskedTurn {
    servizio: String,
    equipe: String,
    /// `cedo`, `scambio` or `prendo`.
    modo: String,
    /// The turn, as [`Coming::code`] writes it.
    turno: String,
}

#[derive(Template)]
#[template(path = "console/pages/turni_chiedi.html", config = ".askama.toml")]
struct Page {
    frame: Frame,
    place: Place,
    mode: Mode,
    own: Vec<Choice>,
    others: Vec<Choice>,
    people: Vec<Choice>,
    problems: Problems,
    back: String,
    seen: i64,
}

/// A sentence beside each field that is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Problems {
    turn: Option<String>,
    other: Option<String>,
    to: Option<String>,
    whole: Option<String>,
}

/// What stands in the form.
#[derive(Debug, Clone, Default)]
struct Typed {
    turn: String,
    other: String,
    to: String,
}

/// `GET /turni/scambi/chiedi`.
pub(in super::super) async fn form(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<AskedTurn>,
) -> Result<Response, PageError> {
    let standing = desk.reader.roster().await?;
    let place = Place::of(&desk, &visitor, &standing.roster, &asked.servizio, &asked.equipe)?;
    let mode = Mode::of(&asked.modo);
    let Some(person) = visitor.account.person.clone() else {
        let back = place.page("/turni/scambi");
        return refuse(&desk, &visitor, mode.title(), NOBODY.to_owned(), back);
    };
    let typed = Typed { turn: asked.turno, ..Typed::default() };
    let problems = Problems::default();
    show(&page(&desk, &visitor, &standing, place, mode, &person, &typed, problems))
}

/// `POST /turni/scambi/chiedi`.
pub(in super::super) async fn post(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let now = desk.clock.wall();
    let standing = desk.reader.roster().await?;
    let roster = &standing.roster;
    let (service, equipe) = (fields.get("servizio"), fields.get("equipe"));
    let place = Place::of(&desk, &visitor, roster, service, equipe)?;
    let mode = Mode::of(fields.get("modo"));
    let back = place.address("/turni/scambi", &[("fatto", "1")]);
    let Some(person) = visitor.account.person.clone() else {
        return refuse(&desk, &visitor, mode.title(), NOBODY.to_owned(), back);
    };
    let typed = typed(&fields);
    let again = |place: Place, problems| {
        let page = page(&desk, &visitor, &standing, place, mode, &person, &typed, problems);
        Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&page)?).into_response())
    };
    if fields.get("passo") == "correggi" {
        let problems = Problems::default();
        return show(&page(&desk, &visitor, &standing, place, mode, &person, &typed, problems));
    }
    let turns = coming(&place, roster, now);
    let swap = |turn: &Coming, to: &str| Swap {
        id: String::new(),
        service: place.service().clone(),
        equipe: place.equipe.clone(),
        turn: turn.id.clone(),
        to: to.to_owned(),
        entered: Entered { by: visitor.account.name.clone(), at: now },
        approved: None,
    };
    let swaps = match wanted(&typed, mode, &turns, &person, &place, roster) {
        Ok(turns) => turns.iter().map(|(turn, to)| swap(turn, to)).collect::<Vec<_>>(),
        Err(problems) => return again(place, problems),
    };
    let Some(about) = span(&place, roster, &swaps, now) else { return Err(PageError::NotFound) };
    let change = Change {
        place: &place,
        edit: Edit::AskSwaps(swaps),
        about,
        title: mode.title(),
        address: "/turni/scambi/chiedi",
        back,
        form: Form::There,
    };
    match carry_out(&desk, &visitor, &fields, standing.clone(), change).await? {
        Carried::Answered(response) => Ok(response),
        Carried::Refused(problem) => {
            again(place, Problems { whole: Some(problem), ..Problems::default() })
        }
    }
}

fn typed(fields: &Fields) -> Typed {
    let field = |name| fields.get(name).to_owned();
    Typed { turn: field("turno"), other: field("altro"), to: field("a") }
}

/// Which turns go to whom; or what is wrong with each field.
fn wanted<'t>(
    typed: &Typed,
    mode: Mode,
    turns: &'t [Coming],
    person: &str,
    place: &Place,
    roster: &Roster,
) -> Result<Vec<(&'t Coming, String)>, Problems> {
    let mut problems = Problems::default();
    let mut wanted = Vec::new();
    let own = turns.iter().find(|turn| turn.code == typed.turn && turn.person == person);
    let other = turns.iter().find(|turn| turn.code == typed.other && turn.person != person);
    if mode.gives() {
        let to = match (mode, other) {
            (Mode::Change, Some(other)) => other.person.clone(),
            _ => typed.to.clone(),
        };
        if mode == Mode::Give && !to.is_empty() && !people(roster, place.service()).contains(&to) {
            problems.to = Some(format!("«{to}» non è fra le persone dei turni."));
        }
        match own {
            Some(own) => wanted.push((own, to)),
            None => {
                problems.turn = Some("Scelga uno dei suoi turni che devono ancora venire.".into())
            }
        }
    }
    if mode.takes() {
        match other {
            Some(other) => wanted.push((other, person.to_owned())),
            None => problems.other = Some("Scelga il turno di un collega.".into()),
        }
    }
    if problems == Problems::default() { Ok(wanted) } else { Err(problems) }
}

#[expect(clippy::too_many_arguments, reason = "what stands on the page, each once")]
fn page(
    desk: &Desk,
    visitor: &Visitor,
    standing: &StandingRoster,
    place: Place,
    mode: Mode,
    person: &str,
    typed: &Typed,
    problems: Problems,
) -> Page {
    let turns = coming(&place, &standing.roster, desk.clock.wall());
    let choice = |turn: &Coming, label: String, chosen: &str| Choice {
        value: turn.code.clone(),
        label,
        chosen: turn.code == chosen,
    };
    let (own, others): (Vec<&Coming>, Vec<&Coming>) =
        turns.iter().partition(|turn| turn.person == person);
    let named =
        |turn: &&Coming| choice(turn, format!("{}: {}", turn.person, turn.label), &typed.other);
    let known = people(&standing.roster, place.service());
    let colleagues = known.iter().map(String::as_str).filter(|name| *name != person);
    Page {
        frame: Frame::new(desk, visitor, "/turni", mode.title()),
        own: own.iter().map(|turn| choice(turn, turn.label.clone(), &typed.turn)).collect(),
        others: others.iter().map(named).collect(),
        people: choices(colleagues, &typed.to),
        back: place.page("/turni/scambi"),
        seen: standing.revision,
        place,
        mode,
        problems,
    }
}
