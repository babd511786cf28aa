//! The scheda as it is written: saved, merged with what others wrote, kept as a draft.
//!
//! The small forms are `forms.rs`.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::page::{Shown, page};
use super::slip::{Slip, Slips};
use super::{Which, address, find, tell};
use crate::case::scheda::{Pairs, ReadSchedaError, Terms, merge};
use crate::case::{Addition, Scheda};
use crate::console::Desk;
use crate::console::error::{self, PageError};
use crate::console::form::{Fields, Posted};
use crate::console::frame::show;
use crate::console::gate::Visitor;
use crate::store::{
    Append, AppendToCaseError, CaseHistory, CaseRow, Content, Draft, Since, append_to_case,
    discard_draft, keep_draft,
};
use crate::words::Clock as _;

/// How often what others write in between is merged before one gives up.
const TRIES: u32 = 3;

/// `POST …/scheda`.
pub(in crate::console) async fn save(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(which): Which,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let case = find(&desk, &visitor, &which).await?;
    let typed = scheda_pairs(&fields);
    let base: u32 = fields.get("base").parse().map_err(|_| PageError::Form)?;
    let plan = desk.plans.borrow().iter().find(|plan| plan.service == case.service).cloned();
    let comuni: Vec<&str> =
        plan.iter().flat_map(|plan| &plan.comuni).map(|comune| comune.name.as_str()).collect();
    let mut mine = match Scheda::read(&typed, &Terms { comuni: &comuni }) {
        Ok(read) => read.scheda,
        Err(error) => {
            let problem = Some(error.to_string());
            let problems = match error {
                ReadSchedaError::Refused(problems) => problems,
                ReadSchedaError::TooMuch => Vec::new(),
            };
            let shown = Shown {
                typed: Some(typed),
                base: Some(base),
                problems,
                problem,
                ..Shown::default()
            };
            return refuse(&desk, &visitor, &case, shown).await;
        }
    };
    let history = desk.reader.case_history(&desk.keyring, case.id).await?;
    let mut expected = history.last;
    let mut before = scheda_at(&history, base);
    let mut now_there = scheda_at(&history, history.last);
    let author = &visitor.account.name;
    for _ in 0..TRIES {
        mine = match merge(&before, &mine, &now_there) {
            Ok(merged) => merged,
            Err(conflicts) => {
                // Mine stays in the form; theirs stands beside it.
                let mut together = conflicts.agreed.pairs();
                for conflict in &conflicts.fields {
                    let name = conflict.key.to_string();
                    together.retain(|(key, _)| *key != name);
                    let own = typed.iter().filter(|(key, _)| *key == name).cloned();
                    together.extend(own);
                }
                let problem = "Qualcuno ha scritto in questa scheda mentre lei la compilava. Nulla \
                     è perso: dove avete scritto cose diverse trova sotto il campo ciò che ha \
                     scritto l'altra persona; scelga e salvi di nuovo.";
                let shown = Shown {
                    typed: Some(together),
                    base: Some(expected),
                    conflicts: conflicts.fields,
                    problem: Some(problem.into()),
                    ..Shown::default()
                };
                return refuse(&desk, &visitor, &case, shown).await;
            }
        };
        if mine == now_there {
            forget(&desk, &case, author).await;
            return Ok(saved(&case));
        }
        let addition = Addition::Scheda { scheda: mine.clone() };
        match add(&desk, &case, author, expected, &addition).await {
            Ok(()) => {
                forget(&desk, &case, author).await;
                return Ok(saved(&case));
            }
            Err(AppendToCaseError::Conflict(since)) => {
                let Since { last, scheda, .. } = *since;
                (before, now_there, expected) = (now_there, scheda, last);
            }
            Err(error) => {
                let problem = Some(sentence(&error));
                let shown =
                    Shown { typed: Some(typed), base: Some(base), problem, ..Shown::default() };
                return refuse(&desk, &visitor, &case, shown).await;
            }
        }
    }
    let problem = Some("Troppe persone scrivono insieme in questa scheda: riprovi.".into());
    let shown = Shown { typed: Some(typed), base: Some(base), problem, ..Shown::default() };
    refuse(&desk, &visitor, &case, shown).await
}

/// `POST …/bozza`: what is typed so far, kept while it is typed.
pub(in crate::console) async fn keep(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(which): Which,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let case = find(&desk, &visitor, &which).await?;
    let base: u32 = fields.get("base").parse().map_err(|_| PageError::Form)?;
    let draft = Draft { at: desk.clock.wall(), base, pairs: scheda_pairs(&fields) };
    let whose = (case.id, visitor.account.name.as_str());
    match keep_draft(&desk.store_url, &desk.keyring, whose, &draft).await {
        Ok(()) => {
            let at = draft.at.with_timezone(&case.opened.timezone()).format("%H:%M:%S");
            Ok(format!("Bozza salvata alle {at}.").into_response())
        }
        Err(error) => {
            tracing::error!(%error, "a draft was not kept");
            Ok((StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response())
        }
    }
}

/// `POST …/bozza/togli`.
pub(in crate::console) async fn discard(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(which): Which,
    Posted(_): Posted,
) -> Result<Response, PageError> {
    let case = find(&desk, &visitor, &which).await?;
    forget(&desk, &case, &visitor.account.name).await;
    Ok(back(&case, "#scheda"))
}

/// Adds it, also after what others wrote meanwhile, where it is as true then as before.
pub(super) async fn add_at_last(
    desk: &Desk,
    case: &CaseRow,
    author: &str,
    expected: u32,
    addition: &Addition,
) -> Result<(), AppendToCaseError> {
    match add(desk, case, author, expected, addition).await {
        Err(AppendToCaseError::Conflict(since)) if stands_alone(addition, &since) => {
            add(desk, case, author, since.last, addition).await
        }
        done => done,
    }
}

/// Whether it is as true after what others wrote meanwhile as before.
fn stands_alone(addition: &Addition, since: &Since) -> bool {
    match addition {
        Addition::Stage(moved) => moved.from == since.stage,
        _ => true,
    }
}

async fn add(
    desk: &Desk,
    case: &CaseRow,
    author: &str,
    expected: u32,
    addition: &Addition,
) -> Result<(), AppendToCaseError> {
    let at = desk.clock.wall();
    let append = Append { case: case.id, expected, author, at, addition };
    append_to_case(&desk.store_url, &desk.keyring, append).await.map(drop)
}

/// Saved is saved: a draft that stays behind does no harm, and is shown as one.
async fn forget(desk: &Desk, case: &CaseRow, account: &str) {
    if let Err(error) = discard_draft(&desk.store_url, case.id, account).await {
        tracing::warn!(%error, "a draft that was saved stays");
    }
}

/// The page of the case again, with what could not be taken: it is read once more.
pub(super) async fn refuse(
    desk: &Desk,
    visitor: &Visitor,
    case: &CaseRow,
    shown: Shown,
) -> Result<Response, PageError> {
    let status = match shown.conflicts.is_empty() {
        true => StatusCode::UNPROCESSABLE_ENTITY,
        false => StatusCode::CONFLICT,
    };
    tell(desk, visitor, case, "scheda letta").await?;
    Ok((status, show(&page(desk, visitor, case, shown).await?)?).into_response())
}

/// The page of the case again, with a small form that could not be taken.
pub(super) async fn hand_back(
    desk: &Desk,
    visitor: &Visitor,
    case: &CaseRow,
    slip: Slip,
) -> Result<Response, PageError> {
    let problem = Some(slip.sentence().to_owned());
    let shown = Shown { problem, slips: Slips(Some(slip)), ..Shown::default() };
    refuse(desk, visitor, case, shown).await
}

pub(super) fn back(case: &CaseRow, place: &str) -> Response {
    // By this the browser knows that it may forget its copy (`pages/copies.js`).
    Redirect::to(&format!("{}?salvato{place}", address(case))).into_response()
}

/// Back to the scheda, where it says that it is saved.
fn saved(case: &CaseRow) -> Response {
    Redirect::to(&format!("{}?salvato=scheda#scheda", address(case))).into_response()
}

/// An error for who typed: what it says, not its causes, which stand in the log.
pub(super) fn sentence(error: &AppendToCaseError) -> String {
    use AppendToCaseError::{Keys, Open, Sealed, Sql};
    if matches!(error, Keys(_) | Open(_) | Sealed(_) | Sql(_)) {
        tracing::error!(%error, "a case was not written to");
    }
    error::sentence(error)
}

/// The scheda as it stood after the entry `sequence`.
fn scheda_at(history: &CaseHistory, sequence: u32) -> Scheda {
    let schede = history.entries.iter().filter(|entry| entry.sequence <= sequence).rev();
    let schede = schede.filter_map(|entry| match &entry.content {
        Content::Open(addition) => match &**addition {
            Addition::Scheda { scheda } => Some(scheda.clone()),
            _ => None,
        },
        _ => None,
    });
    let mut schede = schede;
    schede.next().unwrap_or_default()
}

/// What of a form belongs to the scheda.
fn scheda_pairs(fields: &Fields) -> Pairs {
    let blocks = ["segnalante.", "persona.", "bisogno.", "intervento.", "esito."];
    let ours = |name: &str| blocks.iter().any(|block| name.starts_with(block));
    let ours = fields.iter().filter(|(name, _)| ours(name));
    ours.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
