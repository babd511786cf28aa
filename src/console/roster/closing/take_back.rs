//! A closure is taken back once it was seen what that changes.

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::super::place::Place;
use super::super::refusal::refuse;
use super::effect::effect;
use super::enter::{Preview, carried};
use super::{told, until_in_use};
use crate::console::Desk;
use crate::console::error::PageError;
use crate::console::form::Posted;
use crate::console::frame::{Frame, show};
use crate::console::gate::Visitor;
use crate::roster::Roster;
use crate::words::Clock as _;

/// `POST /orari/togli`.
pub(in super::super::super) async fn take_back(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let place = Place::of(&desk, &visitor, &Roster::default(), fields.get("servizio"), "")?;
    let asked: Option<i64> = fields.get("id").parse().ok();
    let rows = desk.reader.closures().await?;
    let row = rows
        .into_iter()
        .find(|row| Some(row.closure) == asked && row.entered.service == *place.service());
    let gone = || {
        let problem = "Non c'è più: qualcuno l'ha già tolta.".to_owned();
        refuse(&desk, &visitor, TITLE, problem, place.page("/orari"))
    };
    let Some(row) = row else { return gone() };
    let (now, text) = (desk.clock.wall(), told(&place, &row.entered));
    if fields.get("passo") == "conferma" {
        let by = &visitor.account.name;
        let writing = async { Ok(desk.clerk.take_back_closure(&row, &text, by, now).await?) };
        if !until_in_use(&desk, writing).await? {
            return gone();
        }
        return Ok(Redirect::to(&place.address("/orari", &[("fatto", "1")])).into_response());
    }
    let roster = desk.reader.roster().await?.roster;
    let after = place.plan.open_again(&row.entered);
    show(&Preview {
        frame: Frame::new(&desk, &visitor, "/orari", TITLE),
        address: "/orari/togli",
        text: format!("Non vale più la chiusura: {text}."),
        effect: effect(&place, (place.plan.as_ref(), &after), &row.entered.closure, &roster, now),
        hidden: carried(&fields),
        back: place.page("/orari"),
        correct: false,
    })
}

const TITLE: &str = "Togli una chiusura";
