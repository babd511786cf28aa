//! What is typed to shut an office: a closure, or a sentence beside each field that is wrong.

use chrono::{Days, NaiveDate};

use super::super::place::Place;
use crate::calendar::Closure;
use crate::console::civil::read_day;
use crate::console::form::Fields;
use crate::dialplan::EnteredClosure;

/// What stands in the form.
#[derive(Debug, Clone, Default)]
pub(super) struct Typed {
    /// An ISTAT code, or [`ALL`].
    pub(super) comune: String,
    pub(super) from: String,
    /// The last day; the first one when empty.
    pub(super) until: String,
    pub(super) reason: String,
}

/// A sentence beside each field that is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Problems {
    pub(super) comune: Option<String>,
    pub(super) from: Option<String>,
    pub(super) until: Option<String>,
    pub(super) reason: Option<String>,
}

/// All Comuni of the service.
pub(super) const ALL: &str = "tutti";
/// The longest closure, and the farthest ahead, in days.
const LONGEST: u64 = 366;
const REASON_MAX: usize = 200;

impl Typed {
    pub(super) fn of(fields: &Fields) -> Self {
        let field = |name| fields.get(name).to_owned();
        Self {
            comune: field("comune"),
            from: field("dal"),
            until: field("al"),
            reason: field("motivo"),
        }
    }

    /// The closure that was typed; or what is wrong with each field.
    pub(super) fn closure(
        &self,
        place: &Place,
        today: NaiveDate,
    ) -> Result<EnteredClosure, Box<Problems>> {
        let mut problems = Problems::default();
        let comune = match self.comune.as_str() {
            ALL => None,
            istat if place.plan.name_of_comune(istat).is_some() => Some(istat.to_owned()),
            _ => {
                problems.comune = Some("Scelga un Comune, oppure tutti.".to_owned());
                None
            }
        };
        let from = day(&self.from, &mut problems.from);
        let until = match self.until.as_str() {
            "" => from,
            until => day(until, &mut problems.until),
        };
        if let (Some(from), Some(until)) = (from, until) {
            problems.until = wrong(from, until, today);
        }
        if self.reason.chars().count() > REASON_MAX {
            problems.reason = Some(format!("Al massimo {REASON_MAX} caratteri."));
        }
        match (from, until) {
            (Some(from), Some(until)) if problems == Problems::default() => Ok(EnteredClosure {
                service: place.service().clone(),
                comune,
                closure: Closure { from, until, reason: self.reason.clone() },
            }),
            _ => Err(Box::new(problems)),
        }
    }
}

fn day(typed: &str, problem: &mut Option<String>) -> Option<NaiveDate> {
    read_day(typed).map_err(|sentence| *problem = Some(sentence)).ok()
}

/// What is wrong with two days that are days.
fn wrong(from: NaiveDate, until: NaiveDate, today: NaiveDate) -> Option<String> {
    let farthest = |day: NaiveDate| day.checked_add_days(Days::new(LONGEST));
    if until < from {
        Some("L'ultimo giorno viene prima del primo: corregga uno dei due.".to_owned())
    } else if until < today {
        Some("È già passato: scelga giorni che devono ancora finire.".to_owned())
    } else if farthest(from).is_none_or(|last| until > last)
        || farthest(today).is_none_or(|last| from > last)
    {
        Some(format!(
            "È troppo lontano: una chiusura dura al massimo {LONGEST} giorni e comincia entro un \
             anno; ciò che vale per sempre si scrive nel piano."
        ))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_cannot_be_shut_come_back_with_a_sentence() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let today = day("2026-12-01");
        for (from, until, sentence) in [
            ("2026-12-07", "2026-12-07", None),
            ("2026-11-20", "2026-12-01", None),
            ("2026-12-07", "2026-12-06", Some("viene prima")),
            ("2026-11-20", "2026-11-30", Some("già passato")),
            ("2026-12-07", "2028-12-07", Some("troppo lontano")),
            ("2028-12-07", "2028-12-08", Some("troppo lontano")),
        ] {
            let found = wrong(day(from), day(until), today);
            match sentence {
                None => assert_eq!(found, None, "{from} {until}"),
                Some(part) => assert!(found.is_some_and(|found| found.contains(part)), "{from}"),
            }
        }
    }
}
