//! Where the call stands in its plan, and how it goes on.

use super::{Arrival, Call, State};
use crate::case::Fact;
use crate::dialplan::{Plan, Verb};
use crate::words::{Digit, Moment, PromptId};

/// A place in a plan: the verb to be carried out next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Script {
    section: Section,
    position: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Section {
    Answer,
    Direct,
    InHours,
}

impl Script {
    pub(super) fn beginning(arrival: Arrival) -> Self {
        let section = match (arrival.direct, arrival.active) {
            (true, _) => Section::Direct,
            (false, true) => Section::Answer,
            (false, false) => Section::InHours,
        };
        Self { section, position: 0 }
    }

    fn verbs(self, plan: &Plan) -> &[Verb] {
        match self.section {
            Section::Answer => &plan.answer,
            Section::Direct => &plan.direct,
            Section::InHours => &plan.in_hours,
        }
    }

    fn rest(self, plan: &Plan) -> &[Verb] {
        self.verbs(plan).get(self.position..).unwrap_or_default()
    }

    fn take(&mut self, plan: &Plan) -> Option<Verb> {
        let verb = self.rest(plan).first().cloned();
        self.position += 1;
        verb
    }

    /// The first words of the speech that was begun last.
    pub(super) fn said_last(self, plan: &Plan) -> Option<PromptId> {
        match self.verbs(plan).get(self.position.checked_sub(1)?)? {
            Verb::Play(prompts) => prompts.first().cloned(),
            _ => None,
        }
    }

    /// Goes back to the first ringing of who is on duty.
    pub(super) fn back_to_search(&mut self, plan: &Plan) {
        if self.section == Section::InHours {
            self.section = Section::Answer;
        }
        let rings = |verb: &Verb| matches!(verb, Verb::RingOnCall(_));
        self.position = self.verbs(plan).iter().position(rings).unwrap_or_default();
    }

    /// For an outlook: two scripts that go on alike, from their search, are one.
    pub(super) fn alike(self, plan: &Plan) -> Self {
        let search = |verbs: &[Verb]| verbs.iter().position(|v| matches!(v, Verb::RingOnCall(_)));
        if self.section != Section::Direct {
            return self;
        }
        match (search(&plan.answer), search(&plan.direct)) {
            (Some(answer), Some(direct))
                if self.position > direct && plan.answer[answer..] == plan.direct[direct..] =>
            {
                Self { section: Section::Answer, position: self.position - direct + answer }
            }
            _ => self,
        }
    }

    /// Whether keys pressed during this speech are taken by a menu, or as urgent.
    pub(super) fn menu_follows(self, plan: &Plan) -> bool {
        match self.after_speech(plan) {
            Some((_, Verb::Menu(_))) => true,
            Some((_, Verb::RingNumber(ring))) => ring.urgent.is_some(),
            _ => false,
        }
    }

    /// How many `play`s stand before the next other verb, and that verb.
    fn after_speech(self, plan: &Plan) -> Option<(usize, &Verb)> {
        self.rest(plan).iter().enumerate().find(|(_, verb)| !matches!(verb, Verb::Play(_)))
    }
}

impl Call {
    /// Carries out the next verb of the plan.
    pub(super) fn advance(&mut self, now: Moment) {
        match self.script.take(&self.plan) {
            Some(Verb::Play(prompts)) => {
                self.leave_hold();
                self.enter(State::Speaking);
                self.say(now, prompts);
            }
            Some(Verb::Menu(menu)) => {
                self.leave_hold();
                self.ask(now, menu);
            }
            Some(Verb::RingOnCall(ring)) => self.hunt_on_call(now, ring),
            Some(Verb::RingNumber(ring)) => self.hunt_number(now, ring),
            Some(Verb::AskCallBack) => {
                self.leave_hold();
                self.ask_call_back(now);
            }
            Some(Verb::Voicemail { max }) => {
                self.leave_hold();
                self.offer_voicemail(now, max);
            }
            Some(Verb::GoOnCall) => {
                self.script = Script { section: Section::Answer, position: 0 };
                self.advance(now);
            }
            Some(Verb::HangUp) | None => self.part(now),
        }
    }

    /// Barge-in: a key pressed during a greeting belongs to the menu that follows.
    pub(super) fn pressed_while_speaking(&mut self, now: Moment, digit: Digit) {
        let Some((plays, verb)) = self.script.after_speech(&self.plan) else { return };
        match verb {
            Verb::Menu(menu) => {
                let menu = menu.clone();
                self.script.position += plays + 1;
                self.await_key(menu);
                self.menu_key(now, digit);
            }
            Verb::RingNumber(ring) if ring.urgent == Some(digit) => {
                self.script.position += plays + 1;
                self.note(Fact::Urgent);
                self.advance(now);
            }
            _ => {}
        }
    }

    /// Key 0: the direct script, from its first verb that is not speech.
    pub(super) fn go_direct(&mut self, now: Moment) {
        self.script = Script { section: Section::Direct, position: 0 };
        if let Some((plays, _)) = self.script.after_speech(&self.plan) {
            self.script.position = plays;
        }
        self.advance(now);
    }

    /// Nothing has been promised yet: the caller waits and we ring again.
    pub(super) fn search_again(&mut self, now: Moment) {
        self.script.back_to_search(&self.plan);
        self.wait_for_search(now);
    }
}
