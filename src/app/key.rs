//! `polaris key`, and the key file at the start of the service.
//!
//! Law: no call waits for a key, and none is made where one is missing: what was sealed with
//! a lost key would look as if it were nothing.

use std::sync::Arc;
use std::time::Duration;

use clap::Subcommand;
use tokio::time::{MissedTickBehavior, interval};

use super::command::Exit;
use super::config::Config;
use super::house::wall;
use crate::store::{
    Keyring, Made, MakeKeysError, Reader, Standing, Store, Swept, is_any_file_sealed,
    is_any_message_clear, reseal, seal_clear,
};

/// How often it is looked whether the key file came, went or changed, and whether anything
/// lies in clear.
const LOOK_EVERY: Duration = Duration::from_secs(2);

#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Aggiunge una chiave e cifra di nuovo le schede con quella; il servizio può restare in
    /// funzione. Le chiavi di prima restano nel file.
    Rotate,
}

pub(super) async fn run(config: &Config, command: Key) -> anyhow::Result<Exit> {
    let Key::Rotate = command;
    let keyring = Keyring::new(&config.key_file);
    let key = keyring.add_key(wall())?;
    println!("Chiave {key} aggiunta a {}.", config.key_file.display());
    println!("Copia subito il file in un luogo sicuro: le copie di prima non bastano più.");
    let resealed = reseal(&config.store_url, &config.data_dir, &keyring).await?;
    println!("Cifrati di nuovo: {}.", resealed.done);
    if resealed.damaged == 0 {
        return Ok(Exit::Done);
    }
    println!(
        "Non si aprono con la loro chiave, e restano come sono: {}. Qualcuno li ha alterati, o \
         manca una chiave.",
        resealed.damaged
    );
    Ok(Exit::Problems)
}

/// Makes the key file at the first start; says in the log what is wrong with it.
pub(super) async fn prepare(config: &Config, store: &Store) {
    if let Err(error) = make_if_first(config, store).await {
        return tracing::error!(%error, "cases cannot be written");
    }
    if let Err(error) = store.look_for_keys() {
        tracing::error!(%error, "cases can be neither read nor written; calls are answered");
    }
}

/// Makes the key file where nothing was ever sealed. As long as the database does not answer,
/// as on a slow disk at the first start, or the journal holds what it does not, a key may belong
/// to it: [`keep`] asks again.
async fn make_if_first(config: &Config, store: &Store) -> Result<(), MakeKeysError> {
    if store.standing() != Standing::Database {
        return Ok(());
    }
    let sealed = store.reader().is_anything_sealed().await.unwrap_or(true);
    if sealed || is_any_file_sealed(&config.data_dir) {
        return Ok(());
    }
    if Keyring::new(&config.key_file).make(wall())? == Made::Now {
        let path = config.key_file.display();
        tracing::warn!(key.file = %path, "a key file was made: keep a copy of it elsewhere");
    }
    Ok(())
}

/// Keeps an eye on the key file, and seals whatever lies in clear while there is one: numbers
/// of calls that came without it, messages that are finished, what an older version wrote.
pub(super) async fn keep(config: Config, store: Arc<Store>) {
    let keyring = Keyring::new(&config.key_file);
    let mut every = interval(LOOK_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // What stands in the way is said once, not every two seconds.
    let mut said = None;
    // Where there was one since the start, whatever it sealed would be lost behind a new one.
    let mut were_there = keyring.keys().is_ok();
    loop {
        every.tick().await;
        let made = match were_there {
            true => Ok(()),
            false => make_if_first(&config, &store).await,
        };
        let looking = store.clone();
        let looked = tokio::task::spawn_blocking(move || looking.look_for_keys()).await;
        let Ok(looked) = looked else { return };
        were_there |= looked.is_ok();
        let problem = match (looked, made) {
            (Ok(()), _) => sweep(&config, &store, &keyring).await.err(),
            // There never was one: what keeps it from being made is the trouble.
            (Err(_), Err(error)) => Some(error.to_string()),
            (Err(error), Ok(())) => Some(error.to_string()),
        };
        if problem == said {
            continue;
        }
        match &problem {
            Some(error) => tracing::error!(error, "callers' numbers and messages lie in clear"),
            None => tracing::info!("whatever has to be sealed is sealed"),
        }
        said = problem;
    }
}

async fn sweep(config: &Config, store: &Store, keyring: &Keyring) -> Result<(), String> {
    let clear = store.reader().is_anything_clear().await;
    // A database that is away has its own alarm.
    let clear = clear.unwrap_or(false) || is_any_message_clear(&config.data_dir);
    if !clear {
        return Ok(());
    }
    match seal_clear(&config.store_url, &config.data_dir, keyring).await {
        Ok(swept) if swept == Swept::default() => Ok(()),
        Ok(Swept { numbers, secrets, messages }) => {
            tracing::info!(numbers, secrets, messages, "what lay in clear was sealed");
            Ok(())
        }
        Err(error) => Err(error.to_string()),
    }
}

/// What is wrong with the key file, in Italian. That there is none yet is no problem.
pub(super) async fn complaint(config: &Config) -> Option<String> {
    let keyring = Keyring::new(&config.key_file);
    let error = keyring.keys().err()?;
    if std::fs::exists(&config.key_file).unwrap_or(true) {
        return Some(error.to_string());
    }
    let reader = Reader::open(&config.store_url).await.ok()?;
    let sealed = reader.is_anything_sealed().await.unwrap_or(false);
    sealed.then(|| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use sqlx::{Connection as _, SqliteConnection};
    use tokio::time::timeout;

    use super::*;
    use crate::case::{Addition, Fact};
    use crate::store::{Append, Opening, Store, append_to_case};
    use crate::words::{CallId, CaseId, PhoneNumber, ServiceId};

    /// A configuration in a folder of its own, and a service's store on it.
    async fn place() -> (tempfile::TempDir, Config, Store) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("polaris.toml");
        std::fs::write(&file, "data_dir = \"data\"\n").unwrap();
        let config = Config::find(Some(&file)).unwrap();
        let (store, _) = Store::open(&config.store_url, &config.data_dir).await.unwrap();
        (dir, config, store)
    }

    async fn write_a_note(config: &Config, store: &Store) {
        let opening = Opening {
            call: CallId(uuid::Uuid::now_v7()),
            case: CaseId(uuid::Uuid::now_v7()),
            service: ServiceId::new("polaris-br4"),
            timezone: chrono_tz::Europe::Rome,
            number_called: PhoneNumber::from_network("+390831000000"),
            caller: None,
            arrived: wall(),
            first: Fact::Arrived { direct: false, active: true },
        };
        let case = opening.case;
        store.opening(opening).await.unwrap().unwrap();
        let keyring = Keyring::new(&config.key_file);
        let addition = Addition::Note { text: "x".into() };
        let append = Append { case, expected: 0, author: "conte", at: wall(), addition: &addition };
        append_to_case(&config.store_url, &keyring, append).await.unwrap();
    }

    #[tokio::test]
    async fn the_first_start_makes_the_keys_beside_the_configuration() {
        let (dir, config, store) = place().await;
        assert_eq!(config.key_file, dir.path().join("schede.key"));
        assert_eq!(complaint(&config).await, None);
        prepare(&config, &store).await;
        assert_eq!(Keyring::new(&config.key_file).keys().unwrap().newest(), 1);
        assert_eq!(complaint(&config).await, None);
        std::fs::set_permissions(&config.key_file, Permissions::from_mode(0o644)).unwrap();
        assert!(complaint(&config).await.unwrap().contains("chmod 600"));
    }

    #[tokio::test]
    async fn where_the_database_answers_late_the_keys_are_made_once_it_does() {
        let (_dir, config, store) = place().await;
        let mut database = SqliteConnection::connect(&config.store_url).await.unwrap();
        sqlx::query("alter table case_entries rename to away")
            .execute(&mut database)
            .await
            .unwrap();
        prepare(&config, &store).await;
        assert!(!config.key_file.exists(), "it cannot be told whether one belongs there");
        sqlx::query("alter table away rename to case_entries")
            .execute(&mut database)
            .await
            .unwrap();
        let keeping = tokio::spawn(keep(config.clone(), Arc::new(store)));
        let mut looks = interval(Duration::from_millis(20));
        let made = async {
            while !config.key_file.exists() {
                looks.tick().await;
            }
        };
        timeout(Duration::from_secs(30), made).await.unwrap();
        keeping.abort();
    }

    #[tokio::test]
    async fn a_lost_key_file_is_complained_of_and_never_made_anew() {
        let (_dir, config, store) = place().await;
        prepare(&config, &store).await;
        write_a_note(&config, &store).await;
        std::fs::remove_file(&config.key_file).unwrap();
        prepare(&config, &store).await;
        assert!(!config.key_file.exists());
        let complaint = complaint(&config).await.unwrap();
        assert!(complaint.contains("rimettilo dalla copia di sicurezza"), "{complaint}");
    }

    #[tokio::test]
    async fn a_rotation_adds_a_key_and_says_how_it_went() {
        let (_dir, config, store) = place().await;
        assert!(run(&config, Key::Rotate).await.is_err(), "there are no keys yet");
        prepare(&config, &store).await;
        write_a_note(&config, &store).await;
        assert_eq!(run(&config, Key::Rotate).await.unwrap(), Exit::Done);
        assert_eq!(Keyring::new(&config.key_file).keys().unwrap().newest(), 2);
    }

    #[test]
    fn a_key_file_inside_the_data_is_refused_with_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("polaris.toml");
        std::fs::write(&file, "data_dir = \"dati\"\n[store]\nkey_file = \"dati/k.key\"\n").unwrap();
        let problem = Config::find(Some(&file)).unwrap_err().to_string();
        assert!(problem.contains("riga 3: il file delle chiavi «dati/k.key»"), "{problem}");
        assert!(problem.contains("scrivi un file altrove"), "{problem}");
    }
}
