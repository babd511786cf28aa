//! `polaris trunks`: how the operator's network is doing, as the running service sees it.
//!
//! The service keeps a small file beside its database; this reads it. Nothing is sent.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::certificates::Shown;
use super::command::Exit;
use super::config::{Config, TrunkConfig};
use super::house;
use crate::line::Tls;
use crate::sip::Registered;
use crate::switchboard::{Health, TrunkStanding, Why};

/// How often the file is written without news: its age says that the service runs.
const WRITE_EVERY: Duration = Duration::from_secs(30);
/// An older file is of a service that runs no more.
const FRESH: Duration = Duration::from_secs(90);

#[derive(Debug, Serialize, Deserialize)]
struct Board {
    written: DateTime<Utc>,
    trunks: Vec<Line>,
}

/// One trunk, as written and as JSON.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    trunk: String,
    state: String,
    since: DateTime<Utc>,
    why: Option<String>,
    /// Null where there is no registrar.
    registration: Option<String>,
    /// The registrar's refusal; 408 is silence.
    registration_status: Option<u16>,
    /// What a trunk over TLS has shown; null for others.
    certificate: Option<Shown>,
}

impl Line {
    fn new(standing: &TrunkStanding, certificate: Option<Shown>) -> Self {
        let (state, why) = match standing.health {
            Health::Ill(Why::DeafToCalls) => ("ill", Some("deaf_to_calls")),
            Health::Ill(Why::NoAddress) => ("ill", Some("no_address")),
            Health::Ill(Why::RefusesCalls) => ("ill", Some("refuses_calls")),
            Health::Ill(Why::Silent) => ("ill", Some("silent")),
            Health::Ill(Why::Unavailable) => ("ill", Some("unavailable")),
            Health::Unknown => ("unknown", None),
            Health::Well => ("well", None),
        };
        let (registration, registration_status) = match standing.registered {
            None => (None, None),
            Some(Registered::Left) => (Some("left"), None),
            Some(Registered::No(status)) => (Some("refused"), Some(status)),
            Some(Registered::NotYet) => (Some("registering"), None),
            Some(Registered::Yes) => (Some("registered"), None),
        };
        Self {
            registration: registration.map(str::to_owned),
            registration_status,
            certificate,
            trunk: standing.name.clone(),
            state: state.to_owned(),
            since: standing.since,
            why: why.map(str::to_owned),
        }
    }

    fn is_ill(&self) -> bool {
        self.state == "ill" || self.registration_status.is_some()
    }

    /// What to see to, in Italian; the certificate first, which may be why it is ill.
    fn advice(&self) -> Vec<String> {
        let certificate = self.certificate.as_ref().and_then(|shown| shown.advice(house::wall()));
        let disbelieved = self.certificate.as_ref().is_some_and(|c| c.distrust.is_some());
        let others = Some(self.advice_on_answers()).filter(|text| !text.is_empty() && !disbelieved);
        certificate.into_iter().chain(others.map(str::to_owned)).collect()
    }

    fn advice_on_answers(&self) -> &'static str {
        match self.registration_status {
            Some(408 | 503) => {
                return "il registrar non risponde: chiedi all'operatore indirizzo, porta e \
                        trasporto (UDP, TCP o TLS) per la registrazione";
            }
            Some(_) => {
                return "la registrazione è rifiutata: chiedi all'operatore utente, password e \
                        dominio, e se l'utenza è già registrata altrove";
            }
            None => {}
        }
        match self.why.as_deref() {
            Some("silent") => {
                "non risponde alle OPTIONS: chiedi all'operatore se il nostro indirizzo è \
                 abilitato, se indirizzo, porta e trasporto (UDP, TCP o TLS) sono giusti, e se \
                 risponde alle OPTIONS (se no: «probe = false»)"
            }
            Some("deaf_to_calls") => {
                "non risponde alle chiamate: chiedi all'operatore se il nostro indirizzo e il \
                 nostro numero chiamante sono abilitati in uscita"
            }
            Some("refuses_calls") => {
                "rifiuta le nostre chiamate (401, 402, 403 o 407): chiedi all'operatore se \
                 l'utenza è attiva, e se utente, password e numero chiamante sono giusti"
            }
            Some("no_address") => {
                "il suo nome non ha un indirizzo: controlla il DNS di questa macchina, o chiedi \
                 all'operatore il nome o l'indirizzo giusto"
            }
            Some("unavailable") => {
                "non si raggiunge o rifiuta (503): chiedi all'operatore se il servizio è attivo, \
                 quante chiamate insieme permette, e su quale indirizzo e porta ascolta"
            }
            _ => "",
        }
    }
}

/// Keeps the file as long as the service runs. A file that cannot be written is logged
/// once: no call waits for it.
pub(super) async fn keep(
    config: Config,
    mut told: watch::Receiver<Vec<TrunkStanding>>,
    tls: Option<Tls>,
) {
    let mut complained = false;
    loop {
        let shown = shown(&config, tls.as_ref());
        let line = |trunk: &TrunkStanding| {
            let shown = shown.iter().find(|(name, _)| *name == trunk.name);
            Line::new(trunk, shown.map(|(_, shown)| shown.clone()))
        };
        let trunks = told.borrow_and_update().iter().map(line).collect();
        let board = Board { written: house::wall(), trunks };
        let file = file(&config.data_dir);
        // Not beside this task: whoever ends it must know that nothing is written any more.
        let written = tokio::task::block_in_place(|| write(&file, &board));
        if written.is_err() && !std::mem::replace(&mut complained, true) {
            tracing::warn!("the state of the trunks cannot be written");
        }
        if let Ok(Err(_)) = tokio::time::timeout(WRITE_EVERY, told.changed()).await {
            return;
        }
    }
}

/// What each trunk over TLS has shown, by its name.
fn shown(config: &Config, tls: Option<&Tls>) -> Vec<(String, Shown)> {
    let seen = tls.map(Tls::seen).unwrap_or_default();
    let of = |trunk: &TrunkConfig| {
        let seen = seen.iter().find(|seen| Some(&seen.name) == trunk.tls.as_ref().map(|t| &t.name));
        Some((trunk.name.clone(), Shown::new(seen?.clone())))
    };
    config.trunks.iter().filter_map(of).collect()
}

/// Whole or not at all: it is read while it is written.
fn write(file: &Path, board: &Board) -> io::Result<()> {
    let beside = file.with_extension("json.new");
    fs::write(&beside, serde_json::to_vec(board)?)?;
    fs::rename(&beside, file)
}

/// The service stops: what the file says is true no more.
pub(super) fn forget(data_dir: &Path) {
    // Where it cannot be removed its age tells.
    let _ = fs::remove_file(file(data_dir));
}

fn file(data_dir: &Path) -> PathBuf {
    data_dir.join("trunks.json")
}

/// What the running service wrote; `None` when none runs.
fn read(config: &Config) -> anyhow::Result<Option<Board>> {
    let file = file(&config.data_dir);
    let bytes = match fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| file.display().to_string()),
    };
    let board: Board =
        serde_json::from_slice(&bytes).with_context(|| file.display().to_string())?;
    let age = house::wall().signed_duration_since(board.written).to_std().unwrap_or_default();
    Ok(Some(board).filter(|_| age <= FRESH))
}

/// A sentence for each thing that the running service finds wrong with a trunk.
pub(super) fn complaints(config: &Config) -> Vec<String> {
    // Without a running service there is nothing to say.
    let board = read(config).ok().flatten();
    let lines = board.into_iter().flat_map(|board| board.trunks);
    let of = |line: Line| {
        let advice = line.advice().into_iter();
        advice.map(move |advice| format!("trunk «{}»: {advice}", line.trunk)).collect::<Vec<_>>()
    };
    lines.flat_map(of).collect()
}

pub(super) fn trunks(config: &Config, json: bool) -> anyhow::Result<Exit> {
    let Some(board) = read(config)? else {
        eprintln!("polaris: il servizio non è in funzione: nessuno sta provando i trunk");
        return Ok(Exit::Problems);
    };
    for line in &board.trunks {
        if json {
            println!("{}", serde_json::to_string(line)?);
        } else {
            let state = match line.state.as_str() {
                "well" => "bene",
                "ill" => "guasto",
                _ => "non ancora provato",
            };
            let since = line.since.with_timezone(&chrono_tz::Europe::Rome);
            let registration = match (line.registration.as_deref(), line.registration_status) {
                (Some("registered"), _) => ", registrato".to_owned(),
                (Some("registering"), _) => ", registrazione in corso".to_owned(),
                (_, Some(status)) => format!(", non registrato ({status})"),
                _ => String::new(),
            };
            let since = since.format("%d-%m-%Y %H:%M:%S");
            println!("{}: {state} dal {since}{registration}", line.trunk);
            for advice in line.advice() {
                println!("  {advice}");
            }
        }
    }
    let wrong = board.trunks.iter().any(|line| line.is_ill() || !line.advice().is_empty());
    Ok(if wrong { Exit::Problems } else { Exit::Done })
}
