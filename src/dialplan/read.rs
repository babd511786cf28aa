//! KDL to a plan, and every problem on the way.

use kdl::{KdlDocument, KdlNode};
use miette::SourceSpan;

use crate::words::{Language, PhoneNumber, PromptId};

use super::paths::{Scripts, walk};
use super::plan::{Plan, Verb};
use super::problem::{Findings, Problem};
use super::read_hours::{HoursRead, hours};
use super::read_node::Line;
use super::read_script::{Needs, Script, script};
use super::read_service::{Service, service};
use super::read_syntax::parse;
use super::read_value::suggest_word;
use super::recordings::Recordings;

/// The sections of a plan.
const SECTIONS: [&str; 5] = ["service", "hours", "answer", "direct", "in-hours"];

/// Reads a plan; `file_name` only names it in the problems.
///
/// Gives the plan when no problem is an error, and every problem in the order of the
/// file. Whatever `text` is, it does not panic.
pub fn read(file_name: &str, text: &str, recordings: &Recordings) -> (Option<Plan>, Vec<Problem>) {
    let mut findings = Findings::new(file_name, text);
    let document = parse(&mut findings);
    let plan = document
        .and_then(|document| plan(&document, recordings, &mut findings))
        .filter(|_| !findings.any_error());
    (plan, findings.finish())
}

fn plan(
    document: &KdlDocument,
    recordings: &Recordings,
    findings: &mut Findings<'_>,
) -> Option<Plan> {
    let mut needs = Needs::default();
    let sections = sections(document, findings);
    let [head, times, answer, direct, in_hours] = sections;
    let service = head.and_then(|node| service(node, &mut needs, findings));
    let hours = times.and_then(|node| hours(node, findings));
    let mut whole = !findings.is_torn();
    let [answer, direct, in_hours] = [answer, direct, in_hours].map(|node| {
        let section = Line::open(node?, &[], findings);
        section.at_most(0, findings);
        let verbs = script(section.block(), &mut needs, findings);
        whole &= verbs.len() == section.block().len();
        Some((verbs, section.span()))
    });
    let language = service.as_ref().map_or(Language::It, |service| service.language);
    heard(&needs, language, recordings, findings);
    let scripts = Scripts { answer: answer?, direct: direct?, in_hours: in_hours? };
    // A verb that could not be read is a hole in its path: one report is enough.
    if whole {
        walk(&scripts, findings);
        emergency_number_told(&scripts, language, recordings, findings);
    }
    assemble(service?, hours?, scripts, findings)
}

/// Finds the five sections, each once.
fn sections<'k>(
    document: &'k KdlDocument,
    findings: &mut Findings<'_>,
) -> [Option<&'k KdlNode>; 5] {
    for (index, node) in document.nodes().iter().enumerate() {
        let word = node.name().value();
        let earlier = document.nodes().iter().take(index);
        if !SECTIONS.contains(&word) {
            findings.error(node.name().span(), format!("nessuna sezione si chiama «{word}»"));
            suggest_word(findings, word, &SECTIONS);
        } else if earlier.into_iter().any(|other| other.name().value() == word) {
            findings.error(node.name().span(), format!("la sezione «{word}» c'è due volte"));
            findings.suggest("uniscile in una sola");
        }
    }
    SECTIONS.map(|word| {
        let section = document.get(word);
        if section.is_none() {
            let suggestion = match word {
                "in-hours" => "se non serve, almeno: in-hours { go-on-call; }",
                _ => "guarda uno dei percorsi forniti con il programma",
            };
            findings.missing(0..0, format!("manca la sezione «{word}»"), suggestion);
        }
        section
    })
}

/// Reports recordings that do not exist.
fn heard(needs: &Needs, language: Language, recordings: &Recordings, findings: &mut Findings<'_>) {
    let mut missing = |id: &PromptId, at: SourceSpan, language: Language| {
        if recordings.has(language, id) {
            return;
        }
        findings.error(at, format!("manca la registrazione «{id}» ({language})"));
        match recordings.nearest(language, id) {
            Some(near) => findings.suggest(format!("forse intendevi «{near}»?")),
            None => findings.suggest(format!("il file si chiamerebbe prompts/{language}/{id}.wav")),
        }
    };
    for (id, at) in needs.heard.iter().chain(&needs.told) {
        missing(id, *at, language);
    }
    let others = needs.languages.iter().filter(|(other, _)| *other != language);
    for (other, _) in others.clone().filter(|(other, _)| recordings.speaks(*other)) {
        for (id, at) in &needs.heard {
            missing(id, *at, *other);
        }
    }
    for (other, at) in others.filter(|(other, _)| !recordings.speaks(*other)) {
        findings.error(*at, format!("nella lingua «{other}» non c'è nessuna registrazione"));
        findings.suggest("togli questo tasto finché non ci sono");
    }
}

/// Warns of a citizens' script that never tells to dial 112, where the texts are known.
fn emergency_number_told(
    scripts: &Scripts,
    language: Language,
    recordings: &Recordings,
    findings: &mut Findings<'_>,
) {
    let (script, at) = &scripts.answer;
    let played = script.iter().filter_map(|(verb, _)| match verb {
        Verb::Play(prompts) => Some(prompts),
        Verb::Menu(menu) => Some(&menu.prompts),
        _ => None,
    });
    let texts: Vec<Option<&str>> =
        played.flatten().map(|id| recordings.text(language, id)).collect();
    let told = |text: &str| {
        let bare: String = text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
        ["unounodue", "oneonetwo", "112"].iter().any(|spoken| bare.contains(spoken))
    };
    if texts.iter().all(Option::is_some) && !texts.into_iter().flatten().any(told) {
        findings.warning(*at, "nessuna registrazione dice di chiamare il 112 in caso di pericolo");
        findings.suggest("il messaggio di benvenuto lo deve dire");
    }
}

fn assemble(
    service: Service,
    hours: HoursRead,
    scripts: Scripts,
    findings: &mut Findings<'_>,
) -> Option<Plan> {
    let Scripts { answer, direct, in_hours } = scripts;
    own_numbers(&service, [&answer.0, &direct.0, &in_hours.0], findings);
    let verbs = |script: Script| script.into_iter().map(|(verb, _)| verb).collect();
    Some(Plan {
        service: service.id,
        title: service.title,
        timezone: service.timezone,
        language: service.language,
        numbers: service.numbers,
        direct_numbers: service.direct_numbers,
        caller_id: service.caller_id,
        equipe: service.equipe,
        comuni: hours.comuni,
        hours: hours.hours,
        offer: service.offer,
        escalation_offer: service.escalation_offer,
        privacy_notice: service.privacy_notice,
        answer: verbs(answer.0),
        direct: verbs(direct.0),
        in_hours: verbs(in_hours.0),
    })
}

/// A service that rings itself rings for ever; a number with two meanings has none.
fn own_numbers(service: &Service, scripts: [&Script; 3], findings: &mut Findings<'_>) {
    let own: Vec<&PhoneNumber> = service.numbers.iter().chain(&service.direct_numbers).collect();
    for (verb, at) in scripts.into_iter().flatten() {
        if let Verb::RingNumber(ring) = verb
            && own.contains(&&ring.number)
        {
            findings.error(*at, "il servizio chiamerebbe sé stesso");
            findings.suggest("scrivi il numero di una persona, non quello del servizio");
        }
    }
    for (index, number) in own.iter().enumerate() {
        if own.iter().take(index).any(|earlier| earlier == number) {
            let at = findings.text().find(number.reveal()).unwrap_or_default();
            let at = at..at + number.reveal().len();
            findings.error(at, "lo stesso numero è scritto due volte");
            findings
                .suggest("un numero è dei cittadini o delle Forze dell'Ordine, non di tutti e due");
        }
    }
}
