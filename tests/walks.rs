//! Random walks over the conversation: whatever happens, in whatever order, the two
//! laws of `call` hold. A failing walk prints its seed and its last steps.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use polaris::calendar::Hours;
use polaris::call::{Arrival, Call, Gone, Input, Output, Repeat, RingFailure};
use polaris::case::Fact;
use polaris::dialplan::{Choice, Menu, Plan, RingNumber, RingOnCall, TakenBy, Verb};
use polaris::roster::{Ladder, LastResort, OnCall, Step, StepPolicy};
use polaris::words::{
    CaseNumber, Category, Digit, Language, LegId, Moment, PhoneNumber, PlayId, PromptId, RingOrder,
    ServiceId,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Walks in all; the issue of trust is settled by number, spread over both cores.
const WALKS: u64 = 1_000_000;
const STEPS_MAX: usize = 60;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn prompts(ids: &[&str]) -> Vec<PromptId> {
    ids.iter().map(|id| PromptId::new(id)).collect()
}

fn menu() -> Menu {
    let category = |category: Category| Choice::Category {
        category,
        label: category.italian().to_owned(),
        brief: category.brief(),
    };
    let key = |c: char| Digit::try_from(c).expect("a key");
    Menu {
        prompts: prompts(&["menu.polaris"]),
        wait: secs(5),
        attempts: 2,
        no_input: PromptId::new("silent"),
        no_match: PromptId::new("retry"),
        choices: BTreeMap::from([
            (key('1'), category(Category::Minors)),
            (key('2'), category(Category::Violence)),
            (key('0'), Choice::Direct),
            (key('8'), Choice::Language(Language::En)),
            (key('9'), Choice::Privacy),
            (key('*'), Choice::Repeat),
        ]),
        otherwise: Category::Unspecified,
    }
}

fn random_verb(rng: &mut StdRng) -> Verb {
    let number = |name: &str, taken_by, urgent| {
        Verb::RingNumber(RingNumber {
            number: PhoneNumber::from_network("+390831000001"),
            name: name.to_owned(),
            ring_for: secs(30),
            taken_by,
            urgent,
        })
    };
    match rng.random_range(0..9) {
        0 => Verb::Play(prompts(&["welcome.polaris", "privacy.short"])),
        1 => Verb::Menu(menu()),
        2 | 3 => Verb::RingOnCall(RingOnCall {
            each: secs(25),
            rounds: rng.random_range(1..4),
            accept: secs(10),
            order: if rng.random() { RingOrder::OneByOne } else { RingOrder::Together },
        }),
        4 => number("coordinatore", TakenBy::Key { accept: secs(10) }, None),
        5 => number("uffici", TakenBy::Answer, Some(Digit::ONE)),
        6 => Verb::AskCallBack,
        7 => Verb::Voicemail { max: secs(120) },
        _ => Verb::HangUp,
    }
}

/// Any script at all, even one the checker would refuse: the laws do not lean on it.
fn random_plan(rng: &mut StdRng) -> Arc<Plan> {
    let script = |rng: &mut StdRng| -> Vec<Verb> {
        (0..rng.random_range(0..7)).map(|_| random_verb(rng)).collect()
    };
    let (answer, direct) = (script(rng), script(rng));
    let mut in_hours = script(rng);
    in_hours.push(Verb::GoOnCall);
    let number = PhoneNumber::from_network("+390831000000");
    Arc::new(Plan {
        service: ServiceId::new("polaris-br4"),
        title: "prova".to_owned(),
        timezone: chrono_tz::Europe::Rome,
        language: Language::It,
        numbers: vec![number.clone()],
        direct_numbers: Vec::new(),
        caller_id: number,
        equipe: "equipe".to_owned(),
        comuni: Vec::new(),
        hours: Hours::default(),
        offer: PromptId::new("worker.offer"),
        escalation_offer: PromptId::new("worker.escalate.1"),
        privacy_notice: PromptId::new("privacy.full"),
        answer,
        direct,
        in_hours,
    })
}

/// What the outside world knows of the call, from its orders alone.
struct World {
    now: Moment,
    ringing: Vec<LegId>,
    picked_up: Vec<LegId>,
    plays: BTreeMap<LegId, (PlayId, Repeat)>,
    promised: bool,
    bridged: Option<LegId>,
    ended_notes: u32,
    over: bool,
    recording: bool,
    /// The last steps, kept only when a failing walk is gone through again.
    trail: Option<VecDeque<String>>,
}

impl World {
    fn new(trail: Option<VecDeque<String>>) -> Self {
        Self {
            now: Moment::START,
            ringing: Vec::new(),
            picked_up: Vec::new(),
            plays: BTreeMap::new(),
            promised: false,
            bridged: None,
            ended_notes: 0,
            over: false,
            recording: false,
            trail,
        }
    }

    fn remember(&mut self, what: &dyn std::fmt::Debug) {
        let Some(trail) = &mut self.trail else { return };
        if trail.len() == 40 {
            trail.pop_front();
        }
        trail.push_back(format!("{:>8.1} {what:?}", self.now.since_start().as_secs_f64()));
    }

    fn broken(&self, law: &str, seed: u64) -> ! {
        let Some(trail) = &self.trail else {
            walk(seed, Some(VecDeque::new()));
            panic!("seed {seed}: {law}, but not when walked again");
        };
        let trail: Vec<&str> = trail.iter().map(String::as_str).collect();
        panic!("seed {seed}: {law}\n{}", trail.join("\n"));
    }

    fn forget(&mut self, leg: LegId) {
        self.ringing.retain(|id| *id != leg);
        self.picked_up.retain(|id| *id != leg);
        self.plays.remove(&leg);
        if self.bridged == Some(leg) {
            self.bridged = None;
        }
    }

    fn obey(&mut self, call: &mut Call, seed: u64) {
        let mut orders = 0;
        while let Some(output) = call.poll_output() {
            orders += 1;
            if orders > 2_000 {
                self.broken("the orders never end", seed);
            }
            self.remember(&output);
            if self.over {
                self.broken("an order after the end", seed);
            }
            self.obey_one(&output, seed);
        }
    }

    fn obey_one(&mut self, output: &Output, seed: u64) {
        match output {
            Output::Play { leg, play, repeat, .. } => {
                self.plays.insert(*leg, (*play, *repeat));
            }
            Output::StopPlay { leg } => {
                self.plays.remove(leg);
            }
            Output::Ring { leg, .. } => {
                if self.bridged.is_some() {
                    self.broken("rings during a conversation", seed);
                }
                self.ringing.push(*leg);
            }
            Output::Cancel { leg } => self.forget(*leg),
            Output::HangUp { leg: LegId::CALLER } => {
                if !self.promised {
                    self.broken("hung up on a caller without a promise", seed);
                }
                self.bridged = None;
            }
            Output::HangUp { leg } => self.forget(*leg),
            Output::Bridge { leg } => {
                if self.bridged.is_some() {
                    self.broken("bridged twice", seed);
                }
                if !self.picked_up.contains(leg) {
                    self.broken("bridged a phone nobody picked up", seed);
                }
                if self.sounds_for_ever(LegId::CALLER) || self.sounds_for_ever(*leg) {
                    self.broken("a sound is heard instead of the other party", seed);
                }
                self.bridged = Some(*leg);
                self.promised = true;
            }
            Output::Record { .. } => self.recording = true,
            Output::StopRecord => self.recording = false,
            Output::Note(Fact::VoicemailLeft { .. } | Fact::CallBackAnswered { .. }) => {
                self.promised = true;
            }
            Output::Note(Fact::Ended { .. }) => self.ended_notes += 1,
            Output::End => self.over = true,
            Output::Answer
            | Output::FindOnCall { .. }
            | Output::Note(_)
            | Output::OpenCase { .. } => {}
        }
    }

    /// The first law, seen from outside. A sound that comes to an end counts only with
    /// the timer behind it: its end may never be reported.
    fn is_attended(&self, call: &Call) -> bool {
        self.sounds_for_ever(LegId::CALLER) || call.poll_timeout().is_some()
    }

    fn sounds_for_ever(&self, leg: LegId) -> bool {
        matches!(self.plays.get(&leg), Some((_, Repeat::Forever)))
    }

    fn check(&self, call: &Call, seed: u64) {
        if self.bridged.is_none() && self.ended_notes == 0 && !self.is_attended(call) {
            self.broken("neither bridged nor ended, no sound and no timer", seed);
        }
        if call.is_ended() != (self.ended_notes == 1) || self.ended_notes > 1 {
            self.broken("the end is noted exactly once", seed);
        }
        if call.is_bridged() != self.bridged.is_some() {
            self.broken("orders and state disagree about the bridge", seed);
        }
    }
}

fn random_ladder(rng: &mut StdRng) -> Ladder {
    let mut ladder = Ladder::default();
    for number in 1..=rng.random_range(0..4) {
        let responders = (0..rng.random_range(1..4))
            .map(|index| OnCall {
                person: format!("R{number}{index}"),
                phones: (0..rng.random_range(1..4))
                    .map(|phone| format!("+393330000{number}{index}{phone}"))
                    .map(|phone| PhoneNumber::from_network(&phone))
                    .collect(),
                step: number,
                why: "turno".to_owned(),
            })
            .collect();
        let order = if rng.random() { RingOrder::OneByOne } else { RingOrder::Together };
        let each = secs(rng.random_range(1..60));
        let ring = rng.random::<bool>().then_some(StepPolicy { order, each });
        ladder.steps.push(Step { number, responders, ring });
    }
    if rng.random() {
        ladder.rounds = Some(rng.random_range(0..4));
    }
    if rng.random() {
        let phone = PhoneNumber::from_network("+393330000009");
        ladder.last_resort = Some(LastResort { name: "R11".to_owned(), phone });
    }
    if rng.random() {
        ladder.missed.push("donna".to_owned());
    }
    ladder
}

fn any_leg(rng: &mut StdRng, world: &World) -> LegId {
    let known: Vec<LegId> = world.ringing.iter().chain(&world.picked_up).copied().collect();
    if known.is_empty() || rng.random_range(0..10) == 0 {
        return LegId(rng.random_range(0..6));
    }
    known[rng.random_range(0..known.len())]
}

fn random_digit(rng: &mut StdRng) -> Digit {
    // Key 1 decides most things.
    if rng.random_range(0..3) == 0 { Digit::ONE } else { Digit::ALL[rng.random_range(0..12)] }
}

fn random_input(rng: &mut StdRng, world: &mut World) -> Option<Input> {
    let leg = any_leg(rng, world);
    Some(match rng.random_range(0..28) {
        0 => Input::CallerConnected,
        1 if rng.random_range(0..4) == 0 => {
            world.bridged = None;
            world.plays.remove(&LegId::CALLER);
            Input::CallerGone(if rng.random() { Gone::HungUp } else { Gone::Lost })
        }
        2 => Input::CaseOpened { number: CaseNumber { year: 2026, sequence: 417 } },
        3..=6 => Input::DigitPressed { leg: LegId::CALLER, digit: random_digit(rng) },
        7..=9 => Input::DigitPressed { leg, digit: random_digit(rng) },
        10..=12 => {
            if world.ringing.contains(&leg) {
                world.ringing.retain(|id| *id != leg);
                world.picked_up.push(leg);
            }
            Input::LegAnswered { leg }
        }
        13 => {
            let why = [
                RingFailure::Busy,
                RingFailure::Declined,
                RingFailure::InUse,
                RingFailure::NoAnswer,
                RingFailure::Unreachable,
            ][rng.random_range(0..5)];
            if !world.ringing.contains(&leg) {
                return None;
            }
            world.forget(leg);
            Input::LegFailed { leg, why }
        }
        14 => {
            if leg == LegId::CALLER {
                return None;
            }
            world.forget(leg);
            Input::LegGone { leg, how: if rng.random() { Gone::HungUp } else { Gone::Lost } }
        }
        15 | 16 => Input::OnCall { ladder: random_ladder(rng) },
        17 => Input::RosterUnavailable,
        18 => Input::StoreFailed,
        19 => Input::VoicemailEnded { file: "a.wav".to_owned(), seconds: rng.random_range(0..5) },
        20 => Input::VoicemailFailed,
        21 => Input::MediaLost { leg },
        22 => Input::PromptMissing { prompt: PromptId::new("hold.1") },
        23 => Input::Held { leg },
        24 if rng.random_range(0..4) == 0 => {
            // Whoever was connected is no longer.
            world.bridged = None;
            Input::StepFailed
        }
        _ => {
            let playing: Vec<(LegId, PlayId)> = world
                .plays
                .iter()
                .filter(|(_, (_, repeat))| *repeat == Repeat::Once)
                .map(|(leg, (play, _))| (*leg, *play))
                .collect();
            if playing.is_empty() {
                return None;
            }
            let (leg, play) = playing[rng.random_range(0..playing.len())];
            world.plays.remove(&leg);
            Input::PlayFinished { leg, play }
        }
    })
}

fn walk(seed: u64, trail: Option<VecDeque<String>>) {
    let mut rng = StdRng::seed_from_u64(seed);
    let arrival = Arrival { direct: rng.random(), active: rng.random(), hidden: rng.random() };
    let mut world = World::new(trail);
    let mut call = Call::new(world.now, random_plan(&mut rng), arrival);
    world.obey(&mut call, seed);
    for _ in 0..STEPS_MAX {
        if world.over {
            return;
        }
        if rng.random_range(0..4) == 0 {
            if let Some(due) = call.poll_timeout() {
                world.now = world.now.max(due);
                world.remember(&"time passes");
                call.handle_timeout(world.now);
            }
        } else if let Some(input) = random_input(&mut rng, &mut world) {
            world.now = world.now + Duration::from_millis(rng.random_range(0..3_000));
            world.remember(&input);
            call.handle_input(world.now, input);
        }
        world.obey(&mut call, seed);
        world.check(&call, seed);
    }
    leave(&mut world, &mut call, seed);
}

/// Whatever the state: once the caller hangs up, the call ends and every leg is freed.
fn leave(world: &mut World, call: &mut Call, seed: u64) {
    world.now = world.now + secs(1);
    call.handle_input(world.now, Input::CallerGone(Gone::HungUp));
    world.bridged = None;
    world.obey(call, seed);
    for _ in 0..50 {
        let Some(due) = call.poll_timeout() else { break };
        world.now = world.now.max(due);
        call.handle_timeout(world.now);
        world.obey(call, seed);
    }
    if !world.over {
        world.broken("the caller hung up and the call never ended", seed);
    }
    if !world.ringing.is_empty() {
        world.broken("the call is over and a phone still rings", seed);
    }
}

#[test]
fn a_call_is_never_left_in_silence_nor_hung_up_without_a_promise() {
    let threads = std::thread::available_parallelism().map_or(2, usize::from) as u64;
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                for seed in (thread..WALKS).step_by(threads as usize) {
                    walk(seed, None);
                }
            });
        }
    });
}
