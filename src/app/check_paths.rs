//! `polaris check`: every path of every plan, walked.

use std::sync::Arc;
use std::time::Duration;

use crate::dialplan::Plan;
use crate::rehearsal::{self, Lengths, Longest, Loss, STATES_MAX, Section};
use crate::voice::Recordings;

/// What was found on the paths of one plan.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// Ways to lose a caller.
    pub(super) errors: Vec<String>,
    /// What could not be looked at.
    pub(super) warnings: Vec<String>,
    /// The longest waits.
    pub(super) waits: String,
}

/// How long the service's recordings last.
pub(super) fn lengths(recordings: &Recordings) -> Arc<Lengths> {
    let mut lengths = Lengths::default();
    for (language, id, samples) in recordings.iter() {
        lengths.add(language, id, samples.len());
    }
    Arc::new(lengths)
}

/// Walks every path of `plan`.
pub(super) fn walk(plan: &Arc<Plan>, lengths: &Arc<Lengths>) -> Walked {
    let paths = rehearsal::walk(plan, lengths);
    let service = &plan.service;
    let mut walked = Walked::default();
    for (loss, transcript) in &paths.losses {
        walked.errors.push(format!(
            "servizio «{service}»: {}. Si riproduce così (si può mettere in tests/calls):\n\n\
             {transcript}",
            sentence(*loss)
        ));
    }
    if paths.cut {
        walked.warnings.push(format!(
            "servizio «{service}»: i percorsi sono più di {STATES_MAX} situazioni; oltre non si è \
             guardato, e le attese possono essere più lunghe"
        ));
    }
    let waits = paths.longest.iter().map(|(section, longest)| wait(*section, longest));
    walked.waits = format!(
        "servizio «{service}»: {} situazioni percorse. Attese massime di chi non preme nulla:\n{}",
        paths.states,
        waits.collect::<Vec<_>>().join("\n")
    );
    walked
}

fn sentence(loss: Loss) -> &'static str {
    match loss {
        Loss::HungUp => "una chiamata finisce senza una persona e senza una promessa",
        Loss::KeptForEver => {
            "chi tace resta in linea per sempre se nessuno accetta: dopo «ring on-call» metti \
             ask-call-back o voicemail"
        }
        Loss::Silence => "chi chiama resta nel silenzio e niente succede più",
    }
}

fn wait(section: Section, longest: &Longest) -> String {
    let called = match section {
        Section::Answer => "servizio attivo",
        Section::Direct => "linea diretta",
        Section::InHours => "uffici aperti",
    };
    let seconds = |wait: Option<Duration>| {
        wait.map_or_else(|| "mai".to_owned(), |wait| format!("{:.1} s", wait.as_secs_f64()))
    };
    format!(
        "  {called}: il primo telefono squilla entro {}; se nessuno accetta, messaggio o risposta \
         sulla richiamata entro {}",
        seconds(longest.to_phone),
        seconds(longest.to_promise)
    )
}
