//! Who is on duty over a range: the answers of all its instants, by one sweep.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::duty::{Duty, Post};
use super::{Ladder, Need, Period, Roster};
use crate::words::ServiceId;

/// A period in which the answer stays the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// When.
    pub period: Period,
    /// Who may be rung, as [`Roster::on_call`] says at each of its instants for a call of
    /// which nothing is known.
    pub ladder: Ladder,
}

impl Roster {
    /// The final result over `range`, without a gap and without an overlap: swaps,
    /// overrides and absences are in it.
    pub fn spans(&self, service: &ServiceId, equipe: &str, range: Period) -> Vec<Span> {
        let Some(duty) = self.duty(service, equipe) else {
            return vec![Span { period: range, ladder: Ladder::default() }];
        };
        let need = Need::default();
        let mut spans: Vec<Span> = Vec::new();
        duty.sweep(range, |period, posts| {
            let ladder = duty.ladder(posts, &need);
            match spans.last_mut() {
                Some(last) if last.ladder == ladder => {
                    last.period = last.period.joined_with(period);
                }
                _ => spans.push(Span { period, ladder }),
            }
        });
        spans
    }
}

impl<'a> Duty<'a> {
    /// Shows who is on duty in each part of `range` in which nothing begins or ends, in
    /// order.
    pub(super) fn sweep(&self, range: Period, mut visit: impl FnMut(Period, &[Post<'a>])) {
        let turns = self.turns(range);
        let mut begins: Vec<usize> = (0..turns.len()).collect();
        begins.sort_by_key(|turn| turns[*turn].period.from());
        let mut begins = begins.into_iter().peekable();
        let periods = turns.iter().map(|turn| turn.period);
        let edges = self.edges(range, periods);
        // In the order of `turns`, which is the order of the ladder.
        let mut running: BTreeSet<usize> = BTreeSet::new();
        for pair in edges.windows(2) {
            let &[from, until] = pair else { continue };
            running.retain(|turn| turns[*turn].period.until() > from);
            while let Some(turn) = begins.next_if(|turn| turns[*turn].period.from() <= from) {
                if turns[turn].period.until() > from {
                    running.insert(turn);
                }
            }
            let posts = self.posts(running.iter().map(|turn| &turns[*turn]), from);
            if let Ok(period) = Period::new(from, until) {
                visit(period, &posts);
            }
        }
    }

    /// Every instant of `range` at which an answer may change, its ends included.
    fn edges(&self, range: Period, turns: impl Iterator<Item = Period>) -> Vec<DateTime<Utc>> {
        let overrides = self.equipe.overrides().map(|row| self.records.overrides[row].period);
        let periods = turns.chain(overrides).chain(self.service.absences());
        let mut edges: Vec<DateTime<Utc>> = periods
            .flat_map(|period| [period.from(), period.until()])
            .filter(|edge| range.covers(*edge))
            .chain([range.from(), range.until()])
            .collect();
        edges.sort_unstable();
        edges.dedup();
        edges
    }
}
