//! The commands, and what each exits with.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::config::Config;
use super::logs::Logs;
use super::{
    accounts, cases, check, copies, demo, key, programs, prompts, reason, retention, roster, serve,
    trunks, try_out, webhooks, what_if,
};

/// La linea telefonica di un Pronto Intervento Sociale.
#[derive(Debug, Parser)]
#[command(name = "polaris", version, about, max_term_width = 100)]
struct Arguments {
    /// File di configurazione; senza, `polaris.toml` nella cartella corrente, altrimenti i
    /// valori predefiniti.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Fa funzionare il servizio: risponde alle chiamate finché non riceve SIGTERM.
    Serve,
    /// Mostra una chiamata intera su questa macchina, con un cittadino e un operatore simulati.
    Demo {
        /// Finisce dopo la chiamata invece di restare in funzione.
        #[arg(long)]
        once: bool,
    },
    /// Un telefono nel terminale: chiama un servizio e dice che cosa sente.
    Try(try_out::Try),
    /// Controlla configurazione, piani, registrazioni e turni: ogni problema in una volta.
    Check {
        /// Un oggetto JSON per problema.
        #[arg(long)]
        json: bool,
    },
    /// Racconta un piano in italiano.
    Explain {
        /// Il file del piano.
        dialplan: PathBuf,
    },
    /// I turni di reperibilità.
    Roster {
        #[command(subcommand)]
        command: roster::Roster,
    },
    /// Che cosa farebbe una chiamata: chi squillerebbe, quando e perché. Non chiama nessuno.
    WhatIf(what_if::WhatIf),
    /// Il registro delle chiamate.
    Calls {
        /// Un oggetto JSON per riga.
        #[arg(long)]
        json: bool,
    },
    /// Le schede.
    Cases {
        /// Un oggetto JSON per riga.
        #[arg(long)]
        json: bool,
    },
    /// Una scheda, con tutta la sua storia.
    Case {
        /// Il numero della scheda, per esempio 2026-0417.
        number: String,
        /// Il servizio, se più servizi hanno una scheda con questo numero.
        #[arg(long)]
        service: Option<String>,
        /// Un oggetto JSON per riga.
        #[arg(long)]
        json: bool,
        /// Scrive in FILE, in chiaro, il messaggio lasciato da chi ha chiamato.
        #[arg(long, value_name = "FILE", conflicts_with = "json")]
        message: Option<PathBuf>,
    },
    /// Fa una copia cifrata della cartella dei dati, anche mentre il servizio risponde.
    Backup {
        /// Il file da scrivere; se è una cartella, il nome lo dà il programma.
        file: PathBuf,
    },
    /// Rimette una copia in una cartella vuota, dopo averla controllata.
    Restore(copies::Restore),
    /// Le chiavi con cui le schede sono cifrate.
    Key {
        #[command(subcommand)]
        command: key::Key,
    },
    /// Che cosa scade da sé, e che cosa è stato cancellato.
    Retention {
        #[command(subcommand)]
        command: retention::Retention,
    },
    /// Come stanno i trunk, secondo il servizio in funzione.
    Trunks {
        /// Un oggetto JSON per riga.
        #[arg(long)]
        json: bool,
    },
    /// Gli accessi alla console.
    User {
        #[command(subcommand)]
        command: accounts::User,
    },
    /// I gettoni con cui altri programmi usano /api/v1.
    Token {
        #[command(subcommand)]
        command: programs::Token,
    },
    /// Scrive la descrizione di /api/v1, per chi scrive altri programmi.
    Api,
    /// Che cosa non è ancora stato detto ad altri programmi («webhook»), o mai.
    Webhooks {
        /// Prova di nuovo i messaggi abbandonati di questo «webhook».
        #[arg(long, value_name = "NOME")]
        retry: Option<String>,
        /// Un oggetto JSON per riga.
        #[arg(long)]
        json: bool,
    },
    /// Il registro di chi ha letto e fatto che cosa.
    Audit {
        #[command(subcommand)]
        command: accounts::Audit,
    },
    /// Le registrazioni che chi chiama sente.
    Prompts {
        #[command(subcommand)]
        command: prompts::Prompts,
    },
}

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// As asked.
    Done,
    /// What was looked at has problems, or what was looked for is not there.
    Problems,
    /// It could not be done or looked at.
    Impossible,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Problems => 1,
            Exit::Impossible => 2,
        })
    }
}

/// Runs one command line; problems go to standard error in Italian.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors; they go to standard output.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    // `polaris cases | head` ends in silence. A service outlives whoever read its words.
    if !matches!(arguments.command, Command::Serve) {
        sigpipe::reset();
    }
    let mut logs = Logs::start(match arguments.command {
        Command::Serve => "info",
        _ => "error",
    });
    match block_on(arguments, &mut logs) {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("polaris: {}", reason::in_words(&error));
            Exit::Impossible.into()
        }
    }
}

fn block_on(arguments: Arguments, logs: &mut Logs) -> anyhow::Result<Exit> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(dispatch(arguments, logs))
}

async fn dispatch(arguments: Arguments, logs: &mut Logs) -> anyhow::Result<Exit> {
    let config = || Config::find(arguments.config.as_deref());
    match arguments.command {
        Command::Serve => serve::serve(config()?, logs).await,
        Command::Demo { once } => demo::demo(once).await,
        Command::Try(options) => try_out::try_out(options).await,
        Command::Check { json } => check::check(config(), json).await,
        Command::Explain { dialplan } => check::explain(config(), &dialplan),
        Command::Roster { command } => roster::run(&config()?, command).await,
        Command::WhatIf(options) => what_if::what_if(&config()?, options).await,
        Command::Calls { json } => cases::calls(&config()?, json).await,
        Command::Cases { json } => cases::cases(&config()?, json).await,
        Command::Case { number, service, message: Some(to), .. } => {
            cases::message(&config()?, &number, service.as_deref(), &to).await
        }
        Command::Case { number, service, json, message: None } => {
            cases::case(&config()?, &number, service.as_deref(), json).await
        }
        Command::Backup { file } => copies::back_up(&config()?, file).await,
        Command::Restore(asked) => copies::restore(&config()?, asked).await,
        Command::Key { command } => key::run(&config()?, command).await,
        Command::Retention { command } => retention::run(&config()?, command).await,
        Command::Trunks { json } => trunks::trunks(&config()?, json),
        Command::User { command } => accounts::user(&config()?, command).await,
        Command::Token { command } => programs::token(&config()?, command).await,
        Command::Api => programs::describe(),
        Command::Webhooks { retry: Some(name), .. } => webhooks::retry(&config()?, &name).await,
        Command::Webhooks { retry: None, json } => webhooks::show(&config()?, json).await,
        Command::Audit { command } => accounts::audit(&config()?, command).await,
        Command::Prompts { command } => prompts::run(&config()?, command),
    }
}
