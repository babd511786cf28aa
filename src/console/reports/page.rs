//! The page of the monthly sheet.

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;

use super::super::Desk;
use super::super::calls::Choice;
use super::super::error::PageError;
use super::super::frame::{Frame, show};
use super::super::gate::Visitor;
use super::plot::{BAR, Plot, WIDTH, draw};
use super::{Asked, Wanted, number, sums, tally};
use crate::calendar::Month;
use crate::case::tally::{FEW, Figure, Opened, Share, Table};

#[derive(Template)]
#[template(path = "console/pages/rapporti.html", config = ".askama.toml")]
struct Page {
    frame: Frame,
    services: Vec<Choice>,
    month: Month,
    problem: Option<String>,
    /// What it is a sheet of: the services, the month.
    title: String,
    /// Whether nothing came in.
    empty: bool,
    /// Whether the numbers are of several services together.
    together: bool,
    opened: Opened,
    sums: Vec<(&'static str, String)>,
    kept: Vec<(&'static str, String)>,
    views: Vec<View>,
    earlier: Option<String>,
    later: Option<String>,
    file: String,
    casellario: String,
}

/// One table, and its picture.
struct View {
    id: &'static str,
    title: &'static str,
    of: &'static str,
    plot: Plot,
    rows: Vec<(String, String, String)>,
    total: String,
}

/// `GET /rapporti`.
pub(in super::super) async fn show_reports(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let wanted = Wanted::of(&desk, &visitor, &asked)?;
    let tally = tally(&desk, &wanted).await?;
    let month = wanted.month;
    let address = |page: &str, month: Month| {
        let fields = [("servizio", asked.servizio.clone()), ("mese", month.to_string())];
        let fields = fields.iter().filter(|(_, value)| !value.is_empty());
        let fields: Vec<_> = fields.collect();
        format!("{page}?{}", serde_urlencoded::to_string(fields).unwrap_or_default())
    };
    let nothing = tally.tables.iter().all(Table::is_empty);
    let several = wanted.choice.len() > 1;
    let services = wanted.choice.iter().filter(|_| several);
    let services =
        services.map(|plan| Choice::new(plan.service.as_str(), &plan.title, &asked.servizio));
    show(&Page {
        frame: Frame::new(&desk, &visitor, "/rapporti", "Rapporti"),
        services: services.collect(),
        month,
        title: format!("{}, {}", wanted.title(), month.italian()),
        empty: nothing,
        together: wanted.plans.len() > 1,
        opened: tally.opened,
        sums: sums(&tally),
        kept: tally
            .kept()
            .iter()
            .map(|(promise, share)| (promise.label(), share.italian()))
            .collect(),
        views: tally.tables.iter().map(view).collect(),
        earlier: month.previous().map(|month| address("/rapporti", month)),
        later: month.next().map(|month| address("/rapporti", month)),
        file: address("/rapporti.csv", month),
        casellario: address("/rapporti/casellario.csv", month),
        problem: wanted.problem,
    })
}

fn view(table: &Table) -> View {
    let row = |(label, figure): &(String, Figure)| {
        let share = match (figure, table.total) {
            (Figure::Shown(_), Figure::Shown(1..)) => Share::of(*figure, table.total).italian(),
            _ => String::new(),
        };
        (label.clone(), number(*figure), share)
    };
    View {
        id: table.word,
        title: table.title,
        of: table.of.italian(),
        plot: draw(table),
        rows: table.rows.iter().map(row).collect(),
        total: number(table.total),
    }
}
