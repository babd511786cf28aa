//! One case: what the call left, what people write about it, its clocks and its history.
//!
//! It keeps nothing itself. Law: **nothing typed is lost**: what cannot be saved comes back
//! in its field with a sentence, and what two people wrote comes back twice.

mod documents;
mod facts;
mod fields;
mod forms;
mod history;
mod page;
mod paper;
mod slip;
mod write;

use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::Desk;
use super::error::PageError;
use super::form::Posted;
use super::frame::show;
use super::gate::Visitor;
use super::own::Own;
use crate::case::Addition;
use crate::store::{
    Append, CaseRow, Deed, Folder, ReadSealedFileError, append_to_case, read_sealed_file,
};
use crate::words::{CaseNumber, Clock as _, ServiceId};
pub(super) use documents::{attach, download, withdraw};
pub(super) use forms::{acknowledge, call_back, hand_over, join, move_on, note};
pub(super) use page::duties;
use page::{Masked, Saved, Shown};
pub(super) use write::{discard, keep, save};

/// The service and the number in an address.
pub(in crate::console) type Which = Path<(String, String)>;

/// What an address says besides, after a form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct After {
    /// What was saved: `scheda`, or empty for another form.
    salvato: Option<String>,
}

/// `GET /schede/SERVICE/NUMBER`.
pub(super) async fn open(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(which): Which,
    Query(after): Query<After>,
) -> Result<Response, PageError> {
    let case = find(&desk, &visitor, &which).await?;
    tell(&desk, &visitor, &case, "scheda letta").await?;
    let saved = match after.salvato.as_deref() {
        Some("scheda") => Saved::Scheda,
        _ => Saved::Nothing,
    };
    show(&page::page(&desk, &visitor, &case, Shown { saved, ..Shown::default() }).await?)
}

/// `GET …/stampa`: the scheda for the territorial service, to be printed or kept as a PDF.
pub(super) async fn print(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(which): Which,
) -> Result<Response, PageError> {
    let case = find(&desk, &visitor, &which).await?;
    tell(&desk, &visitor, &case, "scheda stampata").await?;
    show(&paper::paper(&desk, &visitor, &case).await?)
}

/// `POST …/mostra`: the same page with the numbers, and a line in the audit log.
pub(super) async fn reveal(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(which): Which,
    Posted(_): Posted,
) -> Result<Response, PageError> {
    let case = find(&desk, &visitor, &which).await?;
    tell(&desk, &visitor, &case, "numero mostrato").await?;
    let shown = Shown { masked: Masked::No, ..Shown::default() };
    show(&page::page(&desk, &visitor, &case, shown).await?)
}

/// `GET …/messaggio`: the message the caller left, to be played in the page.
pub(super) async fn message(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(which): Which,
) -> Result<Response, PageError> {
    let case = find(&desk, &visitor, &which).await?;
    let file = case.voicemail.clone().filter(|_| case.voicemail_expired.is_none());
    let file = file.ok_or(PageError::NotFound)?;
    let sound = opened(&desk, Folder::Voicemail, file).await?;
    tell(&desk, &visitor, &case, "messaggio ascoltato").await?;
    heard(&desk, &visitor, &case).await;
    Ok(([(header::CONTENT_TYPE, "audio/wav")], sound).into_response())
}

/// What is in a file of the data folder.
async fn opened(desk: &Desk, folder: Folder, name: String) -> Result<Vec<u8>, PageError> {
    let (data_dir, keyring) = (desk.data_dir.clone(), desk.keyring.clone());
    let read = move || read_sealed_file(&data_dir, folder, &name, &keyring);
    let read = tokio::task::spawn_blocking(read).await.map_err(|_| PageError::NotFound)?;
    read.map_err(|error| match error {
        ReadSealedFileError::Io { .. } => PageError::NotFound,
        error => PageError::File(error),
    })
}

/// The first time is an entry of the case. That it is not written stops nobody from hearing.
async fn heard(desk: &Desk, visitor: &Visitor, case: &CaseRow) {
    let Ok(Some(standing)) = desk.reader.case_standing(case.id).await else { return };
    if standing.voicemail_heard.is_some() {
        return;
    }
    let append = Append {
        case: case.id,
        expected: standing.last,
        author: &visitor.account.name,
        at: desk.clock.wall(),
        addition: &Addition::VoicemailHeard,
    };
    if let Err(error) = append_to_case(&desk.store_url, &desk.keyring, append).await {
        tracing::warn!(%error, "that a message was heard is not in its case");
    }
}

/// The page of a case that is open to this visit for a reason, until then: read only.
pub(super) async fn open_for_a_reason(
    desk: &Desk,
    visitor: &Visitor,
    case: &CaseRow,
    until: DateTime<Utc>,
) -> Result<Response, PageError> {
    tell(desk, visitor, case, "scheda letta con accesso straordinario").await?;
    let shown = Shown { open_until: Some(until), ..Shown::default() };
    show(&page::page(desk, visitor, case, shown).await?)
}

/// The case, if this visitor may see it.
pub(super) async fn find(
    desk: &Desk,
    visitor: &Visitor,
    which: &(String, String),
) -> Result<CaseRow, PageError> {
    let case = of_service(desk, visitor, which).await?;
    let own = Own::of(desk, visitor).await?;
    if own.sees(&case) { Ok(case) } else { Err(PageError::NotFound) }
}

/// The case, if it is of a service of this visitor's; whether they may see it is not said.
pub(super) async fn of_service(
    desk: &Desk,
    visitor: &Visitor,
    (service, number): &(String, String),
) -> Result<CaseRow, PageError> {
    let number: CaseNumber = number.parse().map_err(|_| PageError::NotFound)?;
    let service = ServiceId::new(service);
    let cases = desk.reader.case(number, Some(&service)).await?;
    let case = cases.into_iter().next().filter(|_| visitor.is_of(&service));
    case.ok_or(PageError::NotFound)
}

/// A line in the audit log.
async fn tell(desk: &Desk, visitor: &Visitor, case: &CaseRow, act: &str) -> Result<(), PageError> {
    let deed = Deed::new(act, "").on(&case.case.to_string()).of(&case.service);
    Ok(desk.clerk.note_deed(&visitor.account.name, &deed, desk.clock.wall()).await?)
}

/// Where the page of a case is.
fn address(case: &CaseRow) -> String {
    format!("/schede/{}/{}", case.service, case.case)
}
