//! Days and hours of an office: weeks, closures, days that come back every year.

use chrono::{NaiveDate, Weekday};
use kdl::{KdlEntry, KdlNode};

use crate::calendar::{Closure, OfficeTable, Opening, Which, YearlyDay};

use super::problem::Findings;
use super::read_node::Line;
use super::read_value::{date, number, shown, suggest_word, text, time, weekday};

/// A week of openings: `offices from=… until=… { open mon tue "08:00-14:00" }`.
pub(super) fn office_table(node: &KdlNode, findings: &mut Findings<'_>) -> Option<OfficeTable> {
    let line = Line::open(node, &["from", "until"], findings);
    line.at_most(0, findings);
    let [from, until] =
        ["from", "until"].map(|name| line.option(name).map(|entry| date(entry, findings)));
    let mut openings: Vec<(Weekday, Opening)> = Vec::new();
    for child in line.block() {
        if child.name().value() != "open" {
            let word = child.name().value();
            findings.error(child.name().span(), format!("di un ufficio non si dice «{word}»"));
            suggest_word(findings, word, &["open"]);
            continue;
        }
        open(child, &mut openings, findings);
    }
    if let (Some(Some(from)), Some(Some(until))) = (from, until) {
        forward(from, until, line, findings);
    }
    Some(OfficeTable { from: told(from)?, until: told(until)?, openings })
}

/// `None` when something was told but could not be read.
fn told<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    value.map_or(Some(None), |read| read.map(Some))
}

fn open(node: &KdlNode, openings: &mut Vec<(Weekday, Opening)>, findings: &mut Findings<'_>) {
    let line = Line::open(node, &[], findings);
    line.no_block(findings);
    let mut days = Vec::new();
    let mut hours = Vec::new();
    for entry in line.values() {
        if shown(entry.value()).contains(':') {
            hours.extend(opening(entry, findings).map(|opening| (opening, entry)));
        } else {
            days.extend(weekday(entry, findings));
        }
    }
    let untold = line.values().all(|entry| !shown(entry.value()).contains(':'));
    if untold || line.values().next().is_none() {
        findings.error(line.span(), "«open» vuole i giorni e poi l'orario");
        findings.suggest("per esempio open mon tue wed \"08:00-14:00\"");
    }
    for day in days {
        for (opening, entry) in &hours {
            let clash = openings.iter().any(|(other, its)| {
                *other == day && its.open() < opening.close() && opening.open() < its.close()
            });
            if clash {
                findings.error(
                    entry.span(),
                    "questo orario si accavalla con un altro dello stesso giorno",
                );
                findings.suggest("un giorno può avere più orari, ma uno dopo l'altro");
                continue;
            }
            openings.push((day, *opening));
        }
    }
}

/// `"08:00-14:00"`.
fn opening(entry: &KdlEntry, findings: &mut Findings<'_>) -> Option<Opening> {
    let found = shown(entry.value());
    let parts = found.split_once('-').map(|(open, close)| (time(open), time(close)));
    let Some((Some(open), Some(close))) = parts else {
        findings.error(entry.span(), format!("«{found}» non è un orario di apertura"));
        findings.suggest("apertura e chiusura con un trattino: \"08:00-14:00\"");
        return None;
    };
    let opening = Opening::new(open, close);
    if opening.is_none() {
        findings.error(entry.span(), "la chiusura viene prima dell'apertura");
        findings.suggest("prima l'ora di apertura, poi quella di chiusura, nello stesso giorno");
    }
    opening
}

/// Days an office is shut: `closed "2026-12-24" until="2026-12-31" "Ponte"`.
pub(super) fn closure(node: &KdlNode, findings: &mut Findings<'_>) -> Option<Closure> {
    let line = Line::open(node, &["until"], findings);
    line.at_most(2, findings);
    line.no_block(findings);
    let Some(first) = line.values().next() else {
        findings.error(line.span(), "«closed» non dice in che giorno");
        findings.suggest("per esempio closed \"2026-12-24\" until=\"2026-12-31\" \"Ponte\"");
        return None;
    };
    let from = date(first, findings);
    let until = line.option("until").map(|entry| date(entry, findings));
    let reason = line.values().nth(1).and_then(|entry| text(entry, findings));
    let from = from?;
    let until = told(until)?.unwrap_or(from);
    forward(from, until, line, findings);
    Some(Closure { from, until, reason: reason.unwrap_or_default().to_owned() })
}

fn forward(from: NaiveDate, until: NaiveDate, line: Line<'_>, findings: &mut Findings<'_>) {
    if until < from {
        let at = line.option("until").map_or_else(|| line.span(), KdlEntry::span);
        findings.error(at, format!("il {until} viene prima del {from}"));
        findings.suggest("«until» è l'ultimo giorno, compreso");
    }
}

/// `day=16 month=7`, `weekday=sun nth=1 month=7` or `easter=2`.
pub(super) fn yearly_day(line: Line<'_>, findings: &mut Findings<'_>) -> Option<YearlyDay> {
    if let Some(entry) = line.option("easter") {
        let offset = number(entry, -80..=80, findings)?;
        return Some(YearlyDay::Easter { offset });
    }
    let Some(month) = line.option("month") else {
        findings.error(line.span(), "non dice quale giorno dell'anno");
        findings.suggest("day=16 month=7, oppure weekday=sun nth=1 month=7, oppure easter=2");
        return None;
    };
    let month = number(month, 1..=12, findings);
    if let Some(entry) = line.option("weekday") {
        let weekday = weekday(entry, findings);
        let which = line.required("nth", "1", findings).and_then(|entry| which(entry, findings));
        return Some(YearlyDay::Weekday { which: which?, weekday: weekday?, month: month? });
    }
    let entry = line.required("day", "16", findings)?;
    let day = number(entry, 1..=31, findings)?;
    // 2028 is a leap year: 29 February may be meant.
    if NaiveDate::from_ymd_opt(2028, month?, day).is_none() {
        findings.error(entry.span(), format!("il mese non ha il giorno {day}"));
        return None;
    }
    Some(YearlyDay::Fixed { month: month?, day })
}

fn which(entry: &KdlEntry, findings: &mut Findings<'_>) -> Option<Which> {
    if entry.value().as_string() == Some("last") {
        return Some(Which::Last);
    }
    number(entry, 1..=5, findings).map(Which::Nth)
}
