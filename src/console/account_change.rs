//! One account, to be changed: with the fields and the sentences of a new one.
//!
//! Law: **nobody changes their own role**, and with another role or other services whoever
//! is in under that name comes in anew.

use std::collections::BTreeSet;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::Desk;
use super::account_form::{Known, Typed, WrongAccount};
use super::accounts::{known, roles};
use super::calls::Choice;
use super::error::PageError;
use super::form::Posted;
use super::frame::{Frame, show};
use super::gate::Visitor;
use crate::store::AccountRow;
use crate::words::{Clock as _, ServiceId};

#[derive(Template)]
#[template(path = "console/pages/accesso.html", config = ".askama.toml")]
struct Page {
    frame: Frame,
    roles: Vec<Choice>,
    services: Vec<Choice>,
    people: Vec<String>,
    typed: Typed,
    wrong: WrongAccount,
}

const OWN_ROLE: &str = "Il suo stesso ruolo non può cambiarlo: lo chieda a un collega.";

/// `GET /accessi/NAME`.
pub(super) async fn page(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(name): Path<String>,
) -> Result<Response, PageError> {
    let account = desk.reader.account(&name).await?.ok_or(PageError::NotFound)?;
    let known = known_of(&desk, &account).await;
    let typed = Typed::from_account(&account);
    show(&shown(&desk, &visitor, known, typed, WrongAccount::default()))
}

/// `POST /accessi/NAME/cambia`.
pub(super) async fn change(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(name): Path<String>,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let account = desk.reader.account(&name).await?.ok_or(PageError::NotFound)?;
    let known = known_of(&desk, &account).await;
    let typed = Typed { name: account.name.clone(), ..Typed::of(&fields) };
    let own = account.name == visitor.account.name;
    let role_wrong = own && typed.role != account.role.word();
    let read = typed.account(&known).map_err(|wrong| *wrong);
    let changed = match (read, role_wrong) {
        (Ok(changed), false) => changed,
        (read, _) => {
            let mut wrong = read.err().unwrap_or_default();
            if role_wrong {
                wrong.role = Some(OWN_ROLE.into());
            }
            let page = shown(&desk, &visitor, known, typed, wrong);
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&page)?).into_response());
        }
    };
    let stays = own.then_some(visitor.session.as_str());
    let by = &visitor.account.name;
    if desk.clerk.change_account(&changed, stays, by, desk.clock.wall()).await? {
        // A page that is watched on shows what it was opened for.
        desk.watchers.cut(|_, account| account == name);
    }
    Ok(Redirect::to("/accessi").into_response())
}

/// What there is to choose from, and what the account has of services that run no more: to
/// leave them out unasked would give it all.
async fn known_of(desk: &Desk, account: &AccountRow) -> Known {
    let mut known = known(desk).await;
    for service in &account.services {
        if !known.services.iter().any(|(id, _)| id == service) {
            known.services.push((service.clone(), BTreeSet::new()));
        }
    }
    known
}

fn shown(desk: &Desk, visitor: &Visitor, known: Known, typed: Typed, wrong: WrongAccount) -> Page {
    let plans = desk.plans.borrow().clone();
    let label = |id: &ServiceId| {
        let plan = plans.iter().find(|plan| plan.service == *id);
        plan.map_or_else(|| format!("{id} (non è più in corso)"), |plan| plan.title.clone())
    };
    let service = |(id, _): &(ServiceId, _)| Choice {
        value: id.to_string(),
        label: label(id),
        chosen: typed.services.iter().any(|chosen| chosen == id.as_str()),
    };
    Page {
        frame: Frame::new(desk, visitor, "/accessi", "Cambia un accesso"),
        roles: roles(&typed.role),
        services: known.services.iter().map(service).collect(),
        people: known.people(),
        typed,
        wrong,
    }
}
