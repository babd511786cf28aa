//! The conversation: one caller's whole visit, as a machine without a telephone.
//!
//! It knows legs, prompts, keys and responders. It does not know SIP, RTP, SQL,
//! Tokio, files or clocks: facts come in as [`Input`], orders go out as [`Output`],
//! `now` is an argument. After each input, drain [`Call::poll_output`]; then wait
//! until [`Call::poll_timeout`].
//!
//! Two laws, walked at random in `tests/walks.rs`: a call that is neither bridged
//! nor ended always has sound playing to the caller or a timer set; and we never
//! hang up on a caller before a person, a recorded message, or an answered
//! call-back question.

mod bridged;
mod call_back;
mod greeting;
mod groups;
mod hold;
mod hunt;
mod input;
mod leg;
mod listening;
mod menu;
mod outlook;
mod output;
mod rescue;
mod script;
mod timer;
mod voicemail;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

pub use input::{Arrival, Gone, Input, RingFailure};
pub use outlook::{Outlook, PhonePhase};
pub use output::{Claim, Output, Repeat};

use crate::case::{AttemptId, Fact, Outcome, Party};
use crate::dialplan::Plan;
use crate::roster::LastResort;
use crate::words::{CaseNumber, Category, Digit, Language, LegId, Moment, PlayId, PromptId};
use leg::Leg;
use script::Script;
use timer::{Timer, TimerTable};

/// One caller's whole visit. A copy goes its own way from where it was made.
#[derive(Debug, Clone)]
pub struct Call {
    plan: Arc<Plan>,
    arrival: Arrival,
    state: State,
    script: Script,
    legs: BTreeMap<LegId, Leg>,
    timers: TimerTable,
    orders: VecDeque<Output>,
    /// What plays where; a finished or stopped play is gone from here.
    plays: BTreeMap<LegId, PlayId>,
    language: Language,
    category: Category,
    /// The recording that tells a responder who is in need.
    brief: PromptId,
    case: Option<CaseNumber>,
    promise: Option<Outcome>,
    /// People who pressed 2: not asked again in this call, on no phone of theirs.
    declined: BTreeSet<String>,
    /// Skills already noted as missed.
    missed: BTreeSet<String>,
    /// Whom the roster names for when nobody accepts.
    last_resort: Option<LastResort>,
    vanished: u8,
    count: Counters,
}

#[derive(Debug, Clone, Default)]
struct Counters {
    attempt: u32,
    leg: u32,
    play: u32,
}

/// Where the caller is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum State {
    /// The case is being written.
    Opening,
    /// We have answered; the caller does not hear us yet.
    Connecting,
    /// The script speaks.
    Speaking,
    /// A menu waits for a key.
    Asking(menu::Asking),
    /// Phones are being rung.
    Hunting(hunt::Hunt),
    /// A responder has accepted and hears the brief.
    Briefing,
    /// Two people talk.
    Bridged(bridged::Bridged),
    /// The caller is asked whether to be called back.
    CallingBack(call_back::CallingBack),
    /// The caller leaves a message.
    Leaving(voicemail::Leaving),
    /// The last words, then we hang up.
    Parting,
    /// The caller is gone; a responder may still be hearing why.
    Ended,
}

/// How long the store may take before we answer all the same.
const CASE_OPENING_MAX: Duration = Duration::from_millis(600);
/// How long an answer of the roster may take.
const ROSTER_MAX: Duration = Duration::from_secs(2);
/// A play whose end is never reported counts as finished after this, per recording.
const PLAY_MAX_PER_PROMPT: Duration = Duration::from_secs(30);

impl Call {
    /// A call that has just come in: orders its case to be opened.
    pub fn new(now: Moment, plan: Arc<Plan>, arrival: Arrival) -> Self {
        let mut call = Self {
            language: plan.language,
            script: Script::beginning(arrival),
            plan,
            arrival,
            state: State::Opening,
            legs: BTreeMap::new(),
            timers: TimerTable::default(),
            orders: VecDeque::new(),
            plays: BTreeMap::new(),
            category: Category::Unspecified,
            brief: Category::Unspecified.brief(),
            case: None,
            promise: None,
            declined: BTreeSet::new(),
            missed: BTreeSet::new(),
            last_resort: None,
            vanished: 0,
            count: Counters::default(),
        };
        let first = Fact::Arrived { direct: arrival.direct, active: arrival.active };
        call.order(Output::OpenCase { first });
        call.timers.set(Timer::CaseOpening, now + CASE_OPENING_MAX);
        call
    }

    /// Takes in one fact. Then drain [`Call::poll_output`].
    pub fn handle_input(&mut self, now: Moment, input: Input) {
        match input {
            Input::CallerConnected => self.caller_connected(now),
            Input::CallerGone(how) => self.caller_gone(now, how),
            Input::CaseOpened { number } => self.case_opened(now, number),
            Input::DigitPressed { leg: LegId::CALLER, digit } => self.caller_pressed(now, digit),
            Input::DigitPressed { leg, digit } => self.responder_pressed(now, leg, digit),
            Input::Held { leg } => self.note_if_talking(leg, |party| Fact::Held { party }),
            Input::LegAnswered { leg } => self.leg_answered(now, leg),
            Input::LegFailed { leg, why } => self.leg_failed(now, leg, why),
            Input::LegGone { leg, how } => self.leg_gone(now, leg, how),
            Input::MediaLost { leg } => self.media_lost(leg),
            Input::OnCall { ladder } => self.ladder_found(now, &ladder),
            Input::PlayFinished { leg, play } => self.play_finished(now, leg, play),
            Input::PromptMissing { prompt } => self.note(Fact::PromptMissing { prompt }),
            Input::Resumed { leg } => self.note_if_talking(leg, |party| Fact::Resumed { party }),
            Input::RosterUnavailable => self.roster_unavailable(now),
            Input::StepFailed => self.step_failed(now),
            Input::StoreFailed => self.store_failed(now),
            Input::VoicemailEnded { file, seconds } => self.voicemail_ended(now, file, seconds),
            Input::VoicemailFailed => self.voicemail_failed(now),
        }
    }

    /// Lets time pass up to `now`. Then drain [`Call::poll_output`].
    pub fn handle_timeout(&mut self, now: Moment) {
        while let Some(timer) = self.timers.expire(now) {
            match timer {
                Timer::Accept(leg) => self.nobody_pressed(now, leg),
                Timer::CaseOpening => self.store_failed(now),
                Timer::Farewell(leg) => self.dismiss_now(leg),
                Timer::Hold => self.still_calling(now),
                Timer::LongestConversation => self.conversation_too_long(now),
                Timer::NoInput => self.no_input(now),
                Timer::Pause => self.pause_over(now),
                Timer::Play(leg) => self.play_stalled(now, leg),
                Timer::Recording => self.recording_overdue(now),
                Timer::Ring(leg) => self.rang_out(now, leg),
                Timer::Roster => self.roster_unavailable(now),
            }
        }
    }

    /// When [`Call::handle_timeout`] must be called next. Changes with every input.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Moment> {
        self.timers.next()
    }

    /// The next order; drain to `None` after every input and every timeout.
    #[must_use]
    pub fn poll_output(&mut self) -> Option<Output> {
        self.orders.pop_front()
    }

    /// Whether the caller and a person hear each other.
    pub fn is_bridged(&self) -> bool {
        matches!(self.state, State::Bridged(_))
    }

    /// Whether the caller's visit is over.
    pub fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// The first law: whether something plays to the caller or some timer is set.
    pub fn is_attended(&self) -> bool {
        self.plays.contains_key(&LegId::CALLER) || !self.timers.is_empty()
    }

    fn order(&mut self, output: Output) {
        self.orders.push_back(output);
    }

    fn note(&mut self, fact: Fact) {
        self.order(Output::Note(fact));
    }

    fn play(&mut self, now: Moment, leg: LegId, prompts: Vec<PromptId>, repeat: Repeat) {
        self.count.play += 1;
        let play = PlayId(self.count.play);
        self.plays.insert(leg, play);
        match repeat {
            Repeat::Once => {
                let count = u32::try_from(prompts.len()).unwrap_or(u32::MAX);
                let longest = PLAY_MAX_PER_PROMPT.saturating_mul(count.max(1));
                self.timers.set(Timer::Play(leg), now + longest);
            }
            Repeat::Forever => self.timers.stop(Timer::Play(leg)),
        }
        // Responders hear Italian: they are the service's own people.
        let language = if leg == LegId::CALLER { self.language } else { Language::It };
        self.order(Output::Play { leg, play, prompts, language, repeat });
    }

    fn say(&mut self, now: Moment, prompts: Vec<PromptId>) {
        self.play(now, LegId::CALLER, prompts, Repeat::Once);
    }

    fn stop_play(&mut self, leg: LegId) {
        self.timers.stop(Timer::Play(leg));
        if self.plays.remove(&leg).is_some() {
            self.order(Output::StopPlay { leg });
        }
    }

    fn play_stalled(&mut self, now: Moment, leg: LegId) {
        if let Some(play) = self.plays.get(&leg).copied() {
            self.play_finished(now, leg, play);
        }
    }

    fn play_finished(&mut self, now: Moment, leg: LegId, play: PlayId) {
        if self.plays.get(&leg) != Some(&play) {
            return;
        }
        self.plays.remove(&leg);
        self.timers.stop(Timer::Play(leg));
        if leg == LegId::CALLER {
            self.caller_heard(now);
        } else {
            self.responder_heard(now, leg);
        }
    }

    /// What follows when the caller has heard all that was being said.
    fn caller_heard(&mut self, now: Moment) {
        match &mut self.state {
            State::Speaking => self.advance(now),
            State::Asking(_) => self.menu_heard(now),
            State::Hunting(_) | State::Briefing => self.play_hold_sound(now),
            State::CallingBack(_) => self.call_back_heard(now),
            State::Leaving(_) => self.voicemail_heard(now),
            State::Parting => self.part(now),
            State::Opening | State::Connecting | State::Bridged(_) | State::Ended => {}
        }
    }

    fn caller_pressed(&mut self, now: Moment, digit: Digit) {
        match &self.state {
            State::Ended => return,
            State::Bridged(_) => {
                self.note(Fact::KeyInConversation { party: Party::Caller, digit });
                return;
            }
            // A typed number stays on the case alone, and so does what follows it.
            State::CallingBack(asked) if asked.is_typing() => {}
            State::Parting if self.arrival.hidden => {}
            _ => self.note(Fact::KeyPressed { digit }),
        }
        match &self.state {
            State::Speaking => self.pressed_while_speaking(now, digit),
            State::Asking(_) => self.menu_key(now, digit),
            State::Hunting(_) => self.pressed_while_hunting(now, digit),
            State::CallingBack(_) => self.call_back_key(now, digit),
            State::Leaving(_) => self.voicemail_key(now, digit),
            _ => {}
        }
    }

    fn no_input(&mut self, now: Moment) {
        match &self.state {
            State::Asking(_) => self.menu_silence(now),
            State::CallingBack(_) => self.call_back_silence(now),
            _ => {}
        }
    }

    fn media_lost(&mut self, leg: LegId) {
        if self.is_ended() {
            return;
        }
        if leg == LegId::CALLER {
            self.note(Fact::MediaLost { party: Party::Caller });
        } else if self.legs.contains_key(&leg) {
            self.note(Fact::MediaLost { party: Party::Responder });
        }
    }

    /// The caller is no longer there: every phone is told, the record is closed.
    fn caller_gone(&mut self, now: Moment, how: Gone) {
        if self.is_ended() {
            return;
        }
        let (party, during) = (Party::Caller, self.listened_to());
        self.note(match how {
            Gone::HungUp => Fact::HungUp { party, during },
            Gone::Lost => Fact::LineLost { party, during },
        });
        self.plays.remove(&LegId::CALLER);
        self.timers.stop_leg(LegId::CALLER);
        if let State::Leaving(leaving) = &mut self.state
            && leaving.caller_left()
        {
            self.order(Output::StopRecord);
            self.timers.set(Timer::Recording, now + voicemail::SAVING_MAX_ALONE);
            return;
        }
        if let State::Bridged(bridged) = &self.state {
            let leg = bridged.leg;
            self.end_conversation(leg);
        }
        self.finish(now);
    }

    /// Closes the caller's visit with the outcome that was reached.
    fn finish(&mut self, now: Moment) {
        let outcome = self.promise.unwrap_or(Outcome::Abandoned);
        self.note(Fact::Ended { outcome });
        self.dismiss_all(now, leg::Dismissal::CallerLeft);
        self.enter(State::Ended);
        self.end_if_empty();
    }

    /// Changes where the caller is. No wait of the old place outlives it.
    fn enter(&mut self, state: State) {
        for timer in [
            Timer::CaseOpening,
            Timer::LongestConversation,
            Timer::NoInput,
            Timer::Pause,
            Timer::Recording,
            Timer::Roster,
        ] {
            self.timers.stop(timer);
        }
        // Only two places keep the hold sound going.
        if !matches!(state, State::Hunting(_) | State::Briefing) {
            self.timers.stop(Timer::Hold);
        }
        self.state = state;
    }

    fn end_if_empty(&mut self) {
        if self.is_ended() && self.legs.is_empty() {
            self.order(Output::End);
        }
    }

    /// The second law lives here: we hang up only on a promise.
    fn part(&mut self, now: Moment) {
        if self.promise.is_none() {
            self.search_again(now);
            return;
        }
        self.stop_play(LegId::CALLER);
        self.order(Output::HangUp { leg: LegId::CALLER });
        self.finish(now);
    }

    fn next_attempt(&mut self) -> AttemptId {
        self.count.attempt += 1;
        AttemptId(self.count.attempt)
    }

    fn next_leg(&mut self) -> LegId {
        self.count.leg += 1;
        LegId(self.count.leg)
    }
}

/// A case number as recorded digits: `2026-0417` is said «quattro, uno, sette».
fn spoken(number: CaseNumber) -> impl Iterator<Item = PromptId> {
    number.sequence.to_string().chars().map(digit_prompt).collect::<Vec<_>>().into_iter()
}

fn digit_prompt(digit: char) -> PromptId {
    PromptId::new(&format!("digit.{digit}"))
}
