//! The monthly sheet as a file, and the file for the Casellario dell'assistenza.

use axum::Extension;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};

use super::super::Desk;
use super::super::calls::harmless;
use super::super::error::PageError;
use super::super::gate::Visitor;
use super::{Asked, HIDDEN, Wanted, cases, sums, tally};
use crate::case::tally::{Checked, Figure, Written, provisions};
use crate::store::Deed;
use crate::words::Clock as _;

/// `GET /rapporti.csv`: what the page shows, and hides.
pub(in super::super) async fn table(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let wanted = Wanted::of(&desk, &visitor, &asked)?;
    if wanted.problem.is_some() {
        return Err(PageError::Form);
    }
    let tally = tally(&desk, &wanted).await?;
    tell(&desk, &visitor, &wanted, "rapporto esportato", String::new()).await?;
    let services: Vec<&str> = wanted.plans.iter().map(|plan| plan.service.as_str()).collect();
    let (month, services) = (wanted.month.to_string(), services.join(" "));
    let mut rows: Vec<[String; 5]> = Vec::new();
    let mut row = |table: &str, label: &str, value: String| {
        rows.push([month.clone(), services.clone(), table.into(), label.into(), value]);
    };
    for (label, value) in sums(&tally) {
        row("totali", label, value);
    }
    for (promise, share) in tally.kept() {
        row("tempi", promise.label(), share.italian());
    }
    for table in &tally.tables {
        for (label, figure) in &table.rows {
            row(table.word, label, plain(*figure));
        }
        row(table.word, "totale", plain(table.total));
    }
    let name = format!("rapporto-{month}.csv");
    csv(&name, ["mese", "servizi", "tabella", "voce", "valore"], rows)
}

/// `GET /rapporti/casellario.csv`: who was given what, by codice fiscale. It names people:
/// who took it away is written down first.
pub(in super::super) async fn casellario(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let wanted = Wanted::of(&desk, &visitor, &asked)?;
    if wanted.problem.is_some() {
        return Err(PageError::Form);
    }
    let mut rows: Vec<[String; 7]> = Vec::new();
    for plan in &wanted.plans {
        for case in cases(&desk, plan, wanted.month).await? {
            // A file with somebody missing looks like a whole one.
            if case.written == Written::Sealed {
                return Err(PageError::Sealed);
            }
            rows.extend(provisions(&case, plan.timezone).into_iter().map(|given| {
                [
                    given.fiscal_code,
                    plan.service.to_string(),
                    given.provided.word().to_owned(),
                    given.from.to_string(),
                    given.until.map(|day| day.to_string()).unwrap_or_default(),
                    case.number.to_string(),
                    match given.checked {
                        Checked::Good => "valido",
                        Checked::ToLookAt => "da controllare",
                    }
                    .to_owned(),
                ]
            }));
        }
    }
    let detail = format!(", {} righe", rows.len());
    tell(&desk, &visitor, &wanted, "file per il Casellario esportato", detail).await?;
    let header = [
        "codice_fiscale",
        "codice_servizio",
        "prestazione",
        "data_inizio",
        "data_fine",
        "scheda",
        "controllo_codice_fiscale",
    ];
    csv(&format!("casellario-{}.csv", wanted.month), header, rows)
}

/// A line in the audit log for each service.
async fn tell(
    desk: &Desk,
    visitor: &Visitor,
    wanted: &Wanted,
    act: &str,
    detail: String,
) -> Result<(), PageError> {
    let (who, now) = (&visitor.account.name, desk.clock.wall());
    for plan in &wanted.plans {
        let deed = Deed::new(act, &format!("{}{detail}", wanted.month)).of(&plan.service);
        desk.clerk.note_deed(who, &deed, now).await?;
    }
    Ok(())
}

/// A number for a spreadsheet, without points.
fn plain(figure: Figure) -> String {
    figure.shown().map_or_else(|| HIDDEN.to_owned(), |number| number.to_string())
}

fn csv<const N: usize>(
    name: &str,
    header: [&str; N],
    rows: Vec<[String; N]>,
) -> Result<Response, PageError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let _ = writer.write_record(header);
    for row in rows {
        let _ = writer.write_record(row.map(|cell| harmless(&cell)));
    }
    let file = writer.into_inner().map_err(|_| PageError::Form)?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, file).into_response())
}
