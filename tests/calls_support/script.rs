//! Reads a transcript: a header, then lines that begin with a time.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::NaiveDateTime;
use polaris::call::{Gone, Input, RingFailure};
use polaris::words::{Digit, LegId, PromptId};

pub(super) struct Script {
    pub plan: String,
    pub on_duty: Option<String>,
    pub store: Store,
    pub direct: bool,
    pub hidden: bool,
    pub at: Option<NaiveDateTime>,
    pub missing: BTreeSet<PromptId>,
    pub lines: Vec<Line>,
}

#[derive(Clone, Copy)]
pub(super) enum Store {
    Works,
    Fails,
    Silent,
}

pub(super) enum Line {
    /// Header, comment or blank: copied.
    Kept(String),
    Event {
        at: Duration,
        event: Event,
        text: String,
    },
}

pub(super) enum Event {
    CallerCalls,
    CallerPresses(Vec<Digit>),
    Caller(Input),
    OnDuty(String),
    RosterUnreadable,
    Responder { name: String, what: Act },
}

#[derive(Clone, Copy)]
pub(super) enum Act {
    Answers,
    Fails(RingFailure),
    Gone(Gone),
    Holds,
    Presses(Digit),
    Resumes,
    SendsNoSound,
}

impl Act {
    pub(super) fn is_answer(self) -> bool {
        matches!(self, Self::Answers)
    }

    pub(super) fn input(self, leg: LegId) -> Input {
        match self {
            Self::Answers => Input::LegAnswered { leg },
            Self::Fails(why) => Input::LegFailed { leg, why },
            Self::Gone(how) => Input::LegGone { leg, how },
            Self::Holds => Input::Held { leg },
            Self::Presses(digit) => Input::DigitPressed { leg, digit },
            Self::Resumes => Input::Resumed { leg },
            Self::SendsNoSound => Input::MediaLost { leg },
        }
    }
}

impl Script {
    pub(super) fn read(written: &str) -> Result<Self, String> {
        let mut script = Self {
            plan: "polaris-br4".to_owned(),
            on_duty: None,
            store: Store::Works,
            direct: false,
            hidden: false,
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
            self.lines.push(Line::Event { at, event, text: text.to_owned() });
            return Ok(());
        }
        if !trimmed.is_empty() && !trimmed.starts_with('#') {
            self.header(trimmed)?;
        }
        self.lines.push(Line::Kept(line.to_owned()));
        Ok(())
    }

    fn header(&mut self, line: &str) -> Result<(), String> {
        let (key, value) = line.split_once(':').ok_or_else(|| format!("what is «{line}»?"))?;
        let value = value.trim();
        match (key, value) {
            ("plan", _) => self.plan = value.to_owned(),
            ("on duty", _) => self.on_duty = Some(value.to_owned()),
            ("roster", "unreadable") => self.on_duty = None,
            ("store", "fails") => self.store = Store::Fails,
            ("store", "silent") => self.store = Store::Silent,
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
    let (who, what) = text.split_once(' ').ok_or_else(|| format!("who does what: «{text}»"))?;
    match (who, what) {
        ("caller", "calls") => Ok(Event::CallerCalls),
        ("caller", "hangs up") => Ok(Event::Caller(Input::CallerGone(Gone::HungUp))),
        ("caller", "is lost") => Ok(Event::Caller(Input::CallerGone(Gone::Lost))),
        ("caller", "sends no sound") => Ok(Event::Caller(Input::MediaLost { leg: LegId::CALLER })),
        ("caller", "holds") => Ok(Event::Caller(Input::Held { leg: LegId::CALLER })),
        ("recording", "fails") => Ok(Event::Caller(Input::VoicemailFailed)),
        ("roster", "is unreadable") => Ok(Event::RosterUnreadable),
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
            let what = act(text.get(at + 1..)?).ok()?;
            Some(Event::Responder { name: text.get(..at)?.to_owned(), what })
        })
        .ok_or_else(|| format!("who does what: «{text}»"))
}

fn act(what: &str) -> Result<Act, String> {
    Ok(match what {
        "answers" => Act::Answers,
        "cannot be reached" => Act::Fails(RingFailure::Unreachable),
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
