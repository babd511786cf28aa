//! `polaris user`, `polaris audit`: who may use the console, and what they did.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use tokio::sync::watch;

use super::check;
use super::command::Exit;
use super::config::Config;
use super::house::{self, House};
use crate::access::Role;
use crate::console::{self, Checker, Room, Voices};
use crate::dialplan::Plan;
use crate::feed::Token;
use crate::store::{self, Clerk, Keyring, NewAccount, WriteRecordError};
use crate::words::{ServiceId, SystemClock};

/// Who made what was made on the command line.
pub(super) const COMMAND_LINE: &str = "(riga di comando)";

#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Crea un accesso alla console e stampa l'indirizzo, valido una volta, per scegliere la
    /// password.
    Add {
        /// Il nome con cui entra: lettere senza accenti, cifre, punti e trattini.
        name: String,
        /// responder (operatore), coordinator (coordinatore), administrator (amministratore
        /// di sistema) o auditor (revisore).
        #[arg(long)]
        role: String,
        /// Nome e cognome; senza, il nome con cui entra.
        #[arg(long)]
        full_name: Option<String>,
        /// Un servizio che può vedere; si ripete. Senza: tutti.
        #[arg(long = "service", value_name = "SERVICE")]
        services: Vec<String>,
        /// Come si chiama nei turni.
        #[arg(long)]
        person: Option<String>,
    },
    /// Stampa un nuovo indirizzo per scegliere la password.
    Invite {
        /// Il nome con cui entra.
        name: String,
    },
    /// Cambia un accesso: ciò che non si scrive resta com'è.
    Change(Changes),
    /// Gli accessi che ci sono.
    List,
}

#[derive(Debug, Args)]
pub(super) struct Changes {
    /// Il nome con cui entra.
    name: String,
    /// responder, coordinator, administrator o auditor.
    #[arg(long)]
    role: Option<String>,
    /// Nome e cognome.
    #[arg(long)]
    full_name: Option<String>,
    /// Un servizio che può vedere; si ripete. «tutti»: tutti.
    #[arg(long = "service", value_name = "SERVICE")]
    services: Vec<String>,
    /// Come si chiama nei turni; vuoto: in nessun modo.
    #[arg(long)]
    person: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// Controlla che nessuna riga sia cambiata, mancante o spostata.
    Verify,
}

pub(super) async fn user(config: &Config, command: User) -> anyhow::Result<Exit> {
    store::bring_up_to_date(&config.store_url).await?;
    let clerk = Clerk::new(&config.store_url)?;
    let now = house::wall();
    let token = Token::random();
    let invitation = console::invitation(&token, now);
    let mut unseeing = false;
    let (name, done) = match command {
        User::List => return list(config).await,
        User::Change(changes) => return change(config, clerk, changes).await,
        User::Invite { name } => {
            let name = name.to_lowercase();
            if house::read_store(config).await?.account(&name).await?.is_none() {
                return nobody(&name);
            }
            let done = clerk.invite(&name, &invitation, COMMAND_LINE, now).await;
            (name, done)
        }
        User::Add { name, role, full_name, services, person } => {
            let role: Role = match role.parse() {
                Ok(role) => role,
                Err(error) => return refuse(&format!("--role {error}")),
            };
            let services = services.iter().map(|service| ServiceId::new(service)).collect();
            let full_name = full_name.unwrap_or_else(|| name.clone());
            let account =
                match console::new_account(&name, &full_name, role, services, person.as_deref()) {
                    Ok(account) => account,
                    Err(wrong) => return refuse(&wrong.to_string()),
                };
            unseeing = role == Role::Responder && account.person.is_none();
            let done = clerk.add_account(&account, &invitation, COMMAND_LINE, now).await;
            (account.name, done)
        }
    };
    clerk.close().await;
    match done {
        Ok(()) => {}
        Err(error @ WriteRecordError::NameTaken(_)) => return refuse(&error.to_string()),
        Err(error) => return Err(error.into()),
    }
    println!(
        "Accesso «{name}». Per scegliere la password, entro 72 ore e una volta sola:\n{}",
        address(config, &token)
    );
    if unseeing {
        eprintln!(
            "Attenzione: senza --person, il nome che ha nei turni, «{name}» non vedrà alcuna \
             scheda."
        );
    }
    Ok(Exit::Done)
}

async fn change(config: &Config, clerk: Clerk, changes: Changes) -> anyhow::Result<Exit> {
    let Changes { name, role, full_name, services, person } = changes;
    let name = name.to_lowercase();
    let Some(before) = house::read_store(config).await?.account(&name).await? else {
        return nobody(&name);
    };
    let role: Role = match role.map_or(Ok(before.role), |role| role.parse()) {
        Ok(role) => role,
        Err(error) => return refuse(&format!("--role {error}")),
    };
    let services = match services.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => before.services,
        ["tutti"] => Vec::new(),
        named => named.iter().map(|service| ServiceId::new(service)).collect(),
    };
    let full_name = full_name.unwrap_or(before.full_name);
    let person = person.or(before.person).filter(|person| !person.trim().is_empty());
    let wanted = console::new_account(&name, &full_name, role, services, person.as_deref());
    let account = match wanted {
        Ok(account) => account,
        Err(wrong) => return refuse(&wrong.to_string()),
    };
    let changed = clerk.change_account(&account, None, COMMAND_LINE, house::wall()).await?;
    clerk.close().await;
    println!("Accesso «{name}»: {}.", if changed { "cambiato" } else { "era già così" });
    if role == Role::Responder && account.person.is_none() {
        eprintln!("Attenzione: senza --person «{name}» non vedrà alcuna scheda.");
    }
    Ok(Exit::Done)
}

fn nobody(name: &str) -> anyhow::Result<Exit> {
    refuse(&format!("Nessun accesso si chiama «{name}»: guarda `polaris user list`."))
}

pub(super) async fn audit(config: &Config, command: Audit) -> anyhow::Result<Exit> {
    let Audit::Verify = command;
    match house::read_store(config).await?.verify_audit().await? {
        Ok(verified) => {
            println!("Il registro è integro: {} righe.", verified.rows);
            println!("Impronta dell'ultima riga: {}", verified.head);
            Ok(Exit::Done)
        }
        Err(broken) => {
            eprintln!("Il registro è stato alterato: {broken}.");
            Ok(Exit::Problems)
        }
    }
}

/// What the console looks into.
pub(super) fn room(
    config: &Config,
    plans: watch::Receiver<Vec<Arc<Plan>>>,
    voices: Voices,
    house: &House,
) -> anyhow::Result<Room> {
    let looked_at = config.clone();
    Ok(Room {
        store: house.store.clone(),
        clerk: Arc::new(Clerk::new(&config.store_url).context("la console non può scrivere")?),
        plans,
        voices,
        checker: Checker::new(move || check::of_what_is_heard(&looked_at)),
        trunks: house.trunks.clone(),
        store_url: config.store_url.clone(),
        keyring: Arc::new(Keyring::new(&config.key_file)),
        data_dir: config.data_dir.clone(),
        proxies: config.trusted_proxies.as_slice().into(),
        targets: config.targets.clone(),
        clock: SystemClock::start(),
    })
}

/// At the first start: an administrator's account, its one-time address on standard output.
pub(super) async fn invite_first(config: &Config, listen: SocketAddr, room: &Room) {
    let Ok(accounts) = room.store.reader().accounts().await else { return };
    let now = house::wall();
    // One that was never used can be printed again at each start.
    if accounts.iter().any(|account| account.name != FIRST || account.password.is_some()) {
        return;
    }
    let token = Token::random();
    let invitation = console::invitation(&token, now);
    let made = if accounts.is_empty() {
        match console::new_account(FIRST, "Primo accesso", Role::Administrator, Vec::new(), None) {
            Ok(account) => room.clerk.add_account(&account, &invitation, COMMAND_LINE, now).await,
            Err(_) => return,
        }
    } else {
        room.clerk.invite(FIRST, &invitation, COMMAND_LINE, now).await
    };
    match made {
        Ok(()) => {
            // Calls are answered even where nobody reads this.
            let _ = writeln!(
                std::io::stdout(),
                "Primo avvio della console su http://{listen}: l'amministratore «{FIRST}» sceglie \
                 la password, entro 72 ore e una volta sola, qui:\n{}",
                address(config, &token)
            );
        }
        Err(error) => tracing::error!(%error, "the first account cannot be made"),
    }
}

/// A coordinator for the demonstration; the address at which one comes in.
pub(super) async fn invite_coordinator(config: &Config, room: &Room) -> anyhow::Result<String> {
    let (now, token) = (house::wall(), Token::random());
    let account = NewAccount {
        name: "coordinatore".into(),
        full_name: "Coordinatore di prova".into(),
        role: Role::Coordinator,
        services: Vec::new(),
        person: None,
    };
    let invitation = console::invitation(&token, now);
    room.clerk.add_account(&account, &invitation, COMMAND_LINE, now).await?;
    Ok(address(config, &token))
}

const FIRST: &str = "amministratore";

fn address(config: &Config, token: &Token) -> String {
    let path = format!("/invito/{}", token.reveal());
    match config.console {
        Some(listen) => format!("http://{listen}{path}"),
        None => format!("{path}  (la console è spenta: in polaris.toml manca [console] listen)"),
    }
}

async fn list(config: &Config) -> anyhow::Result<Exit> {
    println!("{:<24}  {:<26}  {:<9}  servizi", "nome", "ruolo", "stato");
    for account in house::read_store(config).await?.accounts().await? {
        let state = match (account.disabled, &account.password) {
            (Some(_), _) => "tolto",
            (None, None) => "da usare",
            (None, Some(_)) => "attivo",
        };
        let services: Vec<&str> = account.services.iter().map(ServiceId::as_str).collect();
        let services = if services.is_empty() { "tutti".into() } else { services.join(", ") };
        println!("{:<24}  {:<26}  {state:<9}  {services}", account.name, account.role.italian());
    }
    Ok(Exit::Done)
}

fn refuse(problem: &str) -> anyhow::Result<Exit> {
    eprintln!("{problem}");
    Ok(Exit::Problems)
}
