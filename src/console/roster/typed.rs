//! What is typed to assign a turn: an edit, or a sentence beside each field that is wrong.

use chrono::{DateTime, Utc};

use super::super::civil;
use super::super::form::Fields;
use super::place::{Place, people};
use crate::roster::{Edit, Entered, MAX_STEP, Override, Period, Roster, Shift};

/// What stands in the form.
#[derive(Debug, Clone, Default)]
pub(super) struct Typed {
    pub(super) person: String,
    pub(super) step: String,
    pub(super) from: String,
    pub(super) until: String,
    pub(super) instead: String,
    pub(super) reason: String,
}

/// A sentence beside each field that is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Problems {
    pub(super) person: Option<String>,
    pub(super) step: Option<String>,
    pub(super) from: Option<String>,
    pub(super) until: Option<String>,
    pub(super) instead: Option<String>,
    pub(super) reason: Option<String>,
    /// Of the whole.
    pub(super) whole: Option<String>,
}

impl Typed {
    pub(super) fn of(fields: &Fields) -> Self {
        let field = |name| fields.get(name).to_owned();
        Self {
            person: field("persona"),
            step: field("livello"),
            from: field("dal"),
            until: field("al"),
            instead: field("posto"),
            reason: field("motivo"),
        }
    }
}

/// The edit that was typed, and when it matters; or what is wrong with each field.
pub(super) fn wanted(
    typed: &Typed,
    place: &Place,
    roster: &Roster,
    now: DateTime<Utc>,
) -> Result<(Edit, Period), Box<Problems>> {
    let mut problems = Problems::default();
    let known = people(roster, place.service());
    if typed.person.is_empty() {
        problems.person = Some("Scelga chi sarà di turno.".into());
    } else if !known.contains(&typed.person) {
        problems.person = Some(format!("«{}» non è fra le persone dei turni.", typed.person));
    }
    if !typed.instead.is_empty() && typed.instead == typed.person {
        problems.instead =
            Some("Una persona non sostituisce sé stessa: ne scelga un'altra.".into());
    } else if !typed.instead.is_empty() && !known.contains(&typed.instead) {
        problems.instead = Some(format!("«{}» non è fra le persone dei turni.", typed.instead));
    }
    let step = typed.step.parse().ok().filter(|step| (1..=MAX_STEP).contains(step));
    if step.is_none() && typed.instead.is_empty() {
        problems.step =
            Some(format!("Il livello è un numero da 1 a {MAX_STEP}; 1 squilla per primo."));
    }
    if typed.reason.chars().count() > REASON_MAX {
        problems.reason = Some(format!("Al massimo {REASON_MAX} caratteri."));
    }
    let read = |text: &str, problem: &mut Option<String>| {
        civil::read_time(text, place.zone()).map_err(|sentence| *problem = Some(sentence)).ok()
    };
    let from = read(&typed.from, &mut problems.from);
    let until = read(&typed.until, &mut problems.until);
    let period = from.zip(until).and_then(|(from, until)| {
        let period = Period::new(from, until).ok();
        if period.is_none() {
            problems.until =
                Some("La fine viene prima dell'inizio: corregga una delle due.".into());
        } else if until <= now {
            problems.until =
                Some("È già passato: scelga un periodo che deve ancora finire.".into());
        }
        period
    });
    match (period, step) {
        (Some(period), step) if problems == Problems::default() => {
            Ok((edit(typed, place, period, step.unwrap_or(1), now), period))
        }
        _ => Err(Box::new(problems)),
    }
}

fn edit(typed: &Typed, place: &Place, period: Period, step: u32, now: DateTime<Utc>) -> Edit {
    let (service, equipe) = (place.service().clone(), place.equipe.clone());
    let instead_of = |replaces: String| {
        Edit::AddOverride(Override {
            id: String::new(),
            service: service.clone(),
            equipe: equipe.clone(),
            replaces,
            by: typed.person.clone(),
            period,
            reason: typed.reason.clone(),
            entered: Entered { by: String::new(), at: now },
        })
    };
    if !typed.instead.is_empty() {
        return instead_of(typed.instead.clone());
    }
    let (from, until, zone) = (period.from(), period.until(), place.zone());
    let (person, id) = (typed.person.clone(), service.clone());
    match Shift::new(id, equipe.clone(), step, person, None, from, until, zone) {
        Ok(shift) => Edit::AddShift(shift),
        // A period is never empty; nobody would be replaced.
        Err(_) => instead_of(String::new()),
    }
}

const REASON_MAX: usize = 200;
