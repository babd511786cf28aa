//! `polaris roster override`, `absence`, `swap` and `changes`: one record at a time.

use anyhow::{Context, anyhow};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use super::super::command::Exit;
use super::super::config::Config;
use super::super::house::{self, read_store};
use super::{Services, ZONE, edit, words};
use crate::roster::{
    Absence, Edit, Entered, Override, Period, Records, Roster, Swap, Table, TurnId, read_civil,
};
use crate::words::ServiceId;

/// Where a change belongs.
#[derive(Debug, Args)]
pub(in super::super) struct Place {
    /// Il servizio; si può tacere se ce n'è uno solo.
    #[arg(long, value_name = "SERVIZIO")]
    service: Option<String>,
    /// L'équipe; senza, quella del piano.
    #[arg(long, value_name = "EQUIPE")]
    equipe: Option<String>,
}

/// While, why, and who says so.
#[derive(Debug, Args)]
pub(in super::super) struct When {
    /// Da quando, ora civile: 2026-12-24T20:00.
    #[arg(long)]
    from: String,
    /// Fino a quando (escluso).
    #[arg(long)]
    until: String,
    /// Perché.
    #[arg(long, value_name = "MOTIVO", default_value = "")]
    reason: String,
}

#[derive(Debug, Args)]
pub(in super::super) struct Signed {
    /// Chi lo dispone; senza, l'utente di questa macchina.
    #[arg(long, value_name = "NOME")]
    by: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(in super::super) enum OverrideCommand {
    /// Una persona al posto di un'altra, per un periodo.
    Add {
        #[command(flatten)]
        place: Place,
        /// Chi sarebbe di turno.
        #[arg(long, value_name = "PERSONA")]
        replaces: String,
        /// Chi lo è al suo posto.
        #[arg(long, value_name = "PERSONA")]
        with: String,
        #[command(flatten)]
        when: When,
        #[command(flatten)]
        signed: Signed,
    },
    /// L'elenco, con i numeri.
    List,
    /// Toglie una sostituzione.
    Remove {
        /// Il suo numero.
        id: String,
        #[command(flatten)]
        signed: Signed,
    },
}

#[derive(Debug, Subcommand)]
pub(in super::super) enum AbsenceCommand {
    /// Una persona che per un periodo non è di turno da nessuna parte.
    Add {
        /// Il servizio; si può tacere se ce n'è uno solo.
        #[arg(long, value_name = "SERVIZIO")]
        service: Option<String>,
        /// Chi.
        #[arg(long, value_name = "PERSONA")]
        person: String,
        #[command(flatten)]
        when: When,
        #[command(flatten)]
        signed: Signed,
    },
    /// L'elenco, con i numeri.
    List,
    /// Toglie un'assenza.
    Remove {
        /// Il suo numero.
        id: String,
        #[command(flatten)]
        signed: Signed,
    },
}

#[derive(Debug, Subcommand)]
pub(in super::super) enum SwapCommand {
    /// Un turno intero passa a un'altra persona; uno scambio sono due passaggi.
    Add {
        #[command(flatten)]
        place: Place,
        /// Di chi è il turno.
        #[arg(long, value_name = "PERSONA")]
        of: String,
        /// Un istante in cui quel turno è in corso, ora civile.
        #[arg(long)]
        at: String,
        /// A chi va.
        #[arg(long, value_name = "PERSONA")]
        to: String,
        #[command(flatten)]
        signed: Signed,
    },
    /// L'elenco, con i numeri.
    List,
    /// Toglie uno scambio.
    Remove {
        /// Il suo numero.
        id: String,
        #[command(flatten)]
        signed: Signed,
    },
}

pub(super) async fn overrides(config: &Config, command: OverrideCommand) -> anyhow::Result<Exit> {
    match command {
        OverrideCommand::Add { place, replaces, with, when, signed } => {
            let scene = Scene::of(config).await?;
            let (service, equipe) = scene.place(place)?;
            scene.person(&service, &replaces)?;
            scene.person(&service, &with)?;
            let record = Override {
                id: String::new(),
                period: scene.period(&service, &when)?,
                service,
                equipe,
                replaces,
                by: with,
                reason: when.reason.trim().to_owned(),
                entered: not_yet(),
            };
            make(config, Edit::AddOverride(record), signed).await
        }
        OverrideCommand::List => {
            let scene = Scene::of(config).await?;
            for record in &scene.records().overrides {
                let period = words::period(record.period, scene.services.zone(&record.service));
                println!(
                    "{:<8} {}/{}  {}  {} al posto di {}  {}  (disposto da {})",
                    record.id,
                    record.service,
                    record.equipe,
                    period,
                    record.by,
                    record.replaces,
                    record.reason,
                    record.entered.by
                );
            }
            Ok(Exit::Done)
        }
        OverrideCommand::Remove { id, signed } => {
            make(config, Edit::Remove { table: Table::Overrides, id }, signed).await
        }
    }
}

pub(super) async fn absences(config: &Config, command: AbsenceCommand) -> anyhow::Result<Exit> {
    match command {
        AbsenceCommand::Add { service, person, when, signed } => {
            let scene = Scene::of(config).await?;
            let (service, _) = scene.place(Place { service, equipe: None })?;
            scene.person(&service, &person)?;
            let absence = Absence {
                id: String::new(),
                period: scene.period(&service, &when)?,
                service,
                person,
                reason: when.reason.trim().to_owned(),
                entered: not_yet(),
            };
            make(config, Edit::AddAbsence(absence), signed).await
        }
        AbsenceCommand::List => {
            let scene = Scene::of(config).await?;
            for absence in &scene.records().absences {
                let period = words::period(absence.period, scene.services.zone(&absence.service));
                println!(
                    "{:<8} {}  {}  {}  {}  (scritto da {})",
                    absence.id,
                    absence.service,
                    period,
                    absence.person,
                    absence.reason,
                    absence.entered.by
                );
            }
            Ok(Exit::Done)
        }
        AbsenceCommand::Remove { id, signed } => {
            make(config, Edit::Remove { table: Table::Absences, id }, signed).await
        }
    }
}

pub(super) async fn swaps(config: &Config, command: SwapCommand) -> anyhow::Result<Exit> {
    match command {
        SwapCommand::Add { place, of, at, to, signed } => {
            let scene = Scene::of(config).await?;
            let (service, equipe) = scene.place(place)?;
            scene.person(&service, &to)?;
            let at = scene.instant(&service, &at)?;
            let turn = scene.turn(&service, &equipe, &of, at)?;
            let swap = Swap {
                id: String::new(),
                service,
                equipe,
                turn,
                to,
                entered: not_yet(),
                approved: None,
            };
            make(config, Edit::AddSwap(swap), signed).await
        }
        SwapCommand::List => {
            let scene = Scene::of(config).await?;
            for swap in &scene.records().swaps {
                let to = if swap.to.is_empty() { "chi lo prende" } else { &swap.to };
                let waits = if swap.approved.is_none() { ", da approvare" } else { "" };
                println!(
                    "{:<8} {}/{}  turno {}  va a {to}  (scritto da {}{waits})",
                    swap.id, swap.service, swap.equipe, swap.turn, swap.entered.by
                );
            }
            Ok(Exit::Done)
        }
        SwapCommand::Remove { id, signed } => {
            make(config, Edit::Remove { table: Table::Swaps, id }, signed).await
        }
    }
}

/// Who changed what, newest first.
pub(super) async fn history(config: &Config, limit: u32, json: bool) -> anyhow::Result<Exit> {
    let changes = read_store(config).await?.roster_changes(limit).await?;
    for change in changes {
        if json {
            println!("{}", serde_json::to_string(&change)?);
        } else {
            let at = change.at.with_timezone(&ZONE).format("%d/%m/%Y %H:%M");
            println!("{at}  {:<16} {}", change.author, change.text);
        }
    }
    Ok(Exit::Done)
}

async fn make(config: &Config, wanted: Edit, signed: Signed) -> anyhow::Result<Exit> {
    match edit(config, &wanted, signed.by.as_deref()).await? {
        Some(edited) => {
            edited.texts.iter().for_each(|text| println!("{text}"));
            Ok(Exit::Done)
        }
        None => {
            eprintln!("Niente è cambiato.");
            Ok(Exit::Problems)
        }
    }
}

/// The plans and the roster that a change is about.
struct Scene {
    services: Services,
    roster: Roster,
}

impl Scene {
    async fn of(config: &Config) -> anyhow::Result<Self> {
        let roster = read_store(config).await?.roster().await?.roster;
        Ok(Self { services: Services::of(config), roster })
    }

    fn records(&self) -> &Records {
        self.roster.records()
    }

    fn place(&self, place: Place) -> anyhow::Result<(ServiceId, String)> {
        let plan = self.services.plan(place.service.as_deref())?;
        Ok((plan.service.clone(), place.equipe.unwrap_or_else(|| plan.equipe.clone())))
    }

    fn person(&self, service: &ServiceId, person: &str) -> anyhow::Result<()> {
        let known = self.services.known(self.records());
        known.person(service, person).map_err(|mistake| anyhow!("«{person}»: {mistake}"))
    }

    fn instant(&self, service: &ServiceId, text: &str) -> anyhow::Result<DateTime<Utc>> {
        read_civil(text, self.services.zone(service)).map_err(|error| anyhow!("«{text}»: {error}"))
    }

    fn period(&self, service: &ServiceId, when: &When) -> anyhow::Result<Period> {
        let (from, until) =
            (self.instant(service, &when.from)?, self.instant(service, &when.until)?);
        Period::new(from, until).ok().with_context(|| {
            format!("«{}» non viene dopo «{}»: correggere uno dei due", when.until, when.from)
        })
    }

    /// The turn of a person that runs at an instant.
    fn turn(
        &self,
        service: &ServiceId,
        equipe: &str,
        person: &str,
        at: DateTime<Utc>,
    ) -> anyhow::Result<TurnId> {
        let until = at + chrono::TimeDelta::seconds(1);
        let moment = Period::new(at, until)?;
        let turns = self.roster.turns(service, equipe, moment);
        let mut own = turns.iter().filter(|turn| turn.person == person);
        own.next().map(|turn| turn.id()).with_context(|| {
            let there: Vec<&str> = turns.iter().map(|turn| turn.person).collect();
            match there.as_slice() {
                [] => format!("in quell'istante nessuno è di turno in {service}/{equipe}"),
                names => format!(
                    "in quell'istante «{person}» non ha un turno in {service}/{equipe}; ce l'ha {}",
                    names.join(", ")
                ),
            }
        })
    }
}

fn not_yet() -> Entered {
    Entered { by: String::new(), at: house::wall() }
}
