//! Copies: whole, encrypted, and back again, while the service writes.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use polaris::case::Addition;
use polaris::store::{
    BackUpError, Clerk, Content, Deed, Keyring, Passphrase, Reader, RestoreError, Restored, Store,
    back_up, restore,
};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use crate::place::{christmas, numbered, opening, utc, within};
use crate::written::Desk;

fn phrase(dir: &Path, text: &str) -> Passphrase {
    let file = dir.join("frase");
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    Passphrase::read(&file).unwrap()
}

fn ours(desk: &Desk) -> Passphrase {
    phrase(desk.place.dir.path(), "una frase piuttosto lunga")
}

async fn copy(desk: &Desk, name: &str) -> Result<PathBuf, BackUpError> {
    let file = desk.place.dir.path().join(name);
    let (url, data_dir) = (&desk.place.url, &desk.place.data_dir);
    back_up(url, data_dir, &file, &ours(desk), utc(2026, 12, 25, 4, 0)).await.map(|_| file)
}

/// Everything in a folder, at any depth.
fn names(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(names(&path).into_iter().map(|inside| format!("{name}/{inside}")));
        } else {
            found.push(name);
        }
    }
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_made_while_calls_come_in_comes_back_whole() {
    let desk = Desk::new().await;
    desk.add(0, Addition::Note { text: "Segretissima".into() }).await;
    let voicemail = desk.place.data_dir.join("voicemail");
    fs::create_dir_all(&voicemail).unwrap();
    fs::write(voicemail.join("a-1.wav"), vec![7; 300_000]).unwrap();
    fs::write(voicemail.join(".half"), "x").unwrap();
    let clerk = Clerk::new(&desk.place.url).unwrap();
    clerk.note_deed("conte", &Deed::new("prova", ""), utc(2026, 12, 24, 20, 0)).await.unwrap();

    // Each call is in the database, and not in the journal, before the next one comes.
    let mut during = 0;
    let making = copy(&desk, "mentre.copia");
    tokio::pin!(making);
    let file = within(async {
        loop {
            tokio::select! {
                biased;
                made = &mut making => break made.unwrap(),
                _ = numbered(desk.store.opening(opening("polaris-br4", utc(2026, 12, 24, 20, 0))))
                    => during += 1,
            }
        }
    })
    .await;
    assert!(during > 0, "no call came while the copy was made");
    let bytes = fs::read(&file).unwrap();
    for secret in ["SQLite", "+393331234567", "lookup", "Segretissima"] {
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{secret}");
    }
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let dir = desk.place.dir.path();
    let left =
        names(dir).into_iter().filter(|name| name.contains(".part") || name.contains(".copia."));
    assert_eq!(left.collect::<Vec<_>>(), Vec::<String>::new());

    let into = dir.join("tornata");
    let back = within(restore(&file, &ours(&desk), &into)).await.unwrap();
    let Restored { made, calls, cases, messages, broken, .. } = back;
    assert_eq!((made.as_str(), messages, broken), ("2026-12-25T04:00:00.000Z", 1, None));
    assert!((1..=during + 1).contains(&calls) && calls == cases, "{calls} {cases} {during}");
    assert_eq!(names(&into), ["lock", "polaris.db", "voicemail/a-1.wav"]);
    assert_eq!(fs::read(into.join("voicemail/a-1.wav")).unwrap(), vec![7; 300_000]);

    // It is a data directory: a service starts on it, and the case reads with its keys.
    let url = format!("sqlite:{}", into.join("polaris.db").display());
    let (store, _) = Store::open(&url, &into).await.unwrap();
    numbered(store.opening(christmas())).await;
    let reader = Reader::open(&url).await.unwrap();
    let verified = reader.verify_audit().await.unwrap().unwrap();
    assert_eq!(verified.rows, 1);
    let history = reader.case_history(&desk.keyring, desk.case).await.unwrap();
    assert!(matches!(history.entries[0].content, Content::Open(_)));
    let no_key = Keyring::new(&into.join("schede.key"));
    let history = reader.case_history(&no_key, desk.case).await.unwrap();
    assert_eq!(history.entries[0].content, Content::NoKey);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_the_journal_is_in_the_copy_and_is_replayed() {
    let desk = Desk::new().await;
    numbered(desk.store.opening(christmas())).await;
    desk.store.close().await;
    let waiting = opening("polaris-br4", utc(2026, 12, 24, 21, 0));
    // As it stands on the disk between a crash and the next start.
    let away = desk.place.dir.path().join("altrove.db");
    fs::rename(desk.place.file(), &away).unwrap();
    let journaling = desk.place.dir.path().join("giornale");
    fs::create_dir(&journaling).unwrap();
    let nowhere = format!("sqlite:{}", desk.place.dir.path().join("no/polaris.db").display());
    fs::write(desk.place.dir.path().join("no"), "no folder").unwrap();
    let (store, _) = Store::open_or_journal(&nowhere, &journaling).await.unwrap();
    assert!(within(store.opening(waiting.clone())).await.unwrap().is_err());
    store.flush().await;
    fs::copy(journaling.join("journal.jsonl"), desk.place.journal()).unwrap();
    fs::rename(&away, desk.place.file()).unwrap();

    let file = copy(&desk, "giornale.copia").await.unwrap();
    let into = desk.place.dir.path().join("tornata");
    let back = restore(&file, &ours(&desk), &into).await.unwrap();
    assert_eq!(back.cases, 2);
    let url = format!("sqlite:{}", into.join("polaris.db").display());
    let (store, _) = Store::open(&url, &into).await.unwrap();
    let cases = store.reader().cases().await.unwrap();
    assert!(cases.len() == 3 && cases.iter().any(|case| case.id == waiting.case));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_overwritten_and_a_folder_in_use_is_left_alone() {
    let desk = Desk::new().await;
    let dir = desk.place.dir.path();
    let file = copy(&desk, "una.copia").await.unwrap();
    let again = copy(&desk, "una.copia").await;
    assert!(matches!(again, Err(BackUpError::There(_))), "{again:?}");

    let before = names(&desk.place.data_dir);
    let refused = restore(&file, &ours(&desk), &desk.place.data_dir).await;
    assert!(matches!(refused, Err(RestoreError::InUse(_))), "{refused:?}");
    assert_eq!(names(&desk.place.data_dir), before);
    let other = dir.join("altra");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("appunti.txt"), "x").unwrap();
    let refused = restore(&file, &ours(&desk), &other).await;
    assert!(matches!(refused, Err(RestoreError::NotEmpty(_))), "{refused:?}");
    assert_eq!(names(&other), ["appunti.txt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_whole_or_opens_with_another_phrase_leaves_no_trace() {
    let desk = Desk::new().await;
    let dir = desk.place.dir.path();
    let file = copy(&desk, "intera.copia").await.unwrap();
    let into = dir.join("tornata");
    let bytes = fs::read(&file).unwrap();
    let cut = dir.join("troncata.copia");
    let mut changed = bytes.clone();
    changed[bytes.len() / 2] ^= 1;
    for damaged in [&bytes[..bytes.len() - 20], &bytes[..bytes.len() / 2], &changed] {
        fs::write(&cut, damaged).unwrap();
        let refused = restore(&cut, &ours(&desk), &into).await;
        let is_said = matches!(refused, Err(RestoreError::Damaged(_) | RestoreError::Locked));
        assert!(is_said, "{refused:?}");
        assert!(!into.exists());
    }
    let other = phrase(dir, "un'altra frase, lunga anche lei");
    let refused = restore(&file, &other, &into).await;
    assert!(matches!(refused, Err(RestoreError::Locked)), "{refused:?}");
    let refused = restore(&desk.place.file(), &ours(&desk), &into).await;
    assert!(matches!(refused, Err(RestoreError::NotACopy(_))), "{refused:?}");
    assert!(!into.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_audit_log_and_a_newer_database_are_told() {
    let desk = Desk::new().await;
    let clerk = Clerk::new(&desk.place.url).unwrap();
    for act in ["uno", "due", "tre"] {
        clerk.note_deed("conte", &Deed::new(act, ""), utc(2026, 12, 24, 20, 0)).await.unwrap();
    }
    let options = SqliteConnectOptions::new().filename(desk.place.file());
    let mut connection = options.connect().await.unwrap();
    for statement in
        ["drop trigger audit_is_not_changed", "update audit set who = 'altri' where sequence = 2"]
    {
        sqlx::query(statement).execute(&mut connection).await.unwrap();
    }
    let file = copy(&desk, "alterata.copia").await.unwrap();
    let back = restore(&file, &ours(&desk), &desk.place.dir.path().join("una")).await.unwrap();
    assert!(back.broken.unwrap().contains("riga 2"));

    let newer = "insert into _sqlx_migrations \
                 (version, description, success, checksum, execution_time) \
                 values (9999, 'dopo', true, x'00', 0)";
    sqlx::query(newer).execute(&mut connection).await.unwrap();
    let file = copy(&desk, "nuova.copia").await.unwrap();
    let refused = restore(&file, &ours(&desk), &desk.place.dir.path().join("due")).await;
    assert!(matches!(refused, Err(RestoreError::Newer { found: 9999, .. })), "{refused:?}");
}
