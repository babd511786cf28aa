//! The verdicts of every transcript in `tests/calls`, which are what the call machine
//! writes, and of timelines no transcript has.

use super::*;
use crate::words::PhoneNumber;

/// The facts a transcript notes, told back from their Italian text; those that no verdict
/// looks at are left out.
fn timeline(transcript: &str) -> Vec<(DateTime<Utc>, Fact)> {
    let mut at = DateTime::UNIX_EPOCH;
    let mut rung = 0;
    let mut rings = Vec::<(AttemptId, String)>::new();
    let mut facts = vec![(at, Fact::Arrived { direct: false, active: true })];
    let lines = transcript.lines().skip_while(|line| !line.contains("caller calls"));
    for line in lines {
        let time = line.split_whitespace().next().and_then(|word| word.parse::<f64>().ok());
        if let Some(seconds) = time {
            at = DateTime::UNIX_EPOCH + TimeDelta::milliseconds((seconds * 1000.0) as i64);
        }
        let Some(text) = line.split("notes «").nth(1).and_then(|rest| rest.strip_suffix("»"))
        else {
            continue;
        };
        facts.extend(fact(text, &mut rung, &mut rings).map(|fact| (at, fact)));
    }
    facts
}

/// Rings end in the order they began, which is not always so, and of no matter here.
fn fact(text: &str, rung: &mut u32, rings: &mut Vec<(AttemptId, String)>) -> Option<Fact> {
    let outcome = AttemptOutcome::ALL.into_iter().find(|outcome| {
        Fact::AttemptEnded { attempt: AttemptId(0), outcome: *outcome }.text() == text
    });
    if let Some(outcome) = outcome {
        let attempt = if rings.is_empty() { AttemptId(1) } else { rings.remove(0).0 };
        return Some(Fact::AttemptEnded { attempt, outcome });
    }
    if let Some(rest) = text.strip_prefix("Squilla ") {
        let responder = rest.split([',', '(']).next().unwrap_or_default().trim().to_owned();
        *rung += 1;
        let attempt = AttemptId(*rung);
        rings.push((attempt, responder.clone()));
        let (phone, why) = (PhoneNumber::from_network("+393330000001"), String::new());
        return Some(Fact::Rang { attempt, responder, phone, step: 1, round: 1, why });
    }
    if let Some(responder) = text.strip_suffix(" prende la chiamata.") {
        let of = rings.iter().find(|(_, name)| name == responder);
        let attempt = of.map_or(AttemptId(1), |(attempt, _)| *attempt);
        return Some(Fact::Accepted { attempt, responder: responder.to_owned() });
    }
    let seconds = text.strip_prefix("Messaggio lasciato, ");
    if let Some(seconds) = seconds.and_then(|rest| rest.strip_suffix(" secondi.")) {
        let seconds = seconds.parse().unwrap();
        return Some(Fact::VoicemailLeft { file: String::new(), seconds });
    }
    plain().into_iter().find(|fact| fact.text() == text)
}

/// The facts that say nothing but their own text.
fn plain() -> Vec<Fact> {
    let attempt = AttemptId(1);
    let party = Party::Caller;
    let said = |safe, by_key| Fact::CallBackAnswered { safe, by_key };
    let mut facts = vec![
        Fact::CallAnswered,
        Fact::RosterEmpty,
        Fact::RosterUnavailable,
        Fact::NobodyAccepted,
        Fact::PhoneAnswered { attempt },
        Fact::WinnerVanished { attempt },
        Fact::HungUp { party, during: None },
        Fact::LineLost { party, during: None },
        said(true, true),
        said(false, true),
        said(false, false),
    ];
    for prompt in ["welcome.polaris", "menu.polaris", "hold.1", "callback.safe", "voicemail"] {
        facts.push(Fact::HungUp { party, during: Some(PromptId::new(prompt)) });
    }
    facts.extend(Outcome::ALL.map(|outcome| Fact::Ended { outcome }));
    facts
}

fn verdict(facts: &[(DateTime<Utc>, Fact)]) -> Verdict {
    Verdict::of(facts.iter().map(|(at, fact)| (*at, fact)))
}

#[test]
fn every_transcript_has_the_verdict_a_coordinator_would_give_it() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/calls");
    let mut told: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "call"))
        .map(|path| {
            let facts = timeline(&std::fs::read_to_string(&path).unwrap());
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            format!("{name}: {}\n", verdict(&facts).text())
        })
        .collect();
    told.sort();
    insta::assert_snapshot!(told.concat());
}

#[test]
fn who_hangs_up_early_is_told_with_what_was_being_said() {
    let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
    let told = |during: Option<&str>, before: &[Fact]| {
        let mut facts = vec![
            (at(0), Fact::Arrived { direct: false, active: true }),
            (at(0), Fact::CallAnswered),
        ];
        facts.extend(before.iter().map(|fact| (at(8), fact.clone())));
        let during = during.map(PromptId::new);
        facts.push((at(12), Fact::HungUp { party: Party::Caller, during }));
        facts.push((at(12), Fact::Ended { outcome: Outcome::Abandoned }));
        verdict(&facts).text()
    };
    for (during, before, text) in [
        (Some("welcome.polaris"), &[][..], "durante il benvenuto, dopo 12 s."),
        (Some("menu.lecce"), &[], "durante il menu, dopo 12 s."),
        (Some("hold.1"), &[], "durante l'attesa, dopo 12 s."),
        (
            Some("callback.safe"),
            &[Fact::NobodyAccepted],
            "durante la domanda se richiamare, dopo 12 s: nessuno ha accettato.",
        ),
        // As calls were written down before.
        (None, &[], "durante il benvenuto o il menu, dopo 12 s."),
        (None, &[Fact::NobodyAccepted], "dopo 12 s: nessuno ha accettato."),
    ] {
        assert_eq!(told(during, before), format!("Abbandonata {text}"));
    }
}

#[test]
fn a_call_is_in_progress_until_it_ends() {
    let at = DateTime::UNIX_EPOCH;
    assert_eq!(verdict(&[]), Verdict::InProgress);
    let arrived = (at, Fact::Arrived { direct: false, active: true });
    assert_eq!(verdict(&[arrived.clone(), (at, Fact::CallAnswered)]), Verdict::InProgress);
    let cut = (at, Fact::Ended { outcome: Outcome::Interrupted });
    let interrupted = verdict(&[arrived, (at, Fact::CallAnswered), cut]);
    assert_eq!(interrupted.text(), "Interrotta da un guasto: da richiamare.");
}

#[test]
fn a_call_cut_while_two_talked_names_who_talked() {
    let at = DateTime::UNIX_EPOCH;
    let accepted = Fact::Accepted { attempt: AttemptId(1), responder: "Ada".into() };
    let facts = [(at, accepted), (at, Fact::Ended { outcome: Outcome::Interrupted })];
    assert!(verdict(&facts).text().contains("con Ada"));
}
