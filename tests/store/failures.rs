//! The database is away, slow, broken or gone: nobody waits and nothing is lost.

use std::path::Path;
use std::time::Duration;

use polaris::case::Fact;
use polaris::store::{Journaled, OpenStoreError, Standing, Store};
use polaris::words::{Clock, Digit, SystemClock};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use crate::place::{Place, case, christmas, number, numbered, within};

/// Another program that holds the database until it is told to let go.
pub(crate) async fn lock(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(5));
    let mut connection = options.connect().await.unwrap();
    sqlx::query("begin exclusive").execute(&mut connection).await.unwrap();
    connection
}

pub(crate) async fn unlock(mut connection: SqliteConnection) {
    sqlx::query("rollback").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// The time in which the store tries the database that often.
async fn retries_were_due(count: u32) {
    let mut due = tokio::time::interval(polaris::store::RETRY_EVERY);
    for _ in 0..=count {
        due.tick().await; // the first is at once
    }
}

#[tokio::test]
async fn a_locked_database_keeps_a_caller_waiting_no_longer_than_half_a_second() {
    let place = Place::new();
    let store = place.open().await;
    numbered(store.opening(christmas())).await;
    let locked = lock(&place.file()).await;
    let clock = SystemClock::start();
    let opening = christmas();
    let answer = within(store.opening(opening.clone())).await.unwrap();
    assert_eq!(answer, Err(Journaled::OnDisk));
    let waited = clock.now().since_start();
    assert!((450..1500).contains(&waited.as_millis()), "{waited:?}");
    assert_eq!(store.standing(), Standing::Journal);

    // Later writes queue up behind it, at once.
    store.note(opening.call, 1, opening.arrived, Fact::KeyPressed { digit: Digit::TWO });
    let third = within(store.opening(christmas())).await.unwrap();
    assert_eq!(third, Err(Journaled::OnDisk));
    let journal = std::fs::read_to_string(place.journal()).unwrap();
    assert_eq!(journal.lines().count(), 3);

    unlock(locked).await;
    within(store.settled()).await;
    assert_eq!(std::fs::metadata(place.journal()).unwrap().len(), 0);
    let calls = store.reader().calls().await.unwrap();
    let mut numbers: Vec<u32> = calls.iter().map(|call| call.case.unwrap().sequence).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(calls.iter().find(|call| call.call == opening.call).unwrap().keys, "2");
    // The transaction that came too late, and the journal, made one entry each.
    assert_eq!(case(&store, "2026-0002").await.entries.len(), 2);
    assert_eq!(numbered(store.opening(christmas())).await, number("2026-0004"));
}

#[tokio::test]
async fn a_lock_longer_than_the_busy_timeout_is_outlasted() {
    let place = Place::new();
    let store = place.open().await;
    let locked = lock(&place.file()).await;
    assert_eq!(within(store.opening(christmas())).await.unwrap(), Err(Journaled::OnDisk));
    retries_were_due(3).await; // the lock is held for longer than SQLite itself waits
    assert_eq!(store.standing(), Standing::Journal);
    unlock(locked).await;
    within(store.settled()).await;
    assert_eq!(store.reader().calls().await.unwrap().len(), 1);
}

/// Starts on what cannot be a database, takes a call, repairs it, and looks.
async fn starts_without_a_database(place: &Place, repair: impl FnOnce()) {
    let strict = Store::open(&place.url, &place.data_dir).await;
    assert!(matches!(strict, Err(OpenStoreError::Connect { .. })), "{strict:?}");
    let (store, recovered) = Store::open_or_journal(&place.url, &place.data_dir).await.unwrap();
    let opening = christmas();
    let answer = within(store.opening(opening.clone())).await.unwrap();
    assert_eq!(answer, Err(Journaled::OnDisk));
    store.note(opening.call, 1, opening.arrived, Fact::CallAnswered);
    within(store.flush()).await;
    repair();
    assert_eq!(within(recovered).await.unwrap().interrupted, []);
    within(store.settled()).await;
    let case = case(&store, "2026-0001").await;
    assert_eq!((case.call, case.entries.len()), (opening.call, 2));
    assert_eq!(store.reader().calls().await.unwrap()[0].ended, None);
}

#[tokio::test]
async fn a_corrupt_database_does_not_keep_the_service_from_answering() {
    let place = Place::new();
    std::fs::create_dir_all(&place.data_dir).unwrap();
    std::fs::write(place.file(), [b'x'; 8192]).unwrap();
    starts_without_a_database(&place, || std::fs::remove_file(place.file()).unwrap()).await;
}

#[tokio::test]
async fn a_folder_in_place_of_the_database_does_not_either() {
    let place = Place::new();
    std::fs::create_dir_all(place.file()).unwrap();
    starts_without_a_database(&place, || std::fs::remove_dir(place.file()).unwrap()).await;
}

#[tokio::test]
async fn a_database_removed_while_running_is_not_believed_and_not_made_anew() {
    let place = Place::new();
    let store = place.open().await;
    numbered(store.opening(christmas())).await;
    let away = place.dir.path().join("away");
    std::fs::rename(place.file(), &away).unwrap();
    let opening = christmas();
    let answer = within(store.opening(opening.clone())).await.unwrap();
    assert_eq!(answer, Err(Journaled::OnDisk));
    retries_were_due(2).await;
    assert!(!place.file().exists(), "an empty database would give numbers out twice");
    std::fs::rename(&away, place.file()).unwrap();
    within(store.settled()).await;
    assert_eq!(case(&store, "2026-0002").await.call, opening.call);
    assert_eq!(numbered(store.opening(christmas())).await, number("2026-0003"));
}

#[tokio::test]
async fn without_a_journal_either_writes_wait_in_memory() {
    let place = Place::new();
    let store = place.open().await;
    let locked = lock(&place.file()).await;
    std::fs::create_dir(place.journal()).unwrap_or_else(|_| {
        std::fs::remove_file(place.journal()).unwrap();
        std::fs::create_dir(place.journal()).unwrap();
    });
    let opening = christmas();
    let answer = within(store.opening(opening.clone())).await.unwrap();
    assert_eq!(answer, Err(Journaled::InMemory));
    store.note(opening.call, 1, opening.arrived, Fact::CallAnswered);
    std::fs::remove_dir(place.journal()).unwrap();
    within(store.flush()).await;
    unlock(locked).await;
    within(store.settled()).await;
    assert_eq!(case(&store, "2026-0001").await.entries.len(), 2);
}

#[tokio::test]
async fn a_torn_journal_is_read_up_to_the_tear_and_the_calls_in_it_are_interrupted() {
    let place = Place::new();
    let opening = christmas();
    std::fs::create_dir_all(&place.data_dir).unwrap();
    let line = |write| serde_json::to_string(&write).unwrap();
    let open = line(polaris::store::Write::Open(opening.clone()));
    let note = line(polaris::store::Write::Note {
        call: opening.call,
        sequence: 1,
        at: opening.arrived,
        fact: Fact::CallAnswered,
    });
    // Twice, as after a crash between replay and truncation; then torn.
    let text = format!("{open}\n{note}\nrubbish\n{open}\n{note}\n{}", &open[..40]);
    std::fs::write(place.journal(), text).unwrap();
    let (store, recovered) = Store::open(&place.url, &place.data_dir).await.unwrap();
    assert_eq!((recovered.replayed, recovered.refused), (4, 2));
    assert_eq!(recovered.interrupted[0].call, opening.call);
    assert_eq!(case(&store, "2026-0001").await.entries.len(), 3);
    assert_eq!(std::fs::metadata(place.journal()).unwrap().len(), 0);
}

#[tokio::test]
async fn a_second_process_on_the_same_folder_is_refused_with_a_reason() {
    let place = Place::new();
    let _store = place.open().await;
    for second in [
        Store::open(&place.url, &place.data_dir).await.map(drop),
        Store::open_or_journal(&place.url, &place.data_dir).await.map(drop),
    ] {
        let error = second.unwrap_err();
        assert!(matches!(error, OpenStoreError::AlreadyRunning(_)), "{error:?}");
    }
    for url in ["postgres://x", "sqlite::memory:", "sqlite:", ""] {
        let error = Store::open(url, &place.data_dir).await.unwrap_err();
        assert!(matches!(error, OpenStoreError::Url(_)), "{url}: {error:?}");
    }
}
