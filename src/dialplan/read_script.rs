//! The verbs of a script.

use std::ops::RangeInclusive;
use std::time::Duration;

use kdl::{KdlEntry, KdlNode};
use miette::SourceSpan;

use crate::words::{Category, Language, PromptId, RingOrder};

use super::plan::{RingNumber, RingOnCall, TakenBy, Verb};
use super::problem::Findings;
use super::read_menu::menu;
use super::read_node::Line;
use super::read_value::{digit, duration, number, phone, suggest_word, text};

/// Every verb there is.
const VERBS: [&str; 7] =
    ["play", "menu", "ring", "ask-call-back", "voicemail", "go-on-call", "hang-up"];

/// One phone rings as long as this.
const RINGING: RangeInclusive<Duration> = seconds(5, 120);
/// A phone that answered has this long to press 1.
const ACCEPTING: RangeInclusive<Duration> = seconds(5, 30);
/// Without a word about it.
const ACCEPT: Duration = Duration::from_secs(10);
/// A recorded message is as long as this.
const MESSAGE: RangeInclusive<Duration> = seconds(10, 120);

pub(super) const fn seconds(least: u64, most: u64) -> RangeInclusive<Duration> {
    Duration::from_secs(least)..=Duration::from_secs(most)
}

/// A script, each verb with its place in the file.
pub(super) type Script = Vec<(Verb, SourceSpan)>;

/// What the scripts need from outside: recordings, languages, words for the groups.
#[derive(Default)]
pub(super) struct Needs {
    /// Recordings callers hear, in every language offered.
    pub(super) heard: Vec<(PromptId, SourceSpan)>,
    /// Recordings responders hear, in the language of the service.
    pub(super) told: Vec<(PromptId, SourceSpan)>,
    /// Languages a key changes to.
    pub(super) languages: Vec<(Language, SourceSpan)>,
}

impl Needs {
    /// Notes the recordings a verb plays without naming them.
    fn implied(&mut self, ids: &[&str], at: SourceSpan) {
        self.heard.extend(ids.iter().map(|id| (PromptId::new(id), at)));
    }

    /// Notes that responders are told a group.
    pub(super) fn category(&mut self, category: Category, at: SourceSpan) {
        self.told.push((category.brief(), at));
    }

    /// Reads the name of a recording responders hear.
    pub(super) fn told(
        &mut self,
        entry: &KdlEntry,
        findings: &mut Findings<'_>,
    ) -> Option<PromptId> {
        let id = PromptId::new(text(entry, findings)?);
        self.told.push((id.clone(), entry.span()));
        Some(id)
    }
}

/// Reads the lines of a script; what cannot be read is reported and left out.
pub(super) fn script(lines: &[KdlNode], needs: &mut Needs, findings: &mut Findings<'_>) -> Script {
    lines
        .iter()
        .filter_map(|line| Some((verb(line, needs, findings)?, line.name().span())))
        .collect()
}

fn verb(node: &KdlNode, needs: &mut Needs, findings: &mut Findings<'_>) -> Option<Verb> {
    let at = node.name().span();
    match node.name().value() {
        "play" => play(node, needs, findings),
        "menu" => menu(node, needs, findings).map(Verb::Menu),
        "ring" => {
            needs.implied(&["hold.1", "hold.2"], at);
            ring(node, findings)
        }
        "ask-call-back" => {
            let spoken =
                ["noanswer", "noanswer.hidden", "callback.safe", "callback.yes", "callback.no"];
            needs.implied(&spoken, at);
            bare(node, Verb::AskCallBack, findings)
        }
        "voicemail" => {
            needs.implied(&["voicemail", "voicemail.ok", "beep"], at);
            voicemail(node, findings)
        }
        "go-on-call" => bare(node, Verb::GoOnCall, findings),
        "hang-up" => bare(node, Verb::HangUp, findings),
        "goto" => {
            findings.error(at, "non esistono salti: i comandi si eseguono nell'ordine in cui sono");
            findings.suggest("l'unico passaggio è «go-on-call», verso l'inizio di «answer»");
            None
        }
        unknown => {
            findings.error(at, format!("nessun comando si chiama «{unknown}»"));
            suggest_word(findings, unknown, &VERBS);
            None
        }
    }
}

/// A verb that is only its word.
fn bare(node: &KdlNode, verb: Verb, findings: &mut Findings<'_>) -> Option<Verb> {
    let line = Line::open(node, &[], findings);
    line.at_most(0, findings);
    line.no_block(findings);
    Some(verb)
}

fn play(node: &KdlNode, needs: &mut Needs, findings: &mut Findings<'_>) -> Option<Verb> {
    let line = Line::open(node, &[], findings);
    line.no_block(findings);
    let prompts = prompts(line, needs, findings);
    if line.values().next().is_none() {
        findings.error(line.span(), "«play» non dice che cosa far sentire");
        findings.suggest("per esempio play \"welcome.polaris\"");
    }
    (!prompts.is_empty()).then_some(Verb::Play(prompts))
}

/// The recordings a line names.
pub(super) fn prompts(
    line: Line<'_>,
    needs: &mut Needs,
    findings: &mut Findings<'_>,
) -> Vec<PromptId> {
    line.values().filter_map(|entry| prompt(entry, needs, findings)).collect()
}

/// A recording callers hear.
pub(super) fn prompt(
    entry: &KdlEntry,
    needs: &mut Needs,
    findings: &mut Findings<'_>,
) -> Option<PromptId> {
    let id = PromptId::new(text(entry, findings)?);
    needs.heard.push((id.clone(), entry.span()));
    Some(id)
}

fn ring(node: &KdlNode, findings: &mut Findings<'_>) -> Option<Verb> {
    let first = node.entries().iter().find(|entry| entry.name().is_none());
    let verb = if first.is_some_and(|entry| entry.value().as_string() == Some("on-call")) {
        ring_on_call(node, findings)
    } else if node.entry("number").is_some() {
        ring_number(node, findings)
    } else {
        findings.error(node.name().span(), "«ring» non dice chi far squillare");
        findings.suggest("ring on-call … per i reperibili, oppure ring number=\"+39…\" …");
        None
    };
    if node.children().is_some() {
        findings.error(node.name().span(), "«ring» non apre un blocco");
        findings.suggest("togli le parentesi graffe");
    }
    verb
}

fn ring_on_call(node: &KdlNode, findings: &mut Findings<'_>) -> Option<Verb> {
    let line = Line::open(node, &["each", "rounds", "accept", "order"], findings);
    line.at_most(1, findings);
    let each = line.required("each", "\"25s\"", findings);
    let rounds = line.required("rounds", "2", findings);
    let each = each.and_then(|entry| duration(entry, RINGING, findings));
    let rounds = rounds.and_then(|entry| number(entry, 1..=10, findings));
    let accept = accepting(line, findings);
    let order = match line.option("order") {
        None => Some(RingOrder::OneByOne),
        Some(entry) => match text(entry, findings)? {
            "one-by-one" => Some(RingOrder::OneByOne),
            "together" => Some(RingOrder::Together),
            unknown => {
                findings.error(entry.span(), format!("«{unknown}» non è un modo di squillare"));
                suggest_word(findings, unknown, &["one-by-one", "together"]);
                None
            }
        },
    };
    Some(Verb::RingOnCall(RingOnCall {
        each: each?,
        rounds: rounds?,
        accept: accept?,
        order: order?,
    }))
}

fn accepting(line: Line<'_>, findings: &mut Findings<'_>) -> Option<Duration> {
    line.option("accept").map_or(Some(ACCEPT), |entry| duration(entry, ACCEPTING, findings))
}

fn ring_number(node: &KdlNode, findings: &mut Findings<'_>) -> Option<Verb> {
    let options = ["number", "name", "for", "accept", "taken-by", "urgent"];
    let line = Line::open(node, &options, findings);
    line.at_most(0, findings);
    let number = line.option("number").and_then(|entry| phone(entry, findings));
    let name = line.required("name", "\"coordinatore\"", findings);
    let name = name.and_then(|entry| text(entry, findings));
    let ring_for = line.required("for", "\"40s\"", findings);
    let ring_for = ring_for.and_then(|entry| duration(entry, RINGING, findings));
    let taken_by = taken_by(line, findings);
    let urgent = line.option("urgent").map(|entry| digit(entry, findings));
    Some(Verb::RingNumber(RingNumber {
        number: number?,
        name: name?.to_owned(),
        ring_for: ring_for?,
        taken_by: taken_by?,
        urgent: match urgent {
            None => None,
            Some(key) => Some(key?),
        },
    }))
}

fn taken_by(line: Line<'_>, findings: &mut Findings<'_>) -> Option<TakenBy> {
    let accept = accepting(line, findings);
    let Some(entry) = line.option("taken-by") else {
        return Some(TakenBy::Key { accept: accept? });
    };
    match text(entry, findings)? {
        "key" => Some(TakenBy::Key { accept: accept? }),
        "answer" => {
            if let Some(accept) = line.option("accept") {
                findings.error(accept.span(), "con taken-by=\"answer\" nessuno deve premere 1");
                findings.suggest("togli «accept»");
            }
            Some(TakenBy::Answer)
        }
        unknown => {
            findings.error(entry.span(), format!("«{unknown}» non dice chi prende la chiamata"));
            suggest_word(findings, unknown, &["key", "answer"]);
            None
        }
    }
}

fn voicemail(node: &KdlNode, findings: &mut Findings<'_>) -> Option<Verb> {
    let line = Line::open(node, &["max"], findings);
    line.at_most(0, findings);
    line.no_block(findings);
    let max = duration(line.required("max", "\"2m\"", findings)?, MESSAGE, findings)?;
    Some(Verb::Voicemail { max })
}
