//! With what a walk begins: how the call comes in, and a world that may be broken.

use std::sync::Arc;

use super::moves::{CAST, Duty};
use super::{Lengths, Roster, Store, Trunk, World};
use crate::call::Arrival;
use crate::dialplan::Plan;

/// The script a call begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// A citizen calls while the service answers by itself.
    Answer,
    /// Police or an operator calls on the direct number.
    Direct,
    /// A citizen calls while the offices are open.
    InHours,
}

impl Section {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Answer, Self::Direct, Self::InHours];
}

/// One beginning.
#[derive(Debug, Clone)]
pub(super) struct Start {
    pub(super) section: Section,
    hidden: bool,
    store: Store,
    trunk: Trunk,
}

impl Start {
    /// Every beginning: each script, a number shown or hidden, and the store that works,
    /// fails or is silent; and without a trunk.
    pub(super) fn all() -> Vec<Self> {
        let mut starts = Vec::new();
        for section in Section::ALL {
            for hidden in [false, true] {
                let whole = Self { section, hidden, store: Store::Works, trunk: Trunk::Works };
                starts.push(Self { store: Store::Fails, ..whole.clone() });
                starts.push(Self { store: Store::Silent, ..whole.clone() });
                starts.push(Self { trunk: Trunk::Gone, ..whole.clone() });
                starts.push(whole);
            }
        }
        // The shortest reproduction is one in which nothing else is broken.
        starts.sort_by_key(|start| start.is_broken());
        starts
    }

    fn is_broken(&self) -> bool {
        self.store != Store::Works || self.trunk != Trunk::Works
    }

    /// What stays different for the whole call.
    pub(super) fn trunk(&self) -> Trunk {
        self.trunk
    }

    pub(super) fn arrival(&self) -> Arrival {
        Arrival {
            direct: self.section == Section::Direct,
            active: self.section != Section::InHours,
            hidden: self.hidden,
        }
    }

    pub(super) fn world(&self, roster: Roster, lengths: &Arc<Lengths>) -> World {
        let mut world = World::new(roster, lengths.clone());
        world.store = self.store;
        world.trunk = self.trunk;
        world
    }

    /// The header of a transcript that begins so.
    pub(super) fn header(&self, plan: &Plan) -> Vec<String> {
        let mut lines = vec![format!("plan: {}", plan.service), format!("on duty: {CAST}")];
        let mut say = |when: bool, line: &str| {
            if when {
                lines.push(line.to_owned());
            }
        };
        say(self.section == Section::Direct, "line: direct");
        say(self.section == Section::InHours, "offices: open");
        say(self.hidden, "caller: hidden");
        say(self.store == Store::Fails, "store: fails");
        say(self.store == Store::Silent, "store: silent");
        say(self.trunk == Trunk::Gone, "trunk: gone");
        lines
    }

    /// Who is on duty in the header.
    pub(super) const DUTY: Duty = Duty::Cast;
}
