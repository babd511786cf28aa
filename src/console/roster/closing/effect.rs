//! What a closure changes: who answers on each day, and where nobody would be.

use chrono::{DateTime, NaiveDate, Utc};

use super::super::change::less;
use super::super::days::answering;
use super::super::lanes::{Subject, gaps};
use super::super::place::Place;
use super::super::when::{day_name, midnight};
use crate::calendar::{Closure, local};
use crate::console::civil;
use crate::dialplan::Plan;
use crate::roster::{Period, Roster};

/// The difference between two plans on the days of a closure.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Effect {
    /// «lunedì 7 dicembre: il servizio risponde tutto il giorno (prima: …)».
    pub(super) days: Vec<String>,
    /// Days that are not told.
    pub(super) more: usize,
    /// When nobody would be rung that need not be now, and the reverse.
    pub(super) opened: Vec<String>,
    pub(super) closed: Vec<String>,
}

/// Days and gaps told one by one.
const TOLD: usize = 31;

/// What goes from `before` to `after`, from today on.
pub(super) fn effect(
    place: &Place,
    (before, after): (&Plan, &Plan),
    closure: &Closure,
    roster: &Roster,
    now: DateTime<Utc>,
) -> Effect {
    let zone = place.zone();
    let first = closure.from.max(local(now, zone).date());
    let days = first.iter_days().take_while(|day| *day <= closure.until);
    let told = |day: NaiveDate| {
        let on = |plan: &Plan| answering(&plan.hours, day, zone);
        let (was, is) = (on(before)?, on(after)?);
        (was != is).then(|| format!("{}: {is} (prima: {was})", day_name(day)))
    };
    let mut days: Vec<String> = days.filter_map(told).collect();
    let more = days.len().saturating_sub(TOLD);
    days.truncate(TOLD);
    let gaps_of =
        |plan: &Plan, range| gaps(&Subject { hours: &plan.hours, ..place.subject(roster) }, range);
    let after_last = closure.until.succ_opt().unwrap_or(closure.until);
    let range = Period::new(midnight(first, zone).max(now), midnight(after_last, zone));
    let (had, has) = match range {
        Ok(range) => (gaps_of(before, range), gaps_of(after, range)),
        Err(_) => (Vec::new(), Vec::new()),
    };
    let when = |period: Period| civil::range(period.from(), period.until(), now, zone);
    let told = |periods: Vec<Period>| periods.into_iter().take(TOLD).map(when).collect();
    Effect { days, more, opened: told(less(&has, &had)), closed: told(less(&had, &has)) }
}
