//! The database does not answer: the call is answered all the same.

use std::path::Path;
use std::time::Duration;

use polaris::app::phone::{Do, Told};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

use crate::line_support::raw::RawCaller;
use crate::line_support::service::Service;
use crate::line_support::{ADA, CITIZENS, MARK, Place, kinds, lane, mark, seconds};
use crate::{Scene, accept};

async fn lock(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(5));
    let mut connection = options.connect().await.unwrap();
    sqlx::query("begin exclusive").execute(&mut connection).await.unwrap();
    connection
}

async fn unlock(mut connection: SqliteConnection) {
    sqlx::query("rollback").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_locked_database_delays_the_answer_by_half_a_second_and_loses_nothing() {
    let mut scene = Scene::set().await;
    let locked = lock(&scene.place.path("data/polaris.db")).await;
    let began = seconds();
    scene.call(CITIZENS);
    scene.caller.told(Told::Answered).await;
    let waited = seconds() - began;
    assert!(waited < 0.8, "answered after {waited} s");
    scene.service.says(&["ERROR", "journal"]).await;
    scene.caller.presses("2");
    accept(&mut scene.ada).await;
    scene.service.step("bridged").await;
    unlock(locked).await;
    // Once at the start, and again now: the case has its number while the two talk.
    scene.service.says_times(2, &["the store has caught up"]).await;
    assert!(scene.place.only_call()["case"].is_string());
    scene.ada.does(Do::Say(mark()));
    scene.caller.hears(MARK).await;
    let place = scene.hang_up().await;
    let (call, case) = (place.only_call(), place.only_case());
    assert_eq!(call["outcome"], "accepted");
    assert!(call["case"].is_string() && call["case"] == case["case"], "{call:#}");
    let story = kinds(&case);
    for kind in ["arrived", "store_failed", "call_answered", "accepted", "bridged", "ended"] {
        assert_eq!(story.iter().filter(|k| **k == kind).count(), 1, "{kind} in {story:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_service_that_stops_empties_its_journal_first() {
    let mut scene = Scene::set().await;
    let locked = lock(&scene.place.path("data/polaris.db")).await;
    scene.call(CITIZENS);
    scene.caller.told(Told::Answered).await;
    scene.service.says(&["ERROR", "journal"]).await;
    unlock(locked).await;
    // It is told to stop before it looks at the database again.
    let place = scene.hang_up().await;
    assert_eq!(place.only_call()["outcome"], "abandoned");
    assert_eq!(place.only_case()["case"], place.only_call()["case"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_kill_while_the_database_is_locked_loses_nothing_either() {
    let mut scene = Scene::set().await;
    let locked = lock(&scene.place.path("data/polaris.db")).await;
    scene.call(CITIZENS);
    scene.caller.told(Told::Answered).await;
    scene.service.kill().await;
    unlock(locked).await;
    let service = Service::start(&scene.place).await;
    service.says(&["ERROR", "cut by a crash"]).await;
    service.stop().await;
    let case = scene.place.only_case();
    assert_eq!(scene.place.only_call()["outcome"], "interrupted");
    assert_eq!(case["callback_owed"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_unknown_number_gets_404_and_a_repeated_invite_one_case() {
    let scene = Scene::set().await;
    let net = scene.place.net;
    let number = "+390831777003";
    let mut raw = RawCaller::new(net.caller(), net.service(), number, "+390831999999").await;
    let offer = raw.sdp(true, "sendrecv");
    raw.invite(&offer).await;
    raw.status(404).await;
    raw.ack().await;
    let mut raw = RawCaller::new(net.caller(), net.service(), number, CITIZENS).await;
    let offer = raw.sdp(true, "sendrecv");
    for _ in 0..3 {
        raw.invite_again(&offer).await;
    }
    raw.status(200).await;
    raw.ack().await;
    raw.bye().await;
    scene.service.step("ended").await;
    scene.service.stop().await;
    assert_eq!(scene.place.only_call()["outcome"], "abandoned");
    assert_eq!(scene.place.cases().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_damaged_database_does_not_keep_the_responder_from_being_rung() {
    let place = Place::new(lane(), &[("Ada Greco", ADA)]);
    let before = Service::start(&place).await;
    before.says(&["the roster was read"]).await;
    before.stop().await;
    for file in ["polaris.db", "polaris.db-wal", "polaris.db-shm"] {
        std::fs::write(place.path("data").join(file), "tutta un'altra cosa").unwrap();
    }
    let mut scene = Scene::set_on(place).await;
    scene.service.says(&["ERROR", "the last one that could be is used"]).await;
    scene.call(CITIZENS);
    scene.caller.told(Told::Answered).await;
    scene.caller.presses("2");
    accept(&mut scene.ada).await;
    scene.service.step("bridged").await;
    let place = scene.hang_up().await;
    let check = place.run(&["check"]);
    let said = String::from_utf8_lossy(&check.stdout).into_owned();
    assert_eq!(check.status.code(), Some(1), "{said}");
    assert!(said.contains("il servizio usa la copia del"), "{said}");
    // A copy that was tampered with is not believed.
    let kept = place.read("data/roster.json");
    place.write("data/roster.json", &kept.replace("Ada Greco", "Eva Greco"));
    let check = place.run(&["check"]);
    let said = String::from_utf8_lossy(&check.stdout).into_owned();
    assert!(said.contains("roster.json è rovinata"), "{said}");
}
