//! `polaris roster import` and `export`: tables as CSV.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use super::super::command::Exit;
use super::super::config::Config;
use super::super::house::{self, read_store};
use super::{Services, edit, words};
use crate::dialplan::Plan;
use crate::roster::{self, Author, Edit, ReadRows, Records, Roster, Table, read_rows, write_rows};
use crate::store::{self, ReadCallsError, ReadRosterError};
use crate::words::ServiceId;

pub(super) async fn import(config: &Config, file: &Path, by: Option<&str>) -> anyhow::Result<Exit> {
    let services = Services::of(config);
    let before = records(config).await?;
    let Some(read) = read_file(&services, &before, file)? else {
        return Ok(Exit::Problems);
    };
    let (table, count) = (read.rows.table(), read.rows.len());
    let Some(_) = edit(config, &Edit::Import(read.rows), by).await? else {
        eprintln!("Niente è stato importato.");
        return Ok(Exit::Problems);
    };
    let after = records(config).await?;
    for warning in unknown_services(&services, &after, table).iter().chain(&nameless(&after)) {
        eprintln!("Attenzione: {warning}");
    }
    match table {
        Table::Shifts => println!("{count} turni importati."),
        other => println!("{count} righe importate ({}).", other.italian()),
    }
    Ok(Exit::Done)
}

pub(super) async fn export(config: &Config, table: Table) -> anyhow::Result<Exit> {
    let standing = read_store(config).await?.roster().await?;
    let services = Services::of(config);
    let records = standing.roster.records();
    let text = write_rows(records, table, &services.known(records));
    print!("{}", text.context("questa tabella non ha un file CSV")?);
    Ok(Exit::Done)
}

/// `polaris roster diff`: says what an import would change, and imports nothing.
pub(in super::super) async fn diff(
    config: &Config,
    file: &Path,
    days: u32,
) -> anyhow::Result<Exit> {
    let Some(lines) = diff_lines(config, file, days).await? else {
        return Ok(Exit::Problems);
    };
    lines.iter().for_each(|line| println!("{line}"));
    Ok(Exit::Done)
}

/// What an import of `file` would change in the next `days`, a sentence each; `None` once
/// its problems are said.
///
/// # Errors
/// When the file or the roster cannot be read.
async fn diff_lines(
    config: &Config,
    file: &Path,
    days: u32,
) -> anyhow::Result<Option<Vec<String>>> {
    let services = Services::of(config);
    let before = records(config).await?;
    let Some(read) = read_file(&services, &before, file)? else {
        return Ok(None);
    };
    let at = house::wall();
    let author = Author { by: String::new(), at, revision: 0 };
    let after = match Edit::Import(read.rows).apply(&before, &author) {
        Ok(edited) => edited.records,
        Err(refused) => {
            eprintln!("{refused}");
            return Ok(None);
        }
    };
    let roster = |records: Records| Roster::new(records).map_err(ReadRosterError::Broken);
    let (before, after) = (roster(before)?, roster(after)?);
    let range = words::days_from(at, days)?;
    let mut equipes = services.equipes(before.records());
    equipes.extend(services.equipes(after.records()));
    equipes.sort_unstable();
    equipes.dedup();
    let mut lines = Vec::new();
    for (service, equipe) in equipes {
        let zone = services.zone(&service);
        for changed in roster::diff(&before, &after, &service, &equipe, range) {
            lines.push(format!("{service}/{equipe} {}", changed.text(zone)));
        }
    }
    if lines.is_empty() {
        lines.push(format!("Nei prossimi {days} giorni non cambia chi squilla."));
    }
    Ok(Some(lines))
}

/// The rows of a file; `None` once its problems are said.
pub(super) fn read_file(
    services: &Services,
    records: &Records,
    file: &Path,
) -> anyhow::Result<Option<ReadRows>> {
    let name = file.display();
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("{name}: il file non si può leggere"))?;
    match read_rows(&text, &services.known(records)) {
        Ok(read) => {
            for warning in &read.warnings {
                eprintln!("Attenzione: {name}, {warning}");
            }
            Ok(Some(read))
        }
        Err(problems) => {
            for problem in &problems {
                eprintln!("{name}, {problem}");
            }
            eprintln!("Niente è stato importato: {} righe da correggere.", problems.len());
            Ok(None)
        }
    }
}

/// The roster there is; none where there is no database yet. One of an older version is
/// brought up to date.
async fn records(config: &Config) -> anyhow::Result<Records> {
    match store::Reader::open(&config.store_url).await {
        Ok(reader) => Ok(reader.roster().await?.roster.records().clone()),
        Err(ReadCallsError::NoDatabase(_)) => Ok(Records::default()),
        Err(ReadCallsError::Schema { found, needed }) if found < needed => {
            store::bring_up_to_date(&config.store_url).await?;
            let reader = store::Reader::open(&config.store_url).await?;
            Ok(reader.roster().await?.roster.records().clone())
        }
        Err(error) => Err(error.into()),
    }
}

/// A service or an équipe nobody calls is likely a slip of the pen; it is said, not
/// refused.
fn unknown_services(services: &Services, records: &Records, table: Table) -> Vec<String> {
    let known = |service: &ServiceId| services.zones.contains_key(service);
    let mut unknown: BTreeSet<String> = BTreeSet::new();
    let people = records.people.iter().map(|person| &person.service);
    let absences = records.absences.iter().map(|absence| &absence.service);
    let of_service =
        people.chain(absences).filter(|_| matches!(table, Table::People | Table::Absences));
    for service in of_service.filter(|service| !known(service)) {
        unknown.insert(format!("nessun piano si chiama «{service}»."));
    }
    for (service, equipe) in services.equipes(records) {
        let planned = |plan: &&Arc<Plan>| plan.service == service;
        let plans: Vec<_> = services.plans.iter().filter(planned).collect();
        if plans.is_empty() {
            unknown
                .insert(format!("nessun piano si chiama «{service}»; i suoi turni non squillano."));
        } else if plans.iter().all(|plan| plan.equipe != equipe) {
            unknown.insert(format!(
                "nell'équipe «{equipe}» di «{service}» nessuno squilla: il piano chiama «{}».",
                plans.first().map_or("", |plan| plan.equipe.as_str())
            ));
        }
    }
    unknown.into_iter().collect()
}

/// All that a roster names and nobody knows, in plain words.
pub(in crate::app) fn slips(plans: &[Arc<Plan>], records: &Records) -> BTreeSet<String> {
    let services = Services::with(plans.to_vec());
    // Its people and absences are looked at as well as its turns.
    let unknown = unknown_services(&services, records, Table::People);
    unknown.into_iter().chain(nameless(records)).map(|slip| format!("turni: {slip}")).collect()
}

/// People that rotations, overrides and the like name, and that are not (or no longer)
/// known.
fn nameless(records: &Records) -> Vec<String> {
    let known: BTreeSet<(&ServiceId, &str)> = records
        .people
        .iter()
        .map(|person| (&person.service, person.name.as_str()))
        .chain(records.shifts.iter().map(|shift| (&shift.service, shift.person.as_str())))
        .collect();
    let mut missing: BTreeSet<String> = BTreeSet::new();
    let mut look = |service: &ServiceId, person: &str, place: String| {
        if !known.contains(&(service, person)) {
            missing
                .insert(format!("«{person}» è in {place}, ma non tra le persone di «{service}»."));
        }
    };
    for rotation in &records.rotations {
        for person in &rotation.people {
            look(&rotation.service, person, format!("rotazione «{}»", rotation.name));
        }
    }
    for record in &records.overrides {
        look(&record.service, &record.by, format!("sostituzione {}", record.id));
    }
    for swap in &records.swaps {
        look(&swap.service, &swap.to, format!("scambio {}", swap.id));
    }
    missing.into_iter().collect()
}
