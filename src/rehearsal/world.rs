//! The world around one rehearsed call: what store, roster and trunk do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::roster::Ladder;
use crate::words::{CaseNumber, Category, Language, Moment, PromptId};

/// The number of the case every rehearsal opens.
pub(super) const CASE: CaseNumber = CaseNumber { year: 2026, sequence: 417 };
/// How long a recording lasts whose length nobody knows.
const UNKNOWN_LENGTH: Duration = Duration::from_secs(1);

/// What surrounds a call.
#[derive(Debug, Clone)]
pub struct World {
    /// The store.
    pub store: Store,
    /// The roster.
    pub roster: Roster,
    /// The way to the responders.
    pub trunk: Trunk,
    /// Recordings that do not exist.
    pub missing: BTreeSet<PromptId>,
    /// How long recordings last.
    pub lengths: Arc<Lengths>,
}

impl World {
    /// A world in which all works and `roster` says who is on duty.
    pub fn new(roster: Roster, lengths: Arc<Lengths>) -> Self {
        let missing = BTreeSet::new();
        Self { store: Store::Works, roster, trunk: Trunk::Works, missing, lengths }
    }
}

/// What the store does with a new case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// It says that it could not.
    Fails,
    /// It never answers.
    Silent,
    /// It opens it at once.
    Works,
}

/// What becomes of a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trunk {
    /// Nobody can be reached, at once.
    Gone,
    /// The phone rings.
    Works,
}

/// What the roster answers.
#[derive(Clone)]
pub enum Roster {
    /// Who is on duty at each moment of the call, for whom that is in need.
    At(Arc<dyn Fn(Moment, Category) -> Ladder + Send + Sync>),
    /// The same people all the time.
    Fixed(Ladder),
    /// Nothing yet: the question waits for [`super::Stage::answer_roster`].
    Open,
    /// It never answers.
    Silent,
    /// It cannot be read.
    Unreadable,
}

impl fmt::Debug for Roster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(_) => f.write_str("At(..)"),
            Self::Fixed(ladder) => f.debug_tuple("Fixed").field(ladder).finish(),
            Self::Open => f.write_str("Open"),
            Self::Silent => f.write_str("Silent"),
            Self::Unreadable => f.write_str("Unreadable"),
        }
    }
}

/// How long recordings last.
#[derive(Debug, Clone, Default)]
pub struct Lengths(BTreeMap<(Language, PromptId), Duration>);

impl Lengths {
    /// Adds a recording of so many samples, to a tenth of a second downwards.
    pub fn add(&mut self, language: Language, prompt: PromptId, samples: usize) {
        // 8000 samples a second.
        let tenths = u64::try_from(samples / 800).unwrap_or(u64::MAX);
        let length = Duration::from_millis(tenths.saturating_mul(100));
        self.0.insert((language, prompt), length);
    }

    /// The length of `prompt` as the service would play it: what a language lacks is
    /// played in Italian.
    pub fn of(&self, language: Language, prompt: &PromptId) -> Duration {
        let find = |language| self.0.get(&(language, prompt.clone())).copied();
        find(language).or_else(|| find(Language::It)).unwrap_or(UNKNOWN_LENGTH)
    }
}
