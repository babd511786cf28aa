//! The hours of a service, and the extraordinary closures of its offices.
//!
//! They decide nothing about hours: [`crate::calendar`] does. Law: nothing is shut or opened
//! again before somebody saw on which days that changes who answers.

mod effect;
mod enter;
mod page;
mod take_back;
mod typed;

pub(in super::super) use enter::enter;
pub(in super::super) use page::show_hours;
pub(in super::super) use take_back::take_back;

use std::time::Duration;

use super::place::Place;
use crate::console::Desk;
use crate::console::error::PageError;
use crate::dialplan::EnteredClosure;

/// How long it may take until calls go by what was entered; then the page goes on all the
/// same, and says what was written.
const IN_USE_WITHIN: Duration = Duration::from_secs(3);

/// «Mesagne, dal 24/12/2026 al 31/12/2026 (Ponte)».
fn told(place: &Place, entered: &EnteredClosure) -> String {
    let whose = match entered.comune.as_deref() {
        None => "Tutti i Comuni",
        Some(istat) => place.plan.name_of_comune(istat).unwrap_or("un Comune che non c'è più"),
    };
    let date = |day: chrono::NaiveDate| day.format("%d/%m/%Y");
    let closure = &entered.closure;
    let days = match closure.from == closure.until {
        true => format!("il {}", date(closure.from)),
        false => format!("dal {} al {}", date(closure.from), date(closure.until)),
    };
    let reason = match closure.reason.as_str() {
        "" => String::new(),
        reason => format!(" ({reason})"),
    };
    format!("{whose}, {days}{reason}")
}

/// Writes something that changes the plans in use, and waits until they are others.
async fn until_in_use<T>(
    desk: &Desk,
    writing: impl Future<Output = Result<T, PageError>>,
) -> Result<T, PageError> {
    let mut plans = desk.plans.clone();
    plans.mark_unchanged();
    let written = writing.await?;
    // What is written holds; the plans take it up within a second.
    let _ = tokio::time::timeout(IN_USE_WITHIN, plans.changed()).await;
    Ok(written)
}
