//! The menu: what is asked, and what each key does.

use std::collections::BTreeMap;

use kdl::{KdlEntry, KdlNode};

use crate::words::{Category, Digit, Language};

use super::plan::{Choice, Menu};
use super::problem::Findings;
use super::read_node::Line;
use super::read_script::{Needs, prompt, prompts, seconds};
use super::read_value::{digit, duration, number, shown, suggest_word, text};

/// More groups than this nobody remembers.
const MOST_GROUPS: usize = 7;

/// The actions that are one word.
const ACTIONS: [&str; 3] = ["direct", "repeat", "privacy"];

pub(super) fn menu(node: &KdlNode, needs: &mut Needs, findings: &mut Findings<'_>) -> Option<Menu> {
    let line = Line::open(node, &["wait", "attempts", "no-input", "no-match"], findings);
    let asked = prompts(line, needs, findings);
    if line.values().next().is_none() {
        findings.error(line.span(), "«menu» non dice che cosa chiedere");
        findings.suggest("per esempio menu \"menu.polaris\" …");
    }
    let wait = line.required("wait", "\"5s\"", findings);
    let wait = wait.and_then(|entry| duration(entry, seconds(3, 30), findings));
    let attempts = line.required("attempts", "2", findings);
    let attempts = attempts.and_then(|entry| number(entry, 1..=5, findings));
    let no_input = line.required("no-input", "\"silent\"", findings);
    let no_input = no_input.and_then(|entry| prompt(entry, needs, findings));
    let no_match = line.required("no-match", "\"retry\"", findings);
    let no_match = no_match.and_then(|entry| prompt(entry, needs, findings));
    let (choices, otherwise) = choices(line, needs, findings);
    Some(Menu {
        prompts: (!asked.is_empty()).then_some(asked)?,
        wait: wait?,
        attempts: attempts?,
        no_input: no_input?,
        no_match: no_match?,
        choices,
        otherwise: otherwise?,
    })
}

fn choices(
    menu: Line<'_>,
    needs: &mut Needs,
    findings: &mut Findings<'_>,
) -> (BTreeMap<Digit, Choice>, Option<Category>) {
    let mut choices = BTreeMap::new();
    let mut otherwise = Vec::new();
    let mut pressed = Vec::new();
    for node in menu.block() {
        match node.name().value() {
            "press" => {
                let line = Line::open(node, &["category", "brief", "language"], findings);
                line.no_block(findings);
                let key = key(line, &mut pressed, findings);
                let choice = choice(line, needs, findings);
                choices.extend(key.zip(choice));
            }
            "otherwise" => otherwise.push(self::otherwise(node, needs, findings)),
            unknown => {
                let what = format!("in un menu non c'è «{unknown}»");
                findings.error(node.name().span(), what);
                suggest_word(findings, unknown, &["press", "otherwise"]);
            }
        }
    }
    if otherwise.is_empty() {
        findings.missing(
            menu.span(),
            "il menu non dice che cosa fare di chi non sceglie",
            "aggiungi in fondo: otherwise category=\"unspecified\"",
        );
    }
    let is_group = |choice: &&Choice| matches!(choice, Choice::Category { .. });
    let groups = choices.values().filter(is_group).count();
    if groups > MOST_GROUPS {
        findings.warning(menu.span(), format!("{groups} gruppi da ascoltare sono troppi"));
        findings.suggest(format!("chi chiama ne ricorda al più {MOST_GROUPS}: uniscine alcuni"));
    }
    (choices, otherwise.into_iter().next().flatten())
}

/// The key of a choice, unless another choice has it.
fn key(line: Line<'_>, pressed: &mut Vec<Digit>, findings: &mut Findings<'_>) -> Option<Digit> {
    let Some(entry) = line.values().next() else {
        findings.error(line.span(), "«press» non dice quale tasto");
        findings.suggest("per esempio press 1 \"Minori\" category=\"minors\"");
        return None;
    };
    let key = digit(entry, findings)?;
    if pressed.contains(&key) {
        findings.error(entry.span(), format!("il tasto {key} è già scelto più sopra"));
        findings.suggest("ogni tasto può fare una cosa sola: cambiane uno");
    }
    pressed.push(key);
    Some(key)
}

fn choice(line: Line<'_>, needs: &mut Needs, findings: &mut Findings<'_>) -> Option<Choice> {
    let mut after_key: Vec<&KdlEntry> = line.values().skip(1).collect();
    if let (None, Some(brief)) = (line.option("category"), line.option("brief")) {
        findings.error(brief.span(), "«brief» dice al reperibile il gruppo, e qui non ce n'è uno");
        findings.suggest("togli brief=…, o aggiungi category=…");
    }
    match (line.option("category"), line.option("language")) {
        (Some(_), Some(language)) => {
            findings.error(language.span(), "un tasto sceglie il gruppo o la lingua, non entrambi");
            findings.suggest("dividili su due tasti");
            None
        }
        (Some(entry), None) => {
            line.at_most(2, findings);
            let category = category(entry, needs, findings)?;
            let label = match after_key.first() {
                Some(label) => text(label, findings)?,
                None => category.italian(),
            };
            let brief = match line.option("brief") {
                Some(entry) => needs.told(entry, findings)?,
                None => category.brief(),
            };
            Some(Choice::Category { category, label: label.to_owned(), brief })
        }
        (None, Some(entry)) => {
            line.at_most(2, findings);
            language(entry, needs, findings).map(Choice::Language)
        }
        (None, None) => {
            line.at_most(3, findings);
            after_key.truncate(2);
            action(line, after_key.last().copied(), findings)
        }
    }
}

fn action(line: Line<'_>, last: Option<&KdlEntry>, findings: &mut Findings<'_>) -> Option<Choice> {
    match last.map(|entry| shown(entry.value())).as_deref() {
        Some("direct") => Some(Choice::Direct),
        Some("repeat") => Some(Choice::Repeat),
        Some("privacy") => Some(Choice::Privacy),
        // One lower-case word without quotes was meant as an action.
        Some(word) if !word.contains(' ') && word.starts_with(char::is_lowercase) => {
            let at = last.map_or_else(|| line.span(), KdlEntry::span);
            findings.error(at, format!("un tasto non sa fare «{word}»"));
            suggest_word(findings, word, &ACTIONS);
            None
        }
        _ => {
            findings.error(line.span(), "questo tasto non fa niente");
            findings.suggest("aggiungi category=…, language=…, direct, repeat o privacy");
            None
        }
    }
}

fn otherwise(node: &KdlNode, needs: &mut Needs, findings: &mut Findings<'_>) -> Option<Category> {
    let line = Line::open(node, &["category"], findings);
    line.at_most(0, findings);
    line.no_block(findings);
    category(line.required("category", "\"unspecified\"", findings)?, needs, findings)
}

fn category(entry: &KdlEntry, needs: &mut Needs, findings: &mut Findings<'_>) -> Option<Category> {
    let word = text(entry, findings)?;
    let category = word.parse().ok();
    match category {
        Some(category) => needs.category(category, entry.span()),
        None => {
            findings.error(entry.span(), format!("nessun gruppo si chiama «{word}»"));
            suggest_word(findings, word, &Category::ALL.map(Category::word));
        }
    }
    category
}

/// A language a key changes to.
fn language(entry: &KdlEntry, needs: &mut Needs, findings: &mut Findings<'_>) -> Option<Language> {
    let language = language_code(entry, findings)?;
    needs.languages.push((language, entry.span()));
    Some(language)
}

/// A language we know.
pub(super) fn language_code(entry: &KdlEntry, findings: &mut Findings<'_>) -> Option<Language> {
    let code = text(entry, findings)?;
    let language = code.parse().ok();
    if language.is_none() {
        findings.error(entry.span(), format!("non ci sono registrazioni nella lingua «{code}»"));
        findings
            .suggest(format!("si può scrivere: {}", Language::ALL.map(Language::code).join(", ")));
    }
    language
}
