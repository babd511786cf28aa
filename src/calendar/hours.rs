//! When a service answers by itself.

use std::ops::Range;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use super::office::closed_spans;
use super::{Closure, GapPolicy, Holidays, Office};

/// How far ahead [`Hours::next_change`] looks, in days: over any yearly closure.
const HORIZON_DAYS: usize = 400;

/// When the service answers by itself: always, or while not every office does.
///
/// The default is always.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hours(Option<OfficeRule>);

/// What is needed to know when the offices answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficeRule {
    /// When the service's night ends on a day an office works.
    pub ends: NaiveTime,
    /// How long before the last closing of a day the service begins.
    pub lead: TimeDelta,
    /// What happens between two openings of one day.
    pub gap: GapPolicy,
    /// The days nobody works.
    pub holidays: Holidays,
    /// Extraordinary closures of all offices.
    pub closures: Vec<Closure>,
    /// The offices, one a Comune.
    pub offices: Vec<Office>,
}

impl Hours {
    /// Day and night.
    pub fn always() -> Self {
        Self(None)
    }

    /// Whenever not every office is open.
    pub fn beside(offices: OfficeRule) -> Self {
        Self(Some(offices))
    }

    /// The offices the hours depend on; `None` when the service always answers.
    pub fn offices(&self) -> Option<&OfficeRule> {
        self.0.as_ref()
    }

    /// These hours with a further closure: of the office of that Comune, or of all.
    #[must_use]
    pub fn shut(mut self, comune: Option<&str>, closure: Closure) -> Self {
        let Some(rule) = &mut self.0 else { return self };
        match comune {
            None => rule.closures.push(closure),
            Some(name) => {
                let offices = rule.offices.iter_mut().filter(|office| office.comune == name);
                offices.for_each(|office| office.closures.push(closure.clone()));
            }
        }
        self
    }

    /// These hours without that closure, which was one of theirs; another that says the same
    /// stays.
    #[must_use]
    pub fn open_again(mut self, comune: Option<&str>, closure: &Closure) -> Self {
        let Some(rule) = &mut self.0 else { return self };
        let one_less = |closures: &mut Vec<Closure>| {
            if let Some(place) = closures.iter().rposition(|its| its == closure) {
                closures.remove(place);
            }
        };
        match comune {
            None => one_less(&mut rule.closures),
            Some(name) => {
                let offices = rule.offices.iter_mut().filter(|office| office.comune == name);
                offices.for_each(|office| one_less(&mut office.closures));
            }
        }
        self
    }

    /// What is kept on `day`, in Italian: a national holiday, then the patrons of the Comuni.
    pub fn feasts(&self, day: NaiveDate) -> Vec<String> {
        let national = match &self.0 {
            Some(rule) => rule.holidays.on(day).map(|holiday| holiday.name.clone()),
            None => Holidays::italian().on(day).map(|holiday| holiday.name.clone()),
        };
        let offices = self.0.iter().flat_map(|rule| &rule.offices);
        let patrons = offices.filter(|office| office.patrons.iter().any(|patron| patron.is(day)));
        let patrons = patrons.map(|office| format!("Patrono di {}", office.comune));
        national.into_iter().chain(patrons).collect()
    }

    /// Whether the service answers by itself at `local` civil time.
    ///
    /// It does if it does for any Comune: which one a caller is in, nobody knows.
    pub fn is_active(&self, local: NaiveDateTime) -> bool {
        let Some(rule) = &self.0 else { return true };
        let (day, time) = (local.date(), local.time());
        // A service of no Comuni is closed for none of them.
        rule.offices.is_empty()
            || rule
                .offices
                .iter()
                .any(|office| !rule.closed_on(office, day).iter().any(|span| span.contains(&time)))
    }

    /// The next civil time after `local` at which [`Hours::is_active`] says the
    /// opposite; `None` if it does not within the next 400 days.
    pub fn next_change(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let rule = self.0.as_ref()?;
        let now = self.is_active(local);
        local
            .date()
            .iter_days()
            .take(HORIZON_DAYS)
            .flat_map(|day| rule.edges_on(day))
            .find(|edge| *edge > local && self.is_active(*edge) != now)
    }
}

impl OfficeRule {
    /// When on `day` the service leaves the answering to `office`.
    fn closed_on(&self, office: &Office, day: NaiveDate) -> Vec<Range<NaiveTime>> {
        if self.holidays.is_holiday(day) || self.closures.iter().any(|closure| closure.covers(day))
        {
            return Vec::new();
        }
        closed_spans(&office.openings(day), self.ends, self.lead, self.gap)
    }

    /// The times of `day` at which something may change, in order.
    fn edges_on(&self, day: NaiveDate) -> Vec<NaiveDateTime> {
        let spans = self.offices.iter().flat_map(|office| self.closed_on(office, day));
        let mut times: Vec<NaiveTime> = spans.flat_map(|span| [span.start, span.end]).collect();
        times.push(NaiveTime::MIN);
        times.sort_unstable();
        times.dedup();
        times.into_iter().map(|time| day.and_time(time)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_offices_the_service_answers_always() {
        let rule = OfficeRule {
            ends: NaiveTime::from_hms_opt(8, 0, 0).unwrap(),
            lead: TimeDelta::minutes(30),
            gap: GapPolicy::Cover,
            holidays: Holidays::italian(),
            closures: Vec::new(),
            offices: Vec::new(),
        };
        let noon = "2026-12-09T12:00:00".parse().unwrap();
        for hours in [Hours::default(), Hours::always(), Hours::beside(rule)] {
            assert!(hours.is_active(noon));
            assert_eq!(hours.next_change(noon), None);
        }
    }
}
