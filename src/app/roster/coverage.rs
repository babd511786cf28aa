//! `polaris roster coverage`: the minutes at which nobody could be rung.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::Serialize;

use super::super::command::Exit;
use super::super::config::Config;
use super::super::house::{self, read_store};
use super::{Services, words};
use crate::dialplan::Plan;
use crate::roster::{Coverage, Lack, Period, coverage};
use crate::words::ServiceId;

/// Something found, as JSON; the sums of an équipe have the kind `total`.
#[derive(Debug, Serialize)]
struct Row<'a> {
    service: &'a ServiceId,
    equipe: &'a str,
    kind: &'static str,
    from: String,
    until: String,
    minutes: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    covered_minutes: Option<i64>,
    text: String,
}

/// The next `days` of every plan, or of one service.
pub(super) async fn check_coverage(
    config: &Config,
    days: u32,
    service: Option<&str>,
    json: bool,
) -> anyhow::Result<Exit> {
    let services = Services::of(config);
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
            print_json(plan, &found, range)?;
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
    let said = lack.to_string();
    let Lack::Unmet { comune: Some(istat), .. } = lack else { return said };
    let Some(known) = plan.comuni.iter().find(|comune| comune.istat == *istat) else {
        return said;
    };
    said.replace(&format!("Comune {istat}"), &format!("Comune {}", known.name))
}

fn print_json(plan: &Plan, found: &Coverage, range: Period) -> anyhow::Result<()> {
    let row = |kind, period: Period, text| Row {
        service: &plan.service,
        equipe: &plan.equipe,
        kind,
        from: rfc3339(period.from(), plan.timezone),
        until: rfc3339(period.until(), plan.timezone),
        minutes: (period.until() - period.from()).num_minutes(),
        covered_minutes: None,
        text,
    };
    let mut rows: Vec<Row<'_>> = Vec::new();
    for finding in &found.findings {
        rows.push(row(kind(&finding.lack), finding.period, text(plan, &finding.lack)));
    }
    let closed = found.closed.iter();
    rows.extend(closed.map(|period| row("closed_by_design", *period, "chiuso per orario".into())));
    rows.push(Row {
        minutes: found.required.num_minutes(),
        covered_minutes: Some(found.covered.num_minutes()),
        ..row("total", range, "il servizio risponde, e quanto è coperto".into())
    });
    for row in rows {
        println!("{}", serde_json::to_string(&row)?);
    }
    Ok(())
}

fn kind(lack: &Lack) -> &'static str {
    match lack {
        Lack::OnePersonOnly => "one_person_only",
        Lack::Uncovered => "uncovered",
        Lack::Unmet { .. } => "requirement_unmet",
        Lack::WithoutPhone { .. } => "without_phone",
    }
}

fn rfc3339(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).to_rfc3339()
}
