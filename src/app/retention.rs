//! `polaris retention`, and the same every day in the service.
//!
//! It decides no term: the law of each is in `store::Rule`, the months of numbers in
//! `polaris.toml`. A purge never keeps a call waiting, and one that fails is tried the next day.

use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Months, Utc};
use clap::Subcommand;
use tokio::time::{MissedTickBehavior, interval};

use super::command::Exit;
use super::config::Config;
use super::house::{read_store, wall};
use crate::store::{Receipt, purge};

/// How often what has expired is looked for; at the start of the service too.
const EVERY: Duration = Duration::from_secs(24 * 3_600);
/// Receipts that are shown.
const SHOWN: u32 = 20;
/// More than so many that are due are not counted one by one.
const COUNTED: u32 = 100_000;

#[derive(Debug, Subcommand)]
pub(super) enum Retention {
    /// Cancella adesso ciò che è scaduto e dice che cosa; il servizio lo fa ogni giorno da sé.
    Run,
    /// Le regole, che cosa è scaduto adesso, le ultime ricevute.
    Show,
    /// Le schede chiuse da almeno tanti anni, in CSV: l'elenco da proporre per lo scarto. Non
    /// cancella nulla.
    Proposal {
        /// Da quanti anni sono chiuse.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
        years: u32,
    },
}

pub(super) async fn run(config: &Config, command: Retention) -> anyhow::Result<Exit> {
    match command {
        Retention::Run => {
            let receipts =
                purge(&config.store_url, &config.data_dir, &config.retention, wall()).await?;
            if receipts.is_empty() {
                println!("Nulla è scaduto.");
            }
            receipts.iter().for_each(|receipt| println!("{}", line(receipt)));
        }
        Retention::Show => show(config).await?,
        Retention::Proposal { years } => propose(config, years).await?,
    }
    Ok(Exit::Done)
}

/// Once a day for as long as the service runs.
pub(super) async fn keep(config: Config) {
    let mut every = interval(EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        match purge(&config.store_url, &config.data_dir, &config.retention, wall()).await {
            Ok(receipts) => {
                for Receipt { rule, count, .. } in receipts {
                    tracing::info!(rule, count, "what had expired was deleted");
                }
            }
            Err(error) => tracing::error!(%error, "what has expired could not be deleted"),
        }
    }
}

async fn show(config: &Config) -> anyhow::Result<()> {
    let reader = read_store(config).await?;
    println!("Che cosa scade da sé:");
    for (rule, due) in reader.due(&config.retention, wall(), COUNTED).await? {
        println!("  {} (adesso: {due})", rule.italian(&config.retention));
    }
    println!("Le schede non scadono: `polaris retention proposal --years N` elenca le chiuse.");
    let receipts = reader.receipts(SHOWN).await?;
    if receipts.is_empty() {
        println!("Nessuna ricevuta: nulla è ancora stato cancellato.");
        return Ok(());
    }
    println!("Ultime ricevute:");
    receipts.iter().for_each(|receipt| println!("  {}", line(receipt)));
    Ok(())
}

async fn propose(config: &Config, years: u32) -> anyhow::Result<()> {
    let before = wall().checked_sub_months(Months::new(years * 12)).context("troppi anni")?;
    let cases = read_store(config).await?.discardable(before).await?;
    let mut out = csv::Writer::from_writer(std::io::stdout().lock());
    out.write_record(["servizio", "scheda", "aperta", "chiusa", "fase", "fine", "comune"])?;
    for case in cases {
        out.write_record([
            case.service.as_str(),
            &case.number.to_string(),
            &day(case.opened),
            &day(case.closed),
            &case.stage,
            case.ended_as.as_deref().unwrap_or_default(),
            case.comune.as_deref().unwrap_or_default(),
        ])?;
    }
    out.flush().context("non si può scrivere")
}

fn line(receipt: &Receipt) -> String {
    format!(
        "{}  {} {}, prima del {} (riga {} del registro)",
        receipt.at.format("%d.%m.%Y %H:%M"),
        receipt.count,
        receipt.what,
        receipt.older_than.format("%d.%m.%Y"),
        receipt.audit
    )
}

fn day(at: DateTime<Utc>) -> String {
    at.with_timezone(&chrono_tz::Europe::Rome).format("%Y-%m-%d").to_string()
}
