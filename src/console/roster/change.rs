//! A change of the roster on its way: shown first, then made.
//!
//! It changes nothing itself: [`crate::store::Clerk::edit_roster`] does. Law: what is
//! confirmed is what was shown. A form carries the revision it was drawn from; when the
//! roster is another by then, what changed in between is shown, and it is asked again.

use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::{DateTime, TimeDelta, Utc};

use super::super::Desk;
use super::super::error::PageError;
use super::super::form::Fields;
use super::super::frame::{Frame, show};
use super::super::gate::Visitor;
use super::lanes::{common, gaps};
use super::place::Place;
use super::refusal::sentence;
use crate::roster::{Author, Edit, Edited, Period, Records, Roster, diff};
use crate::store::{EditRosterError, StandingRoster};
use crate::words::Clock as _;

/// What somebody wants to change.
pub(super) struct Change<'a> {
    pub(super) place: &'a Place,
    pub(super) edit: Edit,
    /// When it can make a difference.
    pub(super) about: Period,
    /// What it is called: «Assegna un turno».
    pub(super) title: &'static str,
    /// Where its form is posted to.
    pub(super) address: &'static str,
    /// Where one goes when it is done.
    pub(super) back: String,
    pub(super) form: Form,
}

/// Whether there is a form to go back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    None,
    There,
}

/// What became of it.
pub(super) enum Carried {
    /// Shown, or done.
    Answered(Response),
    /// The roster's laws do not allow it: why, in Italian.
    Refused(String),
}

#[derive(Template)]
#[template(path = "console/pages/turni_anteprima.html", config = ".askama.toml")]
struct Preview {
    frame: Frame,
    address: &'static str,
    texts: Vec<String>,
    /// Whether it changes anything only when a coordinator approves it.
    to_approve: bool,
    changes: Vec<String>,
    /// Changes that are not told.
    more: usize,
    opened: Vec<String>,
    closed: Vec<String>,
    /// What others changed since the form was drawn.
    meanwhile: Option<Vec<String>>,
    hidden: Vec<(String, String)>,
    seen: i64,
    back: String,
    correct: bool,
}

/// Changes and gaps told one by one.
const TOLD: usize = 40;
/// Changes of others looked through for those since a form was drawn.
const LOOKED_AT: u32 = 50;

/// Shows what a change would do, or makes it once that was confirmed.
pub(super) async fn carry_out(
    desk: &Desk,
    visitor: &Visitor,
    fields: &Fields,
    standing: StandingRoster,
    change: Change<'_>,
) -> Result<Carried, PageError> {
    let seen: Option<i64> = fields.get("visto").parse().ok();
    if fields.get("passo") != "conferma" || seen != Some(standing.revision) {
        return preview(desk, visitor, fields, seen, &standing, &change).await;
    }
    let (by, now) = (&visitor.account.name, desk.clock.wall());
    let service = change.place.service();
    match desk.clerk.edit_roster(&standing, &change.edit, service, by, now).await {
        Ok(_) => Ok(Carried::Answered(Redirect::to(&change.back).into_response())),
        Err(EditRosterError::Changed) => {
            let standing = desk.reader.roster().await?;
            preview(desk, visitor, fields, seen, &standing, &change).await
        }
        Err(EditRosterError::Refused(refused)) => Ok(Carried::Refused(sentence(&refused))),
        Err(error) => Err(error.into()),
    }
}

async fn preview(
    desk: &Desk,
    visitor: &Visitor,
    fields: &Fields,
    seen: Option<i64>,
    standing: &StandingRoster,
    change: &Change<'_>,
) -> Result<Carried, PageError> {
    let Change { place, edit, about, title, address, back, form } = change;
    let author = Author {
        by: visitor.account.name.clone(),
        at: desk.clock.wall(),
        revision: standing.revision + 1,
    };
    let edited = match edit.clone().apply(standing.roster.records(), &author) {
        Ok(edited) => edited,
        Err(refused) => return Ok(Carried::Refused(sentence(&refused))),
    };
    let (to_approve, records) = foreseen(edit, &edited, &author);
    // An edit that was applied makes a roster.
    let after = Roster::new(records).unwrap_or_default();
    let before = &standing.roster;
    let zone = place.zone();
    let about = near(*about, author.at);
    let changed = diff(before, &after, place.service(), &place.equipe, about);
    let (had, has) = (gaps(&place.subject(before), about), gaps(&place.subject(&after), about));
    let when =
        |period: Period| super::super::civil::range(period.from(), period.until(), author.at, zone);
    let told = |periods: Vec<Period>| periods.into_iter().take(TOLD).map(when).collect();
    let meanwhile = match seen {
        Some(seen) if seen != standing.revision => Some(since(desk, seen).await?),
        _ => None,
    };
    let carried = |(key, _): &(&str, &str)| !matches!(*key, "csrf" | "passo" | "visto");
    show(&Preview {
        frame: Frame::new(desk, visitor, "/turni", title),
        address,
        texts: edited.texts.into_iter().map(|(_, text)| text).collect(),
        to_approve,
        changes: changed.iter().take(TOLD).map(|changed| changed.text(zone)).collect(),
        more: changed.len().saturating_sub(TOLD),
        opened: told(less(&has, &had)),
        closed: told(less(&had, &has)),
        meanwhile,
        hidden: fields
            .iter()
            .filter(carried)
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
        seen: standing.revision,
        back: back.clone(),
        correct: *form == Form::There,
    })
    .map(Carried::Answered)
}

/// What of a period is shown: some turns last for years.
fn near(about: Period, now: DateTime<Utc>) -> Period {
    let near = Period::new(now - TimeDelta::days(62), now + TimeDelta::days(400));
    near.ok().and_then(|near| common(near, about)).unwrap_or(about)
}

/// The records once a request is approved, and whether it still has to be.
fn foreseen(edit: &Edit, edited: &Edited, author: &Author) -> (bool, Records) {
    let request = match edit {
        Edit::AskSwaps(_) => author.revision.to_string(),
        Edit::TakeSwap { id, .. } => edited
            .records
            .swaps
            .iter()
            .find(|swap| swap.id == *id)
            .map_or_else(|| id.clone(), |swap| swap.request().to_owned()),
        _ => return (false, edited.records.clone()),
    };
    let approved = Edit::ApproveSwaps { request }.apply(&edited.records, author);
    // What nobody took yet changes nothing.
    (true, approved.map_or_else(|_| edited.records.clone(), |approved| approved.records))
}

/// What others changed since `seen`, newest first.
async fn since(desk: &Desk, seen: i64) -> Result<Vec<String>, PageError> {
    let changes = desk.reader.roster_changes(LOOKED_AT).await?;
    let newer = changes.into_iter().filter(|change| change.revision > seen);
    Ok(newer.map(|change| format!("{}: {}", change.author, change.text)).collect())
}

/// What of `periods` lies in none of `others`; both are sorted and apart.
pub(super) fn less(periods: &[Period], others: &[Period]) -> Vec<Period> {
    let mut left = Vec::new();
    for period in periods {
        let mut from = period.from();
        for other in others.iter().filter_map(|other| common(*other, *period)) {
            left.extend(Period::new(from, other.from()).ok());
            from = other.until();
        }
        left.extend(Period::new(from, period.until()).ok());
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_newly_lacking_is_what_lacks_less_what_lacked() {
        let period = |from: i64, until: i64| {
            let at = |hour| DateTime::from_timestamp(hour * 3_600, 0).unwrap();
            Period::new(at(from), at(until)).unwrap()
        };
        let has = [period(0, 10), period(20, 30)];
        let had = [period(2, 4), period(8, 12), period(20, 30)];
        assert_eq!(less(&has, &had), [period(0, 2), period(4, 8)]);
        assert_eq!(less(&had, &has), [period(10, 12)]);
        assert_eq!(less(&has, &[]), has);
    }
}
