//! The hours of a plan, told in plain Italian.

use std::fmt::Write as _;
use std::time::Duration;

use chrono::{NaiveDate, Weekday};

use crate::calendar::{
    Closure, GapPolicy, Office, OfficeRule, OfficeTable, Which, YearlyDay, month_name, weekday_name,
};

use super::plan::Plan;
use super::read_value::in_words;

/// Monday first, as an office door says it.
const WEEK: [Weekday; 7] = [
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
    Weekday::Sat,
    Weekday::Sun,
];

/// When the service of `plan` answers by itself.
pub fn explain_hours(plan: &Plan) -> String {
    let Some(rule) = plan.hours.offices() else {
        return "Il servizio è attivo sempre, giorno e notte, tutti i giorni.".to_owned();
    };
    let lead = in_words(rule.lead.to_std().unwrap_or(Duration::ZERO));
    let mut told = format!(
        "Il servizio è attivo da {lead} prima dell'ultima chiusura degli uffici fino alle {} del \
         giorno d'ufficio successivo:\nquindi ogni notte, e nei fine settimana e nei festivi \
         sempre. Basta che sia chiuso l'ufficio di un solo Comune.\n{}\nL'ora è quella di {}.\n",
        rule.ends.format("%H:%M"),
        match rule.gap {
            GapPolicy::Cover => "È attivo anche nella pausa tra due aperture.",
            GapPolicy::Letter => "Nella pausa tra due aperture non è attivo.",
        },
        plan.timezone.name(),
    );
    for closure in &rule.closures {
        let _ = writeln!(told, "Tutti gli uffici chiusi {}.", told_closure(closure));
    }
    told_offices(rule, &mut told);
    told.trim_end().to_owned()
}

/// The offices, those with the same weeks together.
fn told_offices(rule: &OfficeRule, told: &mut String) {
    let mut groups: Vec<(&[OfficeTable], Vec<&Office>)> = Vec::new();
    for office in &rule.offices {
        match groups.iter_mut().find(|(tables, _)| *tables == office.tables) {
            Some((_, offices)) => offices.push(office),
            None => groups.push((&office.tables, vec![office])),
        }
    }
    for (tables, offices) in groups {
        let names: Vec<&str> = offices.iter().map(|office| office.comune.as_str()).collect();
        let _ = writeln!(told, "Uffici di {}:", names.join(", "));
        if tables.is_empty() {
            let _ = writeln!(told, "  nessun orario: il servizio vi è sempre attivo");
        }
        for table in tables {
            let _ = writeln!(told, "  {}{}", validity(table), week(table));
        }
        for office in offices {
            let patrons: Vec<String> = office.patrons.iter().map(|day| told_day(*day)).collect();
            let patrons =
                if patrons.is_empty() { "nessuno".to_owned() } else { patrons.join(", ") };
            let _ = writeln!(told, "  {}, patrono: {patrons}", office.comune);
            for closure in &office.closures {
                let _ = writeln!(told, "  {} chiuso {}", office.comune, told_closure(closure));
            }
        }
    }
}

fn validity(table: &OfficeTable) -> String {
    match (table.from, table.until) {
        (None, None) => String::new(),
        (Some(from), None) => format!("dal {}: ", told_date(from)),
        (None, Some(until)) => format!("fino al {}: ", told_date(until)),
        (Some(from), Some(until)) => format!("dal {} al {}: ", told_date(from), told_date(until)),
    }
}

fn week(table: &OfficeTable) -> String {
    let days: Vec<String> = WEEK
        .iter()
        .filter_map(|weekday| {
            let mut hours: Vec<String> = table
                .openings
                .iter()
                .filter(|(day, _)| day == weekday)
                .map(|(_, its)| {
                    format!("{}-{}", its.open().format("%H:%M"), its.close().format("%H:%M"))
                })
                .collect();
            hours.sort_unstable();
            let name = weekday_name(*weekday);
            (!hours.is_empty()).then(|| format!("{name} {}", hours.join(" e ")))
        })
        .collect();
    if days.is_empty() { "sempre chiusi".to_owned() } else { days.join("; ") }
}

fn told_closure(closure: &Closure) -> String {
    let reason =
        if closure.reason.is_empty() { String::new() } else { format!(" ({})", closure.reason) };
    if closure.from == closure.until {
        return format!("il {}{reason}", told_date(closure.from));
    }
    format!("dal {} al {}{reason}", told_date(closure.from), told_date(closure.until))
}

fn told_date(date: NaiveDate) -> String {
    date.format("%d/%m/%Y").to_string()
}

fn told_day(day: YearlyDay) -> String {
    match day {
        YearlyDay::Fixed { month, day } => format!("{day} {}", month_name(month)),
        YearlyDay::Weekday { which, weekday, month } => {
            let name = weekday_name(weekday);
            let sunday = weekday == Weekday::Sun;
            let which = match which {
                Which::Nth(n) => format!("{n}{}", if sunday { 'ª' } else { 'º' }),
                Which::Last => if sunday { "ultima" } else { "ultimo" }.to_owned(),
            };
            format!("{which} {name} di {}", month_name(month))
        }
        YearlyDay::Easter { offset: 0 } => "Pasqua".to_owned(),
        YearlyDay::Easter { offset } if offset < 0 => {
            format!("{} giorni prima di Pasqua", offset.unsigned_abs())
        }
        YearlyDay::Easter { offset } => format!("{offset} giorni dopo Pasqua"),
    }
}
