//! `polaris token`, `polaris api`: other programs and what they may ask for.

use chrono::TimeDelta;
use clap::Subcommand;

use super::accounts::COMMAND_LINE;
use super::command::Exit;
use super::config::Config;
use super::house;
use crate::access::Scope;
use crate::console;
use crate::feed;
use crate::store::{self, Clerk, NewToken, TokenRow};
use crate::words::ServiceId;

#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Fa un gettone e lo scrive, una volta sola.
    Add {
        /// Il programma che lo avrà; sta nel registro di chi ha letto che cosa.
        name: String,
        /// Un permesso; si ripete: calls:read, calls:read-personal, cases:read,
        /// cases:read-personal, coverage:read, roster:read, roster:write.
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<Scope>,
        /// Un servizio per cui vale; si ripete. Senza: tutti.
        #[arg(long = "service", value_name = "SERVICE")]
        services: Vec<String>,
        /// Per quanti giorni vale.
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..=730))]
        days: u16,
    },
    /// I gettoni che ci sono.
    List {
        /// Un oggetto JSON per riga.
        #[arg(long)]
        json: bool,
    },
    /// Toglie valore a un gettone, subito.
    Revoke {
        /// Il suo numero.
        number: i64,
    },
}

/// `polaris token`.
pub(super) async fn token(config: &Config, command: Token) -> anyhow::Result<Exit> {
    store::bring_up_to_date(&config.store_url).await?;
    match command {
        Token::Add { name, scopes, services, days } => {
            let services = services.iter().map(|service| ServiceId::new(service)).collect();
            add(config, &name, scopes, services, days).await
        }
        Token::List { json } => list(config, json).await,
        Token::Revoke { number } => {
            let clerk = Clerk::new(&config.store_url)?;
            let revoked = clerk.revoke_token(number, COMMAND_LINE, house::wall()).await;
            clerk.close().await;
            if revoked? {
                println!("Il gettone {number} non vale più.");
                return Ok(Exit::Done);
            }
            eprintln!("Nessun gettone {number} in uso: guarda `polaris token list`.");
            Ok(Exit::Problems)
        }
    }
}

/// `polaris api`.
pub(super) fn describe() -> anyhow::Result<Exit> {
    println!("{}", console::document().to_pretty_json()?);
    Ok(Exit::Done)
}

async fn add(
    config: &Config,
    name: &str,
    scopes: Vec<Scope>,
    services: Vec<ServiceId>,
    days: u16,
) -> anyhow::Result<Exit> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(plain) {
        eprintln!("«{name}» non è un nome di programma: lettere senza accenti, cifre, . - _");
        return Ok(Exit::Problems);
    }
    let (secret, now) = (feed::Token::random(), house::wall());
    let new = NewToken {
        name: name.to_owned(),
        token_hash: secret.hash(),
        scopes,
        services,
        expires: now + TimeDelta::days(days.into()),
    };
    let clerk = Clerk::new(&config.store_url)?;
    let number = clerk.add_token(&new, COMMAND_LINE, now).await;
    clerk.close().await;
    println!(
        "Gettone {} per «{name}», fino al {}. Non si potrà rileggere:\n{}",
        number?,
        new.expires.with_timezone(&ZONE).format("%d/%m/%Y"),
        secret.reveal()
    );
    Ok(Exit::Done)
}

async fn list(config: &Config, json: bool) -> anyhow::Result<Exit> {
    let now = house::wall();
    for token in house::read_store(config).await?.tokens().await? {
        if json {
            println!("{}", serde_json::to_string(&token)?);
            continue;
        }
        let TokenRow { token: number, name, scopes, services, expires, revoked, .. } = token;
        let until = expires.with_timezone(&ZONE).format("%d/%m/%Y");
        let state = match revoked {
            Some(_) => "revocato".to_owned(),
            None if expires <= now => format!("scaduto il {until}"),
            None => format!("fino al {until}"),
        };
        let scopes: Vec<&str> = scopes.iter().map(|scope| scope.word()).collect();
        let services: Vec<&str> = services.iter().map(ServiceId::as_str).collect();
        let services = if services.is_empty() { "tutti".into() } else { services.join(", ") };
        println!("{number:>4}  {name:<20}  {state:<20}  {services:<14}  {}", scopes.join(" "));
    }
    Ok(Exit::Done)
}

/// It stands in each row of the audit log.
const NAME_MAX: usize = 40;
const ZONE: chrono_tz::Tz = chrono_tz::Europe::Rome;
