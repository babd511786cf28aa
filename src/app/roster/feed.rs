//! `polaris roster feed`: calendars for the telephones of those on duty.

use anyhow::{Context, anyhow};
use chrono::{Datelike as _, Days, TimeDelta};
use clap::Subcommand;

use super::super::command::Exit;
use super::super::config::Config;
use super::super::house::{self, read_store};
use super::{Services, ZONE, os_user};
use crate::calendar::{instant, local};
use crate::feed::{self, Token};
use crate::roster::{DutyOf, Period};
use crate::store;
use crate::words::ServiceId;

#[derive(Debug, Subcommand)]
pub(in super::super) enum FeedCommand {
    /// Crea un indirizzo segreto per il calendario di una persona o di un'équipe.
    New {
        /// La persona.
        #[arg(long, value_name = "PERSONA", conflicts_with = "equipe")]
        person: Option<String>,
        /// L'équipe; senza persona né équipe, quella del piano.
        #[arg(long, value_name = "EQUIPE")]
        equipe: Option<String>,
        /// Il servizio; si può tacere se ce n'è uno solo.
        #[arg(long, value_name = "SERVIZIO")]
        service: Option<String>,
        /// Chi lo crea; senza, l'utente di questa macchina.
        #[arg(long, value_name = "NOME")]
        by: Option<String>,
    },
    /// Gli indirizzi creati.
    List,
    /// Rende inutile un indirizzo.
    Revoke {
        /// Il suo numero.
        feed: i64,
        /// Chi lo revoca; senza, l'utente di questa macchina.
        #[arg(long, value_name = "NOME")]
        by: Option<String>,
    },
    /// Scrive il calendario di un indirizzo segreto (iCalendar).
    Write {
        /// L'indirizzo segreto.
        token: String,
    },
}

pub(super) async fn run(config: &Config, command: FeedCommand) -> anyhow::Result<Exit> {
    match command {
        FeedCommand::New { person, equipe, service, by } => {
            let services = Services::of(config);
            let plan = services.plan(service.as_deref())?;
            let service = plan.service.clone();
            let duty_of = match person {
                Some(person) => {
                    known(config, &services, &service, &person).await?;
                    DutyOf::Person { service, person }
                }
                None => {
                    let equipe = equipe.unwrap_or_else(|| plan.equipe.clone());
                    DutyOf::Equipe { service, equipe }
                }
            };
            let (token, by) = (Token::random(), by.unwrap_or_else(os_user));
            let at = house::wall();
            let feed = store::add_feed(&config.store_url, &duty_of, &token.hash(), &by, at).await?;
            println!("{}", token.reveal());
            eprintln!(
                "Calendario {feed}, {}. L'indirizzo segreto è scritto solo qui: chi lo conosce \
                 vede i turni. Per revocarlo: `polaris roster feed revoke {feed}`.",
                name_of(&duty_of)
            );
            Ok(Exit::Done)
        }
        FeedCommand::List => {
            for row in read_store(config).await?.feeds().await? {
                let day = |at: chrono::DateTime<chrono::Utc>| local(at, ZONE).format("%d/%m/%Y");
                let (by, at) = &row.created;
                let state = match &row.revoked {
                    Some((by, at)) => format!("revocato da {by} il {}", day(*at)),
                    None => "in uso".to_owned(),
                };
                let name = name_of(&row.duty_of);
                println!("{:<4} {name}  creato da {by} il {}  {state}", row.feed, day(*at));
            }
            Ok(Exit::Done)
        }
        FeedCommand::Revoke { feed, by } => {
            let by = by.unwrap_or_else(os_user);
            if store::revoke_feed(&config.store_url, feed, &by, house::wall()).await? {
                println!("Calendario {feed} revocato.");
                return Ok(Exit::Done);
            }
            eprintln!("Nessun calendario in uso ha il numero {feed}: `polaris roster feed list`.");
            Ok(Exit::Problems)
        }
        FeedCommand::Write { token } => match written(config, &token).await? {
            Some(calendar) => {
                print!("{calendar}");
                Ok(Exit::Done)
            }
            None => {
                eprintln!("L'indirizzo segreto non c'è, o è stato revocato.");
                Ok(Exit::Problems)
            }
        },
    }
}

/// The calendar of a token, from the month before last on, for more than a year; `None`
/// when the token opens none.
///
/// # Errors
/// When the text is no token, or the database cannot be read.
pub(in super::super) async fn written(
    config: &Config,
    token: &str,
) -> anyhow::Result<Option<String>> {
    let token: Token = token.parse()?;
    let reader = read_store(config).await?;
    let Some(row) = reader.feed(&token.hash()).await? else { return Ok(None) };
    let roster = reader.roster().await?.roster;
    let zone = Services::of(config).zone(row.duty_of.service());
    let now = house::wall();
    // From the first of a month: an event cut there keeps its UID until the next.
    let day = local(now - TimeDelta::days(31), zone).date();
    let first = day.with_day(1).unwrap_or(day);
    let last = first.checked_add_days(Days::new(460)).unwrap_or(first);
    let midnight = |day: chrono::NaiveDate| instant(day.and_time(chrono::NaiveTime::MIN), zone);
    let range = Period::new(midnight(first), midnight(last))?;
    Ok(Some(feed::calendar(&roster, &row.duty_of, zone, range, now)))
}

async fn known(
    config: &Config,
    services: &Services,
    service: &ServiceId,
    person: &str,
) -> anyhow::Result<()> {
    let roster = read_store(config).await?.roster().await.context("i turni")?.roster;
    let known = services.known(roster.records());
    known.person(service, person).map_err(|mistake| anyhow!("«{person}»: {mistake}"))
}

fn name_of(duty_of: &DutyOf) -> String {
    match duty_of {
        DutyOf::Equipe { service, equipe } => format!("équipe {equipe} di {service}"),
        DutyOf::Person { service, person } => format!("{person}, {service}"),
    }
}
