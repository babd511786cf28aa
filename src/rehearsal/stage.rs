//! Plays one call in virtual time: people by order, all else by the world.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::cast::cast;
use super::world::{CASE, Roster, Store, Trunk, World};
use super::{Act, Event, Step, What};
use crate::call::{Arrival, Call, Input, Output, PhonePhase, Repeat, RingFailure};
use crate::dialplan::Plan;
use crate::words::{Category, LegId, Moment};

/// Nobody of that name was rung.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("at {at:.1}: {name} was never rung")]
pub struct NeverRung {
    /// Seconds since the beginning.
    pub at: f64,
    /// Who was to act.
    pub name: String,
}

/// One call being played. A copy goes its own way from where it was made.
#[derive(Debug, Clone)]
pub struct Stage {
    plan: Arc<Plan>,
    world: Arc<World>,
    pub(super) call: Option<Call>,
    pub(super) now: Moment,
    pub(super) later: BTreeMap<(Moment, u64), Input>,
    waiting: VecDeque<Input>,
    count: u64,
    names: Vec<(LegId, Arc<str>)>,
    recording: Option<(Moment, u64)>,
    /// For whom the open question is, who is on duty.
    pub(super) asked: Option<Category>,
    over: bool,
    steps: Vec<Step>,
}

impl Stage {
    /// An empty stage in this world.
    pub fn new(plan: Arc<Plan>, world: World) -> Self {
        Self {
            plan,
            world: Arc::new(world),
            call: None,
            now: Moment::START,
            later: BTreeMap::new(),
            waiting: VecDeque::new(),
            count: 0,
            names: Vec::new(),
            recording: None,
            asked: None,
            over: false,
            steps: Vec::new(),
        }
    }

    /// The call comes in.
    pub fn caller_calls(&mut self, arrival: Arrival) {
        self.happened(Event::CallerCalls);
        self.call = Some(Call::new(self.now, self.plan.clone(), arrival));
        self.settle();
    }

    /// Lets `event` happen now.
    ///
    /// # Errors
    /// When it is the act of somebody who was never rung.
    pub fn happen(&mut self, event: Event) -> Result<(), NeverRung> {
        let input = match &event {
            Event::CallerCalls => None,
            Event::CallerHolds => Some(Input::Held { leg: LegId::CALLER }),
            Event::CallerLeaves(how) => Some(Input::CallerGone(*how)),
            Event::CallerPresses(digits) => {
                let digits = digits.clone();
                self.happened(event);
                for digit in digits {
                    self.tell(Input::DigitPressed { leg: LegId::CALLER, digit });
                }
                return Ok(());
            }
            Event::CallerSendsNoSound => Some(Input::MediaLost { leg: LegId::CALLER }),
            Event::PromptMissing(prompt) => Some(Input::PromptMissing { prompt: prompt.clone() }),
            Event::RecordingFails => {
                if let Some((_, count)) = self.recording.take() {
                    self.later.retain(|(_, id), _| *id != count);
                }
                Some(Input::VoicemailFailed)
            }
            Event::Responder { name, act } => Some(self.input_of(name, *act)?),
            Event::OnDuty(people) => self.change_roster(Roster::Fixed(cast(people))),
            Event::StoreFails => Some(Input::StoreFailed),
            Event::StoreOpens => Some(Input::CaseOpened { number: CASE }),
            Event::RosterSilent => self.change_roster(Roster::Silent),
            Event::RosterUnreadable => self.change_roster(Roster::Unreadable),
        };
        self.happened(event);
        if let Some(input) = input {
            self.tell(input);
        }
        Ok(())
    }

    /// Answers an open question who is on duty.
    pub fn answer_roster(&mut self, roster: &Roster) {
        let Some(category) = self.asked.take() else { return };
        self.roster_says(roster, category);
        self.settle();
    }

    /// Lets all happen that is due before `until`.
    pub fn wait_until(&mut self, until: Moment) {
        while let Some(due) = self.next_due().filter(|due| *due < until) {
            self.pass_to(due);
        }
        self.now = self.now.max(until);
    }

    /// Lets time pass until the next turn, and all happen that is due then; stops
    /// earlier when the roster is asked.
    pub fn pass(&mut self) {
        let Some(turn) = self.next_turn() else { return };
        while let Some(due) = self.next_due().filter(|due| *due <= turn && self.asked.is_none()) {
            self.pass_to(due);
        }
    }

    /// When something is due next that is more than the hold's going on.
    pub fn next_turn(&self) -> Option<Moment> {
        let holding = self.call.as_ref().is_some_and(Call::is_holding);
        let hold = |input: &Input| {
            holding && matches!(input, Input::PlayFinished { leg: LegId::CALLER, .. })
        };
        let later = self.later.iter().find(|(_, input)| !hold(input));
        let timer = self.call.as_ref().and_then(Call::next_turn);
        timer.into_iter().chain(later.map(|((due, _), _)| *due)).min()
    }

    /// When something is due next by itself.
    pub fn next_due(&self) -> Option<Moment> {
        let timer = self.call.as_ref().and_then(Call::poll_timeout);
        timer.into_iter().chain(self.next_later()).min()
    }

    /// The time of the rehearsal.
    pub fn now(&self) -> Moment {
        self.now
    }

    /// The call, once it came in.
    pub fn call(&self) -> Option<&Call> {
        self.call.as_ref()
    }

    /// Whether the call has said that nothing more will come.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Whether the question who is on duty is open.
    pub fn asks_roster(&self) -> bool {
        self.asked.is_some()
    }

    /// Whether the caller's message is being recorded.
    pub fn is_recording(&self) -> bool {
        self.recording.is_some()
    }

    /// Who has been rung and is still on the books, and whether the phone still rings.
    pub fn phones(&self) -> Vec<(Arc<str>, PhonePhase)> {
        let phones = self.call.iter().flat_map(Call::phones);
        phones.filter_map(|(leg, phase)| Some((self.name(leg)?, phase))).collect()
    }

    /// Takes what was done and happened since the last time.
    pub fn take_steps(&mut self) -> Vec<Step> {
        std::mem::take(&mut self.steps)
    }

    fn next_later(&self) -> Option<Moment> {
        self.later.first_key_value().map(|((due, _), _)| *due)
    }

    fn pass_to(&mut self, due: Moment) {
        self.now = self.now.max(due);
        self.step(What::Woke);
        // What the world owes comes before the call's own patience ends.
        if self.next_later() == Some(due) {
            if let Some((_, input)) = self.later.pop_first() {
                self.tell(input);
            }
        } else if let Some(call) = &mut self.call {
            call.handle_timeout(self.now);
            self.settle();
        }
    }

    fn change_roster(&mut self, roster: Roster) -> Option<Input> {
        Arc::make_mut(&mut self.world).roster = roster;
        None
    }

    fn input_of(&self, name: &str, act: Act) -> Result<Input, NeverRung> {
        let last = self.names.iter().rev().find(|(_, person)| **person == *name);
        let (leg, _) = last.ok_or_else(|| NeverRung {
            at: self.now.since_start().as_secs_f64(),
            name: name.to_owned(),
        })?;
        Ok(act.input(*leg))
    }

    fn name(&self, leg: LegId) -> Option<Arc<str>> {
        let mut names = self.names.iter().rev();
        names.find(|(id, _)| *id == leg).map(|(_, name)| name.clone())
    }

    fn tell(&mut self, input: Input) {
        if let Some(call) = &mut self.call {
            call.handle_input(self.now, input);
            self.settle();
        }
    }

    /// Carries out all orders, and what follows at once from carrying them out.
    fn settle(&mut self) {
        self.drain();
        while let Some(input) = self.waiting.pop_front() {
            if let Some(call) = &mut self.call {
                call.handle_input(self.now, input);
            }
            self.drain();
        }
        let Some(call) = &self.call else { return };
        self.later.retain(|_, input| match input {
            Input::PlayFinished { leg, play } => call.is_playing(*leg, *play),
            _ => true,
        });
    }

    fn drain(&mut self) {
        while let Some(output) = self.call.as_mut().and_then(Call::poll_output) {
            if let Output::Ring { leg, person, .. } = &output {
                self.names.push((*leg, person.as_str().into()));
            }
            let whom = leg_of(&output).and_then(|leg| self.name(leg));
            self.step(What::Ordered { output: output.clone(), whom });
            self.obey(output);
        }
    }

    /// Plays store, roster, line, media and recorder.
    fn obey(&mut self, output: Output) {
        match output {
            Output::OpenCase { .. } => match self.world.store {
                Store::Works => self.soon(Input::CaseOpened { number: CASE }),
                Store::Fails => self.soon(Input::StoreFailed),
                Store::Silent => {}
            },
            Output::Answer => self.soon(Input::CallerConnected),
            Output::FindOnCall { category, .. } => {
                let world = self.world.clone();
                self.roster_says(&world.roster, category);
            }
            Output::Ring { leg, .. } if self.world.trunk == Trunk::Gone => {
                self.soon(Input::LegFailed { leg, why: RingFailure::Unreachable });
            }
            Output::Play { leg, play, prompts, language, repeat } => {
                let world = self.world.clone();
                for prompt in prompts.iter().filter(|id| world.missing.contains(*id)) {
                    self.soon(Input::PromptMissing { prompt: prompt.clone() });
                }
                if repeat == Repeat::Once {
                    let lengths = prompts.iter().map(|id| world.lengths.of(language, id));
                    self.after(lengths.sum(), Input::PlayFinished { leg, play });
                }
            }
            Output::Record { max } => {
                self.after(max, recorded(max));
                self.recording = Some((self.now, self.count));
            }
            Output::StopRecord => {
                if let Some((began, count)) = self.recording.take() {
                    self.later.retain(|(_, id), _| *id != count);
                    self.soon(recorded(self.now.since(began)));
                }
            }
            Output::End => self.over = true,
            Output::Bridge { .. }
            | Output::Cancel { .. }
            | Output::HangUp { .. }
            | Output::Note(_)
            | Output::Ring { .. }
            | Output::StopPlay { .. } => {}
        }
    }

    fn roster_says(&mut self, roster: &Roster, category: Category) {
        match roster {
            Roster::At(on_duty) => self.soon(Input::OnCall { ladder: on_duty(self.now, category) }),
            Roster::Fixed(ladder) => self.soon(Input::OnCall { ladder: ladder.clone() }),
            Roster::Open => self.asked = Some(category),
            Roster::Silent => {}
            Roster::Unreadable => self.soon(Input::RosterUnavailable),
        }
    }

    fn soon(&mut self, input: Input) {
        self.waiting.push_back(input);
    }

    fn after(&mut self, span: Duration, input: Input) {
        self.count += 1;
        if span.is_zero() {
            self.soon(input);
        } else {
            self.later.insert((self.now + span, self.count), input);
        }
    }

    fn happened(&mut self, event: Event) {
        self.step(What::Happened(event));
    }

    fn step(&mut self, what: What) {
        self.steps.push(Step { at: self.now, what });
    }
}

fn recorded(length: Duration) -> Input {
    let seconds = u32::try_from(length.as_secs()).unwrap_or(u32::MAX);
    Input::VoicemailEnded { file: "messaggio.wav".to_owned(), seconds }
}

/// The leg an order is about.
fn leg_of(output: &Output) -> Option<LegId> {
    match output {
        Output::Bridge { leg }
        | Output::Cancel { leg }
        | Output::HangUp { leg }
        | Output::Play { leg, .. }
        | Output::Ring { leg, .. }
        | Output::StopPlay { leg } => Some(*leg),
        _ => None,
    }
}
