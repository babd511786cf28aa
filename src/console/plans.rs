//! The plans in plain Italian, with what the check has to say about them.
//!
//! It changes none: a plan is a file, read anew at a signal.

use std::sync::{Arc, Mutex, PoisonError};

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use tokio::sync::watch;

use super::Desk;
use super::error::PageError;
use super::frame::{Frame, show};
use super::gate::Visitor;
use crate::dialplan::{Plan, explain};
use crate::voice::Recordings;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The plan cannot be used like this.
    Error,
    /// Worth knowing.
    Info,
    /// To be looked at.
    Warning,
}

/// Something the check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanFinding {
    /// How grave it is.
    pub severity: Severity,
    /// In Italian, one line or several.
    pub text: String,
}

/// Looks over the plans and the recordings; takes up to a few seconds, on a thread of its own.
#[derive(Clone)]
pub struct Checker(Arc<dyn Fn() -> Vec<PlanFinding> + Send + Sync>);

impl Checker {
    /// A checker that does this.
    pub fn new(look: impl Fn() -> Vec<PlanFinding> + Send + Sync + 'static) -> Self {
        Self(Arc::new(look))
    }
}

impl std::fmt::Debug for Checker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Checker")
    }
}

/// What was found of which plans and recordings: looked for again once either changes.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    recordings: watch::Receiver<Arc<Recordings>>,
    known: Arc<Mutex<Option<Known>>>,
}

/// What was found of what is heard.
#[derive(Debug)]
struct Known {
    of: Heard,
    findings: Vec<PlanFinding>,
}

/// What callers hear.
#[derive(Debug, Clone)]
struct Heard {
    plans: Vec<Arc<Plan>>,
    recordings: Arc<Recordings>,
}

impl Heard {
    fn is(&self, other: &Self) -> bool {
        self.plans.len() == other.plans.len()
            && self.plans.iter().zip(&other.plans).all(|(one, other)| Arc::ptr_eq(one, other))
            && Arc::ptr_eq(&self.recordings, &other.recordings)
    }
}

impl Checked {
    pub(super) fn new(recordings: watch::Receiver<Arc<Recordings>>) -> Self {
        Self { recordings, known: Arc::default() }
    }

    /// These plans with the recordings there are now.
    fn heard(&self, plans: &[Arc<Plan>]) -> Heard {
        Heard { plans: plans.to_vec(), recordings: self.recordings.borrow().clone() }
    }

    /// What was found of this, if that is known.
    fn of(&self, heard: &Heard) -> Option<Vec<PlanFinding>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|known| known.of.is(heard)).map(|known| known.findings.clone())
    }

    fn keep(&self, of: Heard, findings: Vec<PlanFinding>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(Known { of, findings });
    }
}

#[derive(Template)]
#[template(path = "console/pages/piani.html", config = ".askama.toml")]
struct Page {
    frame: Frame,
    plans: Vec<Told>,
    findings: Vec<Found>,
}

struct Told {
    id: String,
    title: String,
    told: String,
}

struct Found {
    class: &'static str,
    word: &'static str,
    about: &'static str,
    text: String,
}

/// `GET /piani`.
pub(super) async fn page(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, PageError> {
    let plans = desk.plans.borrow().clone();
    let findings = findings(&desk, &plans).await?;
    let told = plans.iter().filter(|plan| visitor.is_of(&plan.service)).map(|plan| Told {
        id: plan.service.to_string(),
        title: plan.title.clone(),
        told: explain(plan),
    });
    let page = Page {
        frame: Frame::new(&desk, &visitor, "/piani", "Piani"),
        plans: told.collect(),
        findings: findings.iter().map(found).collect(),
    };
    show(&page)
}

/// What the check says, looked for once for the same plans and recordings.
async fn findings(desk: &Desk, plans: &[Arc<Plan>]) -> Result<Vec<PlanFinding>, PageError> {
    // As it was before the look: what changes meanwhile is looked for again.
    let heard = desk.checked.heard(plans);
    if let Some(findings) = desk.checked.of(&heard) {
        return Ok(findings);
    }
    let look = desk.checker.clone();
    let looked = tokio::task::spawn_blocking(move || (look.0)()).await;
    let findings = looked.map_err(|_| PageError::Busy)?;
    desk.checked.keep(heard, findings.clone());
    Ok(findings)
}

fn found(finding: &PlanFinding) -> Found {
    let (class, word, about) = match finding.severity {
        Severity::Error => ("bad", "Allarme", "da correggere"),
        Severity::Info => ("plain", "Nota", "da sapere"),
        Severity::Warning => ("watch", "Attenzione", "da guardare"),
    };
    Found { class, word, about, text: finding.text.trim_end().to_owned() }
}
