//! The sound of a prompt, played in the page.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use super::{Which, find};
use crate::console::Desk;
use crate::console::error::PageError;

/// `GET …/suono`: as calls hear it.
pub(in crate::console) async fn sound(
    State(desk): State<Desk>,
    Path(which): Which,
) -> Result<Response, PageError> {
    let prompt = find(&desk, &which)?;
    let recordings = desk.studio.voices.recordings.borrow().clone();
    let wav = recordings.wav(prompt.language, &prompt.id).ok_or(PageError::NotFound)?;
    Ok(([(header::CONTENT_TYPE, "audio/wav")], wav).into_response())
}

/// `GET …/prova`: as calls would hear it.
pub(in crate::console) async fn trial(
    State(desk): State<Desk>,
    Path(which): Which,
) -> Result<Response, PageError> {
    let prompt = find(&desk, &which)?;
    let trial = desk.studio.trials.get(prompt.language, &prompt.id);
    let trial = trial.ok_or(PageError::NotFound)?;
    Ok(([(header::CONTENT_TYPE, "audio/wav")], trial.wav).into_response())
}
