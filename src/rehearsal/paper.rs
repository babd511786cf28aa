//! A rehearsal as a transcript, of the form of `tests/calls/*.call`.

use std::sync::Arc;

use super::{Step, What};
use crate::call::{Output, Repeat};
use crate::words::{Language, PromptId};

/// A transcript being written: who does what, and behind `|` what the program does.
#[derive(Debug, Clone, Default)]
pub struct Paper {
    lines: Vec<String>,
    /// Whether the next `|` line must carry the time itself.
    fresh: bool,
}

impl Paper {
    /// Adds a line as it is: a header, a remark, nothing.
    pub fn copy(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }

    /// Adds what happened and was done.
    pub fn write(&mut self, steps: &[Step]) {
        for step in steps {
            let seconds = step.at.since_start().as_secs_f64();
            match &step.what {
                What::Happened(event) => {
                    self.fresh = false;
                    self.lines.push(format!("{seconds:>6.1}  {event}"));
                }
                What::Woke => self.fresh = true,
                What::Ordered { output, whom } => {
                    let margin = if std::mem::take(&mut self.fresh) {
                        format!("{seconds:>6.1}  ")
                    } else {
                        " ".repeat(8)
                    };
                    let text = describe(output, whom.as_ref());
                    self.lines.push(format!("{margin}| {text}"));
                }
            }
        }
    }

    /// The transcript.
    pub fn into_text(self) -> String {
        let mut text = self.lines.join("\n");
        text.push('\n');
        text
    }
}

/// An order of the call as a line of a transcript.
fn describe(output: &Output, whom: Option<&Arc<str>>) -> String {
    let to = whom.map(|name| format!(" to {name}")).unwrap_or_default();
    let name = whom.map_or("the caller", |name| name);
    match output {
        Output::Answer => "answers".to_owned(),
        Output::Bridge { .. } => format!("connects the caller and {name}"),
        Output::Cancel { .. } => format!("stops ringing {name}"),
        Output::End => "is over".to_owned(),
        Output::FindOnCall { round, .. } => format!("asks who is on duty, round {round}"),
        Output::HangUp { .. } => format!("hangs up on {name}"),
        Output::Note(fact) => format!("notes «{}»", fact.text()),
        Output::OpenCase { first } => format!("opens the case: «{}»", first.text()),
        Output::Play { prompts, language, repeat, .. } => {
            let forever = match repeat {
                Repeat::Once => "",
                Repeat::Forever => " over and over",
            };
            let english = match language {
                Language::It => "",
                Language::En => " in English",
            };
            format!("plays {}{to}{english}{forever}", list(prompts))
        }
        Output::Record { max } => format!("records, at most {} s", max.as_secs()),
        Output::Ring { .. } => format!("rings {name}"),
        Output::StopPlay { .. } => format!("stops playing{to}"),
        Output::StopRecord => "stops recording".to_owned(),
    }
}

/// A case number stands as «417», not as three recordings of digits.
fn list(prompts: &[PromptId]) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut digits = String::new();
    for prompt in prompts {
        if let Some(digit) = prompt.as_str().strip_prefix("digit.") {
            digits.push_str(digit);
            continue;
        }
        if !digits.is_empty() {
            words.push(format!("«{}»", std::mem::take(&mut digits)));
        }
        words.push(prompt.to_string());
    }
    if !digits.is_empty() {
        words.push(format!("«{digits}»"));
    }
    words.join(", ")
}
