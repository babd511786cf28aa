//! Plays one transcript: people from the script, time from the script and from the
//! call's own timers, answers of store, roster and recorder from the header.

mod script;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use polaris::call::{Arrival, Call, Input, Output, Repeat};
use polaris::dialplan::{self, Plan};
use polaris::roster::{Ladder, OnCall, Step};
use polaris::voice::Recordings;
use polaris::words::{CaseNumber, Language, LegId, Moment, PhoneNumber, PromptId};

use script::{Event, Line, Script, Store};

/// Nothing in a transcript lasts longer after its last line.
const PATIENCE: Duration = Duration::from_secs(600);
const CASE: CaseNumber = CaseNumber { year: 2026, sequence: 417 };

/// Plays `written` and returns it with the `|` lines as they are now.
pub(crate) fn perform(written: &str) -> Result<String, String> {
    let script = Script::read(written)?;
    let mut stage = Stage::new(&script)?;
    for line in &script.lines {
        match line {
            Line::Kept(text) => stage.paper.push(text.clone()),
            Line::Event { at, event, text } => {
                stage.wait_until(Moment::after_start(*at));
                stage.paper.push(format!("{:>6.1}  {text}", at.as_secs_f64()));
                stage.fresh = false;
                stage.happen(event)?;
            }
        }
    }
    stage.wait_for_the_end();
    let mut text = stage.paper.join("\n");
    text.push('\n');
    Ok(text)
}

struct Stage {
    plan: Arc<Plan>,
    recordings: Recordings,
    arrival: Arrival,
    store: Store,
    missing: BTreeSet<PromptId>,
    ladder: Option<Ladder>,
    call: Option<Call>,
    now: Moment,
    later: BTreeMap<(Moment, u64), Input>,
    count: u64,
    names: BTreeMap<LegId, String>,
    picked_up: BTreeSet<LegId>,
    recording: Option<(Moment, u64)>,
    over: bool,
    paper: Vec<String>,
    /// Whether the next `|` line must carry the time itself.
    fresh: bool,
}

impl Stage {
    fn new(script: &Script) -> Result<Self, String> {
        let recordings = Recordings::embedded();
        let plan = read_plan(&script.plan, &recordings)?;
        let active = script.at.is_none_or(|at| plan.hours.is_active(at));
        Ok(Self {
            plan: Arc::new(plan),
            recordings,
            arrival: Arrival { direct: script.direct, active, hidden: script.hidden },
            store: script.store,
            missing: script.missing.clone(),
            ladder: script.on_duty.as_deref().map(ladder),
            call: None,
            now: Moment::START,
            later: BTreeMap::new(),
            count: 0,
            names: BTreeMap::new(),
            picked_up: BTreeSet::new(),
            recording: None,
            over: false,
            paper: Vec::new(),
            fresh: false,
        })
    }

    fn happen(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::CallerCalls => {
                self.call = Some(Call::new(self.now, self.plan.clone(), self.arrival));
                self.drain();
            }
            Event::CallerPresses(digits) => {
                for digit in digits {
                    self.tell(Input::DigitPressed { leg: LegId::CALLER, digit: *digit });
                }
            }
            Event::Caller(input) => self.tell(input.clone()),
            Event::OnDuty(people) => self.ladder = Some(ladder(people)),
            Event::RosterUnreadable => self.ladder = None,
            Event::Responder { name, what } => {
                let leg = self.leg_of(name)?;
                if what.is_answer() {
                    self.picked_up.insert(leg);
                }
                self.tell(what.input(leg));
            }
        }
        Ok(())
    }

    fn leg_of(&self, name: &str) -> Result<LegId, String> {
        let mut legs = self.names.iter().rev().filter(|(_, person)| *person == name);
        legs.next()
            .map(|(leg, _)| *leg)
            .ok_or_else(|| format!("at {:.1}: {name} was never rung", self.seconds()))
    }

    fn seconds(&self) -> f64 {
        self.now.since_start().as_secs_f64()
    }

    /// Lets all happen that is due before `until`.
    fn wait_until(&mut self, until: Moment) {
        loop {
            let timer = self.call.as_ref().and_then(Call::poll_timeout);
            let later = self.later.first_key_value().map(|((due, _), _)| *due);
            let Some(due) = [timer, later].into_iter().flatten().min() else { break };
            if due >= until {
                break;
            }
            self.now = self.now.max(due);
            self.fresh = true;
            if later.is_some_and(|later| timer.is_none_or(|timer| later <= timer)) {
                if let Some((_, input)) = self.later.pop_first() {
                    self.tell(input);
                }
            } else if let Some(call) = &mut self.call {
                call.handle_timeout(self.now);
                self.drain();
            }
        }
        self.now = self.now.max(until);
    }

    fn wait_for_the_end(&mut self) {
        let end = self.now + PATIENCE;
        if !self.over {
            self.wait_until(end);
        }
    }

    fn tell(&mut self, input: Input) {
        if let Some(call) = &mut self.call {
            call.handle_input(self.now, input);
            self.drain();
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.call.as_mut().and_then(Call::poll_output) {
            self.write(&output);
            self.obey(output);
        }
    }

    fn write(&mut self, output: &Output) {
        let name = |leg: LegId| match leg {
            LegId::CALLER => None,
            leg => Some(self.names.get(&leg).cloned().unwrap_or_else(|| format!("leg {leg}"))),
        };
        let Some(text) = words::describe(output, &name) else { return };
        let margin = if std::mem::take(&mut self.fresh) {
            format!("{:>6.1}  ", self.seconds())
        } else {
            " ".repeat(8)
        };
        self.paper.push(format!("{margin}| {text}"));
    }

    /// Plays store, roster, line, media and recorder.
    fn obey(&mut self, output: Output) {
        match output {
            Output::OpenCase { .. } => match self.store {
                Store::Works => self.soon(Input::CaseOpened { number: CASE }),
                Store::Fails => self.soon(Input::StoreFailed),
                Store::Silent => {}
            },
            Output::Answer => self.soon(Input::CallerConnected),
            Output::FindOnCall { .. } => self.soon(match &self.ladder {
                Some(ladder) => Input::OnCall { ladder: ladder.clone() },
                None => Input::RosterUnavailable,
            }),
            Output::Ring { leg, person, .. } => drop(self.names.insert(leg, person)),
            Output::Play { leg, play, prompts, language, repeat } => {
                let missing: Vec<PromptId> =
                    prompts.iter().filter(|id| self.missing.contains(*id)).cloned().collect();
                for prompt in missing {
                    self.soon(Input::PromptMissing { prompt });
                }
                if repeat == Repeat::Once {
                    let length = prompts.iter().map(|prompt| self.length(language, prompt)).sum();
                    self.after(length, Input::PlayFinished { leg, play });
                }
            }
            Output::Record { max } => {
                self.after(max, ended(max.as_secs()));
                self.recording = Some((self.now, self.count));
            }
            Output::StopRecord => {
                if let Some((began, count)) = self.recording.take() {
                    self.later.retain(|(_, id), _| *id != count);
                    self.soon(ended(self.now.since(began).as_secs()));
                }
            }
            Output::End => self.over = true,
            Output::Bridge { .. }
            | Output::Cancel { .. }
            | Output::HangUp { .. }
            | Output::Note(_)
            | Output::StopPlay { .. } => {}
        }
    }

    fn soon(&mut self, input: Input) {
        self.after(Duration::ZERO, input);
    }

    fn after(&mut self, span: Duration, input: Input) {
        self.count += 1;
        if span.is_zero() {
            // Answers at once belong to the same line of the paper.
            self.tell(input);
        } else {
            self.later.insert((self.now + span, self.count), input);
        }
    }

    /// The recording's real length, to a tenth of a second.
    fn length(&self, language: Language, prompt: &PromptId) -> Duration {
        let find = |wanted: Language| {
            self.recordings
                .iter()
                .find(|(language, id, _)| *language == wanted && id == prompt)
                .map(|(_, _, samples)| samples.len())
        };
        let samples = find(language).or_else(|| find(Language::It)).unwrap_or(8_000);
        Duration::from_millis((samples as u64 / 800) * 100)
    }
}

fn ended(seconds: u64) -> Input {
    let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
    Input::VoicemailEnded { file: "messaggio.wav".to_owned(), seconds }
}

fn read_plan(name: &str, recordings: &Recordings) -> Result<Plan, String> {
    let file = format!("{}/dialplans/{name}.kdl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
    let mut known = dialplan::Recordings::default();
    for (language, id, _) in recordings.iter() {
        let said = recordings.text(language, &id).unwrap_or_default();
        known.add(language, id.clone(), said);
    }
    let (plan, problems) = dialplan::read(name, &text, &known);
    plan.ok_or_else(|| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// `Ada, Bruno; Carla`: two people in step 1, one in step 2.
fn ladder(people: &str) -> Ladder {
    let mut steps = Vec::new();
    for (index, step) in people.split(';').enumerate() {
        let responders: Vec<OnCall> = step
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty() && *name != "nobody")
            .map(|name| OnCall {
                person: name.to_owned(),
                phones: vec![PhoneNumber::from_network(&format!("+39333000{:04}", number(name)))],
                step: u32::try_from(index + 1).unwrap_or(1),
                why: "turno".to_owned(),
            })
            .collect();
        if !responders.is_empty() {
            let number = u32::try_from(index + 1).unwrap_or(1);
            steps.push(Step { number, responders, ring: None });
        }
    }
    Ladder { steps, ..Ladder::default() }
}

/// The same person has the same phone in every list.
fn number(name: &str) -> u32 {
    name.bytes().fold(7, |sum: u32, byte| (sum * 31 + u32::from(byte)) % 10_000)
}
