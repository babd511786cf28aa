//! The duty roster: lanes on one time axis, and the same day by day.

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::response::Response;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Deserialize;

use super::super::Desk;
use super::super::calls::Choice;
use super::super::civil;
use super::super::error::PageError;
use super::super::frame::{Frame, show};
use super::super::gate::Visitor;
use super::changes::{Line, changes, shifts};
use super::days::{Day, EntryKind, Looks, Own, Whose, days, own};
use super::drawing::{self, Drawing, GAP_ROW, WIDTH};
use super::lanes::lanes;
use super::place::{Assigns, Place};
use super::when::{Shown, View};
use crate::access::Act;
use crate::calendar::local;
use crate::roster::{Absence, Period, Roster};
use crate::words::Clock as _;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct AskedTurns {
    servizio: String,
    equipe: String,
    /// A day among those wanted: `2026-12-21`.
    da: String,
    /// `settimana` or `mese`.
    vista: String,
    /// `miei`: one's own turns alone.
    solo: String,
    /// There, when something was just done.
    fatto: String,
}

#[derive(Template)]
#[template(path = "console/pages/turni.html", config = ".askama.toml")]
struct Page {
    frame: Frame,
    place: Place,
    services: Vec<Choice>,
    equipes: Vec<Choice>,
    shown: Shown,
    title: String,
    /// The days before, those of today, those after; the other view; own turns or all.
    earlier: String,
    today: String,
    later: String,
    other_view: (String, &'static str),
    whose: Option<(String, &'static str)>,
    assign: Option<String>,
    /// The day that was asked for, as it was typed.
    typed: String,
    problem: Option<String>,
    done: bool,
    drawing: Option<Drawing>,
    days: Vec<Day>,
    /// One's turns to come, where one is somebody of the roster, and how many are not told.
    own: Option<Vec<Own>>,
    more: usize,
    /// When one has said that one cannot: number, words.
    cannot: Vec<(String, String)>,
    changes: Vec<Line>,
    /// Single turns of the plan, for who may take them away.
    shifts: Vec<Line>,
    asks: bool,
    edits: bool,
    seen: i64,
}

/// How far one's own turns are listed.
pub(super) const AHEAD: TimeDelta = TimeDelta::days(60);
/// Own turns told above everybody's; «solo i miei turni» has them all.
const OWN_TOLD: usize = 6;

/// `GET /turni`.
pub(in super::super) async fn show_roster(
    State(desk): State<Desk>,
    Extension(visitor): Extension<Visitor>,
    Query(asked): Query<AskedTurns>,
) -> Result<Response, PageError> {
    let now = desk.clock.wall();
    let standing = desk.reader.roster().await?;
    let roster = &standing.roster;
    let place = Place::of(&desk, &visitor, roster, &asked.servizio, &asked.equipe)?;
    let today = local(now, place.zone()).date();
    let (day, problem) = wanted_day(&asked.da, today);
    let shown = Shown::around(day, View::of(&asked.vista), place.zone());
    let range = shown.range().ok_or(PageError::NotFound)?;
    let edits = visitor.may(Act::EditRoster);
    let assigns = if edits { Assigns::Yes } else { Assigns::No };
    let person = visitor.account.person.as_deref();
    let only_own = asked.solo == "miei" && person.is_some();
    let assign = |gap: Period| (edits && gap.until() > now).then(|| place.assigning(gap, now));
    let asks = visitor.may(Act::AskForSwap);
    let whose = if only_own { Whose::Own } else { Whose::All };
    let subject = place.subject(roster);
    let drawing = (!only_own).then(|| {
        let lanes = lanes(&subject, range);
        drawing::draw(&lanes, &shown, range, place.zone(), now, assign)
    });
    let address = |day: NaiveDate, view: View, solo: &str| {
        let more = [("da", &*day.to_string()), ("vista", view.word()), ("solo", solo)];
        place.address("/turni", &more)
    };
    let solo = if only_own { "miei" } else { "" };
    let other = if shown.view == View::Week { View::Month } else { View::Week };
    let coming = Period::new(now, now + AHEAD).map_err(|_| PageError::NotFound)?;
    let own_turns = person.map(|person| own(&subject, person, coming, now));
    let told = if only_own { usize::MAX } else { OWN_TOLD };
    let page = Page {
        frame: Frame::new(&desk, &visitor, "/turni", "Turni"),
        services: place.services(),
        equipes: place.equipes(roster),
        title: shown.title(),
        earlier: address(shown.earlier(), shown.view, solo),
        today: address(today, shown.view, solo),
        later: address(shown.after, shown.view, solo),
        other_view: (address(day, other, solo), other.word()),
        whose: person.map(|_| match only_own {
            true => (address(day, shown.view, ""), "Tutti i turni"),
            false => (address(day, shown.view, "miei"), "Solo i miei turni"),
        }),
        assign: edits.then(|| place.page("/turni/assegna")),
        typed: match &problem {
            Some(_) => asked.da,
            None => shown.first.to_string(),
        },
        problem,
        done: !asked.fatto.is_empty(),
        drawing,
        days: days(&place, roster, &shown, Looks { person, whose, says: asks }, now, assign),
        more: own_turns.as_ref().map_or(0, Vec::len).saturating_sub(told),
        own: own_turns.map(|turns| turns.into_iter().take(told).collect()),
        cannot: person.map_or_else(Vec::new, |person| said(&place, roster, &visitor, person, now)),
        changes: changes(&place, roster, range, now, assigns),
        shifts: if edits { shifts(&place, roster, range, now) } else { Vec::new() },
        asks,
        edits,
        seen: standing.revision,
        shown,
        place,
    };
    show(&page)
}

/// The day that was asked for; today, and a sentence, when it is none.
fn wanted_day(text: &str, today: NaiveDate) -> (NaiveDate, Option<String>) {
    if text.is_empty() {
        return (today, None);
    }
    match civil::read_day(text) {
        Ok(day) => (day, None),
        Err(sentence) => (today, Some(sentence)),
    }
}

/// What somebody said of themselves, and may take back.
fn said(
    place: &Place,
    roster: &Roster,
    visitor: &Visitor,
    person: &str,
    now: DateTime<Utc>,
) -> Vec<(String, String)> {
    let own = roster.records().absences.iter().filter(|absence| {
        super::cannot::may_take_back(absence, visitor, person)
            && absence.service == *place.service()
            && absence.period.until() > now
    });
    let line = |absence: &Absence| {
        let when = civil::range(absence.period.from(), absence.period.until(), now, place.zone());
        (absence.id.clone(), when)
    };
    own.map(line).collect()
}

/// The days around the beginning of what was done; today where that is past.
pub(super) fn back_to(place: &Place, about: Period, now: DateTime<Utc>) -> String {
    let day = local(about.from().max(now), place.zone()).date();
    place.address("/turni", &[("da", &day.to_string()), ("fatto", "1")])
}
