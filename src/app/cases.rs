//! `polaris calls`, `cases`, `case`: what happened, as tables or JSON.

use std::io::Write;

use anyhow::Context;
use serde::Serialize;

use super::case_print::{call_back, print_case};
use super::command::Exit;
use super::config::Config;
use super::house::read_store;
use crate::words::{CaseNumber, PhoneNumber, ServiceId};

pub(super) async fn calls(config: &Config, json: bool) -> anyhow::Result<Exit> {
    let calls = read_store(config).await?.calls().await?;
    if json {
        return lines(&calls);
    }
    println!(
        "{:<19}  {:<12}  {:<16}  {:<12}  {:<10}  scheda",
        "arrivo", "servizio", "chi chiama", "esito", "accettata"
    );
    for call in &calls {
        println!(
            "{:<19}  {:<12}  {:<16}  {:<12}  {:<10}  {}",
            call.arrived.format("%d.%m.%Y %H:%M:%S"),
            call.service.as_str(),
            call.caller.as_ref().map_or("nascosto", PhoneNumber::reveal),
            call.outcome.word(),
            call.accepted_by.as_deref().unwrap_or("-"),
            call.case.map_or_else(|| "-".to_owned(), |case| case.to_string()),
        );
    }
    Ok(Exit::Done)
}

pub(super) async fn cases(config: &Config, json: bool) -> anyhow::Result<Exit> {
    let cases = read_store(config).await?.cases().await?;
    if json {
        return lines(&cases);
    }
    println!(
        "{:<10}  {:<12}  {:<19}  {:<12}  {:<13}  richiamare",
        "scheda", "servizio", "aperta", "richiesta", "fase"
    );
    for case in &cases {
        println!(
            "{:<10}  {:<12}  {:<19}  {:<12}  {:<13}  {}",
            case.case.to_string(),
            case.service.as_str(),
            case.opened.format("%d.%m.%Y %H:%M:%S"),
            case.category.word(),
            case.stage.word(),
            call_back(case),
        );
    }
    Ok(Exit::Done)
}

pub(super) async fn case(
    config: &Config,
    number: &str,
    service: Option<&str>,
    json: bool,
) -> anyhow::Result<Exit> {
    let number: CaseNumber = number.parse()?;
    let service = service.map(ServiceId::new);
    let found = read_store(config).await?.case(number, service.as_ref()).await?;
    if found.is_empty() {
        eprintln!("La scheda {number} non c'è.");
        return Ok(Exit::Problems);
    }
    if json {
        return lines(&found);
    }
    found.iter().for_each(print_case);
    Ok(Exit::Done)
}

/// One JSON object a line.
fn lines<T: Serialize>(rows: &[T]) -> anyhow::Result<Exit> {
    let mut out = std::io::stdout().lock();
    for row in rows {
        serde_json::to_writer(&mut out, row)?;
        writeln!(out).context("non si può scrivere")?;
    }
    Ok(Exit::Done)
}
