//! What is counted, a function a table. Rows are the same every month: that a label is
//! there tells nothing.

use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Tz;

use super::table::{Counted, Table};
use super::{Answering, CallOfMonth, CaseOfMonth, Terms, Written};
use crate::calendar;
use crate::case::clocks::{Met, Promise, Reading, duration, read};
use crate::case::scheda::{Choice, FIELDS, Kind, Value};
use crate::case::{Outcome, Scheda, Stage};
use crate::words::Category;

pub(super) const ANSWERS: &str = "risposta";
pub(super) const HOURS: &str = "orario";
pub(super) const OUTCOMES: &str = "esito";
pub(super) const ON_SITE: &str = "sul_posto";
pub(super) const SENT: &str = "invio";
pub(super) const RECEPTIONS: &str = "accoglienza";
const TIPO: &str = "segnalante.tipo";
const SESSO: &str = "persona.sesso";
/// The row of those who hung up.
pub(super) const ABANDONED: usize = 2;

/// Counts by place: `place_of` says in which of the rows each one stands.
fn by_place<T>(
    labels: impl IntoIterator<Item = String>,
    of: impl IntoIterator<Item = T>,
    place_of: impl Fn(&T) -> usize,
) -> Vec<(String, u32)> {
    let mut counts: Vec<(String, u32)> = labels.into_iter().map(|label| (label, 0)).collect();
    for one in of {
        let last = counts.len().saturating_sub(1);
        if let Some((_, count)) = counts.get_mut(place_of(&one).min(last)) {
            *count += 1;
        }
    }
    counts
}

fn owned<const N: usize>(labels: [&str; N]) -> [String; N] {
    labels.map(str::to_owned)
}

/// How calls were answered: the first clock and the abandoned stand in one table.
pub(super) fn answers(calls: &[CallOfMonth], terms: &Terms<'_>) -> Table {
    let target = duration(terms.targets.answered);
    let labels = [
        format!("una persona ha risposto entro {target}"),
        format!("una persona ha risposto dopo più di {target}"),
        "ha riagganciato prima".to_owned(),
        "ha lasciato un messaggio".to_owned(),
        "nessuno ha risposto, domanda sul richiamo".to_owned(),
        "interrotta da un guasto, o ancora in corso".to_owned(),
    ];
    let counts = by_place(labels, calls, |call| match (wait(call), call.outcome) {
        (Some(wait), _) if wait <= terms.targets.answered => 0,
        (Some(_), _) | (None, Outcome::Accepted | Outcome::InHours) => 1,
        (None, Outcome::Abandoned) => ABANDONED,
        (None, Outcome::Voicemail) => 3,
        (None, Outcome::Callback) => 4,
        (None, Outcome::Interrupted | Outcome::InProgress) => 5,
    });
    Table::publish(ANSWERS, "Come è stata presa la chiamata", Counted::Calls, counts)
}

/// How long the caller waited for a person; `None` when none was there. Whoever accepted
/// and was gone before the two were connected, is none.
fn wait(call: &CallOfMonth) -> Option<TimeDelta> {
    let person = matches!(
        call.outcome,
        Outcome::Accepted | Outcome::InHours | Outcome::Interrupted | Outcome::InProgress
    );
    let accepted = call.accepted.filter(|_| person)?;
    Some((accepted - call.arrived).max(TimeDelta::zero()))
}

pub(super) fn waits(calls: &[CallOfMonth]) -> Vec<TimeDelta> {
    calls.iter().filter_map(wait).collect()
}

/// Whether the offices were open.
pub(super) fn hours(calls: &[CallOfMonth]) -> Table {
    let labels = owned(["fuori dall'orario degli uffici", "a uffici aperti", "non noto"]);
    let counts = by_place(labels, calls, |call| match call.answering {
        Answering::Service => 0,
        Answering::Offices => 1,
        Answering::Unknown => 2,
    });
    Table::publish(HOURS, "A che ora", Counted::Calls, counts)
}

/// By Comune: those of the service, any other, and those of which it is not known.
pub(super) fn comuni(cases: &[CaseOfMonth], terms: &Terms<'_>) -> Table {
    let others = terms.comuni.len();
    let labels = terms.comuni.iter().cloned().chain(owned(["altro Comune", "non noto"]));
    let counts = by_place(labels, cases, |case| match &case.comune {
        Some(name) => terms.comuni.iter().position(|own| own == name).unwrap_or(others),
        None => others + 1,
    });
    Table::publish("comune", "Comune", Counted::Cases, counts)
}

pub(super) fn categories(cases: &[CaseOfMonth]) -> Table {
    let labels = Category::ALL.iter().map(|category| category.italian().to_owned());
    let counts = by_place(labels, cases, |case| {
        Category::ALL.iter().position(|category| *category == case.category).unwrap_or(usize::MAX)
    });
    Table::publish("categoria", "Di chi si tratta", Counted::Cases, counts)
}

/// What became of the cases; the clock of the taking over stands in the same table.
pub(super) fn outcomes(cases: &[CaseOfMonth], terms: &Terms<'_>) -> Table {
    let target = terms.targets.taken_in_charge.num_hours();
    let ends = [
        ("conclusa", "conclusa"),
        ("informazione", "informazione o orientamento"),
        ("non_di_competenza", "non di competenza"),
        ("abbandonata", "chiamata abbandonata"),
        ("muta", "chiamata muta"),
        ("prova", "prova o errore"),
        ("doppione", "doppione"),
    ];
    let labels = [
        format!("presa in carico entro {target} ore"),
        format!("presa in carico dopo più di {target} ore"),
        "ancora aperta".to_owned(),
    ];
    let labels = labels.into_iter().chain(ends.iter().map(|(_, label)| (*label).to_owned()));
    let counts = by_place(labels, cases, |case| {
        let ended = case.ended_as.as_deref().filter(|_| case.stage == Stage::Archiviata);
        let place = ends.iter().position(|(word, _)| Some(*word) == ended).map(|place| place + 3);
        match (reading(case, Promise::TakenInCharge, terms).met(), place, ended) {
            // It is counted where it goes on.
            (_, Some(place), Some("doppione" | "prova")) => place,
            (Some(Met::InTime), ..) => 0,
            (Some(Met::Late), ..) => 1,
            (None, Some(place), _) => place,
            (None, None, _) => 2,
        }
    });
    Table::publish(OUTCOMES, "Che cosa ne è stato", Counted::Cases, counts)
}

fn reading(case: &CaseOfMonth, promise: Promise, terms: &Terms<'_>) -> Reading {
    read(promise, &case.instants, terms.targets, (terms.zone, terms.works), terms.now)
}

/// How a promise was kept: in time, late, not yet, not owed.
fn promised(
    word: &'static str,
    title: &'static str,
    cases: &[CaseOfMonth],
    (promise, terms): (Promise, &Terms<'_>),
) -> Table {
    let labels = owned(["nei tempi", "in ritardo", "non ancora", "non prevista"]);
    let counts = by_place(labels, cases, |case| {
        let reading = reading(case, promise, terms);
        match reading.met() {
            Some(Met::InTime) => 0,
            Some(Met::Late) => 1,
            None if reading == Reading::NotStarted => 3,
            None => 2,
        }
    });
    Table::publish(word, title, Counted::Cases, counts)
}

pub(super) fn on_site(cases: &[CaseOfMonth], terms: &Terms<'_>) -> Table {
    promised(ON_SITE, "Uscita sul posto", cases, (Promise::OnSite, terms))
}

pub(super) fn sent(cases: &[CaseOfMonth], terms: &Terms<'_>) -> Table {
    promised(SENT, "Invio della scheda", cases, (Promise::SchedaSent, terms))
}

/// The schede that opened.
fn scheda(case: &CaseOfMonth) -> Option<&Scheda> {
    match &case.written {
        Written::Open(scheda) => Some(scheda),
        Written::Sealed => None,
    }
}

/// The named values of a field, and a last row for what is not known.
fn choices(field: &str) -> &'static [Choice] {
    match FIELDS.iter().find(|known| known.name == field).map(|known| known.kind) {
        Some(Kind::Choice(among)) => among,
        _ => &[],
    }
}

fn by_choice<T>(
    field: &str,
    of: impl IntoIterator<Item = T>,
    word_of: impl Fn(&T) -> Option<&'static str>,
) -> Vec<(String, u32)> {
    let among = choices(field);
    let unknown = among.iter().position(|choice| choice.word == "non_noto");
    let labels = among.iter().map(|choice| choice.label.to_owned());
    by_place(labels, of, |one| {
        let word = word_of(one);
        let place = among.iter().position(|choice| Some(choice.word) == word);
        place.or(unknown).unwrap_or(usize::MAX)
    })
}

fn chosen(scheda: &Scheda, name: &str) -> Option<&'static str> {
    match scheda.value(name)? {
        Value::Choice(choice) => Some(choice.word),
        _ => None,
    }
}

pub(super) fn segnalanti(cases: &[CaseOfMonth]) -> Table {
    let counts = by_choice(TIPO, cases, |case| chosen(scheda(case)?, TIPO));
    Table::publish("segnalante", "Chi segnala", Counted::Cases, counts)
}

/// Whether somebody was received in a structure.
pub(super) fn receptions(cases: &[CaseOfMonth]) -> Table {
    let labels = owned(["con accoglienza in una struttura", "senza", "non noto"]);
    let counts = by_place(labels, cases, |case| match scheda(case) {
        Some(scheda) if is_received(scheda) => 0,
        Some(_) => 1,
        None => 2,
    });
    Table::publish(RECEPTIONS, "Accoglienza", Counted::Cases, counts)
}

pub(super) fn is_received(scheda: &Scheda) -> bool {
    let placed = match scheda.value("intervento.azioni") {
        Some(Value::Choices(done)) => done.iter().any(|choice| choice.word == "collocamento"),
        _ => false,
    };
    placed || scheda.value("intervento.dal").is_some()
}

/// From the day of the reception to its end, where both are written.
pub(super) fn nights(cases: &[CaseOfMonth]) -> u32 {
    let of = |case: &CaseOfMonth| {
        let scheda = scheda(case).filter(|scheda| is_of_its_own(case) && is_received(scheda))?;
        let (from, until) = (date(scheda, "intervento.dal")?, date(scheda, "intervento.al")?);
        u32::try_from((until - from).num_days()).ok()
    };
    cases.iter().filter_map(of).fold(0, u32::saturating_add)
}

pub(super) fn date(scheda: &Scheda, name: &str) -> Option<NaiveDate> {
    match scheda.value(name)? {
        Value::Date(date) => Some(*date),
        _ => None,
    }
}

/// Whether people are counted of it: a test is about nobody, and who is in a duplicate
/// stands in the other case, too.
pub(super) fn is_of_its_own(case: &CaseOfMonth) -> bool {
    case.stage != Stage::Archiviata
        || !matches!(case.ended_as.as_deref(), Some("doppione" | "prova"))
}

/// Whoever the schede name or describe, each with the day the call came in.
fn everybody(cases: &[CaseOfMonth], zone: Tz) -> Vec<(&Scheda, u8, NaiveDate)> {
    let mut all = Vec::new();
    for case in cases.iter().filter(|case| is_of_its_own(case)) {
        let day = calendar::local(case.instants.arrived, zone).date();
        let Some(scheda) = scheda(case) else { continue };
        all.extend(scheda.persons().into_iter().map(|person| (scheda, person, day)));
    }
    all
}

/// Age, sex and citizenship of everybody.
pub(super) fn persons(cases: &[CaseOfMonth], zone: Tz) -> [Table; 3] {
    let all = everybody(cases, zone);
    let ages = owned(["0–13 anni", "14–17", "18–34", "35–64", "65 e oltre", "non nota"]);
    let ages = by_place(ages, &all, |(scheda, person, day)| band(age(scheda, *person, *day)));
    let sexes = by_choice(SESSO, &all, |(scheda, person, _)| {
        chosen(scheda, &format!("persona.{person}.sesso"))
    });
    let labels = owned(["italiana", "di un altro Paese", "non nota"]);
    let citizenships = by_place(labels, &all, |(scheda, person, _)| {
        citizenship(&scheda.text(&format!("persona.{person}.cittadinanza")))
    });
    let persons = Counted::Persons;
    [
        Table::publish("eta", "Età", persons, ages),
        Table::publish("sesso", "Sesso", persons, sexes),
        Table::publish("cittadinanza", "Cittadinanza", persons, citizenships),
    ]
}

/// On the day of the call: from the birth, or as it was said.
fn age(scheda: &Scheda, person: u8, day: NaiveDate) -> Option<u32> {
    let said = || match scheda.value(&format!("persona.{person}.eta"))? {
        Value::Number(years) => Some(*years),
        _ => None,
    };
    let born = date(scheda, &format!("persona.{person}.nascita"));
    born.and_then(|born| day.years_since(born)).or_else(said)
}

fn band(age: Option<u32>) -> usize {
    match age {
        Some(..14) => 0,
        Some(14..18) => 1,
        Some(18..35) => 2,
        Some(35..65) => 3,
        Some(65..) => 4,
        None => 5,
    }
}

/// Anybody may write anything there: «Italia», «italiana», «IT».
fn citizenship(text: &str) -> usize {
    let text = text.trim().to_lowercase();
    match text.as_str() {
        "" | "?" | "-" | "non nota" | "non noto" | "non si sa" | "ignota" | "sconosciuta" => 2,
        "it" | "ita" => 0,
        other if other.starts_with("italian") || other == "italia" => 0,
        _ => 1,
    }
}
