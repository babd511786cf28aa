//! The live board: one card for each call, and its changes as they happen.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{mpsc, watch};

use super::civil;
use super::error::PageError;
use super::frame::{self, Frame, show};
use super::gate::Visitor;
use super::number;
use super::present::Present;
use super::serve::Lasting;
use super::strip::{self, Strip, Tone};
use super::{Desk, own};
use crate::access::Act;
use crate::case::clocks::Targets;
use crate::store::{AccountRow, AttemptRow, LiveCall, Reach};
use crate::words::{CallId, Clock as _};

/// A stream ends after so long and is asked for anew: who may no longer watch is out.
const STREAM_MAX: Duration = Duration::from_secs(10 * 60);
/// Changes are gathered for so long.
const GATHER: Duration = Duration::from_millis(150);

#[derive(Template)]
#[template(path = "console/pages/adesso.html", config = ".askama.toml")]
struct Page {
    frame: Frame,
    board: Board,
}

/// The cards, without the page around.
#[derive(Template)]
#[template(path = "console/pages/board.html", config = ".askama.toml")]
pub(super) struct Board {
    /// `None` when the record cannot be read.
    cards: Option<Vec<Card>>,
    /// When a clock turns amber, and red.
    amber: Limit,
    red: Limit,
    /// What the forms of this visit carry.
    csrf: String,
}

impl Board {
    fn of(desk: &Desk, visitor: &Visitor, cards: Option<Vec<Card>>) -> Self {
        let Targets { answered, answered_alarm, .. } = desk.targets;
        let (amber, red) = (Limit::new(answered), Limit::new(answered_alarm));
        Self { cards, amber, red, csrf: visitor.csrf.clone() }
    }
}

/// How long a caller may wait for a human, and what is said beyond it.
struct Limit {
    seconds: i64,
    words: String,
}

impl Limit {
    fn new(time: TimeDelta) -> Self {
        Self { seconds: time.num_seconds(), words: beyond(time) }
    }
}

/// The strip, without the page around.
#[derive(Template)]
#[template(path = "console/pages/strip.html", config = ".askama.toml")]
struct StripAlone {
    strip: Strip,
}

/// One call.
pub(super) struct Card {
    /// The call: by it the page knows one that is new.
    pub(super) call: CallId,
    pub(super) title: String,
    /// Where its case is, when it has one that this visitor may open.
    pub(super) case: Option<(String, String)>,
    /// Where this visitor asks for the number; it is written down.
    pub(super) reveal: Option<String>,
    pub(super) category: String,
    pub(super) caller: String,
    /// What is happening, in words, and since when (Unix milliseconds) when that counts.
    pub(super) state: String,
    pub(super) state_since: Option<i64>,
    pub(super) over: bool,
    pub(super) silent: bool,
    /// How long until a human: text, tone, and since when it runs.
    pub(super) clock: String,
    pub(super) tone: Tone,
    pub(super) clock_since: Option<i64>,
    pub(super) attempts: Vec<(String, String)>,
}

/// `/`: the first page a visitor may see.
pub(super) async fn home(Extension(visitor): Extension<Visitor>) -> Response {
    Redirect::to(frame::home(&visitor)).into_response()
}

/// `GET /adesso`.
pub(super) async fn page(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, PageError> {
    let present = desk.present.borrow().clone();
    let board = of(&desk, &present, &visitor).await?;
    show(&Page { frame: Frame::new(&desk, &visitor, "/adesso", "Adesso"), board })
}

/// `GET /adesso/eventi`: strip and board as server-sent events, whenever they change.
pub(super) async fn events(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Extension(lasting): Extension<Lasting>,
) -> Response {
    let Some(mut watching) = desk.watchers.admit(&visitor.session, &visitor.account.name) else {
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    };
    lasting.let_last();
    let (send, receive) = mpsc::channel::<Result<Event, Infallible>>(4);
    tokio::spawn(async move {
        tokio::select! {
            () = tell(desk, visitor, send) => {}
            () = watching.over() => {}
        }
    });
    let stream = Stream(receive);
    Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}

/// The receiving end as the stream that axum wants.
struct Stream(mpsc::Receiver<Result<Event, Infallible>>);

impl futures_core::Stream for Stream {
    type Item = Result<Event, Infallible>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}

async fn tell(desk: Desk, visitor: Visitor, send: mpsc::Sender<Result<Event, Infallible>>) {
    let mut present: watch::Receiver<Arc<Present>> = desk.present.clone();
    let ends = tokio::time::Instant::now() + STREAM_MAX;
    let mut told = (String::new(), String::new());
    loop {
        let now = present.borrow_and_update().clone();
        if !goes_on(&desk, &visitor).await {
            return;
        }
        let strip = StripAlone { strip: strip::of(&now, &visitor) }.render();
        let board = match of(&desk, &now, &visitor).await {
            Ok(board) => board.render().map_err(PageError::from),
            Err(error) => Err(error),
        };
        let (Ok(strip), Ok(board)) = (strip, board) else { return };
        for (name, text, told) in [("strip", strip, &mut told.0), ("board", board, &mut told.1)] {
            if text != *told {
                let event = Event::default().event(name).data(&text).retry(RETRY);
                if send.send(Ok(event)).await.is_err() {
                    return;
                }
                *told = text;
            }
        }
        tokio::select! {
            () = send.closed() => return,
            () = tokio::time::sleep_until(ends) => return,
            changed = present.changed() => if changed.is_err() { return },
        }
        tokio::time::sleep_until(tokio::time::Instant::now() + GATHER).await;
    }
}

const RETRY: Duration = Duration::from_millis(300);

/// Whether the visit is still what it was let in as: it may have been ended on the command
/// line. While that cannot be read it goes on: what is wrong has to be told.
async fn goes_on(desk: &Desk, visitor: &Visitor) -> bool {
    let sees = |account: &AccountRow| (Reach::of(account), account.person.clone());
    match desk.reader.session(&visitor.session, desk.clock.wall()).await {
        Ok(Some(visit)) => visit.complete && sees(&visit.account) == sees(&visitor.account),
        Ok(None) => false,
        Err(_) => true,
    }
}

async fn of(desk: &Desk, present: &Present, visitor: &Visitor) -> Result<Board, PageError> {
    let Some(calls) = &present.calls else { return Ok(Board::of(desk, visitor, None)) };
    let own = own::Own::of(desk, visitor).await?;
    let cards = calls.iter().filter(|live| visitor.is_of(&live.call.service)).map(|live| Card {
        reveal: reveal(live, &own).filter(|_| visitor.may(Act::RevealNumber)),
        ..card(live, present, &own, &desk.targets)
    });
    Ok(Board::of(desk, visitor, Some(cards.collect())))
}

/// Where the number of a call can be asked for, if there is one, by who sees its case.
fn reveal(live: &LiveCall, own: &own::Own) -> Option<String> {
    let case = live.case.as_ref().filter(|case| own.sees(case))?;
    let known = live.call.caller.is_some();
    known.then(|| format!("/schede/{}/{}/mostra", case.service, case.case))
}

fn card(live: &LiveCall, present: &Present, own: &own::Own, targets: &Targets) -> Card {
    let call = &live.call;
    let service = present.services.iter().find(|now| now.service == call.service);
    let title = service.map_or_else(|| call.service.to_string(), |now| now.title.clone());
    let (state, state_since) = state(live);
    let human = call.accepted.or(call.ended).map(|at| at.to_utc());
    let waited = human.unwrap_or(present.at) - call.arrived.to_utc();
    let tone = match (call.accepted.is_some(), waited) {
        (_, waited) if waited >= targets.answered_alarm => Tone::Bad,
        (_, waited) if waited >= targets.answered => Tone::Watch,
        _ => Tone::Good,
    };
    let case = live.case.as_ref().filter(|case| own.sees(case));
    let attempts = live.case.iter().flat_map(|case| &case.attempts);
    Card {
        call: call.call,
        title,
        case: case
            .map(|case| (format!("/schede/{}/{}", case.service, case.case), case.case.to_string())),
        reveal: None,
        category: live.case.as_ref().map_or_else(
            || call.category.italian().to_owned(),
            |case| case.label.clone().unwrap_or_else(|| case.category.italian().to_owned()),
        ),
        caller: number::masked(call.caller.as_ref(), call.caller_state),
        state,
        state_since: state_since.map(|at| at.timestamp_millis()),
        over: call.ended.is_some(),
        silent: call.silent,
        clock: match (call.accepted.is_some(), call.ended.is_some()) {
            (true, _) => format!("accettata dopo {}", civil::span(waited)),
            (false, true) => format!("finita dopo {}", civil::span(waited)),
            (false, false) => civil::span(waited),
        },
        tone,
        clock_since: human.is_none().then(|| call.arrived.timestamp_millis()),
        attempts: attempts.map(attempt).collect(),
    }
}

/// «oltre 1 minuto», «oltre 90 s».
fn beyond(time: TimeDelta) -> String {
    match (time.num_minutes(), time.num_seconds() % 60) {
        (1, 0) => "oltre 1 minuto".to_owned(),
        (minutes @ 2.., 0) => format!("oltre {minutes} minuti"),
        _ => format!("oltre {} s", time.num_seconds()),
    }
}

fn attempt(attempt: &AttemptRow) -> (String, String) {
    let outcome = attempt.outcome.map_or("squilla", |outcome| outcome.italian());
    (format!("{} {}", attempt.rang.format("%H:%M:%S"), attempt.responder), outcome.to_owned())
}

/// What is happening now, in words; since when, where somebody waits.
fn state(live: &LiveCall) -> (String, Option<DateTime<Utc>>) {
    let call = &live.call;
    if let Some(ended) = call.ended {
        return (
            format!("finita alle {}: {}", ended.format("%H:%M:%S"), call.outcome.italian()),
            None,
        );
    }
    let Some(case) = &live.case else { return ("arriva".into(), None) };
    let ringing = |attempt: &&AttemptRow| attempt.outcome.is_none();
    let last = case.entries.iter().rev().find(|entry| {
        !matches!(entry.kind.as_str(), "prompt_missing" | "store_failed" | "sound_measured")
    });
    let Some(last) = last else { return ("arriva".into(), None) };
    let since = Some(last.at.to_utc());
    match last.kind.as_str() {
        "arrived" => ("arriva".into(), since),
        "call_answered" if case.attempts.is_empty() => ("saluto e menu".into(), since),
        "key_pressed" | "language_chosen" if case.attempts.is_empty() => ("menu".into(), since),
        "bridged" | "key_in_conversation" | "held" | "resumed" | "media_lost" => {
            let with = call.accepted_by.as_deref().unwrap_or("un operatore");
            (format!("in conversazione con {with}"), None)
        }
        "accepted" => (
            format!("{} ha accettato", call.accepted_by.as_deref().unwrap_or("un operatore")),
            since,
        ),
        "nobody_accepted" => ("nessuno ha accettato: si chiede se richiamare".into(), since),
        _ => {
            let rings: Vec<&AttemptRow> = case.attempts.iter().filter(ringing).collect();
            let names = |rings: &[&AttemptRow]| {
                rings.iter().map(|ring| ring.responder.as_str()).collect::<Vec<_>>().join(", ")
            };
            match rings.iter().find(|ring| ring.answered.is_some()) {
                Some(ring) => (
                    format!("{} ha alzato: si aspetta che prema 1", ring.responder),
                    ring.answered.map(|at| at.to_utc()),
                ),
                None if !rings.is_empty() => (
                    format!("squilla {}", names(&rings)),
                    rings.iter().map(|ring| ring.rang.to_utc()).max(),
                ),
                None => (last.text.trim_end_matches('.').to_owned(), since),
            }
        }
    }
}
