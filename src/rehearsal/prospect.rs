//! What lies before a rehearsal: equal for two that will go on alike.

use std::time::Duration;

use super::Stage;
use crate::call::{Call, Input, Outlook};
use crate::words::LegId;

/// Everything that decides how a rehearsal goes on. Two that are equal go on alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Prospect {
    call: Option<Outlook>,
    /// What the world still owes, after how long, to which leg.
    later: Vec<(Duration, Option<LegId>)>,
    asked: bool,
}

impl Stage {
    /// Whether nothing has changed since `other`, a copy of this stage.
    pub fn is_as(&self, other: &Self) -> bool {
        let same_call = match (&self.call, &other.call) {
            (Some(call), Some(other)) => call.is_as(other),
            (call, other) => call.is_none() && other.is_none(),
        };
        same_call && self.later == other.later && self.asked == other.asked
    }

    /// What lies before this rehearsal.
    pub fn prospect(&self) -> Prospect {
        let holding = self.call.as_ref().is_some_and(Call::is_holding);
        let rank = |leg: LegId| self.call.as_ref().map_or(leg, |call| call.rank(leg));
        let later = self.later.iter().filter_map(|((due, _), input)| {
            let leg = match input {
                // The end of a hold sound only begins the next.
                Input::PlayFinished { leg: LegId::CALLER, .. } if holding => return None,
                Input::PlayFinished { leg, .. } => Some(rank(*leg)),
                _ => None,
            };
            Some((due.since(self.now), leg))
        });
        Prospect {
            later: later.collect(),
            call: self.call.as_ref().map(|call| call.outlook(self.now)),
            asked: self.asked.is_some(),
        }
    }
}
