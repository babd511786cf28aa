//! A prompt is spoken or recorded anew, tried out, published, taken back.

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use sha2::{Digest as _, Sha256};

use super::pages::{Shown, whole};
use super::{Which, address, find, may_change};
use crate::console::Desk;
use crate::console::error::{PageError, sentence};
use crate::console::form::Posted;
use crate::console::frame::show;
use crate::console::gate::Visitor;
use crate::console::upload::{TOO_SLOW, Upload, Uploaded};
use crate::store::Deed;
use crate::voice::{ChangePromptError, Listed, OwnPrompt, Trial, TryPromptError};
use crate::words::Clock as _;

/// `POST …/testo`: says a new text, to be listened to.
pub(in crate::console) async fn speak(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(which): Which,
    Posted(fields): Posted,
) -> Result<Response, PageError> {
    let prompt = change(&desk, &visitor, &which)?;
    let words = fields.get("testo").to_owned();
    let (text, language) = (words.clone(), prompt.language);
    let turn = desk.studio.turn.clone().lock_owned().await;
    let spoken = tokio::task::spawn_blocking(move || {
        let spoken = Trial::of_text(&text, language);
        drop(turn);
        spoken
    });
    let spoken = spoken.await.map_err(|_| PageError::Busy)?;
    try_out(&desk, &visitor, &prompt, ("testo", "testo", words), spoken).await
}

/// `POST …/registrazione`: takes a recording, to be listened to.
pub(in crate::console) async fn record(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(which): Which,
    Uploaded { fields, file }: Uploaded<RECORDING_MAX>,
) -> Result<Response, PageError> {
    let prompt = change(&desk, &visitor, &which)?;
    let words = fields.get("testo").to_owned();
    let refuse = |field, sentence: String| {
        let typed = Some(("parole", words.clone()));
        refused(&desk, &visitor, &prompt, typed, (field, sentence))
    };
    let bytes = match file {
        Upload::Absent => return refuse("file", "Scelga il file della registrazione.".into()),
        Upload::TooLarge { .. } => {
            let most = RECORDING_MAX / 1024 / 1024;
            return refuse("file", format!("Il file è troppo grande: al massimo {most} MB."));
        }
        Upload::TooSlow => return refuse("file", TOO_SLOW.into()),
        Upload::File { bytes, .. } => bytes,
    };
    if words.is_empty() && prompt.text.is_some() {
        let sentence = "Scriva le parole che si sentono: servono a chi legge i piani.";
        return refuse("parole", sentence.into());
    }
    let heard = tokio::task::spawn_blocking(move || Trial::of_recording(&bytes)).await;
    let heard = heard.map_err(|_| PageError::Busy)?;
    try_out(&desk, &visitor, &prompt, ("file", "parole", words), heard).await
}

/// `POST …/pubblica`: calls hear what was tried out from now on.
pub(in crate::console) async fn publish(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(which): Which,
    Posted(_): Posted,
) -> Result<Response, PageError> {
    let prompt = change(&desk, &visitor, &which)?;
    let studio = &desk.studio;
    let turn = studio.turn.lock().await;
    let trial = studio.trials.get(prompt.language, &prompt.id).ok_or(PageError::NotFound)?;
    let sum = Sha256::digest(&trial.wav);
    let sum: String = sum.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    // Nothing is published that the audit log does not tell.
    note(&desk, &visitor, &prompt, "messaggio pubblicato", &format!("impronta {sum}")).await?;
    if let Err(error) = studio.voices.own.put(prompt.language, &prompt.id, &trial) {
        return refused(&desk, &visitor, &prompt, None, ("", sentence(&error)));
    }
    drop(turn);
    forget(&desk, &prompt);
    told(&desk, &visitor, &prompt, studio.republish().await)
}

/// `POST …/ritira`: the program's own is heard again.
pub(in crate::console) async fn withdraw(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(which): Which,
    Posted(_): Posted,
) -> Result<Response, PageError> {
    let prompt = change(&desk, &visitor, &which)?;
    let studio = &desk.studio;
    let turn = studio.turn.lock().await;
    note(&desk, &visitor, &prompt, "messaggio ritirato", "").await?;
    // What is taken away can be published again.
    if let Some(own) = studio.voices.own.get(prompt.language, &prompt.id)
        && let Err(error) = studio.trials.put(prompt.language, &prompt.id, &own)
    {
        return refused(&desk, &visitor, &prompt, None, ("", sentence(&error)));
    }
    if let Err(error) = studio.voices.own.remove(prompt.language, &prompt.id) {
        return refused(&desk, &visitor, &prompt, None, ("", sentence(&error)));
    }
    drop(turn);
    told(&desk, &visitor, &prompt, studio.republish().await)
}

/// `POST …/butta`: what was tried out is not wanted.
pub(in crate::console) async fn discard(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(which): Which,
    Posted(_): Posted,
) -> Result<Response, PageError> {
    let prompt = change(&desk, &visitor, &which)?;
    forget(&desk, &prompt);
    Ok(Redirect::to(&address(prompt.language, &prompt.id)).into_response())
}

/// A prompt that this visitor may change.
fn change(desk: &Desk, visitor: &Visitor, which: &(String, String)) -> Result<Listed, PageError> {
    let prompt = find(desk, which)?;
    match may_change(desk, visitor, &prompt.id) {
        true => Ok(prompt),
        false => Err(PageError::Forbidden),
    }
}

/// Keeps a trial and leads to it, or says what is wrong beside the first field named; the
/// second is where the words were typed.
async fn try_out(
    desk: &Desk,
    visitor: &Visitor,
    prompt: &Listed,
    (about, typed_in, words): (&'static str, &'static str, String),
    heard: Result<Trial, TryPromptError>,
) -> Result<Response, PageError> {
    let heard = match heard {
        Ok(heard) => heard,
        Err(error) => {
            let problem = (about, sentence(&error));
            return refused(desk, visitor, prompt, Some((typed_in, words)), problem);
        }
    };
    let kept = Some(words.clone()).filter(|words| !words.is_empty());
    let trial = OwnPrompt { wav: heard.wav, words: kept };
    if let Err(error) = desk.studio.trials.put(prompt.language, &prompt.id, &trial) {
        let problem = (about, sentence(&error));
        return refused(desk, visitor, prompt, Some((typed_in, words)), problem);
    }
    // By this the browser knows that it may forget its copy (`pages/copies.js`).
    let place = format!("{}?salvato#prova", address(prompt.language, &prompt.id));
    Ok(Redirect::to(&place).into_response())
}

fn told(
    desk: &Desk,
    visitor: &Visitor,
    prompt: &Listed,
    heard: Result<(), &'static str>,
) -> Result<Response, PageError> {
    match heard {
        Ok(()) => {
            let place = address(prompt.language, &prompt.id);
            let which = (prompt.language.code().to_owned(), prompt.id.to_string());
            // What only the service itself had is gone from the list.
            let place = find(desk, &which).map_or_else(|_| "/voce".to_owned(), |_| place);
            Ok(Redirect::to(&place).into_response())
        }
        Err(late) => refused(desk, visitor, prompt, None, ("", late.to_owned())),
    }
}

fn refused(
    desk: &Desk,
    visitor: &Visitor,
    prompt: &Listed,
    typed: Option<(&'static str, String)>,
    problem: (&'static str, String),
) -> Result<Response, PageError> {
    let page = whole(desk, visitor, prompt, Shown { typed, problem: Some(problem) });
    Ok((StatusCode::UNPROCESSABLE_ENTITY, show(&page)?).into_response())
}

async fn note(
    desk: &Desk,
    visitor: &Visitor,
    prompt: &Listed,
    act: &str,
    detail: &str,
) -> Result<(), PageError> {
    let subject = format!("{}/{}", prompt.language.code(), prompt.id);
    let deed = Deed::new(act, detail).on(&subject);
    Ok(desk.clerk.note_deed(&visitor.account.name, &deed, desk.clock.wall()).await?)
}

/// A trial that stays behind does no harm, and is shown as one.
fn forget(desk: &Desk, prompt: &Listed) {
    let gone: Result<(), ChangePromptError> =
        desk.studio.trials.remove(prompt.language, &prompt.id);
    if let Err(error) = gone {
        tracing::warn!(%error, "a recording that was tried out stays");
    }
}

/// Bytes of a recording, at most.
pub(in crate::console) const RECORDING_MAX: usize = 6 * 1024 * 1024;
