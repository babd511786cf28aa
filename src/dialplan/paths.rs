//! The law of the scripts: whoever calls reaches a person, or leaves a message or an
//! answer to the call-back question, on every path.

use miette::SourceSpan;

use super::plan::{Choice, Verb};
use super::problem::Findings;
use super::read_script::Script;

/// The three scripts of a plan, and where each begins.
pub(super) struct Scripts {
    pub(super) answer: (Script, SourceSpan),
    pub(super) direct: (Script, SourceSpan),
    pub(super) in_hours: (Script, SourceSpan),
}

/// Reports every path that loses its caller.
pub(super) fn walk(scripts: &Scripts, findings: &mut Findings<'_>) {
    for (name, (script, at)) in
        [("answer", &scripts.answer), ("direct", &scripts.direct), ("in-hours", &scripts.in_hours)]
    {
        after_the_end(script, findings);
        to_a_person(name, script, *at, findings);
    }
    circles(scripts, findings);
}

/// Verbs nobody ever hears.
fn after_the_end(script: &Script, findings: &mut Findings<'_>) {
    let ends = |verb: &Verb| matches!(verb, Verb::HangUp | Verb::GoOnCall);
    let Some(end) = script.iter().position(|(verb, _)| ends(verb)) else { return };
    if let Some((_, at)) = script.get(end + 1) {
        findings.error(*at, "qui la chiamata non arriva mai: il percorso finisce più sopra");
        findings.suggest("togli questa riga, o spostala prima di «hang-up» o «go-on-call»");
    }
}

/// What one script does before it ends.
fn to_a_person(name: &str, script: &Script, at: SourceSpan, findings: &mut Findings<'_>) {
    let mut rung = false;
    let mut noted = false;
    let mut last = at;
    for (verb, place) in script {
        last = *place;
        match verb {
            Verb::RingOnCall(_) => (rung, noted) = (true, false),
            Verb::AskCallBack if !rung => {
                findings.error(*place, "qui si chiude la chiamata prima di aver cercato qualcuno");
                findings.suggest("metti «ask-call-back» dopo «ring on-call»");
            }
            Verb::AskCallBack | Verb::Voicemail { .. } => noted = true,
            // From here on it is the path of `answer`, walked by itself.
            Verb::GoOnCall => return,
            Verb::HangUp => break,
            Verb::Play(_) | Verb::Menu(_) | Verb::RingNumber(_) => {}
        }
    }
    if !rung {
        findings.error(last, format!("in «{name}» la chiamata finisce senza cercare i reperibili"));
        findings.suggest("aggiungi: ring on-call each=\"25s\" rounds=2");
    } else if !noted {
        let what = format!("in «{name}» chi non trova nessuno viene lasciato senza risposta");
        findings.error(last, what);
        findings.suggest("dopo «ring on-call» aggiungi ask-call-back o voicemail max=\"2m\"");
    }
}

/// Ways from script to script that never end.
fn circles(scripts: &Scripts, findings: &mut Findings<'_>) {
    let to_answer = |script: &Script| place_of(script, |verb| matches!(verb, Verb::GoOnCall));
    let to_direct = |script: &Script| place_of(script, leads_to_direct);
    let (answer, direct) = (&scripts.answer.0, &scripts.direct.0);
    let back = to_direct(answer).and_then(|_| to_answer(direct));
    for at in [to_answer(answer), to_direct(direct), back].into_iter().flatten() {
        findings.error(at, "da qui la chiamata gira in tondo senza fine");
        findings.suggest("«go-on-call» serve in «in-hours», il tasto «direct» in «answer»");
    }
}

fn place_of(script: &Script, wanted: impl Fn(&Verb) -> bool) -> Option<SourceSpan> {
    script.iter().find(|(verb, _)| wanted(verb)).map(|(_, at)| *at)
}

fn leads_to_direct(verb: &Verb) -> bool {
    let Verb::Menu(menu) = verb else { return false };
    menu.choices.values().any(|choice| *choice == Choice::Direct)
}
