//! A case read for a reason, by who looks after the machine; and coordinators, who see it.
//!
//! It shows nothing that a responder would not read, and writes nothing in a case. Law: **no
//! reason, no case**; what was read is told to every coordinator of the service.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::TimeDelta;

use super::Desk;
use super::calls::{Choice, services};
use super::case::{self, Which};
use super::civil;
use super::error::PageError;
use super::form::{Fields, Posted};
use super::frame::{Frame, show};
use super::gate::Visitor;
use crate::access::Act;
use crate::store::{CaseRow, GlassRow, NewGlass};
use crate::words::{CaseNumber, Clock as _};

/// A reason opens one case for so long: enough to look what is wrong, no more.
const GLASS_MAX: TimeDelta = TimeDelta::minutes(30);
/// The shortest and the longest reason, in characters.
const REASON: std::ops::RangeInclusive<usize> = 10..=500;
/// Openings on the list of the coordinators.
const LISTED: u32 = 200;

#[derive(Template)]
#[template(path = "console/pages/straordinario.html", config = ".askama.toml")]
struct Form {
    frame: Frame,
    services: Vec<Choice>,
    typed: Typed,
    number_wrong: Option<String>,
    reason_wrong: Option<String>,
    problem: Option<&'static str>,
    minutes: i64,
    open: Vec<Line>,
}

#[derive(Debug, Default)]
struct Typed {
    service: String,
    number: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "console/pages/straordinari.html", config = ".askama.toml")]
struct List {
    frame: Frame,
    openings: Vec<Line>,
}

struct Line {
    glass: i64,
    number: String,
    service: String,
    /// Where whoever looks reads the case.
    address: String,
    who: String,
    reason: String,
    opened: String,
    until: String,
    seen_by: String,
    /// Whether this coordinator still has to confirm.
    waits: bool,
}

/// `GET /straordinario`.
pub(super) async fn form(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, PageError> {
    show(&asking(&desk, &visitor, Typed::default()).await?)
}

/// `POST /straordinario`: with a reason, the case is open to this visit for a while.
pub(super) async fn ask(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let typed = Typed::of(&fields);
    let reason_wrong = refuse(&typed.reason);
    let case = match wanted(&desk, &visitor, &typed).await? {
        Ok(case) if reason_wrong.is_none() => case,
        found => {
            let number_wrong = found.err();
            let page = Form { number_wrong, reason_wrong, ..asking(&desk, &visitor, typed).await? };
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&page)?).into_response());
        }
    };
    let now = desk.clock.wall();
    let new = NewGlass {
        case: case.id,
        number: case.case,
        service: &case.service,
        account: &visitor.account.name,
        session: &visitor.session,
        reason: &typed.reason,
        expires: now + GLASS_MAX,
    };
    desk.clerk.break_glass(new, now).await?;
    tracing::warn!(case = %case.case, who = visitor.account.name, "a case is read for a reason");
    Ok(Redirect::to(&address(&case)).into_response())
}

/// `GET /straordinario/SERVICE/NUMBER`: the case, read only.
pub(super) async fn read(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(which): Which,
) -> Result<Response, PageError> {
    let case = case::of_service(&desk, &visitor, &which).await?;
    let open = desk.reader.glass_of_visit(&visitor.session, desk.clock.wall()).await?;
    let Some(glass) = open.iter().find(|glass| glass.case == case.id) else {
        let (service, number) = which;
        let typed = Typed { service, number, reason: String::new() };
        let problem = Some("Per leggere questa scheda serve un motivo, scritto qui.");
        let page = Form { problem, ..asking(&desk, &visitor, typed).await? };
        return Ok((StatusCode::FORBIDDEN, show(&page)?).into_response());
    };
    case::open_for_a_reason(&desk, &visitor, &case, glass.expires).await
}

/// `GET /straordinari`: what was read for a reason, for coordinators.
pub(super) async fn list(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, PageError> {
    let openings = desk.reader.glass(LISTED).await?;
    let own = openings.iter().filter(|glass| visitor.is_of(&glass.service));
    let openings = own.map(|glass| line(&desk, &visitor, glass)).collect();
    let frame = Frame::new(&desk, &visitor, "/straordinari", "Accessi straordinari");
    show(&List { frame, openings })
}

/// `POST /straordinari`: a coordinator has seen one.
pub(super) async fn confirm(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let asked: i64 = fields.get("quale").parse().map_err(|_| PageError::NotFound)?;
    let openings = desk.reader.glass(LISTED).await?;
    let own = |glass: &&GlassRow| glass.glass == asked && visitor.is_of(&glass.service);
    let glass = openings.iter().find(own).ok_or(PageError::NotFound)?;
    desk.clerk.see_glass(glass, &visitor.account.name, desk.clock.wall()).await?;
    Ok(Redirect::to("/straordinari").into_response())
}

/// The case that is asked for, or what is wrong with its number.
async fn wanted(
    desk: &Desk,
    visitor: &Visitor,
    typed: &Typed,
) -> Result<Result<CaseRow, String>, PageError> {
    let number = &typed.number;
    if number.parse::<CaseNumber>().is_err() {
        let sentence = "non è un numero di scheda: scriva per esempio 2026-0417.";
        return Ok(Err(format!("«{number}» {sentence}")));
    }
    match case::of_service(desk, visitor, &(typed.service.clone(), number.clone())).await {
        Ok(case) => Ok(Ok(case)),
        Err(PageError::NotFound) => Ok(Err(format!("Questo servizio non ha la scheda {number}."))),
        Err(error) => Err(error),
    }
}

/// Whether this visitor still has to confirm having seen it: a coordinator who was there.
pub(super) fn waits_for(glass: &GlassRow, visitor: &Visitor) -> bool {
    let account = &visitor.account;
    visitor.may(Act::ConfirmGlass)
        && visitor.is_of(&glass.service)
        && glass.opened >= account.created
        && !glass.seen_by.contains(&account.name)
}

/// What is wrong with a reason; `None` when nothing is.
fn refuse(reason: &str) -> Option<String> {
    let length = reason.chars().count();
    let (least, most) = REASON.into_inner();
    match length {
        0 => Some("Senza un motivo la scheda non si apre.".into()),
        few if few < least => Some("Il motivo è troppo breve: dica che cosa deve fare.".into()),
        many if many > most => {
            Some(format!("Il motivo è troppo lungo: al massimo {most} lettere."))
        }
        _ => None,
    }
}

async fn asking(desk: &Desk, visitor: &Visitor, typed: Typed) -> Result<Form, PageError> {
    let open = desk.reader.glass_of_visit(&visitor.session, desk.clock.wall()).await?;
    let services = services(desk, visitor).into_iter().map(|(id, label, _)| Choice {
        chosen: id.as_str() == typed.service,
        value: id.as_str().to_owned(),
        label,
    });
    Ok(Form {
        frame: Frame::new(desk, visitor, "/straordinario", "Accesso straordinario"),
        services: services.collect(),
        number_wrong: None,
        reason_wrong: None,
        problem: None,
        minutes: GLASS_MAX.num_minutes(),
        open: open.iter().map(|glass| line(desk, visitor, glass)).collect(),
        typed,
    })
}

fn line(desk: &Desk, visitor: &Visitor, glass: &GlassRow) -> Line {
    let plans = desk.plans.borrow();
    let plan = plans.iter().find(|plan| plan.service == glass.service);
    let zone = plan.map_or(super::accounts::ZONE, |plan| plan.timezone);
    let place = if visitor.may(Act::BreakGlass) { "straordinario" } else { "schede" };
    Line {
        glass: glass.glass,
        number: glass.number.to_string(),
        service: plan.map_or_else(|| glass.service.to_string(), |plan| plan.title.clone()),
        address: format!("/{place}/{}/{}", glass.service, glass.number),
        who: glass.full_name.clone(),
        reason: glass.reason.clone(),
        opened: civil::full(glass.opened.with_timezone(&zone)),
        until: glass.expires.with_timezone(&zone).format("%H:%M").to_string(),
        seen_by: glass.seen_by.join(", "),
        waits: waits_for(glass, visitor),
    }
}

fn address(case: &CaseRow) -> String {
    format!("/straordinario/{}/{}", case.service, case.case)
}

impl Typed {
    fn of(fields: &Fields) -> Self {
        let get = |name: &str| fields.get(name).to_owned();
        Self { service: get("servizio"), number: get("numero"), reason: get("motivo") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_neither_missing_nor_a_novel() {
        for (reason, refused) in [
            ("", true),
            ("guasto", true),
            ("La scheda non si apre a nessuno.", false),
            (&"à".repeat(500), false),
            (&"à".repeat(501), true),
        ] {
            assert_eq!(refuse(reason).is_some(), refused, "{reason}");
        }
    }
}
