//! The audit log, for who checks it once a year.

use std::sync::{Arc, Mutex, PoisonError};

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::Desk;
use super::accounts::ZONE;
use super::audit_asked::{Asked, Problems};
use super::civil;
use super::error::PageError;
use super::frame::{Frame, show};
use super::gate::Visitor;
use super::serve::Lasting;
use super::spreadsheet::{Outgoing, answer};
use crate::access::Audited;
use crate::store::{Deed, Linked, WantedRows};
use crate::words::Clock as _;

const PAGE: u32 = 100;
/// Rows of a file read at a time.
const PIECE: u32 = 1_000;
const HEADER: [&str; 10] = [
    "riga",
    "quando",
    "chi",
    "che_cosa",
    "servizio",
    "oggetto",
    "note",
    "istante",
    "precedente",
    "impronta",
];

/// After so long the whole log is looked over again, whoever asks for it.
const LOOK_LASTS: TimeDelta = TimeDelta::days(1);

/// What the last look over the whole log found: it takes a second for every few hundred
/// thousand rows, too long for every page.
#[derive(Debug, Clone, Default)]
pub(super) struct LastLook(Arc<Mutex<Option<Look>>>);

#[derive(Debug, Clone)]
struct Look {
    at: DateTime<Utc>,
    whole: bool,
    verdict: String,
}

impl LastLook {
    fn get(&self) -> Option<Look> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, look: &Look) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(look.clone());
    }
}

#[derive(Template)]
#[template(path = "console/pages/registro.html", config = ".askama.toml")]
struct Page {
    frame: Frame,
    /// Whether the chain is whole, in words.
    whole: bool,
    verdict: String,
    /// When the whole log was looked over.
    looked: String,
    asked: Asked,
    problems: Problems,
    /// Who ever did something, and what, to choose from.
    people: Vec<String>,
    acts: Vec<String>,
    rows: Vec<Line>,
    /// Where the rows before these are.
    next: Option<String>,
    /// The file of these rows alone; `None` when they are all.
    file: Option<String>,
}

impl Page {
    fn is_wrong(&self) -> bool {
        self.problems != Problems::default()
    }
}

struct Line {
    sequence: i64,
    at: String,
    who: String,
    act: String,
    on: String,
    detail: String,
}

/// `GET /registro`.
pub(super) async fn page(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let (rows, problems) = match asked.wanted() {
        Ok(wanted) => {
            (desk.reader.audit_wanted(&wanted, asked.prima, PAGE).await?, Problems::default())
        }
        Err(problems) => (Vec::new(), *problems),
    };
    let (people, acts) = desk.reader.audit_words().await?;
    let recent = |look: &Look| desk.clock.wall() - look.at < LOOK_LASTS;
    let known = desk.audit_look.get().filter(|look| asked.verifica.is_none() && recent(look));
    let Look { at, whole, verdict } = match known {
        Some(known) => known,
        None => look_over(&desk).await?,
    };
    let looked = civil::full(at.with_timezone(&ZONE));
    let next = rows.last().map(|last| last.sequence).filter(|last| *last > 1);
    let next = next.filter(|_| rows.len() == PAGE as usize);
    let question = asked.question();
    let next = next.map(|next| match question.as_str() {
        "" => format!("/registro?prima={next}"),
        question => format!("/registro?{question}&prima={next}"),
    });
    show(&Page {
        frame: Frame::new(&desk, &visitor, "/registro", "Registro degli accessi"),
        whole,
        verdict,
        looked,
        problems,
        people,
        acts,
        rows: rows.iter().map(line).collect(),
        next,
        file: asked.is_some().then(|| format!("/registro.csv?{question}")),
        asked: asked.shown(),
    })
}

/// Looks over the whole log, from its first row.
async fn look_over(desk: &Desk) -> Result<Look, PageError> {
    let (whole, verdict) = match desk.reader.verify_audit().await? {
        Ok(verified) => (
            true,
            format!(
                "Il registro è integro: {} righe; impronta dell'ultima {}.",
                verified.rows,
                verified.head.get(..16).unwrap_or("nessuna")
            ),
        ),
        Err(broken) => (false, format!("Il registro è stato alterato: {broken}.")),
    };
    let look = Look { at: desk.clock.wall(), whole, verdict };
    desk.audit_look.keep(&look);
    Ok(look)
}

/// `GET /registro.csv`: the export for the yearly check, every row with what chains it to the
/// one before (`access::link` says how); or the rows that are asked for.
pub(super) async fn file(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Extension(lasting): Extension<Lasting>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let Ok(wanted) = asked.wanted() else {
        return Ok(Redirect::to(&format!("/registro?{}", asked.question())).into_response());
    };
    let (people, acts) = desk.reader.audit_words().await?;
    let deed = Deed::new("registro esportato", &asked.told(&people, &acts));
    desk.clerk.note_deed(&visitor.account.name, &deed, desk.clock.wall()).await?;
    // A database that cannot be read at all is told on a page, not in half a file.
    let first = desk.reader.audit_after(&wanted, 0, PIECE).await?;
    let name = if asked.is_some() { "registro-parte.csv" } else { "registro.csv" };
    Ok(answer(name, HEADER, &lasting, move |out| write(desk, wanted, first, out)))
}

/// Sends these rows, then those after them, to the last.
async fn write(
    desk: Desk,
    wanted: WantedRows,
    mut rows: Vec<Linked>,
    out: Outgoing,
) -> Result<(), PageError> {
    loop {
        let more = rows.last().filter(|_| rows.len() == PIECE as usize);
        let more = more.map(|last| last.row.sequence);
        let sent = out.send(rows.iter().map(cells).collect()).await;
        let Some(last) = more.filter(|_| sent) else { return Ok(()) };
        rows = desk.reader.audit_after(&wanted, last, PIECE).await?;
    }
}

/// The cells of a row: as people read it, and exactly as its hash was made of it.
fn cells(linked: &Linked) -> [String; 10] {
    let row = &linked.row;
    [
        row.sequence.to_string(),
        civil::full(row.at.with_timezone(&ZONE)),
        row.who.clone(),
        row.act.clone(),
        row.service.clone().unwrap_or_default(),
        row.subject.clone().unwrap_or_default(),
        row.detail.clone(),
        row.at.to_rfc3339_opts(SecondsFormat::Millis, true),
        linked.previous.clone(),
        linked.hash.clone(),
    ]
}

fn line(row: &Audited) -> Line {
    let on = [row.service.as_deref(), row.subject.as_deref()];
    Line {
        sequence: row.sequence,
        at: civil::full(row.at.with_timezone(&ZONE)),
        who: row.who.clone(),
        act: row.act.clone(),
        on: on.into_iter().flatten().collect::<Vec<_>>().join(" "),
        detail: row.detail.clone(),
    }
}
