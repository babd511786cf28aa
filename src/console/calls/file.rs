//! The call log as a file: what the page shows, every row of it, numbers masked.

use std::collections::HashMap;

use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;

use super::asked::{Asked, told};
use super::{line, offered, verdicts};
use crate::console::Desk;
use crate::console::error::PageError;
use crate::console::gate::Visitor;
use crate::console::serve::Lasting;
use crate::console::spreadsheet::{Outgoing, answer};
use crate::store::{CallRow, Cursor, Deed, Wanted};
use crate::words::{CallId, Clock as _};

const HEADER: [&str; 9] = [
    "arrivo",
    "servizio",
    "chi_chiama",
    "categoria",
    "esito",
    "verdetto",
    "secondi_alla_persona",
    "presa_da",
    "scheda",
];

/// `GET /chiamate.csv`.
pub(in crate::console) async fn file(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Extension(lasting): Extension<Lasting>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let wanted = asked.wanted(&offered(&desk, &visitor)).map_err(|_| PageError::Form)?;
    let wanted = Wanted { after: None, ..wanted };
    let deed = Deed::new("chiamate esportate", &told(&wanted));
    desk.clerk.note_deed(&visitor.account.name, &deed, desk.clock.wall()).await?;
    // A database that cannot be read at all is told on a page, not in half a file.
    let first = desk.reader.calls_page(&wanted, PIECE).await?;
    let write = move |out| write(desk, wanted, first, out);
    Ok(answer("chiamate.csv", HEADER, &lasting, write))
}

/// Sends these rows, then those after them, to the last.
async fn write(
    desk: Desk,
    mut wanted: Wanted,
    mut calls: Vec<CallRow>,
    out: Outgoing,
) -> Result<(), PageError> {
    loop {
        let verdicts = verdicts(&desk, &calls).await?;
        let rows = calls.iter().map(|call| row(call, &verdicts)).collect();
        let last = calls.last().filter(|_| calls.len() == PIECE as usize);
        let after = last.map(|last| Cursor { at: last.arrived.to_utc(), call: last.call });
        if !out.send(rows).await || after.is_none() {
            return Ok(());
        }
        wanted.after = after;
        calls = desk.reader.calls_page(&wanted, PIECE).await?;
    }
}

fn row(call: &CallRow, verdicts: &HashMap<CallId, String>) -> [String; 9] {
    let line = line(call, call.service.to_string(), verdicts);
    let waited = call.accepted.map(|at| (at - call.arrived).num_seconds().to_string());
    [
        call.arrived.to_rfc3339(),
        line.service,
        line.caller,
        call.category.word().to_owned(),
        call.outcome.word().to_owned(),
        line.verdict,
        waited.unwrap_or_default(),
        line.by,
        line.case.map_or_else(String::new, |(_, number)| number),
    ]
}

/// Calls read at a time.
const PIECE: u32 = 1_000;
