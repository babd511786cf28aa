//! The scheda as it is read: on paper, and by who may not write it.

use askama::Template;

use super::address;
use super::documents::documents;
use super::facts::{Told, of_call};
use super::history::{HistoryLine, told};
use super::page::{ClockView, category, clocks, known, plan};
use crate::case::contact::{Advice, advise};
use crate::case::{Addition, AttemptOutcome, Scheda};
use crate::console::error::PageError;
use crate::console::gate::Visitor;
use crate::console::{Desk, civil, number};
use crate::store::{CaseHistory, CaseRow, CaseStanding, Content, NumberState};
use crate::words::Clock as _;

/// A block as it is read: its title, then labels and what is written.
pub(super) type Written = (String, Vec<(String, String)>);

/// The scheda on paper.
#[derive(Template)]
#[template(path = "console/pages/stampa.html", config = ".askama.toml")]
pub(super) struct Paper {
    title: String,
    address: String,
    service: String,
    number: String,
    opened: String,
    category: String,
    stage: &'static str,
    taken_by: String,
    /// Masked, or why it is not there.
    caller: String,
    /// The number that was left, masked.
    callback: Option<String>,
    /// Whether whoever has this paper may call back, and what to mind.
    advice: Advice,
    clocks: Vec<ClockView>,
    /// To whom it went, and who confirmed.
    way: Vec<Told>,
    /// Those that were not withdrawn.
    documents: Vec<String>,
    /// What else the call left by itself.
    facts: Vec<Told>,
    blocks: Vec<Written>,
    history: Vec<HistoryLine>,
    printed: String,
    by: String,
}

/// The scheda on paper, as this visitor may print it.
pub(super) async fn paper(
    desk: &Desk,
    visitor: &Visitor,
    case: &CaseRow,
) -> Result<Paper, PageError> {
    let standing = desk.reader.case_standing(case.id).await.map_err(PageError::Sql)?;
    let standing = standing.ok_or(PageError::NotFound)?;
    let history = desk.reader.case_history(&desk.keyring, case.id).await?;
    let scheda = history.scheda.clone().unwrap_or_default();
    let now = desk.clock.wall().with_timezone(&case.opened.timezone());
    let taken = case
        .attempts
        .iter()
        .rev()
        .find(|attempt| attempt.outcome == Some(AttemptOutcome::Accepted));
    let documents = documents(&history, visitor).into_iter();
    let documents = documents.filter(|document| document.withdrawn.is_none());
    Ok(Paper {
        title: format!("Scheda {}", case.case),
        address: address(case),
        service: plan(desk, case).map_or_else(|| case.service.to_string(), |p| p.title.clone()),
        number: case.case.to_string(),
        opened: civil::full(case.opened),
        category: category(case),
        stage: case.stage.label(),
        taken_by: taken.map_or_else(|| "–".into(), |attempt| attempt.responder.clone()),
        caller: number::masked(case.caller.as_ref(), case.caller_state),
        callback: (case.callback_state != NumberState::Hidden)
            .then(|| number::masked(case.callback_number.as_ref(), case.callback_state)),
        advice: advise(&known(case, &scheda)),
        clocks: clocks(&standing, &desk.targets, desk.clock.wall()),
        way: way(case, &standing, &history),
        documents: documents
            .map(|document| format!("{} ({}, {})", document.name, document.kind, document.size))
            .collect(),
        facts: of_call(desk, case).await?,
        blocks: written(&scheda),
        history: told(&without_machinery(case), &history, &[]),
        printed: civil::full(now),
        by: visitor.account.full_name.clone(),
    })
}

/// How the line did its work, which is nothing to who takes the case over.
const MACHINERY: [&str; 14] = [
    "call_answered",
    "key_pressed",
    "rang",
    "phone_answered",
    "attempt_ended",
    "requirement_missed",
    "key_in_conversation",
    "held",
    "resumed",
    "media_lost",
    "sound_measured",
    "prompt_missing",
    "step_failed",
    "store_failed",
];

/// The case with what its call was about alone.
fn without_machinery(case: &CaseRow) -> CaseRow {
    let mut case = case.clone();
    case.entries.retain(|entry| !MACHINERY.contains(&entry.kind.as_str()));
    case
}

/// When it was sent and to whom, and whether they confirmed.
fn way(case: &CaseRow, standing: &CaseStanding, history: &CaseHistory) -> Vec<Told> {
    let at =
        |at: chrono::DateTime<chrono::Utc>| civil::full(at.with_timezone(&case.opened.timezone()));
    let (mut to_whom, mut by_whom) = (String::new(), String::new());
    for entry in &history.entries {
        let Content::Open(addition) = &entry.content else { continue };
        match &**addition {
            Addition::HandedOver { to, how, .. } => {
                to_whom = match how.trim() {
                    "" => format!(", a {to}"),
                    how => format!(", a {to} ({how})"),
                };
                // Who had confirmed before is somebody else.
                by_whom.clear();
            }
            Addition::Acknowledged { by, .. } => by_whom = format!(", da {by}"),
            _ => {}
        }
    }
    let instants = &standing.instants;
    let sent = match instants.sent {
        Some(sent) => format!("{}{to_whom}", at(sent)),
        None => "non ancora".into(),
    };
    let taken = match instants.taken {
        Some(taken) => format!("{}{by_whom}", at(taken)),
        None => "non ancora".into(),
    };
    vec![("Inviata", sent), ("Ricevuta confermata", taken)]
}

/// What stands in it, block by block.
pub(super) fn written(scheda: &Scheda) -> Vec<Written> {
    let mut blocks: Vec<Written> = Vec::new();
    for (key, value) in scheda.iter() {
        let block = key.field().block;
        let title = match key.person() {
            Some(person) => format!("{}. Persona {person}", block.number()),
            None => format!("{}. {}", block.number(), block.title()),
        };
        let label = key.field().label.to_owned();
        match blocks.last_mut() {
            Some((last, fields)) if *last == title => fields.push((label, value.italian())),
            _ => blocks.push((title, vec![(label, value.italian())])),
        }
    }
    blocks
}
