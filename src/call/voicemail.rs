//! A message the caller chooses to leave, bound to the case.

use std::time::Duration;

use super::{Call, State, Timer};
use crate::call::Output;
use crate::case::{Fact, Outcome};
use crate::words::{Digit, Moment, PromptId};

/// How long the end of a recording may take to reach the disk while the caller waits.
const SAVING_MAX: Duration = Duration::from_secs(5);
/// And when nobody waits for it any more.
pub(super) const SAVING_MAX_ALONE: Duration = Duration::from_secs(30);

/// A message being left.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Leaving {
    max: Duration,
    phase: Phase,
    caller_left: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Phase {
    /// The caller hears what to do, then the tone.
    Inviting,
    Recording,
    /// The recording was told to end; its file is awaited.
    Saving,
}

impl Leaving {
    /// The caller hung up: whether there is a recording to be ended and kept.
    pub(super) fn caller_left(&mut self) -> bool {
        self.caller_left = true;
        let recording = self.phase != Phase::Inviting;
        self.phase = Phase::Saving;
        recording
    }
}

impl Leaving {
    /// Whether only its file is waited for.
    pub(super) fn is_alone(&self) -> bool {
        self.caller_left
    }

    /// Whether the caller still hears what to do.
    pub(super) fn is_inviting(&self) -> bool {
        self.phase == Phase::Inviting
    }

    /// `#` skips the words, or ends the message.
    pub(super) fn takes_keys(&self) -> bool {
        self.phase != Phase::Saving
    }
}

impl Call {
    pub(super) fn offer_voicemail(&mut self, now: Moment, max: Duration) {
        let leaving = Leaving { max, phase: Phase::Inviting, caller_left: false };
        self.enter(State::Leaving(leaving));
        self.say(now, vec![PromptId::new("voicemail"), PromptId::new("beep")]);
    }

    pub(super) fn voicemail_heard(&mut self, now: Moment) {
        let State::Leaving(leaving) = &mut self.state else { return };
        if leaving.phase == Phase::Inviting {
            leaving.phase = Phase::Recording;
            let max = leaving.max;
            self.order(Output::Record { max });
            self.timers.set(Timer::Recording, now + max + SAVING_MAX);
        }
    }

    pub(super) fn voicemail_key(&mut self, now: Moment, digit: Digit) {
        let State::Leaving(leaving) = &mut self.state else { return };
        match leaving.phase {
            // Who knows the words skips to the tone.
            Phase::Inviting if digit == Digit::POUND => {
                self.say(now, vec![PromptId::new("beep")]);
            }
            Phase::Recording if digit == Digit::POUND => {
                leaving.phase = Phase::Saving;
                self.order(Output::StopRecord);
                self.timers.set(Timer::Recording, now + SAVING_MAX);
            }
            _ => {}
        }
    }

    pub(super) fn voicemail_ended(&mut self, now: Moment, file: String, seconds: u32) {
        let State::Leaving(leaving) = &self.state else {
            // Later than we waited for it, but it is there and belongs to the case.
            if seconds > 0 && !self.is_ended() {
                self.note(Fact::VoicemailLeft { file, seconds });
            }
            return;
        };
        let caller_left = leaving.caller_left;
        self.timers.stop(Timer::Recording);
        if seconds > 0 {
            self.note(Fact::VoicemailLeft { file, seconds });
            self.promise = Some(Outcome::Voicemail);
        }
        if caller_left {
            self.finish(now);
        } else if seconds > 0 {
            self.enter(State::Parting);
            self.say(now, vec![PromptId::new("voicemail.ok")]);
        } else {
            self.advance(now);
        }
    }

    pub(super) fn voicemail_failed(&mut self, now: Moment) {
        let State::Leaving(leaving) = &self.state else { return };
        let caller_left = leaving.caller_left;
        self.timers.stop(Timer::Recording);
        self.note(Fact::VoicemailFailed);
        if caller_left {
            self.finish(now);
        } else {
            self.advance(now);
        }
    }

    /// The recording never reported its end.
    pub(super) fn recording_overdue(&mut self, now: Moment) {
        let State::Leaving(leaving) = &mut self.state else { return };
        if leaving.phase == Phase::Recording {
            leaving.phase = Phase::Saving;
            self.order(Output::StopRecord);
            self.timers.set(Timer::Recording, now + SAVING_MAX);
        } else {
            self.voicemail_failed(now);
        }
    }
}
