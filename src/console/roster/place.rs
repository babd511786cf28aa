//! Which service and équipe a page of the roster is about.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use chrono_tz::Tz;

use super::super::Desk;
use super::super::calls::Choice;
use super::super::error::PageError;
use super::super::gate::Visitor;
use super::lanes::Subject;
use crate::dialplan::Plan;
use crate::roster::{Period, Roster, write_civil};
use crate::words::ServiceId;

/// A service of the visitor's, and one of its équipes.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) plan: Arc<Plan>,
    pub(super) equipe: String,
    /// All the visitor may choose from.
    plans: Vec<Arc<Plan>>,
}

impl Place {
    /// What was asked for; the visitor's first service, and the équipe of its plan, where
    /// nothing was.
    pub(super) fn of(
        desk: &Desk,
        visitor: &Visitor,
        roster: &Roster,
        service: &str,
        equipe: &str,
    ) -> Result<Self, PageError> {
        let plans = desk.plans.borrow().clone();
        let plans: Vec<Arc<Plan>> =
            plans.into_iter().filter(|plan| visitor.is_of(&plan.service)).collect();
        let mut wanted = plans.iter().filter(|plan| match service {
            "" => true,
            name => plan.service.as_str() == name,
        });
        let plan = wanted.next().cloned().ok_or(PageError::NotFound)?;
        let known = roster.equipes(&plan.service).contains(equipe);
        let equipe = if known { equipe.to_owned() } else { plan.equipe.clone() };
        Ok(Self { plan, equipe, plans })
    }

    pub(super) fn service(&self) -> &ServiceId {
        &self.plan.service
    }

    pub(super) fn zone(&self) -> Tz {
        self.plan.timezone
    }

    /// This place in a roster.
    pub(super) fn subject<'a>(&'a self, roster: &'a Roster) -> Subject<'a> {
        Subject {
            roster,
            service: &self.plan.service,
            equipe: &self.equipe,
            hours: &self.plan.hours,
            zone: self.plan.timezone,
        }
    }

    /// The services the visitor may choose from.
    pub(super) fn services(&self) -> Vec<Choice> {
        let choice = |plan: &Arc<Plan>| Choice {
            value: plan.service.to_string(),
            label: plan.title.clone(),
            chosen: plan.service == self.plan.service,
        };
        self.plans.iter().map(choice).collect()
    }

    /// The équipes of the service: those that have turns, and the plan's.
    pub(super) fn equipes(&self, roster: &Roster) -> Vec<Choice> {
        let mut names = roster.equipes(&self.plan.service);
        names.insert(&self.plan.equipe);
        choices(names, &self.equipe)
    }

    /// The address of a page about this place, with `more` fields.
    pub(super) fn address(&self, page: &str, more: &[(&str, &str)]) -> String {
        let own = [("servizio", self.plan.service.as_str()), ("equipe", self.equipe.as_str())];
        let fields: Vec<_> =
            own.iter().chain(more).filter(|(_, value)| !value.is_empty()).collect();
        format!("{page}?{}", serde_urlencoded::to_string(fields).unwrap_or_default())
    }

    /// The address of a page about this place.
    pub(super) fn page(&self, page: &str) -> String {
        self.address(page, &[])
    }

    /// Where a swap is asked for: how, and of which turn.
    pub(super) fn asking(&self, mode: &str, turn: &str) -> String {
        self.address("/turni/scambi/chiedi", &[("modo", mode), ("turno", turn)])
    }

    /// Where a gap is assigned, and what the way there is called.
    pub(super) fn assigning(&self, gap: Period, now: DateTime<Utc>) -> (String, String) {
        let civil = |at| write_civil(minute(at), self.zone());
        // What is over can be assigned to nobody any more.
        let (from, until) = (civil(gap.from().max(now)), civil(gap.until()));
        let address = self.address("/turni/assegna", &[("dal", &from), ("al", &until)]);
        let when = super::super::civil::range(gap.from(), gap.until(), now, self.zone());
        (address, format!("assegna {when}"))
    }
}

/// Where the strip leads for a gap of a service: to assigning it, whole minutes.
pub(in super::super) fn address(
    service: &ServiceId,
    from: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
    zone: Tz,
    assigns: Assigns,
) -> String {
    let civil = |at| write_civil(minute(at), zone);
    let from = civil(from);
    let mut fields = vec![("servizio", service.as_str().to_owned())];
    let page = match assigns {
        Assigns::Yes => {
            fields.push(("dal", from));
            fields.extend(until.map(|until| ("al", civil(until))));
            "/turni/assegna"
        }
        Assigns::No => {
            fields.push(("da", from.chars().take(10).collect()));
            "/turni"
        }
    };
    format!("{page}?{}", serde_urlencoded::to_string(fields).unwrap_or_default())
}

/// Whether who reads may change the roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Assigns {
    No,
    Yes,
}

/// The whole minute: what a browser's field for day and time shows.
pub(super) fn minute(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::minutes(1)).unwrap_or(at)
}

/// Everybody who may be put on duty in a service, by name.
pub(in super::super) fn people(roster: &Roster, service: &ServiceId) -> BTreeSet<String> {
    let records = roster.records();
    let people = records.people.iter().filter(|p| p.service == *service).map(|p| &p.name);
    let shifts = records.shifts.iter().filter(|s| s.service == *service).map(|s| &s.person);
    let rotations = records.rotations.iter().filter(|r| r.service == *service);
    people.chain(shifts).chain(rotations.flat_map(|r| &r.people)).cloned().collect()
}

/// Names to choose from.
pub(super) fn choices<'n>(names: impl IntoIterator<Item = &'n str>, chosen: &str) -> Vec<Choice> {
    let choice = |name: &str| Choice {
        value: name.to_owned(),
        label: name.to_owned(),
        chosen: name == chosen,
    };
    names.into_iter().map(choice).collect()
}
