//! Plays one transcript through `polaris::rehearsal`: people from the script, all else
//! from its header.

pub(crate) mod script;

use std::sync::{Arc, LazyLock};

use polaris::call::Arrival;
use polaris::dialplan::{self, Plan};
use polaris::rehearsal::{self, Lengths, Roster, World, cast};
use polaris::voice::Recordings;

use script::{OnDuty, Script};

/// Plays `written` and returns it with the `|` lines as they are now.
pub(crate) fn perform(written: &str) -> Result<String, String> {
    let script = Script::read(written)?;
    let plan = read_plan(&script.plan)?;
    play(&script, Arc::new(plan))
}

/// The same, with this plan whatever the header says.
pub(crate) fn play(script: &Script, plan: Arc<Plan>) -> Result<String, String> {
    let offices_closed = script.at.is_none_or(|at| plan.hours.is_active(at));
    let active = offices_closed && !script.offices_open;
    let arrival = Arrival { direct: script.direct, active, hidden: script.hidden };
    rehearsal::perform(plan, world(script), arrival, &script.lines)
        .map_err(|error| error.to_string())
}

fn world(script: &Script) -> World {
    let roster = match &script.on_duty {
        OnDuty::People(people) => Roster::Fixed(cast(people)),
        OnDuty::Silent => Roster::Silent,
        OnDuty::Unreadable => Roster::Unreadable,
    };
    let mut world = World::new(roster, lengths());
    world.store = script.store;
    world.trunk = script.trunk;
    world.missing.clone_from(&script.missing);
    world
}

static RECORDINGS: LazyLock<Recordings> = LazyLock::new(Recordings::embedded);

/// The recordings' real lengths.
pub(crate) fn lengths() -> Arc<Lengths> {
    let mut lengths = Lengths::default();
    for (language, id, samples) in RECORDINGS.iter() {
        lengths.add(language, id, samples.len());
    }
    Arc::new(lengths)
}

pub(crate) fn read_plan(name: &str) -> Result<Plan, String> {
    let file = format!("{}/dialplans/{name}.kdl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
    let mut known = dialplan::Recordings::default();
    for (language, id, _) in RECORDINGS.iter() {
        let said = RECORDINGS.text(language, &id).unwrap_or_default();
        known.add(language, id.clone(), said);
    }
    let (plan, problems) = dialplan::read(name, &text, &known);
    plan.ok_or_else(|| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}
