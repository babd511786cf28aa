//! A rehearsed call as a coordinator reads it in a terminal.

use crate::call::Output;
use crate::case::Fact;
use crate::rehearsal::{Step, What};
use crate::voice::Recordings;
use crate::words::{Language, LegId, PromptId};

/// Prints what the caller hears and does, who is rung and why, and the end.
pub(super) fn print(steps: &[Step], recordings: &Recordings) {
    for step in steps {
        let What::Ordered { output, .. } = &step.what else { continue };
        let seconds = step.at.since_start().as_secs_f64();
        for line in lines(output, recordings) {
            println!("{seconds:>6.1}  {line}");
        }
    }
}

fn lines(output: &Output, recordings: &Recordings) -> Vec<String> {
    match output {
        Output::Play { leg: LegId::CALLER, prompts, language, .. } => {
            prompts.iter().map(|id| heard(*language, id, recordings)).collect()
        }
        Output::Note(Fact::Rang { responder, phone, step, round, why, .. }) => {
            let place = match step {
                0 => String::new(),
                step => format!(", livello {step}, giro {round}"),
            };
            vec![format!("squilla {responder} ({}){place}: {why}", phone.reveal())]
        }
        Output::Note(fact) => vec![fact.text()],
        _ => Vec::new(),
    }
}

fn heard(language: Language, id: &PromptId, recordings: &Recordings) -> String {
    let text = recordings.text(language, id).or_else(|| recordings.text(Language::It, id));
    match text {
        Some(text) => format!("si sente «{text}»"),
        None => format!("si sente {id}"),
    }
}
