//! `polaris check` and `explain`: every problem before a caller meets it.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use super::command::Exit;
use super::config::{Config, ReadConfigError};
use super::{
    certificates, check_paths, config_tls, config_trunks, copies, duty, files, house, key, plans,
    trunks, webhooks,
};
use crate::console::{PlanFinding, Severity};
use crate::dialplan::{self, Plan};
use crate::roster::{Need, Roster};
use crate::store::{KEPT_ROSTER, ReadCallsError, Reader};
use crate::voice::{Defect, Recordings};

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
    let (recordings, defects) = Recordings::embedded().with_overrides(&config.own_prompts());
    findings.extend(of_prompts(&defects));
    let read = plans::read(&config, &recordings);
    findings.extend(of_plans(&read));
    findings.extend(files::check(&config).err().map(|error| Finding {
        severity: "warning",
        about: "system",
        text: error.to_string(),
    }));
    let certificate = certificates::own_complaint(&config, house::wall());
    findings.extend(certificate.map(|(severity, text)| Finding {
        severity,
        about: "certificate",
        text,
    }));
    findings.extend(key::complaint(&config).await.map(|text| Finding {
        severity: "error",
        about: "keys",
        text,
    }));
    findings.extend(copies::complaint(&config).map(|text| Finding {
        severity: "error",
        about: "backup",
        text,
    }));
    findings.extend(webhooks::complaints(&config).await.into_iter().map(|text| Finding {
        severity: "warning",
        about: "webhook",
        text,
    }));
    let of_trunks = trunks::complaints(&config).into_iter().chain(config_tls::unprotected(&config));
    let of_trunks = of_trunks.chain(config_trunks::seen_at_two(&config));
    findings.extend(of_trunks.map(|text| Finding { severity: "warning", about: "trunk", text }));
    findings.extend(paths(&read, &recordings));
    findings.extend(roster(&config, &read).await);
    report(findings, json)
}

/// What the console shows of plans and recordings: as the service has them now on disk.
pub(super) fn of_what_is_heard(config: &Config) -> Vec<PlanFinding> {
    let (recordings, defects) = Recordings::embedded().with_overrides(&config.own_prompts());
    let read = plans::read(config, &recordings);
    let findings = of_prompts(&defects).chain(of_plans(&read));
    let findings = findings.chain(paths(&read, &recordings));
    let shown = findings.map(|finding| PlanFinding {
        severity: match finding.severity {
            "error" => Severity::Error,
            "warning" => Severity::Warning,
            _ => Severity::Info,
        },
        text: finding.text,
    });
    shown.collect()
}

fn of_prompts(defects: &[Defect]) -> impl Iterator<Item = Finding> {
    defects.iter().map(|defect| Finding {
        severity: "error",
        about: "prompts",
        text: defect.to_string(),
    })
}

fn of_plans(read: &plans::Read) -> impl Iterator<Item = Finding> {
    let problems = read.problems.iter().map(|problem| Finding {
        severity: if problem.is_error() { "error" } else { "warning" },
        about: "dialplan",
        text: problem.to_string(),
    });
    let failures = read.failures.iter().map(|failure| Finding {
        severity: "error",
        about: "dialplan",
        text: failure.clone(),
    });
    problems.chain(failures)
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
async fn roster(config: &Config, plans: &plans::Read) -> Vec<Finding> {
    let about = |severity, text: String| Finding { severity, about: "roster", text };
    let warning = |text| about("warning", text);
    // A service that never ran has no database, and that is no error.
    let (read, severity) = match Reader::open(&config.store_url).await {
        Ok(store) => (store.roster().await.map_err(anyhow::Error::from), "error"),
        Err(error @ ReadCallsError::NoDatabase(_)) => (Err(error.into()), "warning"),
        Err(error) => (Err(error.into()), "error"),
    };
    let duty = match duty::choose(read, &config.data_dir) {
        Ok(duty) => duty,
        Err(error) => {
            return vec![about(severity, format!("i turni non si possono leggere: {error:#}"))];
        }
    };
    let mut findings = Vec::new();
    if let Some(kept) = duty.kept {
        findings.push(about(
            "error",
            format!(
                "i turni nella banca dati non si possono leggere ({}): il servizio usa la copia \
                 del {}, {}; ripara la banca dati, o importa di nuovo i turni",
                kept.why,
                kept.written.with_timezone(&chrono_tz::Europe::Rome).format("%d/%m/%Y %H:%M"),
                config.data_dir.join(KEPT_ROSTER).display(),
            ),
        ));
    }
    let roster = duty.standing.roster;
    let at = house::wall();
    let nobody =
        |plan: &Plan| roster.on_call(&plan.service, &plan.equipe, at, &Need::default()).is_empty();
    let unattended = plans.plans.iter().filter(|plan| nobody(plan));
    findings.extend(unattended.map(|plan| {
        warning(format!(
            "servizio «{}»: adesso nessuno è di turno; importa i turni con `polaris roster \
                 import FILE.csv`",
            plan.service
        ))
    }));
    let slips = super::roster::slips(&plans.plans, roster.records());
    findings.extend(slips.into_iter().map(warning));
    findings.extend(abroad(config, plans, &roster).into_iter().map(warning));
    findings
}

/// Phones of rosters and plans that no call would be sent to.
fn abroad(config: &Config, read: &plans::Read, roster: &Roster) -> BTreeSet<String> {
    let records = roster.records();
    let of_shifts = records.shifts.iter();
    let of_shifts = of_shifts.filter_map(|shift| Some((&*shift.person, shift.phone.as_ref()?)));
    let of_people = records.people.iter();
    let of_people =
        of_people.flat_map(|person| person.phones.iter().map(|phone| (&*person.name, phone)));
    let of_plans = read.plans.iter();
    let of_plans =
        of_plans.flat_map(|plan| plan.own_targets().map(|target| (plan.service.as_str(), target)));
    of_shifts
        .chain(of_people)
        .chain(of_plans)
        .filter(|(_, phone)| !phone.is_in(&config.outbound_countries))
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

/// A plan in plain words; recordings of one's own count where the configuration can be used.
pub(super) fn explain(
    config: Result<Config, ReadConfigError>,
    file: &Path,
) -> anyhow::Result<Exit> {
    let recordings = match config {
        Ok(config) => house::recordings(&config),
        // It is `check` that says so.
        Err(ReadConfigError::Wrong { .. }) => Recordings::embedded(),
        Err(error) => return Err(error.into()),
    };
    let shipped = plans::SHIPPED.iter().find(|(name, _)| Path::new(name) == file);
    let text = match shipped {
        Some((_, text)) if !file.exists() => (*text).to_owned(),
        _ => std::fs::read_to_string(file)
            .with_context(|| format!("{}: il piano non si può leggere", file.display()))?,
    };
    let known = plans::known(&recordings);
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
