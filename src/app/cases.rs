//! `polaris calls`, `cases`, `case`: what happened, as tables or JSON.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use super::case_print::{call_back, in_words, print_case};
use super::command::Exit;
use super::config::Config;
use super::house::read_store;
use super::terminal;
use crate::store::{CaseRow, Deed, Folder, Keyring, read_sealed_file};
use crate::words::{CaseNumber, ServiceId};

pub(super) async fn calls(config: &Config, json: bool) -> anyhow::Result<Exit> {
    let calls = read_store(config).await?.calls().await?;
    let deed = Deed::new("chiamate elencate", &format!("{} chiamate", calls.len()));
    note_or_warn(config, &[deed]).await;
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
            in_words(call.caller.as_ref(), call.caller_state).trim_start_matches("numero "),
            call.outcome.word(),
            call.accepted_by.as_deref().unwrap_or("-"),
            call.case.map_or_else(|| "-".to_owned(), |case| case.to_string()),
        );
    }
    Ok(Exit::Done)
}

pub(super) async fn cases(config: &Config, json: bool) -> anyhow::Result<Exit> {
    let cases = read_store(config).await?.cases().await?;
    let deed = Deed::new("schede elencate", &format!("{} schede", cases.len()));
    note_or_warn(config, &[deed]).await;
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
    let deeds: Vec<Deed> = found.iter().map(|case| deed("scheda letta", case)).collect();
    note_or_warn(config, &deeds).await;
    if json {
        return lines(&found);
    }
    found.iter().for_each(print_case);
    Ok(Exit::Done)
}

/// Writes the message that was left, opened, to a file that must not be there yet.
pub(super) async fn message(
    config: &Config,
    number: &str,
    service: Option<&str>,
    to: &Path,
) -> anyhow::Result<Exit> {
    let number: CaseNumber = number.parse()?;
    let service = service.map(ServiceId::new);
    let found = read_store(config).await?.case(number, service.as_ref()).await?;
    let [case] = found.as_slice() else {
        eprintln!("La scheda {number} non c'è, o più servizi l'hanno: scrivi --service.");
        return Ok(Exit::Problems);
    };
    let (Some(file), None) = (&case.voicemail, case.voicemail_expired) else {
        eprintln!("La scheda {number} non ha un messaggio, o è già stato cancellato.");
        return Ok(Exit::Problems);
    };
    // What a caller said can wait until the database takes the row; a case at night cannot.
    terminal::note(config, &[deed("messaggio salvato in un file", case)]).await.context(
        "il messaggio non si apre: chi lo ascolta va scritto nel registro degli accessi, e ora \
         non si può",
    )?;
    let keyring = Keyring::new(&config.key_file);
    let sound = read_sealed_file(&config.data_dir, Folder::Voicemail, file, &keyring)?;
    let mut options = OpenOptions::new();
    let out = options.write(true).create_new(true).mode(0o600).open(to);
    out.and_then(|mut out| out.write_all(&sound))
        .with_context(|| format!("«{}» non si può scrivere, o c'è già", to.display()))?;
    println!(
        "Il messaggio della scheda {number} è in chiaro in {}: cancellalo dopo.",
        to.display()
    );
    Ok(Exit::Done)
}

/// A reading, for the audit log.
fn deed(act: &str, case: &CaseRow) -> Deed {
    Deed::new(act, "").on(&case.case.to_string()).of(&case.service)
}

/// Writes down who read calls or cases; that it cannot be written hides none from who needs it.
async fn note_or_warn(config: &Config, deeds: &[Deed]) {
    if let Err(error) = terminal::note(config, deeds).await {
        eprintln!(
            "Attenzione: questa lettura non è nel registro degli accessi ({:#}): dillo a un \
             coordinatore.",
            anyhow::Error::from(error)
        );
    }
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
