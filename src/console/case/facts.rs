//! What a case knows of its call by itself: nobody has to write it (domain §1.6, block 1).
//!
//! Digits typed as a telephone number are none of it: they stand on the case alone.

use chrono::{DateTime, TimeDelta, Utc};

use crate::case::Fact;
use crate::console::civil;
use crate::console::error::PageError;
use crate::console::{Desk, calls};
use crate::store::{CallRow, CaseRow};
use crate::words::Language;

/// A label, and what there is to say.
pub(super) type Told = (&'static str, String);

/// What there is to say of the call that opened this case.
pub(super) async fn of_call(desk: &Desk, case: &CaseRow) -> Result<Vec<Told>, PageError> {
    let Some(call) = desk.reader.call(case.call).await? else { return Ok(Vec::new()) };
    let mut timelines = desk.reader.timelines(&[case.call]).await?;
    let timeline = timelines.remove(&case.call).unwrap_or_default();
    let mut facts = vec![("Com'è andata", calls::verdict(&timeline))];
    facts.extend(told(&call, &timeline));
    Ok(facts)
}

fn told(call: &CallRow, timeline: &[(DateTime<Utc>, Fact)]) -> Vec<Told> {
    let keys: Vec<String> = call.keys.chars().map(String::from).collect();
    let waited = call.accepted.map(|at| civil::span(at - call.arrived));
    let mut told = vec![
        ("Numero chiamato", call.number_called.reveal().to_owned()),
        ("Orario", hours(timeline).to_owned()),
        ("Tasti premuti", if keys.is_empty() { "nessuno".into() } else { keys.join(" ") }),
        ("Una persona ha risposto dopo", waited.unwrap_or_else(|| "nessuna".into())),
        ("Conversazione", talk(timeline)),
        ("Registrata", "no: si conserva solo il messaggio che chi chiama lascia".into()),
    ];
    if let Some(language) = language(timeline) {
        told.push(("Lingua", language.to_owned()));
    }
    if call.silent {
        told.push(("Silenziosa", "sì: chi chiama forse non può parlare".into()));
    }
    told
}

fn hours(timeline: &[(DateTime<Utc>, Fact)]) -> &'static str {
    let arrived = timeline.iter().find_map(|(_, fact)| match fact {
        Fact::Arrived { direct, active } => Some((*direct, *active)),
        _ => None,
    });
    match arrived {
        Some((false, true)) => "uffici chiusi: risponde il servizio",
        Some((true, true)) => "uffici chiusi: risponde il servizio (linea diretta)",
        Some((false, false)) => "uffici aperti",
        Some((true, false)) => "uffici aperti (linea diretta)",
        None => "–",
    }
}

fn language(timeline: &[(DateTime<Utc>, Fact)]) -> Option<&'static str> {
    timeline.iter().rev().find_map(|(_, fact)| match fact {
        Fact::LanguageChosen { language: Language::En } => Some("inglese"),
        Fact::LanguageChosen { language: Language::It } => Some("italiano"),
        _ => None,
    })
}

/// How long caller and responders talked, all conversations of the call together.
fn talk(timeline: &[(DateTime<Utc>, Fact)]) -> String {
    let (mut talked, mut since) = (None, None);
    for (at, fact) in timeline {
        match fact {
            Fact::Bridged { .. } => since = Some(*at),
            Fact::HungUp { .. } | Fact::LineLost { .. } | Fact::Ended { .. } => {
                let Some(begun) = since.take() else { continue };
                talked = Some(talked.unwrap_or(TimeDelta::zero()) + (*at - begun));
            }
            _ => {}
        }
    }
    match (since, talked) {
        (Some(_), _) => "in corso".to_owned(),
        (None, Some(talked)) => civil::span(talked),
        (None, None) => "nessuna".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{AttemptId, Outcome, Party};

    #[test]
    fn talk_is_from_the_connection_to_the_end_and_again() {
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        let bridged = Fact::Bridged { attempt: AttemptId(1) };
        let lost = Fact::LineLost { party: Party::Responder, during: None };
        let gone = Fact::HungUp { party: Party::Caller, during: None };
        let ended = Fact::Ended { outcome: Outcome::Accepted };
        let mut timeline = vec![(at(0), Fact::Arrived { direct: true, active: true })];
        assert_eq!(talk(&timeline), "nessuna");
        timeline.push((at(20), bridged.clone()));
        assert_eq!(talk(&timeline), "in corso");
        timeline.push((at(50), lost));
        timeline.push((at(90), bridged));
        timeline.push((at(100), gone));
        timeline.push((at(101), ended));
        assert_eq!(talk(&timeline), "40 s");
        assert_eq!(hours(&timeline), "uffici chiusi: risponde il servizio (linea diretta)");
    }
}
