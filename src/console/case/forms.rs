//! The small forms of a case: its stage, its hand-over, notes, call-backs, joining.
//!
//! The scheda itself is `write.rs`. Law: what cannot be taken comes back as it was typed.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use chrono::{DateTime, NaiveDateTime, Utc};

use super::page::{known, may_call_back};
use super::slip::{Form, Slip};
use super::write::{add_at_last, back, hand_back, sentence};
use super::{Which, find};
use crate::access::Role;
use crate::calendar::instant;
use crate::case::contact::advise;
use crate::case::course::{End, Move};
use crate::case::{Addition, CallBackResult, Stage};
use crate::console::Desk;
use crate::console::civil::read_time;
use crate::console::error::PageError;
use crate::console::form::{Fields, Posted};
use crate::console::gate::Visitor;
use crate::store::{CaseRow, Joining, join_cases};
use crate::words::{CaseNumber, Clock as _};

/// `POST …/fase`.
pub(in crate::console) async fn move_on(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(which): Which,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let case = find(&desk, &visitor, &which).await?;
    let from: Stage = fields.get("da").parse().map_err(|()| PageError::Form)?;
    let to: Stage = fields.get("a").parse().map_err(|()| PageError::Form)?;
    let end = match end(&fields, to) {
        Ok(end) => end,
        Err(problem) => {
            let slip = Slip::new(Form::Move, &fields, "dettaglio", problem);
            return hand_back(&desk, &visitor, &case, slip).await;
        }
    };
    // As a test nothing is owed: whoever may not call back does not decide that nobody does.
    let may = may_call_back(visitor.account.role, advise(&case.contact()).permission);
    if end == Some(End::Prova) && case.callback_owed && !may {
        let problem = "Qui c'è un richiamo da decidere: che è una prova lo dice un coordinatore.";
        let slip = Slip::new(Form::Move, &fields, "fine", problem.to_owned());
        return hand_back(&desk, &visitor, &case, slip).await;
    }
    let moved = Move { from, to, end, reason: fields.get("motivo").to_owned() };
    post(&desk, &visitor, &case, &fields, Addition::Stage(moved)).await
}

/// `POST …/nota`.
pub(in crate::console) async fn note(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(which): Which,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let case = find(&desk, &visitor, &which).await?;
    let text = fields.get("testo").to_owned();
    post(&desk, &visitor, &case, &fields, Addition::Note { text }).await
}

/// `POST …/richiamo`: somebody called back, or decided not to.
pub(in crate::console) async fn call_back(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(which): Which,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let case = find(&desk, &visitor, &which).await?;
    let history = desk.reader.case_history(&desk.keyring, case.id).await?;
    let advice = advise(&known(&case, &history.scheda.unwrap_or_default()));
    if !may_call_back(visitor.account.role, advice.permission) {
        let problem = format!("{} Lo decide un coordinatore.", advice.sentence);
        let slip = Slip::new(Form::CallBack, &fields, "", problem);
        return hand_back(&desk, &visitor, &case, slip).await;
    }
    let asked = fields.get("esito");
    let result = CallBackResult::CHOICES.into_iter().find(|result| result.word() == asked);
    let Some(result) = result else {
        let problem = "Scelga com'è andata.".to_owned();
        let slip = Slip::new(Form::CallBack, &fields, "esito", problem);
        return hand_back(&desk, &visitor, &case, slip).await;
    };
    if result == CallBackResult::NotToBeCalled && visitor.account.role != Role::Coordinator {
        let problem = "Che nessuno richiami lo decide un coordinatore.".to_owned();
        let slip = Slip::new(Form::CallBack, &fields, "esito", problem);
        return hand_back(&desk, &visitor, &case, slip).await;
    }
    let note = fields.get("nota").to_owned();
    post(&desk, &visitor, &case, &fields, Addition::CallbackDone { result, note }).await
}

/// `POST …/invio`: the scheda went to the territorial service.
pub(in crate::console) async fn hand_over(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(which): Which,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let case = find(&desk, &visitor, &which).await?;
    let when = match time(&fields, &case) {
        Ok(when) => when,
        Err(problem) => {
            let slip = Slip::new(Form::HandOver, &fields, "quando", problem);
            return hand_back(&desk, &visitor, &case, slip).await;
        }
    };
    let (to, how) = (fields.get("a").to_owned(), fields.get("come").to_owned());
    post(&desk, &visitor, &case, &fields, Addition::HandedOver { when, to, how }).await
}

/// `POST …/ricevuta`: the service confirmed.
pub(in crate::console) async fn acknowledge(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(which): Which,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let case = find(&desk, &visitor, &which).await?;
    let when = match time(&fields, &case) {
        Ok(when) => when,
        Err(problem) => {
            let slip = Slip::new(Form::Acknowledge, &fields, "quando", problem);
            return hand_back(&desk, &visitor, &case, slip).await;
        }
    };
    let by = fields.get("chi").to_owned();
    post(&desk, &visitor, &case, &fields, Addition::Acknowledged { when, by }).await
}

/// `POST …/unisci`: another case is about the same; this one goes on.
pub(in crate::console) async fn join(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(which): Which,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let case = find(&desk, &visitor, &which).await?;
    let number = fields.get("numero");
    let other = (which.0.clone(), number.to_owned());
    let Ok(other) = find(&desk, &visitor, &other).await else {
        let problem = format!("Fra le sue schede di questo servizio non c'è la «{number}».");
        let slip = Slip::new(Form::Join, &fields, "numero", problem);
        return hand_back(&desk, &visitor, &case, slip).await;
    };
    let last = async |case: &CaseRow| {
        let standing = desk.reader.case_standing(case.id).await.map_err(PageError::Sql)?;
        Ok::<u32, PageError>(standing.ok_or(PageError::NotFound)?.last)
    };
    let joining = Joining {
        kept: (case.id, last(&case).await?),
        duplicate: (other.id, last(&other).await?),
        author: &visitor.account.name,
        at: desk.clock.wall(),
    };
    match join_cases(&desk.store_url, &desk.keyring, joining).await {
        Ok(_) => Ok(back(&case, "#storia")),
        Err(error) => {
            let slip = Slip::new(Form::Join, &fields, Form::Join.field(&error), sentence(&error));
            hand_back(&desk, &visitor, &case, slip).await
        }
    }
}

/// Adds one thing; what cannot be added comes back with a sentence.
async fn post(
    desk: &Desk,
    visitor: &Visitor,
    case: &CaseRow,
    fields: &Fields,
    addition: Addition,
) -> Result<Response, PageError> {
    let expected: u32 = fields.get("base").parse().map_err(|_| PageError::Form)?;
    let added = add_at_last(desk, case, &visitor.account.name, expected, &addition).await;
    let Err(error) = added else { return Ok(back(case, "#storia")) };
    let form = Form::of(&addition);
    let slip = Slip::new(form, fields, form.field(&error), sentence(&error));
    hand_back(desk, visitor, case, slip).await
}

/// Day and time as they were typed, or a sentence about them.
fn time(fields: &Fields, case: &CaseRow) -> Result<DateTime<Utc>, String> {
    let (typed, zone) = (fields.get("quando"), case.opened.timezone());
    // A browser's field cannot say which of two equal times is meant: it is the first.
    match NaiveDateTime::parse_from_str(typed, "%Y-%m-%dT%H:%M") {
        Ok(time) => Ok(instant(time, zone)),
        Err(_) => read_time(typed, zone),
    }
}

fn end(fields: &Fields, to: Stage) -> Result<Option<End>, String> {
    if to != Stage::Archiviata {
        return Ok(None);
    }
    let detail = fields.get("dettaglio");
    Ok(Some(match fields.get("fine") {
        "conclusa" => End::Conclusa,
        "informazione" => End::Informazione,
        "non_di_competenza" => End::NonDiCompetenza { inviata_a: detail.to_owned() },
        "abbandonata" => End::Abbandonata,
        "muta" => End::Muta,
        "prova" => End::Prova,
        "doppione" => {
            let di: CaseNumber = detail.parse().map_err(|_| {
                format!("«{detail}» non è un numero di scheda: scriva per esempio 2026-0417.")
            })?;
            End::Doppione { di }
        }
        _ => return Ok(None),
    }))
}
