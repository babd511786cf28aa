//! What a change of the roster changes: when somebody else would be rung.

use chrono_tz::Tz;

use super::{Ladder, Period, Roster};
use crate::calendar::local;
use crate::words::{PhoneNumber, ServiceId};

/// A period in which two rosters would ring differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// When.
    pub period: Period,
    /// Who would be rung before the change.
    pub before: Ladder,
    /// Who would be after it.
    pub after: Ladder,
}

/// The periods of `range` in which the two rosters ring other people, other phones or
/// in another order. The reason why somebody is on duty is no difference.
pub fn diff(
    before: &Roster,
    after: &Roster,
    service: &ServiceId,
    equipe: &str,
    range: Period,
) -> Vec<Changed> {
    let old = before.spans(service, equipe, range);
    let new = after.spans(service, equipe, range);
    let (mut old, mut new) = (old.into_iter().peekable(), new.into_iter().peekable());
    let mut changes: Vec<Changed> = Vec::new();
    let mut from = range.from();
    while let (Some(one), Some(other)) = (old.peek(), new.peek()) {
        let until = one.period.until().min(other.period.until());
        if let Ok(period) = Period::new(from, until)
            && rung(&one.ladder) != rung(&other.ladder)
        {
            let (before, after) = (one.ladder.clone(), other.ladder.clone());
            join(&mut changes, Changed { period, before, after });
        }
        from = until;
        old.next_if(|span| span.period.until() <= until);
        new.next_if(|span| span.period.until() <= until);
    }
    changes
}

impl Changed {
    /// «24/12 20:00–23:20: queste 3 h 20 min ora squillano a Bruno Rossi (prima: Ada
    /// Greco)», in civil time of `zone`.
    pub fn text(&self, zone: Tz) -> String {
        let from = local(self.period.from(), zone);
        let until = local(self.period.until(), zone);
        let last = if from.date() == until.date() { "%H:%M" } else { "%d/%m %H:%M" };
        let now = match names(&self.after).as_str() {
            "" => "non squillano a nessuno".to_owned(),
            names => format!("squillano a {names}"),
        };
        let before = match names(&self.before).as_str() {
            "" => "nessuno".to_owned(),
            names => names.to_owned(),
        };
        format!(
            "{}–{}: queste {} ora {now} (prima: {before})",
            from.format("%d/%m %H:%M"),
            until.format(last),
            length(self.period),
        )
    }
}

/// Adjacent changes that ring alike are one.
fn join(changes: &mut Vec<Changed>, change: Changed) {
    match changes.last_mut() {
        Some(last)
            if last.period.until() == change.period.from()
                && rung(&last.before) == rung(&change.before)
                && rung(&last.after) == rung(&change.after) =>
        {
            last.period = last.period.joined_with(change.period);
        }
        _ => changes.push(change),
    }
}

/// What of a ladder is heard: who rings where and in which order.
fn rung(ladder: &Ladder) -> impl PartialEq + '_ {
    let steps: Vec<(u32, &str, &[PhoneNumber])> = ladder
        .steps
        .iter()
        .flat_map(|step| &step.responders)
        .map(|on_call| (on_call.step, on_call.person.as_str(), on_call.phones.as_slice()))
        .collect();
    let how: Vec<_> = ladder.steps.iter().map(|step| step.ring).collect();
    (steps, how, ladder.rounds, &ladder.last_resort)
}

fn names(ladder: &Ladder) -> String {
    let mut names: Vec<&str> = Vec::new();
    for on_call in ladder.steps.iter().flat_map(|step| &step.responders) {
        if !names.contains(&on_call.person.as_str()) {
            names.push(&on_call.person);
        }
    }
    names.join(", ")
}

/// «3 h 20 min», «45 min», «8 h».
fn length(period: Period) -> String {
    let minutes = (period.until() - period.from()).num_minutes();
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}
