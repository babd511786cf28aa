//! `polaris roster coverage`: the minutes at which nobody could be rung.

use chrono::TimeDelta;

use super::super::command::Exit;
use super::super::config::Config;
use super::super::house::{self, read_store};
use super::{Services, words};
use crate::console::coverage_rows;
use crate::dialplan::Plan;
use crate::roster::{Coverage, Lack, Period, coverage};

/// The next `days` of every plan, or of one service.
pub(super) async fn check_coverage(
    config: &Config,
    days: u32,
    service: Option<&str>,
    json: bool,
) -> anyhow::Result<Exit> {
    let services = Services::with_closures(config).await;
    let roster = read_store(config).await?.roster().await?.roster;
    let range = words::days_from(house::wall(), days)?;
    let plans: Vec<_> = services
        .plans
        .iter()
        .filter(|plan| service.is_none_or(|name| plan.service.as_str() == name))
        .collect();
    if plans.is_empty() {
        anyhow::bail!("{}", services.none_named(service.unwrap_or_default()));
    }
    let mut gap = false;
    for plan in plans {
        let zone = plan.timezone;
        let found = coverage(&roster, &plan.service, &plan.equipe, &plan.hours, zone, range);
        gap |= found.findings.iter().any(|finding| finding.lack == Lack::Uncovered);
        if json {
            for row in coverage_rows(plan, &found, range) {
                println!("{}", serde_json::to_string(&row)?);
            }
        } else {
            print_text(plan, &found, range);
        }
    }
    Ok(if gap { Exit::Problems } else { Exit::Done })
}

fn print_text(plan: &Plan, found: &Coverage, range: Period) {
    let zone = plan.timezone;
    let uncovered = found.required - found.covered;
    println!("{}, équipe {}: {}", plan.service, plan.equipe, words::period(range, zone));
    println!(
        "  Il servizio risponde per {}; coperte {}, scoperte {}.",
        words::length(found.required),
        words::length(found.covered),
        words::length(uncovered)
    );
    for finding in &found.findings {
        let mark = if finding.lack == Lack::Uncovered { "SCOPERTO" } else { "avviso  " };
        println!(
            "  {mark}  {} ({}): {}",
            words::period(finding.period, zone),
            words::length(finding.period.until() - finding.period.from()),
            text(plan, &finding.lack)
        );
    }
    if !found.closed.is_empty() {
        let closed = found.closed.iter();
        let total = closed.fold(TimeDelta::zero(), |sum, p| sum + (p.until() - p.from()));
        println!(
            "  Chiuso per orario, rispondono gli uffici dei Comuni: {} volte, {} in tutto (non è \
             una mancanza).",
            found.closed.len(),
            words::length(total)
        );
    }
}

/// The lack with the Comune by name.
fn text(plan: &Plan, lack: &Lack) -> String {
    lack.named(|istat| plan.name_of_comune(istat))
}
