//! `polaris webhooks`: what other programs were not told yet, or never.

use super::command::Exit;
use super::config::Config;
use super::house;
use crate::store::{Clerk, Reader};
use crate::webhook;
use crate::words::SystemClock;

/// `polaris webhooks`: exit 1 when a message was given up.
pub(super) async fn show(config: &Config, json: bool) -> anyhow::Result<Exit> {
    let outboxes = house::read_store(config).await?.outboxes().await?;
    let lost = outboxes.iter().any(|outbox| outbox.given_up > 0);
    for outbox in &outboxes {
        if json {
            println!("{}", serde_json::to_string(outbox)?);
            continue;
        }
        println!(
            "{:<24}  in attesa {:>4}  abbandonati {:>4}  {}",
            outbox.webhook,
            outbox.waiting,
            outbox.given_up,
            outbox.problem.as_deref().unwrap_or("va bene"),
        );
    }
    if outboxes.is_empty() && !json {
        println!("Nessun [[webhook]] in uso.");
    }
    Ok(if lost { Exit::Problems } else { Exit::Done })
}

/// Which receivers were given up on, a sentence each.
pub(super) async fn complaints(config: &Config) -> Vec<String> {
    // A database that cannot be read is told elsewhere.
    let Ok(reader) = house::read_store(config).await else { return Vec::new() };
    let outboxes = reader.outboxes().await.unwrap_or_default();
    let lost = outboxes.into_iter().filter(|outbox| outbox.given_up > 0);
    lost.map(|outbox| {
        format!(
            "webhook «{}»: {} messaggi abbandonati; sistema chi li riceve, poi `polaris webhooks \
             --retry {}`",
            outbox.webhook, outbox.given_up, outbox.webhook
        )
    })
    .collect()
}

/// `polaris webhooks --retry NAME`.
pub(super) async fn retry(config: &Config, name: &str) -> anyhow::Result<Exit> {
    // Of the schema of this program: a hand that writes would bring another up to date.
    house::read_store(config).await?;
    let clerk = Clerk::new(&config.store_url)?;
    let again = clerk.try_messages_again(name, house::wall()).await;
    clerk.close().await;
    println!("{} messaggi per «{name}» si provano di nuovo.", again?);
    Ok(Exit::Done)
}

/// Tells the receivers, as long as the service runs.
pub(super) async fn keep(config: Config, reader: Reader) {
    match Clerk::new(&config.store_url) {
        Ok(clerk) => {
            webhook::keep(config.webhooks, reader, clerk, SystemClock::start()).await;
        }
        Err(error) => tracing::error!(%error, "no other program can be told anything"),
    }
}
