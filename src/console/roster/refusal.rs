//! Why a change of the roster is not made, for who reads a page and knows no command.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use super::super::Desk;
use super::super::error::PageError;
use super::super::frame::{Frame, show};
use super::super::gate::Visitor;
use crate::roster::EditError;

#[derive(Template)]
#[template(path = "console/pages/turni_rifiuto.html", config = ".askama.toml")]
struct Refusal {
    frame: Frame,
    problem: String,
    back: String,
}

/// A refusal where there is no form to show it beside.
pub(super) fn refuse(
    desk: &Desk,
    visitor: &Visitor,
    title: &str,
    problem: String,
    back: String,
) -> Result<Response, PageError> {
    let frame = Frame::new(desk, visitor, "/turni", title);
    let page = show(&Refusal { frame, problem, back })?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// Why the roster's laws do not allow it.
pub(super) fn sentence(error: &EditError) -> String {
    match error {
        EditError::Overlaps { person, .. } => format!(
            "{person} è già sostituito in quel periodo: tolga prima quella sostituzione dalla \
             pagina dei turni, o scelga un altro periodo."
        ),
        EditError::Swapped { .. } => "Quel turno è già stato ceduto: tolga prima quello scambio \
                                      dalla pagina dei turni."
            .into(),
        EditError::NotThere { .. } => {
            "Non c'è più: qualcuno l'ha già tolto. Ricarichi la pagina dei turni.".into()
        }
        EditError::NoTurn(_) => {
            "Quel turno non c'è più: qualcuno l'ha tolto. Ricarichi la pagina dei turni.".into()
        }
        EditError::NoRequest(_) => "La richiesta non c'è più: è stata approvata, rifiutata o \
                                    ritirata, oppure un altro ha già preso il turno."
            .into(),
        EditError::NobodyTakes(_) => "Nessuno ha ancora preso quel turno: aspetti che qualcuno \
                                      lo prenda."
            .into(),
        EditError::SamePerson { person, .. } => {
            format!("Quel turno è già di {person}: scelga un'altra persona.")
        }
        EditError::Orphaned(_) => "Quel turno è stato ceduto o chiesto da qualcuno: tolga prima \
                                   lo scambio o la richiesta."
            .into(),
        EditError::Broken(_) => error.to_string(),
    }
}
