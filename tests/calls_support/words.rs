//! An order of the call as a line of a transcript.

use polaris::call::{Output, Repeat};
use polaris::words::{Language, LegId, PromptId};

/// `None` for the orders that only ask the stage for an answer.
pub(super) fn describe(output: &Output, name: &impl Fn(LegId) -> Option<String>) -> Option<String> {
    let to = |leg: LegId| name(leg).map(|name| format!(" to {name}")).unwrap_or_default();
    let whom = |leg: LegId| name(leg).unwrap_or_else(|| "the caller".to_owned());
    Some(match output {
        Output::Answer => "answers".to_owned(),
        Output::Bridge { leg } => format!("connects the caller and {}", whom(*leg)),
        Output::Cancel { leg } => format!("stops ringing {}", whom(*leg)),
        Output::End => "is over".to_owned(),
        Output::FindOnCall { round, .. } => format!("asks who is on duty, round {round}"),
        Output::HangUp { leg } => format!("hangs up on {}", whom(*leg)),
        Output::Note(fact) => format!("notes «{}»", fact.text()),
        Output::OpenCase { first } => format!("opens the case: «{}»", first.text()),
        Output::Play { leg, prompts, language, repeat, .. } => {
            let forever = match repeat {
                Repeat::Once => "",
                Repeat::Forever => " over and over",
            };
            let english = match language {
                Language::It => "",
                Language::En => " in English",
            };
            format!("plays {}{}{english}{forever}", list(prompts), to(*leg))
        }
        Output::Record { max } => format!("records, at most {} s", max.as_secs()),
        Output::Ring { person, .. } => format!("rings {person}"),
        Output::StopPlay { leg } => format!("stops playing{}", to(*leg)),
        Output::StopRecord => "stops recording".to_owned(),
    })
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
