//! The next sixty days: what is not covered, and the hours that say what must be.

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use chrono::{TimeDelta, Utc};
use serde::Deserialize;

use super::super::Desk;
use super::super::calls::Choice;
use super::super::civil;
use super::super::error::PageError;
use super::super::frame::{Frame, show};
use super::super::gate::Visitor;
use super::page::AHEAD;
use super::place::Place;
use super::when::day_name;
use crate::access::Act;
use crate::calendar::local;
use crate::dialplan::{Plan, explain_hours};
use crate::roster::{Finding, Lack, Period, coverage};
use crate::words::Clock as _;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct AskedPlace {
    servizio: String,
    equipe: String,
}

#[derive(Template)]
#[template(path = "console/pages/turni_copertura.html", config = ".askama.toml")]
struct Page {
    frame: Frame,
    place: Place,
    services: Vec<Choice>,
    equipes: Vec<Choice>,
    required: String,
    covered: String,
    uncovered: String,
    gaps: Vec<Gap>,
    warnings: Vec<String>,
    hours: String,
    patrons: Vec<String>,
    /// Where a closure is entered, for who may.
    closing: Option<String>,
    back: String,
}

struct Gap {
    when: String,
    long: String,
    assign: Option<(String, String)>,
}

/// `GET /turni/copertura`.
pub(in super::super) async fn show_ahead(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<AskedPlace>,
) -> Result<Response, PageError> {
    let now = desk.clock.wall();
    let roster = desk.reader.roster().await?.roster;
    let place = Place::of(&desk, &visitor, &roster, &asked.servizio, &asked.equipe)?;
    let range = Period::new(now, now + AHEAD).map_err(|_| PageError::NotFound)?;
    let (plan, zone) = (&place.plan, place.zone());
    let found = coverage(&roster, &plan.service, &place.equipe, &plan.hours, zone, range);
    let when = |period: Period| civil::range(period.from(), period.until(), now, zone);
    let edits = visitor.may(Act::EditRoster);
    let (gaps, others): (Vec<Finding>, Vec<Finding>) =
        found.findings.into_iter().partition(|finding| finding.lack == Lack::Uncovered);
    let gap = |finding: &Finding| Gap {
        when: when(finding.period),
        long: civil::span(finding.period.until() - finding.period.from()),
        assign: edits.then(|| place.assigning(finding.period, now)),
    };
    let warning = |finding: &Finding| {
        let lack = finding.lack.named(|istat| plan.name_of_comune(istat));
        format!("{}: {lack}", when(finding.period))
    };
    show(&Page {
        frame: Frame::new(&desk, &visitor, "/turni", "Copertura dei prossimi 60 giorni"),
        services: place.services(),
        equipes: place.equipes(&roster),
        required: whole_hours(found.required),
        covered: whole_hours(found.covered),
        uncovered: whole_hours(found.required - found.covered),
        gaps: gaps.iter().map(gap).collect(),
        warnings: others.iter().map(warning).collect(),
        hours: explain_hours(plan),
        patrons: special_days(plan, range),
        closing: edits.then(|| place.page("/orari")),
        back: place.page("/turni"),
        place,
    })
}

/// «1056 h», «1055 h 30 min».
fn whole_hours(time: TimeDelta) -> String {
    match (time.num_hours(), time.num_minutes() % 60) {
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// National holidays, patron days and closures within `range`, by day.
pub(super) fn special_days(plan: &Plan, range: Period) -> Vec<String> {
    let Some(rule) = plan.hours.offices() else { return Vec::new() };
    let day = |at: chrono::DateTime<Utc>| local(at, plan.timezone).date();
    let last = day(range.until());
    let days = day(range.from()).iter_days().take_while(|day| *day <= last);
    let told = days.flat_map(|day| {
        let feasts = plan.hours.feasts(day).into_iter();
        let closures = rule.offices.iter().flat_map(move |office| {
            let closed = office.closures.iter().filter(move |closure| closure.covers(day));
            closed.map(|closure| format!("{} chiuso{}", office.comune, why(&closure.reason)))
        });
        let all = rule.closures.iter().filter(move |closure| closure.covers(day));
        let all = all.map(|closure| format!("tutti gli uffici chiusi{}", why(&closure.reason)));
        feasts.chain(closures).chain(all).map(move |text| format!("{}: {text}", day_name(day)))
    });
    told.collect()
}

/// The reason of a closure, if there is one.
fn why(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}
