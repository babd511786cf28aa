//! `polaris backup`, `polaris restore`: copies of what the service keeps.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use clap::Args;

use super::command::Exit;
use super::config::Config;
use super::house::{self, wall};
use crate::store::{self, Clerk, Deed, Passphrase};

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// La copia.
    file: PathBuf,
    /// La cartella vuota o nuova in cui rimetterla; senza, quella della configurazione.
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// Il file con la frase di allora; senza, quello di «backup».
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// `polaris backup`.
pub(super) async fn back_up(config: &Config, file: PathBuf) -> anyhow::Result<Exit> {
    let phrase = phrase(config.backup_phrase.as_deref())?;
    let at = wall();
    let file = if file.is_dir() { file.join(name(at)) } else { file };
    let done = store::back_up(&config.store_url, &config.data_dir, &file, &phrase, at).await?;
    println!("{}: {} file, {} byte, cifrata.", file.display(), done.files, done.bytes);
    let left = [Some(&config.key_file), config.backup_phrase.as_ref(), config.file.as_ref()];
    let left: Vec<String> =
        left.into_iter().flatten().map(|path| path.display().to_string()).collect();
    println!("Non ci sono dentro, e vanno copiati a mano altrove: {}.", left.join(", "));
    if let Err(error) = note(config, at).await {
        eprintln!("Attenzione: la copia è fatta ma non è nel registro: {error:#}");
    }
    Ok(Exit::Done)
}

/// `polaris restore`.
pub(super) async fn restore(config: &Config, asked: Restore) -> anyhow::Result<Exit> {
    let phrase = phrase(asked.passphrase_file.as_deref().or(config.backup_phrase.as_deref()))?;
    let into = asked.into.as_ref().unwrap_or(&config.data_dir);
    let back = store::restore(&asked.file, &phrase, into).await?;
    let made = DateTime::parse_from_rfc3339(&back.made).map(|at| at.with_timezone(&ZONE));
    let made = made.map_or(back.made, |at| at.format("%d/%m/%Y %H:%M").to_string());
    println!("Copia del {made}, integra.");
    println!(
        "{} chiamate, {} schede, {} messaggi, in {}.",
        back.calls,
        back.cases,
        back.messages,
        into.display()
    );
    println!("Per leggere le schede serve anche {}: rimettilo.", config.key_file.display());
    let database = format!("sqlite:{}", into.join("polaris.db").display());
    if database != config.store_url {
        println!("Attenzione: il servizio legge {}, non questa cartella.", config.store_url);
    }
    let Some(broken) = back.broken else { return Ok(Exit::Done) };
    eprintln!("Il registro era alterato già quando la copia fu fatta: {broken}.");
    Ok(Exit::Problems)
}

/// What is wrong with the passphrase that copies are to be made with, in Italian: at night
/// nobody reads what the timer says.
pub(super) fn complaint(config: &Config) -> Option<String> {
    let file = config.backup_phrase.as_deref()?;
    let error = Passphrase::read(file).err()?;
    Some(format!("`polaris backup` non farebbe copie: {error}"))
}

fn phrase(file: Option<&Path>) -> anyhow::Result<Passphrase> {
    let Some(file) = file else {
        bail!(
            "manca la frase con cui cifrare: scrivila in un file leggibile solo da te \
             (chmod 600) e indicalo in polaris.toml, [backup] passphrase_file"
        )
    };
    Ok(Passphrase::read(file)?)
}

fn name(at: DateTime<Utc>) -> String {
    format!("polaris-{}.copia", at.with_timezone(&ZONE).format("%Y%m%d-%H%M%S"))
}

/// Who takes the data away is in the audit log (provv. Garante 27-11-2008).
async fn note(config: &Config, at: DateTime<Utc>) -> anyhow::Result<()> {
    // A hand that writes brings the database up to date: not what a copy is for.
    house::read_store(config).await?;
    let clerk = Clerk::new(&config.store_url)?;
    let deed = Deed::new("copia fatta", "banca dati, giornale, messaggi");
    let noted = clerk.note_deed(super::accounts::COMMAND_LINE, &deed, at).await;
    clerk.close().await;
    noted.context("la banca dati non l'ha accettato")
}

const ZONE: chrono_tz::Tz = chrono_tz::Europe::Rome;
