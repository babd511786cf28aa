//! The list of what is heard, and the page of one prompt.

use std::collections::BTreeSet;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::{Which, address, find, may_change};
use crate::console::Desk;
use crate::console::error::PageError;
use crate::console::frame::{Frame, show};
use crate::console::gate::Visitor;
use crate::voice::{Listed, Origin, OwnPrompt, Trial};
use crate::words::{Language, PromptId};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::console) struct Asked {
    lingua: String,
}

#[derive(Template)]
#[template(path = "console/pages/voce.html", config = ".askama.toml")]
struct Page {
    frame: Frame,
    languages: Vec<LanguageLink>,
    groups: Vec<Group>,
}

struct LanguageLink {
    label: &'static str,
    address: String,
    here: bool,
}

/// Prompts under one heading; folded away when there are many of little interest.
struct Group {
    title: String,
    folded: bool,
    prompts: Vec<Line>,
}

struct Line {
    id: String,
    address: String,
    text: String,
    seconds: String,
    own: bool,
    trial: bool,
}

#[derive(Template)]
#[template(path = "console/pages/voce_una.html", config = ".askama.toml")]
pub(super) struct One {
    frame: Frame,
    line: Line,
    language: &'static str,
    heard_by: String,
    may_change: bool,
    /// What is in the field of the new text, and in the one of a recording's words.
    words: String,
    recorded: String,
    trial: Option<TrialView>,
    /// What is wrong, and with which field: `testo`, `parole`, `file` or none.
    problem: Option<(&'static str, String)>,
}

struct TrialView {
    words: String,
    sound: Option<String>,
    faults: Vec<String>,
}

/// What is shown besides what is kept.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// What was typed, and in which of the two fields: `testo` or `parole`.
    pub(super) typed: Option<(&'static str, String)>,
    pub(super) problem: Option<(&'static str, String)>,
}

/// `GET /voce`.
pub(in crate::console) async fn page(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let language: Language = asked.lingua.parse().unwrap_or(Language::It);
    let recordings = desk.studio.voices.recordings.borrow().clone();
    let plans = desk.plans.borrow().clone();
    let shown: Vec<_> = plans.iter().filter(|plan| visitor.is_of(&plan.service)).collect();
    let mut rest: Vec<Listed> =
        recordings.list().into_iter().filter(|row| row.language == language).collect();
    let mut groups = Vec::new();
    let mut group = |title: String, folded: bool, rows: Vec<Listed>| {
        if !rows.is_empty() {
            let prompts = rows.iter().map(|row| line(&desk, row)).collect();
            groups.push(Group { title, folded, prompts });
        }
    };
    let mut take = |wanted: &dyn Fn(&PromptId) -> bool| {
        let (taken, left) = std::mem::take(&mut rest).into_iter().partition(|row| wanted(&row.id));
        rest = left;
        taken
    };
    let elsewhere = |id: &PromptId, own: &crate::words::ServiceId| {
        plans.iter().any(|plan| plan.service != *own && plan.recordings().contains(id))
    };
    let spelt = take(&|id| id.as_str().starts_with("digit.") || id.as_str().starts_with("comune."));
    for plan in shown {
        let ids: BTreeSet<_> = plan.recordings();
        let rows = take(&|id| ids.contains(id) && !elsewhere(id, &plan.service));
        group(format!("Solo in {}", plan.title), false, rows);
    }
    // What only services name that are not this visitor's, is not theirs to read either.
    let foreign = |id: &PromptId| {
        let named: Vec<_> = plans.iter().filter(|plan| plan.recordings().contains(id)).collect();
        !named.is_empty() && named.iter().all(|plan| !visitor.is_of(&plan.service))
    };
    take(&foreign);
    group("In tutti i servizi".into(), false, take(&|_| true));
    group("Cifre e nomi dei Comuni".into(), true, spelt);
    let link = |its: Language, label| LanguageLink {
        label,
        address: format!("/voce?lingua={}", its.code()),
        here: its == language,
    };
    let languages = vec![link(Language::It, "Italiano"), link(Language::En, "English")];
    show(&Page { frame: Frame::new(&desk, &visitor, "/voce", "Voce"), languages, groups })
}

/// `GET /voce/LANGUAGE/ID`.
pub(in crate::console) async fn one(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Path(which): Which,
) -> Result<Response, PageError> {
    let prompt = find(&desk, &which)?;
    show(&whole(&desk, &visitor, &prompt, Shown::default()))
}

/// The page of one prompt.
pub(super) fn whole(desk: &Desk, visitor: &Visitor, prompt: &Listed, shown: Shown) -> One {
    let line = line(desk, prompt);
    let trial = desk.studio.trials.get(prompt.language, &prompt.id);
    let there =
        trial.as_ref().and_then(|trial| trial.words.clone()).or_else(|| prompt.text.clone());
    let words = |field| match &shown.typed {
        Some((of, typed)) if *of == field => typed.clone(),
        _ => there.clone().unwrap_or_default(),
    };
    One {
        frame: Frame::new(desk, visitor, "/voce", &format!("Voce: {}", prompt.id)),
        language: match prompt.language {
            Language::It => "italiano",
            Language::En => "inglese",
        },
        heard_by: heard_by(desk, &prompt.id),
        may_change: may_change(desk, visitor, &prompt.id),
        words: words("testo"),
        recorded: words("parole"),
        trial: trial.map(|trial| view(&trial)),
        problem: shown.problem,
        line,
    }
}

/// Which services name it.
fn heard_by(desk: &Desk, id: &PromptId) -> String {
    let plans = desk.plans.borrow();
    let named = plans.iter().filter(|plan| plan.recordings().contains(id));
    let named: Vec<&str> = named.map(|plan| plan.title.as_str()).collect();
    if named.is_empty() { "tutti i servizi".to_owned() } else { named.join(", ") }
}

fn view(trial: &OwnPrompt) -> TrialView {
    // It went through the chain before it was kept: what is wrong with it is said again.
    let heard = Trial::of_prompt(&trial.wav);
    TrialView {
        words: trial.words.clone().unwrap_or_default(),
        sound: heard.as_ref().ok().map(|heard| {
            format!("{} s, livello {} dBov", decimal(heard.seconds), decimal(heard.level_dbov))
        }),
        faults: match heard {
            Ok(heard) => heard.faults.iter().map(|fault| format!("Il suono {fault}.")).collect(),
            Err(error) => vec![format!("La prova non si può ascoltare: {error}.")],
        },
    }
}

fn line(desk: &Desk, prompt: &Listed) -> Line {
    Line {
        id: prompt.id.to_string(),
        address: address(prompt.language, &prompt.id),
        text: prompt.text.clone().unwrap_or_else(|| "(suono senza parole)".into()),
        seconds: decimal(prompt.seconds),
        own: prompt.origin == Origin::Own,
        trial: desk.studio.trials.has(prompt.language, &prompt.id),
    }
}

/// As Italians write it, one place after the comma.
fn decimal(number: f64) -> String {
    format!("{number:.1}").replace('.', ",").replace('-', "−")
}
