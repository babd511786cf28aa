//! A closure is typed, its effect is seen, and then it is entered.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::super::place::Place;
use super::effect::{Effect, effect};
use super::page::page;
use super::typed::{Problems, Typed};
use super::{told, until_in_use};
use crate::calendar::local;
use crate::console::Desk;
use crate::console::error::PageError;
use crate::console::form::{Fields, Posted};
use crate::console::frame::{Frame, show};
use crate::console::gate::Visitor;
use crate::dialplan::EnteredClosure;
use crate::roster::Roster;
use crate::words::Clock as _;

/// What a change of the closures would do.
#[derive(Template)]
#[template(path = "console/pages/orari_anteprima.html", config = ".askama.toml")]
pub(super) struct Preview {
    pub(super) frame: Frame,
    pub(super) address: &'static str,
    /// What would be done, in a sentence.
    pub(super) text: String,
    pub(super) effect: Effect,
    pub(super) hidden: Vec<(String, String)>,
    pub(super) back: String,
    /// Whether there is a form to go back to.
    pub(super) correct: bool,
}

/// `POST /orari/chiudi`.
pub(in super::super::super) async fn enter(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let place = Place::of(&desk, &visitor, &Roster::default(), fields.get("servizio"), "")?;
    let typed = Typed::of(&fields);
    let now = desk.clock.wall();
    let closure = match typed.closure(&place, local(now, place.zone()).date()) {
        Ok(closure) => closure,
        Err(problems) => {
            let again = show(&page(&desk, &visitor, place, typed, *problems).await?)?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, again).into_response());
        }
    };
    match fields.get("passo") {
        "conferma" => {
            let (by, text) = (&visitor.account.name, told(&place, &closure));
            let writing = async { Ok(desk.clerk.enter_closure(&closure, &text, by, now).await?) };
            until_in_use(&desk, writing).await?;
            Ok(Redirect::to(&place.address("/orari", &[("fatto", "1")])).into_response())
        }
        "correggi" => show(&page(&desk, &visitor, place, typed, Problems::default()).await?),
        _ => preview(&desk, &visitor, &fields, &place, &closure).await,
    }
}

async fn preview(
    desk: &Desk,
    visitor: &Visitor,
    fields: &Fields,
    place: &Place,
    closure: &EnteredClosure,
) -> Result<Response, PageError> {
    let roster = desk.reader.roster().await?.roster;
    let after = place.plan.shut([closure]);
    let plans = (place.plan.as_ref(), &after);
    show(&Preview {
        frame: Frame::new(desk, visitor, "/orari", "Chiusura straordinaria"),
        address: "/orari/chiudi",
        text: format!("Uffici chiusi: {}.", told(place, closure)),
        effect: effect(place, plans, &closure.closure, &roster, desk.clock.wall()),
        hidden: carried(fields),
        back: place.page("/orari"),
        correct: true,
    })
}

/// The fields of a form that its preview sends again.
pub(super) fn carried(fields: &Fields) -> Vec<(String, String)> {
    let carried = fields.iter().filter(|(name, _)| !matches!(*name, "csrf" | "passo"));
    carried.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
