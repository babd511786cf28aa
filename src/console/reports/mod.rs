//! The monthly sheet: what a service owes in a report, and the files of it.
//!
//! It counts nothing and hides nothing itself: [`crate::case::tally`] does. Law: a number
//! reaches a page or a file only as a [`Figure`] or a [`Share`], which are safe to publish;
//! the one file that names people is written down before it is sent.

mod file;
mod page;
mod plot;

use std::sync::Arc;

use serde::Deserialize;

use super::Desk;
use super::civil;
use super::error::PageError;
use super::gate::Visitor;
use crate::calendar::{Month, local};
use crate::case::clocks::offices_work;
use crate::case::tally::{CaseOfMonth, Figure, Share, Tally, Terms, Waited};
use crate::dialplan::Plan;
use crate::words::Clock as _;
pub(super) use file::{casellario, table};
pub(super) use page::show_reports;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    servizio: String,
    /// `2026-11`; the month before this one when empty.
    mese: String,
}

/// A month of some services.
struct Wanted {
    /// Those that were asked for.
    plans: Vec<Arc<Plan>>,
    /// All the visitor may choose from.
    choice: Vec<Arc<Plan>>,
    month: Month,
    /// What of the question could not be read.
    problem: Option<String>,
}

impl Wanted {
    fn of(desk: &Desk, visitor: &Visitor, asked: &Asked) -> Result<Self, PageError> {
        let plans = desk.plans.borrow().clone();
        let choice: Vec<Arc<Plan>> =
            plans.into_iter().filter(|plan| visitor.is_of(&plan.service)).collect();
        let chosen = |plan: &&Arc<Plan>| {
            asked.servizio.is_empty() || plan.service.as_str() == asked.servizio
        };
        let plans: Vec<Arc<Plan>> = choice.iter().filter(chosen).cloned().collect();
        // Another service is none for this visitor: both look alike.
        let first = plans.first().ok_or(PageError::NotFound)?;
        let today = local(desk.clock.wall(), first.timezone).date();
        let now = Month::of(today).ok_or(PageError::NotFound)?;
        let (month, problem) = match asked.mese.parse::<Month>() {
            Ok(month) => (month, None),
            Err(_) if asked.mese.is_empty() => (now.previous().unwrap_or(now), None),
            Err(error) => (now, Some(format!("{error}: scriva per esempio {now}"))),
        };
        Ok(Self { plans, choice, month, problem })
    }

    /// What it is a sheet of, in words.
    fn title(&self) -> String {
        match self.plans.as_slice() {
            [only] => only.title.clone(),
            several => format!("{} servizi insieme", several.len()),
        }
    }
}

/// The cases of a month of one service.
async fn cases(desk: &Desk, plan: &Plan, month: Month) -> Result<Vec<CaseOfMonth>, PageError> {
    let between = month.range(plan.timezone);
    Ok(desk.reader.cases_between(&desk.keyring, &plan.service, between).await?)
}

/// The month in numbers, each service counted by itself.
async fn tally(desk: &Desk, wanted: &Wanted) -> Result<Tally, PageError> {
    let now = desk.clock.wall();
    let mut whole: Option<Tally> = None;
    for plan in &wanted.plans {
        let between = wanted.month.range(plan.timezone);
        let calls = async { Ok(desk.reader.calls_between(&plan.service, between).await?) };
        let (calls, cases) = tokio::try_join!(calls, cases(desk, plan, wanted.month))?;
        let (plan, targets) = (plan.clone(), desk.targets.clone());
        // Counting a thousand schede takes a while; calls are answered by these threads.
        let counted = tokio::task::spawn_blocking(move || {
            let comuni: Vec<String> = plan.comuni.iter().map(|c| c.name.clone()).collect();
            let terms = Terms {
                comuni: &comuni,
                targets: &targets,
                zone: plan.timezone,
                works: &offices_work,
                now,
            };
            Tally::of(&calls, &cases, &terms)
        });
        let counted = counted.await.map_err(|_| PageError::Sql(sqlx::Error::WorkerCrashed))?;
        whole = Some(match whole {
            Some(others) => others.plus(&counted),
            None => counted,
        });
    }
    whole.ok_or(PageError::NotFound)
}

/// The numbers that stand above all tables: what they are, and how much.
fn sums(tally: &Tally) -> Vec<(&'static str, String)> {
    let (median, ninetieth) = match tally.waited() {
        Waited::Never => (Share::None.italian(), Share::None.italian()),
        Waited::Hidden => (HIDDEN.to_owned(), HIDDEN.to_owned()),
        Waited::Known { median, ninetieth } => (civil::span(median), civil::span(ninetieth)),
    };
    vec![
        ("Chiamate", number(tally.calls())),
        ("Chi ha riagganciato prima", number(tally.abandoned())),
        ("Una persona risponde, metà delle volte, entro", median),
        ("Una persona risponde, nove volte su dieci, entro", ninetieth),
        ("Fuori dall'orario degli uffici", tally.out_of_hours().italian()),
        ("Schede con accoglienza", number(tally.receptions())),
        ("Notti di accoglienza", number(tally.nights)),
    ]
}

/// As Italians write it: `1.204`; [`HIDDEN`] where it may not be told.
fn number(figure: Figure) -> String {
    let Some(number) = figure.shown() else { return HIDDEN.to_owned() };
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + 3);
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            text.push('.');
        }
        text.push(digit);
    }
    text
}

/// What stands in the place of a number that may not be told.
const HIDDEN: &str = "riservato";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_italians_write_them() {
        for (figure, text) in [
            (Figure::Shown(0), "0"),
            (Figure::Shown(999), "999"),
            (Figure::Shown(1_204), "1.204"),
            (Figure::Shown(1_204_000), "1.204.000"),
            (Figure::Hidden, "riservato"),
        ] {
            assert_eq!(number(figure), text);
        }
    }
}
