//! The hours of a service and the Comuni it serves.

use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::{NaiveTime, TimeDelta};
use kdl::{KdlEntry, KdlNode};

use crate::calendar::{GapPolicy, Holiday, Holidays, Hours, Office, OfficeRule, OfficeTable};

use super::plan::Comune;
use super::problem::Findings;
use super::read_node::Line;
use super::read_office::{closure, office_table, yearly_day};
use super::read_script::seconds;
use super::read_value::{duration, number, shown, suggest_word, text, time};

/// What may be said about the hours.
const LINES: [&str; 8] =
    ["ends", "starts", "gaps", "holiday", "no-holiday", "offices", "closed", "comune"];
/// What may be said about a Comune.
const COMUNE_LINES: [&str; 3] = ["patron", "offices", "closed"];
/// How long before the last closing a service may begin.
const LEAD: RangeInclusive<Duration> = seconds(0, 4 * 3600);

/// What the hours section says.
pub(super) struct HoursRead {
    pub(super) hours: Hours,
    pub(super) comuni: Vec<Comune>,
}

/// The section as it is being read.
#[derive(Default)]
struct Draft {
    ends: Option<NaiveTime>,
    lead: Option<TimeDelta>,
    gap: GapPolicy,
    holidays: Holidays,
    closures: Vec<crate::calendar::Closure>,
    /// The weeks of every Comune that has none of its own.
    shared: Vec<OfficeTable>,
    comuni: Vec<Comune>,
    offices: Vec<Office>,
}

pub(super) fn hours(node: &KdlNode, findings: &mut Findings<'_>) -> Option<HoursRead> {
    let head = Line::open(node, &[], findings);
    head.at_most(1, findings);
    let always = match head.values().next() {
        None => false,
        Some(entry) if entry.value().as_string() == Some("always") => true,
        Some(entry) => {
            findings.error(entry.span(), format!("«{}» non è un orario", shown(entry.value())));
            findings.suggest("scrivi «hours always», oppure solo «hours»");
            false
        }
    };
    let mut draft = Draft::default();
    for line in head.block() {
        draft.line(line, findings);
    }
    if draft.comuni.is_empty() {
        findings.missing(
            head.span(),
            "non c'è nessun Comune",
            "per esempio comune \"074010\" \"Mesagne\" { patron day=16 month=7; }",
        );
    }
    if always {
        return Some(HoursRead { hours: Hours::always(), comuni: draft.comuni });
    }
    draft.finish(head, findings)
}

impl Draft {
    fn line(&mut self, node: &KdlNode, findings: &mut Findings<'_>) {
        match node.name().value() {
            "ends" => self.ends = ends(node, findings),
            "starts" => self.lead = lead(node, findings),
            "gaps" => self.gap = gaps(node, findings).unwrap_or_default(),
            "holiday" => {
                if let Some(holiday) = holiday(node, findings) {
                    self.holidays.add(holiday);
                }
            }
            "no-holiday" => self.no_holiday(node, findings),
            "offices" => self.shared.extend(office_table(node, findings)),
            "closed" => self.closures.extend(closure(node, findings)),
            "comune" => self.comune(node, findings),
            unknown => {
                let what = format!("degli orari non si dice «{unknown}»");
                findings.error(node.name().span(), what);
                suggest_word(findings, unknown, &LINES);
            }
        }
    }

    fn no_holiday(&mut self, node: &KdlNode, findings: &mut Findings<'_>) {
        let options = ["day", "month", "weekday", "nth", "easter", "since"];
        let line = Line::open(node, &options, findings);
        line.at_most(1, findings);
        line.no_block(findings);
        let Ok(since) = since(line, findings) else { return };
        let Some(day) = yearly_day(line, findings) else { return };
        if !self.holidays.abolish(day, since) {
            findings.error(line.span(), "questo giorno non è una festa nazionale");
            findings.suggest("per esempio no-holiday day=4 month=10 since=2031");
        }
    }

    fn comune(&mut self, node: &KdlNode, findings: &mut Findings<'_>) {
        let line = Line::open(node, &[], findings);
        line.at_most(2, findings);
        let istat = line.values().next().and_then(|entry| istat(entry, findings));
        let name = line.values().nth(1).and_then(|entry| text(entry, findings));
        if line.values().count() < 2 {
            findings.error(line.span(), "al Comune mancano il codice ISTAT o il nome");
            findings.suggest("per esempio comune \"074010\" \"Mesagne\"");
        }
        let mut office =
            Office { comune: name.unwrap_or_default().to_owned(), ..Office::default() };
        let mut patron_told = false;
        for child in line.block() {
            match child.name().value() {
                "patron" => {
                    patron_told = true;
                    office.patrons.extend(patron(child, findings));
                }
                "offices" => office.tables.extend(office_table(child, findings)),
                "closed" => office.closures.extend(closure(child, findings)),
                unknown => {
                    let what = format!("di un Comune non si dice «{unknown}»");
                    findings.error(child.name().span(), what);
                    suggest_word(findings, unknown, &COMUNE_LINES);
                }
            }
        }
        if !patron_told {
            findings.warning(line.span(), "di questo Comune manca il giorno del patrono");
            findings.suggest("se non ne ha: patron none");
        }
        if let (Some(istat), Some(name)) = (istat, name) {
            if self.comuni.iter().any(|other| other.istat == istat) {
                findings.error(line.span(), format!("il codice ISTAT {istat} è già scritto sopra"));
                findings.suggest("ogni Comune va scritto una volta sola");
            }
            self.comuni.push(Comune { istat, name: name.to_owned() });
        }
        self.offices.push(office);
    }

    fn finish(mut self, head: Line<'_>, findings: &mut Findings<'_>) -> Option<HoursRead> {
        if self.ends.is_none() && !has_line(head, "ends") {
            findings.missing(
                head.span(),
                "manca a che ora il servizio lascia il posto agli uffici",
                "per esempio ends \"08:00\"; per un servizio h24: hours always",
            );
        }
        if self.lead.is_none() && !has_line(head, "starts") {
            findings.missing(
                head.span(),
                "manca quanto prima della chiusura comincia il servizio",
                "per esempio starts before-closing=\"30m\"",
            );
        }
        for office in &mut self.offices {
            if office.tables.is_empty() {
                office.tables.clone_from(&self.shared);
            }
        }
        let without = self.offices.iter().find(|office| office.tables.is_empty());
        if let Some(office) = without {
            let what = format!("per {} non c'è nessun orario d'ufficio", office.comune);
            findings.warning(head.span(), what);
            findings.suggest("così il servizio risponde sempre: aggiungi offices { open … }");
        }
        let rule = OfficeRule {
            ends: self.ends?,
            lead: self.lead?,
            gap: self.gap,
            holidays: self.holidays,
            closures: self.closures,
            offices: self.offices,
        };
        Some(HoursRead { hours: Hours::beside(rule), comuni: self.comuni })
    }
}

fn has_line(head: Line<'_>, word: &str) -> bool {
    head.block().iter().any(|node| node.name().value() == word)
}

fn ends(node: &KdlNode, findings: &mut Findings<'_>) -> Option<NaiveTime> {
    let line = Line::open(node, &[], findings);
    let entry = line.only_value("\"08:00\"", findings)?;
    let found = shown(entry.value());
    let at = time(&found);
    if at.is_none() {
        findings.error(entry.span(), format!("«{found}» non è un'ora"));
        findings.suggest("ore e minuti con due cifre: \"08:00\"");
    }
    at
}

fn lead(node: &KdlNode, findings: &mut Findings<'_>) -> Option<TimeDelta> {
    let line = Line::open(node, &["before-closing"], findings);
    line.at_most(0, findings);
    let entry = line.required("before-closing", "\"30m\"", findings)?;
    TimeDelta::from_std(duration(entry, LEAD, findings)?).ok()
}

fn gaps(node: &KdlNode, findings: &mut Findings<'_>) -> Option<GapPolicy> {
    let line = Line::open(node, &[], findings);
    let entry = line.only_value("\"cover\"", findings)?;
    match shown(entry.value()).as_str() {
        "cover" => Some(GapPolicy::Cover),
        "letter" => Some(GapPolicy::Letter),
        unknown => {
            findings.error(entry.span(), format!("«{unknown}» non dice che fare delle pause"));
            findings.suggest("«cover» le copre, «letter» segue alla lettera l'ultima chiusura");
            None
        }
    }
}

fn holiday(node: &KdlNode, findings: &mut Findings<'_>) -> Option<Holiday> {
    let line = Line::open(node, &["day", "month", "weekday", "nth", "easter", "since"], findings);
    line.at_most(1, findings);
    let name = line.values().next().and_then(|entry| text(entry, findings)).unwrap_or_default();
    let since = since(line, findings);
    let day = yearly_day(line, findings)?;
    Some(Holiday { day, name: name.to_owned(), since: since.ok()?, until: None })
}

/// The year from which a line holds, if it says one; `Err` when it says it wrongly.
fn since(line: Line<'_>, findings: &mut Findings<'_>) -> Result<Option<i32>, ()> {
    line.option("since").map(|entry| number(entry, 1900..=9999, findings).ok_or(())).transpose()
}

/// The patron day a line names; none for `patron none`.
fn patron(node: &KdlNode, findings: &mut Findings<'_>) -> Option<crate::calendar::YearlyDay> {
    let line = Line::open(node, &["day", "month", "weekday", "nth", "easter"], findings);
    line.at_most(1, findings);
    line.no_block(findings);
    match line.values().next() {
        None => yearly_day(line, findings),
        Some(entry) if entry.value().as_string() == Some("none") => None,
        Some(entry) => {
            let found = shown(entry.value());
            findings.error(entry.span(), format!("«{found}» non è un giorno del patrono"));
            findings.suggest("day=16 month=7, weekday=sun nth=1 month=7, easter=2, oppure none");
            None
        }
    }
}

fn istat(entry: &KdlEntry, findings: &mut Findings<'_>) -> Option<String> {
    let code = text(entry, findings)?;
    if code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(code.to_owned());
    }
    findings.error(entry.span(), format!("«{code}» non è un codice ISTAT di Comune"));
    findings.suggest("sono sei cifre tra virgolette: \"074010\"");
    None
}
