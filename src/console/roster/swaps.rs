//! Turns offered, asked for, taken, approved and refused.

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::super::Desk;
use super::super::error::PageError;
use super::super::form::{Fields, Posted};
use super::super::frame::{Frame, show};
use super::super::gate::Visitor;
use super::cannot::NOBODY;
use super::change::{Carried, Change, Form, carry_out};
use super::coming::{Coming, coming, spell_of};
use super::place::Place;
use super::refusal::refuse;
use crate::access::Act;
use crate::roster::{Edit, Period, Roster, Swap};
use crate::words::Clock as _;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct AskedSwaps {
    servizio: String,
    equipe: String,
    fatto: String,
}

#[derive(Template)]
#[template(path = "console/pages/turni_scambi.html", config = ".askama.toml")]
struct Page {
    frame: Frame,
    place: Place,
    done: bool,
    decides: bool,
    /// Who the visitor is in the roster.
    person: Option<String>,
    /// Turns that nobody took yet.
    offers: Vec<Request>,
    /// What waits for a coordinator.
    waiting: Vec<Request>,
    own: Vec<Coming>,
    back: String,
    seen: i64,
}

/// What somebody asked for.
struct Request {
    id: String,
    lines: Vec<String>,
    by: String,
    /// Whether the visitor asked for it.
    mine: bool,
    /// Whether the visitor may take it.
    takes: bool,
}

/// `GET /turni/scambi`.
pub(in super::super) async fn show_swaps(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<AskedSwaps>,
) -> Result<Response, PageError> {
    let now = desk.clock.wall();
    let standing = desk.reader.roster().await?;
    let roster = &standing.roster;
    let place = Place::of(&desk, &visitor, roster, &asked.servizio, &asked.equipe)?;
    let person = visitor.account.person.clone();
    let turns = coming(&place, roster, now);
    let (offers, waiting): (Vec<_>, Vec<_>) =
        requests(&place, roster, &turns, &visitor).into_iter().partition(|(open, _)| *open);
    let requests = |these: Vec<(bool, Request)>| these.into_iter().map(|(_, r)| r).collect();
    let given = |turn: &Coming| {
        let mut swaps = roster.records().swaps.iter();
        swaps.any(|swap| swap.approved.is_some() && is_here(swap, &place) && swap.turn == turn.id)
    };
    let own = turns.iter().filter(|turn| Some(&turn.person) == person.as_ref() && !given(turn));
    show(&Page {
        frame: Frame::new(&desk, &visitor, "/turni", "Scambi di turno"),
        done: !asked.fatto.is_empty(),
        decides: visitor.may(Act::EditRoster),
        offers: requests(offers),
        waiting: requests(waiting),
        own: own.cloned().collect(),
        back: place.page("/turni"),
        seen: standing.revision,
        person,
        place,
    })
}

/// `POST /turni/scambi/prendi`: a turn that is offered.
pub(in super::super) async fn take(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let Some(person) = visitor.account.person.clone() else {
        return refuse(&desk, &visitor, TAKE, NOBODY.to_owned(), "/turni/scambi".into());
    };
    let edit = |request: &[Swap]| match request {
        [offer] => Some(Edit::TakeSwap { id: offer.id.clone(), to: person }),
        _ => None,
    };
    settle(&desk, &visitor, &fields, TAKE, "/turni/scambi/prendi", edit).await
}

/// `POST /turni/scambi/ritira`: by who asked, or a coordinator.
pub(in super::super) async fn withdraw(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let may = |swap: &Swap| swap.entered.by == visitor.account.name || visitor.may(Act::EditRoster);
    let edit = |request: &[Swap]| {
        let first = request.first().filter(|swap| may(swap))?;
        Some(Edit::DropSwaps { request: first.request().to_owned() })
    };
    settle(&desk, &visitor, &fields, "Ritira la richiesta", "/turni/scambi/ritira", edit).await
}

/// `POST /turni/scambi/decidi`: approved or refused.
pub(in super::super) async fn decide(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let (title, approved) = match fields.get("esito") {
        "approva" => ("Approva lo scambio", Some(true)),
        "rifiuta" => ("Rifiuta lo scambio", Some(false)),
        _ => ("Decidi lo scambio", None),
    };
    let edit = |swaps: &[Swap]| {
        let request = swaps.first()?.request().to_owned();
        approved.map(|approved| match approved {
            true => Edit::ApproveSwaps { request },
            false => Edit::DropSwaps { request },
        })
    };
    settle(&desk, &visitor, &fields, title, "/turni/scambi/decidi", edit).await
}

/// Finds the request that a form names, among those of its place, and carries out what is
/// to be done with it.
async fn settle(
    desk: &Desk,
    visitor: &Visitor,
    fields: &Fields,
    title: &'static str,
    address: &'static str,
    edit: impl FnOnce(&[Swap]) -> Option<Edit>,
) -> Result<Response, PageError> {
    let standing = desk.reader.roster().await?;
    let (service, equipe) = (fields.get("servizio"), fields.get("equipe"));
    let place = Place::of(desk, visitor, &standing.roster, service, equipe)?;
    let wanted = fields.get("richiesta");
    let swaps = standing.roster.records().swaps.iter();
    let request: Vec<Swap> = swaps
        .filter(|swap| swap.approved.is_none() && is_here(swap, &place))
        .filter(|swap| swap.request() == wanted)
        .cloned()
        .collect();
    let back = place.address("/turni/scambi", &[("fatto", "1")]);
    let about = span(&place, &standing.roster, &request, desk.clock.wall());
    let (Some(edit), Some(about)) = (edit(&request), about) else {
        let gone = "La richiesta non c'è più: è stata approvata, rifiutata o ritirata, oppure il \
                    turno è passato.";
        return refuse(desk, visitor, title, gone.to_owned(), back);
    };
    let form = Form::None;
    let change = Change { place: &place, edit, about, title, address, back: back.clone(), form };
    match carry_out(desk, visitor, fields, standing, change).await? {
        Carried::Answered(response) => Ok(response),
        Carried::Refused(problem) => refuse(desk, visitor, title, problem, back),
    }
}

/// From the first turn of these swaps to the last.
pub(super) fn span(
    place: &Place,
    roster: &Roster,
    swaps: &[Swap],
    now: DateTime<Utc>,
) -> Option<Period> {
    let spells = swaps.iter().filter_map(|swap| spell_of(place, roster, &swap.turn, now));
    let spells: Vec<Period> = spells.collect();
    let from = spells.iter().map(|spell| spell.from()).min()?;
    Period::new(from, spells.iter().map(|spell| spell.until()).max()?).ok()
}

/// The open requests about turns to come, each with whether nobody took it yet.
fn requests(
    place: &Place,
    roster: &Roster,
    turns: &[Coming],
    visitor: &Visitor,
) -> Vec<(bool, Request)> {
    let own = visitor.account.person.as_deref();
    let mut all: Vec<(bool, Request)> = Vec::new();
    let swaps = roster.records().swaps.iter();
    for swap in swaps.filter(|swap| swap.approved.is_none() && is_here(swap, place)) {
        let Some(turn) = turns.iter().find(|turn| turn.id == swap.turn) else { continue };
        let to = if swap.to.is_empty() { "chi lo prende" } else { &swap.to };
        let line = format!("{}: da {} a {to}", turn.label, turn.person);
        match all.iter_mut().find(|(_, request)| request.id == swap.request()) {
            Some((open, request)) => {
                *open |= swap.to.is_empty();
                request.lines.push(line);
            }
            None => {
                let request = Request {
                    id: swap.request().to_owned(),
                    lines: vec![line],
                    by: swap.entered.by.clone(),
                    mine: swap.entered.by == visitor.account.name,
                    takes: own.is_some_and(|own| own != turn.person),
                };
                all.push((swap.to.is_empty(), request));
            }
        }
    }
    all
}

fn is_here(swap: &Swap, place: &Place) -> bool {
    swap.service == *place.service() && swap.equipe == place.equipe
}

const TAKE: &str = "Prendi il turno";
