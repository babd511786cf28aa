//! `polaris check` and `explain`: every problem before a caller meets it.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use super::command::Exit;
use super::config::{Config, ReadConfigError};
use super::{check_paths, files, house, plans, trunks};
use crate::dialplan::{self, Plan};
use crate::roster::{Need, Roster, Shift};
use crate::voice::Recordings;

/// Something found, as JSON.
#[derive(Debug, Serialize)]
struct Finding {
    severity: &'static str,
    about: &'static str,
    text: String,
}

pub(super) async fn check(
    config: Result<Config, ReadConfigError>,
    json: bool,
) -> anyhow::Result<Exit> {
    let mut findings = Vec::new();
    let config = match config {
        Ok(config) => config,
        Err(ReadConfigError::Wrong { problems, rest }) => {
            let error = |text| Finding { severity: "error", about: "config", text };
            findings.extend(problems.into_iter().map(error));
            match rest {
                Some(config) => *config,
                None => return report(findings, json),
            }
        }
        Err(error) => return Err(error.into()),
    };
    let embedded = Recordings::embedded();
    let recordings = match &config.prompt_overrides {
        None => embedded,
        Some(folder) => {
            let (recordings, defects) = embedded.with_overrides(folder);
            findings.extend(defects.iter().map(|defect| Finding {
                severity: "error",
                about: "prompts",
                text: defect.to_string(),
            }));
            recordings
        }
    };
    let read = plans::read(&config, &recordings);
    findings.extend(read.problems.iter().map(|problem| Finding {
        severity: if problem.is_error() { "error" } else { "warning" },
        about: "dialplan",
        text: problem.to_string(),
    }));
    findings.extend(read.failures.iter().map(|failure| Finding {
        severity: "error",
        about: "dialplan",
        text: failure.clone(),
    }));
    findings.extend(files::check(&config).err().map(|error| Finding {
        severity: "warning",
        about: "system",
        text: error.to_string(),
    }));
    findings.extend(trunks::complaints(&config).into_iter().map(|text| Finding {
        severity: "warning",
        about: "trunk",
        text,
    }));
    findings.extend(paths(&read, &recordings));
    findings.extend(roster(&config, &read).await);
    report(findings, json)
}

/// Every path of every plan that can be used, and how long callers wait at most.
fn paths(read: &plans::Read, recordings: &Recordings) -> Vec<Finding> {
    let lengths = check_paths::lengths(recordings);
    let mut findings = Vec::new();
    for plan in &read.plans {
        let walked = check_paths::walk(plan, &lengths);
        let finding = |severity| move |text| Finding { severity, about: "paths", text };
        findings.extend(walked.errors.into_iter().map(finding("error")));
        findings.extend(walked.warnings.into_iter().map(finding("warning")));
        findings.push(finding("info")(walked.waits));
    }
    findings
}

/// Services with nobody on duty now, or whose roster cannot be read.
async fn roster(config: &Config, read: &plans::Read) -> Vec<Finding> {
    let warning = |text: String| Finding { severity: "warning", about: "roster", text };
    let shifts = match house::read_store(config).await {
        Ok(store) => store.roster().await.map_err(anyhow::Error::from),
        Err(error) => Err(error),
    };
    let shifts = match shifts {
        Ok(shifts) => shifts,
        Err(error) => return vec![warning(format!("i turni non si possono leggere: {error:#}"))],
    };
    let at = house::wall();
    let abroad: Vec<String> = abroad(config, read, &shifts).into_iter().collect();
    let roster = Roster::from_shifts(shifts);
    let nobody =
        |plan: &Plan| roster.on_call(&plan.service, &plan.equipe, at, &Need::default()).is_empty();
    read.plans
        .iter()
        .filter(|plan| nobody(plan))
        .map(|plan| {
            warning(format!(
                "servizio «{}»: adesso nessuno è di turno; importa i turni con `polaris roster \
                 import FILE.csv`",
                plan.service
            ))
        })
        .chain(abroad.into_iter().map(warning))
        .collect()
}

/// Phones of rosters and plans that no call would be sent to.
fn abroad(config: &Config, read: &plans::Read, shifts: &[Shift]) -> BTreeSet<String> {
    let of_shifts = shifts.iter().filter_map(|shift| Some((&*shift.person, shift.phone.as_ref()?)));
    let of_plans = read
        .plans
        .iter()
        .flat_map(|plan| plan.own_targets().map(|target| (plan.service.as_str(), target)));
    let countries = &config.outbound_countries;
    of_shifts
        .chain(of_plans)
        .filter(|(_, phone)| !phone.is_in(countries))
        .map(|(whose, phone)| {
            format!(
                "{whose}: il numero {} non sarebbe chiamato; aggiungi il suo prefisso a \
                 «outbound_countries» in [sip]",
                phone.reveal()
            )
        })
        .collect()
}

fn report(findings: Vec<Finding>, json: bool) -> anyhow::Result<Exit> {
    let count = |severity| findings.iter().filter(|found| found.severity == severity).count();
    let (errors, warnings) = (count("error"), count("warning"));
    for finding in &findings {
        if json {
            println!("{}", serde_json::to_string(finding)?);
        } else {
            println!("{}\n", finding.text.trim_end());
        }
    }
    if !json {
        println!("{errors} errori, {warnings} avvisi.");
    }
    Ok(if errors == 0 { Exit::Done } else { Exit::Problems })
}

pub(super) fn explain(file: &Path) -> anyhow::Result<Exit> {
    let shipped = plans::SHIPPED.iter().find(|(name, _)| Path::new(name) == file);
    let text = match shipped {
        Some((_, text)) if !file.exists() => (*text).to_owned(),
        _ => std::fs::read_to_string(file)
            .with_context(|| format!("{}: il piano non si può leggere", file.display()))?,
    };
    let known = plans::known(&Recordings::embedded());
    let (plan, problems) = dialplan::read(&file.display().to_string(), &text, &known);
    for problem in &problems {
        eprintln!("{problem}");
    }
    match plan {
        Some(plan) => {
            println!("{}", dialplan::explain(&plan));
            Ok(Exit::Done)
        }
        None => Ok(Exit::Problems),
    }
}
