//! Plays a whole transcript: each line at its time, and then until nothing more comes.

use std::sync::Arc;
use std::time::Duration;

use super::{Event, NeverRung, Paper, Stage, World};
use crate::call::Arrival;
use crate::dialplan::Plan;
use crate::words::Moment;

/// Nothing in a transcript lasts longer after its last line.
const PATIENCE: Duration = Duration::from_secs(600);

/// A line of a transcript that is not the program's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Header, remark or nothing: copied.
    Copied(String),
    /// Something that happens.
    Timed {
        /// How long after the beginning.
        at: Duration,
        /// What.
        event: Event,
    },
}

/// Plays `lines` and returns them with what the program does of it behind `|`.
///
/// # Errors
/// When a line is the act of somebody who was never rung.
pub fn perform(
    plan: Arc<Plan>,
    world: World,
    arrival: Arrival,
    lines: &[Line],
) -> Result<String, NeverRung> {
    let mut stage = Stage::new(plan, world);
    let mut paper = Paper::default();
    for line in lines {
        match line {
            Line::Copied(text) => paper.copy(text),
            Line::Timed { at, event } => {
                stage.wait_until(Moment::after_start(*at));
                match event {
                    Event::CallerCalls => stage.caller_calls(arrival),
                    event => stage.happen(event.clone())?,
                }
            }
        }
        paper.write(&stage.take_steps());
    }
    if !stage.is_over() {
        stage.wait_until(stage.now() + PATIENCE);
    }
    paper.write(&stage.take_steps());
    Ok(paper.into_text())
}
