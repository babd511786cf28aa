//! `polaris roster on-call`: who would be rung at an instant.

use super::super::command::Exit;
use super::super::config::Config;
use super::super::house::{self, read_store};
use super::{Services, ZONE, parse_instant};
use crate::console::on_call_rows;
use crate::roster::Need;
use crate::words::PhoneNumber;

pub(super) async fn on_call(config: &Config, at: Option<&str>, json: bool) -> anyhow::Result<Exit> {
    let at = at.map(|text| parse_instant(text, ZONE)).transpose()?.unwrap_or_else(house::wall);
    let roster = read_store(config).await?.roster().await?.roster;
    let services = Services::of(config);
    let mut nobody = true;
    for (service, equipe) in services.equipes(roster.records()) {
        let zone = services.zone(&service);
        let ladder = roster.on_call(&service, &equipe, at, &Need::default());
        for person in &ladder.without_phone {
            eprintln!("{service}/{equipe}: {person} è di turno, ma senza telefono: non squilla.");
        }
        for row in on_call_rows(&roster, &service, &equipe, zone, at) {
            nobody = false;
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
                    row.until.format("%H:%M del %d.%m.%Y"),
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
