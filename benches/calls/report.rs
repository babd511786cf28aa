//! What the telephones say about calls that were made.

use std::time::Duration;

use super::{Calls, Load};

impl Load {
    /// How many were answered and how soon, of the calls of one order.
    pub(super) fn report(&self, calls: &Calls) -> String {
        let legs = || self.legs.iter().skip(calls.first).filter(|leg| !leg.responder);
        let answers = legs().filter_map(|leg| Some(leg.answered? - leg.invited.1));
        let mut answers: Vec<Duration> = answers.collect();
        answers.sort_unstable();
        let late = legs().map(|leg| leg.invited.1 - leg.invited.0).max().unwrap_or_default();
        let at = |share: f64| {
            let last = answers.len().saturating_sub(1);
            let nth = (answers.len() as f64 * share) as usize;
            answers.get(nth.min(last)).copied().unwrap_or_default()
        };
        let people = self.legs.iter().skip(calls.first).filter(|leg| leg.telephone.hears_person);
        let people = if calls.bridged {
            format!("; {} of {} hear a person", people.count(), 2 * calls.count)
        } else {
            String::new()
        };
        let refused = legs().filter(|leg| leg.refused).count();
        let refused = if refused > 0 { format!(", {refused} refused") } else { String::new() };
        format!(
            "{} of {} answered{refused}, p50 {:.2?} p90 {:.2?} p99 {:.2?} max {:.2?}; \
             INVITEs sent at most {late:.2?} late{people}",
            answers.len(),
            calls.count,
            at(0.5),
            at(0.9),
            at(0.99),
            at(1.0)
        )
    }
}
