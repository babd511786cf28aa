//! `polaris prompts`: the voice.

use std::path::PathBuf;

use clap::Subcommand;

use super::command::Exit;
use super::config::Config;
use crate::voice;
use crate::words::{Language, PromptId};

#[derive(Debug, Subcommand)]
pub(super) enum Prompts {
    /// Pronuncia i testi e scrive le registrazioni.
    Render {
        /// Solo queste registrazioni; senza, tutte.
        ids: Vec<String>,
        /// Solo questa lingua.
        #[arg(long)]
        language: Option<String>,
        /// La cartella con i testi e le registrazioni.
        #[arg(long, default_value = "prompts")]
        folder: PathBuf,
        /// Dove scrivere anche gli originali a 16 kHz.
        #[arg(long, value_name = "DIR")]
        masters: Option<PathBuf>,
    },
    /// Controlla le registrazioni: mancanti, tosate, troppo piano, in un formato sbagliato.
    Check {
        /// La cartella con i testi e le registrazioni; senza, quelle del programma e
        /// quelle della configurazione che le sostituiscono.
        #[arg(long)]
        folder: Option<PathBuf>,
    },
    /// Elenca le registrazioni con durata e testo.
    List,
}

pub(super) fn run(config: &Config, command: Prompts) -> anyhow::Result<Exit> {
    match command {
        Prompts::Render { ids, language, folder, masters } => {
            let ids: Vec<PromptId> = ids.iter().map(|id| PromptId::new(id)).collect();
            let language = language.map(|code| code.parse::<Language>()).transpose()?;
            if let Some(masters) = masters {
                voice::render_masters(&folder, &masters, &ids, language)?;
            }
            for rendered in voice::render(&folder, &ids, language)? {
                println!(
                    "{:<4}{:<26}{:6.1} s  {:6.1} dBov  picco {:5.1} dBFS",
                    rendered.language,
                    rendered.id.as_str(),
                    rendered.seconds,
                    rendered.level_dbov,
                    rendered.peak_dbfs
                );
            }
            Ok(Exit::Done)
        }
        Prompts::Check { folder } => {
            let found = match folder {
                Some(folder) => voice::check(&folder),
                None => ours(config),
            };
            for defect in &found.defects {
                println!("{defect}");
            }
            println!(
                "{} registrazioni guardate, {} difetti.",
                found.recordings,
                found.defects.len()
            );
            Ok(if found.defects.is_empty() { Exit::Done } else { Exit::Problems })
        }
        Prompts::List => {
            for row in super::house::recordings(config).list() {
                let text = row.text.unwrap_or_default();
                println!("{:<4}{:<26}{:6.1} s  {text}", row.language, row.id.as_str(), row.seconds);
            }
            Ok(Exit::Done)
        }
    }
}

/// The program's own prompts, and those put in their place.
fn ours(config: &Config) -> voice::Checked {
    let mut found = voice::check_embedded();
    let own = voice::Recordings::embedded().with_overrides(&config.own_prompts());
    found.defects.extend(own.1);
    found
}
