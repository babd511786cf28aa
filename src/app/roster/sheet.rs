//! `polaris roster sheet`: the month for the wall, to be printed. No phone stands on it.

use anyhow::anyhow;
use askama::Template;
use chrono::{DateTime, Datelike as _, Days, NaiveDate, Utc, Weekday};

use super::super::command::Exit;
use super::super::config::Config;
use super::super::house::{self, read_store};
use super::{Services, words};
use crate::calendar::{Month, instant, local};
use crate::dialplan::Plan;
use crate::roster::{Lack, Ladder, Period, Roster, coverage};

/// The whole file.
#[derive(Debug, Template)]
#[template(path = "app/roster/sheet.html", config = ".askama.toml")]
struct Sheet {
    month: String,
    weekdays: [&'static str; 7],
    pages: Vec<Page>,
    printed: String,
}

/// One équipe.
#[derive(Debug)]
struct Page {
    title: String,
    equipe: String,
    weeks: Vec<Vec<Day>>,
}

#[derive(Debug)]
struct Day {
    date: String,
    of_month: bool,
    feasts: Vec<String>,
    entries: Vec<Entry>,
}

/// Who is on duty for a part of a day, or that nobody is.
#[derive(Debug)]
struct Entry {
    time: String,
    text: String,
    gap: bool,
}

const WEEKDAYS: [&str; 7] =
    ["lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"];

/// Prints the sheet of a month (`2026-12`; this month without one).
pub(super) async fn sheet(
    config: &Config,
    month: Option<&str>,
    service: Option<&str>,
) -> anyhow::Result<Exit> {
    let services = Services::with_closures(config).await;
    let roster = read_store(config).await?.roster().await?.roster;
    let now = house::wall();
    let month = match month {
        Some(text) => text.parse::<Month>().map_err(|error| anyhow!("{error}: scrivi 2026-12"))?,
        None => Month::of(local(now, super::ZONE).date())
            .ok_or_else(|| anyhow!("l'orologio di questa macchina non è regolato"))?,
    };
    let first = month.first();
    let plans = services.plans.iter();
    let plans: Vec<_> =
        plans.filter(|plan| service.is_none_or(|name| plan.service.as_str() == name)).collect();
    anyhow::ensure!(!plans.is_empty(), services.none_named(service.unwrap_or_default()));
    let sheet = Sheet {
        month: month.italian(),
        weekdays: WEEKDAYS,
        pages: plans.iter().map(|plan| page(&roster, plan, first)).collect(),
        printed: local(now, super::ZONE).format("%d/%m/%Y alle %H:%M").to_string(),
    };
    print!("{}", sheet.render()?);
    Ok(Exit::Done)
}

fn page(roster: &Roster, plan: &Plan, first: NaiveDate) -> Page {
    let mut weeks = Vec::new();
    let mut monday = first.week(Weekday::Mon).first_day();
    while monday <= first || (monday.year(), monday.month()) == (first.year(), first.month()) {
        let days = monday.iter_days().take(7);
        weeks.push(days.map(|date| day(roster, plan, date, first.month())).collect());
        let Some(next) = monday.checked_add_days(Days::new(7)) else { break };
        monday = next;
    }
    Page { title: plan.title.clone(), equipe: plan.equipe.clone(), weeks }
}

fn day(roster: &Roster, plan: &Plan, date: NaiveDate, month: u32) -> Day {
    Day {
        date: date.day().to_string(),
        of_month: date.month() == month,
        feasts: plan.hours.feasts(date),
        entries: entries(roster, plan, date),
    }
}

fn entries(roster: &Roster, plan: &Plan, date: NaiveDate) -> Vec<Entry> {
    let zone = plan.timezone;
    let midnight = |date: NaiveDate| instant(date.and_time(chrono::NaiveTime::MIN), zone);
    let next = date.checked_add_days(Days::new(1)).unwrap_or(date);
    let Ok(range) = Period::new(midnight(date), midnight(next)) else { return Vec::new() };
    let mut found: Vec<(DateTime<Utc>, DateTime<Utc>, String, bool)> = Vec::new();
    for span in roster.spans(&plan.service, &plan.equipe, range) {
        let (from, until) = (span.period.from(), span.period.until());
        let names = names(&span.ladder);
        match found.last_mut() {
            // Another reason is no difference on the wall.
            Some(last) if last.1 == from && last.2 == names => last.1 = until,
            _ if names.is_empty() => {}
            _ => found.push((from, until, names, false)),
        }
    }
    let covered = coverage(roster, &plan.service, &plan.equipe, &plan.hours, zone, range);
    for finding in covered.findings.iter().filter(|finding| finding.lack == Lack::Uncovered) {
        let (from, until) = (finding.period.from(), finding.period.until());
        found.push((from, until, "SCOPERTO".to_owned(), true));
    }
    found.sort_by_key(|(from, ..)| *from);
    let clock = |at: DateTime<Utc>| {
        if at == range.until() { "24".to_owned() } else { words::clock(at, zone) }
    };
    let entry = |(from, until, text, gap)| Entry {
        time: format!("{}–{}", clock(from), clock(until)),
        text,
        gap,
    };
    found.into_iter().map(entry).collect()
}

/// «Ada Greco, Bruno Leo · 2: Eva Neri»; empty when nobody is rung.
fn names(ladder: &Ladder) -> String {
    let step = |step: &crate::roster::Step| {
        let people: Vec<&str> = step.responders.iter().map(|p| p.person.as_str()).collect();
        format!("{}: {}", step.number, people.join(", "))
    };
    let mut steps = ladder.steps.iter().filter(|step| !step.responders.is_empty()).map(step);
    let first = steps.next().unwrap_or_default();
    steps.fold(first, |all, next| format!("{all} · {next}"))
}
