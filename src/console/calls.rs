//! The call log: one line a call, and the same as a file.

mod asked;
mod file;

use std::collections::HashMap;

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::error::PageError;
use super::frame::{Frame, show};
use super::gate::Visitor;
use super::{Desk, civil, number};
use crate::case::verdict::Verdict;
use crate::case::{Fact, Outcome};
use crate::store::CallRow;
use crate::words::{CallId, Category, ServiceId};
pub(super) use asked::{Asked, Offered, cursor, cursor_text};
use asked::{OTHER, Problems, UNWRITTEN};
pub(super) use file::file;

/// Calls on a page.
const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "console/pages/chiamate.html", config = ".askama.toml")]
struct Page {
    frame: Frame,
    asked: Asked,
    problems: Problems,
    services: Vec<Choice>,
    categories: Vec<Choice>,
    outcomes: Vec<Choice>,
    comuni: Vec<Choice>,
    calls: Vec<Line>,
    next: Option<String>,
    file: String,
}

impl Page {
    fn is_wrong(&self) -> bool {
        self.problems != Problems::default()
    }
}

/// One value of a list to choose from.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) chosen: bool,
}

impl Choice {
    /// A value, chosen when it is the one `asked` for.
    pub(super) fn new(value: &str, label: &str, asked: &str) -> Self {
        Self { value: value.to_owned(), label: label.to_owned(), chosen: value == asked }
    }
}

struct Line {
    arrived: String,
    service: String,
    caller: String,
    category: String,
    verdict: String,
    answered_after: String,
    by: String,
    case: Option<(String, String)>,
}

/// `GET /chiamate`.
pub(super) async fn page(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let offered = offered(&desk, &visitor);
    let (calls, problems) = match asked.wanted(&offered) {
        Ok(wanted) => (desk.reader.calls_page(&wanted, PAGE + 1).await?, Problems::default()),
        Err(problems) => (Vec::new(), *problems),
    };
    let verdicts =
        verdicts(&desk, calls.get(..calls.len().min(PAGE as usize)).unwrap_or_default()).await?;
    let next = (calls.len() > PAGE as usize).then(|| calls.get(PAGE as usize - 1)).flatten();
    let next = next.map(|last| {
        let after = cursor_text(last.arrived, last.call);
        format!("/chiamate?{}&dopo={after}", asked.question())
    });
    let Offered { services, comuni } = &offered;
    let page = Page {
        frame: Frame::new(&desk, &visitor, "/chiamate", "Registro delle chiamate"),
        services: of_services(services, &asked.servizio),
        categories: of_categories(&asked.categoria),
        outcomes: Outcome::ALL
            .iter()
            .map(|outcome| Choice::new(outcome.word(), outcome.italian(), &asked.esito))
            .collect(),
        comuni: of_comuni(comuni, &asked.comune),
        calls: calls
            .iter()
            .take(PAGE as usize)
            .map(|call| line(call, named(services, &call.service), &verdicts))
            .collect(),
        next,
        file: format!("/chiamate.csv?{}", asked.question()),
        problems,
        asked: asked.shown(),
    };
    show(&page)
}

/// A cell that a spreadsheet takes for no formula: behind an apostrophe. One that begins with
/// an apostrophe gets another, so that the first one is always ours.
pub(super) fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\'']) {
        format!("'{cell}")
    } else {
        cell.into()
    }
}

/// What a visitor may ask for of the call log.
pub(super) fn offered(desk: &Desk, visitor: &Visitor) -> Offered {
    let mut comuni: Vec<String> = Vec::new();
    for plan in desk.plans.borrow().iter().filter(|plan| visitor.is_of(&plan.service)) {
        let of_plan = plan.comuni.iter().map(|comune| &comune.name);
        let new: Vec<String> = of_plan.filter(|name| !comuni.contains(name)).cloned().collect();
        comuni.extend(new);
    }
    Offered { services: services(desk, visitor), comuni }
}

/// The services whose record a visitor sees: id, title, zone.
pub(super) fn services(desk: &Desk, visitor: &Visitor) -> Vec<(ServiceId, String, Tz)> {
    let plans = desk.plans.borrow();
    let own = plans.iter().filter(|plan| visitor.is_of(&plan.service));
    own.map(|plan| (plan.service.clone(), plan.title.clone(), plan.timezone)).collect()
}

/// The services to choose from.
pub(super) fn of_services(services: &[(ServiceId, String, Tz)], asked: &str) -> Vec<Choice> {
    services.iter().map(|(id, title, _)| Choice::new(id.as_str(), title, asked)).collect()
}

/// The categories to choose from.
pub(super) fn of_categories(asked: &str) -> Vec<Choice> {
    let choice = |category: &Category| Choice::new(category.word(), category.italian(), asked);
    Category::ALL.iter().map(choice).collect()
}

/// The Comuni to choose from, and what a scheda says besides.
fn of_comuni(comuni: &[String], asked: &str) -> Vec<Choice> {
    let besides = [(OTHER, "un altro Comune"), (UNWRITTEN, "non ancora scritto")];
    let besides = besides.map(|(value, label)| Choice::new(value, label, asked));
    comuni.iter().map(|name| Choice::new(name, name, asked)).chain(besides).collect()
}

/// What people call a service.
pub(super) fn named(services: &[(ServiceId, String, Tz)], id: &ServiceId) -> String {
    let known = services.iter().find(|(known, _, _)| known == id);
    known.map_or_else(|| id.to_string(), |(_, title, _)| title.clone())
}

/// What became of each call, from its own timeline.
async fn verdicts(desk: &Desk, calls: &[CallRow]) -> Result<HashMap<CallId, String>, PageError> {
    let ids: Vec<CallId> = calls.iter().map(|call| call.call).collect();
    let timelines = desk.reader.timelines(&ids).await?;
    Ok(timelines.into_iter().map(|(call, timeline)| (call, verdict(&timeline))).collect())
}

/// What became of a call, in one sentence.
pub(super) fn verdict(timeline: &[(DateTime<Utc>, Fact)]) -> String {
    Verdict::of(timeline.iter().map(|(at, fact)| (*at, fact))).text()
}

fn line(call: &CallRow, service: String, verdicts: &HashMap<CallId, String>) -> Line {
    Line {
        arrived: civil::full(call.arrived),
        service,
        caller: number::masked(call.caller.as_ref(), call.caller_state),
        category: call.category.italian().to_owned(),
        verdict: verdicts
            .get(&call.call)
            .cloned()
            .unwrap_or_else(|| call.outcome.italian().to_owned()),
        answered_after: call.accepted.map_or_else(String::new, |at| civil::span(at - call.arrived)),
        by: call.accepted_by.clone().unwrap_or_default(),
        case: call.case.map(|case| (format!("/schede/{}/{case}", call.service), case.to_string())),
    }
}
