//! `service,equipe,step,order,each,rounds,last_resort_name,last_resort_phone`: how équipes
//! are rung, a row a step; rounds and last resort on one row of the équipe.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::{EscalationPolicy, LastResort, StepPolicy};
use super::row::{Row, phone, step};
use super::{Column, Mistake, RowProblem};
use crate::words::{RingOrder, ServiceId};

/// One row: a step of a policy, and what may stand beside it.
pub(super) struct PolicyRow {
    service: ServiceId,
    equipe: String,
    step: Option<(u32, StepPolicy)>,
    rounds: Option<u8>,
    last_resort: Option<LastResort>,
}

const ORDERS: [(RingOrder, &str); 2] =
    [(RingOrder::OneByOne, "uno-alla-volta"), (RingOrder::Together, "insieme")];

/// A row without a step says rounds or last resort alone.
pub(super) fn read(row: &mut Row<'_>) -> Option<PolicyRow> {
    let service = row.service();
    let equipe = row.text(Column::Equipe);
    let has_step = [Column::Step, Column::Order, Column::Each]
        .into_iter()
        .any(|column| !row.field(column).is_empty());
    let how = if has_step {
        let number = row.read(Column::Step, step);
        let order = row.read(Column::Order, order);
        let each = row.read(Column::Each, seconds);
        Some((number, order, each))
    } else {
        None
    };
    let rounds = row.maybe(Column::Rounds, rounds);
    let name = row.maybe(Column::LastResortName, |text| Ok(text.to_owned()));
    let number = row.maybe(Column::LastResortPhone, phone);
    let step = match how {
        None => None,
        Some((number, order, each)) => Some((number?, StepPolicy { order: order?, each: each? })),
    };
    let last_resort = match (name?, number?) {
        (Some(name), Some(phone)) => Some(LastResort { name, phone }),
        (None, None) => None,
        (None, Some(_)) => {
            row.note(Column::LastResortName, Mistake::Empty);
            None
        }
        (Some(_), None) => {
            row.note(Column::LastResortPhone, Mistake::Empty);
            None
        }
    };
    let rounds = rounds?;
    if step.is_none() && rounds.is_none() && last_resort.is_none() && row.problems.is_empty() {
        row.note(Column::Step, Mistake::Empty);
    }
    Some(PolicyRow { service: service?, equipe: equipe?, step, rounds, last_resort })
}

/// Puts the rows of each équipe together; each policy with the line it begins on.
pub(super) fn together(
    rows: Vec<(u64, PolicyRow)>,
    problems: &mut Vec<RowProblem>,
) -> Vec<(u64, EscalationPolicy)> {
    let mut policies: Vec<(u64, EscalationPolicy)> = Vec::new();
    // Where each thing was said first.
    let mut said: BTreeMap<(ServiceId, String, Column, u32), u64> = BTreeMap::new();
    for (line, row) in rows {
        let mut once = |column, step, value: String| {
            let key = (row.service.clone(), row.equipe.clone(), column, step);
            let first = *said.entry(key).or_insert(line);
            if first != line {
                let (column, mistake) = (Some(column), Mistake::Twice(first));
                problems.push(RowProblem { line, column, value, mistake });
            }
        };
        if let Some((step, _)) = row.step {
            once(Column::Step, step, step.to_string());
        }
        if let Some(rounds) = row.rounds {
            once(Column::Rounds, 0, rounds.to_string());
        }
        if let Some(last) = &row.last_resort {
            once(Column::LastResortName, 0, last.name.clone());
        }
        let known = policies
            .iter()
            .position(|(_, policy)| policy.service == row.service && policy.equipe == row.equipe);
        let place = known.unwrap_or_else(|| {
            policies.push((
                line,
                EscalationPolicy {
                    service: row.service.clone(),
                    equipe: row.equipe.clone(),
                    steps: BTreeMap::new(),
                    rounds: None,
                    last_resort: None,
                },
            ));
            policies.len() - 1
        });
        if let Some((_, policy)) = policies.get_mut(place) {
            policy.steps.extend(row.step);
            policy.rounds = policy.rounds.or(row.rounds);
            policy.last_resort = policy.last_resort.take().or(row.last_resort);
        }
    }
    policies
}

/// The rows of a policy: rounds and last resort on the first.
pub(super) fn write(policy: &EscalationPolicy) -> Vec<Vec<String>> {
    let mut steps: Vec<Option<(&u32, &StepPolicy)>> = policy.steps.iter().map(Some).collect();
    if steps.is_empty() {
        steps.push(None);
    }
    let rows = steps.into_iter().enumerate().map(|(nth, step)| {
        let once = nth == 0;
        let last = policy.last_resort.as_ref().filter(|_| once);
        let empty = String::new;
        vec![
            policy.service.as_str().to_owned(),
            policy.equipe.clone(),
            step.map_or_else(empty, |(number, _)| number.to_string()),
            step.map_or_else(empty, |(_, how)| word(how.order).to_owned()),
            step.map_or_else(empty, |(_, how)| format!("{}s", how.each.as_secs())),
            policy.rounds.filter(|_| once).map_or_else(empty, |rounds| rounds.to_string()),
            last.map_or_else(empty, |last| last.name.clone()),
            last.map_or_else(empty, |last| last.phone.reveal().to_owned()),
        ]
    });
    rows.collect()
}

fn word(order: RingOrder) -> &'static str {
    ORDERS.iter().find(|(other, _)| *other == order).map_or("", |(_, word)| word)
}

fn order(text: &str) -> Result<RingOrder, Mistake> {
    let found = ORDERS.iter().find(|(_, word)| word.eq_ignore_ascii_case(text));
    found.map(|(order, _)| *order).ok_or(Mistake::Order)
}

fn seconds(text: &str) -> Result<Duration, Mistake> {
    let number = text.strip_suffix('s').unwrap_or(text).trim();
    let seconds = number.parse().ok().filter(|seconds| (1..=300).contains(seconds));
    seconds.map(Duration::from_secs).ok_or(Mistake::Seconds)
}

fn rounds(text: &str) -> Result<u8, Mistake> {
    text.parse().ok().filter(|rounds| (1..=9).contains(rounds)).ok_or(Mistake::Rounds)
}
