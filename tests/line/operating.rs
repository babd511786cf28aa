//! What the operator of the machine does while people talk.

use polaris::app::phone::{Do, Told};

use crate::line_support::raw::RawCaller;
use crate::line_support::{CITIZENS, MARK, Place, lane, mark};
use crate::{CALLER, Scene, Service, accept};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sigterm_ends_no_conversation_and_takes_no_new_call() {
    let mut scene = Scene::set().await;
    scene.talk().await;
    scene.service.signal("TERM");
    scene.service.says(&["draining"]).await;
    let net = scene.place.net;
    let mut late = RawCaller::new(net.caller(), net.service(), "+390831777002", CITIZENS).await;
    let offer = late.sdp(true, "sendrecv");
    late.invite(&offer).await;
    late.status(503).await;
    late.ack().await;
    scene.ada.does(Do::Say(mark()));
    scene.caller.hears(MARK).await;
    scene.caller.does(Do::HangUp);
    assert_eq!(scene.service.ended().await, Some(0));
    let call = scene.place.only_call();
    assert_eq!((&call["outcome"], &call["caller"]), (&"accepted".into(), &CALLER.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sighup_takes_a_good_plan_and_refuses_a_bad_one() {
    let mut scene = Scene::set().await;
    scene.call(CITIZENS);
    scene.caller.hears("welcome.polaris").await;
    // Calls in hand keep their plan: this one ends as it began.
    scene.place.edit_plan("play \"welcome.polaris\" \"privacy.short\"", "play \"welcome.lecce\"");
    scene.service.signal("HUP");
    scene.service.says(&["the plans were read anew"]).await;
    scene.caller.presses("2");
    accept(&mut scene.ada).await;
    scene.service.step("bridged").await;
    scene.caller.does(Do::HangUp);
    scene.service.step("ended").await;
    scene.call(CITIZENS);
    scene.caller.hears("welcome.lecce").await;
    scene.caller.does(Do::HangUp);

    scene.place.edit_plan("play \"welcome.lecce\"", "plai \"welcome.polaris\"");
    scene.service.signal("HUP");
    scene.service.says(&["ERROR", "the old plans stay"]).await;
    scene.service.says(&["plai"]).await;
    scene.caller.told(Told::HungUp).await;
    scene.call(CITIZENS);
    scene.caller.hears("welcome.lecce").await;
    scene.caller.does(Do::HangUp);
    scene.service.stop().await;
    assert_eq!(scene.place.calls().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_roster_imported_meanwhile_counts_for_the_next_call() {
    let mut scene = Scene::set().await;
    scene
        .place
        .write("nuovi.csv", &scene.place.read("turni.csv").replace("Ada Greco", "Carla Nuovi"));
    let imported = scene.place.run(&["roster", "import", "nuovi.csv"]);
    assert!(imported.status.success());
    scene.service.says(&["the roster was read anew"]).await;
    scene.talk().await;
    let place = scene.hang_up().await;
    assert_eq!(place.only_call()["accepted_by"], "Carla Nuovi");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sigterm_in_the_same_instant_it_answers_stops_it_in_order() {
    for _ in 0..5 {
        Scene::set().await.service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_connection_that_writes_is_in_wal_and_waits_for_the_disk() {
    let place = Place::new(lane(), &[]);
    let service = Service::start(&place).await;
    // Read back by the writer on its own connection: both pragmas hold for one alone.
    service.says(&["store.journal_mode=\"wal\" store.synchronous=2"]).await;
    assert!(!service.said(&["ERROR", "store.synchronous"]), "{}", service.log());
    service.stop().await;
}
