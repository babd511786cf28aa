//! What the page of a case shows.

use askama::Template;
use chrono::{DateTime, Utc};

use super::address;
use super::documents::{Document, documents};
use super::facts::{Told, of_call};
use super::fields::{BlockView, Chosen, Filled, blocks};
use super::history::{HistoryLine, told};
use super::paper::{Written, written};
use super::slip::Slips;
use crate::access::{Act, Role};
use crate::case::clocks::{Duty, Promise, Reading, Targets, offices_work, open_duties, read};
use crate::case::contact::{Advice, Known, Permission, advise};
use crate::case::course::next_stages;
use crate::case::scheda::{Conflict, Pairs, Problem};
use crate::case::{CallBackResult, Scheda};
use crate::console::cases::owed;
use crate::console::error::PageError;
use crate::console::frame::Frame;
use crate::console::gate::Visitor;
use crate::console::number;
use crate::console::strip::Tone;
use crate::console::{Desk, civil};
use crate::store::{CaseRow, CaseStanding, NumberState};
use crate::words::{Clock as _, PhoneNumber};

/// What is shown besides what is saved.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) masked: Masked,
    /// What was typed and could not be saved; else a draft, else what is saved.
    pub(super) typed: Option<Pairs>,
    /// The last entry that whoever typed it had seen.
    pub(super) base: Option<u32>,
    pub(super) problems: Vec<Problem>,
    pub(super) conflicts: Vec<Conflict>,
    /// What is wrong with another form, or what happened.
    pub(super) problem: Option<String>,
    /// The small form that could not be taken, as it was typed.
    pub(super) slips: Slips,
    /// Until when it is open to who has no other business with it.
    pub(super) open_until: Option<DateTime<Utc>>,
    pub(super) saved: Saved,
}

/// Whether telephone numbers are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Masked {
    No,
    #[default]
    Yes,
}

/// Whether the page follows a scheda that was saved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Saved {
    Scheda,
    #[default]
    Nothing,
}

#[derive(Template)]
#[template(path = "console/pages/scheda.html", config = ".askama.toml")]
pub(super) struct Page {
    frame: Frame,
    address: String,
    service: String,
    opened: String,
    category: String,
    stage: &'static str,
    priority: Option<String>,
    caller: String,
    callback: Option<String>,
    /// What else the call left by itself.
    facts: Vec<Told>,
    revealed: bool,
    may_reveal: bool,
    may_write: bool,
    owed: Option<&'static str>,
    message: Option<u32>,
    message_heard: bool,
    /// When it was deleted.
    message_expired: Option<String>,
    clocks: Vec<ClockView>,
    duties: Vec<String>,
    advice: Advice,
    may_call_back: bool,
    results: Vec<(&'static str, &'static str)>,
    attempts: Vec<Ring>,
    sealed: bool,
    saved: bool,
    /// The time until which it is read for a reason.
    open_until: Option<String>,
    /// The scheda for who may not write it.
    written: Vec<Written>,
    documents: Vec<Document>,
    base: u32,
    blocks: Vec<BlockView>,
    comuni: Vec<String>,
    draft: Option<String>,
    stages: Vec<(&'static str, &'static str)>,
    stage_word: &'static str,
    ends: [(&'static str, &'static str); 7],
    sent: Option<String>,
    acknowledged: bool,
    now: String,
    problem: Option<String>,
    slips: Slips,
    problems: Vec<(String, String)>,
    history: Vec<HistoryLine>,
}

/// One clock.
pub(super) struct ClockView {
    pub(super) label: &'static str,
    pub(super) text: String,
    tone: Tone,
}

struct Ring {
    rang: String,
    responder: String,
    phone: String,
    step: u32,
    round: u32,
    why: String,
    outcome: &'static str,
}

/// The page of a case, as this visitor may see it.
pub(super) async fn page(
    desk: &Desk,
    visitor: &Visitor,
    case: &CaseRow,
    shown: Shown,
) -> Result<Page, PageError> {
    let now = desk.clock.wall();
    let standing = desk.reader.case_standing(case.id).await.map_err(PageError::Sql)?;
    let standing = standing.ok_or(PageError::NotFound)?;
    let history = desk.reader.case_history(&desk.keyring, case.id).await?;
    let glass = desk.reader.glass_of_case(case.id).await?;
    let facts = of_call(desk, case).await?;
    let account = &visitor.account.name;
    let draft = match shown.typed {
        Some(_) => None,
        None => desk.reader.draft(&desk.keyring, case.id, account).await.ok().flatten(),
    };
    let zone = case.opened.timezone();
    let plan = plan(desk, case);
    let comuni: Vec<String> =
        plan.iter().flat_map(|plan| &plan.comuni).map(|comune| comune.name.clone()).collect();
    let scheda = history.scheda.clone().unwrap_or_default();
    let filled = Filled {
        pairs: shown
            .typed
            .or_else(|| draft.as_ref().map(|draft| draft.pairs.clone()))
            .unwrap_or_else(|| scheda.pairs()),
        problems: &shown.problems,
        conflicts: &shown.conflicts,
        comuni,
    };
    let blocks = blocks(&filled);
    let comuni = filled.comuni;
    let advice = advise(&known(case, &scheda));
    let told_number = |kept: Option<&PhoneNumber>, state| match (shown.masked, kept) {
        (Masked::No, Some(kept)) => kept.reveal().to_owned(),
        (_, kept) => number::masked(kept, state),
    };
    let stages = next_stages(standing.stage);
    Ok(Page {
        frame: Frame::new(desk, visitor, "/schede", &format!("Scheda {}", case.case)),
        address: address(case),
        service: plan.map_or_else(|| case.service.to_string(), |plan| plan.title.clone()),
        opened: civil::full(case.opened),
        category: category(case),
        stage: standing.stage.label(),
        priority: standing.priority.clone(),
        caller: told_number(case.caller.as_ref(), case.caller_state),
        callback: (case.callback_state != NumberState::Hidden)
            .then(|| told_number(case.callback_number.as_ref(), case.callback_state)),
        facts,
        revealed: shown.masked == Masked::No,
        may_reveal: visitor.may(Act::RevealNumber)
            && (case.caller.is_some() || case.callback_number.is_some()),
        may_write: visitor.may(Act::WriteCases),
        owed: owed(case),
        message: case.voicemail.as_ref().map(|_| case.voicemail_seconds.unwrap_or_default()),
        message_heard: standing.voicemail_heard.is_some(),
        message_expired: case.voicemail_expired.map(|at| at.format("%d/%m/%Y").to_string()),
        clocks: clocks(&standing, &desk.targets, now),
        duties: duties(&standing, &desk.targets, now),
        may_call_back: may_call_back(visitor.account.role, advice.permission),
        advice,
        results: CallBackResult::CHOICES.map(|result| (result.word(), result.label())).to_vec(),
        attempts: rings(case),
        sealed: history.scheda.is_none(),
        saved: shown.saved == Saved::Scheda,
        open_until: shown
            .open_until
            .map(|until| until.with_timezone(&zone).format("%H:%M").to_string()),
        written: if visitor.may(Act::WriteCases) { Vec::new() } else { written(&scheda) },
        documents: documents(&history, visitor),
        base: shown.base.or_else(|| draft.as_ref().map(|draft| draft.base)).unwrap_or(history.last),
        blocks,
        comuni,
        draft: draft.map(|draft| civil::full(draft.at.with_timezone(&zone))),
        stages: stages.into_iter().map(|stage| (stage.word(), stage.label())).collect(),
        stage_word: standing.stage.word(),
        ends: ENDS,
        sent: standing.instants.sent.map(|at| civil::full(at.with_timezone(&zone))),
        acknowledged: standing.instants.taken.is_some(),
        now: now.with_timezone(&zone).format("%Y-%m-%dT%H:%M").to_string(),
        problem: shown.problem,
        slips: shown.slips,
        problems: shown
            .problems
            .iter()
            .map(|problem| (problem.field.clone(), problem.sentence.clone()))
            .collect(),
        history: told(case, &history, &glass),
    })
}

/// Whether this role may write down that somebody was called back.
pub(super) fn may_call_back(role: Role, permission: Permission) -> bool {
    match permission {
        Permission::Responder => matches!(role, Role::Coordinator | Role::Responder),
        Permission::Coordinator | Permission::Nobody => role == Role::Coordinator,
    }
}

/// What is known about calling this caller back, with the hours that were named.
pub(super) fn known(case: &CaseRow, scheda: &Scheda) -> Known {
    Known { hours: scheda.text("segnalante.fascia"), ..case.contact() }
}

pub(super) fn plan(desk: &Desk, case: &CaseRow) -> Option<std::sync::Arc<crate::dialplan::Plan>> {
    desk.plans.borrow().iter().find(|plan| plan.service == case.service).cloned()
}

pub(super) fn category(case: &CaseRow) -> String {
    case.label.clone().unwrap_or_else(|| case.category.italian().to_owned())
}

pub(super) fn clocks(
    standing: &CaseStanding,
    targets: &Targets,
    now: DateTime<Utc>,
) -> Vec<ClockView> {
    let reading =
        |promise| read(promise, &standing.instants, targets, (standing.zone, &offices_work), now);
    let wanted = Promise::ALL.into_iter().filter(|promise| {
        *promise != Promise::ProsecutorSent || standing.instants.placed.is_some()
    });
    wanted
        .map(|promise| {
            let reading = reading(promise);
            ClockView { label: promise.label(), text: reading.text(), tone: tone(reading) }
        })
        .collect()
}

fn tone(reading: Reading) -> Tone {
    match reading {
        Reading::Amber { .. } => Tone::Watch,
        Reading::Red { .. } | Reading::Missed { .. } => Tone::Bad,
        _ => Tone::Good,
    }
}

/// What art. 403 c.c. still wants, in words.
pub(in crate::console) fn duties(
    standing: &CaseStanding,
    targets: &Targets,
    now: DateTime<Utc>,
) -> Vec<String> {
    let open = open_duties(standing.ordered, standing.prosecutor_told, &standing.instants, targets);
    let text = |duty: &Duty| match duty {
        Duty::TellProsecutor => {
            "Avvisi subito a voce il PM minorile, e scriva nome e ora dell'avviso".to_owned()
        }
        Duty::SendOrder { by } => {
            let late = if *by < now { " (il termine è passato)" } else { "" };
            let by = civil::short(*by, now, standing.zone);
            format!("Invii provvedimento, atti e relazione al PM minorile entro {by}{late}")
        }
        Duty::WritePlacement => {
            "Scriva quando il minore è stato collocato: da lì corrono le 24 ore".to_owned()
        }
    };
    open.iter().map(text).collect()
}

fn rings(case: &CaseRow) -> Vec<Ring> {
    let rings = case.attempts.iter().map(|attempt| Ring {
        rang: attempt.rang.format("%H:%M:%S").to_string(),
        responder: attempt.responder.clone(),
        phone: attempt.phone.to_string(),
        step: attempt.step,
        round: attempt.round,
        why: attempt.why.clone(),
        outcome: attempt.outcome.map_or("squilla", |outcome| outcome.italian()),
    });
    rings.collect()
}

/// How a case may end otherwise, as the form offers it (domain: the ends of a case).
const ENDS: [(&str, &str); 7] = [
    ("conclusa", "conclusa"),
    ("informazione", "informazione o orientamento"),
    ("non_di_competenza", "non di competenza (scriva a chi è stata inviata)"),
    ("abbandonata", "chiamata abbandonata"),
    ("muta", "chiamata muta"),
    ("prova", "prova o errore"),
    ("doppione", "doppione (scriva il numero dell'altra scheda)"),
];
