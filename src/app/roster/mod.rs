//! `polaris roster`: who is on duty, and every change of it.

mod changes;
mod coverage;
mod feed;
mod files;
mod on_call;
mod sheet;
mod words;

pub(super) use files::{diff, slips};

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use chrono::{DateTime, NaiveDateTime, TimeZone as _, Utc};
use chrono_tz::Tz;
use clap::Subcommand;

use super::command::Exit;
use super::config::Config;
use super::{closures, house, plans};
use crate::console;
use crate::dialplan::Plan;
use crate::roster::{Edit, Known, Records, Table};
use crate::store;
use crate::words::ServiceId;

#[derive(Debug, Subcommand)]
pub(super) enum Roster {
    /// Importa una tabella: sostituisce le righe dei servizi e delle équipe nominati nel file.
    Import {
        /// Il file CSV; la prima riga dice quale tabella è (turni:
        /// service,equipe,step,person,phone,from,until).
        file: PathBuf,
        /// Chi lo fa; senza, l'utente di questa macchina.
        #[arg(long, value_name = "NOME")]
        by: Option<String>,
    },
    /// Scrive una tabella in CSV.
    Export {
        /// Quale: shifts, people, rotations, overrides, absences, policies, requirements.
        #[arg(long, value_name = "TABELLA", default_value = "shifts", value_parser = table)]
        table: Table,
    },
    /// Ogni minuto in cui il servizio risponde e nessuno squillerebbe.
    Coverage {
        /// Per quanti giorni da adesso.
        #[arg(long, default_value_t = DAYS)]
        days: u32,
        /// Un servizio solo.
        #[arg(long, value_name = "SERVIZIO")]
        service: Option<String>,
        /// Un oggetto JSON per riga.
        #[arg(long)]
        json: bool,
    },
    /// Le sostituzioni: una persona al posto di un'altra.
    Override {
        #[command(subcommand)]
        command: changes::OverrideCommand,
    },
    /// Le assenze.
    Absence {
        #[command(subcommand)]
        command: changes::AbsenceCommand,
    },
    /// Gli scambi di turno.
    Swap {
        #[command(subcommand)]
        command: changes::SwapCommand,
    },
    /// Chi ha cambiato che cosa, e quando.
    Changes {
        /// Quante modifiche, dalla più recente.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// Un oggetto JSON per modifica, con le righe prima e dopo.
        #[arg(long)]
        json: bool,
    },
    /// Che cosa cambierebbe importando un file: chi squillerebbe al posto di chi.
    Diff {
        /// Il file CSV.
        file: PathBuf,
        /// Per quanti giorni da adesso.
        #[arg(long, default_value_t = DAYS)]
        days: u32,
    },
    /// I turni come calendario per il telefono, a un indirizzo segreto.
    Feed {
        #[command(subcommand)]
        command: feed::FeedCommand,
    },
    /// Il mese da appendere al muro: HTML da stampare, senza numeri di telefono.
    Sheet {
        /// Il mese, per esempio 2026-12; senza, quello in corso.
        #[arg(long, value_name = "AAAA-MM")]
        month: Option<String>,
        /// Un servizio solo.
        #[arg(long, value_name = "SERVIZIO")]
        service: Option<String>,
    },
    /// Chi è di turno, con sostituzioni, assenze e scambi.
    OnCall {
        /// Un istante in ora civile, per esempio 2026-12-25T03:12; senza, adesso.
        #[arg(long)]
        at: Option<String>,
        /// Un oggetto JSON per persona.
        #[arg(long)]
        json: bool,
    },
}

/// How many days are looked ahead unless told.
pub(super) const DAYS: u32 = 60;
/// The zone of what no plan says.
const ZONE: Tz = chrono_tz::Europe::Rome;

pub(super) async fn run(config: &Config, command: Roster) -> anyhow::Result<Exit> {
    match command {
        Roster::Import { file, by } => files::import(config, &file, by.as_deref()).await,
        Roster::Export { table } => files::export(config, table).await,
        Roster::Coverage { days, service, json } => {
            coverage::check_coverage(config, days, service.as_deref(), json).await
        }
        Roster::Override { command } => changes::overrides(config, command).await,
        Roster::Absence { command } => changes::absences(config, command).await,
        Roster::Swap { command } => changes::swaps(config, command).await,
        Roster::Changes { limit, json } => changes::history(config, limit, json).await,
        Roster::Diff { file, days } => diff(config, &file, days).await,
        Roster::Feed { command } => feed::run(config, command).await,
        Roster::Sheet { month, service } => {
            sheet::sheet(config, month.as_deref(), service.as_deref()).await
        }
        Roster::OnCall { at, json } => on_call::on_call(config, at.as_deref(), json).await,
    }
}

/// The table of a word.
fn table(word: &str) -> Result<Table, String> {
    let files = || Table::ALL.into_iter().filter(|table| *table != Table::Swaps);
    files().find(|table| table.word() == word).ok_or_else(|| {
        let words: Vec<&str> = files().map(Table::word).collect();
        format!("le tabelle sono {}", words.join(", "))
    })
}

/// The services of the configuration, as far as their plans can be read.
struct Services {
    plans: Vec<Arc<Plan>>,
    zones: BTreeMap<ServiceId, Tz>,
}

impl Services {
    fn of(config: &Config) -> Self {
        Self::with(plans::read(config, &house::recordings(config)).plans)
    }

    fn with(plans: Vec<Arc<Plan>>) -> Self {
        let zones = plans.iter().map(|plan| (plan.service.clone(), plan.timezone)).collect();
        Self { plans, zones }
    }

    /// The same, their offices shut where a coordinator shut them: for what looks ahead.
    async fn with_closures(config: &Config) -> Self {
        let mut services = Self::of(config);
        closures::shut_plans(config, &mut services.plans).await;
        services
    }

    fn zone(&self, service: &ServiceId) -> Tz {
        self.zones.get(service).copied().unwrap_or(ZONE)
    }

    fn known<'a>(&'a self, records: &'a Records) -> Known<'a> {
        Known { records, zones: &self.zones, zone: ZONE }
    }

    /// The plan of a service; of the only one without a name.
    fn plan(&self, service: Option<&str>) -> anyhow::Result<&Plan> {
        let mut plans = self.plans.iter();
        match (service, self.plans.as_slice()) {
            (None, [only]) => Ok(only),
            (None, _) => Err(anyhow!("quale servizio? Aggiungi --service; {}", self.names())),
            (Some(name), _) => plans
                .find(|plan| plan.service.as_str() == name)
                .map(|plan| plan.as_ref())
                .ok_or_else(|| anyhow!("{}", self.none_named(name))),
        }
    }

    fn none_named(&self, name: &str) -> String {
        format!("nessun piano si chiama «{name}»; {}", self.names())
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.plans.iter().map(|plan| plan.service.as_str()).collect();
        match names.as_slice() {
            [] => "nessun piano si può leggere: `polaris check` dice perché".to_owned(),
            names => format!("ci sono {}", names.join(", ")),
        }
    }

    /// Services and équipes of the plans and of the roster, each once.
    fn equipes(&self, records: &Records) -> Vec<(ServiceId, String)> {
        console::equipes(self.plans.iter().map(AsRef::as_ref), records)
    }
}

/// Makes an edit; a refusal is said, and is a problem and no failure.
async fn edit(
    config: &Config,
    edit: &Edit,
    by: Option<&str>,
) -> anyhow::Result<Option<store::EditedRoster>> {
    let by = by.map_or_else(os_user, str::to_owned);
    match store::edit_roster(&config.store_url, edit, &by, house::wall()).await {
        Ok(edited) => Ok(Some(edited)),
        Err(store::EditRosterError::Refused(refused)) => {
            eprintln!("{refused}");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// The account on this machine, for who gives no name.
fn os_user() -> String {
    let named = |variable| std::env::var(variable).ok().filter(|name| !name.trim().is_empty());
    named("LOGNAME").or_else(|| named("USER")).unwrap_or_else(|| "sconosciuto".to_owned())
}

/// A civil time of `zone`, or an instant with its offset.
fn parse_instant(text: &str, zone: Tz) -> anyhow::Result<DateTime<Utc>> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Ok(instant.to_utc());
    }
    let civil = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .with_context(|| format!("«{text}» non è un istante: scrivi 2026-12-25T03:12"))?;
    zone.from_local_datetime(&civil)
        .earliest()
        .map(|local| local.to_utc())
        .with_context(|| format!("{text} non esiste: quella notte l'orologio salta un'ora"))
}
