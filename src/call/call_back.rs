//! Nobody accepted: whether, and where, to call back. Silence means no.

use std::time::Duration;

use super::{Call, State, Timer, digit_prompt};
use crate::case::{Fact, Outcome};
use crate::words::{Digit, LegId, Moment, PhoneNumber, PromptId};

/// How long the question waits for a key.
const ANSWER_WAIT: Duration = Duration::from_secs(8);
/// How long a number being typed waits for its first, and for its next, key.
const TYPING_WAIT: Duration = Duration::from_secs(10);
/// Wrong keys before silence is assumed.
const TRIES_MAX: u8 = 2;
/// E.164: the longest number. The shortest is an old Italian landline.
const NUMBER_DIGITS: std::ops::RangeInclusive<usize> = 6..=15;

/// The question whether to call back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct CallingBack {
    question: Question,
    tries: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Question {
    /// We say that nobody answered; keys mean nothing yet.
    Announcing,
    /// Is it safe to call this number?
    Safe,
    /// Which number? What was typed so far.
    Number(String),
}

/// How a typed number came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Pound,
    Silence,
}

impl CallingBack {
    pub(super) fn is_typing(&self) -> bool {
        matches!(self.question, Question::Number(_))
    }

    /// A key pressed before the question was heard is no answer.
    pub(super) fn takes_keys(&self) -> bool {
        !matches!(self.question, Question::Announcing)
    }

    /// For an outlook: numbers of one length that end alike are one number.
    pub(super) fn forget_the_digits(&mut self) {
        if let Question::Number(typed) = &mut self.question {
            let ends = [Ended::Pound, Ended::Silence].map(|by| is_whole(typed, by));
            *typed = format!("{} {ends:?}", typed.len());
        }
    }
}

impl Call {
    pub(super) fn ask_call_back(&mut self, now: Moment) {
        let (question, prompt) = if self.arrival.hidden {
            (Question::Number(String::new()), "noanswer.hidden")
        } else {
            (Question::Announcing, "noanswer")
        };
        self.enter(State::CallingBack(CallingBack { question, tries: 0 }));
        self.say(now, vec![PromptId::new(prompt)]);
    }

    pub(super) fn call_back_heard(&mut self, now: Moment) {
        let State::CallingBack(asked) = &mut self.state else { return };
        let wait = match asked.question {
            Question::Announcing => {
                asked.question = Question::Safe;
                self.say(now, vec![PromptId::new("callback.safe")]);
                return;
            }
            Question::Safe => ANSWER_WAIT,
            Question::Number(_) => TYPING_WAIT,
        };
        self.timers.set(Timer::NoInput, now + wait);
    }

    pub(super) fn call_back_key(&mut self, now: Moment, digit: Digit) {
        let State::CallingBack(asked) = &mut self.state else { return };
        match &mut asked.question {
            // A key pressed before the question was heard is no consent.
            Question::Announcing => {}
            Question::Safe => self.safe_key(now, digit),
            Question::Number(_) => self.number_key(now, digit),
        }
    }

    fn safe_key(&mut self, now: Moment, digit: Digit) {
        match digit {
            Digit::ONE => self.call_back_answered(now, true, true),
            Digit::TWO => self.call_back_answered(now, false, true),
            Digit::STAR => self.say_again(now, vec!["callback.safe"]),
            _ if self.try_again() => self.say_again(now, vec!["retry", "callback.safe"]),
            _ => self.call_back_answered(now, false, false),
        }
    }

    fn number_key(&mut self, now: Moment, digit: Digit) {
        self.stop_play(LegId::CALLER);
        self.timers.set(Timer::NoInput, now + TYPING_WAIT);
        let State::CallingBack(CallingBack { question: Question::Number(typed), .. }) =
            &mut self.state
        else {
            return;
        };
        match digit {
            Digit::POUND => self.number_typed(now, Ended::Pound),
            Digit::STAR => typed.clear(),
            _ if typed.len() > *NUMBER_DIGITS.end() => {}
            _ => typed.push(digit.as_char()),
        }
    }

    /// `#` ends a number of any country; silence ends one only if it is whole.
    fn number_typed(&mut self, now: Moment, ended_by: Ended) {
        let State::CallingBack(CallingBack { question: Question::Number(typed), .. }) = &self.state
        else {
            return;
        };
        let typed = typed.clone();
        let number = PhoneNumber::from_network(&typed);
        if is_whole(&typed, ended_by) {
            self.note(Fact::CallBackNumber { number });
            self.note(Fact::CallBackAnswered { safe: true, by_key: true });
            let read_out = typed.chars().map(digit_prompt);
            let said = read_out.chain([PromptId::new("callback.yes")]).collect();
            self.part_with(now, said);
        } else if self.try_again() {
            self.clear_number();
            self.say_again(now, vec!["retry", "noanswer.hidden"]);
        } else {
            self.no_number(now);
        }
    }

    fn clear_number(&mut self) {
        if let State::CallingBack(asked) = &mut self.state {
            asked.question = Question::Number(String::new());
        }
    }

    pub(super) fn call_back_silence(&mut self, now: Moment) {
        let State::CallingBack(asked) = &self.state else { return };
        match &asked.question {
            Question::Announcing => {}
            Question::Safe => self.call_back_answered(now, false, false),
            Question::Number(typed) if !typed.is_empty() => {
                self.number_typed(now, Ended::Silence);
            }
            Question::Number(_) => self.no_number(now),
        }
    }

    /// A hidden caller left no number: the plan goes on, usually to the voicemail.
    fn no_number(&mut self, now: Moment) {
        self.timers.stop(Timer::NoInput);
        self.stop_play(LegId::CALLER);
        self.advance(now);
    }

    fn call_back_answered(&mut self, now: Moment, safe: bool, by_key: bool) {
        self.note(Fact::CallBackAnswered { safe, by_key });
        let said = if safe { "callback.yes" } else { "callback.no" };
        self.part_with(now, vec![PromptId::new(said)]);
    }

    /// The promise is made: its confirmation, and we hang up.
    fn part_with(&mut self, now: Moment, said: Vec<PromptId>) {
        self.promise = Some(Outcome::Callback);
        self.enter(State::Parting);
        self.say(now, said);
    }

    fn say_again(&mut self, now: Moment, prompts: Vec<&str>) {
        self.timers.stop(Timer::NoInput);
        self.say(now, prompts.into_iter().map(PromptId::new).collect());
    }

    /// Counts a wrong answer; whether there is another try.
    fn try_again(&mut self) -> bool {
        let State::CallingBack(asked) = &mut self.state else { return false };
        asked.tries += 1;
        asked.tries < TRIES_MAX
    }
}

/// Whether what was typed is a number that can be called back.
fn is_whole(typed: &str, ended_by: Ended) -> bool {
    match ended_by {
        Ended::Pound => {
            let number = PhoneNumber::from_network(typed);
            NUMBER_DIGITS.contains(&typed.len()) && !number.is_never_dialled()
        }
        Ended::Silence => PhoneNumber::parse(typed).is_ok(),
    }
}
