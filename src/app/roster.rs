//! `polaris roster`: who is on duty, in and out as CSV.

use std::path::PathBuf;

use anyhow::Context;
use chrono::{DateTime, NaiveDateTime, TimeZone as _, Utc};
use chrono_tz::Tz;
use clap::Subcommand;
use serde::Serialize;

use super::command::Exit;
use super::config::Config;
use super::house::{self, read_store};
use super::plans;
use crate::words::PhoneNumber;
use crate::{roster, store};

#[derive(Debug, Subcommand)]
pub(super) enum Roster {
    /// Importa i turni: sostituisce quelli dei servizi e delle équipe nominati nel file.
    Import {
        /// Il file CSV: service,équipe,step,person,phone,from,until.
        file: PathBuf,
        /// Chi lo fa; senza, l'utente di questa macchina.
        #[arg(long, value_name = "NOME")]
        by: Option<String>,
    },
    /// Scrive i turni in CSV.
    Export,
    /// Chi è di turno.
    OnCall {
        /// Un istante in ora civile, per esempio 2026-12-25T03:12; senza, adesso.
        #[arg(long)]
        at: Option<String>,
        /// Un oggetto JSON per persona.
        #[arg(long)]
        json: bool,
    },
}

/// One responder on duty, as JSON.
#[derive(Debug, Serialize)]
struct OnCallRow {
    service: String,
    equipe: String,
    step: u32,
    person: String,
    phone: Option<PhoneNumber>,
    from: String,
    until: String,
}

const ZONE: Tz = chrono_tz::Europe::Rome;

pub(super) async fn run(config: &Config, command: Roster) -> anyhow::Result<Exit> {
    match command {
        Roster::Import { file, by } => import(config, &file, by.as_deref()).await,
        Roster::Export => {
            let standing = read_store(config).await?.roster().await?;
            print!("{}", roster::write_csv(&standing.roster.records().shifts));
            Ok(Exit::Done)
        }
        Roster::OnCall { at, json } => on_call(config, at.as_deref(), json).await,
    }
}

/// The account on this machine, for who gives no name.
fn os_user() -> String {
    let named = |variable| std::env::var(variable).ok().filter(|name| !name.trim().is_empty());
    named("LOGNAME").or_else(|| named("USER")).unwrap_or_else(|| "sconosciuto".to_owned())
}

async fn import(config: &Config, file: &std::path::Path, by: Option<&str>) -> anyhow::Result<Exit> {
    let name = file.display();
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("{name}: il file non si può leggere"))?;
    let shifts = match roster::read_csv(&text, ZONE) {
        Ok(shifts) => shifts,
        Err(problems) => {
            for problem in &problems {
                eprintln!("{name}, {problem}");
            }
            eprintln!("Niente è stato importato: {} righe da correggere.", problems.len());
            return Ok(Exit::Problems);
        }
    };
    unknown_services(config, &shifts);
    let count = shifts.len();
    let edit = roster::Edit::Import(roster::Rows::Shifts(shifts));
    let by = by.map_or_else(os_user, str::to_owned);
    match store::edit_roster(&config.store_url, &edit, &by, house::wall()).await {
        Err(store::EditRosterError::Refused(refused)) => {
            eprintln!("{refused}\nNiente è stato importato.");
            return Ok(Exit::Problems);
        }
        edited => edited?,
    };
    println!("{count} turni importati.");
    Ok(Exit::Done)
}

/// A service nobody calls is likely a slip of the pen; it is said, not refused.
fn unknown_services(config: &Config, shifts: &[roster::Shift]) {
    let read = plans::read(config, &house::recordings(config));
    let mut unknown: Vec<&str> = shifts
        .iter()
        .map(|shift| shift.service.as_str())
        .filter(|service| read.plans.iter().all(|plan| plan.service.as_str() != *service))
        .collect();
    unknown.sort_unstable();
    unknown.dedup();
    for service in unknown {
        eprintln!("Attenzione: nessun piano si chiama «{service}»; i suoi turni non squillano.");
    }
}

async fn on_call(config: &Config, at: Option<&str>, json: bool) -> anyhow::Result<Exit> {
    let at = at.map(parse_instant).transpose()?.unwrap_or_else(house::wall);
    let standing = read_store(config).await?.roster().await?;
    let shifts = &standing.roster.records().shifts;
    let mut on_duty: Vec<&roster::Shift> = shifts.iter().filter(|shift| shift.covers(at)).collect();
    on_duty.sort_by_key(|shift| (shift.service.clone(), shift.equipe.clone(), shift.step));
    for shift in &on_duty {
        let local = |instant: DateTime<Utc>| instant.with_timezone(&ZONE);
        let row = OnCallRow {
            service: shift.service.to_string(),
            equipe: shift.equipe.clone(),
            step: shift.step,
            person: shift.person.clone(),
            phone: shift.phone.clone(),
            from: local(shift.from()).to_rfc3339(),
            until: local(shift.until()).to_rfc3339(),
        };
        if json {
            println!("{}", serde_json::to_string(&row)?);
        } else {
            println!(
                "{:<12} {:<8} {}  {:<24} {:<14} fino alle {}",
                row.service,
                row.equipe,
                row.step,
                row.person,
                row.phone.as_ref().map_or("–", PhoneNumber::reveal),
                local(shift.until()).format("%H:%M del %d.%m.%Y"),
            );
        }
    }
    if on_duty.is_empty() {
        eprintln!("Nessuno è di turno.");
        return Ok(Exit::Problems);
    }
    Ok(Exit::Done)
}

/// A civil time in Rome, or an instant with its offset.
fn parse_instant(text: &str) -> anyhow::Result<DateTime<Utc>> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Ok(instant.to_utc());
    }
    let civil = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .with_context(|| format!("«{text}» non è un istante: scrivi 2026-12-25T03:12"))?;
    ZONE.from_local_datetime(&civil)
        .earliest()
        .map(|local| local.to_utc())
        .with_context(|| format!("{text} non esiste: quella notte l'orologio salta un'ora"))
}
