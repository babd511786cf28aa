//! Numbers, secrets and messages: never in clear while there is a key, never lost without.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use polaris::access::Role;
use polaris::case::{Fact, Outcome};
use polaris::store::{
    CaseRow, Clerk, Folder, Invitation, Keyring, NewAccount, NumberState, Opening, SecretOf,
    Standing, Store, Swept, Wanted, keep_sealed_file, open_secret, read_sealed_file, reseal,
    seal_clear, seal_secret,
};
use polaris::words::PhoneNumber;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Row};

use crate::place::{Place, case, christmas, numbered, utc, within};

const CALLER: &str = "+393331234567";
const LEFT: &str = "+393339876543";

/// A service's store, its keys and, for a while, no keys.
struct Desk {
    place: Place,
    store: Store,
    keyring: Arc<Keyring>,
}

fn now() -> DateTime<Utc> {
    utc(2026, 12, 24, 19, 0)
}

impl Desk {
    /// With keys or, as an older version, without.
    async fn new(made: Option<()>) -> Self {
        let place = Place::new();
        let keyring = Arc::new(Keyring::new(&place.dir.path().join("polaris.key")));
        if made.is_some() {
            keyring.make(now()).unwrap();
        }
        let store = place.open().await.seal_with(keyring.clone());
        Self { place, store, keyring }
    }

    /// A call whose caller leaves a number and a message, to its end.
    async fn call(&self) -> Opening {
        let opening = christmas();
        numbered(self.store.opening(opening.clone())).await;
        self.note_all(&opening).await;
        opening
    }

    async fn note_all(&self, opening: &Opening) {
        let left = PhoneNumber::from_network(LEFT);
        let message = format!("{}-2.wav", opening.case);
        for (sequence, fact) in (1..).zip([
            Fact::CallBackNumber { number: left },
            Fact::VoicemailLeft { file: message, seconds: 1 },
            Fact::Ended { outcome: Outcome::Voicemail },
        ]) {
            self.store.note(opening.call, sequence, now(), fact);
        }
        within(self.store.flush()).await;
    }

    fn record(&self, opening: &Opening) -> PathBuf {
        let folder = self.place.data_dir.join("voicemail");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(format!("{}-2.wav", opening.case));
        std::fs::write(&file, "RIFF Segretissima").unwrap();
        file
    }

    async fn sweep(&self) -> Swept {
        seal_clear(&self.place.url, &self.place.data_dir, &self.keyring).await.unwrap()
    }

    async fn sql(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(self.place.file()).connect().await.unwrap()
    }

    /// What is found anywhere in the data folder, after the service stopped.
    async fn on_the_disk(&self, words: &[&str]) -> Vec<String> {
        within(self.store.close()).await;
        let voicemail = self.place.data_dir.join("voicemail");
        let folders = [self.place.data_dir.clone(), voicemail];
        let files =
            folders.iter().flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten());
        let mut found = Vec::new();
        for file in files.map(|file| file.unwrap().path()).filter(|path| path.is_file()) {
            let bytes = std::fs::read(&file).unwrap();
            for word in words {
                if bytes.windows(word.len()).any(|window| window == word.as_bytes()) {
                    found.push(format!("{word} in {}", file.display()));
                }
            }
        }
        found
    }
}

fn numbers(case: &CaseRow) -> [Option<&str>; 2] {
    [&case.caller, &case.callback_number].map(|number| number.as_ref().map(|n| n.reveal()))
}

#[tokio::test]
async fn with_a_key_no_number_ever_lies_in_clear_and_each_is_shown_and_found() {
    let desk = Desk::new(Some(())).await;
    desk.call().await;
    assert!(!desk.store.reader().is_anything_clear().await.unwrap());
    let row = case(&desk.store, "2026-0001").await;
    assert_eq!(numbers(&row), [Some(CALLER), Some(LEFT)]);
    for asked in [CALLER, LEFT] {
        let found = desk.store.reader().cases_naming(&desk.keyring, asked).await.unwrap();
        assert_eq!(found, [row.id], "{asked}");
    }
    let wanted =
        |number| Wanted { caller: Some(PhoneNumber::from_network(number)), ..Wanted::default() };
    for (number, found) in [(CALLER, 1), ("+393331234568", 0)] {
        let page = desk.store.reader().calls_page(&wanted(number), 10).await.unwrap();
        assert_eq!(page.len(), found, "{number}");
    }
    assert_eq!(desk.on_the_disk(&["3331234567", "3339876543"]).await, [""; 0]);
}

#[tokio::test]
async fn the_journal_holds_no_number_in_clear_and_needs_no_key_to_be_read() {
    let desk = Desk::new(Some(())).await;
    let mut locker = desk.sql().await;
    sqlx::query("begin immediate").execute(&mut locker).await.unwrap();
    let opening = christmas();
    let journaled = within(desk.store.opening(opening.clone())).await.unwrap();
    assert!(journaled.is_err());
    desk.note_all(&opening).await;
    let journal = std::fs::read_to_string(desk.place.journal()).unwrap();
    assert!(journal.lines().count() >= 4, "{journal}");
    assert!(!journal.contains("3331234567") && !journal.contains("3339876543"), "{journal}");
    // The keys go before the database comes back: the case gets there all the same.
    let away = desk.place.dir.path().join("copia.key");
    std::fs::rename(desk.keyring.file(), &away).unwrap();
    sqlx::query("rollback").execute(&mut locker).await.unwrap();
    within(desk.store.settled()).await;
    let row = case(&desk.store, "2026-0001").await;
    assert_eq!((row.caller_state, row.callback_state), (NumberState::Sealed, NumberState::Sealed));
    let json = serde_json::to_value(&row).unwrap();
    assert_eq!((&json["caller"], &json["caller_state"]), (&().into(), &"sealed".into()));
    std::fs::rename(&away, desk.keyring.file()).unwrap();
    assert_eq!(numbers(&case(&desk.store, "2026-0001").await), [Some(CALLER), Some(LEFT)]);
}

#[tokio::test]
async fn without_a_key_the_number_is_kept_and_sealed_when_the_key_is_back() {
    let desk = Desk::new(Some(())).await;
    let away = desk.place.dir.path().join("copia.key");
    std::fs::rename(desk.keyring.file(), &away).unwrap();
    assert!(desk.store.look_for_keys().is_err());
    let opening = desk.call().await;
    assert_eq!(desk.store.standing(), Standing::Database);
    assert_eq!(numbers(&case(&desk.store, "2026-0001").await), [Some(CALLER), Some(LEFT)]);
    assert!(desk.store.reader().is_anything_clear().await.unwrap());
    assert!(seal_clear(&desk.place.url, &desk.place.data_dir, &desk.keyring).await.is_err());
    desk.record(&opening);
    std::fs::rename(&away, desk.keyring.file()).unwrap();
    desk.store.look_for_keys().unwrap();
    assert_eq!(desk.sweep().await, Swept { numbers: 2, secrets: 0, messages: 1 });
    assert_eq!(desk.sweep().await, Swept::default());
    assert_eq!(numbers(&case(&desk.store, "2026-0001").await), [Some(CALLER), Some(LEFT)]);
    // What is written from now on is sealed at once.
    desk.call().await;
    assert!(!desk.store.reader().is_anything_clear().await.unwrap());
    let found = desk.on_the_disk(&["3331234567", "3339876543", "Segretissima"]).await;
    assert_eq!(found, [""; 0]);
}

#[tokio::test]
async fn many_numbers_of_an_older_version_are_sealed_while_calls_come_in() {
    let desk = Desk::new(None).await;
    for _ in 0..250 {
        numbered(desk.store.opening(christmas())).await;
    }
    desk.keyring.make(now()).unwrap();
    desk.store.look_for_keys().unwrap();
    let calls = async {
        for _ in 0..20 {
            // `numbered` panics when an opening had to wait for half a second.
            numbered(desk.store.opening(christmas())).await;
        }
    };
    let (swept, ()) = within(async { tokio::join!(desk.sweep(), calls) }).await;
    assert_eq!(swept.numbers, 250);
    let calls = desk.store.reader().calls().await.unwrap();
    assert_eq!(calls.len(), 270);
    assert!(calls.iter().all(|call| call.caller.as_ref().map(|n| n.reveal()) == Some(CALLER)));
}

#[tokio::test]
async fn a_message_is_sealed_once_it_is_finished_and_not_while_it_is_spoken() {
    let desk = Desk::new(Some(())).await;
    let speaking = christmas();
    numbered(desk.store.opening(speaking.clone())).await;
    let file = desk.record(&speaking);
    assert_eq!(desk.sweep().await.messages, 0);
    assert!(file.exists(), "it is being recorded");
    desk.note_all(&speaking).await;
    assert_eq!(desk.sweep().await.messages, 1);
    assert!(!file.exists());
    let name = file.file_name().unwrap().to_str().unwrap();
    let read = || read_sealed_file(&desk.place.data_dir, Folder::Voicemail, name, &desk.keyring);
    assert_eq!(read().unwrap(), b"RIFF Segretissima");
    desk.keyring.add_key(now()).unwrap();
    desk.reseal().await;
    assert_eq!(read().unwrap(), b"RIFF Segretissima");
}

impl Desk {
    async fn reseal(&self) -> u64 {
        let resealed = reseal(&self.place.url, &self.place.data_dir, &self.keyring).await.unwrap();
        assert_eq!(resealed.damaged, 0);
        resealed.done
    }
}

#[tokio::test]
async fn a_new_key_seals_numbers_secrets_and_files_anew() {
    let desk = Desk::new(Some(())).await;
    let opening = desk.call().await;
    desk.record(&opening);
    desk.sweep().await;
    let clerk = Clerk::new(&desk.place.url).unwrap();
    let account = NewAccount {
        name: "carla".into(),
        full_name: "Carla".into(),
        role: Role::Coordinator,
        services: Vec::new(),
        person: None,
    };
    let invitation = Invitation { token_hash: "x".into(), expires: now() };
    clerk.add_account(&account, &invitation, "conte", now()).await.unwrap();
    let row = desk.store.reader().account("carla").await.unwrap().unwrap();
    clerk.begin_session("visita", &row, now()).await.unwrap();
    // One as an older version kept it, one as it is kept now.
    clerk.begin_enrolling("visita", "JBSWY3DP").await.unwrap();
    let kept = seal_secret(&desk.keyring, SecretOf::Account("carla"), "GEZDGNBV");
    assert!(clerk.complete_session("visita", "carla", 1, Some(&kept), now()).await.unwrap());
    clerk.begin_enrolling("visita", "JBSWY3DP").await.unwrap();
    assert_eq!(desk.sweep().await, Swept { secrets: 1, ..Swept::default() });
    let (data, folder) = (&desk.place.data_dir, Folder::Attachments);
    keep_sealed_file(data, folder, "atto", b"Segretissima", &desk.keyring).unwrap();

    assert_eq!(desk.keyring.add_key(now()).unwrap(), 2);
    desk.store.look_for_keys().unwrap();
    // Two numbers, two secrets, a message and a document.
    assert_eq!(desk.reseal().await, 6);
    assert_eq!(desk.reseal().await, 0);
    let mut connection = desk.sql().await;
    let row = sqlx::query(
        "select caller_key, callback_key, totp, enrolling from calls join cases using (call), \
         accounts, sessions",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!((row.get::<u32, _>(0), row.get::<u32, _>(1)), (2, 2));
    for (place, of, secret) in
        [(2, SecretOf::Account("carla"), "GEZDGNBV"), (3, SecretOf::Visit("visita"), "JBSWY3DP")]
    {
        let kept: String = row.get(place);
        assert!(kept.starts_with("sealed:2:"), "{kept}");
        assert_eq!(open_secret(&desk.keyring, of, &kept).unwrap(), secret);
    }
    connection.close().await.unwrap();
    clerk.close().await;
    assert_eq!(numbers(&case(&desk.store, "2026-0001").await), [Some(CALLER), Some(LEFT)]);
    let document = read_sealed_file(data, folder, "atto", &desk.keyring).unwrap();
    assert_eq!(document, b"Segretissima");
    let words = ["GEZDGNBV", "JBSWY3DP", "Segretissima", "3331234567"];
    assert_eq!(desk.on_the_disk(&words).await, [""; 0]);
}
