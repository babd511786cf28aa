//! The question who is in need: every key, and none, leads to a person.

use super::{Call, State, Timer};
use crate::case::Fact;
use crate::dialplan::{Choice, Menu};
use crate::words::{Digit, LegId, Moment, PromptId};

/// A menu that waits for a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Asking {
    menu: Menu,
    tries: u8,
    silences: u8,
}

impl Asking {
    /// The first words of the question.
    pub(super) fn words(&self) -> Option<PromptId> {
        self.menu.prompts.first().cloned()
    }
}

impl Call {
    pub(super) fn ask(&mut self, now: Moment, menu: Menu) {
        self.await_key(menu);
        self.repeat_menu(now, None);
    }

    /// Takes keys for `menu` without playing it: the caller was faster.
    pub(super) fn await_key(&mut self, menu: Menu) {
        self.enter(State::Asking(Asking { menu, tries: 0, silences: 0 }));
    }

    fn repeat_menu(&mut self, now: Moment, first: Option<PromptId>) {
        let State::Asking(asking) = &self.state else { return };
        let prompts = first.into_iter().chain(asking.menu.prompts.iter().cloned()).collect();
        self.timers.stop(Timer::NoInput);
        self.say(now, prompts);
    }

    pub(super) fn menu_heard(&mut self, now: Moment) {
        if let State::Asking(asking) = &self.state {
            self.timers.set(Timer::NoInput, now + asking.menu.wait);
        }
    }

    pub(super) fn menu_key(&mut self, now: Moment, digit: Digit) {
        let State::Asking(asking) = &self.state else { return };
        match asking.menu.choices.get(&digit).cloned() {
            Some(Choice::Category { category, label, brief }) => {
                self.category = category;
                self.brief = brief;
                self.note(Fact::CategoryChosen { category, label });
                self.leave_menu(now);
            }
            Some(Choice::Direct) => {
                self.quiet();
                self.go_direct(now);
            }
            Some(Choice::Repeat) => self.repeat_menu(now, None),
            Some(Choice::Privacy) => self.repeat_menu(now, Some(self.plan.privacy_notice.clone())),
            Some(Choice::Language(language)) => {
                self.language = language;
                self.note(Fact::LanguageChosen { language });
                self.repeat_menu(now, None);
            }
            None => self.menu_failed(now, Failure::NoMatch),
        }
    }

    pub(super) fn menu_silence(&mut self, now: Moment) {
        self.menu_failed(now, Failure::NoInput);
    }

    fn menu_failed(&mut self, now: Moment, failure: Failure) {
        let State::Asking(asking) = &mut self.state else { return };
        asking.tries += 1;
        if failure == Failure::NoInput {
            asking.silences += 1;
        }
        if asking.tries < asking.menu.attempts {
            let said = match failure {
                Failure::NoInput => asking.menu.no_input.clone(),
                Failure::NoMatch => asking.menu.no_match.clone(),
            };
            self.repeat_menu(now, Some(said));
            return;
        }
        self.category = asking.menu.otherwise;
        self.brief = self.category.brief();
        if asking.silences == asking.tries {
            self.note(Fact::Silent);
        }
        self.leave_menu(now);
    }

    fn leave_menu(&mut self, now: Moment) {
        self.quiet();
        self.advance(now);
    }

    fn quiet(&mut self) {
        self.timers.stop(Timer::NoInput);
        self.stop_play(LegId::CALLER);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Failure {
    NoInput,
    NoMatch,
}
