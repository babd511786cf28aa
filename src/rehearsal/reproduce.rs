//! A path that was walked, as a transcript that plays it again.

use std::sync::Arc;
use std::time::Duration;

use super::moves::Move;
use super::start::Start;
use super::walk::Origin;
use super::{Event, Lengths, Line, Roster, Stage, perform};
use crate::dialplan::Plan;

/// The moves that lead to a state, and the last one from there.
pub(super) fn trail(origins: &[Origin], state: usize, last: Option<Move>) -> Vec<Move> {
    let mut moves: Vec<Move> = last.into_iter().collect();
    let mut at = state;
    while let Some((before, by)) = origins.get(at).and_then(|origin| origin.from.as_ref()) {
        moves.push(by.clone());
        at = *before;
    }
    moves.reverse();
    moves
}

/// The transcript of `trail`, which may be put into `tests/calls` as it is.
pub(super) fn reproduce(
    plan: &Arc<Plan>,
    lengths: &Arc<Lengths>,
    start: &Start,
    trail: &[Move],
) -> String {
    let mut lines: Vec<Line> = start.header(plan).into_iter().map(Line::Copied).collect();
    lines.push(Line::Copied(String::new()));
    let events = events(plan, lengths, start, trail);
    lines.extend(events.into_iter().map(|(at, event)| Line::Timed { at, event }));
    let world = start.world(Start::DUTY.roster(), lengths);
    // Nobody moved who had not been rung, so nobody is missing on paper.
    perform(plan.clone(), world, start.arrival(), &lines).unwrap_or_else(|error| error.to_string())
}

/// What people do on the trail, and what becomes of the roster, in order.
fn events(
    plan: &Arc<Plan>,
    lengths: &Arc<Lengths>,
    start: &Start,
    trail: &[Move],
) -> Vec<(Duration, Event)> {
    let mut stage = Stage::new(plan.clone(), start.world(Roster::Open, lengths));
    stage.caller_calls(start.arrival());
    let mut events = vec![(Duration::ZERO, Event::CallerCalls)];
    let mut duty = Start::DUTY;
    for by in trail {
        let now = stage.now().since_start();
        match by {
            Move::Roster(said) if *said != duty => {
                // It must be so before it is asked, at this very moment.
                let place = events.iter().position(|(at, _)| *at == now);
                events.insert(place.unwrap_or(events.len()), (now, said.event()));
                duty = *said;
            }
            Move::Somebody(at, event) => events.push((at.since_start(), event.clone())),
            Move::Roster(_) | Move::Wait => {}
        }
        by.make(&mut stage);
    }
    events
}
