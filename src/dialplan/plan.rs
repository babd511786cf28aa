//! A dialplan as values: what a service says and does, in order.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono_tz::Tz;

use crate::calendar::Hours;
use crate::words::{Category, Digit, Language, PhoneNumber, PromptId, RingOrder, ServiceId};

/// One service: its numbers, its hours and its three scripts.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Short name, `polaris-br4`.
    pub service: ServiceId,
    /// What people call it.
    pub title: String,
    /// The zone of every civil time of this service.
    pub timezone: Tz,
    /// The language a call begins in.
    pub language: Language,
    /// Numbers citizens call.
    pub numbers: Vec<PhoneNumber>,
    /// Numbers police and operators call: no menu.
    pub direct_numbers: Vec<PhoneNumber>,
    /// Our own number, shown to whoever we ring.
    pub caller_id: PhoneNumber,
    /// The équipe of the roster that serves this plan.
    pub equipe: String,
    /// The Comuni it serves, in the order of the file.
    pub comuni: Vec<Comune>,
    /// When the service answers by itself.
    pub hours: Hours,
    /// What a responder hears first, before key 1.
    pub offer: PromptId,
    /// What the coordinator hears first, when rung as the last resort.
    pub escalation_offer: PromptId,
    /// The full privacy notice behind key 9.
    pub privacy_notice: PromptId,
    /// The script of a citizen's call.
    pub answer: Vec<Verb>,
    /// The script of a call to a direct number.
    pub direct: Vec<Verb>,
    /// The script while the municipal offices are open.
    pub in_hours: Vec<Verb>,
}

/// One of the Comuni a service serves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Comune {
    /// Six digits of the national institute of statistics: `074010`.
    pub istat: String,
    /// What people call it.
    pub name: String,
}

/// One order of a script. Order is meaning: the list reads as the call sounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verb {
    /// Plays recordings one after another. Keys of a menu that follows are live.
    Play(Vec<PromptId>),
    /// Asks who is in need.
    Menu(Menu),
    /// Rings who is on duty, step by step, until a person has pressed 1.
    RingOnCall(RingOnCall),
    /// Rings one number of the plan.
    RingNumber(RingNumber),
    /// Says that nobody answered and asks whether, or where, to call back.
    /// An answer, or silence, ends the call with its confirmation; a hidden
    /// caller who types no number goes on to the next verb.
    AskCallBack,
    /// Records a message the caller chooses to leave.
    Voicemail {
        /// The longest message.
        max: Duration,
    },
    /// Goes on with the citizens' script from its beginning.
    GoOnCall,
    /// Ends the call.
    HangUp,
}

/// The question who is in need.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Menu {
    /// The recordings that ask.
    pub prompts: Vec<PromptId>,
    /// How long to wait for a key once they have ended.
    pub wait: Duration,
    /// How often it is asked before the caller is connected all the same; at least 1.
    pub attempts: u8,
    /// Said after a first silence.
    pub no_input: PromptId,
    /// Said after a first wrong key.
    pub no_match: PromptId,
    /// What each key does.
    pub choices: BTreeMap<Digit, Choice>,
    /// The category of who chose nothing.
    pub otherwise: Category,
}

impl Menu {
    fn recordings(&self) -> Vec<&PromptId> {
        let briefs = self.choices.values().filter_map(|choice| match choice {
            Choice::Category { brief, .. } => Some(brief),
            _ => None,
        });
        self.prompts.iter().chain([&self.no_input, &self.no_match]).chain(briefs).collect()
    }
}

/// What a key of a menu does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Choice {
    /// Names the category and goes on with the next verb.
    Category {
        /// The group.
        category: Category,
        /// What the plan calls it, in Italian, for people to read.
        label: String,
        /// The recording that says so to the responder, after key 1.
        brief: PromptId,
    },
    /// Goes on with the direct script: police and operators.
    Direct,
    /// Asks again.
    Repeat,
    /// Reads the full privacy notice, then asks again.
    Privacy,
    /// Changes the language, then asks again.
    Language(Language),
}

/// How the people on duty are rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RingOnCall {
    /// How long one phone rings.
    pub each: Duration,
    /// How often the whole ladder is gone through; at least 1.
    pub rounds: u8,
    /// How long a phone that answered has to press 1.
    pub accept: Duration,
    /// Whether the people of one step are rung one by one or together.
    pub order: RingOrder,
}

/// One number of the plan, rung outside the roster.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RingNumber {
    /// The number.
    pub number: PhoneNumber,
    /// Who answers there, for people to read: `coordinatore`.
    pub name: String,
    /// How long it rings.
    pub ring_for: Duration,
    /// What makes it the end of the search.
    pub taken_by: TakenBy,
    /// A key of the caller that gives up this number and goes on at once.
    pub urgent: Option<Digit>,
}

/// What counts as a person on the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TakenBy {
    /// The phone is picked up: an office in its opening hours.
    Answer,
    /// Key 1, within the given time.
    Key {
        /// How long a phone that answered has to press 1.
        accept: Duration,
    },
}

impl Plan {
    /// What people call the Comune of this ISTAT code, if the plan serves it.
    pub fn name_of_comune(&self, istat: &str) -> Option<&str> {
        let mut comuni = self.comuni.iter();
        comuni.find(|comune| comune.istat == istat).map(|comune| comune.name.as_str())
    }

    /// The label the plan gives to `category`, or our own word for it.
    pub fn label(&self, category: Category) -> &str {
        self.answer
            .iter()
            .filter_map(|verb| match verb {
                Verb::Menu(menu) => Some(menu.choices.values()),
                _ => None,
            })
            .flatten()
            .find_map(|choice| match choice {
                Choice::Category { category: its, label, .. } if *its == category => {
                    Some(label.as_str())
                }
                _ => None,
            })
            .unwrap_or_else(|| category.italian())
    }

    /// Every recording this plan names; those everybody shares, such as the hold sound, are
    /// not among them.
    pub fn recordings(&self) -> BTreeSet<&PromptId> {
        let scripts = [&self.answer, &self.direct, &self.in_hours].into_iter().flatten();
        let of_scripts = scripts.flat_map(|verb| match verb {
            Verb::Play(prompts) => prompts.iter().collect(),
            Verb::Menu(menu) => menu.recordings(),
            _ => Vec::new(),
        });
        let own = [&self.offer, &self.escalation_offer, &self.privacy_notice];
        own.into_iter().chain(of_scripts).collect()
    }

    /// Every number this plan itself may ring.
    pub fn own_targets(&self) -> impl Iterator<Item = &PhoneNumber> {
        [&self.answer, &self.direct, &self.in_hours].into_iter().flatten().filter_map(|verb| {
            match verb {
                Verb::RingNumber(ring) => Some(&ring.number),
                _ => None,
            }
        })
    }
}
