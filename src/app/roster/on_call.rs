//! `polaris roster on-call`: who would be rung at an instant.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::super::command::Exit;
use super::super::config::Config;
use super::super::house::{self, read_store};
use super::{Services, ZONE, parse_instant};
use crate::roster::{Need, OnCall, Period, Roster};
use crate::words::{PhoneNumber, ServiceId};

/// One responder on duty, as JSON.
#[derive(Debug, Serialize)]
struct OnCallRow {
    service: ServiceId,
    equipe: String,
    step: u32,
    person: String,
    phone: Option<PhoneNumber>,
    phones: Vec<PhoneNumber>,
    from: String,
    until: String,
    why: String,
}

/// How many days from the instant a duty is followed: most end soon, and a wider look is
/// needed once in a while.
const REACHES: [i64; 4] = [3, 40, 400, 40_000];

pub(super) async fn on_call(config: &Config, at: Option<&str>, json: bool) -> anyhow::Result<Exit> {
    let at = at.map(|text| parse_instant(text, ZONE)).transpose()?.unwrap_or_else(house::wall);
    let roster = read_store(config).await?.roster().await?.roster;
    let services = Services::of(config);
    let mut nobody = true;
    for (service, equipe) in services.equipes(roster.records()) {
        let zone = services.zone(&service);
        let local = |instant: DateTime<Utc>| instant.with_timezone(&zone);
        let ladder = roster.on_call(&service, &equipe, at, &Need::default());
        for person in &ladder.without_phone {
            eprintln!("{service}/{equipe}: {person} è di turno, ma senza telefono: non squilla.");
        }
        for on_call in ladder.steps.iter().flat_map(|step| &step.responders) {
            nobody = false;
            let (from, until) = duty_of(&roster, &service, &equipe, at, on_call);
            let row = OnCallRow {
                service: service.clone(),
                equipe: equipe.clone(),
                step: on_call.step,
                person: on_call.person.clone(),
                phone: on_call.phones.first().cloned(),
                phones: on_call.phones.clone(),
                from: local(from).to_rfc3339(),
                until: local(until).to_rfc3339(),
                why: on_call.why.clone(),
            };
            if json {
                println!("{}", serde_json::to_string(&row)?);
            } else {
                println!(
                    "{:<12} {:<8} {}  {:<24} {:<14} fino alle {}  ({})",
                    row.service.as_str(),
                    row.equipe,
                    row.step,
                    row.person,
                    row.phone.as_ref().map_or("–", PhoneNumber::reveal),
                    local(until).format("%H:%M del %d.%m.%Y"),
                    row.why,
                );
            }
        }
    }
    if nobody {
        eprintln!("Nessuno è di turno.");
        return Ok(Exit::Problems);
    }
    Ok(Exit::Done)
}

/// Since when, and until when, this person is on duty for the same reason: the final
/// result, followed both ways from `at`.
fn duty_of(
    roster: &Roster,
    service: &ServiceId,
    equipe: &str,
    at: DateTime<Utc>,
    on_call: &OnCall,
) -> (DateTime<Utc>, DateTime<Utc>) {
    let mut found = None;
    for reach in REACHES.map(TimeDelta::days) {
        let ends = at.checked_sub_signed(reach).zip(at.checked_add_signed(reach));
        let Some(range) = ends.and_then(|(from, until)| Period::new(from, until).ok()) else {
            break;
        };
        let period = within(roster, service, equipe, range, at, on_call);
        found = period.or(found);
        if period.is_some_and(|p| p.from() > range.from() && p.until() < range.until()) {
            break;
        }
    }
    found.map_or((at, at), |period| (period.from(), period.until()))
}

fn within(
    roster: &Roster,
    service: &ServiceId,
    equipe: &str,
    range: Period,
    at: DateTime<Utc>,
    on_call: &OnCall,
) -> Option<Period> {
    let stints = roster.stints(service, equipe, range);
    let mut now = stints.into_iter().filter(|stint| stint.period.covers(at));
    now.find(|stint| stint.on_call == *on_call).map(|stint| stint.period)
}
