//! Reads a transcript: a header, then lines that begin with a time.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::NaiveDateTime;
use polaris::call::{Gone, RingFailure};
use polaris::rehearsal::{Act, Event, Line, Store, Trunk};
use polaris::words::{Digit, PromptId};

pub(crate) struct Script {
    pub plan: String,
    pub on_duty: OnDuty,
    pub store: Store,
    pub trunk: Trunk,
    pub direct: bool,
    pub hidden: bool,
    pub offices_open: bool,
    pub at: Option<NaiveDateTime>,
    pub missing: BTreeSet<PromptId>,
    pub lines: Vec<Line>,
}

pub(crate) enum OnDuty {
    People(String),
    Silent,
    Unreadable,
}

impl Script {
    pub(crate) fn read(written: &str) -> Result<Self, String> {
        let mut script = Self {
            plan: "polaris-br4".to_owned(),
            on_duty: OnDuty::Unreadable,
            store: Store::Works,
            trunk: Trunk::Works,
            direct: false,
            hidden: false,
            offices_open: false,
            at: None,
            missing: BTreeSet::new(),
            lines: Vec::new(),
        };
        for (index, line) in written.lines().enumerate() {
            if line
                .trim_start()
                .trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')
                .trim_start()
                .starts_with('|')
            {
                continue;
            }
            script.line(line).map_err(|problem| format!("line {}: {problem}", index + 1))?;
        }
        Ok(script)
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        let trimmed = line.trim();
        let timed = trimmed.split_once("  ").and_then(|(at, text)| {
            at.parse::<f64>().ok().map(|at| (Duration::from_secs_f64(at), text.trim()))
        });
        if let Some((at, text)) = timed {
            let event = event(text)?;
            self.lines.push(Line::Timed { at, event });
            return Ok(());
        }
        if !trimmed.is_empty() && !trimmed.starts_with('#') {
            self.header(trimmed)?;
        }
        self.lines.push(Line::Copied(line.to_owned()));
        Ok(())
    }

    fn header(&mut self, line: &str) -> Result<(), String> {
        let (key, value) = line.split_once(':').ok_or_else(|| format!("what is «{line}»?"))?;
        let value = value.trim();
        match (key, value) {
            ("plan", _) => self.plan = value.to_owned(),
            ("on duty", _) => self.on_duty = OnDuty::People(value.to_owned()),
            ("offices", "open") => self.offices_open = true,
            ("roster", "silent") => self.on_duty = OnDuty::Silent,
            ("roster", "unreadable") => self.on_duty = OnDuty::Unreadable,
            ("store", "fails") => self.store = Store::Fails,
            ("store", "silent") => self.store = Store::Silent,
            ("trunk", "gone") => self.trunk = Trunk::Gone,
            ("line", "direct") => self.direct = true,
            ("caller", "hidden") => self.hidden = true,
            ("missing", _) => drop(self.missing.insert(PromptId::new(value))),
            ("at", _) => {
                let at = NaiveDateTime::parse_from_str(value, "%Y-%m-%d %H:%M");
                self.at = Some(at.map_err(|error| format!("«{value}»: {error}"))?);
            }
            _ => return Err(format!("unknown header «{line}»")),
        }
        Ok(())
    }
}

fn event(text: &str) -> Result<Event, String> {
    if let Some(people) = text.strip_prefix("on duty:") {
        return Ok(Event::OnDuty(people.trim().to_owned()));
    }
    if let Some(prompt) = text.strip_prefix("missing:") {
        return Ok(Event::PromptMissing(PromptId::new(prompt.trim())));
    }
    let (who, what) = text.split_once(' ').ok_or_else(|| format!("who does what: «{text}»"))?;
    match (who, what) {
        ("caller", "calls") => Ok(Event::CallerCalls),
        ("caller", "hangs up") => Ok(Event::CallerLeaves(Gone::HungUp)),
        ("caller", "is lost") => Ok(Event::CallerLeaves(Gone::Lost)),
        ("caller", "sends no sound") => Ok(Event::CallerSendsNoSound),
        ("caller", "holds") => Ok(Event::CallerHolds),
        ("recording", "fails") => Ok(Event::RecordingFails),
        ("roster", "is silent") => Ok(Event::RosterSilent),
        ("roster", "is unreadable") => Ok(Event::RosterUnreadable),
        ("store", "fails") => Ok(Event::StoreFails),
        ("store", "opens the case") => Ok(Event::StoreOpens),
        ("caller", _) => {
            let keys = what.strip_prefix("presses ").ok_or_else(|| format!("«{text}»"))?;
            let digits = keys.chars().map(Digit::try_from).collect::<Result<_, _>>();
            Ok(Event::CallerPresses(digits.map_err(|error| error.to_string())?))
        }
        _ => responder(text),
    }
}

/// `il coordinatore presses 1`: a name of one word or more, then what they do.
fn responder(text: &str) -> Result<Event, String> {
    text.match_indices(' ')
        .find_map(|(at, _)| {
            let act = act(text.get(at + 1..)?).ok()?;
            Some(Event::Responder { name: text.get(..at)?.to_owned(), act })
        })
        .ok_or_else(|| format!("who does what: «{text}»"))
}

fn act(what: &str) -> Result<Act, String> {
    Ok(match what {
        "answers" => Act::Answers,
        "cannot be reached" => Act::Fails(RingFailure::Unreachable),
        "does not answer" => Act::Fails(RingFailure::NoAnswer),
        "declines" => Act::Fails(RingFailure::Declined),
        "hangs up" => Act::Gone(Gone::HungUp),
        "holds" => Act::Holds,
        "is busy" => Act::Fails(RingFailure::Busy),
        "is in another call" => Act::Fails(RingFailure::InUse),
        "is lost" => Act::Gone(Gone::Lost),
        "resumes" => Act::Resumes,
        "sends no sound" => Act::SendsNoSound,
        _ => {
            let key = what.strip_prefix("presses ").and_then(|keys| keys.chars().next());
            let digit = key.and_then(|key| Digit::try_from(key).ok());
            Act::Presses(digit.ok_or_else(|| format!("what is «{what}»?"))?)
        }
    })
}
