//! `polaris what-if`: what a call would do at an instant, without making one.
//!
//! It decides nothing itself: hours and hidden numbers are `switchboard::arrival`'s, who
//! is on duty is `Roster::on_call`'s at the instant of each round, all else is the
//! conversation's. Whoever is rung does not answer.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use super::check_paths::lengths;
use super::command::Exit;
use super::config::Config;
use super::try_out::{Stroke, parse_keys};
use super::what_if_print::print;
use super::{closures, duty, house, plans};
use crate::call::{Call, Output};
use crate::case::{Fact, Outcome};
use crate::dialplan::Plan;
use crate::rehearsal::{Event, Roster, Stage, Step, What, World};
use crate::roster::{self, Need};
use crate::switchboard::{Entrance, arrival};
use crate::words::{LegId, Moment, PhoneNumber, PromptId};

/// No rehearsal lasts longer: whoever is not served by then waits for ever.
const LONGEST: Duration = Duration::from_secs(3_600);

#[derive(Debug, Args)]
pub(super) struct WhatIf {
    /// Il servizio, o uno dei suoi numeri.
    #[arg(long, required_unless_present = "diff")]
    service: Option<String>,
    /// Quando arriva la chiamata, in ora civile del servizio: 2026-12-25T03:12.
    #[arg(long, required_unless_present = "diff")]
    at: Option<String>,
    /// Il numero di chi chiama; `anonymous` se è nascosto.
    #[arg(long, default_value = "+390831555555")]
    caller: String,
    /// Tasti premuti appena possibile; `w` aspetta mezzo secondo, `W` due secondi.
    #[arg(long, default_value = "")]
    keys: String,
    /// Un oggetto JSON.
    #[arg(long)]
    json: bool,
    /// Invece di una chiamata: che cosa cambierebbe importando questi turni.
    #[arg(long, value_name = "FILE.csv", conflicts_with_all = ["service", "at", "keys", "json"])]
    diff: Option<PathBuf>,
}

/// What the call would do.
#[derive(Debug, Serialize)]
struct Foreseen {
    service: String,
    at: String,
    active: bool,
    prompts: Vec<PromptId>,
    rings: Vec<Ring>,
    ends: &'static str,
}

/// Who would be rung.
#[derive(Debug, Serialize)]
struct Ring {
    responder: String,
    phone: PhoneNumber,
    step: u32,
    at_s: f64,
    why: String,
}

pub(super) async fn what_if(config: &Config, asked: WhatIf) -> anyhow::Result<Exit> {
    if let Some(file) = &asked.diff {
        return super::roster::diff(config, file, super::roster::DAYS).await;
    }
    let (asked_service, asked_at) =
        (asked.service.unwrap_or_default(), asked.at.unwrap_or_default());
    let recordings = house::recordings(config);
    let mut read = plans::read(config, &recordings);
    closures::shut_plans(config, &mut read.plans).await;
    let Some((plan, entrance)) = find(&read, &asked_service) else {
        eprintln!("{}{}", read.report(), unknown(&read, &asked_service));
        return Ok(Exit::Problems);
    };
    let at = match roster::read_civil(&asked_at, plan.timezone) {
        Ok(at) => at,
        Err(problem) => {
            eprintln!("--at «{asked_at}»: {problem}");
            return Ok(Exit::Problems);
        }
    };
    let strokes = match parse_keys(&asked.keys) {
        Ok(strokes) => strokes,
        Err(problem) => {
            eprintln!("{problem:#}");
            return Ok(Exit::Problems);
        }
    };
    let caller = Some(asked.caller.trim()).filter(|caller| !caller.is_empty());
    let caller = caller.map(PhoneNumber::from_network);
    let arrival = arrival(&plan, entrance, caller.as_ref(), at);
    let roster = on_duty(config, &plan, at).await;
    let world = World::new(roster, lengths(&recordings));
    let mut stage = Stage::new(plan.clone(), world);
    stage.caller_calls(arrival);
    let unused = press(&mut stage, &strokes);
    stage.wait_until(Moment::START + LONGEST);
    let steps = stage.take_steps();
    let local = at.with_timezone(&plan.timezone);
    if asked.json {
        let (service, at) = (plan.service.to_string(), local.to_rfc3339());
        let foreseen = foresee(service, at, arrival.active, &steps);
        println!("{}", serde_json::to_string(&foreseen)?);
    } else {
        let who = if arrival.active { "risponde il servizio" } else { "uffici aperti" };
        println!("{}, {}: {who}.", plan.service, local.format("%d.%m.%Y alle %H:%M (%:z)"));
        print(&steps, &recordings);
    }
    if unused > 0 {
        eprintln!("Gli ultimi tasti non servono ({unused}): nessuno li chiede più.");
    }
    Ok(Exit::Done)
}

/// The plan of that name, or the one that number belongs to.
fn find(read: &plans::Read, asked: &str) -> Option<(Arc<Plan>, Entrance)> {
    let number = PhoneNumber::from_network(asked);
    read.plans.iter().find_map(|plan| {
        let citizens = plan.service.as_str() == asked || plan.numbers.contains(&number);
        let direct = plan.direct_numbers.contains(&number);
        let entrance = match (citizens, direct) {
            (true, _) => Entrance::Citizens,
            (false, true) => Entrance::Direct,
            (false, false) => return None,
        };
        Some((plan.clone(), entrance))
    })
}

fn unknown(read: &plans::Read, asked: &str) -> String {
    let names: Vec<&str> = read.plans.iter().map(|plan| plan.service.as_str()).collect();
    let near = names
        .iter()
        .map(|name| (strsim::jaro_winkler(asked, name), name))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or_else(String::new, |(_, name)| format!(": forse intendevi «{name}»"));
    format!("nessun servizio si chiama «{asked}»{near}; ci sono: {}", names.join(", "))
}

/// The roster at each instant of the call, or what a service that cannot read it does.
async fn on_duty(config: &Config, plan: &Arc<Plan>, at: DateTime<Utc>) -> Roster {
    let read = match house::read_store(config).await {
        Ok(store) => store.roster().await.map_err(anyhow::Error::from),
        Err(error) => Err(error),
    };
    let roster = match duty::choose(read, &config.data_dir) {
        Ok(chosen) => {
            if let Some(kept) = &chosen.kept {
                eprintln!("Attenzione: vale l'ultima copia dei turni ({}).", kept.why);
            }
            chosen.standing.roster
        }
        Err(error) => {
            eprintln!("Attenzione: i turni non si possono leggere ({error:#}).");
            return Roster::Unreadable;
        }
    };
    let plan = plan.clone();
    Roster::At(Arc::new(move |moment: Moment, category| {
        // Nobody asks a caller for the Comune.
        let need = Need { category, comune: None };
        roster.on_call(&plan.service, &plan.equipe, at + moment.since_start(), &need)
    }))
}

/// Presses each key as soon as the call takes it; how many it never took.
fn press(stage: &mut Stage, strokes: &[Stroke]) -> usize {
    let end = Moment::START + LONGEST;
    for (index, stroke) in strokes.iter().enumerate() {
        match stroke {
            Stroke::Wait(span) => stage.wait_until((stage.now() + *span).min(end)),
            Stroke::Press(digit) => {
                while !stage.call().is_some_and(Call::takes_keys) {
                    if stage.is_over() || stage.next_turn().is_none_or(|turn| turn >= end) {
                        return strokes.len() - index;
                    }
                    stage.pass();
                }
                // Only responders can be unknown.
                let _ = stage.happen(Event::CallerPresses(vec![*digit]));
            }
        }
    }
    0
}

fn foresee(service: String, at: String, active: bool, steps: &[Step]) -> Foreseen {
    let ends = Outcome::InProgress.word();
    let (prompts, rings) = (Vec::new(), Vec::new());
    let mut foreseen = Foreseen { service, at, active, prompts, rings, ends };
    for step in steps {
        let What::Ordered { output, .. } = &step.what else { continue };
        match output {
            Output::Play { leg: LegId::CALLER, prompts, .. } => {
                foreseen.prompts.extend(prompts.iter().cloned());
            }
            Output::Note(Fact::Rang { responder, phone, step: level, why, .. }) => {
                foreseen.rings.push(Ring {
                    responder: responder.clone(),
                    phone: phone.clone(),
                    step: *level,
                    at_s: step.at.since_start().as_secs_f64(),
                    why: why.clone(),
                });
            }
            Output::Note(Fact::Ended { outcome }) => foreseen.ends = outcome.word(),
            _ => {}
        }
    }
    foreseen
}
