//! Who is on duty as people read it: one person's duty from when it begins until it ends.
//!
//! It decides nothing: it puts together what [`Roster::spans`] says. Law: at each instant
//! the stints are the people of [`Roster::on_call`], no more and no fewer.

use std::collections::BTreeSet;

use super::{OnCall, Period, Roster};
use crate::words::ServiceId;

/// One person on duty in one step, for one reason, without a break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stint {
    /// Who, with phones, step and reason.
    pub on_call: OnCall,
    /// When; cut at the ends of the range that was asked for.
    pub period: Period,
}

impl Roster {
    /// The stints of an équipe that have an instant in common with `range`, by their
    /// beginning, then by step.
    pub fn stints(&self, service: &ServiceId, equipe: &str, range: Period) -> Vec<Stint> {
        let mut done: Vec<Stint> = Vec::new();
        let mut running: Vec<Stint> = Vec::new();
        for span in self.spans(service, equipe, range) {
            let mut on_duty: Vec<&OnCall> =
                span.ladder.steps.iter().flat_map(|step| &step.responders).collect();
            let mut going_on = Vec::new();
            for mut stint in running {
                match on_duty.iter().position(|on_call| **on_call == stint.on_call) {
                    Some(place) => {
                        on_duty.remove(place);
                        stint.period = stint.period.joined_with(span.period);
                        going_on.push(stint);
                    }
                    None => done.push(stint),
                }
            }
            going_on.extend(
                on_duty
                    .into_iter()
                    .map(|on_call| Stint { on_call: on_call.clone(), period: span.period }),
            );
            running = going_on;
        }
        done.extend(running);
        done.sort_by_key(|stint| (stint.period.from(), stint.on_call.step));
        done
    }
}

/// Whose duty somebody wants to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DutyOf {
    /// Everybody's in an équipe.
    Equipe {
        /// The service.
        service: ServiceId,
        /// The équipe.
        equipe: String,
    },
    /// One person's, in all équipes of a service.
    Person {
        /// The service.
        service: ServiceId,
        /// Who.
        person: String,
    },
}

impl DutyOf {
    /// The service it is about.
    pub fn service(&self) -> &ServiceId {
        match self {
            Self::Equipe { service, .. } | Self::Person { service, .. } => service,
        }
    }
}

impl Roster {
    /// The stints that somebody wants to see, each with its équipe, by their beginning.
    pub fn stints_of(&self, duty_of: &DutyOf, range: Period) -> Vec<(String, Stint)> {
        match duty_of {
            DutyOf::Equipe { service, equipe } => {
                let stints = self.stints(service, equipe, range).into_iter();
                stints.map(|stint| (equipe.clone(), stint)).collect()
            }
            DutyOf::Person { service, person } => {
                let mut all: Vec<(String, Stint)> = Vec::new();
                for equipe in self.equipes(service) {
                    let stints = self.stints(service, equipe, range).into_iter();
                    let own = stints.filter(|stint| stint.on_call.person == *person);
                    all.extend(own.map(|stint| (equipe.to_owned(), stint)));
                }
                all.sort_by_key(|(_, stint)| stint.period.from()); // stable
                all
            }
        }
    }

    /// The équipes of a service that have turns, by name.
    pub fn equipes(&self, service: &ServiceId) -> BTreeSet<&str> {
        let records = self.records();
        let shifts = records.shifts.iter().map(|s| (&s.service, s.equipe.as_str()));
        let rotations = records.rotations.iter().map(|r| (&r.service, r.equipe.as_str()));
        let all = shifts.chain(rotations);
        all.filter(|(other, _)| *other == service).map(|(_, equipe)| equipe).collect()
    }
}
