//! What callers and responders hear: listened to, written anew, recorded, published.
//!
//! It speaks and plays nothing on a call. Law: **nobody's call hears a recording that its
//! author did not hear first**, and the one that was there can be had back.

mod pages;
mod sound;
mod write;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot, watch};

use super::Desk;
use super::error::PageError;
use super::gate::Visitor;
use crate::access::Act;
use crate::voice::{Listed, OwnPrompts, Recordings};
use crate::words::{Language, PromptId};
pub(super) use pages::{one, page};
pub(super) use sound::{sound, trial};
pub(super) use write::{RECORDING_MAX, discard, publish, record, speak, withdraw};

/// Asks that the folder of recordings is read anew; answered once calls hear it.
pub type Republish = mpsc::Sender<oneshot::Sender<()>>;

/// The recordings of the service.
#[derive(Debug, Clone)]
pub struct Voices {
    /// What calls hear.
    pub recordings: watch::Receiver<Arc<Recordings>>,
    /// What replaces the program's own.
    pub own: OwnPrompts,
    /// Makes calls hear what is in the folder.
    pub republish: Republish,
}

/// What the pages have at hand.
#[derive(Debug, Clone)]
pub(super) struct Studio {
    voices: Voices,
    /// What is tried out and not published.
    trials: OwnPrompts,
    /// One at a time speaks, and one at a time writes.
    turn: Arc<Mutex<()>>,
}

impl Studio {
    pub(super) fn new(voices: Voices, data_dir: &Path) -> Self {
        let trials = OwnPrompts::new(&data_dir.join("prove"));
        Self { voices, trials, turn: Arc::default() }
    }

    /// Makes calls hear what was published. That it takes long is told; it happens all the
    /// same.
    async fn republish(&self) -> Result<(), &'static str> {
        let (done, heard) = oneshot::channel();
        let late = "È pubblicato, ma il servizio non lo ha ancora preso: riprovi fra poco a \
                    riascoltarlo; alla prossima ripartenza lo prende comunque.";
        self.voices.republish.send(done).await.map_err(|_| late)?;
        match tokio::time::timeout(REPUBLISH_MAX, heard).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(late),
        }
    }
}

const REPUBLISH_MAX: Duration = Duration::from_secs(10);

/// The language and the name in an address.
pub(super) type Which = axum::extract::Path<(String, String)>;

/// A prompt of an address, with its line of the list.
fn find(desk: &Desk, (language, id): &(String, String)) -> Result<Listed, PageError> {
    let language: Language = language.parse().map_err(|_| PageError::NotFound)?;
    let id = PromptId::new(id);
    let recordings = desk.studio.voices.recordings.borrow().clone();
    let listed = recordings.list().into_iter();
    listed
        .filter(|row| row.language == language)
        .find(|row| row.id == id)
        .ok_or(PageError::NotFound)
}

/// Whether this visitor may put another recording in its place: what callers of other
/// services hear, too, is changed by who sees them all.
fn may_change(desk: &Desk, visitor: &Visitor, id: &PromptId) -> bool {
    if !visitor.may(Act::EditPrompts) {
        return false;
    }
    let plans = desk.plans.borrow();
    if plans.iter().all(|plan| visitor.is_of(&plan.service)) {
        return true;
    }
    let (own, others): (Vec<_>, Vec<_>) =
        plans.iter().partition(|plan| visitor.is_of(&plan.service));
    let names = |plans: &[&Arc<crate::dialplan::Plan>]| {
        plans.iter().any(|plan| plan.recordings().contains(id))
    };
    names(&own) && !names(&others)
}

/// Where the page of a prompt is.
fn address(language: Language, id: &PromptId) -> String {
    format!("/voce/{}/{id}", language.code())
}
