//! The head of a plan: who the service is, its numbers, its équipe.

use chrono_tz::Tz;
use kdl::{KdlEntry, KdlNode};

use crate::words::{Language, PhoneNumber, PromptId, ServiceId};

use super::problem::Findings;
use super::read_menu::language_code;
use super::read_node::Line;
use super::read_script::Needs;
use super::read_value::{phone, suggest_word, text};

/// What the head of a plan says; the rest of the program sees it in `Plan`.
pub(super) struct Service {
    pub(super) id: ServiceId,
    pub(super) title: String,
    pub(super) language: Language,
    pub(super) timezone: Tz,
    pub(super) numbers: Vec<PhoneNumber>,
    pub(super) direct_numbers: Vec<PhoneNumber>,
    pub(super) caller_id: PhoneNumber,
    pub(super) equipe: String,
    pub(super) offer: PromptId,
    pub(super) escalation_offer: PromptId,
    pub(super) privacy_notice: PromptId,
}

/// What may be said about a service.
const LINES: [&str; 9] = [
    "language",
    "timezone",
    "numbers",
    "direct-numbers",
    "caller-id",
    "equipe",
    "offer",
    "escalation-offer",
    "privacy-notice",
];

/// What may be left out.
const OPTIONAL: [&str; 2] = ["caller-id", "direct-numbers"];

pub(super) fn service(
    node: &KdlNode,
    needs: &mut Needs,
    findings: &mut Findings<'_>,
) -> Option<Service> {
    let head = Line::open(node, &[], findings);
    head.at_most(2, findings);
    let id = head.values().next().and_then(|entry| service_id(entry, findings));
    let title = head.values().nth(1).and_then(|entry| text(entry, findings));
    if head.values().count() < 2 {
        findings.error(head.span(), "al servizio mancano il nome breve o quello per esteso");
        findings.suggest("per esempio service \"polaris-br4\" \"POLARIS, Ambito BR4\"");
    }
    let lines = Lines::of(head, findings);
    let language = lines.value("language", findings).and_then(|e| language_code(e, findings));
    let timezone = lines.value("timezone", findings).and_then(|e| zone(e, findings));
    let numbers = lines.numbers("numbers", findings);
    let direct_numbers = lines.numbers("direct-numbers", findings);
    let caller_id = match lines.value("caller-id", findings) {
        Some(entry) => phone(entry, findings),
        None => numbers.first().cloned(),
    };
    let equipe = lines.value("equipe", findings).and_then(|e| text(e, findings));
    let [offer, escalation_offer, privacy_notice] = ["offer", "escalation-offer", "privacy-notice"]
        .map(|name| {
            let entry = lines.value(name, findings)?;
            let id = PromptId::new(text(entry, findings)?);
            let heard = if name == "privacy-notice" { &mut needs.heard } else { &mut needs.told };
            heard.push((id.clone(), entry.span()));
            Some(id)
        });
    Some(Service {
        id: id?,
        title: title?.to_owned(),
        language: language?,
        timezone: timezone?,
        numbers: (!numbers.is_empty()).then_some(numbers)?,
        direct_numbers,
        caller_id: caller_id?,
        equipe: equipe?.to_owned(),
        offer: offer?,
        escalation_offer: escalation_offer?,
        privacy_notice: privacy_notice?,
    })
}

fn service_id(entry: &KdlEntry, findings: &mut Findings<'_>) -> Option<ServiceId> {
    let name = text(entry, findings)?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || !name.chars().all(plain) {
        findings.error(entry.span(), format!("«{name}» non va bene come nome breve"));
        findings.suggest("solo lettere minuscole, cifre e trattini: \"polaris-br4\"");
        return None;
    }
    Some(ServiceId::new(name))
}

fn zone(entry: &KdlEntry, findings: &mut Findings<'_>) -> Option<Tz> {
    let name = text(entry, findings)?;
    let zone = name.parse().ok();
    if zone.is_none() {
        findings.error(entry.span(), format!("«{name}» non è un fuso orario"));
        let names: Vec<&str> = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
        let near = super::read_value::nearest(name, names).unwrap_or("Europe/Rome");
        findings.suggest(format!("forse intendevi «{near}»?"));
    }
    zone
}

/// The lines of the head, each word once.
struct Lines<'k>(Vec<Line<'k>>);

impl<'k> Lines<'k> {
    fn of(head: Line<'k>, findings: &mut Findings<'_>) -> Self {
        let mut lines: Vec<Line<'k>> = Vec::new();
        for node in head.block() {
            let word = node.name().value();
            if !LINES.contains(&word) {
                let what = format!("del servizio non si dice «{word}»");
                findings.error(node.name().span(), what);
                suggest_word(findings, word, &LINES);
                continue;
            }
            let line = Line::open(node, &[], findings);
            line.no_block(findings);
            if lines.iter().any(|other| other.word() == word) {
                findings.error(line.span(), format!("«{word}» è scritto due volte"));
                findings.suggest("vale una volta sola: togline una");
                continue;
            }
            lines.push(line);
        }
        for word in LINES.iter().filter(|word| !OPTIONAL.contains(word)) {
            if !lines.iter().any(|line| line.word() == *word) {
                let what = format!("al servizio manca «{word}»");
                findings.missing(head.span(), what, format!("aggiungi una riga: {word} \"…\""));
            }
        }
        Self(lines)
    }

    fn line(&self, word: &str) -> Option<Line<'k>> {
        self.0.iter().find(|line| line.word() == word).copied()
    }

    fn value(&self, word: &str, findings: &mut Findings<'_>) -> Option<&'k KdlEntry> {
        self.line(word)?.only_value("\"…\"", findings)
    }

    fn numbers(&self, word: &str, findings: &mut Findings<'_>) -> Vec<PhoneNumber> {
        let Some(line) = self.line(word) else { return Vec::new() };
        if line.values().next().is_none() {
            findings.error(line.span(), format!("«{word}» non dice nessun numero"));
            findings.suggest(format!("per esempio {word} \"+390832123456\""));
        }
        line.values().filter_map(|entry| phone(entry, findings)).collect()
    }
}
