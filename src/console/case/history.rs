//! The history of a case, as its pages tell it.

use chrono::{DateTime, Utc};

use crate::case::scheda::{Kind, Line, difference};
use crate::case::{Addition, Scheda};
use crate::console::civil;
use crate::store::{CaseHistory, CaseRow, Content, GlassRow};

/// One line of it.
pub(super) struct HistoryLine {
    pub(super) at: String,
    pub(super) who: String,
    pub(super) text: String,
    pub(super) more: Vec<String>,
}

/// What the call did, what people wrote and who read it for a reason alone, in the order in
/// which it happened.
pub(super) fn told(case: &CaseRow, history: &CaseHistory, glass: &[GlassRow]) -> Vec<HistoryLine> {
    let zone = case.opened.timezone();
    let mut lines: Vec<(DateTime<Utc>, HistoryLine)> = case
        .entries
        .iter()
        .map(|entry| {
            let line = HistoryLine {
                at: civil::full(entry.at),
                who: "chiamata".into(),
                text: entry.text.clone(),
                more: Vec::new(),
            };
            (entry.at.to_utc(), line)
        })
        .collect();
    let mut scheda = Scheda::default();
    for entry in &history.entries {
        let (text, more) = match &entry.content {
            Content::Open(addition) => (entry.text.clone(), more(addition, &mut scheda)),
            Content::NoKey => {
                (format!("{} (la chiave che lo apre non c'è)", entry.text), Vec::new())
            }
            Content::Damaged => (
                format!(
                    "{} (ALTERATO da quando fu scritto: avverta chi cura il sistema)",
                    entry.text
                ),
                Vec::new(),
            ),
        };
        let text = match &entry.content {
            Content::Open(addition) if matches!(**addition, Addition::Scheda { .. }) => {
                "Scheda aggiornata.".to_owned()
            }
            _ => text,
        };
        let at = civil::full(entry.at.with_timezone(&zone));
        lines.push((entry.at, HistoryLine { at, who: entry.author.clone(), text, more }));
    }
    lines.extend(glass.iter().map(|glass| {
        let line = HistoryLine {
            at: civil::full(glass.opened.with_timezone(&zone)),
            who: glass.account.clone(),
            text: "Letta con accesso straordinario.".into(),
            more: vec![glass.reason.clone()],
        };
        (glass.opened, line)
    }));
    lines.sort_by_key(|(at, _)| *at); // stable
    lines.into_iter().map(|(_, line)| line).collect()
}

/// What an addition says besides its clear text, to who may read the case.
fn more(addition: &Addition, scheda: &mut Scheda) -> Vec<String> {
    match addition {
        Addition::Acknowledged { by, .. } => vec![format!("Confermata da {by}.")],
        Addition::Attachment { name, .. } => vec![name.clone()],
        Addition::AttachmentWithdrawn { reason, .. } => vec![reason.clone()],
        Addition::CallbackDone { note, .. } => vec![note.clone()],
        Addition::HandedOver { to, how, .. } => vec![format!("A {to}. {how}")],
        Addition::Joined { .. } | Addition::VoicemailHeard => Vec::new(),
        Addition::Note { text } => vec![text.clone()],
        Addition::Scheda { scheda: new } => {
            let lines = difference(scheda, new);
            new.clone_into(scheda);
            lines.into_iter().map(|line| whole(&line, new)).collect()
        }
        Addition::Stage(moved) => vec![moved.reason.clone()],
    }
    .into_iter()
    .filter(|text| !text.trim().is_empty())
    .collect()
}

/// A change with what was written: of a long text, which the line alone only mentions, too.
fn whole(line: &Line, new: &Scheda) -> String {
    match new.value(&line.key.to_string()) {
        Some(value) if line.key.field().kind == Kind::Text => {
            format!("{}: {}", line.key.label(), value.italian())
        }
        _ => line.full.clone(),
    }
}
