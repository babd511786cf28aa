//! Who may come in: seen, made, taken away, put out.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::account_form::{Known, Typed, WrongAccount};
use super::calls::Choice;
use super::error::{PageError, sentence};
use super::form::Posted;
use super::frame::{Frame, show};
use super::gate::Visitor;
use super::roster::people;
use super::{Desk, civil};
use crate::access::Role;
use crate::feed::Token;
use crate::store::{AccountRow, Invitation, OpenVisit, WriteRecordError};
use crate::words::{Clock as _, ServiceId};

/// A one-time address serves for so long.
pub const INVITATION_MAX: TimeDelta = TimeDelta::hours(72);

#[derive(Template)]
#[template(path = "console/pages/accessi.html", config = ".askama.toml")]
struct Page {
    frame: Frame,
    accounts: Vec<Line>,
    roles: Vec<Choice>,
    services: Vec<Choice>,
    /// Who is named in the roster.
    people: Vec<String>,
    typed: Typed,
    wrong: WrongAccount,
    /// Of no field.
    problem: Option<String>,
    /// The one-time address, shown once: name and address.
    invitation: Option<(String, String)>,
}

/// What a page says besides what there is.
#[derive(Default)]
struct Said {
    typed: Typed,
    wrong: WrongAccount,
    problem: Option<String>,
    invitation: Option<(String, String)>,
}

struct Line {
    name: String,
    full_name: String,
    role: &'static str,
    services: String,
    person: String,
    state: &'static str,
    second_factor: &'static str,
    /// The visits that are open, in words, and how many more there are.
    visits: Vec<String>,
    more: usize,
    /// Whether there is a visit that the visitor may end: of their own, another one.
    ends: bool,
    disabled: bool,
    own: bool,
}

/// Visits told one by one, for each account.
const VISITS_TOLD: usize = 5;

/// `GET /accessi`.
pub(super) async fn page(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, PageError> {
    show(&shown(&desk, &visitor, Said::default()).await?)
}

/// `POST /accessi`: a new account.
pub(super) async fn add(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let typed = Typed::of(&fields);
    let refuse = async |typed: Typed, wrong: WrongAccount| {
        let said = Said { typed, wrong, ..Said::default() };
        let page = shown(&desk, &visitor, said).await?;
        Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&page)?).into_response())
    };
    let account = match typed.account(&known(&desk).await) {
        Ok(account) => account,
        Err(wrong) => return refuse(typed, *wrong).await,
    };
    let now = desk.clock.wall();
    let token = Token::random();
    let invitation = invitation(&token, now);
    match desk.clerk.add_account(&account, &invitation, &visitor.account.name, now).await {
        Ok(()) => {}
        Err(error @ WriteRecordError::NameTaken(_)) => {
            let name = Some(sentence(&error));
            return refuse(typed, WrongAccount { name, ..WrongAccount::default() }).await;
        }
        Err(error) => return Err(error.into()),
    }
    invite_shown(&desk, &visitor, &account.name, &token).await
}

/// `POST /accessi/NAME/invito`: a new one-time address.
pub(super) async fn invite(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(name): Path<String>,
    Posted(_): Posted,
) -> Result<Response, PageError> {
    let now = desk.clock.wall();
    desk.reader.account(&name).await?.ok_or(PageError::NotFound)?;
    let token = Token::random();
    desk.clerk.invite(&name, &invitation(&token, now), &visitor.account.name, now).await?;
    invite_shown(&desk, &visitor, &name, &token).await
}

/// `POST /accessi/NAME/togli`.
pub(super) async fn take_away(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(name): Path<String>,
    Posted(_): Posted,
) -> Result<Response, PageError> {
    if name == visitor.account.name {
        let problem = "Non può togliere il suo stesso accesso: lo chieda a un collega.";
        let said = Said { problem: Some(problem.into()), ..Said::default() };
        let page = shown(&desk, &visitor, said).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&page)?).into_response());
    }
    set(&desk, &visitor, &name, Some("tolto dalla pagina degli accessi")).await
}

/// `POST /accessi/NAME/restituisci`.
pub(super) async fn give_back(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(name): Path<String>,
    Posted(_): Posted,
) -> Result<Response, PageError> {
    set(&desk, &visitor, &name, None).await
}

/// `POST /accessi/NAME/esci`: whoever is in under this name is out; of one's own visits the
/// one that asks stays.
pub(super) async fn put_out(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(name): Path<String>,
    Posted(_): Posted,
) -> Result<Response, PageError> {
    desk.reader.account(&name).await?.ok_or(PageError::NotFound)?;
    let (by, now) = (&visitor.account.name, desk.clock.wall());
    let stays = (name == *by).then_some(visitor.session.as_str());
    desk.clerk.end_sessions(&name, stays, by, now).await?;
    desk.watchers.cut(|session, account| account == name && Some(session) != stays);
    Ok(Redirect::to("/accessi").into_response())
}

async fn set(
    desk: &Desk,
    visitor: &Visitor,
    name: &str,
    disabled: Option<&str>,
) -> Result<Response, PageError> {
    desk.reader.account(name).await?.ok_or(PageError::NotFound)?;
    let now = desk.clock.wall();
    desk.clerk.set_disabled(name, disabled, &visitor.account.name, now).await?;
    desk.watchers.cut(|_, account| account == name);
    Ok(Redirect::to("/accessi").into_response())
}

async fn invite_shown(
    desk: &Desk,
    visitor: &Visitor,
    name: &str,
    token: &Token,
) -> Result<Response, PageError> {
    let invitation = (name.to_owned(), format!("/invito/{}", token.reveal()));
    show(&shown(desk, visitor, Said { invitation: Some(invitation), ..Said::default() }).await?)
}

/// The one-time address that a secret opens, for as long as such an address serves.
pub fn invitation(token: &Token, now: DateTime<Utc>) -> Invitation {
    Invitation { token_hash: token.hash(), expires: now + INVITATION_MAX }
}

/// Who and what there is to choose from. A roster that cannot be read names nobody.
pub(super) async fn known(desk: &Desk) -> Known {
    let roster = desk.reader.roster().await.map(|standing| standing.roster).unwrap_or_default();
    let plans = desk.plans.borrow().clone();
    let services = plans.iter().map(|plan| (plan.service.clone(), people(&roster, &plan.service)));
    Known { services: services.collect() }
}

async fn shown(desk: &Desk, visitor: &Visitor, said: Said) -> Result<Page, PageError> {
    let now = desk.clock.wall();
    let accounts = desk.reader.accounts().await?;
    let visits = desk.reader.open_visits(now).await?;
    let plans = desk.plans.borrow().clone();
    let title = |id: &ServiceId| {
        plans
            .iter()
            .find(|plan| plan.service == *id)
            .map_or_else(|| id.to_string(), |p| p.title.clone())
    };
    let Said { typed, wrong, problem, invitation } = said;
    let people = known(desk).await.people();
    Ok(Page {
        frame: Frame::new(desk, visitor, "/accessi", "Accessi"),
        accounts: accounts
            .iter()
            .map(|account| line(account, &visits, visitor, now, title))
            .collect(),
        roles: roles(&typed.role),
        services: plans
            .iter()
            .map(|plan| Choice {
                value: plan.service.to_string(),
                label: plan.title.clone(),
                chosen: typed.services.iter().any(|id| id == plan.service.as_str()),
            })
            .collect(),
        people,
        typed,
        wrong,
        problem,
        invitation,
    })
}

/// The roles to choose from, those given most often first.
pub(super) fn roles(chosen: &str) -> Vec<Choice> {
    let roles = [Role::Responder, Role::Coordinator, Role::Administrator, Role::Auditor];
    roles.map(|role| Choice::new(role.word(), role.italian(), chosen)).into()
}

fn line(
    account: &AccountRow,
    visits: &[OpenVisit],
    visitor: &Visitor,
    now: DateTime<Utc>,
    title: impl Fn(&ServiceId) -> String,
) -> Line {
    let open: Vec<&OpenVisit> = visits.iter().filter(|v| v.account == account.name).collect();
    Line {
        name: account.name.clone(),
        full_name: account.full_name.clone(),
        role: account.role.italian(),
        services: match account.services.is_empty() {
            true => "tutti".into(),
            false => account.services.iter().map(title).collect::<Vec<_>>().join(", "),
        },
        person: account.person.clone().unwrap_or_default(),
        state: match (account.disabled, account.locked, &account.password) {
            (Some(_), _, _) => "tolto",
            (_, Some(locked), _) if locked > now => "bloccato: troppi tentativi",
            (_, _, None) => "password da scegliere",
            _ => "attivo",
        },
        second_factor: match (account.role.needs_second_factor(), &account.totp) {
            (_, Some(_)) => "sì",
            (true, None) => "al prossimo ingresso",
            (false, None) => "no",
        },
        visits: open.iter().take(VISITS_TOLD).map(|visit| told(visit, visitor, now)).collect(),
        more: open.len().saturating_sub(VISITS_TOLD),
        ends: open.iter().any(|visit| visit.session != visitor.session),
        disabled: account.disabled.is_some(),
        own: account.name == visitor.account.name,
    }
}

/// «da 20:00, ultima pagina 20:15».
fn told(visit: &OpenVisit, visitor: &Visitor, now: DateTime<Utc>) -> String {
    let at = |at| civil::short(at, now, ZONE);
    let more = match (visit.session == visitor.session, visit.complete) {
        (true, _) => " (questa)",
        (false, false) => " (manca il codice)",
        (false, true) => "",
    };
    format!("da {}, ultima pagina {}{more}", at(visit.created), at(visit.seen))
}

/// The zone in which what belongs to no service is dated.
pub(super) const ZONE: Tz = Tz::Europe__Rome;
