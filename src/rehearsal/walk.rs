//! Walks every path of a plan through the real conversation.
//!
//! From every state there is, everybody in the call does each thing they can do, at once
//! and as late as can be, and nobody does anything. What changes nothing is not followed.
//! Two states are equal when the call's [`Outlook`](crate::call::Outlook), what the world
//! still owes it, and what it has come to so far are; a state is followed once. What
//! follows is bounded by [`STATES_MAX`]; a walk that was cut says so.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::judge::{Brought, Judge, Loss};
use super::moves::{Duty, Move, TENTH, events, moments, of_the_caller};
use super::reckon::{Edge, Reckoning};
use super::start::Start;
use super::{Event, Lengths, Prospect, Roster, Section, Stage, Trunk};
use crate::call::Call;
use crate::dialplan::Plan;
use crate::words::Moment;

/// How many states are walked at most. The shipped plans have far fewer.
pub const STATES_MAX: usize = 200_000;

/// What a walk found.
#[derive(Debug, Clone)]
pub struct Paths {
    /// Ways to lose a caller: of each kind the shortest, as a transcript.
    pub losses: BTreeMap<Loss, String>,
    /// The longest waits, by the script the call begins with.
    pub longest: BTreeMap<Section, Longest>,
    /// How many states there are.
    pub states: usize,
    /// Whether there were more than [`STATES_MAX`]: the rest was not looked at.
    pub cut: bool,
}

/// The longest waits of a caller who presses nothing, whatever the others do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Longest {
    /// Until a first phone rings.
    pub to_phone: Option<Duration>,
    /// When nobody ever accepts: until a message is recorded or the call-back question
    /// is answered, if only by silence.
    pub to_promise: Option<Duration>,
}

/// What makes two states equal.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    prospect: Prospect,
    judge: Judge,
    trunk: Trunk,
    /// What the roster said at this very moment: it says it again.
    said: Option<Duty>,
}

/// A state that has been reached and not yet been walked on from.
struct Reached {
    id: usize,
    stage: Stage,
    judge: Judge,
    said: Option<(Moment, Duty)>,
    start: usize,
}

/// How a state was first reached.
pub(super) struct Origin {
    /// The state before; `None` for a beginning.
    pub(super) from: Option<(usize, Move)>,
    pub(super) start: usize,
}

struct Walk<'a> {
    plan: &'a Arc<Plan>,
    lengths: &'a Arc<Lengths>,
    starts: Vec<Start>,
    caller: Vec<Event>,
    known: HashMap<Key, usize>,
    origins: Vec<Origin>,
    queue: VecDeque<Reached>,
    edges: Vec<Edge>,
    losses: BTreeMap<Loss, String>,
    cut: bool,
}

/// Walks every path of `plan`, whose recordings last as `lengths` says.
pub fn walk(plan: &Arc<Plan>, lengths: &Arc<Lengths>) -> Paths {
    walk_at_most(plan, lengths, STATES_MAX)
}

/// The same, but no more than so many states.
pub fn walk_at_most(plan: &Arc<Plan>, lengths: &Arc<Lengths>, states_max: usize) -> Paths {
    let mut walk = Walk {
        plan,
        lengths,
        starts: Start::all(),
        caller: of_the_caller(),
        known: HashMap::new(),
        origins: Vec::new(),
        queue: VecDeque::new(),
        edges: Vec::new(),
        losses: BTreeMap::new(),
        cut: false,
    };
    walk.begin();
    while let Some(reached) = walk.queue.pop_front() {
        if walk.origins.len() >= states_max {
            walk.cut = true;
            break;
        }
        walk.go_on(&reached);
    }
    walk.finish()
}

impl Walk<'_> {
    fn begin(&mut self) {
        for (start, beginning) in self.starts.clone().iter().enumerate() {
            let world = beginning.world(Roster::Open, self.lengths);
            let mut stage = Stage::new(self.plan.clone(), world);
            stage.caller_calls(beginning.arrival());
            let mut judge = Judge::default();
            judge.watch(&stage.take_steps());
            let from = None;
            self.reach(Reached { id: 0, stage, judge, said: None, start }, from);
        }
    }

    /// Makes every move that is possible from a state.
    fn go_on(&mut self, reached: &Reached) {
        let now = reached.stage.now();
        if reached.stage.asks_roster() {
            let again = reached.said.filter(|(at, _)| *at == now).map(|(_, duty)| duty);
            for duty in again.map_or_else(|| Duty::ALL.to_vec(), |duty| vec![duty]) {
                self.try_move(reached, &reached.stage, Move::Roster(duty));
            }
            return;
        }
        self.try_move(reached, &reached.stage, Move::Wait);
        // Who is left has nothing more to lose.
        if reached.judge.caller_left() {
            return;
        }
        // On paper, what people do at a moment comes before all that is due at it.
        if reached.stage.next_turn() == Some(now) {
            return;
        }
        for at in moments(&reached.stage) {
            let mut waited = reached.stage.clone();
            waited.wait_until(at);
            // A key that nobody waits for is the same at any time.
            let soon = at.since(now) <= TENTH;
            let takes_keys = waited.call().is_some_and(Call::takes_keys);
            let caller = if soon || takes_keys { &*self.caller } else { &[] };
            for event in events(&waited, caller) {
                self.try_move(reached, &waited, Move::Somebody(at, event));
            }
        }
    }

    /// Makes one move on a copy of `before`; what somebody did in vain is not followed.
    fn try_move(&mut self, from: &Reached, before: &Stage, by: Move) {
        let mut stage = before.clone();
        let began = from.stage.now();
        by.make(&mut stage);
        let mut judge = from.judge.clone();
        let brought = judge.watch(&stage.take_steps());
        let somebody = matches!(by, Move::Somebody(..));
        if somebody && judge == from.judge && stage.is_as(before) {
            return;
        }
        let said = match by {
            Move::Roster(duty) => Some((stage.now(), duty)),
            _ => from.said,
        };
        let took = stage.now().since(began);
        let silent = !is_of_the_caller(&by) && !brought.person;
        let loss = brought.loss.or_else(|| left_alone(&stage, &judge));
        let over = stage.is_over();
        let next = Reached { id: 0, stage, judge, said, start: from.start };
        if let Some(loss) = loss {
            self.lost(loss, from.id, by);
            return;
        }
        if over {
            self.edge(from.id, None, took, silent, brought);
            return;
        }
        let to = self.reach(next, Some((from.id, by)));
        self.edge(from.id, Some(to), took, silent, brought);
    }

    fn edge(&mut self, from: usize, to: Option<usize>, took: Duration, silent: bool, b: Brought) {
        if silent {
            self.edges.push(Edge { from, to, took, ring: b.ring, promise: b.promise });
        }
    }

    /// The number of a state, which is walked on from if it is new.
    fn reach(&mut self, mut reached: Reached, from: Option<(usize, Move)>) -> usize {
        let now = reached.stage.now();
        let key = Key {
            prospect: reached.stage.prospect(),
            judge: reached.judge.clone(),
            trunk: self.starts[reached.start].trunk(),
            said: reached.said.filter(|(at, _)| *at == now).map(|(_, duty)| duty),
        };
        let new = self.origins.len();
        let id = *self.known.entry(key).or_insert(new);
        if id == new {
            self.origins.push(Origin { from, start: reached.start });
            reached.id = id;
            self.queue.push_back(reached);
        }
        id
    }

    fn lost(&mut self, loss: Loss, from: usize, by: Move) {
        if !self.losses.contains_key(&loss) {
            let text = self.reproduce(from, Some(by));
            self.losses.insert(loss, text);
        }
    }

    fn reproduce(&self, state: usize, last: Option<Move>) -> String {
        let trail = super::reproduce::trail(&self.origins, state, last);
        let start = &self.starts[self.origins[state].start];
        super::reproduce::reproduce(self.plan, self.lengths, start, &trail)
    }

    fn finish(mut self) -> Paths {
        let reckoning = Reckoning::of(self.origins.len(), &self.edges);
        if let Some(state) = reckoning.circle {
            let text = self.reproduce(state, None);
            self.losses.insert(Loss::KeptForEver, text);
        }
        let mut longest: BTreeMap<Section, Longest> = BTreeMap::new();
        for (state, origin) in self.origins.iter().enumerate() {
            if origin.from.is_none() {
                let waits = longest.entry(self.starts[origin.start].section).or_default();
                waits.to_phone = waits.to_phone.max(reckoning.to_phone[state]);
                waits.to_promise = waits.to_promise.max(reckoning.to_promise[state]);
            }
        }
        let states = self.origins.len();
        Paths { losses: self.losses, longest, states, cut: self.cut }
    }
}

/// Neither sound nor timer, and nothing that will ever come.
fn left_alone(stage: &Stage, judge: &Judge) -> Option<Loss> {
    let call = stage.call()?;
    let waits = call.is_attended() || stage.asks_roster();
    let alone = !waits || (stage.next_due().is_none() && !stage.asks_roster());
    (alone && !stage.is_over() && !call.is_bridged() && !judge.caller_left())
        .then_some(Loss::Silence)
}

/// What only a caller does, and what no caller can count on.
fn is_of_the_caller(by: &Move) -> bool {
    match by {
        Move::Somebody(_, event) => !matches!(event, Event::Responder { .. }),
        Move::Roster(_) | Move::Wait => false,
    }
}
