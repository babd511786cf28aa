//! The proof that somebody can be rung at every minute at which the service answers.
//!
//! It rings nobody and knows no clock. Law: minute for minute it says what
//! [`Roster::on_call`] says then; hours closed by design are listed and are no finding.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::duty::{Duty, Post};
use super::{Period, Roster};
use crate::calendar::Hours;
use crate::words::{Category, PhoneNumber, ServiceId};

/// What a range looks like to who must not fall through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// How long the service answers by itself.
    pub required: TimeDelta,
    /// How long of that at least one person can be rung.
    pub covered: TimeDelta,
    /// What is wrong, by its beginning; adjacent periods of one lack are one finding.
    pub findings: Vec<Finding>,
    /// When the offices answer, and the service need not.
    pub closed: Vec<Period>,
}

/// Something wrong for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// When.
    pub period: Period,
    /// What.
    pub lack: Lack,
}

/// What is lacking, gravest first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lack {
    /// Nobody can be rung.
    Uncovered,
    /// One person alone can be rung: if they do not hear it, nobody does.
    OnePersonOnly,
    /// Nobody on duty has a skill that is required.
    Unmet {
        /// The skill.
        skill: String,
        /// For calls of this category; for all without.
        category: Option<Category>,
        /// For calls from this Comune (ISTAT code); from all without.
        comune: Option<String>,
    },
    /// Somebody is on duty of whom no phone is known.
    WithoutPhone {
        /// Who.
        person: String,
    },
}

impl Lack {
    /// The lack with its Comune by name, where `name_of` knows the ISTAT code.
    pub fn named<'n>(&self, name_of: impl Fn(&str) -> Option<&'n str>) -> String {
        let said = self.to_string();
        let Self::Unmet { comune: Some(istat), .. } = self else { return said };
        match name_of(istat) {
            Some(name) => said.replace(&format!("Comune {istat}"), &format!("Comune {name}")),
            None => said,
        }
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uncovered => f.write_str("scoperto: nessuno può squillare"),
            Self::OnePersonOnly => f.write_str("una persona sola"),
            Self::Unmet { skill, category, comune } => {
                write!(f, "nessuno ha il requisito «{skill}»")?;
                if let Some(category) = category {
                    write!(f, " per {}", category.italian())?;
                }
                comune.iter().try_for_each(|comune| write!(f, " (Comune {comune})"))
            }
            Self::WithoutPhone { person } => write!(f, "{person} è di turno senza telefono"),
        }
    }
}

/// Required less covered, over `range`, for one équipe of a service with these hours.
pub fn coverage(
    roster: &Roster,
    service: &ServiceId,
    equipe: &str,
    hours: &Hours,
    zone: Tz,
    range: Period,
) -> Coverage {
    let active: Vec<Period> = hours
        .active_spans(zone, range.from(), range.until())
        .into_iter()
        .filter_map(|(from, until)| Period::new(from, until).ok())
        .collect();
    let mut tally =
        Tally { active: &active, next: 0, lacks: BTreeMap::new(), covered: TimeDelta::zero() };
    match roster.duty(service, equipe) {
        Some(duty) => duty.sweep(range, |period, posts| {
            let lacks = duty.lacks(posts);
            tally.count(period, &lacks);
        }),
        None => tally.count(range, &[Lack::Uncovered]),
    }
    let Tally { lacks, covered, .. } = tally;
    let mut findings: Vec<Finding> = lacks
        .into_iter()
        .flat_map(|(lack, periods)| {
            periods.into_iter().map(move |period| Finding { period, lack: lack.clone() })
        })
        .collect();
    findings.sort_by_key(|finding| finding.period.from()); // stable: gravest first
    Coverage { required: total(&active), covered, findings, closed: between(&active, range) }
}

impl Duty<'_> {
    fn lacks(&self, posts: &[Post<'_>]) -> Vec<Lack> {
        let mut lacks: Vec<Lack> = Vec::new();
        let mut phones: Vec<&PhoneNumber> = Vec::new();
        let mut reachable: Vec<&str> = Vec::new();
        for post in posts {
            if post.phones.is_empty() {
                lacks.push(Lack::WithoutPhone { person: post.person.to_owned() });
            } else if !reachable.contains(&post.person) {
                // Two people on one phone are reached as one.
                if post.phones.iter().any(|phone| !phones.contains(phone)) {
                    reachable.push(post.person);
                }
                phones.extend(&post.phones);
            }
        }
        match reachable.len() {
            0 => lacks.push(Lack::Uncovered),
            1 => lacks.push(Lack::OnePersonOnly),
            _ => {}
        }
        if !reachable.is_empty() {
            lacks.extend(self.unmet(posts));
        }
        lacks.sort_unstable();
        lacks.dedup();
        lacks
    }

    fn unmet(&self, posts: &[Post<'_>]) -> impl Iterator<Item = Lack> {
        let rows = self.equipe.requirements.iter().map(|row| &self.records.requirements[*row]);
        let lacking = rows.filter(|requirement| {
            let mut reachable = posts.iter().filter(|post| !post.phones.is_empty());
            !reachable.any(|post| self.has_skill(post.person, &requirement.skill))
        });
        lacking.map(|requirement| Lack::Unmet {
            skill: requirement.skill.clone(),
            category: requirement.category,
            comune: requirement.comune.clone(),
        })
    }
}

/// What was found so far; periods come in order.
struct Tally<'a> {
    active: &'a [Period],
    /// The first active period that may still matter.
    next: usize,
    lacks: BTreeMap<Lack, Vec<Period>>,
    covered: TimeDelta,
}

impl Tally<'_> {
    fn count(&mut self, period: Period, lacks: &[Lack]) {
        while let Some(active) = self.active.get(self.next) {
            let from = active.from().max(period.from());
            let until = active.until().min(period.until());
            if let Ok(common) = Period::new(from, until) {
                self.note(common, lacks);
            }
            if active.until() > period.until() {
                break;
            }
            self.next += 1;
        }
    }

    fn note(&mut self, period: Period, lacks: &[Lack]) {
        if !lacks.contains(&Lack::Uncovered) {
            self.covered += period.until() - period.from();
        }
        for lack in lacks {
            let Some(periods) = self.lacks.get_mut(lack) else {
                self.lacks.insert(lack.clone(), vec![period]);
                continue;
            };
            match periods.last_mut() {
                Some(last) if last.until() == period.from() => *last = last.joined_with(period),
                _ => periods.push(period),
            }
        }
    }
}

fn total(periods: &[Period]) -> TimeDelta {
    periods.iter().fold(TimeDelta::zero(), |sum, period| sum + (period.until() - period.from()))
}

/// What of `range` lies in none of `periods`, which are sorted and apart.
fn between(periods: &[Period], range: Period) -> Vec<Period> {
    let begins = std::iter::once(range.from()).chain(periods.iter().map(|period| period.until()));
    let ends = periods.iter().map(|period| period.from()).chain([range.until()]);
    let gap = |(from, until): (DateTime<Utc>, DateTime<Utc>)| Period::new(from, until).ok();
    begins.zip(ends).filter_map(gap).collect()
}
